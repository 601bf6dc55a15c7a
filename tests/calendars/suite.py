"""The contract of a calendar source, as tests. Every source passes them through an adapter.

A new source (a cloud service, say) writes a ``Backend`` over its stand-in server and a subclass of ``SourceContract``
whose ``backend`` fixture yields it. Events are given as iCalendar, which an adapter translates where its service
speaks another language.
"""

from __future__ import annotations

import asyncio
import hashlib
import traceback
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

import pytest

from connector.calendars.base import CalendarSource
from connector.errors import CalendarError
from connector.model import Snapshot, Window
from tests.calendars.ics_text import change, times, utc, vevent, window
from tests.support import patience

TUESDAY = window("2026-11-10", "2026-11-11")


class Backend(Protocol):
    """One empty calendar behind a source. ``source`` is entered; its ``changes`` look every 0.1 s or are pushed.

    ``owner``: the mail address that the service knows the room by; empty where it knows none, as a file does.
    ``secrets``: what no message may repeat.
    """

    source: CalendarSource
    calendar: str
    owner: str
    secrets: tuple[str, ...]

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


class PagedBackend(Backend, Protocol):
    """A service that gives a listing in several parts."""

    async def lose_a_part(self) -> None:
        """From now on a listing of five has at least two parts. Its first one comes, and a later one does not."""
        ...

    async def restore_parts(self) -> None: ...


async def read(backend: Backend, when: Window = TUESDAY, zone: tzinfo | None = None) -> Snapshot:
    async with patience.timeout(20):
        return await backend.source.read(backend.calendar, when, zone)


