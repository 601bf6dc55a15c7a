"""Random walks: edits of calendars and rows, people, kills and troubles, while calls run. A small model that knows
only the rules of docs/explanation/meetings-in-time.md says where the room must be, and what must never be."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model import Meeting, Room, RoomId
from device_drivers.api import CallRef
from tests.support.clock import NINE
from tests.support.harness import AUTO, Harness, meeting, minutes
from tests.support.memory_unit import MemoryUnit
from tests.support.rounds import examples

LOOK = timedelta(seconds=10)
CALM = timedelta(seconds=40)  # after something happened, or a meeting began or ended, the room may be on its way
UNITS = ("r1", "spare")
EDITS = ("add", "move", "extend", "shorten", "delete", "number")
PEOPLE = ("hang up", "press", "call")
TROUBLES = ("kill", "off", "on", "slow", "lost", "password", "swap", "rename", "remove", "restore")

steps = st.lists(
    st.tuples(st.integers(1, 400), st.sampled_from((*EDITS * 2, *PEOPLE, *TROUBLES)), st.integers(0, 2**16)),
    max_size=14,
)


@dataclass
class World:
    """The house, and what a referee remembers of what was done to it."""

    house: Harness
    overlap: Literal["switch", "stay"]
    row: Room
    meetings: dict[str, Meeting] = field(default_factory=dict)
    since: dict[str, datetime] = field(default_factory=dict)  # by uid: when it was written as it is
    peoples: set[tuple[str, str]] = field(default_factory=set)  # (unit, call) that people made
    ended_by_people: list[tuple[datetime, str, str]] = field(default_factory=list)  # (when, unit, booking) of ours
    troubled: datetime = NINE
    stale_until: datetime = NINE  # a call to an edited meeting may be up until then
    counted: int = 0

    @property
    def now(self) -> datetime:
        return self.house.clock.now()

    @property
    def unit(self) -> MemoryUnit:
        return self.house.units[self.row.device_type]

    def ours(self, name: str) -> list[CallRef]:
        return [call for call in self.house.units[name].calls.values() if (name, call.id) not in self.peoples]

    # ---------------------------------------------------------------------------------- the rules

    def check(self) -> None:
        for name in UNITS:
            assert len(self.ours(name)) <= 1, f"{self.now}: two calls of ours on {name}"
            ended = {call for _, call in self.house.units[name].hung_up}
            assert not ended & {call for unit, call in self.peoples if unit == name}, "a person's call was ended"
        wanted = self.where()
        if wanted is not None:
            found = [call.remote.removeprefix("sip:").partition(".")[0] for call in self.ours(self.row.device_type)]
            assert found == [wanted], f"{self.now}: in {found}, the rules say {wanted}: {self.described()}"
            self.counted += 1

    def where(self) -> str | None:
        """The number that the room must be in by the rules, where nothing else has a hand in it."""
        now = self.now
        if not self.unit.on or len(self.unit.calls) > len(self.ours(self.row.device_type)):
            return None
        if self.troubled + CALM > now or self.stale_until + CALM > now or self.row.id not in self.house.rooms:
            return None
        edges = [time for m in self.meetings.values() for time in (m.event.start, m.event.end)]
        if any(abs(edge - now) < CALM for edge in edges):
            return None
        running = [m for m in self.meetings.values() if m.event.start <= now < m.event.end]
        if not running or any(self.late(m) for m in running):
            return None
        sign = -1 if self.overlap == "switch" else 1
        chosen = min(running, key=lambda m: (sign * m.event.start.timestamp(), m.event.end))
        rivals = [m for m in running if (m.event.start, m.event.end) == (chosen.event.start, chosen.event.end)]
        if len({m.join.meeting_id for m in rivals}) > 1 or self.overlap == "stay":
            return None if len({m.join.meeting_id for m in running}) > 1 else chosen.join.meeting_id
        return chosen.join.meeting_id

    def late(self, running: Meeting) -> bool:
        """Written or disturbed about when it began: the rules alone do not say what became of it."""
        start = running.event.start
        return self.since[running.event.series_uid] > start - CALM or self.troubled > start - CALM

    def described(self) -> str:
        times = sorted((m.event.start, m.event.end, m.join.meeting_id) for m in self.meetings.values())
        return ", ".join(f"{start:%H:%M:%S} to {end:%H:%M:%S} {number}" for start, end, number in times)

    # ---------------------------------------------------------------------------------- what is done

    async def do(self, what: str, chance: random.Random) -> None:
        if what in EDITS:
            await self.edit(what, chance)
        elif what in PEOPLE:
            self.person(what)
        else:
            self.troubled = self.now
            await self.trouble(what)

    async def edit(self, what: str, chance: random.Random) -> None:
        if what == "add" or not self.meetings:
            uid = f"m{len(self.since)}"
            start = self.now + timedelta(seconds=chance.choice((5, 45, 90, 300, 700)))
            number = chance.choice(("111111111", "222222222", "333333333"))
            fresh: Meeting | None = meeting(uid, start, minutes(chance.choice((2, 5, 12, 30))), number=number)
        else:
            old = chance.choice(list(self.meetings.values()))
            if old.event.start <= self.now + CALM:
                self.stale_until = max(self.stale_until, old.event.end)
            del self.meetings[old.event.series_uid]
            fresh = self.edited(old, what, chance)
        if fresh is not None:
            self.meetings[fresh.event.series_uid] = fresh
            self.since[fresh.event.series_uid] = self.now
        await self.house.calendar(*self.meetings.values())

    def edited(self, old: Meeting, what: str, chance: random.Random) -> Meeting | None:
        event, by = old.event, minutes(chance.choice((1, 7, 60)))
        match what:
            case "move":
                return replace(old, event=replace(event, start=event.start + by, end=event.end + by))
            case "extend":
                return replace(old, event=replace(event, end=event.end + by))
            case "shorten":
                return replace(old, event=replace(event, end=max(event.start + minutes(1), event.end - by)))
            case "number":
                return meeting(event.series_uid, event.start, event.end - event.start, number="444444444")
            case _:
                return None

    def person(self, what: str) -> None:
        unit, name = self.unit, self.row.device_type
        if not unit.on:
            return
        self.troubled = self.now
        if what == "hang up":
            for call in self.ours(name):
                self.ended_by_people.append((self.now, name, call.booking_id or ""))
            unit.hang_up_by_hand()
        elif not unit.calls:
            booking = next((b for b in unit.screen.bookings if b.address is not None), None)
            if what == "press" and booking is not None:
                unit.join_by_hand(booking)
            else:
                unit.other_call()
            self.peoples |= {(name, call) for call in unit.calls}

    async def trouble(self, what: str) -> None:
        house, unit = self.house, self.unit
        match what:
            case "kill":
                await house.crash()
                await house.start()
            case "off" | "on":
                unit.on = what == "on"
                if not unit.on:
                    unit.calls.clear()
            case "slow":
                unit.lose_reply = unit.on
            case "lost":
                unit.lose_command = unit.on
            case "password":
                house.passwords.values["env:PW"] = unit.password = f"{unit.password}x"
                for other in house.units.values():
                    other.password = unit.password
            case "swap":
                await self.rows(replace(self.row, device_type=next(n for n in UNITS if n != self.row.device_type)))
            case "rename":
                await self.rows(replace(self.row, id=RoomId(f"{self.row.id}n")))
            case "remove":
                await self.rows(None)
            case _:
                await self.rows(self.row)

    async def rows(self, row: Room | None) -> None:
        self.row = row or self.row
        self.house.rooms = {} if row is None else {row.id: row}
        await self.house.apply()


def walked(overlap: Literal["switch", "stay"], history: Sequence[tuple[int, str, int]]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_walk(Path(folder), overlap, history))


async def _walk(folder: Path, overlap: Literal["switch", "stay"], history: Sequence[tuple[int, str, int]]) -> int:
    house = Harness(folder, replace(AUTO, overlap=overlap))
    house.units["spare"] = MemoryUnit(house.clock, serial_number="S2")
    house.meetings["spare"] = []
    await house.start()
    world = World(house, overlap, house.rooms[RoomId("r1")])
    await world.do("add", random.Random(len(history)))
    for seconds, what, seed in history:
        await _pass(world, timedelta(seconds=seconds))
        await world.do(what, random.Random(seed))
    await _pass(world, minutes(20))
    last = max([world.now, world.stale_until, *(m.event.end for m in world.meetings.values())])
    for unit in house.units.values():
        unit.on, unit.lose_reply, unit.lose_command = True, False, False
    await house.at(last - NINE + minutes(15))
    world.check()
    for name in UNITS:
        assert not world.ours(name), f"a call of ours is still up on {name}: {world.described()}"
    for when, name, booking in world.ended_by_people:
        again = [at for at, _, of in house.units[name].dialled if of == booking and at > when]
        moved = any(since > when for since in world.since.values())
        assert moved or not again, f"{booking} was dialled again at {again}, and a person had hung it up at {when}"
    await house.stop()
    return world.counted


async def _pass(world: World, time: timedelta) -> None:
    until = world.now + time
    while world.now < until:
        await world.house.advance(min(LOOK, until - world.now))
        world.check()


@settings(max_examples=examples(12))
@given(steps)
def test_a_walk_with_switching(history: list[tuple[int, str, int]]) -> None:
    walked("switch", history)


@settings(max_examples=examples(6))
@given(steps)
def test_a_walk_with_staying(history: list[tuple[int, str, int]]) -> None:
    walked("stay", history)


def test_the_model_has_an_opinion() -> None:
    """Else the walks above would say nothing."""
    looks = 0
    for seed in range(4):
        chance = random.Random(seed)
        looks += walked("switch", [(chance.randrange(20, 300), "add", chance.randrange(2**16)) for _ in range(8)])
    assert looks > 20
