"""What Google refuses, breaks and leaves out; what it costs; what we ask for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from connector.calendars.google.http import GoogleApi
from connector.calendars.google.key import EVENTS_SCOPE, ServiceKey
from connector.calendars.google.source import GoogleSource, Settings
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable
from connector.model import Snapshot
from connector.standins.google import EMAIL, GoogleStandIn, Trouble
from tests.calendars.google.harness import ADMIN, OTHER, ROOM, Harness, context, house, make_source
from tests.calendars.ics_text import vevent, window
from tests.calendars.receiver import Journal
from tests.support import patience
from tests.support.certificates import authority

TUESDAY = window("2026-11-10", "2026-11-11")
A = vevent("a", "20261110T100000Z", "20261110T110000Z")


async def read(source: GoogleSource, calendar: str = ROOM) -> Snapshot:
    async with patience.timeout(15):
        return await source.read(calendar, TUESDAY)


async def refused(source: GoogleSource, calendar: str = ROOM) -> CalendarError:
    with pytest.raises(CalendarError) as caught:
        await read(source, calendar)
    message = str(caught.value)
    assert message.endswith(".")
    assert "ya29" not in message
    assert "PRIVATE KEY" not in message
    return caught.value


def asked(home: Harness, where: str) -> int:
    return sum(seen.where == where for seen in home.google.seen)


# ------------------------------------------------------------------------------------ what is asked


async def test_what_a_reading_asks_for() -> None:
    async with house() as home:
        home.google.put(ROOM, "a", A)
        await read(home.source)
        (seen,) = [seen for seen in home.google.seen if seen.where == "list"]
        assert seen.principal == EMAIL
        assert (seen.query["singleEvents"], seen.query["showDeleted"], seen.query["maxAttendees"]) == (
            "true",
            "false",
            "1",
        )
        assert len(seen.query["quotaUser"]) == 32
        assert ROOM not in seen.query["quotaUser"]
        assert "conferenceData" in seen.query["fields"]
        assert "syncToken" not in seen.query


async def test_a_declined_meeting_is_known_whoever_google_calls_the_participant() -> None:
    """``maxAttendees=1`` leaves "the participant": where that is not the room, all are asked for."""
    people = [f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:person-{n}@example.org" for n in range(3)]
    own = ("ORGANIZER:mailto:person-0@example.org", f"ATTENDEE;PARTSTAT=DECLINED:mailto:{ROOM}")
    async with house() as home:
        home.google.paging.own_entry = False
        home.google.put(ROOM, "a", vevent("a", "20261110T100000Z", "20261110T110000Z", *people, *own))
        (event,) = (await read(home.source)).events
        assert event.declined
        before = asked(home, "list")
        (event,) = (await read(home.source)).events
        assert event.declined
        assert asked(home, "list") == before + 1, "known from then on"


async def test_each_calendar_has_its_own_quota() -> None:
    """600 a minute belong to one user, and a service account is one, unless quotaUser tells the rooms apart.

    Google calls this limit rateLimitExceeded, too: only the limit's name says that it is one room's.
    """
    async with house() as home:
        home.google.user_quota = 2
        home.google.add_calendar(OTHER)
        for calendar in (ROOM, OTHER, ROOM):
            await read(home.source, calendar)
        assert isinstance(await refused(home.source), RateLimited)
        await read(home.source, OTHER)


@pytest.mark.parametrize(
    "name", ["o'neil@example.org", "a/b@example.org", "50% & more#1?@example.org", "größe@example.org"]
)
async def test_ids_with_special_characters(name: str) -> None:
    async with house() as home:
        home.google.add_calendar(name)
        home.google.put(name, "a", A)
        assert len((await read(home.source, name)).events) == 1
        assert unquote(home.google.seen[-1].calendar) == unquote(name)


async def test_pages_short_and_empty() -> None:
    async with house() as home:
        for n in range(7):
            home.google.put(ROOM, f"e{n}", vevent(f"e{n}", f"20261110T{10 + n}0000Z", f"20261110T{11 + n}0000Z"))
        home.google.paging.size, home.google.paging.empty = 2, True
        assert [e.series_uid for e in (await read(home.source)).events] == [f"e{n}" for n in range(7)]
        assert asked(home, "list") == 8


async def test_a_state_that_is_gone_begins_anew() -> None:
    async with house() as home:
        home.google.put(ROOM, "a", A)
        home.google.put(ROOM, "b", vevent("b", "20261110T120000Z", "20261110T130000Z"))
        home.google.paging.size = 1
        home.google.troubles.append(Trouble("list", page=1, times=1, status=410, reason="fullSyncRequired"))
        assert len((await read(home.source)).events) == 2
        assert asked(home, "list") == 4
        home.google.calendars[ROOM].touch()
        home.google.troubles.append(Trouble("list", status=410, reason="fullSyncRequired"))
        assert isinstance(await refused(home.source), SourceUnavailable)


# ------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("trouble", "kind", "word"),
    [
        (Trouble("list", status=403, reason="forbidden"), AccessDenied, "Share with specific people"),
        (Trouble("list", status=404, reason="notFound"), AccessDenied, EMAIL),
        (Trouble("list", status=403, reason="accessNotConfigured"), AccessDenied, "Library"),
        (Trouble("list", status=403, reason="insufficientPermissions"), AccessDenied, EVENTS_SCOPE),
        (Trouble("list", status=403, reason="rateLimitExceeded"), RateLimited, "slower"),
        (Trouble("list", status=403, reason="userRateLimitExceeded"), RateLimited, "slower"),
        (Trouble("list", status=403, reason="dailyLimitExceeded"), RateLimited, "daily_requests"),
        (Trouble("list", status=429, reason="rateLimitExceeded", retry_after="9"), RateLimited, "slower"),
        (Trouble("list", status=503, reason="backendError", retry_after="9"), RateLimited, "later"),
        (Trouble("list", status=503, reason="backendError"), SourceUnavailable, "503"),
        (Trouble("list", status=500, reason="backendError"), SourceUnavailable, "500"),
        (Trouble("list", status=302, reason="moved"), SourceUnavailable, "redirects"),
        (Trouble("list", status=400, reason="badRequest"), SourceUnavailable, "400 badRequest"),
        (Trouble("list", broken="portal"), SourceUnavailable, "no list of events"),
        (Trouble("list", broken="empty"), SourceUnavailable, "no list of events"),
        (Trouble("list", broken="cut"), SourceUnavailable, "cut"),
        (Trouble("list", page=1, status=500, reason="backendError"), SourceUnavailable, "500"),
        (Trouble("list", page=1, broken="empty"), SourceUnavailable, "no list of events"),
    ],
)
async def test_what_is_no_whole_listing(trouble: Trouble, kind: type[CalendarError], word: str) -> None:
    async with house() as home:
        for uid in ("a", "b"):
            home.google.put(ROOM, uid, vevent(uid, "20261110T100000Z", "20261110T110000Z"))
        home.google.paging.size = 1
        home.google.troubles.append(trouble)
        error = await refused(home.source)
        assert type(error) is kind
        assert word in str(error)
        if isinstance(error, RateLimited):
            expected = [9.0] if trouble.retry_after else [3600.0] if "daily" in trouble.reason else [2.0, 3.0]
            assert expected[0] <= error.retry_after.total_seconds() <= expected[-1]


async def test_one_forbidden_room_among_many() -> None:
    async with house() as home:
        home.google.put(ROOM, "a", A)
        home.google.add_calendar(OTHER)
        home.google.share(OTHER, EMAIL, "none")
        results = await asyncio.gather(
            *(home.source.read(calendar, TUESDAY) for calendar in [OTHER, *[ROOM] * 20]), return_exceptions=True
        )
        assert isinstance(results[0], AccessDenied)
        assert OTHER in str(results[0])
        assert all(isinstance(result, Snapshot) and len(result.events) == 1 for result in results[1:])


async def test_the_projects_limit_silences_every_calendar_for_a_while() -> None:
    async with house() as home:
        home.google.add_calendar(OTHER)
        home.google.troubles.append(Trouble("list", ROOM, times=1, status=429, reason="x", retry_after="60"))
        assert isinstance(await refused(home.source), RateLimited)
        before = asked(home, "list")
        error = await refused(home.source, OTHER)
        assert isinstance(error, RateLimited)
        assert 50 < error.retry_after.total_seconds() <= 60
        assert asked(home, "list") == before


async def test_a_user_without_google_calendar_is_named() -> None:
    async with house(Settings(subject=ADMIN)) as home:
        home.google.add_user(ADMIN)
        home.google.delegate(EVENTS_SCOPE)
        home.google.troubles.append(Trouble("list", status=403, reason="notACalendarUser"))
        error = str(await refused(home.source))
        assert error.startswith(f"Google Calendar is switched off for {ADMIN} (403).")
        assert "Service status" in error


async def test_one_rooms_limit_backs_off_further_each_time_and_stops_no_other() -> None:
    async with house() as home:
        home.google.add_calendar(OTHER)
        home.google.troubles.append(Trouble("list", ROOM, times=3, status=403, reason="userRateLimitExceeded"))
        waits = []
        for _ in range(3):
            error = await refused(home.source)
            assert isinstance(error, RateLimited)
            waits.append(int(error.retry_after.total_seconds()))
            await read(home.source, OTHER)
        assert waits == [2, 4, 8]
        await read(home.source)


# ------------------------------------------------------------------------------------ the login


async def test_a_token_that_ended_early_is_replaced_once() -> None:
    async with house() as home:
        home.google.put(ROOM, "a", A)
        await read(home.source)
        home.google.tokens.revoke_all()
        results = await asyncio.gather(*(read(home.source) for _ in range(8)))
        assert all(len(result.events) == 1 for result in results)
        assert home.google.tokens.issued == 2


async def test_a_401_that_stays_ends_the_asking() -> None:
    async with house() as home:
        home.google.troubles.append(Trouble("list", status=401, reason="authError"))
        assert isinstance(await refused(home.source), CredentialsRejected)
        before = len(home.google.seen)
        assert isinstance(await refused(home.source, OTHER), CredentialsRejected)
        assert len(home.google.seen) == before


async def test_a_deleted_key_is_tried_once_by_all_rooms_together() -> None:
    async with house() as home:
        home.google.account.alive = False
        results = await asyncio.gather(*(home.source.read(ROOM, TUESDAY) for _ in range(10)), return_exceptions=True)
        assert all(isinstance(result, CredentialsRejected) for result in results)
        assert "Keys > Add key" in str(results[0])
        assert asked(home, "token") == 1


@pytest.mark.parametrize("trouble", ["the key", "the token"])
async def test_a_refused_login_recovers_by_itself(trouble: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Delegation takes hours at times, and Google errs, too: nobody has to tell the connector."""
    monkeypatch.setattr("connector.calendars.google.key.APP_ASKED_AGAIN", timedelta(seconds=0.2))
    async with house() as home:
        home.google.account.alive = trouble != "the key"
        if trouble == "the token":
            home.google.troubles.append(Trouble("list", status=401, reason="authError"))
        error = await refused(home.source)
        assert isinstance(error, CredentialsRejected)
        assert error.ask_again is not None
        home.google.account.alive = True
        home.google.troubles.clear()
        await asyncio.sleep(0.25)
        await read(home.source)


