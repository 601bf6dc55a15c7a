"""The doctor's findings, the list of rooms, and the options."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.calendars.base import (
    Directory,
    Examinable,
    Finding,
    MemoryState,
    NoWebhooks,
    Place,
    Removable,
    SourceContext,
)
from connector.calendars.google import plug
from connector.calendars.google.key import EVENTS_SCOPE, ROOMS_SCOPE
from connector.calendars.google.source import GoogleSource, Settings
from connector.errors import AccessDenied, CredentialsRejected, UserError
from connector.standins.google import EMAIL, GoogleStandIn, Trouble
from tests.calendars.google.harness import ADMIN, ROOM, house, make_source
from tests.calendars.ics_text import vevent, window
from tests.calendars.receiver import Journal, Receiver
from tests.support.patience import until

NOW = datetime.now(UTC)


def at(hours: float) -> str:
    return (NOW + timedelta(hours=hours)).strftime("%Y%m%dT%H%M%SZ")


async def whole(source: GoogleSource, now: datetime | None = None) -> dict[str, Finding]:
    return {f.check: checked(f) for f in await source.examine(None, now or datetime.now(UTC))}


async def of_room(source: GoogleSource) -> dict[str, Finding]:
    return {f.check: checked(f) for f in await source.examine(ROOM, NOW)}


def checked(finding: Finding) -> Finding:
    """A problem says what the room does, and how to mend it."""
    assert finding.what.endswith(".")
    assert finding.level == "ok" or finding.effect.endswith(".")
    return finding


# ------------------------------------------------------------------------------------ the whole source


async def test_all_is_well() -> None:
    async with house(push=True) as home:
        found = await whole(home.source)
        assert {name: finding.level for name, finding in found.items()} == {
            "credentials": "ok",
            "clock": "ok",
            "key_age": "ok",
            "quota": "ok",
        }


async def test_delegation_is_missing() -> None:
    async with GoogleStandIn() as google:
        google.add_user(ADMIN)
        async with make_source(google, Journal(), settings=Settings(subject=ADMIN)) as source:
            found = (await whole(source))["delegation"]
            assert found.level == "problem"
            assert f"client ID {google.account.client_id}, scopes {EVENTS_SCOPE}" in found.fix


@pytest.mark.parametrize(
    ("born", "ends", "level", "word"),
    [
        (30, 400, "ok", "was made on"),
        (500, 400, "warning", "over a year"),
        (30, 10, "warning", "ends on"),
        (30, -1, "problem", "ended on"),
    ],
)
async def test_the_age_of_the_key(born: int, ends: int, level: str, word: str) -> None:
    days = timedelta(days=1)
    google = GoogleStandIn(key_born=NOW - born * days, key_ends=NOW + ends * days)
    async with google:
        source = make_source(google, Journal())
        async with source:
            found = (await whole(source))["key_age"]
            assert (found.level, word in found.what) == (level, True)


async def test_a_deleted_key() -> None:
    async with house() as home:
        home.google.account.alive = False
        found = await whole(home.source)
        assert found["credentials"].level == "problem" and EMAIL in found["credentials"].fix
        assert "key_age" not in found  # the login tells it, with the same step


async def test_the_clock() -> None:
    async with house() as home:
        home.google.clock_off = timedelta(minutes=4)
        found = (await whole(home.source))["clock"]
        assert found.level == "problem"
        assert "behind" in found.what


async def test_google_is_not_reached() -> None:
    async with house() as home:
        home.google.troubles.append(Trouble("list", status=500, reason="backendError"))
        assert (await whole(home.source))["reachable"].level == "problem"


async def test_the_api_is_not_enabled() -> None:
    """That is no question of sharing: the doctor says it for the whole source, and sends nobody to the wrong page."""
    async with house() as home:
        home.google.troubles.append(Trouble("list", status=403, reason="accessNotConfigured"))
        whole_source, room = (await whole(home.source))["permission"], (await of_room(home.source))["access"]
        for found in (whole_source, room):
            assert found.level == "problem"
            assert "not enabled" in found.what
            assert found.fix.endswith("Library > Google Calendar API > Enable.")
            assert found.fix not in found.what


async def test_the_user_is_none() -> None:
    async with GoogleStandIn() as google:
        google.delegate(EVENTS_SCOPE)
        async with make_source(google, Journal(), settings=Settings(subject=ADMIN)) as source:
            found = (await whole(source))["credentials"]
            assert f"no user {ADMIN}" in found.what
            assert "connector.toml" in found.fix


async def test_what_the_quota_allows_is_told_without_a_running_daemon() -> None:
    async with house() as home:
        assert "up to 625 rooms" in (await whole(home.source))["quota"].what


@pytest.mark.parametrize(("days", "told"), [(31, []), (29, [29]), (2.5, [2]), (-1, [0])])
async def test_the_daemon_tells_that_its_key_ends(days: float, told: list[int]) -> None:
    google = GoogleStandIn(key_ends=datetime.now(UTC) + timedelta(days=days, hours=1))
    async with google:
        journal = Journal()
        async with make_source(google, journal):
            await until(lambda: google.certificates_asked == 1, "the key's dates are looked up")
            await until(lambda: len(journal.notes) >= len(told), "all is told")
        assert [fields["days"] for name, fields in journal.notes if name == "calendar.credential_expires"] == told
        assert all("Keys > Add key" in str(fields["reason"]) for _, fields in journal.notes)


# ------------------------------------------------------------------------------------ one calendar


@pytest.mark.parametrize(
    ("role", "check", "level"),
    [
        ("none", "access", "problem"),
        ("freeBusyReader", "details_hidden", "problem"),
        ("reader", "private_hidden", "warning"),
        ("writerWithoutPrivateAccess", "private_hidden", "warning"),
        ("writer", "access", "ok"),
        ("owner", "access", "ok"),
    ],
)
async def test_how_a_calendar_is_shared(role: str, check: str, level: str) -> None:
    async with house() as home:
        home.google.put(ROOM, "a", vevent("a", at(1), at(2), "CLASS:PRIVATE"))
        home.google.share(ROOM, EMAIL, role)
        found = (await of_room(home.source))[check]
        assert found.level == level
        assert found.calendar == ROOM
        assert (f"Add {EMAIL}" in found.fix) is (level != "ok")


async def test_what_is_well_needs_no_fix() -> None:
    async with house() as home:
        home.google.share(ROOM, EMAIL, "reader")
        found = (await of_room(home.source))["private_hidden"]
        assert (found.level, found.effect, found.fix) == ("ok", "", "")


async def test_declined_and_not_accepted() -> None:
    async with house() as home:
        for uid, answer in (("a", "DECLINED"), ("b", "NEEDS-ACTION"), ("c", "TENTATIVE"), ("d", "ACCEPTED")):
            home.google.put(ROOM, uid, vevent(uid, at(1), at(2), f"ATTENDEE;PARTSTAT={answer}:mailto:{ROOM}"))
        found = await of_room(home.source)
        assert "declined 1 " in found["declined"].what
        assert "accepted 2 " in found["not_accepted"].what


# ------------------------------------------------------------------------------------ rooms


async def test_the_rooms_of_the_domain() -> None:
    async with GoogleStandIn() as google:
        google.add_building("hq", "Headquarters")
        for n in range(5):
            google.add_room(f"r{n}@resource.calendar.google.com", f"Room {n}", "hq", 4 + n)
        google.add_room("car@resource.calendar.google.com", "Car", "hq", 4, category="OTHER")
        google.add_user(ADMIN, administrator=True)
        google.delegate(ROOMS_SCOPE)
        google.paging.size = 2
        async with make_source(google, Journal(), settings=Settings(admin=ADMIN)) as source:
            found = await source.places()
        assert [place.name for place in found] == [f"Room {n}" for n in range(5)]
        assert found[0] == Place("r0@resource.calendar.google.com", "Room 0", "Headquarters", "", 4, "floor 2")


async def test_who_may_not_list_rooms() -> None:
    async with GoogleStandIn() as google:
        google.add_user(ADMIN)
        async with make_source(google, Journal()) as source:
            with pytest.raises(AccessDenied, match="set admin"):
                await source.places()
        async with make_source(google, Journal(), settings=Settings(admin=ADMIN)) as source:
            with pytest.raises(CredentialsRejected, match="domain-wide delegation"):
                await source.places()
        google.delegate(ROOMS_SCOPE)
        async with make_source(google, Journal(), settings=Settings(admin=ADMIN)) as source:
            with pytest.raises(AccessDenied, match="Admin roles"):
                await source.places()


# ------------------------------------------------------------------------------------ options


def opened(google: GoogleStandIn, base: Path, **config: object) -> GoogleSource:
    secrets = {"file:key.json": google.key_file, "file:wrong.json": '{"type": "authorized_user"}', "file:text": "hello"}
    context = SourceContext("office", secrets.__getitem__, base, MemoryState(), NoWebhooks(), Journal())
    return plug(config, context)


async def test_the_plug(tmp_path: Path) -> None:
    async with GoogleStandIn() as google:
        google.add_calendar(ROOM)
        source = opened(google, tmp_path, key_file="file:key.json", api_root=google.url, allow_http=True, deadline=5)
        async with source:
            assert (await source.read(ROOM, window("2026-11-10", "2026-11-11"))).events == ()
        assert isinstance(source, Directory)
        assert isinstance(source, Examinable)
        assert isinstance(source, Removable)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, ["key_file is missing"]),
        ({"key_file": "file:key.json", "subjct": "x"}, ["did you mean subject"]),
        ({"key_file": "file:key.json", "subject": "Dana"}, ["mail address"]),
        ({"key_file": "file:key.json", "daily_requests": 5}, ["daily_requests"]),
        ({"key_file": "file:key.json", "daily_requests": True}, ["daily_requests"]),
        ({"key_file": "file:key.json", "api_root": "http://127.0.0.1:1/"}, ["https"]),
        ({"key_file": "file:key.json"}, ["without https"]),
        ({"key_file": "file:key.json", "api_root": "http://192.0.2.1/", "allow_http": True}, ["api_root", "https"]),
        ({"key_file": "file:key.json", "ca_file": "missing.pem"}, ["missing.pem", "No such file"]),
        ({"key_file": "file:key.json", "ca_file": "words.pem"}, ["words.pem", "no PEM file"]),
        ({"key_file": "file:wrong.json"}, ["authorized_user", "service account"]),
        ({"key_file": "file:text"}, ["JSON"]),
    ],
)
async def test_wrong_options(tmp_path: Path, config: dict[str, object], words: list[str]) -> None:
    (tmp_path / "words.pem").write_text("These are words.")
    async with GoogleStandIn() as google:
        with pytest.raises(UserError) as caught:
            opened(google, tmp_path, **config)
        for word in words:
            assert word in str(caught.value)


@pytest.mark.parametrize("change", [{"private_key": "nonsense"}, {"private_key": ""}, {"client_email": 3}])
async def test_a_broken_key_file_is_named_and_not_shown(tmp_path: Path, change: dict[str, object]) -> None:
    async with GoogleStandIn() as google:
        key = json.loads(google.key_file) | change
        context = SourceContext("office", lambda _: json.dumps(key), tmp_path, MemoryState(), NoWebhooks(), Journal())
        with pytest.raises(UserError) as caught:
            plug({"key_file": "file:x", "allow_http": True}, context)
        assert "PRIVATE KEY" not in str(caught.value)
        assert "nonsense" not in str(caught.value)


async def test_no_hooks_are_left_when_the_source_closes() -> None:
    async with Receiver() as hooks, GoogleStandIn() as google:
        async with make_source(google, Journal(), webhooks=hooks):
            assert list(hooks.handlers) == ["office/events"]
        assert hooks.handlers == {}
