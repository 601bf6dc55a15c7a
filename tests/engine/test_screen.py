"""Promises 1, 4, 5 and 6 of the design: the screen is kept, passwords are tried once, nobody else is contacted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.model import Policy, Room, RoomId
from device_drivers.api import DeviceBusy, DeviceUnreachable, NotSupported, UnexpectedReply
from tests.support.clock import NINE
from tests.support.harness import CALENDAR, Harness, bid, meeting, minutes
from tests.support.memory_unit import ALL


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Harness]:
    async with Harness(tmp_path, Policy()) as house:
        yield house


def ids(house: Harness) -> set[str]:
    return {b.id for b in house.unit.screen.bookings}


async def test_the_screen_follows_the_calendar(house: Harness) -> None:
    a, b = meeting("a"), meeting("b", NINE + minutes(60))
    await house.calendar(a, b)
    assert ids(house) == {bid(a), bid(b)}
    await house.calendar(b)
    assert ids(house) == {bid(b)}
    await house.calendar()
    assert ids(house) == set()


async def test_what_a_push_rests_on_is_on_the_disk_before_it(house: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the push and before the commit, the next daemon would bring the older list back for a moment."""
    a, b = meeting("a"), meeting("b", NINE + minutes(60))
    await house.calendar(a)
    assert house.store is not None
    disk, commit = asyncio.Event(), house.store._writer._commit

    async def slow(jobs: list[Any]) -> None:
        await disk.wait()
        await commit(jobs)

    monkeypatch.setattr(house.store._writer, "_commit", slow)
    house.meetings["r1"] = [a, b]
    assert house.planner is not None
    house.planner.took(CALENDAR, tuple(house.meetings["r1"]))
    for _ in range(200):
        await asyncio.sleep(0)
    assert ids(house) == {bid(a)}
    disk.set()
    await house.settle()
    assert ids(house) == {bid(a), bid(b)}


async def test_nothing_changed_means_nothing_pushed(house: Harness) -> None:
    await house.calendar(meeting())
    pushes = len(house.unit.pushes)
    await house.calendar(meeting())
    await house.advance(minutes(9))
    assert len(house.unit.pushes) == pushes


async def test_an_ended_meeting_leaves_the_screen(house: Harness) -> None:
    await house.calendar(meeting())
    await house.at(minutes(41))
    assert ids(house) == set()


async def test_failed_push_keeps_the_last_list_and_is_tried_again(house: Harness) -> None:
    a, b = meeting("a"), meeting("b", NINE + minutes(60))
    await house.calendar(a)
    house.unit.push_error = UnexpectedReply("half an answer")
    await house.calendar(a, b)
    assert ids(house) == {bid(a)}
    await house.advance(minutes(3))
    house.unit.push_error = None
    await house.advance(minutes(6))
    assert ids(house) == {bid(a), bid(b)}
    assert len(house.named("screen.push_failed")) == 1


async def test_reboot_that_loses_the_list_is_pushed_again(house: Harness) -> None:
    a = meeting("a", NINE + minutes(60))
    await house.calendar(a)
    await house.advance(minutes(2))
    house.unit.reboot()
    assert ids(house) == set()
    await house.advance(house.options.verify_every)
    assert ids(house) == {bid(a)}
    assert house.named("unit.rebooted")


async def test_a_list_changed_by_somebody_else_is_restored_without_a_fight(house: Harness) -> None:
    a = meeting("a", NINE + minutes(120))
    await house.calendar(a)
    await house.advance(minutes(1))
    for _ in range(6):
        house.unit.screen = type(house.unit.screen)()
        await house.advance(house.options.verify_every)
        assert ids(house) == {bid(a)}
    assert len(house.named("screen.differs")) <= 6


async def test_unit_off_at_start_and_back_is_served_within_half_a_minute(tmp_path: Path) -> None:
    house = Harness(tmp_path, Policy())
    house.unit.on = False
    async with house:
        a = meeting("a", NINE + minutes(60))
        await house.calendar(a)
        await house.advance(minutes(10))
        house.unit.on = True
        await house.advance(timedelta(seconds=31))
        assert ids(house) == {bid(a)}
        assert len(house.named("unit.unreachable")) == 1
        assert len(house.named("unit.reachable")) == 1


