"""How often a calendar is read: by the hour of its room, by what is near, by whether changes are told of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.planning.pace import Pace, Span

BERLIN = ZoneInfo("Europe/Berlin")
PACE = Pace(
    near=timedelta(minutes=1), working=timedelta(minutes=2), idle=timedelta(minutes=10), told=timedelta(minutes=15)
)
TUESDAY = datetime(2026, 12, 1, tzinfo=BERLIN)
DAY = timedelta(days=1)


def at(hour: int, minute: int = 0, day: int = 0) -> datetime:
    return (TUESDAY + timedelta(days=day)).replace(hour=hour, minute=minute).astimezone(UTC)


def readings(times: Iterable[Span], *, told: bool = False, zone: ZoneInfo = BERLIN, begin: datetime = TUESDAY) -> int:
    """Of a whole day."""
    now, count, known = begin, 0, tuple(times)
    while (now := PACE.after(now, zone, known, told=told)) < begin + DAY:
        count += 1
    return count


def test_an_idle_room_costs_a_third_of_a_reading_a_minute() -> None:
    """12 hours of 30 and 12 of 6; each minute all day it would be 1,440."""
    assert readings(()) == 432


def test_an_idle_room_whose_changes_are_told_of_costs_less_than_a_hundred() -> None:
    assert readings((), told=True) <= 100


def test_a_day_off_is_night() -> None:
    saturday = TUESDAY + 4 * DAY
    assert readings((), begin=saturday) == 144


def test_the_hours_are_those_of_the_room() -> None:
    assert PACE.judged(at(7), BERLIN, (), told=False) == (PACE.working, "working hours")
    assert PACE.judged(at(7), ZoneInfo("America/New_York"), (), told=False) == (PACE.idle, "outside working hours")


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(("hour", "minute", "near"), [(2, 59, False), (3, 0, True), (5, 30, True), (6, 1, False)])
def test_each_minute_from_two_hours_before_a_meeting_to_its_end(hour: int, minute: int, near: bool, told: bool) -> None:
    meeting = (at(5), at(6))
    assert (PACE.period(at(hour, minute), BERLIN, [meeting], told=told) == PACE.near) is near


def test_what_lasts_for_days_is_not_near_for_days() -> None:
    assert PACE.period(at(3), BERLIN, [(at(0), at(0, day=3))], told=False) == PACE.idle


def test_a_reading_planned_at_night_does_not_wait_beyond_the_opening() -> None:
    due = PACE.after(at(6, 56), BERLIN, (), told=False)
    assert at(7) < due <= at(7, 2)


def test_nor_beyond_the_moment_when_a_meeting_comes_near() -> None:
    due = PACE.after(at(0, 56), BERLIN, [(at(3), at(4))], told=True)
    assert at(1) < due <= at(1, 1)


def test_hours_over_midnight() -> None:
    night = Pace(PACE.near, PACE.working, PACE.idle, PACE.told, opens=time(22), closes=time(6))
    periods = [night.period(at(hour), BERLIN, (), told=False) for hour in (21, 23, 5, 6)]
    assert periods == [PACE.idle, PACE.working, PACE.working, PACE.idle]


def test_one_period_for_all_hours() -> None:
    steady = Pace.steady(timedelta(seconds=60))
    assert steady.judged(at(3), BERLIN, (), told=True) == (timedelta(seconds=60), "")
    assert steady.words() == "every 1 min" and steady.of_now(at(3), BERLIN, ()) == "every 1 min"


def test_it_can_be_said() -> None:
    assert PACE.words() == (
        "every 2 min from 07:00 to 19:00 on working days, every 10 min else, every 1 min in the 120 min before a"
        " meeting and while it runs, and every 15 min where changes are told of"
    )
    assert (
        PACE.of_now(at(3), BERLIN, ()) == "every 10 min (outside working hours); every 15 min where changes are told of"
    )
    assert PACE.of_now(at(3), BERLIN, [(at(4), at(5))]) == "every 1 min (a meeting is near or runs)"


moments = st.integers(0, 730 * 86_400).map(lambda seconds: at(0) + timedelta(seconds=seconds))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]).map(ZoneInfo)
lengths = st.integers(0, 1000).map(lambda minutes: timedelta(minutes=minutes))


@given(moments, zones, st.lists(st.tuples(lengths, lengths), max_size=4), st.booleans())
def test_the_next_reading_is_ahead_and_never_later_than_the_pace_of_any_moment_until_then(
    now: datetime, zone: ZoneInfo, meetings: list[tuple[timedelta, timedelta]], told: bool
) -> None:
    times = [(now + start, now + start + length) for start, length in meetings]
    due = PACE.after(now, zone, times, told=told)
    assert now < due <= now + PACE.period(now, zone, times, told=told)
    moment = now
    while moment < due:
        assert due <= moment + PACE.period(moment, zone, times, told=told) + timedelta(minutes=1)
        moment += timedelta(minutes=1)


@given(moments, st.sampled_from([PACE.near, PACE.working, PACE.idle, PACE.told]))
def test_all_of_one_pace_are_read_together_and_off_the_full_minute(now: datetime, period: timedelta) -> None:
    pace = Pace.steady(period)
    due = pace.after(now, BERLIN, (), told=False)
    assert due == pace.after(due - timedelta(seconds=1), BERLIN, (), told=False)
    assert PACE.after(now, BERLIN, (), told=False).second == 22