async def announced(changes: AsyncIterator[str]) -> str:
    async with patience.timeout(10):
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
        assert event.organizer_email == "dana@example.org"
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

    @pytest.mark.parametrize(("word", "private"), [("PUBLIC", False), ("PRIVATE", True), ("CONFIDENTIAL", True)])
    async def test_who_may_see_its_title(self, backend: Backend, word: str, private: bool) -> None:
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z", f"CLASS:{word}"))
        (event,) = (await read(backend)).events
        assert event.private is private

    async def test_a_cancelled_event_is_left_out_or_says_so(self, backend: Backend) -> None:
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z"))
        (before,) = (await read(backend)).events
        gone = vevent("a", "20261110T100000Z", "20261110T110000Z", "STATUS:CANCELLED", sequence=1)
        await backend.put("a", gone)
        assert [(e.key, e.cancelled) for e in (await read(backend)).events] in ([], [(before.key, True)])

    async def test_a_meeting_that_the_room_has_declined(self, backend: Backend) -> None:
        """Somebody else's refusal is not the room's."""
        for turn, who in enumerate(("dana@example.org", backend.owner)):
            if who:
                answer, declined = f"ATTENDEE;PARTSTAT=DECLINED:mailto:{who}", who == backend.owner
                await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z", answer, sequence=turn))
                assert [e.declined for e in (await read(backend)).events] == [declined]

    async def test_names_with_signs_in_them(self, backend: Backend) -> None:
        """``uid`` is also the name of the item at the service; UIDs have whatever their makers liked."""
        for name, uid in (("a+b=(2)@c", "o'brien/2+3&%20=?#@example.org"), ("a+b=(2)", "o'brien/2@example.org")):
            await backend.put(name, vevent(uid, "20261110T100000Z", "20261110T110000Z"))
        before = {e.key for e in (await read(backend)).events}
        assert len(before) == 2
        moved = vevent("o'brien/2+3&%20=?#@example.org", "20261110T120000Z", "20261110T130000Z", sequence=1)
        await backend.put("a+b=(2)@c", moved)
        events = (await read(backend)).events
        assert [f"{e.start:%H}" for e in events] == ["10", "12"]
        assert {e.key for e in events} == before
        await backend.delete("a+b=(2)@c")
        assert [f"{e.start:%H}" for e in (await read(backend)).events] == ["10"]

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

    async def test_an_occurrence_keeps_its_identity_when_it_moves(self, backend: Backend) -> None:
        """Also where it comes to stand at the time of another one: then there are two."""
        series = vevent("a", "20261102T100000Z", "20261102T110000Z", "RRULE:FREQ=DAILY;COUNT=20")
        when = window("2026-11-10", "2026-11-12")
        await backend.put("a", series)
        tuesday, wednesday = (await read(backend, when)).events
        moved = change("a", "20261110T100000Z", "20261111T100000Z", "20261111T110000Z", "LOCATION:Elsewhere")
        await backend.put("a", series, moved)
        events = (await read(backend, when)).events
        assert [f"{e.start:%d %H}" for e in events] == ["11 10", "11 10"]
        assert {e.key for e in events} == {tuesday.key, wednesday.key}
        (elsewhere,) = (e for e in events if any(t.content == "Elsewhere" for t in e.texts))
        assert elsewhere.key == tuesday.key
        await backend.put("a", series)
        assert [e.key for e in (await read(backend, when)).events] == [tuesday.key, wednesday.key]

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

    async def test_a_whole_day_is_the_rooms(self, backend: Backend) -> None:
        """It begins at the room's midnight; rooms of two zones may follow one calendar."""
        await backend.put("day", vevent("day", "20261110", "20261111"))
        for _ in range(2):
            for zone, start, end in (
                ("America/New_York", "11-10 05:00", "11-11 05:00"),
                ("Asia/Tokyo", "11-09 15:00", "11-10 15:00"),
                ("UTC", "11-10 00:00", "11-11 00:00"),
            ):
                assert times((await read(backend, zone=ZoneInfo(zone))).events) == [("day", start, end)]
        evening = window("2026-11-10 15:00", "2026-11-10 20:00")
        assert (await read(backend, evening, ZoneInfo("Asia/Tokyo"))).events == ()
        assert len((await read(backend, evening, ZoneInfo("America/New_York"))).events) == 1

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

    async def test_an_item_that_is_mended_is_the_same_again(self, backend: Backend) -> None:
        await backend.put("a", vevent("a", "20261110T120000Z", "20261110T130000Z"))
        (before,) = (await read(backend)).events
        await backend.put("a", vevent("a", "20261110T130000Z", "20261110T120000Z", sequence=1))
        assert (await read(backend)).events == ()
        await backend.put("a", vevent("a", "20261110T120000Z", "20261110T123000Z", sequence=2))
        snapshot = await read(backend)
        assert [e.key for e in snapshot.events] == [before.key]
        assert snapshot.unreadable == ()

    async def test_a_listing_that_is_not_whole_raises(self, backend: Backend) -> None:
        for uid in ("a", "b"):
            await backend.put(uid, vevent(uid, "20261110T100000Z", "20261110T110000Z", "DESCRIPTION:" + "x" * 3000))
        before = await read(backend)
        assert len(before.events) == 2
        await backend.interrupt()
        with pytest.raises(CalendarError) as caught:
            await read(backend)
        assert str(caught.value).endswith(".")
        assert "xxx" not in str(caught.value), "what a meeting says is nobody's business but the room's"
        await backend.restore()
        assert await read(backend) == before

    async def test_no_error_repeats_a_secret(self, backend: Backend) -> None:
        """Nor what a meeting says, nor with all that led to it: somebody will print the whole of it one day."""
        for uid in ("a", "b"):
            await backend.put(uid, vevent(uid, "20261110T100000Z", "20261110T110000Z", "DESCRIPTION:Passcode 860418"))
        await read(backend)
        errors = []
        for calendar in (backend.calendar, f"{backend.calendar}x"):
            await backend.interrupt()
            with pytest.raises(CalendarError) as caught:
                await backend.source.read(calendar, TUESDAY)
            await backend.restore()
            errors.append(caught.value)
        told = "".join("".join(traceback.format_exception(error)) for error in errors)
        assert not [secret[:4] for secret in ("860418", *backend.secrets) if secret in told]

    async def test_what_changed_while_it_could_not_be_read(self, backend: Backend) -> None:
        """Nothing of a listing that failed is used, and nothing of it is taken for known afterwards."""
        for uid in ("a", "b"):
            await backend.put(uid, vevent(uid, "20261110T100000Z", "20261110T110000Z"))
        await read(backend)
        await backend.put("a", vevent("a", "20261110T103000Z", "20261110T110000Z", sequence=1))
        await backend.delete("b")
        await backend.put("c", vevent("c", "20261110T150000Z", "20261110T160000Z"))
        await backend.interrupt()
        for _ in range(2):
            with pytest.raises(CalendarError):
                await read(backend)
        await backend.restore()
        right = [("a", "11-10 10:30", "11-10 11:00"), ("c", "11-10 15:00", "11-10 16:00")]
        assert times((await read(backend)).events) == right

    async def test_a_calendar_that_is_not_there_raises(self, backend: Backend) -> None:
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z"))
        async with patience.timeout(20):
            with pytest.raises(CalendarError) as caught:
                await backend.source.read(f"{backend.calendar}x", TUESDAY)
        assert str(caught.value).endswith(".")
        assert len((await read(backend)).events) == 1

    async def test_an_event_that_is_edited_all_the_time_is_there_once(self, backend: Backend) -> None:
        """A reading among changes may fail; it never tells of none, of two, or of what never was."""
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z"))
        seen, written = [], {"11:00"}

        async def look() -> None:
            while len(written) <= 8:
                with suppress(CalendarError):
                    seen.append([f"{e.end:%H:%M}" for e in (await read(backend)).events])
                await asyncio.sleep(0.01)

        looking = asyncio.create_task(look())
        for minutes in range(10, 18):
            written.add(f"11:{minutes}")
            await backend.put("a", vevent("a", "20261110T100000Z", f"20261110T11{minutes}00Z", sequence=minutes))
            await asyncio.sleep(0.02)
        await looking
        assert all(len(times_) == 1 and times_[0] in written for times_ in seen)
        assert times((await read(backend)).events) == [("a", "11-10 10:00", "11-10 11:17")]

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

    async def test_what_comes_and_what_goes_is_announced(self, backend: Backend) -> None:
        backend.source.watch(backend.calendar)
        await read(backend)
        changes = backend.source.changes()

        async def announced_until(count: int) -> None:
            while True:
                assert await announced(changes) == backend.calendar
                if len((await read(backend)).events) == count:
                    return

        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z"))
        await announced_until(1)
        await backend.put("b", vevent("b", "20261110T120000Z", "20261110T130000Z"))
        await announced_until(2)
        await backend.delete("a")
        await announced_until(1)

    async def test_changes_are_announced_after_a_failure_and_a_pause(self, backend: Backend) -> None:
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z"))
        await backend.put("b", vevent("b", "20261110T150000Z", "20261110T160000Z"))
        backend.source.watch(backend.calendar)
        await read(backend)
        await backend.interrupt()
        with pytest.raises(CalendarError):
            await read(backend)
        await backend.restore()
        backend.source.unwatch(backend.calendar)
        backend.source.watch(backend.calendar)
        await read(backend)
        changes = backend.source.changes()
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T113000Z", sequence=1))
        while True:
            assert await announced(changes) == backend.calendar
            if times((await read(backend)).events)[0] == ("a", "11-10 10:00", "11-10 11:30"):
                break

    async def test_what_is_not_watched_any_more_is_not_announced(self, backend: Backend) -> None:
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z"))
        backend.source.watch(backend.calendar)
        await read(backend)
        backend.source.unwatch(backend.calendar)
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T113000Z", sequence=1))
        assert times((await read(backend)).events) == [("a", "11-10 10:00", "11-10 11:30")]
        with pytest.raises(TimeoutError):
            async with patience.timeout(0.5):
                await anext(backend.source.changes())

    async def test_many_readers_at_once(self, backend: Backend) -> None:
        await backend.put("a", vevent("a", "20261110T100000Z", "20261110T110000Z", "RRULE:FREQ=DAILY"))
        answers = await asyncio.gather(*(read(backend) for _ in range(20)))
        assert all(answer == answers[0] for answer in answers)
        assert len(answers[0].events) == 1


class PagedContract(SourceContract):
    """Of a source whose service gives a listing in parts. Its fixture ``backend`` is a ``PagedBackend``."""

    async def test_a_part_in_the_middle_is_missing(self, backend: PagedBackend) -> None:
        """At the first reading and after a change: never a shorter list."""
        for hour in range(10, 15):
            await backend.put(f"m{hour}", vevent(f"m{hour}", f"20261110T{hour}0000Z", f"20261110T{hour + 1}0000Z"))
        for title in ("Untitled", "Changed"):
            await backend.put("m10", vevent("m10", "20261110T100000Z", "20261110T110000Z", f"SUMMARY:{title}"))
            await backend.lose_a_part()
            for _ in range(2):
                with pytest.raises(CalendarError) as caught:
                    await read(backend)
                assert str(caught.value).endswith(".")
            await backend.restore_parts()
            events = (await read(backend)).events
            assert [(e.series_uid, e.title) for e in events][:2] == [("m10", title), ("m11", events[1].title)]
            assert len(events) == 5
