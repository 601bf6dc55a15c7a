"""The rules of joining and leaving (docs/explanation/meetings-in-time.md): each line of that table is a test here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from connector.cli.explain import lines
from connector.engine.report import room_report
from connector.model import AttemptState, CalendarId, Event, Meeting, RoomId
from connector.planning.plan import plan
from device_drivers.api import BookingList
from tests.support.clock import NINE
from tests.support.harness import AUTO, Harness, bid, meeting, minutes
from tests.support.memory_unit import ALL

TEN_PAST = NINE + minutes(10)
A = meeting("a")  # 9:10 to 9:40, 123456789
HANDOVER = timedelta(seconds=3)  # our own call ends this long before the next dial


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def other(uid: str, start: float, length: float, number: str = "999999999") -> Meeting:
    return meeting(uid, NINE + minutes(start), minutes(length), number=number)


def moved(of: Meeting, start: datetime, length: timedelta) -> Meeting:
    """The same single event at another time."""
    event = of.event
    return replace(of, event=replace(event, original_start=event.original_start, start=start, end=start + length))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Harness]:
    async with Harness(tmp_path) as house:
        yield house


def calls(house: Harness) -> list[tuple[float, str]]:
    """(minutes after nine, number) of every call placed."""
    return [((when - NINE).total_seconds() / 60, address.split(".")[0]) for when, address, _ in house.unit.dialled]


def ends(house: Harness) -> list[float]:
    return [round((when - NINE).total_seconds() / 60, 2) for when, _ in house.unit.hung_up]


def reasons(house: Harness, event: str) -> list[str]:
    return [each["reason"] for each in house.named(event)]


def why(house: Harness, of: Meeting) -> str:
    assert house.lanes is not None
    found = house.lanes._rooms[RoomId("r1")].plan
    assert found is not None
    return next(d.reason for d in found.decisions if d.booking_id == bid(of))


# ------------------------------------------------------------------------------------ E1: moved while it runs


@pytest.mark.parametrize("by", [minutes(31), minutes(180), timedelta(days=1), timedelta(days=7)])
async def test_e1_a_meeting_that_is_moved_away_is_left_at_its_old_end(house: Harness, by: timedelta) -> None:
    await house.calendar(A)
    await house.at(minutes(12))
    await house.calendar(moved(A, A.event.start + by, minutes(30) if by < minutes(60) else minutes(300)))
    if by == minutes(31):
        return  # within ten minutes of the old end: the same meeting goes on, see the next test
    await house.at(minutes(45))
    assert ends(house) == [40] and not house.unit.calls


async def test_e1_moved_to_just_after_its_old_end_the_call_goes_on(house: Harness) -> None:
    await house.calendar(A)
    await house.at(minutes(12))
    await house.calendar(moved(A, A.event.start + minutes(31), minutes(30)))
    await house.at(minutes(60))
    assert len(house.unit.calls) == 1 and len(calls(house)) == 1
    await house.at(minutes(72))
    assert ends(house) == [71]


async def test_e1_a_moved_meeting_is_joined_at_its_new_time(house: Harness) -> None:
    await house.calendar(A)
    await house.at(minutes(12))
    await house.calendar(moved(A, NINE + minutes(120), minutes(30)))
    await house.at(minutes(155))
    assert [at for at, _ in calls(house)] == [10, 120] and ends(house) == [40, 150]


async def test_e1_an_extension_moves_the_leave_also_with_an_earlier_start(house: Harness) -> None:
    await house.calendar(A)
    await house.at(minutes(12))
    await house.calendar(moved(A, NINE + minutes(5), minutes(55)))
    await house.at(minutes(61))
    assert ends(house) == [60] and len(calls(house)) == 1


async def test_e1_extended_and_then_moved_away_it_stays_until_the_end_that_was_promised(house: Harness) -> None:
    await house.calendar(A)
    await house.at(minutes(12))
    await house.calendar(moved(A, A.event.start, minutes(40)))
    await house.advance(seconds(5))
    await house.calendar(moved(A, A.event.start + timedelta(days=1), minutes(40)))
    await house.at(minutes(60))
    assert ends(house) == [50]


# ------------------------------------------------------------------------------------ E2: lead time


async def test_e2_lead_time_never_shortens_the_meeting_before(tmp_path: Path) -> None:
    async with Harness(tmp_path, replace(AUTO, join_before=minutes(1))) as house:
        await house.calendar(A, other("b", 40, 30))
        await house.at(minutes(75))
        assert calls(house) == [(9, "123456789"), (40, "999999999")]
        assert house.unit.hung_up[0][0] == NINE + minutes(40) - HANDOVER
        assert reasons(house, "leave.done")[0] == "the meeting is over"


@pytest.mark.parametrize(("gap", "dials"), [(0.5, 40.0), (0.75, 40.0), (1.0, 40.0), (5.0, 44.0)])
async def test_e2_after_a_gap_it_is_joined_as_soon_as_what_runs_is_over(
    tmp_path: Path, gap: float, dials: float
) -> None:
    async with Harness(tmp_path, replace(AUTO, join_before=minutes(1))) as house:
        await house.calendar(A, other("b", 40 + gap, 30))
        await house.at(minutes(75))
        assert [at for at, _ in calls(house)] == [9, dials]


async def test_e2_trailing_time_gives_way_to_lead_time(tmp_path: Path) -> None:
    async with Harness(tmp_path, replace(AUTO, join_before=minutes(2), leave_after=minutes(10))) as house:
        await house.calendar(A, other("b", 45, 30))
        await house.at(minutes(50))
        assert [at for at, _ in calls(house)] == [8, 43]


# ------------------------------------------------------------------------------------ E3: one id, two bookings


@pytest.mark.parametrize("inner_first", [True, False])
async def test_e3_one_id_in_two_bookings_is_left_at_the_last_end(house: Harness, inner_first: bool) -> None:
    outer, inner = other("outer", 10, 60, "123456789"), other("inner", 20, 10, "123456789")
    await house.calendar(*((inner, outer) if inner_first else (outer, inner)))
    await house.at(minutes(69))
    assert len(house.unit.calls) == 1
    await house.at(minutes(71))
    assert calls(house) == [(10, "123456789")] and ends(house) == [70]


async def test_e3_both_with_one_start(house: Harness) -> None:
    await house.calendar(other("long", 10, 60, "123456789"), other("short", 10, 15, "123456789"))
    await house.at(minutes(71))
    assert len(calls(house)) == 1 and ends(house) == [70]


async def test_e3_the_outer_one_is_taken_away_after_the_inner_one_took_the_call_over(house: Harness) -> None:
    outer, inner = other("outer", 10, 60, "123456789"), other("inner", 20, 10, "123456789")
    await house.calendar(outer, inner)
    await house.at(minutes(22))
    await house.calendar(inner)
    await house.at(minutes(90))
    assert ends(house) == [70], "a live call is never cut by an edit"


# ------------------------------------------------------------------------------------ E5: one start


async def test_e5_of_two_with_one_start_the_one_that_ends_first_then_the_other(house: Harness) -> None:
    short, long_ = other("short", 10, 20, "111111111"), other("long", 10, 60, "222222222")
    await house.calendar(long_, short)
    assert "starts with it and ends first" in why(house, long_) and "joined at 09:30" in why(house, long_)
    await house.at(minutes(71))
    assert calls(house) == [(10, "111111111"), (30, "222222222")]
    assert ends(house) == [29.95, 70]
    assert not house.named("dial.missed")


async def test_e5_equal_in_start_and_end_one_is_joined_and_stays(house: Harness) -> None:
    first, second = other("x", 10, 20, "111111111"), other("y", 10, 20, "222222222")
    await house.calendar(first, second)
    await house.at(minutes(35))
    assert len(calls(house)) == 1 and ends(house) == [30]
    winner = min((first, second), key=bid)
    assert house.unit.dialled[0][2] == bid(winner)


async def test_e5_over_a_restart_in_the_middle(tmp_path: Path) -> None:
    house = Harness(tmp_path)
    await house.start()
    await house.calendar(other("long", 10, 60, "222222222"), other("short", 10, 20, "111111111"))
    await house.at(minutes(15))
    await house.crash()
    await house.start()
    await house.at(minutes(71))
    assert calls(house) == [(10, "111111111"), (30, "222222222")]
    await house.stop()


# ------------------------------------------------------------------------------------ E6: overlaps


@pytest.mark.parametrize("busy", ["wait", "skip", "drop"])
async def test_e6_switch_leaves_at_the_later_start_and_returns(
    tmp_path: Path, busy: Literal["wait", "skip", "drop"]
) -> None:
    async with Harness(tmp_path, replace(AUTO, busy=busy)) as house:
        inner = other("inner", 20, 10)
        outer = other("outer", 10, 60, "123456789")
        await house.calendar(outer, inner)
        assert "leaves it at 09:20" in why(house, outer) and "returns at 09:30" in why(house, outer)
        await house.at(minutes(75))
        assert calls(house) == [(10, "123456789"), (20, "999999999"), (30, "123456789")]
        assert reasons(house, "leave.switched") == ["another meeting of the room begins, and overlap = switch"]
        assert ends(house) == [19.95, 29.95, 70]
        assert house.unit.most_live == 1


async def test_e6_switch_with_partly_overlapping_meetings(house: Harness) -> None:
    await house.calendar(A, other("b", 30, 30))
    await house.at(minutes(61))
    assert calls(house) == [(10, "123456789"), (30, "999999999")] and ends(house) == [29.95, 60]


async def test_e6_stay_keeps_what_runs_and_joins_the_other_afterwards(tmp_path: Path) -> None:
    async with Harness(tmp_path, replace(AUTO, overlap="stay")) as house:
        b = other("b", 30, 30)
        await house.calendar(A, b)
        assert "runs then (overlap = stay): this one is joined at 09:40" in why(house, b)
        await house.at(minutes(61))
        assert calls(house) == [(10, "123456789"), (40, "999999999")] and ends(house) == [39.95, 60]
        assert not house.named("dial.missed") and not house.named("leave.switched")


async def test_e6_stay_and_the_other_is_over_before(tmp_path: Path) -> None:
    async with Harness(tmp_path, replace(AUTO, overlap="stay")) as house:
        inner = other("inner", 15, 10)
        await house.calendar(A, inner)
        assert "this one is not joined" in why(house, inner)
        await house.at(minutes(45))
        assert calls(house) == [(10, "123456789")] and ends(house) == [40]


async def test_e6_a_meeting_that_is_over_is_never_dialled_though_it_may_linger(tmp_path: Path) -> None:
    """With time after the end it is in the plan still when the room is free."""
    async with Harness(
        tmp_path, replace(AUTO, overlap="stay", leave_after=minutes(20), late_join=minutes(30))
    ) as house:
        await house.calendar(A, other("inner", 15, 10))
        await house.at(minutes(90))
        assert [number for _, number in calls(house)] == ["123456789"]


async def test_e6_the_inner_one_is_cancelled_while_it_runs_and_the_outer_one_is_rejoined_after_it(
    house: Harness,
) -> None:
    outer = other("outer", 10, 60, "123456789")
    await house.calendar(outer, other("inner", 20, 10))
    await house.at(minutes(22))
    await house.calendar(outer)
    await house.at(minutes(75))
    assert calls(house) == [(10, "123456789"), (20, "999999999"), (30, "123456789")] and ends(house)[-1] == 70


async def test_e6_what_a_person_hung_up_is_not_rejoined(house: Harness) -> None:
    await house.calendar(other("outer", 10, 60, "123456789"), other("inner", 20, 10))
    await house.at(minutes(15))
    house.unit.hang_up_by_hand()
    await house.at(minutes(75))
    assert [number for _, number in calls(house)] == ["123456789", "999999999"]


async def test_e6_the_inner_one_cannot_be_dialled_and_the_outer_one_has_the_room_again(house: Harness) -> None:
    await house.calendar(other("outer", 10, 60, "123456789"), other("inner", 20, 30))
    await house.at(minutes(19))
    house.unit.refuse_dials = 10_000
    await house.at(minutes(25))
    house.unit.refuse_dials = 0
    await house.at(minutes(75))
    assert [number for _, number in calls(house)] == ["123456789", "123456789"] and ends(house)[-1] == 70


async def test_e6_an_outer_one_whose_call_went_on_as_an_inner_one_is_returned_to(house: Harness) -> None:
    """Three bookings of one meeting, then another meeting in the last of them."""
    await house.calendar(
        other("outer", 10, 60, "111111111"), other("inner", 20, 10, "111111111"), other("else", 25, 10, "222222222")
    )
    await house.at(minutes(75))
    assert calls(house) == [(10, "111111111"), (25, "222222222"), (35, "111111111")] and ends(house)[-1] == 70


async def test_e6_three_nested(house: Harness) -> None:
    await house.calendar(
        other("outer", 10, 80, "111111111"), other("middle", 20, 40, "222222222"), other("inner", 30, 10, "333333333")
    )
    await house.at(minutes(95))
    assert calls(house) == [
        (10, "111111111"),
        (20, "222222222"),
        (30, "333333333"),
        (40, "222222222"),
        (60, "111111111"),
    ]
    assert house.unit.most_live == 1 and not house.unit.calls


async def test_e6_an_overlapping_meeting_that_comes_up_while_the_other_runs(house: Harness) -> None:
    await house.calendar(A)
    await house.at(minutes(20))
    await house.calendar(A, other("adhoc", 15, 15))  # it began five minutes ago
    await house.at(minutes(45))
    assert [number for _, number in calls(house)] == ["123456789", "999999999", "123456789"]


# ------------------------------------------------------------------------------------ E7: free at the last moment


@pytest.mark.parametrize("before", [0.2, 1, 3, 4.9])
async def test_e7_free_within_the_last_seconds_of_the_grace_is_dialled(house: Harness, before: float) -> None:
    house.unit.other_call()
    await house.calendar(A)
    await house.at(minutes(15) - seconds(before))
    house.unit.hang_up_by_hand()
    await house.at(minutes(16))
    assert [number for _, number in calls(house)] == ["123456789"]


async def test_e7_busy_to_the_end_is_missed_and_says_so(house: Harness) -> None:
    house.unit.other_call()
    await house.calendar(A)
    await house.at(minutes(20))
    assert calls(house) == []
    assert reasons(house, "dial.missed") == ["the room is in another call until the grace was over"]


# ------------------------------------------------------------------------------------ E9: calls that people joined


def button(of: Meeting) -> BookingList:
    room = Harness(Path("unused")).rooms[RoomId("r1")]
    return plan(room, [of], ALL, NINE).bookings


async def joined_by_hand(house: Harness, *more: Meeting) -> None:
    await house.calendar(A, *more)
    await house.at(minutes(8))
    house.unit.join_by_hand(button(A).bookings[0])


async def test_e9_a_call_that_people_joined_and_nobody_hangs_up_is_told_of(house: Harness) -> None:
    await joined_by_hand(house, other("later", 60, 10))
    await house.at(minutes(39))
    assert not house.named("call.overruns")
    await house.at(minutes(70))
    assert len(house.named("call.overruns")) == 1 and len(house.unit.calls) == 1
    assert reasons(house, "dial.missed") == ["the room is in another call until the grace was over"]


async def test_e9_ended_by_the_policy_booked(tmp_path: Path) -> None:
    async with Harness(tmp_path, replace(AUTO, leave_joined="booked")) as house:
        await joined_by_hand(house)
        await house.at(minutes(41))
        assert not house.unit.calls and ends(house) == [40]
        assert reasons(house, "leave.done") == ["the meeting is over, and leave_joined = booked"]


async def test_e9_hung_up_in_time_nothing_is_said(house: Harness) -> None:
    await joined_by_hand(house)
    await house.at(minutes(39))
    house.unit.hang_up_by_hand()
    await house.at(minutes(60))
    assert not house.named("call.overruns") and not house.named("leave.done")


async def test_e9_a_later_call_into_the_same_number_is_not_the_one_that_was_joined(tmp_path: Path) -> None:
    """The daemon was down at the meeting's end, and people meet under that number again."""
    house = Harness(tmp_path, replace(AUTO, leave_joined="booked"))
    await house.start()
    await joined_by_hand(house)
    await house.at(minutes(20))
    await house.stop()
    house.unit.hang_up_by_hand()
    await house.clock.run_until(NINE + minutes(50), house.settle)
    house.unit.join_by_hand(button(A).bookings[0])
    await house.start()
    await house.at(minutes(70))
    assert len(house.unit.calls) == 1 and not house.unit.hung_up and not house.named("call.overruns")
    await house.stop()