async def test_the_stand_in_checks_the_signature() -> None:
    """A key of the same name that is not the account's: only the signature differs."""
    async with GoogleStandIn() as google, GoogleStandIn() as other:
        google.add_calendar(ROOM)
        ours, theirs = json.loads(google.key_file), json.loads(other.key_file)
        forged = ServiceKey(json.dumps(ours | {"private_key": theirs["private_key"]}), "office", plain_http=True)
        async with GoogleSource(context(Journal()), forged, GoogleApi(root=google.url)) as source:
            assert isinstance(await refused(source), CredentialsRejected)
        assert google.tokens.issued == 0


@pytest.mark.parametrize(
    ("trouble", "word"),
    [
        (Trouble("token", broken="portal"), "token service"),
        (Trouble("token", status=400, reason=""), "token service"),
        (Trouble("token", broken="cut"), "token service"),
    ],
)
async def test_a_token_service_with_trouble_is_tried_again(trouble: Trouble, word: str) -> None:
    async with house() as home:
        home.google.troubles.append(trouble)
        error = await refused(home.source)
        assert type(error) is SourceUnavailable
        assert word in str(error)
        home.google.troubles.clear()
        assert (await read(home.source)).events == ()


async def test_delegation() -> None:
    user = "rooms@example.org"
    async with GoogleStandIn() as google:
        google.add_calendar(ROOM)
        google.put(ROOM, "a", A)
        google.add_user(user)
        google.share(ROOM, EMAIL, "none")
        google.share(ROOM, user, "reader")
        async with make_source(google, Journal(), settings=Settings(subject=user)) as source:
            error = await refused(source)
            assert isinstance(error, CredentialsRejected)
            assert f"client ID {google.account.client_id}, scopes {EVENTS_SCOPE}" in str(error)
        google.delegate(EVENTS_SCOPE)
        async with make_source(google, Journal(), settings=Settings(subject=user)) as source:
            assert len((await read(source)).events) == 1
            assert google.seen[-1].principal == user
        async with make_source(google, Journal(), settings=Settings(subject="nobody@example.org")) as source:
            assert "no user nobody@example.org" in str(await refused(source))


