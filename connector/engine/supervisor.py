"""Rooms come and go without a restart; each has its unit and its two lanes; a plan follows every change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connector.clock import Alarm, sleep
from connector.engine.dialer import Dialer
from connector.engine.driver_session import DriverSession, Tools
from connector.engine.pusher import Pusher
from connector.model import Attempt, CalendarId, Meeting, Room, RoomId, RoomPlan
from connector.planning.plan import plan
from connector.store.store import RoomRow
from connector.store.writer import OwnershipLost, StoreError
from device_drivers.api import Capability

_LANE_PAUSE = timedelta(seconds=5)
_TIDY_EVERY = timedelta(hours=1)
_ATTEMPTS_KEPT = timedelta(days=2)  # concluded ones, for explain


@dataclass(slots=True)
class _Managed:
    room: Room
    calendar: CalendarId
    unit: DriverSession
    pusher: Pusher
    dialer: Dialer
    planned: RoomPlan | None = None
    capabilities: frozenset[Capability] = frozenset()
    alarm: Alarm | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Supervisor:
    """``apply`` the present rooms, tell it of calendars; it keeps lanes running and restarts one that breaks."""

    def __init__(
        self,
        tools: Tools,
        rows: Mapping[RoomId, RoomRow],
        attempts: Sequence[Attempt],
        meetings: Callable[[CalendarId], tuple[Meeting, ...] | None],
        fatal: Callable[[BaseException], None],
    ) -> None:
        self._tools = tools
        self._rows = dict(rows)
        self._meetings = meetings
        self._fatal = fatal
        self._managed: dict[RoomId, _Managed] = {}
        self._by_calendar: dict[CalendarId, list[RoomId]] = {}
        self._gone: dict[RoomId, tuple[object, ...]] = {}  # which unit a stopped room had
        self._limiter = asyncio.Semaphore(tools.options.push_concurrency)
        self._tidying: Alarm | None = None
        self._attempts: dict[RoomId, list[Attempt]] = {}
        for attempt in attempts:
            self._attempts.setdefault(RoomId(attempt.room), []).append(attempt)

    @property
    def rooms(self) -> dict[RoomId, tuple[Room, CalendarId]]:
        return {key: (managed.room, managed.calendar) for key, managed in self._managed.items()}

    def next_dial(self) -> datetime | None:
        """The earliest that is still to come, in any room."""
        now = self._tools.clock.now()
        plans = (managed.planned for managed in self._managed.values() if managed.planned is not None)
        return min((o.dial_at for found in plans for o in found.dial_orders if o.dial_at > now), default=None)

    # -------------------------------------------------------------------------------- rooms

    async def apply(self, rooms: Mapping[RoomId, tuple[Room, CalendarId]]) -> None:
        """Start what is new, stop what is gone, restart what changed. What a gone room shows is left as it is."""
        for key in list(self._managed):
            wanted = rooms.get(key)
            managed = self._managed[key]
            if wanted is None or wanted != (managed.room, managed.calendar):
                await self._stop(key)
        for key, (room, calendar) in rooms.items():
            if key not in self._managed:
                self._start(room, calendar)
        self._by_calendar = {}
        for key, managed in self._managed.items():
            self._by_calendar.setdefault(managed.calendar, []).append(key)
        if self._tidying is None:
            self._tidy()

    def _tidy(self) -> None:
        """The history is bounded: old lines of the rooms, and of the daemon itself, go."""
        now, store = self._tools.clock.now(), self._tools.store
        for room in ("", *self._managed):
            store.post(*store.prune(room, now - _ATTEMPTS_KEPT))
        self._tidying = self._tools.clock.call_at(now + _TIDY_EVERY, self._tidy)

    def _start(self, room: Room, calendar: CalendarId) -> None:
        row = self._rows.pop(room.id, RoomRow(room.id))
        if room.id in self._gone and self._gone[room.id] != _unit_of(room):
            row = RoomRow(room.id)  # another unit: what the old one acknowledged says nothing
        unit = DriverSession(room, row, self._tools)
        managed = _Managed(
            room,
            calendar,
            unit,
            Pusher(unit, row, self._tools, self._limiter),
            Dialer(unit, self._attempts.get(room.id, ()), self._tools),
            planned=row.plan,
        )
        unit.on_info = lambda: self._info_changed(room.id)
        self._managed[room.id] = managed
        for name, lane in (("screen", managed.pusher.run), ("calls", managed.dialer.run)):
            task = asyncio.create_task(self._keep_running(room.id, name, lane), name=f"{name}-{room.id}")
            managed.tasks.append(task)
        self.replan(room.id)

    async def _stop(self, key: RoomId) -> None:
        managed = self._managed.pop(key)
        if managed.alarm is not None:
            managed.alarm.cancel()
        for task in managed.tasks:
            task.cancel()
        await asyncio.gather(*managed.tasks, return_exceptions=True)
        await managed.unit.close()
        self._gone[key] = _unit_of(managed.room)
        self._attempts[key] = list(managed.dialer.attempts)
        self._rows[key] = managed.unit.row(plan=managed.planned, receipt=managed.pusher.receipt)

    async def close(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
        await asyncio.gather(*(self._stop(key) for key in list(self._managed)))

    async def _keep_running(self, room: RoomId, name: str, lane: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await lane()
            except OwnershipLost as error:
                self._fatal(error)
                return
            except StoreError:  # the store has said so, once for all rooms
                await sleep(self._tools.clock, _LANE_PAUSE)
            except Exception as error:  # a mistake of ours in one room must not stop the others
                self._tools.journal.note("lane.failed", room, lane=name, reason=f"{type(error).__name__}: {error}")
                await sleep(self._tools.clock, _LANE_PAUSE)

    # -------------------------------------------------------------------------------- plans

    def calendar_changed(self, calendar: CalendarId) -> None:
        for key in self._by_calendar.get(calendar, ()):
            self.replan(key)

    def _info_changed(self, key: RoomId) -> None:
        managed = self._managed.get(key)
        if managed is not None and managed.unit.capabilities != managed.capabilities:
            self.replan(key)

    def replan(self, key: RoomId) -> None:
        """Compute the plan and hand it to both lanes. Nothing is planned before the calendar was read once."""
        managed = self._managed.get(key)
        if managed is None:
            return
        meetings = self._meetings(managed.calendar)
        if meetings is None:
            return
        now = self._tools.clock.now()
        managed.capabilities = managed.unit.capabilities
        fresh = plan(managed.room, meetings, managed.capabilities, now)
        if managed.planned is None or _differs(fresh, managed.planned):
            self._tools.store.post(self._tools.store.planned(fresh))
            self._tools.journal.note("room.planned", key, **_summary(fresh))
        managed.planned = fresh
        managed.pusher.offer(fresh)
        managed.dialer.offer(fresh)
        if managed.alarm is not None:
            managed.alarm.cancel()
        managed.alarm = None
        if fresh.next_change is not None:
            managed.alarm = self._tools.clock.call_at(fresh.next_change, lambda: self.replan(key))

    def look(self, key: RoomId) -> None:
        """Somebody says that this unit changed."""
        if key in self._managed:
            self._managed[key].pusher.look()

    def try_again(self, key: str) -> bool:
        """Ask a unit once more that refused its password. False when there is no such room."""
        managed = self._managed.get(RoomId(key))
        if managed is None:
            return False
        managed.unit.try_again()
        managed.pusher.look()
        return True

    def look_at_refused(self) -> None:
        """A secret may have been corrected: who waits for one looks now. The refused one itself is not sent again."""
        for managed in self._managed.values():
            if managed.unit.state in ("credentials_refused", "not_allowed"):
                managed.pusher.look()


def _unit_of(room: Room) -> tuple[object, ...]:
    return room.device_type, room.ip_address, room.port


def _differs(one: RoomPlan, other: RoomPlan) -> bool:
    return replace(one, computed_at=other.computed_at) != other


def _summary(planned: RoomPlan) -> dict[str, object]:
    outcomes = [decision.outcome for decision in planned.decisions]
    return {
        "bookings": len(planned.bookings.bookings),
        "buttons": outcomes.count("button"),
        "left_off": outcomes.count("left_off"),
        "auto_joins": len(planned.dial_orders),
    }
