"""Whatever the log knows of a room, explain tells: also of one that was removed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from connector import events
from connector.cli.explain import _removed
from connector.engine.report import removed_report, room_report
from connector.model import CalendarId, RoomId
from tests.support.harness import ROOM, Harness, meeting, minutes

CALENDAR = CalendarId("ics", "r1.ics")


async def test_c5_events_of_the_rooms_own_calendar_that_cannot_be_read(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        assert house.store is not None and house.lanes is not None
        recorder = house.lanes._recorder
        for calendar, reason in ((CALENDAR.key, "odd rule"), (CALENDAR.key, "odd rule"), ("ics:r2.ics", "another's")):
            recorder.publish(events.CalendarItemUnreadable(calendar=calendar, reason=reason))
        await house.settle()
        now, pace = house.clock.now(), house.options.pace
        report = await room_report(house.store, house.rooms[ROOM], CALENDAR, now, pace=pace)
        assert [item["reason"] for item in report.calendar_unreadable] == ["odd rule"]
        later = await room_report(house.store, house.rooms[ROOM], CALENDAR, now + timedelta(days=8), pace=pace)
        assert later.calendar_unreadable == ()


async def test_c5_a_wrong_clock_is_told_as_long_as_it_is_wrong(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        house.unit.clock_skew = timedelta(seconds=-400)
        await house.at(minutes(10))
        assert house.store is not None
        pace = house.options.pace
        report = await room_report(house.store, house.rooms[ROOM], CALENDAR, house.clock.now(), pace=pace)
        assert report.clock_off is not None and -402 <= report.clock_off <= -398
        house.unit.clock_skew = timedelta(0)
        await house.at(minutes(20))
        report = await room_report(house.store, house.rooms[ROOM], CALENDAR, house.clock.now(), pace=pace)
        assert report.clock_off is None


async def test_c5_a_room_that_was_removed_while_its_call_is_up(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        await house.calendar(meeting())
        await house.at(minutes(15))
        house.rooms = {}
        await house.apply()
        assert house.store is not None
        found = await removed_report(house.store, RoomId("r1"), house.clock.now())
        assert found is not None
        text = "\n".join(_removed(found))
        assert "being let go" in text and "the room leaves it" in text and "dial.answered" in text
        assert "4321" not in text
        assert await removed_report(house.store, RoomId("nobody"), house.clock.now()) is None