async def test_a_wrong_clock_is_no_wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from google.auth import _helpers

    real: Callable[[], datetime] = _helpers.utcnow
    async with house() as home:
        monkeypatch.setattr(_helpers, "utcnow", lambda: real() + timedelta(hours=2))
        error = await refused(home.source)
        assert type(error) is SourceUnavailable
        assert "clock" in str(error)
        monkeypatch.setattr(_helpers, "utcnow", real)
        assert (await read(home.source)).events == ()


# ------------------------------------------------------------------------------------ slow and broken


async def test_an_answer_that_never_ends_frees_its_thread() -> None:
    async with house(deadline=2) as home:
        rooms = [home.google.add_calendar(f"{n}{ROOM}") for n in range(4)]  # as many as there are threads
        await asyncio.gather(*(read(home.source, room) for room in rooms))
        for room in rooms:
            home.google.calendars[room].touch()
        home.google.troubles.append(Trouble("list", times=8, broken="drip"))
        for _ in range(2):
            results = await asyncio.gather(*(home.source.read(room, TUESDAY) for room in rooms), return_exceptions=True)
            assert [type(result) for result in results] == [SourceUnavailable] * 4
        for room in rooms:
            assert (await read(home.source, room)).events == ()


async def test_a_slow_calendar_delays_no_other() -> None:
    patient = patience.factor()
    async with house(deadline=5 * patient) as home:
        home.google.add_calendar(OTHER)
        home.google.troubles.append(Trouble("list", OTHER, slow=3 * patient))
        slow = asyncio.create_task(read(home.source, OTHER))
        async with asyncio.timeout(2.5 * patient):
            await read(home.source)
        assert not slow.done()
        await slow


