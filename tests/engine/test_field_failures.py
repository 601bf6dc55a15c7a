"""What other products got wrong in the field, where no other test of the engine holds it; F-numbers as on the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connector.clock import SystemClock
from connector.model import CalendarId, RoomId
from connector.planning.address import same_target
from tests.engine.test_sync import Desk, event
from tests.support import patience
from tests.support.clock import NINE
from tests.support.harness import Harness, bid, meeting, minutes

TEN = NINE + minutes(10)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Harness]:
    async with Harness(tmp_path) as house:
        yield house


def shown(house: Harness, room: str = "r1") -> list[str]:
    return [b.id for b in house.units[room].screen.bookings]


# ------------------------------------------------------------------------------------ detection, again and again


async def test_a_link_that_goes_and_comes_back_is_found_again(tmp_path: Path) -> None:  # F054
    calendar = CalendarId("s", "c")
    async with Desk(tmp_path) as desk:
        texts = ("", "The link follows.", "https://zoom.us/j/22345678901\nPasscode: 777777")
        found = []
        for text in texts:
            desk.source.listed["c"] = [event(text=text)]
            if calendar in desk.told:
                desk.reader.trigger(calendar)
                await desk.advance(desk.options.debounce)
            else:
                await desk.use("c")
            (one,) = desk.held.get(calendar) or ()
            found.append(one.join.sip)
        assert found == [("12345678901.4321@zoomcrc.com",), (), ("22345678901.777777@zoomcrc.com",)]


async def test_a_meeting_that_got_another_number_shows_and_dials_that_one(house: Harness) -> None:  # F056, F077, F078
    old, new = meeting(), meeting(number="222222222", passcode="9999")
    await house.calendar(old)
    await house.calendar(new)
    (booking,) = house.unit.screen.bookings
    assert booking.id == bid(old)
    assert booking.address is not None and booking.address.address == "222222222.9999@zoomcrc.com"
    await house.at(minutes(15))
    assert [address for _, address, _ in house.unit.dialled] == ["222222222.9999@zoomcrc.com"]


async def test_later_occurrences_of_a_series_are_meetings_of_their_own(house: Harness) -> None:  # F060, F061, F077
    """All of one series; the second has join information of its own."""
    first, third = meeting("s", original=TEN), meeting("s", TEN + minutes(120))
    second = meeting("s", TEN + minutes(60), number="222222222")
    await house.calendar(first, second, third)
    assert len(set(shown(house))) == 3
    await house.at(minutes(140))
    assert [address.partition(".")[0] for _, address, _ in house.unit.dialled] == [
        "123456789",
        "222222222",
        "123456789",
    ]


# ------------------------------------------------------------------------------------ time and lifecycle


@pytest.mark.parametrize("tentative", ["join", "button"])
async def test_declined_and_cancelled_are_not_shown_and_tentative_is(
    house: Harness, tentative: str
) -> None:  # F068, F070
    await house.policy(tentative=tentative)
    kept = meeting("t", tentative=True)
    await house.calendar(meeting("d", declined=True), meeting("c", cancelled=True), kept)
    assert shown(house) == [bid(kept)]
    await house.at(minutes(15))
    assert [booking for _, _, booking in house.unit.dialled] == ([bid(kept)] if tentative == "join" else [])


async def test_a_whole_day_hides_no_meeting_of_the_day(house: Harness) -> None:  # F074, F075
    day = meeting("day", NINE - minutes(540), timedelta(days=1), number="111111111", all_day=True)
    timed = meeting("timed")
    await house.calendar(day, timed)
    assert shown(house) == [bid(day), bid(timed)]
    await house.at(minutes(60))
    assert [booking for _, _, booking in house.unit.dialled] == [bid(timed)]


async def test_a_meeting_of_24_hours_is_no_whole_day(house: Harness) -> None:  # F074
    await house.calendar(meeting(length=timedelta(days=1)))
    await house.at(minutes(11))
    assert len(house.unit.dialled) == 1


@pytest.mark.parametrize("length", [0, -30])
async def test_an_event_without_a_length_is_never_dialled(house: Harness, length: int) -> None:  # F079
    odd, good = meeting("odd", length=minutes(length), number="111111111"), meeting("good", TEN + minutes(5))
    await house.calendar(odd, good)
    assert bid(good) in shown(house)
    assert all(b.end > b.start for b in house.unit.screen.bookings)
    await house.at(minutes(20))
    assert [booking for _, _, booking in house.unit.dialled] == [bid(good)]


async def test_across_midnight_is_one_call(house: Harness) -> None:  # F079
    late = meeting(start=NINE + timedelta(hours=14, minutes=30), length=minutes(60))
    await house.calendar(late)
    await house.at(timedelta(hours=15, minutes=15))
    assert shown(house) == [bid(late)] and len(house.unit.calls) == 1
    await house.at(timedelta(hours=15, minutes=31))
    assert shown(house) == [] and not house.unit.calls
    assert len(house.unit.dialled) == 1


async def test_overlapping_meetings_are_both_shown_the_running_one_first(house: Harness) -> None:  # F080
    running, other = meeting("a", number="111111111"), meeting("b", TEN + minutes(10), number="222222222")
    await house.calendar(other, running)
    await house.at(minutes(25))
    assert shown(house) == [bid(running), bid(other)]


async def test_the_next_button_is_there_while_the_first_call_runs(house: Harness) -> None:  # F081
    first, second = meeting("a", number="111111111"), meeting("b", TEN + minutes(30), number="222222222")
    await house.calendar(first, second)
    await house.at(minutes(37))
    assert shown(house) == [bid(first), bid(second)]
    upcoming = house.unit.screen.bookings[1]
    assert upcoming.early_join == minutes(5) and upcoming.start - upcoming.early_join < house.clock.now()


async def test_one_meeting_in_three_rooms_is_one_call_each(tmp_path: Path) -> None:  # F082
    async with Harness(tmp_path, rooms=3) as house:
        m = meeting()
        for room in house.units:
            await house.calendar(m, room=room)
        await house.at(minutes(15))
        numbers = [bid(m, RoomId(room)) for room in house.units]
        assert len(set(numbers)) == 3
        assert [[b for _, _, b in unit.dialled] for unit in house.units.values()] == [[n] for n in numbers]
        house.units["r1"].hang_up_by_hand()
        await house.at(minutes(20))
        assert [len(unit.calls) for unit in house.units.values()] == [0, 1, 1]


async def test_booked_a_minute_before_its_start_it_is_shown_and_dialled_in_time(house: Harness) -> None:  # F084
    await house.at(minutes(9))
    m = meeting()
    await house.calendar(m)
    assert shown(house) == [bid(m)]
    await house.at(minutes(11))
    assert house.unit.dialled[0][0] == TEN


# ------------------------------------------------------------------------------------ units and calls


async def test_a_booking_keeps_its_id_over_restarts_moves_and_edits(house: Harness) -> None:  # F110
    m = meeting(start=TEN + minutes(60))
    await house.calendar(m)
    before = shown(house)
    await house.crash()
    await house.start()
    await house.calendar(replace(m, event=replace(m.event, start=TEN, title="Another title")))
    assert shown(house) == before


@pytest.mark.parametrize(
    "reported",
    [
        "sip:123456789.4321@zoomcrc.com",
        "sips:123456789@zoomcrc.com;transport=tls",
        "spark:123456789@zoomcrc.com",
        "123456789.4321..504@zoomcrc.com",
        "h323:zoomcrc.com##123456789#4321",
        "123456789",
    ],
)
def test_a_call_is_known_in_every_spelling_of_its_far_end(reported: str) -> None:  # F122
    assert same_target(reported, "123456789.4321@zoomcrc.com")
    assert not same_target(reported, "987654321.4321@zoomcrc.com")


async def test_a_call_that_is_slow_to_be_let_in_is_kept_to_the_end_of_its_meeting(house: Harness) -> None:  # F127
    house.unit.connects = False
    await house.calendar(meeting(length=minutes(60)))
    await house.at(minutes(13))
    assert len(house.unit.dialled) == 1 and house.unit.calls
    house.unit.answer_all()
    await house.at(minutes(69))
    assert len(house.unit.dialled) == 1 and house.unit.calls and not house.unit.hung_up
    await house.at(minutes(71))
    assert not house.unit.calls


async def test_50_rooms_at_one_instant_dial_once_each_on_the_second(tmp_path: Path) -> None:  # F130
    async with Harness(tmp_path, rooms=50) as house:
        for room in house.units:
            await house.calendar(meeting(), room=room)
        await house.at(minutes(11))
        assert [[when for when, _, _ in unit.dialled] for unit in house.units.values()] == [[TEN]] * 50


# ------------------------------------------------------------------------------------ operations


async def test_a_restart_ten_seconds_before_the_start_is_in_time(tmp_path: Path) -> None:  # F156
    house = Harness(tmp_path)
    m = meeting()
    async with house:
        await house.calendar(m)
        await house.at(minutes(10) - timedelta(seconds=10))
        await house.crash()
        await house.start()
        assert shown(house) == [bid(m)]
        await house.at(minutes(11))
        assert house.unit.dialled == [(TEN, "123456789.4321@zoomcrc.com", bid(m))]


async def test_a_clock_that_jumps_over_the_start_dials_within_the_grace(house: Harness) -> None:  # F157
    await house.calendar(meeting())
    house.clock._now = TEN + minutes(2)
    await house.advance(timedelta(seconds=1))
    assert len(house.unit.dialled) == 1


async def test_a_clock_that_jumps_back_over_the_start_does_not_dial_again(house: Harness) -> None:  # F157
    await house.calendar(meeting())
    await house.at(minutes(15))
    house.clock._now = NINE + minutes(5)
    await house.at(minutes(20))
    assert len(house.unit.dialled) == 1 and house.unit.calls
    await house.at(minutes(41))
    assert not house.unit.calls


async def test_a_step_of_the_machines_clock_is_noticed_within_a_second() -> None:  # F157
    class Stepped(SystemClock):
        ahead = timedelta(0)

        def now(self) -> datetime:
            return super().now() + self.ahead

    clock = Stepped()
    rung = asyncio.Event()
    clock.call_at(SystemClock().now() + timedelta(hours=1), rung.set)
    clock.ahead = timedelta(hours=1)
    async with patience.timeout(3):
        await rung.wait()