async def test_e9_over_a_restart(tmp_path: Path) -> None:
    house = Harness(tmp_path)
    await house.start()
    await joined_by_hand(house)
    await house.at(minutes(20))
    await house.crash()
    await house.start()
    await house.at(minutes(45))
    assert len(house.named("call.overruns")) == 1
    await house.stop()


# ------------------------------------------------------------------------------------ E10: said in explain


async def explained(house: Harness) -> str:
    assert house.store is not None
    room = house.rooms[RoomId("r1")]
    report = await room_report(
        house.store, room, CalendarId("ics", room.calendar), house.clock.now(), pace=house.options.pace
    )
    return "\n".join(lines(report, minutes(5), house.clock.now()))


@pytest.mark.parametrize("edit", ["removed", "shortened", "moved away"])
async def test_e10_explain_says_in_which_call_the_room_is_and_until_when(house: Harness, edit: str) -> None:
    await house.calendar(A)
    await house.at(minutes(15))
    assert "in a call to 123456789@zoomcrc.com (Title a) since" in await explained(house)
    assert "the room leaves it" in await explained(house) and "09:40:00" in await explained(house)
    assert "never cut by an edit" not in await explained(house)
    left = {"removed": [], "shortened": [moved(A, A.event.start, minutes(3))]}
    await house.calendar(*left.get(edit, [moved(A, A.event.start + timedelta(days=1), minutes(30))]))
    await house.at(minutes(20))
    text = await explained(house)
    assert "in a call to 123456789@zoomcrc.com" in text and "09:40:00" in text and "never cut by an edit" in text
    assert "4321" not in text
    await house.at(minutes(41))
    assert "in a call" not in await explained(house)


