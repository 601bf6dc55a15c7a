"""What people ask of a room's unit: once, in order, within the policy, and to its end, also over restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.engine.commands import Commands
from connector.engine.unit_commands import UnitCommands
from connector.model import RoomId
from connector.store.api import Answer
from device_drivers.api import DeviceUnreachable
from tests.support.clock import NINE
from tests.support.harness import AUTO, OPTIONS, Harness, bid, meeting, minutes

ROOM = "81112223334@zoomcrc.com"
M = meeting()  # 9:10 to 9:40
BUTTON_ONLY = replace(AUTO, auto_join=False)


class Asked(Harness):
    """A harness whose commands are looked for, once a second, as the daemon does."""

    async def start(self) -> None:
        self.recalled = False
        await super().start()

    async def apply(self) -> None:
        if not self.recalled:  # before the rooms get their lanes
            self.recalled = True
            await self._begin()
        await super().apply()

    async def _begin(self) -> None:
        assert self.store is not None and self.lanes is not None
        recorder = self.lanes._recorder
        self.units_asked = UnitCommands(self.lanes, clock=self.clock, store=self.store, recorder=recorder)
        await self.units_asked.recall()
        reader: Any = None  # no command of a calendar is asked here
        self.commands = Commands(
            reader,
            self.lanes.try_again,
            _never,
            clock=self.clock,
            store=self.store,
            recorder=recorder,
            units=self.units_asked,
        )

    async def ask(self, kind: str, room: str = "r1", **words: str) -> int:
        assert self.store is not None
        return await self.store.ask(kind, f"room:{room}", self.clock.now(), timedelta(seconds=5), words)

    async def look(self) -> None:
        await self.commands.look(lambda _: None)
        await self.settle()

    async def told(self, kind: str, wait: timedelta = timedelta(seconds=3), **words: str) -> Answer | None:
        number = await self.ask(kind, **words)
        await self.look()
        await self.advance(wait)
        assert self.store is not None
        return await self.store.outcome(number)


async def _never(names: Collection[str]) -> None:
    raise AssertionError(names)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Asked]:
    async with Asked(tmp_path, policy=BUTTON_ONLY) as house:
        await house.calendar(M)
        await house.at(minutes(5))
        yield house


# ------------------------------------------------------------------------------------ dial


async def test_the_meeting_that_comes_is_joined_and_left_at_its_end(house: Asked) -> None:
    assert await house.told("dial") == (f"{M.event.title}: The call is up.", False)
    assert house.unit.dials_of(bid(M)) == 1
    await house.at(minutes(39))
    assert house.unit.live_of(bid(M))
    await house.at(minutes(41))
    assert not house.unit.calls


async def test_a_call_of_auto_join_is_not_made_twice(tmp_path: Path) -> None:
    async with Asked(tmp_path) as house:
        await house.calendar(M)
        await house.at(minutes(5))
        assert await house.told("dial") == (f"{M.event.title}: The call is up.", False)
        await house.at(minutes(20))
        assert house.unit.dials_of(bid(M)) == 1 and house.unit.live_of(bid(M))
        await house.at(minutes(41))
        assert not house.unit.calls


async def test_without_a_meeting_nothing_is_dialled(house: Asked) -> None:
    await house.calendar()
    outcome = await house.told("dial")
    assert outcome is not None and outcome.failed and "No meeting" in outcome.sentence
    assert not house.unit.dialled


async def test_a_persons_call_is_not_ended_by_a_dial(house: Asked) -> None:
    house.unit.other_call()
    outcome = await house.told("dial")
    assert outcome == (f"{M.event.title}: It was not dialled: the room is in another call.", True)
    assert len(house.unit.calls) == 1 and not house.unit.dialled and not house.unit.hung_up


async def test_our_own_running_call_is_not_ended_by_a_test_dial(house: Asked) -> None:
    await house.told("dial")
    outcome = await house.told("test-dial", address=ROOM)
    assert outcome == ("It was not dialled: the room is in another call.", True)
    assert house.unit.live_of(bid(M))


async def test_a_unit_that_refuses_is_asked_once(house: Asked) -> None:
    house.unit.refuse_dials = 1
    outcome = await house.told("dial")
    assert outcome is not None and outcome.failed and "refused" in outcome.sentence
    await house.advance(minutes(2))
    assert not house.unit.dialled


async def test_a_unit_that_is_off_is_told_of_within_seconds(house: Asked) -> None:
    house.unit.on = False
    outcome = await house.told("dial", wait=timedelta(seconds=30))
    assert outcome is not None and outcome.failed
    house.unit.on = True
    await house.advance(minutes(2))
    assert not house.unit.dialled


# ------------------------------------------------------------------------------------ test dial


@pytest.mark.parametrize("address", [ROOM, f"sip:{ROOM}"])
async def test_a_test_call_is_ended_after_a_minute(house: Asked, address: str) -> None:
    outcome = await house.told("test-dial", address=address)
    assert outcome is not None and not outcome.failed and "60 s" in outcome.sentence
    assert [called for _, called, _ in house.unit.dialled] == [ROOM]
    await house.advance(timedelta(seconds=50))
    assert house.unit.calls
    await house.advance(timedelta(seconds=15))
    assert not house.unit.calls and len(house.unit.dialled) == 1


async def test_a_test_call_outside_the_policy_is_not_made(house: Asked) -> None:
    outcome = await house.told("test-dial", address="somebody@elsewhere.example")
    assert outcome is not None and outcome.failed and "allowed_domains" in outcome.sentence
    assert not house.unit.dialled


async def test_a_test_call_gives_way_to_the_meeting_of_the_room(tmp_path: Path) -> None:
    async with Asked(tmp_path) as house:
        await house.calendar(M)
        await house.at(minutes(10) - timedelta(seconds=30))
        outcome = await house.told("test-dial", address=ROOM)
        assert outcome is not None and not outcome.failed
        await house.at(minutes(11))
        assert house.unit.live_of(bid(M)) and len(house.unit.calls) == 1


async def test_a_test_call_ends_also_after_a_kill(house: Asked) -> None:
    await house.told("test-dial", address=ROOM)
    await house.crash()
    await house.start()
    await house.look()
    assert len(house.unit.calls) == 1
    await house.advance(minutes(2))
    assert not house.unit.calls and len(house.unit.dialled) == 1


async def test_the_address_stands_in_no_log_and_no_plain_cell(house: Asked) -> None:
    secret = "81112223334.777111@zoomcrc.com"
    await house.told("test-dial", address=secret)
    assert "777111" not in repr(house.events)
    await house.stop()
    assert all(b"777111" not in path.read_bytes() for path in house.folder.iterdir() if path.is_file())


# ------------------------------------------------------------------------------------ once


async def test_one_that_was_taken_is_concluded_after_a_kill_and_never_begun_anew(house: Asked) -> None:
    house.unit.connects = False  # it rings: nobody knows yet
    number = await house.ask("test-dial", address=ROOM)
    await house.look()
    await house.crash()
    await house.start()
    await house.look()
    assert house.store is not None
    outcome = await house.store.outcome(number)
    assert outcome is not None and outcome.failed and "started anew" in outcome.sentence
    assert len(house.unit.dialled) == 1


async def test_one_that_expired_is_never_begun(house: Asked) -> None:
    number = await house.ask("test-dial", address=ROOM)
    await house.advance(timedelta(seconds=6))
    await house.look()
    assert not house.unit.dialled
    assert house.store is not None and await house.store.outcome(number) is None


async def test_two_dials_go_one_after_the_other_and_the_second_is_told(house: Asked) -> None:
    first, second = await house.ask("test-dial", address=ROOM), await house.ask("dial")
    await house.look()
    await house.advance(timedelta(seconds=5))
    assert house.store is not None
    outcomes = [await house.store.outcome(number) for number in (first, second)]
    assert [outcome is not None and outcome.failed for outcome in outcomes] == [False, True]
    assert len(house.unit.dialled) == 1 and house.unit.most_live == 1


async def test_hang_up_overtakes_a_dial_that_rings(house: Asked) -> None:
    house.unit.connects = False
    dial = await house.ask("dial")
    await house.look()
    await house.advance(timedelta(seconds=2))
    assert await house.told("hang-up") == ("The call is ended.", False)
    assert house.store is not None
    assert await house.store.outcome(dial) == (f"{M.event.title}: The call was ended meanwhile.", True)
    assert len(house.unit.dialled) == 1 and not house.unit.calls


async def test_a_dial_that_nobody_answers_is_told_of_and_ended_at_its_time(house: Asked) -> None:
    house.unit.connects = False
    outcome = await house.told("test-dial", wait=timedelta(seconds=30), address=ROOM)
    assert outcome is not None and outcome.failed and "nobody has answered" in outcome.sentence
    await house.advance(timedelta(seconds=40))
    assert not house.unit.calls and len(house.unit.dialled) == 1


async def test_an_edit_of_the_room_answers_who_waits(house: Asked) -> None:
    house.unit.connects = False
    number = await house.ask("dial")
    await house.look()
    house.rooms = {key: replace(room, name="another") for key, room in house.rooms.items()}
    await house.apply()
    assert house.store is not None
    outcome = await house.store.outcome(number)
    assert outcome is not None and outcome.failed and "interrupted" in outcome.sentence


# ------------------------------------------------------------------------------------ hang up


async def test_our_call_is_ended_and_not_dialled_again(tmp_path: Path) -> None:
    async with Asked(tmp_path) as house:
        await house.calendar(M)
        await house.at(minutes(15))
        assert house.unit.live_of(bid(M))
        assert await house.told("hang-up") == ("The call is ended.", False)
        await house.at(minutes(39))
        assert not house.unit.calls and house.unit.dials_of(bid(M)) == 1


async def test_somebody_elses_call_is_ended_only_where_that_was_said(house: Asked) -> None:
    house.unit.other_call()
    outcome = await house.told("hang-up")
    assert outcome is not None and outcome.failed and "--any" in outcome.sentence
    assert len(house.unit.calls) == 1
    assert await house.told("hang-up", any="yes") == ("The call is ended.", False)
    assert not house.unit.calls


async def test_no_call_is_no_failure(house: Asked) -> None:
    assert await house.told("hang-up") == ("The room is in no call.", False)


# ------------------------------------------------------------------------------------ push


async def test_a_list_is_pushed_anew_though_the_unit_has_it(house: Asked) -> None:
    pushed = len(house.unit.pushes)
    assert await house.told("push") == ("The unit has its list: 1 meetings.", False)
    assert len(house.unit.pushes) == pushed + 1


async def test_a_push_that_fails_says_why(house: Asked) -> None:
    house.unit.push_error = DeviceUnreachable("the cable is out")
    outcome = await house.told("push")
    assert outcome is not None and outcome.failed and "the cable is out" in outcome.sentence


# ------------------------------------------------------------------------------------ pause


async def test_a_paused_room_is_left_alone_until_it_is_resumed(tmp_path: Path) -> None:
    async with Asked(tmp_path) as house:
        await house.calendar(M)
        await house.at(minutes(5))
        outcome = await house.told("pause")
        assert outcome is not None and not outcome.failed
        pushed = len(house.unit.pushes)
        later = meeting("b", NINE + minutes(60), minutes(30))
        await house.calendar(M, later)
        await house.at(minutes(20))
        assert len(house.unit.pushes) == pushed and not house.unit.dialled
        assert [line["reason"] for line in house.named("dial.skipped")] == ["the room was paused"]
        refused = await house.told("push")
        assert refused is not None and refused.failed and "paused" in refused.sentence
        assert await house.told("resume") == ("r1 is served again.", False)
        assert house.unit.screen.ids == {bid(M), bid(later)}
        await house.at(minutes(61))
        assert house.unit.live_of(bid(later))


async def test_a_call_that_is_up_is_left_at_its_time_though_the_room_is_paused(tmp_path: Path) -> None:
    async with Asked(tmp_path) as house:
        await house.calendar(M)
        await house.at(minutes(15))
        await house.told("pause")
        await house.at(minutes(39))
        assert house.unit.live_of(bid(M))
        await house.at(minutes(41))
        assert not house.unit.calls


async def test_a_pause_empties_the_screen_where_that_was_said_and_outlives_a_kill(house: Asked) -> None:
    await house.told("pause", clear="yes")
    assert not house.unit.screen.ids
    pushed = len(house.unit.pushes)
    await house.crash()
    await house.start()
    await house.advance(minutes(20))
    assert len(house.unit.pushes) == pushed and not house.unit.screen.ids
    await house.told("resume")
    assert house.unit.screen.ids == {bid(M)}


async def test_a_pause_ends_by_itself(house: Asked) -> None:
    until = NINE + minutes(30)
    await house.told("pause", clear="yes", until=until.isoformat())
    await house.at(minutes(29))
    await house.look()
    assert not house.unit.screen.ids
    await house.at(minutes(31))
    await house.look()
    assert house.unit.screen.ids == {bid(M)}
    assert [line["room"] for line in house.named("room.resumed")] == ["r1"]


async def test_a_room_that_nobody_knows(house: Asked) -> None:
    number = await house.ask("push", room="nosuch")
    await house.look()
    assert house.store is not None and house.lanes is not None
    outcome = await house.store.outcome(number)
    assert outcome is not None and outcome.failed and "There is no room nosuch" in outcome.sentence
    assert house.lanes.of(RoomId("nosuch")) is None
    assert OPTIONS.settle
