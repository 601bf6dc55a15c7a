"""The computer's clock is set while calls run (A14): durations go by the monotonic clock, the rest is planned anew."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connector.clock import Steps
from tests.support.clock import NINE, FakeClock
from tests.support.harness import Harness, bid, meeting, minutes

STEPS = [timedelta(hours=-2), timedelta(hours=2), timedelta(minutes=-3), timedelta(days=-400), timedelta(seconds=-20)]


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


async def stepped(house: Harness, by: timedelta) -> None:
    """As the daemon does on noticing it."""
    assert house.lanes is not None and house.planner is not None
    house.clock.step(by)
    await house.lanes.stepped(by)
    house.planner.plan_anew()
    await house.settle()


@pytest.mark.parametrize("by", STEPS)
def test_a14_a_step_is_noticed_once_and_time_that_passes_is_none(by: timedelta) -> None:
    clock = FakeClock()
    steps = Steps(clock)
    clock._now += minutes(200)
    assert steps.look() is None
    clock.step(by)
    assert steps.look() == by and steps.look() is None
    clock.step(timedelta(seconds=3))
    assert steps.look() is None, "a slew is no step"


@pytest.mark.parametrize("by", STEPS)
async def test_a14_what_is_planned_after_the_step_is_shown_dialled_and_left(tmp_path: Path, by: timedelta) -> None:
    async with Harness(tmp_path) as house:
        await house.at(minutes(5))
        await stepped(house, by)
        later = meeting("b", house.clock.now() + minutes(10), minutes(20))
        await house.calendar(later)
        assert house.unit.screen.ids == {bid(later)}
        await house.at(house.clock.now() - NINE + minutes(11))
        assert house.unit.live_of(bid(later))
        await house.at(house.clock.now() - NINE + minutes(21))
        assert not house.unit.calls


@pytest.mark.parametrize("by", [timedelta(minutes=-15), timedelta(minutes=10), timedelta(seconds=-40)])
async def test_a14_a_call_that_is_up_stays_ours_and_is_left_at_the_calendars_time(
    tmp_path: Path, by: timedelta
) -> None:
    async with Harness(tmp_path) as house:
        m = meeting()
        await house.calendar(m)
        await house.at(minutes(15))
        house.unit.began = {call: began + by for call, began in house.unit.began.items()}  # it counts its seconds
        await stepped(house, by)
        assert len(house.unit.calls) == 1
        await house.at(minutes(39))
        assert len(house.unit.calls) == 1 and house.unit.dials_of(bid(m)) == 1
        await house.at(minutes(41))
        assert not house.unit.calls and house.named("leave.done")


async def test_a14_set_past_the_end_the_call_is_left_at_once(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        await house.calendar(meeting())
        await house.at(minutes(15))
        house.unit.began = {call: began + minutes(60) for call, began in house.unit.began.items()}
        await stepped(house, minutes(60))
        await house.advance(timedelta(seconds=5))
        assert not house.unit.calls


@pytest.mark.parametrize("asleep", [seconds(20), minutes(2), minutes(12)])
async def test_a14_a_computer_that_slept_leaves_its_call_whose_seconds_the_unit_went_on_counting(
    tmp_path: Path, asleep: timedelta
) -> None:
    async with Harness(tmp_path) as house:
        await house.calendar(meeting())
        await house.at(minutes(15))
        await stepped(house, asleep)  # and nothing is done to the unit
        await house.at(minutes(39))
        assert len(house.unit.calls) == 1 and len(house.unit.dialled) == 1
        await house.at(minutes(41))
        assert not house.unit.calls and house.named("leave.done")


async def test_a14_a_dial_of_unknown_outcome_is_not_waited_for_until_the_old_time_comes_again(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        house.unit.lose_reply = True
        m = meeting()
        await house.calendar(m)
        await house.at(minutes(10) + seconds(1))
        house.unit.began = {call: began - minutes(2) for call, began in house.unit.began.items()}
        await stepped(house, -minutes(2))
        await house.advance(minutes(4))
        assert house.named("dial.adopted") and house.unit.dials_of(bid(m)) == 1