async def test_restart_pushes_nothing_when_the_screen_is_right(tmp_path: Path) -> None:
    house = Harness(tmp_path, Policy())
    async with house:
        await house.calendar(meeting("a", NINE + minutes(60)))
        await house.advance(minutes(1))
    pushes = len(house.unit.pushes)
    async with house:
        await house.advance(minutes(1))
        assert len(house.unit.pushes) == pushes


async def test_refused_password_is_tried_once_and_across_five_restarts(tmp_path: Path) -> None:
    house = Harness(tmp_path, Policy())
    house.passwords.values["env:PW"] = "stale"
    house.meetings["r1"] = [meeting("a", NINE + minutes(60))]
    for _ in range(6):
        await house.start()
        await house.advance(minutes(30))
        await house.crash()
    assert house.unit.logins == 1
    assert house.named("unit.credentials_refused")
    house.passwords.values["env:PW"] = "right"
    async with house:
        await house.advance(minutes(1))
        assert len(house.unit.screen.bookings) == 0 or house.unit.logins == 2
        await house.advance(minutes(1))
        assert house.unit.logins == 2
        assert house.unit.pushes


async def test_refused_password_stops_dials_too(tmp_path: Path) -> None:
    house = Harness(tmp_path)
    house.unit.password = "changed"
    async with house:
        await house.calendar(meeting())
        await house.at(minutes(20))
        assert house.unit.logins == 1
        assert "refused" in house.named("dial.missed")[0]["reason"]


async def test_outside_the_private_networks_is_not_contacted(tmp_path: Path) -> None:
    house = Harness(tmp_path, Policy())
    key = RoomId("r1")
    house.rooms[key] = replace(house.rooms[key], ip_address="192.0.2.7")
    async with house:
        await house.calendar(meeting())
        await house.advance(minutes(10))
        assert house.unit.logins == 0
        assert "Private Networks" in house.named("unit.not_allowed")[0]["reason"]


async def test_device_management_off_contacts_nobody(tmp_path: Path) -> None:
    house = Harness(tmp_path)
    key = RoomId("r1")
    house.rooms[key] = replace(house.rooms[key], device_management=False)
    async with house:
        await house.calendar(meeting())
        await house.at(minutes(20))
        assert house.unit.logins == 0


async def test_an_unsupported_unit_is_not_asked_again_and_again(house: Harness) -> None:
    house.unit.push_error = NotSupported("Teams Rooms mode")
    await house.calendar(meeting("a", NINE + minutes(300)))
    await house.advance(minutes(50))
    assert len(house.named("screen.push_failed")) == 1
    assert len(house.named("unit.not_supported")) == 1


async def test_busy_units_wait_as_long_as_they_ask(house: Harness) -> None:
    house.unit.push_error = DeviceBusy("503", retry_after=timedelta(seconds=40))
    a = meeting("a", NINE + minutes(60))
    await house.calendar(a)
    house.unit.push_error = None
    await house.advance(timedelta(seconds=39))
    assert ids(house) == set()
    await house.advance(timedelta(seconds=2))
    assert ids(house) == {bid(a)}


async def test_a_wrong_clock_is_told_once(house: Harness) -> None:
    house.unit.clock_skew = timedelta(minutes=7)
    await house.calendar(meeting("a", NINE + minutes(60)))
    await house.advance(minutes(30))
    assert [e["seconds"] for e in house.named("unit.clock_skew")] == [420]


async def test_one_dead_room_does_not_delay_the_others(tmp_path: Path) -> None:
    house = Harness(tmp_path, Policy(), rooms=5)
    house.units["r1"].on = False
    house.units["r2"].push_error = DeviceUnreachable("no answer")
    async with house:
        for name in house.units:
            await house.calendar(meeting("a", NINE + minutes(60)), room=name)
        assert [len(house.units[f"r{n}"].screen.bookings) for n in (3, 4, 5)] == [1, 1, 1]


