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
from connector.calendars.base import Finding, MemoryState, NoWebhooks, SourceContext
from connector.calendars.doctor import Patient, Seen, clock_finding, content, examine_source, stored
from connector.calendars.ics import IcsSource
from connector.errors import AccessDenied, CredentialsRejected, RateLimited, SourceUnavailable
from connector.model import Event, Snapshot, SourceText, Unreadable, Window
from connector.serving.webhooks import Listener
from tests.calendars.core.fake_source import FakeSource, Provider, event
from tests.calendars.core.harness import Folder
from tests.support.certificates import authority, issue
from tests.support.patience import until

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


def test_a_link_in_the_location_is_no_lost_meeting() -> None:
    """A button is there, so nobody is told that none is; the few that lost theirs are counted."""
    place = SourceText("location", "text", "https://us02web.zoom.us/j/90000000001")
    with_link = tuple(replace(e, texts=(place,)) for e in meetings(3))
    assert checks(with_link) == ["read"]
    mixed = list(content("c", Snapshot((*with_link, *meetings(2)))))
    assert mixed[1].check == "body_stripped" and "2 of them have no Join button" in mixed[1].effect


def test_a_source_that_looks_itself_at_what_is_missing_is_not_second_guessed() -> None:
    bare = tuple(replace(e, title="") for e in meetings(3))
    assert [f.check for f in content("c", Snapshot(bare), judged=True)] == ["read"]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (None, []),
        (Seen(NOW), []),
        (Seen(NOW - timedelta(minutes=2)), []),
        (Seen(None), [("last_read", "warning")]),
        (Seen(NOW - timedelta(minutes=10)), [("last_read", "problem")]),
        (Seen(NOW, "it was refused.\nGrant-It -Now"), [("last_read", "warning")]),
        (Seen(NOW + timedelta(minutes=2)), [("clock", "problem")]),
    ],
)
def test_the_daemons_own_record(seen: Seen | None, expected: list[tuple[str, str]]) -> None:
    found = list(stored(Patient("c", "c", UTC, seen), NOW, timedelta(minutes=3), readable=True))
    assert [(finding.check, finding.level) for finding in found] == expected
    assert all(f.effect and f.fix and "Grant-It" not in f.what for f in found)


def test_what_the_daemon_cannot_read_either_is_told_once() -> None:
    seen = Seen(NOW, "it was refused.")
    assert list(stored(Patient("c", "c", UTC, seen), NOW, timedelta(minutes=3), readable=False)) == []


def test_the_kernels_word_on_the_clock() -> None:
    assert clock_finding(-1) is None
    unsynchronised, kept = clock_finding(5), clock_finding(0)
    assert unsynchronised is not None and unsynchronised.level == "warning"
    assert kept is not None and kept.level == "ok"


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (AccessDenied("forbidden."), "Let the connector's account read this calendar"),
        (RateLimited("too fast.", retry_after=timedelta(seconds=90)), "Wait 90 s"),
        (SourceUnavailable("x.ics does not exist: check the column."), "unless the sentence names another cause"),
    ],
)
async def test_each_kind_of_failure_has_a_fix(error: Exception, fix: str) -> None:
    provider = Provider(errors={"c": error})  # type: ignore[dict-item]
    (finding,) = await _examine(provider)
    assert (finding.check, finding.level, finding.what) == ("read", "problem", str(error))
    assert fix in finding.fix


async def test_refused_credentials_are_told_of_the_source_and_once() -> None:
    """A source that says nothing of itself: the reading of the first calendar says it for all."""
    provider = Provider(errors={name: CredentialsRejected("The password was refused.") for name in "cde"})
    source, *rooms = await _examine(provider, calendars="cde")
    assert (source.calendar, source.check, source.what) == ("", "credentials", "The password was refused.")
    assert "connector calendars sync" in source.fix
    assert [(f.calendar, f.check, f.level) for f in rooms] == [(name, "read", "problem") for name in "cde"]
    assert not any("password" in f.what for f in rooms)


