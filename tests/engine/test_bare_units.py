"""A1: a unit whose call listing says that a call is up and nothing else is dialled, followed and left."""

from __future__ import annotations

from pathlib import Path

from tests.support.clock import NINE
from tests.support.harness import Harness, bid, meeting, minutes


async def test_a1_a_call_that_only_its_id_tells_is_answered_and_left(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        house.unit.bare = True
        one = meeting()
        await house.calendar(one)
        await house.at(minutes(20))
        assert len(house.unit.calls) == 1
        assert house.named("dial.answered") and not house.named("dial.ended")
        await house.at(minutes(90))
        assert not house.unit.calls
        assert house.unit.dials_of(bid(one)) == len(house.unit.dialled) == len(house.unit.hung_up) == 1


async def test_a1_also_after_a_restart_in_the_call(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        house.unit.bare = True
        await house.calendar(meeting())
        await house.at(minutes(12))
        await house.crash()
        await house.start()
        await house.at(minutes(90))
        assert not house.unit.calls and len(house.unit.dialled) == 1


async def test_a1_back_to_back_in_one_meeting_the_call_goes_on(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        house.unit.bare = True
        first = meeting("m1", NINE + minutes(10), minutes(20))
        second = meeting("m2", NINE + minutes(30), minutes(20))
        await house.calendar(first, second)
        await house.at(minutes(45))
        assert len(house.unit.calls) == len(house.unit.dialled) == 1 and not house.unit.hung_up
        await house.at(minutes(90))
        assert not house.unit.calls and len(house.unit.hung_up) == 1


async def test_a1_another_meeting_follows_and_each_is_left(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        house.unit.bare = True
        first = meeting("m1", NINE + minutes(10), minutes(20))
        second = meeting("m2", NINE + minutes(30), minutes(20), number="987654321")
        await house.calendar(first, second)
        await house.at(minutes(90))
        assert [at for at, _, _ in house.unit.dialled] == [NINE + minutes(10), NINE + minutes(30)]
        assert house.unit.most_live == 1 and not house.unit.calls


async def test_a1_a_call_of_people_that_was_up_before_is_not_ours(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        house.unit.bare = True
        await house.calendar(meeting())
        await house.at(minutes(9))
        house.unit.other_call()
        await house.at(minutes(90))
        assert len(house.unit.calls) == 1 and not house.unit.dialled and not house.unit.hung_up


async def test_a1_a_reboot_that_gives_the_id_to_another_call_is_seen_where_the_unit_tells_more(tmp_path: Path) -> None:
    """Ids restart after a reboot: the same id with another far end is somebody's call, and stays."""
    async with Harness(tmp_path) as house:
        await house.calendar(meeting())
        await house.at(minutes(12))
        house.unit.reboot()
        house.unit._next = 3
        assert house.unit.other_call() == "4"
        await house.at(minutes(90))
        assert len(house.unit.calls) == 1 and not house.unit.hung_up
