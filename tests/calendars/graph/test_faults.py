"""What goes wrong at Microsoft's: an incomplete answer is never a calendar, and one room never stops another."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import timedelta
from email.utils import formatdate
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.calendars.graph import GraphSource
from connector.calendars.graph.http import BadRequest
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable
from connector.model import Window
from connector.standins.graph import GraphStandIn
from tests.calendars.graph.harness import ROOM, SECRET, TUESDAY, Harness
from tests.calendars.ics_text import times, vevent, window
from tests.support import patience


async def refused(source: GraphSource, calendar: str = ROOM, when: Window = TUESDAY) -> CalendarError:
    with pytest.raises(CalendarError) as caught:
        async with patience.timeout(20):
            await source.read(calendar, when)
    message = str(caught.value)
    assert message.endswith(".")
    assert SECRET not in message
    assert "Bearer" not in message
    return caught.value


def fill(graph: GraphStandIn, meetings: int = 5, room: str = ROOM) -> None:
    for number in range(meetings):
        graph.mailbox(room).put(
            vevent(f"m{number}", "20261110T100000Z", "20261110T110000Z", "DESCRIPTION:" + "x" * 500)
        )


def _fails(graph: GraphStandIn) -> None:
    graph.troubles.pages_fail_after = 1


def _skips(graph: GraphStandIn) -> None:
    graph.troubles.skipped_page = "full"


def _skips_when_compared(graph: GraphStandIn) -> None:
    graph.troubles.skipped_page = "light"


def _foreign(graph: GraphStandIn) -> None:
    graph.troubles.next_link = "https://graph.example.com/v1.0/users/x/calendarView?$skip=2"


def _circle(graph: GraphStandIn) -> None:
    link = f"{graph.url}/v1.0/users/{ROOM}/calendarView?startDateTime=2026-11-10&endDateTime=2026-11-11"
    graph.troubles.next_link = link + "&$top=2"


def _no_link(graph: GraphStandIn) -> None:
    graph.troubles.next_link = "//"


@pytest.mark.parametrize(
    ("trouble", "word"),
    [
        (_fails, "503"),
        (_skips, "same events"),
        (_skips_when_compared, "same events"),
        (_foreign, "another server"),
        (_circle, "circle"),
        (_no_link, "another"),
    ],
)
async def test_a_page_that_is_missing(house: Harness, trouble: Callable[[GraphStandIn], None], word: str) -> None:
    fill(house.graph)
    house.graph.page_size = 2
    async with house.open() as source:
        before = await source.read(ROOM, TUESDAY)
        assert len(before.events) == 5
        house.graph.mailbox(ROOM).put(vevent("m0", "20261110T100000Z", "20261110T113000Z"), id="new")
        trouble(house.graph)
        error = await refused(source)
        assert type(error) is SourceUnavailable
        assert word in str(error)
        house.graph.troubles.pages_fail_after = house.graph.troubles.next_link = None
        house.graph.troubles.skipped_page = ""
        assert len((await source.read(ROOM, TUESDAY)).events) == 6
    assert not any("graph.example.com" in path for _, path in house.graph.requests)


OK = json.dumps({"value": []}).encode()


@pytest.mark.parametrize(
    ("answer", "kind", "word"),
    [
        ((500, {}, b""), SourceUnavailable, "500"),
        ((502, {}, b"<html>Bad gateway</html>"), SourceUnavailable, "502"),
        ((503, {}, b"{}"), SourceUnavailable, "503"),
        ((503, {"Retry-After": "9"}, b"{}"), RateLimited, "wait"),
        ((429, {"Retry-After": "2.128"}, b"{}"), RateLimited, "wait"),
        ((429, {}, b"{}"), RateLimited, "wait"),
        ((403, {}, b'{"error": {"code": "ErrorAccessDenied"}}'), AccessDenied, "New-ManagementRoleAssignment"),
        ((404, {}, b'{"error": {"code": "MailboxNotEnabledForRESTAPI"}}'), AccessDenied, "calendar column"),
        ((410, {}, b""), AccessDenied, "410"),
        ((400, {}, b'{"error": {"code": "ErrorInvalidParameter"}}'), BadRequest, "ErrorInvalidParameter"),
        ((302, {"Location": "https://graph.example.com/"}, b""), SourceUnavailable, "302"),
        ((200, {}, b""), SourceUnavailable, "without its list"),
        ((200, {}, b"<html>Sign in</html>"), SourceUnavailable, "broken"),
        ((200, {}, b'{"value": ['), SourceUnavailable, "broken"),
        ((200, {}, b"[]"), SourceUnavailable, "unknown form"),
        ((200, {}, b'{"value": {}}'), SourceUnavailable, "without its list"),
        ((200, {}, b"[" * 100_000), SourceUnavailable, "broken"),
        ((400, {}, b'{"error": {"code": "x y <script>"}}'), BadRequest, "HTTP 400."),
    ],
)
async def test_answers_that_are_no_listing(
    house: Harness, answer: tuple[int, dict[str, str], bytes], kind: type[CalendarError], word: str
) -> None:
    fill(house.graph)
    async with house.open() as source:
        house.graph.troubles.answers.append(answer)
        error = await refused(source)
        assert type(error) is kind or (kind is AccessDenied and isinstance(error, AccessDenied))
        assert word in str(error)


async def test_retry_after_is_obeyed_without_asking_again(house: Harness) -> None:
    fill(house.graph)
    house.graph.troubles.throttled[ROOM] = (429, "0.4")
    async with house.open() as source:
        error = await refused(source)
        assert isinstance(error, RateLimited)
        assert error.retry_after == timedelta(seconds=1), "a fraction counts as the second that the clock gives"
        asked = len(house.graph.requests)
        again = await refused(source)
        assert isinstance(again, RateLimited)
        assert timedelta(0) < again.retry_after <= timedelta(seconds=1)
        assert len(house.graph.requests) == asked, "requests that are sent while throttled count, too"
        house.graph.troubles.throttled.clear()
        await asyncio.sleep(again.retry_after.total_seconds() + 0.05)
        assert len((await source.read(ROOM, TUESDAY)).events) == 5


async def test_the_named_wait_is_passed_on(house: Harness) -> None:
    async with house.open() as source:
        for status, named in ((503, "7200.5"), (429, formatdate(time.time() + 7200, usegmt=True))):
            room = f"{status}@example.org"
            fill(house.graph, 1, room)
            house.graph.troubles.throttled[room] = (status, named)
            error = await refused(source, room)
            assert isinstance(error, RateLimited)
            assert timedelta(minutes=119) < error.retry_after <= timedelta(seconds=7200.5)


async def test_an_answer_that_drips_is_cut_at_the_deadline(house: Harness) -> None:
    house.graph.troubles.drips = True
    async with house.open(deadline=1) as source, patience.timeout(6):
        assert "within" in str(await refused(source))


async def test_one_forbidden_room_among_many(house: Harness) -> None:
    rooms = [f"room{number}@example.org" for number in range(60)]
    for room in rooms:
        fill(house.graph, 1, room)
    house.graph.troubles.forbidden.add(rooms[17])
    async with house.open() as source:
        results = await asyncio.gather(*(source.read(room, TUESDAY) for room in rooms), return_exceptions=True)
    failed = {room: result for room, result in zip(rooms, results, strict=True) if isinstance(result, BaseException)}
    assert list(failed) == [rooms[17]]
    assert isinstance(failed[rooms[17]], AccessDenied)
    assert (
        f"Test-ServicePrincipalAuthorization -Identity '{house.graph.signin.client_id}' -Resource '{rooms[17]}'"
        in str(failed[rooms[17]])
    )


async def test_never_two_at_once_for_a_mailbox_and_not_too_many_in_all(house: Harness) -> None:
    rooms = [f"room{number}@example.org" for number in range(12)]
    for room in rooms:
        fill(house.graph, 1, room)
    house.graph.troubles.delay = 0.01
    async with house.open() as source:
        await asyncio.gather(*(source.read(room, TUESDAY) for room in rooms * 3))
    assert set(house.graph.most_in_flight.values()) == {1}


@pytest.mark.parametrize(
    "mailbox", ["o'neil@example.org", "a/b@example.org", "$x?y#z@example.org", "50%@example.org", "größe@example.org"]
)
async def test_mailboxes_with_signs_in_their_name(house: Harness, mailbox: str) -> None:
    fill(house.graph, 1, mailbox)
    async with house.open(push=True) as source:
        source.watch(mailbox)
        assert len((await source.read(mailbox, TUESDAY)).events) == 1
        house.graph.troubles.forbidden.add(mailbox)
        assert f"'{mailbox.replace(chr(39), chr(39) * 2)}'" in str(await refused(source, mailbox))


async def test_ids_with_slashes_and_apostrophes(house: Harness) -> None:
    name = "AAMk/AD'1+=&x"
    house.graph.mailbox(ROOM).put(vevent("a", "20261110T100000Z", "20261110T110000Z", "RRULE:FREQ=DAILY"), id=name)
    async with house.open() as source:
        (event,) = (await source.read(ROOM, TUESDAY)).events
        assert event.series_uid == name
        assert (await source.read(ROOM, TUESDAY)).events == (event,)


async def test_an_idle_room_costs_one_small_request(house: Harness) -> None:
    fill(house.graph, 20)
    async with house.open() as source:
        await source.read(ROOM, TUESDAY)
        assert len(house.graph.requests) == 2
        size = house.graph.calendar_bytes
        await source.read(ROOM, TUESDAY)
        assert len(house.graph.requests) == 3
        assert house.graph.calendar_bytes - size < 20 * 350
        house.graph.mailbox(ROOM).put(vevent("late", "20261110T200000Z", "20261110T210000Z"), id="late")
        assert len((await source.read(ROOM, TUESDAY)).events) == 21
        assert len(house.graph.requests) == 5
        house.graph.mailbox(ROOM).remove("late")
        assert len((await source.read(ROOM, TUESDAY)).events) == 20
        assert len(house.graph.requests) == 7, "that something has gone is believed when two listings say it"


async def test_named_properties_that_the_service_refuses(house: Harness) -> None:
    """Reading goes on without them, and they are not asked for again."""
    fill(house.graph)
    house.graph.troubles.expand_refused = True
    async with house.open() as source:
        assert len((await source.read(ROOM, TUESDAY)).events) == 5
        fill(house.graph, 1)
        assert len((await source.read(ROOM, TUESDAY)).events) == 6
    assert ["expand" in path for _, path in house.graph.requests] == [False, True, False, False, False]


async def test_a_refusal_that_has_another_reason_costs_no_properties(house: Harness) -> None:
    fill(house.graph)
    link = "https://example.zoom.us/j/91234567890"
    house.graph.mailbox(ROOM).put(
        vevent("x", "20261110T100000Z", "20261110T110000Z", f"X-MICROSOFT-ONLINEMEETINGEXTERNALLINK:{link}")
    )
    house.graph.troubles.answers.extend([(200, {}, OK), (400, {}, b""), (400, {}, b"")])
    async with house.open() as source:
        await refused(source)
        events = (await source.read(ROOM, TUESDAY)).events
    assert [link] == [text.content for event in events for text in event.texts if text.where == "online"]


async def test_a_window_that_moves_on_reads_what_comes_into_it(house: Harness) -> None:
    house.graph.mailbox(ROOM).put(vevent("a", "20261110T100000Z", "20261110T110000Z"), id="a")
    house.graph.mailbox(ROOM).put(vevent("b", "20261112T180000Z", "20261112T190000Z"), id="b")
    async with house.open() as source:
        assert times((await source.read(ROOM, TUESDAY)).events) == [("a", "11-10 10:00", "11-10 11:00")]
        later = await source.read(ROOM, window("2026-11-12", "2026-11-13"))
        assert times(later.events) == [("b", "11-12 18:00", "11-12 19:00")]


@pytest.mark.parametrize(
    ("zone", "day", "start", "end"),
    [
        ("Pacific/Honolulu", "20261110", "2026-11-11 08:00", "2026-11-11 09:00"),
        ("Asia/Tokyo", "20261111", "2026-11-10 16:00", "2026-11-10 17:00"),
    ],
)
async def test_a_whole_day_in_a_room_far_from_greenwich(
    house: Harness, zone: str, day: str, start: str, end: str
) -> None:
    """The service judges the day as a day of Greenwich, and would leave it out of this window."""
    house.graph.mailbox(ROOM).put(vevent("day", day, str(int(day) + 1)))
    async with house.open() as source:
        (event,) = (await source.read(ROOM, window(start, end), ZoneInfo(zone))).events
        assert event.all_day
        assert (await source.read(ROOM, window(start, end), ZoneInfo("UTC"))).events == ()


@pytest.mark.parametrize(
    ("change", "uids"),
    [
        (lambda value: value[0].update(id=None, iCalUId=None), {""}),
        (lambda value: value[0].pop("start"), {"m0"}),
        (lambda value: value.insert(0, None), {""}),
    ],
)
async def test_items_that_cannot_be_read_are_named(
    house: Harness, change: Callable[[list[Any]], object], uids: set[str]
) -> None:
    """The others are there, and the names say which last good form has to stay."""
    entries = [
        {
            "@odata.etag": f'W/"{number}"',
            "id": f"i{number}",
            "iCalUId": f"m{number}",
            "type": "singleInstance",
            "start": {"dateTime": "2026-11-10T10:00:00.0000000", "timeZone": "UTC"},
            "end": {"dateTime": "2026-11-10T11:00:00.0000000", "timeZone": "UTC"},
        }
        for number in range(3)
    ]
    change(entries)
    body = json.dumps({"value": entries}).encode()
    house.graph.troubles.answers.extend([(200, {}, body), (200, {}, body)])
    async with house.open() as source:
        snapshot = await source.read(ROOM, TUESDAY)
    assert {"m1", "m2"} <= {event.series_uid for event in snapshot.events}
    assert {item.series_uid for item in snapshot.unreadable} == uids


# ------------------------------------------------------------------------------------ tokens in the middle of a run


async def test_a_revoked_token_is_renewed_once_for_all(house: Harness) -> None:
    rooms = [f"room{number}@example.org" for number in range(8)]
    for room in rooms:
        fill(house.graph, 1, room)
    async with house.open() as source:
        await asyncio.gather(*(source.read(room, TUESDAY) for room in rooms))
        assert house.graph.signin.asked == 1
        house.graph.signin.revoke_tokens()
        await asyncio.gather(*(source.read(room, TUESDAY) for room in rooms))
        assert house.graph.signin.asked == 2


async def test_401_with_a_fresh_token_stops_everything(house: Harness) -> None:
    fill(house.graph)
    async with house.open() as source:
        await source.read(ROOM, TUESDAY)
        house.graph.signin.refuses_tokens = True
        assert isinstance(await refused(source), CredentialsRejected)
        asked, tokens = len(house.graph.requests), house.graph.signin.asked
        assert isinstance(await refused(source), CredentialsRejected)
        assert (len(house.graph.requests), house.graph.signin.asked) == (asked, tokens), "nothing more is sent"
        assert tokens == 2


async def test_consent_revoked_mid_run_denies_rooms_and_blocks_nothing(house: Harness) -> None:
    fill(house.graph)
    async with house.open() as source:
        await source.read(ROOM, TUESDAY)
        house.graph.troubles.all_forbidden = True
        assert isinstance(await refused(source), AccessDenied)
        house.graph.troubles.all_forbidden = False
        assert len((await source.read(ROOM, TUESDAY)).events) == 5, "given back: it goes on by itself"