@pytest.mark.parametrize("check", ["credentials", "delegation"])
async def test_no_calendar_is_asked_with_a_refused_account(check: str) -> None:
    """Each more try could lock it."""
    refused = Finding("", check, "problem", "The password was refused.", "Nothing is read.", "Set another one.")
    provider = Provider(events={"c": meetings(1, "x")}, findings={None: (refused,)})
    found = await _examine(provider, calendars="cd")
    assert [(f.calendar, f.check, f.level) for f in found] == [
        ("", check, "problem"), ("c", "read", "problem"), ("d", "read", "problem"),
    ]  # fmt: skip
    assert provider.reads == []


async def test_a_refusal_that_the_source_explains_is_told_once() -> None:
    own = Finding("c", "access", "problem", "The app may not read it (403).", "The room keeps it.", "Grant-It -Room c")
    provider = Provider(
        events={"d": meetings(1, "x")}, errors={"c": AccessDenied("403.\nGrant-It")}, findings={"c": (own,)}
    )
    found = await _examine(provider, calendars="cd")
    assert [(f.calendar, f.check, f.level) for f in found] == [("c", "access", "problem"), ("d", "read", "ok")]
    assert found[0].fix == "Grant-It -Room c"


async def test_an_outage_is_told_of_the_source_alone() -> None:
    down = Finding("", "reachable", "problem", "The service answers 500.", "No change arrives.", "Allow https.")
    here = replace(down, calendar="c", check="access")
    provider = Provider(
        errors={"c": SourceUnavailable("The service answers 500.")}, findings={None: (down,), "c": (here,)}
    )
    found = await _examine(provider)
    assert [(f.calendar, f.check) for f in found] == [("", "reachable"), ("c", "read")]
    cureless = replace(down, fix="")
    (said, _) = await _examine(Provider(errors=provider.errors, findings={None: (cureless,)}))
    assert "this machine reaches it" in said.fix
    assert "500" not in found[1].what


async def test_each_problem_that_a_source_finds_has_a_fix() -> None:
    own = Finding("c", "reachable", "problem", "The server is busy.", "The room keeps it.")
    busy = RateLimited("busy.", retry_after=timedelta(seconds=90))
    (finding,) = await _examine(Provider(errors={"c": busy}, findings={"c": (own,)}))
    assert "Wait 90 s" in finding.fix


async def test_a_finding_of_the_source_is_not_said_twice() -> None:
    own = Finding("c", "body_stripped", "problem", "DeleteComments is on.", "No button.", "Set-CalendarProcessing")
    provider = Provider(
        events={"c": meetings(3)}, findings={"c": (own,), None: (Finding("", "secret", "ok", "Well."),)}
    )
    found = await _examine(provider)
    assert [finding.check for finding in found] == ["secret", "body_stripped", "read"]
    assert found[1] == own


async def test_a_source_whose_examination_breaks_is_a_finding() -> None:
    class Broken(FakeSource):
        async def examine(self, calendar: str | None, now: datetime) -> tuple[Finding, ...]:
            raise ValueError("hunter2")

    provider = Provider(events={"c": meetings(1, "x")})
    found = await _examine(provider, Broken)
    assert [(f.check, f.level) for f in found] == [("examine", "problem"), ("read", "ok")]
    assert "hunter2" not in str(found)


async def _examine(
    provider: Provider, kind: type[FakeSource] = FakeSource, calendars: str = "c"
) -> tuple[Finding, ...]:
    """``calendars``: a letter each."""
    context = SourceContext("office", lambda _: "", Path(), MemoryState(), NoWebhooks(), lambda _: None)
    patients = [Patient(name, name, UTC, None) for name in calendars]
    async with kind(provider, context) as source:
        return await examine_source(source, patients, WHOLE, NOW, stale_after=timedelta(minutes=3))


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
    ours = authority()
    files = issue("127.0.0.1", by=ours).write(tmp_path)
    listener = Listener("https://x.example.org", "127.0.0.1:0", lambda _: None, cert_file=files[0], key_file=files[1])
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


