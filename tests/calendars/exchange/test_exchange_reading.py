"""What a reading tells, what it costs, and what wrong or missing answers do to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.errors import AccessDenied, CalendarError, RateLimited, SourceUnavailable
from connector.model import NO_SERIES, Snapshot
from connector.standins.exchange import ExchangeStandIn
from tests.calendars.exchange.harness import ROOM, access_to, source_of, standing
from tests.calendars.ics_text import change, times, utc, vevent, window

TUESDAY = window("2026-11-10", "2026-11-11")
MORNING = ("20261110T100000Z", "20261110T110000Z")


@pytest.fixture
async def exchange() -> AsyncIterator[ExchangeStandIn]:
    async with standing() as exchange:
        yield exchange


async def read_once(exchange: ExchangeStandIn, **options: object) -> Snapshot:
    async with source_of(exchange, **options) as source:  # type: ignore[arg-type]
        return await source.read(ROOM, TUESDAY)


async def fails(exchange: ExchangeStandIn, kind: type[CalendarError], **options: object) -> str:
    with pytest.raises(kind) as caught:
        await read_once(exchange, **options)
    assert str(caught.value).endswith(".")
    return str(caught.value)


# ------------------------------------------------------------------------------------ what is told


async def test_every_place_of_join_information(exchange: ExchangeStandIn) -> None:
    exchange.directory.find(ROOM).put(
        "a",
        vevent(
            "a", *MORNING, "LOCATION:https://example.zoom.us/j/1", "DESCRIPTION:plain", "X-ALT-DESC:<p>rich</p>",
            "X-JOIN-URL:https://meet.example.org/join", "X-MICROSOFT-SKYPETEAMSMEETINGURL:https://teams.example.org/l/2",
            "X-MICROSOFT-ONLINEMEETINGCONFLINK:conf:sip:dana@example.org;gruu",
        ),
    )  # fmt: skip
    (event,) = (await read_once(exchange)).events
    assert [(text.where, text.kind, text.content) for text in event.texts] == [
        ("online", "url", "https://meet.example.org/join"),
        ("online", "url", "conf:sip:dana@example.org;gruu"),
        ("online", "url", "https://teams.example.org/l/2"),
        ("location", "text", "https://example.zoom.us/j/1"),
        ("description", "text", "plain"),
        ("html", "html", "<p>rich</p>"),
        ("title", "text", "Meeting a"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("CLASS:PUBLIC", {"private": False, "tentative": False, "declined": False, "cancelled": False}),
        ("CLASS:PRIVATE", {"private": True}),
        ("CLASS:CONFIDENTIAL", {"private": True}),
        ("STATUS:TENTATIVE", {"tentative": True}),
        ("STATUS:CANCELLED", {"cancelled": True}),
        (f"ATTENDEE;PARTSTAT=DECLINED:mailto:{ROOM}", {"declined": True}),
        (f"ATTENDEE;PARTSTAT=TENTATIVE:mailto:{ROOM}", {"tentative": True}),
        (f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ROOM}", {"declined": False, "tentative": False}),
    ],
)
async def test_marks(exchange: ExchangeStandIn, line: str, expected: dict[str, bool]) -> None:
    exchange.directory.find(ROOM).put("a", vevent("a", *MORNING, line))
    (event,) = (await read_once(exchange)).events
    assert {name: getattr(event, name) for name in expected} == expected


async def test_a_series_and_its_exception_share_an_identity(exchange: ExchangeStandIn) -> None:
    outlook = "040000008200E00074C5B7101A82E00807EA0B0A10A6E5F3D3DCDC01000000000000000010000000AB12CD34EF56AB12"
    exchange.directory.find(ROOM).put(
        outlook,
        vevent(outlook, "20261102T100000Z", "20261102T110000Z", "RRULE:FREQ=DAILY;COUNT=20"),
        change(outlook, "20261110T100000Z", "20261110T150000Z", "20261110T160000Z"),
    )
    (event,) = (await read_once(exchange)).events
    assert event.series_uid == outlook[:32] + "00000000" + outlook[40:]  # the day in it would tell occurrences apart
    assert (event.original_start, event.start) == (utc("2026-11-10 10:00"), utc("2026-11-10 15:00"))
    assert event.original_start != NO_SERIES


async def test_whole_days_are_days_of_the_room_wherever_they_were_made(exchange: ExchangeStandIn) -> None:
    exchange.add_mailbox("tokyo@example.org", zone="Asia/Tokyo").put("day", vevent("day", "20261110", "20261111"))
    berlin = ZoneInfo("Europe/Berlin")
    async with source_of(exchange) as source:
        (event,) = (await source.read("tokyo@example.org", TUESDAY, berlin)).events
        assert (event.all_day, event.start, event.end) == (True, utc("2026-11-09 23:00"), utc("2026-11-10 23:00"))
        assert (await source.read("tokyo@example.org", window("2026-11-08", "2026-11-09"), berlin)).events == ()


async def test_a_server_that_does_not_know_the_newer_fields(exchange: ExchangeStandIn) -> None:
    exchange.directory.unknown_fields = {"JoinOnlineMeetingUrl", "StartTimeZoneId"}
    exchange.directory.find(ROOM).put("a", vevent("a", *MORNING, "URL:https://meet.example.org/1"))
    exchange.directory.find(ROOM).put("day", vevent("day", "20261110", "20261111"))
    events = (await read_once(exchange)).events
    assert [event.series_uid for event in events] == ["day", "a"]
    assert events[0].start == utc("2026-11-10")
    assert events[1].texts[0].content == "https://meet.example.org/1"


# ------------------------------------------------------------------------------------ what it costs


async def test_only_what_is_new_or_changed_is_fetched(exchange: ExchangeStandIn) -> None:
    box = exchange.directory.find(ROOM)
    for n in range(120):
        box.put(f"m{n}", vevent(f"m{n}", "20261110T100000Z", f"20261110T11{n % 60:02d}00Z"))
    async with source_of(exchange) as source:
        assert len((await source.read(ROOM, TUESDAY)).events) == 120
        assert exchange.requests == {"FindItem": 1, "GetItem": 3}  # no GetFolder, no ConvertId; batches of 50
        await source.read(ROOM, TUESDAY)
        box.put("m7", vevent("m7", "20261110T100000Z", "20261110T120000Z", sequence=1))
        events = {event.series_uid: event for event in (await source.read(ROOM, TUESDAY)).events}
    assert exchange.requests == {"FindItem": 3, "GetItem": 4}
    assert events["m7"].end == utc("2026-11-10 12:00")


async def test_no_more_requests_at_once_than_allowed(exchange: ExchangeStandIn) -> None:
    exchange.troubles.delay = 0.05
    rooms = [f"room-{n}@example.org" for n in range(30)]
    for room in rooms:
        exchange.add_mailbox(room)
    async with source_of(exchange) as source:
        await asyncio.gather(*(source.read(room, TUESDAY) for room in rooms))
    assert 2 <= exchange.most_in_flight <= 8


# ------------------------------------------------------------------------------------ parts and trouble


async def test_a_listing_with_more_than_the_policy_gives_is_no_listing(exchange: ExchangeStandIn) -> None:
    exchange.directory.most_entries = 2
    for uid in ("a", "b"):
        exchange.directory.find(ROOM).put(uid, vevent(uid, *MORNING))
    assert len((await read_once(exchange)).events) == 2
    exchange.directory.find(ROOM).put("c", vevent("c", *MORNING))
    assert "part of the listing" in await fails(exchange, SourceUnavailable)


@pytest.mark.parametrize("trouble", ["wrong_count", "cut_document", "cut_off"])
async def test_half_an_answer_removes_nothing(exchange: ExchangeStandIn, trouble: str) -> None:
    """exchangelib repairs cut XML silently: such a listing would look like a short one."""
    for uid in ("a", "b"):
        exchange.directory.find(ROOM).put(uid, vevent(uid, *MORNING))
    async with source_of(exchange) as source:
        before = await source.read(ROOM, TUESDAY)
        setattr(exchange.troubles, trouble, True)
        with pytest.raises(SourceUnavailable):
            await source.read(ROOM, TUESDAY)
        setattr(exchange.troubles, trouble, False)
        assert await source.read(ROOM, TUESDAY) == before


async def test_an_item_that_is_corrupt_keeps_its_name(exchange: ExchangeStandIn) -> None:
    box = exchange.directory.find(ROOM)
    for uid in ("a", "b"):
        box.put(uid, vevent(uid, *MORNING))
    async with source_of(exchange) as source:
        assert len((await source.read(ROOM, TUESDAY)).events) == 2
        exchange.directory.corrupt = {"b"}
        box.put("b", vevent("b", *MORNING, sequence=1))
        snapshot = await source.read(ROOM, TUESDAY)
        assert [event.series_uid for event in snapshot.events] == ["a"]
        assert [(item.series_uid, item.reason.endswith(".")) for item in snapshot.unreadable] == [("b", True)]
        exchange.directory.corrupt = set()
        assert len((await source.read(ROOM, TUESDAY)).events) == 2


async def test_private_meetings_that_a_delegate_may_not_see(exchange: ExchangeStandIn) -> None:
    exchange.directory.delegates[exchange.account] = {ROOM.lower()}
    box = exchange.directory.find(ROOM)
    box.private_hidden = True
    box.put("open", vevent("open", *MORNING))
    box.put("secret", vevent("secret", *MORNING, "CLASS:PRIVATE"))
    snapshot = await read_once(exchange, access=access_to(exchange, impersonation=False))
    assert [event.series_uid for event in snapshot.events] == ["open"]
    assert [item.series_uid for item in snapshot.unreadable] == [""]


async def test_one_forbidden_room_stops_no_other(exchange: ExchangeStandIn) -> None:
    rooms = {f"room-{n}@example.org": SourceUnavailable for n in range(3)}
    for room in rooms:
        exchange.add_mailbox(room)
    exchange.directory.out_of_scope = {"room-0@example.org"}
    exchange.troubles.forbidden = {"room-1@example.org"}
    exchange.directory.denied = {"room-2@example.org"}
    async with source_of(exchange) as source:
        answers = await asyncio.gather(
            *(source.read(room, TUESDAY) for room in (*rooms, "nobody@example.org", "no address", ROOM)),
            return_exceptions=True,
        )
    told = [str(answer) for answer in answers[:5]]
    assert [type(answer) for answer in answers] == [AccessDenied] * 5 + [Snapshot]
    assert "ApplicationImpersonation" in told[0]
    assert "403" in told[1]
    assert "room-2@example.org" in told[2]
    assert "knows no mailbox nobody@example.org" in told[3]
    assert "no mail address" in told[4]


async def test_a_delegate_without_the_right_is_told_the_line(exchange: ExchangeStandIn) -> None:
    told = await fails(exchange, AccessDenied, access=access_to(exchange, impersonation=False))
    assert "Add-MailboxFolderPermission -Identity 'Room.O''Brien@example.org:\\Calendar'" in told


async def test_a_busy_server_says_how_long(exchange: ExchangeStandIn) -> None:
    exchange.troubles.busy = 1
    async with source_of(exchange) as source:
        with pytest.raises(RateLimited) as caught:
            await source.read(ROOM, TUESDAY)
        assert caught.value.retry_after == timedelta(seconds=30)
        await source.read(ROOM, TUESDAY)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (503, {"Retry-After": "7"}, 7),
        (429, {"Retry-After": "2.5"}, 2.5),
        (503, {}, 10),
        (429, {"Retry-After": "x"}, 10),
    ],
)
async def test_http_says_wait(exchange: ExchangeStandIn, status: int, headers: dict[str, str], seconds: float) -> None:
    exchange.troubles.answers.append((status, headers, b"later"))
    with pytest.raises(RateLimited) as caught:
        await read_once(exchange)
    assert caught.value.retry_after == timedelta(seconds=seconds)
    assert str(caught.value).endswith("is busy and asks to wait.")  # one sentence, however long: one line in the log


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (200, {}, b"<html>secret words of a page</html>", "not EWS"),
        (200, {}, b"", "not EWS"),
        (200, {}, b"<?xml version='1.0'?><a/>", "not EWS"),
        (200, {}, b"<?xml version='1.0'?><s:Envelope xmlns:s='x'><s:Body/></s:Envelope>", "not EWS"),
        (302, {"Location": "https://elsewhere.example.org/owa"}, b"", "redirects (HTTP 302)"),
        (302, {"Location": "https://outlook.office365.com/EWS/Exchange.asmx"}, b"", 'type = "graph"'),
        (404, {}, b"secret words", "HTTP 404"),
        (500, {}, b"Server Error in '/EWS' Application.", "HTTP 500"),
        (502, {}, b"\x00\xff", "HTTP 502"),
    ],
)
async def test_other_answers(
    exchange: ExchangeStandIn, status: int, headers: dict[str, str], body: bytes, words: str
) -> None:
    exchange.troubles.answers.append((status, headers, body))
    told = await fails(exchange, SourceUnavailable)
    assert words in told
    assert "secret" not in told


async def test_an_answer_that_drips_is_given_up_and_frees_its_thread(exchange: ExchangeStandIn) -> None:
    exchange.directory.find(ROOM).put("a", vevent("a", *MORNING))
    exchange.troubles.drips = 0.02
    async with source_of(exchange, deadline=2) as source:
        answers = await asyncio.gather(*(source.read(ROOM, TUESDAY) for _ in range(2)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [SourceUnavailable] * 2
        exchange.troubles.drips = 0.0
        assert len((await source.read(ROOM, TUESDAY)).events) == 1


async def test_a_server_that_is_down_and_comes_back(exchange: ExchangeStandIn) -> None:
    exchange.directory.find(ROOM).put("a", vevent("a", *MORNING))
    async with source_of(exchange) as source:
        before = await source.read(ROOM, TUESDAY)
        await exchange.stop()
        with pytest.raises(SourceUnavailable):
            await source.read(ROOM, TUESDAY)
        await exchange.start()
        assert await source.read(ROOM, TUESDAY) == before


async def test_connections_that_the_server_closed_while_idle_cost_nothing(exchange: ExchangeStandIn) -> None:
    async with source_of(exchange) as source:
        await source.read(ROOM, TUESDAY)
        await exchange.stop()
        await exchange.start()
        assert await source.read(ROOM, TUESDAY) == Snapshot(())


async def test_a_strangers_certificate_is_refused(exchange: ExchangeStandIn) -> None:
    told = await fails(exchange, SourceUnavailable, access=access_to(exchange, ca_file=None))
    assert "ca_file" in told
    assert not exchange.requests


async def test_times_of_events_are_not_moved_by_the_machine(exchange: ExchangeStandIn) -> None:
    exchange.directory.find(ROOM).put("a", vevent("a", "Asia/Tokyo:20261110T090000", "Asia/Tokyo:20261110T100000"))
    assert times((await read_once(exchange)).events) == [("a", "11-10 00:00", "11-10 01:00")]
