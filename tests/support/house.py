"""The engine on a fake clock, in-memory units and a real SQLite file: what the promises are tested on."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from connector.engine.driver_session import Tools
from connector.engine.journal import Journal
from connector.engine.options import Options
from connector.engine.supervisor import Supervisor
from connector.model import CalendarId, Event, JoinInfo, Meeting, Policy, Room, RoomId, booking_id
from connector.settings import Credential
from connector.store.store import Store
from connector.vault.vault import Vault
from device_drivers.api import DriverPlug, NotSupported
from tests.support.clock import NINE, FakeClock
from tests.support.memory_unit import MemoryUnit

ROOM = RoomId("r1")
CALENDAR = CalendarId("ics", "r1.ics")
OPTIONS = Options(private_networks=(ip_network("127.0.0.0/8"),), verify_every=timedelta(minutes=5))
AUTO = Policy(auto_join=True)


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


class House:
    """One or more rooms. ``crash`` drops everything but the database, as kill -9 does; ``start`` again goes on."""

    def __init__(self, folder: Path, policy: Policy = AUTO, rooms: int = 1, options: Options = OPTIONS) -> None:
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
        self.supervisor: Supervisor | None = None

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
        self.store = await Store.open(self.folder / "db", vault, self.clock.now())
        journal = Journal(self.clock, self.store, self.events.append)
        tools = Tools(self.clock, self.store, journal, self.options, self.passwords, self._plug)
        rows = await self.store.rooms()
        attempts = await self.store.attempts(self.clock.now() - timedelta(days=2))
        self.supervisor = Supervisor(tools, rows, attempts, self._read, self._fatal)
        await self.apply()

    async def apply(self) -> None:
        assert self.supervisor is not None
        await self.supervisor.apply({k: (r, CalendarId("ics", r.calendar)) for k, r in self.rooms.items()})
        await self.settle()

    async def stop(self) -> None:
        if self.supervisor is not None:
            await self.supervisor.close()
        if self.store is not None:
            await self.store.close()
        self.supervisor = self.store = None

    async def crash(self) -> None:
        """Lanes die where they stand; what was not committed is lost."""
        assert self.supervisor is not None and self.store is not None
        lanes = [task for managed in self.supervisor._managed.values() for task in managed.tasks]
        for task in lanes:
            task.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        for managed in self.supervisor._managed.values():
            if managed.alarm is not None:
                managed.alarm.cancel()
        assert self.store._writer._task is not None
        self.store._writer._task.cancel()
        await asyncio.gather(self.store._writer._task, return_exceptions=True)
        await self.store._engine.dispose()
        self.supervisor = self.store = None

    # the world

    async def calendar(self, *meetings: Meeting, room: str = "r1") -> None:
        self.meetings[room] = list(meetings)
        if self.supervisor is not None:
            self.supervisor.calendar_changed(CalendarId("ics", f"{room}.ics"))
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
            if self.store is not None:
                await self.store.write()

    def _read(self, calendar: CalendarId) -> tuple[Meeting, ...] | None:
        if calendar.name.removesuffix(".ics") in self.unread:
            return None
        return tuple(self.meetings[calendar.name.removesuffix(".ics")])

    def _plug(self, name: str) -> DriverPlug:
        if name not in self.units:
            raise NotSupported(f"there is no driver {name!r}")
        return self.units[name].plug()

    def _fatal(self, error: BaseException) -> None:
        raise error