async def test_rooms_come_and_go_without_a_restart(tmp_path: Path) -> None:
    house = Harness(tmp_path, Policy(), rooms=2)
    later = house.rooms.pop(RoomId("r2"))
    house.meetings["r2"] = [meeting("a", NINE + minutes(60))]
    async with house:
        assert not house.units["r2"].logins
        house.rooms[RoomId("r2")] = later
        await house.apply()
        assert len(house.units["r2"].screen.bookings) == 1
        del house.rooms[RoomId("r2")]
        await house.apply()
        await house.calendar(room="r2")
        assert len(house.units["r2"].screen.bookings) == 1  # a room taken out keeps what it shows


async def test_a_template_change_is_a_new_plan_not_a_new_login(house: Harness) -> None:
    await house.calendar(meeting(private=True))
    assert [b.title for b in house.unit.screen.bookings] == ["Private meeting"]
    await house.policy(private_title="Belegt")
    assert [b.title for b in house.unit.screen.bookings] == ["Belegt"]


async def test_meetings_without_an_address_where_the_unit_cannot_show_them(tmp_path: Path) -> None:
    house = Harness(tmp_path, Policy())
    house.unit.facts = replace(ALL, shows_without_button=False)
    async with house:
        plain = meeting("plain")
        plain = replace(plain, join=replace(plain.join, sip=(), joinable=False))
        await house.calendar(plain, meeting("zoom", NINE + minutes(60)))
        assert len(house.unit.screen.bookings) == 1


async def test_a_changed_driver_word_is_a_sentence_not_a_crash(tmp_path: Path) -> None:
    house = Harness(tmp_path, Policy(), rooms=2)
    key = RoomId("r1")
    house.rooms[key] = Room(key, "r1", "r1.ics", "nonsense", "127.0.0.1")
    async with house:
        await house.calendar(meeting(), room="r1")
        await house.calendar(meeting(), room="r2")
        assert len(house.units["r2"].screen.bookings) == 1


async def test_one_touch_join_off_takes_our_buttons_away_once(house: Harness) -> None:
    await house.calendar(meeting("a", NINE + minutes(60)))
    assert house.unit.screen.bookings
    await house.policy(one_touch_join=False)
    assert not house.unit.screen.bookings
    pushes = len(house.unit.pushes)
    await house.advance(minutes(30))
    assert len(house.unit.pushes) == pushes


async def test_one_touch_join_off_from_the_start_leaves_the_screen_alone(tmp_path: Path) -> None:
    async with Harness(tmp_path, Policy(one_touch_join=False)) as house:
        await house.calendar(meeting())
        await house.advance(minutes(9))
        assert not house.unit.pushes


async def test_a_unit_is_looked_at_before_its_calendar_was_ever_read(tmp_path: Path) -> None:
    house = Harness(tmp_path, Policy())
    house.unread.add("r1")
    house.unit.on = False
    async with house:
        await house.advance(minutes(1))
        assert house.named("unit.unreachable")
        assert not house.unit.pushes


async def test_a_restart_keeps_knowing_that_the_screen_is_right(tmp_path: Path) -> None:
    house = Harness(tmp_path, Policy())
    async with house:
        await house.calendar(meeting("a", NINE + minutes(60)))
        assert house.store is not None
        row = (await house.store.rooms())[RoomId("r1")]
        assert row.plan is not None and row.receipt is not None
        assert row.plan.digest == row.receipt.digest


async def test_an_admin_has_a_right_password_tried_again(tmp_path: Path) -> None:
    house = Harness(tmp_path, Policy())
    house.unit.password = "not yet"
    async with house:
        await house.calendar(meeting("a", NINE + minutes(60)))
        await house.advance(minutes(10))
        assert house.unit.logins == 1
        house.unit.password = "right"  # the unit was mended, the secret here never changed
        await house.advance(minutes(10))
        assert house.unit.logins == 1
        assert house.lanes is not None
        assert house.lanes.try_again("r1") and not house.lanes.try_again("nobody")
        await house.settle()
        assert house.unit.logins == 2
        assert len(house.unit.screen.bookings) == 1