def test_one_broken_room_in_words(folder: Folder) -> None:
    settled(folder)
    folder.provider.errors = {"two@example.org": AccessDenied("The mailbox is not shared with us.")}
    answer = folder.run("calendars", "doctor")
    assert answer.exit_code == 3
    assert "problem  read: two (office:two@example.org): The mailbox is not shared with us." in answer.stdout
    assert "effect: The room keeps what it showed" in answer.stdout and "fix:    Let the connector's" in answer.stdout
    assert "  ok       1 room: one\n" in answer.stdout


def test_all_broken_alike_is_one_trouble(folder: Folder) -> None:
    """The names of the calendars and numbers may differ; each line that mends one of them is there."""
    settled(folder)
    for name, count in (("one", 4), ("two", 5)):
        address = f"{name}@example.org"
        folder.provider.findings[address] = (
            Finding(
                address, "access", "problem", f"No right on {address}: {count}.", "It stays.", f"Load\nGrant {name}"
            ),
        )
        folder.provider.errors[address] = AccessDenied("no right")
    answer = folder.run("calendars", "doctor")
    assert answer.exit_code == 1
    assert answer.stdout.count("problem  ") == 1
    assert (
        "problem  access: one, two: No right on one@example.org: 4. (So for one; the others alike.)\n"
        "           effect: It stays.\n"
        "           fix:    Load\n"
        "                   Grant one\n"
        "                   Grant two\n"
    ) in answer.stdout


def test_four_hundred_rooms_do_not_flood_the_screen(folder: Folder) -> None:
    folder.toml(OFFICE)
    folder.rooms(**{f"r{number}": f"office:r{number}@example.org" for number in range(400)})
    folder.provider.errors = {
        f"r{number}@example.org": AccessDenied(f"No right on r{number}@example.org.") for number in range(399)
    }
    answer = folder.run("calendars", "doctor")
    assert answer.exit_code == 3
    assert "and 387 more: No right on" in answer.stdout and "1 room: r399" in answer.stdout
    assert len(answer.stdout.splitlines()) < 20
    records = json.loads(folder.run("calendars", "doctor", "--json").stdout)
    assert len([r for r in records if r["check"] == "read" and r["level"] == "problem"]) == 399
    assert {"rooms", "source", "effect", "fix"} <= records[0].keys()


def test_the_worst_comes_first(folder: Folder) -> None:
    settled(folder)
    folder.toml(OFFICE + '[calendars.second]\ntype = "other"\n')
    odd = (
        Finding("", "first", "ok", "Fine."),
        Finding("", "second", "warning", "Hm.", "Little.", "Look."),
        Finding("", "third", "problem", "Bad.", "Much.", "Act."),
    )
    folder.provider.findings[None] = odd
    text = folder.run("calendars", "doctor", "--json").stdout
    levels = [r["level"] for r in json.loads(text) if r["source"] == "office"]
    assert levels == sorted(levels, key=("problem", "warning", "ok").index)
    words = folder.run("calendars", "doctor", "office").stdout
    assert words.index("third: Bad.") < words.index("second: Hm.") < words.index("first: Fine.")
    assert "  ok       2 rooms: one, two\n" in words
    alone = folder.run("calendars", "doctor", "one").stdout  # of one room, all that was looked at
    assert "  ok       read: one (office:one@example.org): Read whole" in alone
    assert "second\n" not in words and words.splitlines()[-1].startswith("problems: 1, warnings:")
    assert folder.run("calendars", "doctor", "second").exit_code == 3  # without a room, and looked at all the same


def test_a_machine_without_a_public_address_says_that_it_polls(folder: Folder) -> None:
    settled(folder)
    records = json.loads(folder.run("calendars", "doctor", "--json").stdout)
    (webhooks,) = (r for r in records if r["check"] == "webhooks")
    assert webhooks["level"] == "ok" and "polled every" in webhooks["what"]