async def test_a_reading_that_is_given_up_frees_its_thread() -> None:
    async with house() as home:
        home.google.troubles.append(Trouble("list", times=4, broken="drip"))
        readings = [asyncio.create_task(home.source.read(f"{n}{ROOM}", TUESDAY)) for n in range(4)]
        for n in range(4):
            home.google.add_calendar(f"{n}{ROOM}")
        async with patience.timeout(5):
            while asked(home, "list") < 4:
                await asyncio.sleep(0.01)
        for reading in readings:
            reading.cancel()
        await asyncio.gather(*readings, return_exceptions=True)
        async with patience.timeout(3):
            assert (await read(home.source)).events == ()


async def test_certificates_are_verified(tmp_path: Path) -> None:
    ours = authority("localhost")
    certificate, _ = ours.write(tmp_path)
    async with GoogleStandIn(tls=ours.server_context()) as google:
        google.add_calendar(ROOM)
        key = ServiceKey(google.key_file, "office")
        async with GoogleSource(context(Journal()), key, GoogleApi(root=google.url)) as source:
            error = await refused(source)
            assert type(error) is SourceUnavailable
            assert "not trusted" in str(error)
            assert "ca_file" in str(error)
        assert len(google.seen) == 0
        trusting = GoogleApi(root=google.url, ca_file=str(certificate))
        async with GoogleSource(context(Journal()), key, trusting) as source:
            assert (await read(source)).events == ()


async def test_nobody_is_there() -> None:
    async with GoogleStandIn() as google:
        key = ServiceKey(google.key_file, "office", plain_http=True)
    async with GoogleSource(context(Journal()), key, GoogleApi(root=google.url)) as source:
        error = await refused(source)
        assert type(error) is SourceUnavailable
        assert "was not reached (ConnectionRefusedError)" in str(error)


# ------------------------------------------------------------------------------------ what we may see


async def test_free_busy_is_told_and_is_not_no_meetings() -> None:
    async with house() as home:
        home.google.put(ROOM, "a", vevent("a", "20261110T100000Z", "20261110T110000Z", "DESCRIPTION:secret"))
        home.google.share(ROOM, EMAIL, "freeBusyReader")
        for _ in range(2):
            (event,) = (await read(home.source)).events
            assert (event.title, event.texts, event.series_uid) == ("Busy", (), "a")
        assert home.journal.names() == ["calendar.details_hidden"]
        home.google.share(ROOM, EMAIL, "writer")
        (event,) = (await read(home.source)).events
        assert event.title == "Meeting a"


@pytest.mark.parametrize(("role", "title"), [("reader", ""), ("writerWithoutPrivateAccess", ""), ("writer", "Payroll")])
async def test_private_meetings_by_role(role: str, title: str) -> None:
    async with house() as home:
        private = vevent("a", "20261110T100000Z", "20261110T110000Z", "SUMMARY:Payroll", "CLASS:PRIVATE")
        home.google.put(ROOM, "a", private)
        home.google.share(ROOM, EMAIL, role)
        (event,) = (await read(home.source)).events
        assert (event.private, event.title) == (True, title)