async def test_e10_nothing_is_called_changed_in_lead_time_in_time_after_the_end_or_by_another_booking(
    tmp_path: Path,
) -> None:
    policy = replace(AUTO, join_before=minutes(2), leave_after=minutes(2))
    async with Harness(tmp_path, policy) as house:
        await house.calendar(A, other("inner", 15, 5, "123456789"))
        for at in (9, 12, 16, 30, 41):
            await house.at(minutes(at))
            assert "in a call to 123456789@zoomcrc.com" in await explained(house)
            assert "never cut by an edit" not in await explained(house), at


async def test_e10_a_call_that_nobody_watches_is_spoken_of_while_its_meeting_runs(tmp_path: Path) -> None:
    async with Harness(tmp_path, replace(AUTO, auto_leave=False)) as house:
        await house.calendar(A)
        await house.at(minutes(20))
        assert "auto_leave is off: people end it" in await explained(house)
        await house.at(minutes(60))
        assert "in a call" not in await explained(house)


async def test_e10_explain_tells_of_a_call_that_people_joined(house: Harness) -> None:
    await joined_by_hand(house)
    await house.at(minutes(15))
    assert "that somebody joined by hand; its meeting ends" in await explained(house)


# ------------------------------------------------------------------------------------ E11: auto-join changes the row