def test_one_room_and_a_source_that_cannot_be_opened(folder: Folder) -> None:
    settled(folder)
    answer = folder.run("calendars", "doctor", "two")
    assert answer.exit_code == 0
    assert folder.provider.reads == ["two@example.org"]
    folder.toml('[calendars.office]\ntype = "fake"\npassword = "env:NOT_SET_ANYWHERE"\n')
    answer = folder.run("calendars", "doctor", "two")
    assert answer.exit_code == 1
    assert "problem  open: env:NOT_SET_ANYWHERE: the environment variable" in answer.stdout
    assert "problem  read: two (office:two@example.org): Not read: the source as a whole" in answer.stdout


# ------------------------------------------------------------------------------------ B12


@pytest.mark.parametrize(
    ("reason", "fix"),
    [
        ("The event a has a DTSTART in the time zone 'X', which is unknown and not defined in the file.", "VTIMEZONE"),
        ("The event a has a RRULE that cannot be read: it has BYDAY=99MO.", "Make the series anew"),
        ("The event a is not followed: it repeats secondly, more often than any meeting.", "Make the series anew"),
        ("The file a.ics ends before its END:VCALENDAR: it is cut off.", "Export the file again"),
        ("The event a ends before it starts.", "start and end"),
        ("The event a has a DTSTART that cannot be read.", "Correct in a calendar program"),
    ],
)
def test_b12_a_fix_that_fits_the_reason(reason: str, fix: str) -> None:
    finding = list(content("c", Snapshot((), (Unreadable("a", reason),))))[1]
    assert fix in finding.fix and reason in finding.what
    assert "could be read before" in finding.effect  # nothing is said of what was never read
    assert ("save" in finding.fix) == fix.startswith("Correct in")


def test_b12_several_reasons_are_told() -> None:
    items = tuple(Unreadable(f"e{n}", f"The event e{n} ends before it starts.") for n in range(5))
    finding = list(content("c", Snapshot((), items)))[1]
    assert "5 items" in finding.what and "e2 ends" in finding.what and "And 2 more." in finding.what
    assert finding.fix == "Correct the meeting's start and end."


async def test_b12_a_calendar_that_was_never_read_keeps_nothing() -> None:
    provider = Provider(errors={"c": SourceUnavailable("It is down.")})
    for seen, word in ((Seen(None), "or nothing"), (Seen(NOW), "last good reading"), (None, "last good reading")):
        context = SourceContext("office", lambda _: "", Path(), MemoryState(), NoWebhooks(), lambda _: None)
        async with FakeSource(provider, context) as source:
            found = await examine_source(
                source, [Patient("c", "c", UTC, seen)], WHOLE, NOW, stale_after=timedelta(minutes=3)
            )
        assert word in found[0].effect


async def test_b12_a_missing_file_is_no_service_that_is_down(tmp_path: Path) -> None:
    async with IcsSource(tmp_path) as source:
        (finding,) = await examine_source(
            source, [Patient("nosuch.ics", "nosuch.ics", UTC, None)], WHOLE, NOW, stale_after=timedelta(minutes=3)
        )
    assert "does not exist" in finding.what and "Put the file there" in finding.fix and "service" not in finding.fix


def test_b12_every_room_of_a_calendar_is_named_once(folder: Folder) -> None:
    folder.toml(OFFICE)
    folder.rooms(one="office:one@example.org", two="office:one@example.org")
    head, one, two = (folder.path / "rooms.csv").read_text().splitlines()
    rows = [f"{head},timezone", f"{one},Europe/Berlin", f"{two},America/New_York"]
    (folder.path / "rooms.csv").write_text("\n".join(rows))
    folder.provider.errors["one@example.org"] = AccessDenied("No right.")
    records = json.loads(folder.run("calendars", "doctor", "office", "--json").stdout)
    (found,) = (r for r in records if r["check"] == "read")
    assert sorted(found["rooms"]) == ["one", "two"]


def test_b12_a_name_that_is_neither_room_nor_source(folder: Folder) -> None:
    settled(folder)
    answer = folder.run("calendars", "doctor", "nosuch")
    assert "nosuch" in str(answer.exception) and "The calendar sources are: office" in str(answer.exception)


def _kept(folder: Folder) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder.database) as conn:
        found = conn.execute("select source, key, value_sealed from source_state order by 1, 2").fetchall()
    conn.close()
    return found
