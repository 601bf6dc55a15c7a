"""The contract of a calendar source, as tests. Every source passes them through an adapter.

A new source (a cloud service, say) writes a ``Backend`` over its stand-in server and a subclass of ``SourceContract``
whose ``backend`` fixture yields it. Events are given as iCalendar, which an adapter translates where its service
speaks another language.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from connector.calendars.base import CalendarSource
from connector.errors import CalendarError
from connector.model import Snapshot, Window
from tests.calendars.ics_text import change, times, utc, vevent, window

TUESDAY = window("2026-11-10", "2026-11-11")


class Backend(Protocol):
    """One empty calendar behind a source. ``source`` is entered; its ``changes`` look every 0.1 s or are pushed."""

    source: CalendarSource
    calendar: str

    async def put(self, uid: str, *components: str) -> None:
        """Adds or replaces the event: its VEVENTs, all with this UID."""
        ...

    async def delete(self, uid: str) -> None: ...

    async def interrupt(self) -> None:
        """From now on the service gives half a listing, or fails in the middle of it."""
        ...

    async def restore(self) -> None: ...

    async def age(self) -> None:
        """Nothing is fresh any more; a backend that does not care about freshness does nothing."""
        ...

    def transferred(self) -> int:
        """Bytes of calendar content that the source fetched so far."""
        ...


async def read(backend: Backend, when: Window = TUESDAY) -> Snapshot:
    async with asyncio.timeout(20):
        return await backend.source.read(backend.calendar, when)


async def announced(changes: AsyncIterator[str]) -> str:
    async with asyncio.timeout(10):
        return await anext(changes)


class SourceContract:
    """Subclass it and give it a fixture ``backend``."""

    async def test_an_empty_calendar(self, backend: Backend) -> None:
        await backend.put("soon-gone", vevent("soon-gone", "20261110T100000Z", "20261110T110000Z"))
        await backend.delete("soon-gone")
        assert await read(backend) == Snapshot(())

    async def test_the_window_is_half_open(self, backend: Backend) -> None:
        await backend.put("before", vevent("before", "20261109T230000Z", "20261110T000000Z"))
        await backend.put("into", vevent("into", "20261109T233000Z", "20261110T003000Z"))
        await backend.put("out", vevent("out", "20261110T233000Z", "20261111T003000Z"))
        await backend.put("after", vevent("after", "20261111T000000Z", "20261111T010000Z"))
        await backend.put("across", vevent("across", "20261109T120000Z", "20261112T120000Z"))
        assert times((await read(backend)).events) == [
            ("across", "11-09 12:00", "11-12 12:00"),
            ("into", "11-09 23:30", "11-10 00:30"),
            ("out", "11-10 23:30", "11-11 00:30"),
        ]

    async def test_what_an_event_tells(self, backend: Backend) -> None:
        await backend.put(
            "a",
            vevent(
                "a", "20261110T100000Z", "20261110T110000Z", "SUMMARY:Budget\\, round 2", "CLASS:PRIVATE",
                "ORGANIZER;CN=Dana Example:mailto:dana@example.org", "LOCATION:Room 1", "DESCRIPTION:one\\ntwo",
                "URL:https://meet.example.org/j/1",
            ),
        )  # fmt: skip
        (event,) = (await read(backend)).events
        assert (event.series_uid, event.title, event.organizer) == ("a", "Budget, round 2", "Dana Example")
        assert (event.private, event.cancelled, event.declined, event.all_day) == (True, False, False, False)
        found = {text.where: text.content for text in event.texts}
        assert (found["location"], found["description"]) == ("Room 1", "one\ntwo")
        assert "https://meet.example.org/j/1" in found.values()

    async def test_an_edit_and_a_removal(self, backend: Backend) -> None:
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z"))
        assert times((await read(backend)).events) == [("a", "11-10 10:00", "11-10 11:00")]
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T113000Z", sequence=1))
        assert times((await read(backend)).events) == [("a", "11-10 10:00", "11-10 11:30")]
        await backend.delete("a")
        assert (await read(backend)).events == ()

    async def test_a_single_event_keeps_its_identity_when_it_moves(self, backend: Backend) -> None:
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z"))
        (before,) = (await read(backend)).events
        await backend.put("a", vevent("a", "20261110T150000Z", "20261110T160000Z", sequence=1))
        (after,) = (await read(backend)).events
        assert before.start != after.start
        assert before.key == after.key

    async def test_a_series_without_end(self, backend: Backend) -> None:
        await backend.put("a", vevent("a", "20200106T100000Z", "20200106T110000Z", "RRULE:FREQ=DAILY"))
        events = (await read(backend, window("2026-11-10", "2026-11-13"))).events
        assert [f"{e.start:%d %H}" for e in events] == ["10 10", "11 10", "12 10"]
        assert all(e.original_start == e.start for e in events)
        assert len({e.key for e in events}) == 3

    async def test_a_yearly_series_and_more_than_100_occurrences(self, backend: Backend) -> None:
        await backend.put("year", vevent("year", "20101110T100000Z", "20101110T110000Z", "RRULE:FREQ=YEARLY"))
        await backend.put("many", vevent("many", "20260706T120000Z", "20260706T123000Z", "RRULE:FREQ=DAILY;COUNT=150"))
        assert [e.series_uid for e in (await read(backend)).events] == ["year", "many"]

    async def test_moved_cancelled_and_removed_occurrences(self, backend: Backend) -> None:
        series = vevent(
            "a", "20261102T100000Z", "20261102T110000Z", "RRULE:FREQ=DAILY;COUNT=20", "EXDATE:20261111T100000Z"
        )
        moved = change("a", "20261110T100000Z", "20261110T150000Z", "20261110T160000Z", "LOCATION:Elsewhere")
        cancelled = change("a", "20261112T100000Z", "20261112T100000Z", "20261112T110000Z", "STATUS:CANCELLED")
        await backend.put("a", series, moved, cancelled)
        events = (await read(backend, window("2026-11-10", "2026-11-14"))).events
        kept = [e for e in events if not e.cancelled]  # a service may leave cancelled occurrences out
        assert times(tuple(kept)) == [("a", "11-10 15:00", "11-10 16:00"), ("a", "11-13 10:00", "11-13 11:00")]
        assert kept[0].original_start == utc("2026-11-10 10:00")
        assert [t.content for t in kept[0].texts if t.where == "location"] == ["Elsewhere"]
        assert {e.start for e in events if e.cancelled} <= {utc("2026-11-12 10:00")}

    async def test_an_occurrence_that_moves_into_the_window_and_out_of_it(self, backend: Backend) -> None:
        series = vevent("a", "20261101T100000Z", "20261101T110000Z", "RRULE:FREQ=WEEKLY;COUNT=4")
        into = change("a", "20261108T100000Z", "20261110T100000Z", "20261110T110000Z")
        await backend.put("a", series, into)
        (event,) = (await read(backend)).events
        assert (event.original_start, event.start) == (utc("2026-11-08 10:00"), utc("2026-11-10 10:00"))
        assert (await read(backend, window("2026-11-08", "2026-11-09"))).events == ()

    async def test_a_whole_day(self, backend: Backend) -> None:
        await backend.put("day", vevent("day", "20261110", "20261111"))
        await backend.put("hours", vevent("hours", "20261110T000000Z", "20261111T000000Z"))
        events = {e.series_uid: e for e in (await read(backend)).events}
        assert events["day"].all_day
        assert not events["hours"].all_day
        assert events["hours"].end == utc("2026-11-11")

    @pytest.mark.parametrize(
        ("zone", "weeks"),
        [
            # the UTC hour of a weekly 10:00, before and after the clocks change, twice
            ("Europe/Berlin", "2026-03-24 09, 2026-03-31 08, 2026-10-20 08, 2026-10-27 09"),
            ("America/New_York", "2026-03-03 15, 2026-03-10 14, 2026-10-27 14, 2026-11-03 15"),
            ("Australia/Melbourne", "2026-03-30 23, 2026-04-07 00, 2026-09-29 00, 2026-10-05 23"),
        ],
    )
    async def test_weeks_in_which_the_clocks_change(self, backend: Backend, zone: str, weeks: str) -> None:
        await backend.put("a", vevent("a", f"{zone}:20260106T100000", f"{zone}:20260106T110000", "RRULE:FREQ=WEEKLY"))
        for expected in weeks.split(", "):
            day = expected[:10]
            events = (await read(backend, window(day, f"{day} 23:59"))).events
            assert [f"{e.start:%Y-%m-%d %H}" for e in events] == [expected]

    async def test_another_zone_than_the_rooms(self, backend: Backend) -> None:
        """Made in Tokyo for a day that is another one here."""
        await backend.put("a", vevent("a", "Asia/Tokyo:20261111T080000", "Asia/Tokyo:20261111T090000"))
        assert times((await read(backend)).events) == [("a", "11-10 23:00", "11-11 00:00")]

    async def test_an_item_that_cannot_be_read_is_named(self, backend: Backend) -> None:
        await backend.put("good", vevent("good", "20261110T100000Z", "20261110T110000Z"))
        await backend.put("bad", vevent("bad", "20261110T120000Z", "20261110T130000Z"))
        assert len((await read(backend)).events) == 2
        await backend.put("bad", vevent("bad", "20261110T130000Z", "20261110T120000Z", sequence=1))
        snapshot = await read(backend)
        assert [e.series_uid for e in snapshot.events] == ["good"]
        assert [u.series_uid for u in snapshot.unreadable] == ["bad"]
        assert snapshot.unreadable[0].reason.endswith(".")

    async def test_a_listing_that_is_not_whole_raises(self, backend: Backend) -> None:
        for uid in ("a", "b"):
            await backend.put(uid, vevent(uid, "20261110T100000Z", "20261110T110000Z", "DESCRIPTION:" + "x" * 3000))
        before = await read(backend)
        assert len(before.events) == 2
        await backend.interrupt()
        with pytest.raises(CalendarError) as caught:
            await read(backend)
        assert str(caught.value).endswith(".")
        await backend.restore()
        assert await read(backend) == before

    async def test_unchanged_is_cheap(self, backend: Backend) -> None:
        noise = "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(250))  # does not shrink much on the way
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z", f"DESCRIPTION:{noise}"))
        await backend.age()
        first = await read(backend)
        size = backend.transferred()
        assert size > 8_000
        for _ in range(3):
            assert await read(backend) == first
        assert backend.transferred() - size < 4_000

    async def test_changes_are_announced(self, backend: Backend) -> None:
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z"))
        backend.source.watch(backend.calendar)
        await read(backend)
        changes = backend.source.changes()
        for minutes in (10, 20, 30):
            await backend.put("a", vevent("a", "20261110T100000Z", f"20261110T11{minutes}00Z", sequence=minutes))
            while True:  # one change may be announced more than once, never less
                assert await announced(changes) == backend.calendar
                if times((await read(backend)).events) == [("a", "11-10 10:00", f"11-10 11:{minutes}")]:
                    break

    async def test_what_is_not_watched_any_more_is_not_announced(self, backend: Backend) -> None:
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z"))
        backend.source.watch(backend.calendar)
        await read(backend)
        backend.source.unwatch(backend.calendar)
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T113000Z", sequence=1))
        assert times((await read(backend)).events) == [("a", "11-10 10:00", "11-10 11:30")]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await anext(backend.source.changes())

    async def test_many_readers_at_once(self, backend: Backend) -> None:
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z", "RRULE:FREQ=DAILY"))
        answers = await asyncio.gather(*(read(backend) for _ in range(20)))
        assert all(answer == answers[0] for answer in answers)
        assert len(answers[0].events) == 1