async def test_e11_what_one_unit_of_the_group_has_answered_is_not_dialled_by_the_other(tmp_path: Path) -> None:
    house = Harness(tmp_path, rooms=2)
    first, second = RoomId("r1"), RoomId("r2")
    house.rooms[second] = replace(house.rooms[second], calendar="r1.ics", policy=replace(AUTO, auto_join=False))
    await house.start()
    await house.calendar(A)
    await house.at(minutes(11))
    house.rooms = {
        first: replace(house.rooms[first], policy=replace(AUTO, auto_join=False)),
        second: replace(house.rooms[second], policy=AUTO),
    }
    await house.apply()
    await house.at(minutes(20))
    assert len(house.units["r1"].calls) == 1 and not house.units["r2"].dialled
    assert "the room's other unit, r1, is in this meeting already" in reasons(house, "dial.skipped")
    await house.at(minutes(41))
    assert not house.units["r1"].calls
    await house.stop()


# ------------------------------------------------------------------------------------ E12: a new number while it runs


async def test_e12_a_new_number_is_told_and_the_room_stays(house: Harness) -> None:
    await house.calendar(A)
    await house.at(minutes(15))
    await house.calendar(meeting("a", number="555555555"))
    await house.at(minutes(41))
    assert len(house.named("call.address_changed")) == 1 and ends(house) == [40] and len(calls(house)) == 1


