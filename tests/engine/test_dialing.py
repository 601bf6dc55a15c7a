"""Promises 2 and 3 of the design: exactly one call, on the second, and leaving."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connector.model import Policy
from device_drivers.api import UnitProtocol
from tests.support.clock import NINE
from tests.support.harness import AUTO, Harness, bid, meeting, minutes
from tests.support.memory_unit import without

TEN = NINE + minutes(10)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Harness]:
    async with Harness(tmp_path) as house:
        yield house


async def test_dials_on_the_second_and_leaves_at_the_end(house: Harness) -> None:
    m = meeting()
    await house.calendar(m)
    await house.at(minutes(41))
    assert house.unit.dialled == [(TEN, "123456789.4321@zoomcrc.com", bid(m))]
    assert [when for when, _ in house.unit.hung_up] == [TEN + minutes(30)]
    assert not house.unit.calls
    assert [e["event"] for e in house.events if e["event"].startswith(("dial.", "leave."))] == [
        "dial.sent",
        "dial.answered",
        "leave.done",
    ]


async def test_join_before_and_leave_after(house: Harness) -> None:
    await house.policy(join_before=minutes(2), leave_after=minutes(3))
    await house.calendar(meeting())
    await house.at(minutes(60))
    assert house.unit.dialled[0][0] == TEN - minutes(2)
    assert house.unit.hung_up[0][0] == TEN + minutes(33)


async def test_a_refusal_is_retried_within_the_grace_and_then_it_is_one_call(house: Harness) -> None:
    house.unit.refuse_dials = 3
    m = meeting()
    await house.calendar(m)
    await house.at(minutes(15))
    assert house.unit.dials_of(bid(m)) == 1
    assert house.unit.most_live == 1
    assert len(house.named("dial.refused")) == 1  # one line a change of state, not one an attempt


async def test_refused_until_the_grace_ends_is_missed(house: Harness) -> None:
    house.unit.refuse_dials = 10_000
    await house.calendar(meeting())
    await house.at(minutes(30))
    assert house.unit.dialled == []
    assert [e["reason"] for e in house.named("dial.missed")] == ["busy"]


async def test_lost_reply_is_adopted_not_redialled(house: Harness) -> None:
    house.unit.lose_reply = True
    m = meeting()
    await house.calendar(m)
    await house.at(minutes(20))
    assert house.unit.dials_of(bid(m)) == 1
    assert house.named("dial.unknown") and house.named("dial.adopted")
    await house.at(minutes(45))
    assert not house.unit.calls  # adopted means ours: it is left at the end


async def test_lost_command_is_sent_once_more_after_it_settled(house: Harness) -> None:
    house.unit.lose_command = True
    m = meeting()
    await house.calendar(m)
    await house.at(minutes(20))
    assert house.unit.dials_of(bid(m)) == 1
    when = house.unit.dialled[0][0]
    assert TEN + house.options.settle <= when <= TEN + minutes(5)


async def test_unreadable_after_a_lost_reply_is_left_to_the_button(house: Harness) -> None:
    house.unit.lose_reply = True
    m = meeting()
    await house.calendar(m)
    await house.at(minutes(10) - timedelta(milliseconds=200))
    house.unit.calls_unreadable = True
    await house.at(minutes(30))
    assert house.unit.dials_of(bid(m)) == 1
    assert house.named("dial.missed")


async def test_a_call_of_unknown_outcome_is_left_when_its_event_is_deleted(house: Harness) -> None:
    house.unit.lose_reply = True
    await house.calendar(meeting())
    await house.at(minutes(10) - timedelta(milliseconds=100))
    house.unit.calls_unreadable = True
    await house.advance(timedelta(milliseconds=700))
    await house.calendar()
    house.unit.calls_unreadable = False
    assert house.unit.calls
    await house.at(minutes(90))
    assert not house.unit.calls


@pytest.mark.parametrize("grace", [0, 5])
async def test_a_call_that_is_answered_after_the_grace_is_ours_to_leave(tmp_path: Path, grace: int) -> None:
    async with Harness(tmp_path, replace(AUTO, late_join=minutes(grace))) as house:
        house.unit.connects = False  # it rings: nobody is there yet
        await house.calendar(meeting())
        await house.at(minutes(10 + grace) + timedelta(seconds=15))
        house.unit.answer_all()
        await house.at(minutes(39))
        assert len(house.unit.calls) == 1 and len(house.unit.dialled) == 1
        await house.at(minutes(41))
        assert not house.unit.calls
        assert house.named("leave.done") and not house.named("dial.ended")


async def test_what_a_person_hung_up_is_not_redialled(house: Harness) -> None:
    m = meeting()
    await house.calendar(m)
    await house.at(minutes(11))
    house.unit.hang_up_by_hand()
    await house.at(minutes(60))
    assert house.unit.dials_of(bid(m)) == 1
    assert house.named("leave.already_gone")


async def test_hung_up_by_hand_while_dialling_is_not_redialled(house: Harness) -> None:
    house.unit.connects = False
    m = meeting()
    await house.calendar(m)
    await house.at(minutes(10) + timedelta(seconds=3))
    house.unit.hang_up_by_hand()
    await house.at(minutes(60))
    assert house.unit.dials_of(bid(m)) == 1
    assert "somebody in the room" in house.named("dial.ended")[0]["reason"]


async def test_refused_by_the_far_end_is_retried(house: Harness) -> None:
    house.unit.connects = False
    m = meeting()
    await house.calendar(m)
    await house.at(minutes(10) + timedelta(seconds=3))
    house.unit.far_end_refuses("RemoteBusy")
    house.unit.connects = True
    await house.at(minutes(14))
    assert house.unit.dials_of(bid(m)) == 2
    assert house.unit.most_live == 1


async def test_busy_waits_and_dials_when_free(house: Harness) -> None:
    m = meeting()
    await house.calendar(m)
    house.unit.other_call()
    await house.at(minutes(12))
    assert not house.unit.dialled
    house.unit.hang_up_by_hand()
    await house.at(minutes(13))
    assert house.unit.dials_of(bid(m)) == 1
    assert len(house.named("dial.waiting")) == 1


async def test_busy_until_the_grace_ends_is_missed(house: Harness) -> None:
    await house.calendar(meeting())
    other = house.unit.other_call()
    await house.at(minutes(40))
    assert not house.unit.dialled
    assert other in house.unit.calls
    assert house.named("dial.missed")


@pytest.mark.parametrize(("busy", "dials", "others"), [("skip", 0, 1), ("drop", 1, 0)])
async def test_busy_by_policy(tmp_path: Path, busy: str, dials: int, others: int) -> None:
    async with Harness(tmp_path, replace(AUTO, busy=busy)) as house:  # type: ignore[arg-type]  # parametrised literal
        m = meeting()
        await house.calendar(m)
        other = house.unit.other_call()
        await house.at(minutes(20))
        assert house.unit.dials_of(bid(m)) == dials
        assert (other in house.unit.calls) == bool(others)


async def test_already_in_the_meeting_by_hand_is_not_dialled_and_not_left(house: Harness) -> None:
    m = meeting()
    await house.calendar(m)
    house.unit.join_by_hand(house.unit.screen.bookings[0])
    await house.at(minutes(60))
    assert not house.unit.dialled
    assert house.unit.calls  # somebody else's call: not ours to end
    assert house.named("dial.not_needed")


async def test_back_to_back_ends_ours_before_the_next_dial(house: Harness) -> None:
    await house.policy(leave_after=minutes(5))
    first = meeting("a", number="111111111")
    second = meeting("b", TEN + minutes(30), number="222222222")
    await house.calendar(first, second)
    await house.at(minutes(50))
    assert [b for _, _, b in house.unit.dialled] == [bid(first), bid(second)]
    assert house.unit.dialled[1][0] == TEN + minutes(30)
    assert house.unit.most_live == 1


async def test_back_to_back_with_the_same_id_stays(house: Harness) -> None:
    first, second = meeting("a"), meeting("b", TEN + minutes(30))
    await house.calendar(first, second)
    await house.at(minutes(45))
    assert len(house.unit.dialled) == 1
    assert len(house.unit.calls) == 1
    assert house.named("leave.stay")
    await house.at(minutes(75))
    assert not house.unit.calls  # the second one's end counts


async def test_the_same_meeting_twice_at_one_time_is_one_call(house: Harness) -> None:
    await house.calendar(meeting("a"), meeting("b"))
    await house.at(minutes(45))
    assert len(house.unit.dialled) == 1
    assert house.unit.most_live == 1


async def test_moved_before_the_start_dials_at_the_new_time_only(house: Harness) -> None:
    m = meeting()
    await house.calendar(m)
    await house.at(minutes(10) - timedelta(seconds=2))  # armed already
    moved = meeting(start=TEN + minutes(20), original=TEN)
    await house.calendar(moved)
    await house.at(minutes(29))
    assert not house.unit.dialled
    await house.at(minutes(31))
    assert [when for when, _, _ in house.unit.dialled] == [TEN + minutes(20)]


async def test_moved_away_and_back_dials_at_the_right_time(house: Harness) -> None:
    m = meeting()
    await house.calendar(m)
    await house.at(minutes(10) - timedelta(seconds=2))
    await house.calendar(meeting(start=TEN + minutes(60), original=TEN))
    later = meeting(start=TEN + minutes(20), original=TEN)
    await house.calendar(later)
    await house.at(minutes(12))
    assert not house.unit.dialled
    await house.at(minutes(35))
    assert [when for when, _, _ in house.unit.dialled] == [TEN + minutes(20)]


async def test_deleted_while_running_keeps_the_call_until_its_end(house: Harness) -> None:
    await house.calendar(meeting())
    await house.at(minutes(20))
    await house.calendar()
    await house.at(minutes(39))
    assert house.unit.calls
    await house.at(minutes(41))
    assert not house.unit.calls


async def test_deleted_before_the_start_is_not_dialled(house: Harness) -> None:
    await house.calendar(meeting())
    await house.at(minutes(10) - timedelta(milliseconds=100))  # the row says "sent", no byte has left
    await house.calendar()
    await house.at(minutes(30))
    assert not house.unit.dialled


async def test_extended_while_running_leaves_later_and_shortened_does_not_cut(house: Harness) -> None:
    await house.calendar(meeting())
    await house.at(minutes(20))
    await house.calendar(meeting(length=minutes(50)))
    await house.at(minutes(45))
    assert house.unit.calls
    await house.calendar(meeting(length=minutes(36)))
    await house.at(minutes(59))
    assert house.unit.calls
    await house.at(minutes(61))
    assert not house.unit.calls


async def test_moved_while_running_never_drops_nor_doubles_the_call(house: Harness) -> None:
    await house.calendar(meeting())
    await house.at(minutes(15))
    await house.calendar(meeting(start=TEN + minutes(10), original=TEN))
    await house.at(minutes(45))
    assert len(house.unit.dialled) == 1
    assert house.unit.calls  # the later end moved the leave order
    await house.at(minutes(51))
    assert not house.unit.calls
    assert house.unit.most_live == 1


async def test_started_earlier_while_running_is_no_missed_dial(house: Harness) -> None:
    await house.calendar(meeting())
    await house.at(minutes(15))
    await house.calendar(meeting(start=TEN - minutes(5), length=minutes(35), original=TEN))
    await house.at(minutes(30))
    assert len(house.unit.dialled) == 1
    assert not house.named("dial.missed")


async def test_unit_off_at_dial_time_and_back_within_the_grace(house: Harness) -> None:
    m = meeting()
    await house.calendar(m)
    house.unit.on = False
    await house.at(minutes(12))
    house.unit.on = True
    await house.at(minutes(13))
    assert house.unit.dials_of(bid(m)) == 1


async def test_unit_off_through_the_grace_is_missed_with_its_cause(house: Harness) -> None:
    await house.calendar(meeting())
    house.unit.on = False
    await house.at(minutes(20))
    house.unit.on = True
    await house.at(minutes(30))
    assert not house.unit.dialled
    assert "connection refused" in house.named("dial.missed")[0]["reason"]


async def test_all_day_never_joins(house: Harness) -> None:
    await house.calendar(meeting(start=NINE, length=timedelta(days=1), all_day=True))
    await house.at(minutes(10))
    assert not house.unit.dialled


async def test_a_slow_push_does_not_hold_a_dial_back(house: Harness) -> None:
    import asyncio

    m = meeting()
    await house.calendar(m)
    house.unit.hold_push = asyncio.Event()
    await house.calendar(m, meeting("b", TEN + minutes(60)))
    await house.at(minutes(11))
    assert house.unit.dialled[0][0] == TEN
    house.unit.hold_push.set()


async def test_a_unit_that_cannot_list_calls_is_dialled_once_and_left(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        house.unit.facts = without(UnitProtocol.LISTS_CALLS)
        m = meeting()
        await house.calendar(m)
        await house.at(minutes(60))
        assert house.unit.dials_of(bid(m)) == 1
        assert not house.unit.calls


async def test_lost_reply_of_a_unit_that_cannot_list_calls_is_never_repeated(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        house.unit.facts = without(UnitProtocol.LISTS_CALLS)
        house.unit.lose_reply = True
        m = meeting()
        await house.calendar(m)
        await house.at(minutes(60))
        assert house.unit.dials_of(bid(m)) == 1
        assert house.named("dial.missed")


async def test_dial_policy_is_judged_again_before_sending(tmp_path: Path) -> None:
    async with Harness(tmp_path, Policy(auto_join=True, allowed_domains=("example.test",))) as house:
        await house.calendar(meeting())
        await house.at(minutes(30))
        assert not house.unit.dialled
        assert not house.unit.screen.bookings[0].address


# ------------------------------------------------------------------------------------ crashes


@pytest.mark.parametrize("seconds", [-3.0, -0.9, -0.2, 0.0, 0.5, 5.0, 100.0])
async def test_crash_around_the_dial_gives_exactly_one_call(tmp_path: Path, seconds: float) -> None:
    house = Harness(tmp_path)
    await house.start()
    m = meeting()
    await house.calendar(m)
    await house.at(minutes(10) + timedelta(seconds=seconds))
    await house.crash()
    await house.clock.advance(timedelta(seconds=20), _nothing)
    async with house:
        await house.at(minutes(16))
        assert house.unit.dials_of(bid(m)) == 1
        assert len(house.unit.live_of(bid(m))) == 1
        await house.at(minutes(45))
        assert not house.unit.calls


async def test_crash_between_commit_and_reply_adopts_the_call(tmp_path: Path) -> None:
    house = Harness(tmp_path)
    await house.start()
    m = meeting()
    await house.calendar(m)
    await house.at(minutes(10) - timedelta(milliseconds=100))
    await house.crash()
    house.unit.join_by_hand(house.unit.screen.bookings[0])  # as if the bytes had left before the crash
    async with house:
        await house.at(minutes(20))
        assert not house.unit.dialled
        assert house.named("dial.adopted")


async def _nothing() -> None:
    return None
