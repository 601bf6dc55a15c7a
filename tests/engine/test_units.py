"""A unit is a thing of its own: what became of the room's row, what we began on it we end; and whose a call is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connector.model import Room, RoomId, Unit, UnitState
from connector.store.api import StoreError, UnitLease
from tests.support.clock import NINE
from tests.support.harness import ROOM, Harness, bid, meeting, minutes
from tests.support.memory_unit import MemoryUnit

M = meeting()  # 9:10 to 9:40
SPARE = "spare"


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


async def in_call(tmp_path: Path) -> Harness:
    house = Harness(tmp_path)
    house.units[SPARE] = MemoryUnit(house.clock, serial_number="S2")
    house.meetings[SPARE] = []
    await house.start()
    await house.calendar(M)
    await house.at(minutes(10) + seconds(5))
    assert house.unit.live_of(bid(M))
    return house


def reasons(house: Harness, event: str) -> list[str]:
    return [each["reason"] for each in house.named(event)]


async def edited(house: Harness, change: Callable[[Room], Room | None]) -> None:
    changed = change(house.rooms[ROOM])
    house.rooms = {} if changed is None else {ROOM: changed}
    await house.apply()


# ------------------------------------------------------------------------------------ a codec is swapped


def swapped(room: Room) -> Room:
    return replace(room, device_type=SPARE)


async def test_a2_on_a_swap_the_old_unit_is_left_and_cleared_and_the_new_one_joins(tmp_path: Path) -> None:
    house = await in_call(tmp_path)
    await house.at(minutes(20))  # past the grace of the dial
    await edited(house, swapped)
    await house.advance(seconds(30))
    old, new = house.units["r1"], house.units[SPARE]
    assert not old.calls and not old.screen.bookings
    assert new.live_of(bid(M)) and new.screen.ids == {bid(M)}
    await house.at(minutes(41))
    assert not new.calls and new.dials_of(bid(M)) == 1
    await house.stop()


async def test_a2_an_old_unit_that_is_gone_is_named_with_its_address_and_left_when_it_returns(tmp_path: Path) -> None:
    house = await in_call(tmp_path)
    house.unit.on = False
    await edited(house, swapped)
    await house.advance(seconds(30))
    assert any("the unit at 127.0.0.1" in reason for reason in reasons(house, "unit.left_behind"))
    assert house.units[SPARE].live_of(bid(M)), "the new unit waits for nobody"
    house.unit.on = True
    await house.advance(minutes(6))
    assert not house.unit.calls and not house.unit.screen.bookings
    await house.stop()


async def test_a_unit_that_goes_is_let_go_also_over_a_kill(tmp_path: Path) -> None:
    house = await in_call(tmp_path)
    house.unit.on = False
    await edited(house, swapped)
    await house.crash()
    house.unit.on = True
    await house.start()
    await house.advance(seconds(30))
    assert not house.unit.calls and not house.unit.screen.bookings
    assert house.store is not None
    assert sorted(row.unit.state for row in (await house.store.units()).values()) == [
        UnitState.GONE, UnitState.IN_USE,
    ]  # fmt: skip
    await house.stop()


async def test_another_unit_at_the_same_address_gets_the_list_and_is_not_hung_up(tmp_path: Path) -> None:
    """The codec was swapped and kept its address: what the one before was told is over."""
    house = await in_call(tmp_path)
    house.unit.serial_number = "S9"
    house.unit.reboot()
    call = house.unit.other_call()
    await house.advance(minutes(6))
    await house.advance(seconds(5))
    assert [each["serial_number"] for each in house.named("unit.replaced")] == ["S9"]
    assert house.unit.screen.ids == {bid(M)}
    await house.at(minutes(42))
    assert list(house.unit.calls) == [call], "a person's call on the new unit"
    await house.stop()


async def test_two_units_with_one_serial_number_stay_two(tmp_path: Path) -> None:
    house = Harness(tmp_path, rooms=2)
    await house.start()
    await house.calendar(M)
    await house.at(minutes(9))
    assert house.named("unit.replaced") == []
    assert house.store is not None and len(await house.store.units()) == 2
    await house.stop()


# ------------------------------------------------------------------------------------ the row goes


@pytest.mark.parametrize("change", [lambda room: None, lambda room: replace(room, device_management=False)])
async def test_a3_a_call_of_a_row_that_goes_is_left_at_its_time(
    tmp_path: Path, change: Callable[[Room], Room | None]
) -> None:
    house = await in_call(tmp_path)
    await edited(house, change)
    await house.at(minutes(30))
    assert house.unit.live_of(bid(M)), "not before its time"
    await house.at(minutes(41))
    assert not house.unit.calls and house.named("leave.done")
    await house.stop()


async def test_a3_a_call_of_a_row_that_went_while_the_daemon_was_down_is_left(tmp_path: Path) -> None:
    house = await in_call(tmp_path)
    await house.crash()
    house.rooms = {}
    await house.start()
    await house.at(minutes(41))
    assert not house.unit.calls
    await house.stop()


async def test_a_row_that_comes_back_has_its_unit_again(tmp_path: Path) -> None:
    house = await in_call(tmp_path)
    room = house.rooms[ROOM]
    await edited(house, lambda _: None)
    house.rooms = {ROOM: room}
    await house.apply()
    await house.at(minutes(41))
    assert not house.unit.calls and house.unit.dials_of(bid(M)) == 1
    assert house.store is not None and len(await house.store.units()) == 1
    await house.stop()


async def test_a_renamed_row_keeps_the_unit_and_what_was_begun_on_it(tmp_path: Path) -> None:
    house = await in_call(tmp_path)
    room = replace(house.rooms[ROOM], id=RoomId("renamed"))
    house.rooms = {room.id: room}
    await house.apply()
    await house.at(minutes(41))
    assert not house.unit.calls and house.unit.most_live == 1
    await house.stop()


# ------------------------------------------------------------------------------------ leaving


async def test_a4_a_leave_that_fails_is_told_at_its_time_and_tried_until_it_works(tmp_path: Path) -> None:
    house = await in_call(tmp_path)
    house.unit.on = False
    await house.at(minutes(41))
    assert len(house.named("leave.failed")) == 1
    await house.at(minutes(120))
    assert len(house.named("leave.failed")) <= 2, "one line for one trouble"
    house.unit.on = True
    await house.advance(minutes(1))
    assert not house.unit.calls and house.named("leave.done")
    await house.stop()


async def test_a7_a_dial_that_takes_effect_after_it_was_given_up_is_ended_too(tmp_path: Path) -> None:
    house = Harness(tmp_path)
    house.unit.lose_command = True
    await house.start()
    await house.calendar(M)
    await house.at(minutes(10) + seconds(25))
    assert house.unit.dials_of(bid(M)) == 1, "the second one, after the first was not found"
    house.unit.late_dial(M.join.sip[0], bid(M))
    await house.at(minutes(41))
    assert not house.unit.calls
    await house.stop()


# ------------------------------------------------------------------------------------ whose call it is


async def test_e8_a_person_who_hangs_up_and_joins_again_is_not_hung_up(tmp_path: Path) -> None:
    house = await in_call(tmp_path)
    await house.at(minutes(15))
    house.unit.hang_up_by_hand()
    (booking,) = house.unit.screen.bookings
    house.unit.join_by_hand(booking)
    await house.at(minutes(60))
    assert len(house.unit.calls) == 1
    await house.stop()


async def test_a_persons_call_in_the_meeting_is_present_and_stays(tmp_path: Path) -> None:
    house = Harness(tmp_path)
    await house.start()
    await house.calendar(M)
    await house.at(minutes(7))
    (booking,) = house.unit.screen.bookings
    house.unit.join_by_hand(booking)
    await house.at(minutes(60))
    assert len(house.unit.calls) == 1 and house.unit.dials_of(bid(M)) == 0
    await house.stop()


async def test_a15_our_call_is_left_after_the_database_was_lost(tmp_path: Path) -> None:
    house = await in_call(tmp_path)
    await house.crash()
    for name in ("db", "db-wal", "db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    house.remembers_since = house.clock.now()
    await house.start()
    await house.at(minutes(41))
    assert not house.unit.calls and house.unit.dials_of(bid(M)) == 1
    await house.stop()


async def test_a15_a_persons_call_is_not_taken_for_ours_after_the_database_was_lost(tmp_path: Path) -> None:
    house = Harness(tmp_path)
    await house.start()
    await house.calendar(M)
    await house.at(minutes(6))
    (booking,) = house.unit.screen.bookings
    house.unit.join_by_hand(booking)
    await house.crash()
    for name in ("db", "db-wal", "db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    house.clock._now = NINE + minutes(12)
    house.remembers_since = house.clock.now()
    await house.start()
    await house.at(minutes(60))
    assert len(house.unit.calls) == 1
    await house.stop()


async def test_a_unit_that_does_not_say_how_long_its_calls_last_is_left_as_before(tmp_path: Path) -> None:
    house = Harness(tmp_path)
    house.unit.tells_duration = False
    house.unit.lose_reply = True
    await house.start()
    await house.calendar(M)
    await house.at(minutes(41))
    assert not house.unit.calls and house.unit.dials_of(bid(M)) == 1
    await house.stop()


async def test_a_swap_while_the_database_is_in_trouble_is_carried_out_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await in_call(tmp_path)
    assert house.store is not None
    claim, troubles = house.store.claim_units, [StoreError("disk full")]

    async def claimed(wanted: Mapping[RoomId, Unit], at: datetime) -> dict[RoomId, UnitLease]:
        if troubles:
            raise troubles.pop()
        return await claim(wanted, at)

    monkeypatch.setattr(house.store, "claim_units", claimed)
    with pytest.raises(StoreError):
        await edited(house, swapped)
    await house.apply()
    await house.advance(seconds(30))
    assert not house.unit.calls and not house.unit.screen.bookings
    assert house.units[SPARE].screen.ids == {bid(M)}
    await house.stop()