async def test_e12_changed_over_by_policy(tmp_path: Path) -> None:
    async with Harness(tmp_path, replace(AUTO, new_address="change")) as house:
        await house.calendar(A)
        await house.at(minutes(20))
        await house.calendar(meeting("a", number="555555555"))
        await house.at(minutes(41))
        assert [number for _, number in calls(house)] == ["123456789", "555555555"]
        assert house.unit.most_live == 1 and not house.unit.calls
        assert len(house.named("leave.moved")) == 1


# ------------------------------------------------------------------------------------ E13, E14: what is listed


@pytest.mark.parametrize("word", ["tentative", "free"])
async def test_e13_tentative_and_free_meetings_have_a_button_and_join_by_setting(tmp_path: Path, word: str) -> None:
    async with Harness(tmp_path) as house:
        await house.calendar(_marked("a", word))
        assert house.unit.screen.bookings[0].address is not None
        assert f"({word} = button)" in why(house, A)
        await house.at(minutes(20))
        assert calls(house) == []
        await house.policy(**{word: "join"})
        await house.calendar(A, _marked("b", word, NINE + minutes(60)))
        await house.at(minutes(61))
        assert [at for at, _ in calls(house)][-1] == 60


def _marked(uid: str, word: str, start: datetime = TEN_PAST) -> Meeting:
    of = meeting(uid, start)
    marks: dict[str, Any] = {word: True}
    return replace(of, event=replace(of.event, **marks))


