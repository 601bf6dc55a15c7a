"""``connector calendars doctor``: each finding has an effect and a fix; no subscription is touched."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from aiohttp import web

from connector.calendars import doctor
from connector.calendars.base import Finding, NoKeep, NoWebhooks
from connector.calendars.doctor import Patient, Seen, clock_finding, content, examine_source, stored
from connector.calendars.webhooks import Listener
from connector.errors import AccessDenied, CredentialsRejected, RateLimited, SourceUnavailable
from connector.model import Event, Snapshot, Unreadable, Window
from tests.calendars.core.certificates import authority, issue
from tests.calendars.core.fake_source import FakeSource, Provider, event
from tests.calendars.core.house import Folder, until

NOW = datetime.now(UTC).replace(microsecond=0)
OFFICE = '[calendars.office]\ntype = "fake"\n'
WHOLE = Window(NOW - timedelta(hours=12), NOW + timedelta(hours=48))


def meetings(count: int, text: str = "", **values: object) -> tuple[Event, ...]:
    start = NOW + timedelta(hours=1)
    return tuple(event(f"m{n}", start, start + timedelta(hours=1), text, **values) for n in range(count))


def checks(events: tuple[Event, ...], *unreadable: Unreadable) -> list[str]:
    findings = list(content("room@example.org", Snapshot(events, unreadable)))
    assert all(f.effect and f.fix for f in findings if f.level != "ok")
    return [finding.check for finding in findings]


# ------------------------------------------------------------------------------------ what holds for every source


def test_what_is_missing_everywhere_was_taken_away() -> None:
    assert checks(meetings(3, "text")) == ["read"]
    assert checks(meetings(3)) == ["read", "body_stripped"]
    assert checks(meetings(2)) == ["read"]  # too few to tell
    assert checks((*meetings(3), *meetings(1, "text"))) == ["read"]
    assert checks(tuple(replace(e, cancelled=True) for e in meetings(5))) == ["read"]
    assert checks(tuple(replace(e, title=" ") for e in meetings(3, "text"))) == ["read", "title_stripped"]
    assert checks(tuple(replace(e, declined=True) for e in meetings(2, "text"))) == ["read", "declined"]
    assert checks((), Unreadable("a", "a.ics has no end.")) == ["read", "unreadable"]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (None, []),
        (Seen(NOW), []),
        (Seen(NOW - timedelta(minutes=2)), []),
        (Seen(None), [("last_read", "warning")]),
        (Seen(NOW - timedelta(minutes=10)), [("last_read", "problem")]),
        (Seen(NOW, "it was refused."), [("last_read", "problem")]),
        (Seen(NOW + timedelta(minutes=2)), [("clock", "problem")]),
    ],
)
def test_the_daemons_own_record(seen: Seen | None, expected: list[tuple[str, str]]) -> None:
    found = stored(Patient("c", "c", UTC, seen), NOW, timedelta(minutes=3))
    assert [(finding.check, finding.level) for finding in found] == expected


def test_the_kernels_word_on_the_clock() -> None:
    assert clock_finding(-1) is None
    unsynchronised, kept = clock_finding(5), clock_finding(0)
    assert unsynchronised is not None and unsynchronised.level == "warning"
    assert kept is not None and kept.level == "ok"


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (CredentialsRejected("refused."), "connector calendars sync"),
        (AccessDenied("forbidden."), "Let the connector's account read this calendar"),
        (RateLimited("too fast.", retry_after=timedelta(seconds=90)), "Wait 90 s"),
        (SourceUnavailable("down."), "this machine reaches it"),
    ],
)
async def test_each_kind_of_failure_has_a_fix(error: Exception, fix: str) -> None:
    provider = Provider(errors={"c": error})  # type: ignore[dict-item]
    (finding,) = await _examine(provider)
    assert (finding.check, finding.level, finding.what) == ("read", "problem", str(error))
    assert fix in finding.fix


async def test_a_finding_of_the_source_is_not_said_twice() -> None:
    own = Finding("c", "body_stripped", "problem", "DeleteComments is on.", "No button.", "Set-CalendarProcessing")
    provider = Provider(
        events={"c": meetings(3)}, findings={"c": (own,), None: (Finding("", "secret", "ok", "Well."),)}
    )
    found = await _examine(provider)
    assert [finding.check for finding in found] == ["secret", "body_stripped", "read"]
    assert found[1] is own


async def test_a_source_whose_examination_breaks_is_a_finding() -> None:
    class Broken(FakeSource):
        async def examine(self, calendar: str | None, now: datetime) -> tuple[Finding, ...]:
            raise ValueError("hunter2")

    provider = Provider(events={"c": meetings(1, "x")})
    found = await _examine(provider, Broken)
    assert [(f.check, f.level) for f in found] == [("examine", "problem"), ("examine", "problem"), ("read", "ok")]
    assert "hunter2" not in str(found)


async def _examine(provider: Provider, kind: type[FakeSource] = FakeSource) -> tuple[Finding, ...]:
    from connector.calendars.base import SourceContext

    context = SourceContext("office", lambda _: "", Path(), NoKeep(), NoWebhooks(), lambda *_, **__: None)
    async with kind(provider, context) as source:
        return await examine_source(
            source, [Patient("c", "c", UTC, None)], WHOLE, NOW, stale_after=timedelta(minutes=3)
        )


# ------------------------------------------------------------------------------------ the listener


@pytest.fixture
async def elsewhere() -> AsyncIterator[str]:
    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(text="a proxy's own page")

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_the_public_address_is_called_as_a_service_would(tmp_path: Path, elsewhere: str) -> None:
    ours, files = authority(), (tmp_path / "cert.pem", tmp_path / "key.pem")
    issue(ours, *files)
    listener = Listener(
        "https://x.example.org", "127.0.0.1:0", lambda *_, **__: None, cert_file=files[0], key_file=files[1]
    )
    async with listener, httpx2.AsyncClient(verify=ours.client_context()) as trusting, httpx2.AsyncClient() as world:
        url = f"https://127.0.0.1:{listener.port}"
        assert (await doctor.listener(url, trusting)).level == "ok"
        untrusted = await doctor.listener(url, world)
        assert untrusted.level == "problem" and "certificate of a public authority" in untrusted.fix
        wrong = await doctor.listener(elsewhere, world)
        assert "leads to something else (answer 200)" in wrong.what
        closed = await doctor.listener("https://127.0.0.1:1", world)
        assert closed.level == "problem" and "after the next poll" in closed.effect


# ------------------------------------------------------------------------------------ the command


def settled(folder: Folder) -> None:
    folder.toml(OFFICE)
    folder.rooms(one="office:one@example.org", two="office:two@example.org")
    folder.provider.events = {name: meetings(1, "x") for name in ("one@example.org", "two@example.org")}


async def test_all_is_well(folder: Folder) -> None:
    settled(folder)
    async with folder.daemon():
        await until(lambda: len(folder.named("room.planned")) == 2, "both are read")
    subscriptions = _kept(folder)
    folder.provider.contexts.clear()
    folder.provider.watched.clear()
    answer = await folder.run_beside("calendars", "doctor", "--json")
    assert answer.exit_code == 0, answer.output
    found = {(f["source"], f["calendar"], f["check"], f["level"]) for f in json.loads(answer.stdout)}
    assert {("office", f"office:{name}@example.org", "read", "ok") for name in ("one", "two")} <= found
    (context,) = folder.provider.contexts
    assert context.webhooks.url("office") is None and folder.provider.watched == []
    assert folder.provider.disposed == [] and _kept(folder) == subscriptions


@pytest.mark.parametrize(("broken", "status"), [(("two@example.org",), 3), (("one@example.org", "two@example.org"), 1)])
def test_some_and_all_broken(folder: Folder, broken: tuple[str, ...], status: int) -> None:
    settled(folder)
    folder.provider.errors = {name: AccessDenied("The mailbox is not shared with us.") for name in broken}
    answer = folder.run("calendars", "doctor")
    assert answer.exit_code == status
    assert "problem  read: two (office:two@example.org): The mailbox is not shared with us." in answer.stdout
    assert "effect: The room keeps what it showed" in answer.stdout and "fix:    Let the connector's" in answer.stdout


def test_one_room_and_a_source_that_cannot_be_opened(folder: Folder) -> None:
    settled(folder)
    answer = folder.run("calendars", "doctor", "two")
    assert answer.exit_code == 0
    assert folder.provider.reads == ["two@example.org"]
    folder.toml('[calendars.office]\ntype = "fake"\npassword = "env:NOT_SET_ANYWHERE"\n')
    answer = folder.run("calendars", "doctor", "two")
    assert answer.exit_code == 1
    assert "problem  open: env:NOT_SET_ANYWHERE: the environment variable" in answer.stdout


def _kept(folder: Folder) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder.database) as conn:
        found = conn.execute("select source, key, value_sealed from keep order by 1, 2").fetchall()
    conn.close()
    return found
