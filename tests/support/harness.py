"""The engine on a fake clock, in-memory units and a real SQLite file: what the promises are tested on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from connector.engine.lanes import Lanes
from connector.engine.options import Options
from connector.engine.planner import Planner
from connector.engine.recorder import Recorder
from connector.model import CalendarId, Event, JoinInfo, Meeting, Policy, Room, RoomId, booking_id
from connector.settings import Credential
from connector.store.store import Store
from connector.vault.vault import Vault
from device_drivers.api import DriverPlug, NotSupported
from tests.support.clock import NINE, FakeClock
from tests.support.memory_unit import MemoryUnit
from tests.support.options import default_options

ROOM = RoomId("r1")
CALENDAR = CalendarId("ics", "r1.ics")
OPTIONS = default_options()
DIALLED = ("zoomcrc.com",)
AUTO = Policy(auto_join=True, allowed_domains=DIALLED)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def meeting(
    uid: str = "m1",
    start: datetime = NINE + timedelta(minutes=10),
    length: timedelta = timedelta(minutes=30),
    *,
    number: str = "123456789",
    passcode: str = "4321",
    original: datetime | None = None,
    **event: Any,
) -> Meeting:
    join = JoinInfo(
        service="zoom",
        joinable=True,
        meeting_id=number,
        passcode=passcode,
        sip=(f"{number}.{passcode}@zoomcrc.com",),
        h323=(),
    )
    return Meeting(Event(uid, original or start, start, start + length, title=f"Title {uid}", **event), join)


def bid(of: Meeting, room: RoomId = ROOM) -> str:
    return booking_id(room, of.event)


@dataclass(slots=True)
class Passwords:
    """Credentials as the settings hold them; a test changes them at will."""

    values: dict[str, str]

    def resolve(self, reference: str) -> Credential:
        return Credential("admin", self.values[reference])

    def fingerprint(self, login: Any, /) -> str:
        return f"print-of-{login.password}"


class Harness:
    """One or more rooms. ``crash`` drops everything but the database, as kill -9 does; ``start`` again goes on."""

    def __init__(self, folder: Path, policy: Policy = AUTO, rooms: int = 1, options: Options = OPTIONS) -> None:
        """A policy that does not say what may be dialled may dial Zoom."""
        policy = policy if policy.allowed_domains else replace(policy, allowed_domains=DIALLED)
        self.clock = FakeClock()
        self.folder = folder
        self.options = options
        self.units = {f"r{n}": MemoryUnit(self.clock) for n in range(1, rooms + 1)}
        self.rooms = {
            RoomId(name): Room(RoomId(name), name, f"{name}.ics", name, "127.0.0.1", credential="env:PW", policy=policy)
            for name in self.units
        }
        self.passwords = Passwords({"env:PW": "right"})
        self.meetings: dict[str, list[Meeting]] = {name: [] for name in self.units}
        self.unread: set[str] = set()  # rooms whose calendar was never read
        self.events: list[dict[str, Any]] = []
        self.store: Store | None = None
        self.planner: Planner | None = None
        self.lanes: Lanes | None = None
        self.remembers_since: datetime | None = None  # the database was lost

    @property
    def unit(self) -> MemoryUnit:
        return self.units["r1"]

    def named(self, event: str) -> list[dict[str, Any]]:
        return [e for e in self.events if e["event"] == event]

    # life

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        vault = Vault.open(self.folder / "vault.key")
        store = self.store = await Store.open(self.folder / "db", vault, self.clock.now())
        recorder = Recorder(self.clock, store, lambda told: self.events.append(told.line()))
        plans = {key: state.plan for key, state in (await store.room_states()).items() if state.plan is not None}
        planner = self.planner = Planner(
            plans, lambda key, plan: lanes.offer(key, plan), clock=self.clock, store=store, recorder=recorder
        )
        lanes = self.lanes = Lanes(
            clock=self.clock,
            store=store,
            recorder=recorder,
            options=lambda: self.options,
            remembers_since=self.remembers_since,
            secrets=self.passwords,
            find_plug=self._plug,
            learned=planner.learned,
            fatal=self._fatal,
        )
        await self.apply()

    async def apply(self) -> None:
        assert self.planner is not None and self.lanes is not None
        self.planner.use({k: (r, CalendarId("ics", r.calendar)) for k, r in self.rooms.items()})
        for name in {room.calendar.removesuffix(".ics") for room in self.rooms.values()} - self.unread:
            self.planner.took(CalendarId("ics", f"{name}.ics"), tuple(self.meetings[name]))
        await self.lanes.use(self.rooms)
        await self.settle()

    async def stop(self) -> None:
        if self.planner is not None:
            self.planner.close()
        if self.lanes is not None:
            await self.lanes.close()
        if self.store is not None:
            await self.store.close()
        self.planner = self.lanes = self.store = None

    async def crash(self) -> None:
        """Lanes die where they stand; what was not committed is lost."""
        assert self.planner is not None and self.lanes is not None and self.store is not None
        running = [task for lanes in self.lanes._rooms.values() for task in lanes.tasks]
        running += [*self.lanes._retiring.values(), *self.lanes._reclaims]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self.planner.close()
        assert self.store._writer._task is not None
        self.store._writer._task.cancel()
        await asyncio.gather(self.store._writer._task, return_exceptions=True)
        await self.store._engine.dispose()
        self.planner = self.lanes = self.store = None

    # the world

    async def calendar(self, *meetings: Meeting, room: str = "r1") -> None:
        self.meetings[room] = list(meetings)
        if self.planner is not None:
            self.planner.took(CalendarId("ics", f"{room}.ics"), meetings)
            await self.settle()

    async def policy(self, **values: Any) -> None:
        self.rooms = {k: replace(r, policy=replace(r.policy, **values)) for k, r in self.rooms.items()}
        await self.apply()

    async def advance(self, by: timedelta) -> None:
        await self.clock.advance(by, self.settle)

    async def at(self, after_nine: timedelta) -> None:
        await self.clock.run_until(NINE + after_nine, self.settle)

    async def settle(self) -> None:
        """Until every lane waits: a lane needs at most a handful of commits in a row."""
        for _ in range(10):
            for _ in range(12):
                await asyncio.sleep(0)
            while self.lanes is not None and self.lanes._reclaims:  # it reads the database, beside the clock
                await asyncio.sleep(0.001)
            if self.store is not None:
                await self.store.write()

    def _plug(self, name: str) -> DriverPlug:
        if name not in self.units:
            raise NotSupported(f"there is no driver {name!r}")
        return self.units[name].plug()

    def _fatal(self, error: BaseException) -> None:
        raise error