async def test_e14_two_uids_with_one_meeting_are_shown_once_with_the_newer_code(house: Harness) -> None:
    old, new = (_revised(meeting(uid, passcode=code), at) for uid, code, at in (("m", "1111", 1), ("n", "2222", 2)))
    for both in ((old, new), (new, old)):
        await house.calendar(*both)
        assert house.unit.screen.ids == {bid(new)}
    assert "twice, under two UIDs" in why(house, old)
    await house.at(minutes(11))
    assert [address for _, address, _ in house.unit.dialled] == ["123456789.2222@zoomcrc.com"]


def _revised(of: Meeting, hour: int) -> Meeting:
    event: Event = replace(of.event, title="One title", modified=NINE - timedelta(hours=24 - hour))
    return replace(of, event=event)


async def test_a8_a_dial_of_a_late_start_says_how_late_it_is(house: Harness) -> None:
    house.unit.refuse_dials = 3
    await house.calendar(A)
    await house.at(minutes(14))
    late = house.unit.dialled[0][0] - TEN_PAST
    assert late > seconds(1)
    assert house.named("dial.sent")[0]["late_ms"] == late.total_seconds() * 1000
    assert (
        AttemptState.ANSWERED in {a.state for lanes in house.lanes._rooms.values() for a in lanes.dialer.attempts}
        if house.lanes
        else False
    )
