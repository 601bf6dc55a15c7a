"""The lanes of each room's unit: one keeps its screen equal to the plan, one dials and leaves. Rooms and units come and
go without a restart; a lane that breaks starts anew, and no other notices."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connector import events
from connector.clock import Alarm, Clock, sleep
from connector.engine.dialer import Dialer
from connector.engine.driver_session import DriverSession, FindPlug, Secrets
from connector.engine.limiter import PriorityLimiter
from connector.engine.options import Options
from connector.engine.pusher import Pusher
from connector.engine.recorder import DAEMON, Recorder
from connector.engine.retirement import Retirement
from connector.model import Attempt, AttemptKey, DialOrder, Room, RoomId, RoomPlan, Unit, UnitId, UnitState
from connector.store import kept
from connector.store.api import OwnershipLost, Pause, StoreApi, StoreError, UnitLease, UnitRow
from device_drivers.api import DeviceInfo, UnitFacts

_LANE_PAUSE = timedelta(seconds=5)
_TIDY_EVERY = timedelta(hours=1)

Learned = Callable[[RoomId, UnitFacts], None]


@dataclass(slots=True)
class _Lanes:
    """Of one room, while its row says the same and its unit is the same."""

    room: Room
    lease: UnitLease
    serial_number: str  # that the unit told last; "" before the first probe
    session: DriverSession
    pusher: Pusher
    dialer: Dialer
    plan: RoomPlan | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class InUse:
    """A room and its unit, as they are at this moment."""

    room: Room
    lease: UnitLease
    plan: RoomPlan | None
    pusher: Pusher
    dialer: Dialer


@dataclass(frozen=True, slots=True)
class _Before:
    """What a room's lanes were when they were stopped."""

    room: Room
    unit: UnitId
    plan: RoomPlan | None
    in_calls: frozenset[AttemptKey]  # of ours, that were up


class Lanes:
    """``use`` says which rooms there are, ``offer`` hands one its plan. ``learned`` is told what its unit can do."""

    def __init__(
        self,
        *,
        clock: Clock,
        store: StoreApi,
        recorder: Recorder,
        options: Callable[[], Options],
        remembers_since: datetime | None = None,
        secrets: Secrets,
        find_plug: FindPlug,
        learned: Learned,
        fatal: Callable[[BaseException], None],
    ) -> None:
        """``remembers_since``: the database was lost, and of what was dialled before this time nothing is known."""
        self._clock = clock
        self._store = store
        self._recorder = recorder
        self._options = options
        self._remembers_since = remembers_since
        self._secrets = secrets
        self._find_plug = find_plug
        self._learned = learned
        self._fatal = fatal
        self._rooms: dict[RoomId, _Lanes] = {}
        self._groups: dict[str, set[RoomId]] = {}  # by calendar
        self._by_serial: dict[str, UnitId] = {}
        self._to_let_go = True  # units that no room has any more: at the start those of a run before this one
        self._retiring: dict[UnitId, asyncio.Task[None]] = {}
        self._changing = asyncio.Lock()  # units are claimed for some rooms at a time
        self._reclaims: set[asyncio.Task[None]] = set()
        self._limiter = PriorityLimiter(options().push_concurrency)
        self._tidying: Alarm | None = None
        self._pauses: dict[RoomId, Pause] = {}

    # -------------------------------------------------------------------------------- rooms

    async def use(self, rooms: Mapping[RoomId, Room]) -> None:
        """Start what is new, stop what is gone, restart what changed; a unit that no room has any more is let go.

        StoreError, OwnershipLost: some rooms may have no lanes then, and the next call starts them.
        """
        async with self._changing:
            stopped = [key for key, lanes in self._rooms.items() if rooms.get(key) != lanes.room]
            before = dict(zip(stopped, await self._stop_all(stopped), strict=True))
            self._to_let_go |= bool(before)  # until it was done: the database may be in trouble just now
            fresh = [room for key, room in rooms.items() if key not in self._rooms]
            await self._start_all({room.id: (room, unit_of(room)) for room in fresh}, before)
            if self._to_let_go:
                await self._let_go(before, rooms)
            self._to_let_go = False
        if self._tidying is None:
            self._tidy()

    async def stepped(self, by: timedelta) -> None:
        """The wall clock was set: lanes begin anew, with what was dialled moved along. StoreError, OwnershipLost: as
        for ``use``."""
        rooms = {key: lanes.room for key, lanes in self._rooms.items()}
        async with self._changing:
            for unit in list(self._retiring):
                await self._stop_retiring(unit)
            plans = {key: lanes.plan for key, lanes in self._rooms.items()}
            for lanes in [self._rooms[key] for key in rooms]:
                await lanes.dialer.stepped(by)
            self._to_let_go = True
            await self._stop_all(rooms)
        await self.use(rooms)
        for key, plan in plans.items():
            if plan is not None:
                self.offer(key, plan)

    async def _start_all(self, wanted: Mapping[RoomId, tuple[Room, Unit]], before: Mapping[RoomId, _Before]) -> None:
        await self._store.write()  # what was posted before is read below
        now = self._clock.now()
        leases = await self._store.claim_units({key: unit for key, (_, unit) in wanted.items()}, now)
        units = await self._units(wanted)
        attempts = await self._attempts(leases.values())
        for key, (room, _) in wanted.items():
            lease = leases[key]
            await self._stop_retiring(lease.unit)
            was = before.get(key)
            takes_over = was.in_calls if was is not None and was.unit != lease.unit else frozenset()
            self._start(room, units[lease.unit], lease, attempts.get(lease.unit, []), takes_over)

    async def _units(self, rooms: Collection[RoomId]) -> Mapping[UnitId, UnitRow]:
        """One room is asked for alone: an edit of a row costs the same with ten rooms and with ten thousand."""
        found = await self._store.units(next(iter(rooms))) if len(rooms) == 1 else await self._store.units()
        self._by_serial |= {row.unit.serial_number: key for key, row in found.items() if row.unit.serial_number}
        return found

    async def _attempts(self, leases: Collection[UnitLease]) -> Mapping[UnitId, list[Attempt]]:
        since = self._clock.now() - kept.UNENDED  # older ones are of no order any more
        only = next(iter(leases)).unit if len(leases) == 1 else None
        found: dict[UnitId, list[Attempt]] = {}
        for attempt in await self._store.attempts(since, unit=only):
            found.setdefault(attempt.unit, []).append(attempt)
        return found

    def _start(
        self,
        room: Room,
        row: UnitRow,
        lease: UnitLease,
        attempts: Sequence[Attempt],
        takes_over: Collection[AttemptKey] = (),
    ) -> None:
        session = self._session(room, row, lease)
        dialer = self._dialer(session, attempts, lease, takes_over)
        pusher = Pusher(
            session,
            row.receipt,
            lease,
            self._limiter,
            clock=self._clock,
            store=self._store,
            recorder=self._recorder,
            options=self._options,
        )
        lanes = self._rooms[room.id] = _Lanes(room, lease, row.unit.serial_number, session, pusher, dialer)
        pusher.pause(self._pauses.get(room.id))
        dialer.pause(room.id in self._pauses)
        session.is_another = lambda info: self._probed(lanes, info)
        for name, lane in (("screen", pusher.run), ("calls", dialer.run)):
            task = asyncio.create_task(self._keep_running(room.id, name, lane), name=f"{name}-{room.id}")
            lanes.tasks.append(task)
        self._groups.setdefault(room.calendar, set()).add(room.id)
        self._learned(room.id, session.facts)

    def _session(self, room: Room, row: UnitRow, lease: UnitLease) -> DriverSession:
        return DriverSession(
            room,
            row,
            lease,
            clock=self._clock,
            store=self._store,
            recorder=self._recorder,
            options=self._options,
            secrets=self._secrets,
            find_plug=self._find_plug,
        )

    def _dialer(
        self,
        session: DriverSession,
        attempts: Sequence[Attempt],
        lease: UnitLease,
        takes_over: Collection[AttemptKey] = (),
    ) -> Dialer:
        return Dialer(
            session,
            attempts,
            lease,
            takes_over=takes_over,
            remembers_since=self._remembers_since,
            elsewhere=lambda order: self._elsewhere(session.room, order),
            clock=self._clock,
            store=self._store,
            recorder=self._recorder,
            options=self._options,
        )

    def _elsewhere(self, room: Room, order: DialOrder) -> str:
        """Auto-join went from one row of a calendar to another while the meeting began: one unit in it is enough."""
        for key in self._groups.get(room.calendar, ()):
            lanes = self._rooms.get(key)
            if lanes is None or key == room.id or lanes.room.policy.auto_join:
                continue
            if any(_answers(attempt, order) for attempt in lanes.dialer.attempts):
                return f"the room's other unit, {key}, is in this meeting already"
        return ""

    async def _stop_all(self, keys: Iterable[RoomId]) -> list[_Before]:
        return await asyncio.gather(*map(self._stop, keys))

    async def _stop(self, key: RoomId) -> _Before:
        lanes = self._rooms.pop(key)
        group = self._groups[lanes.room.calendar]
        group.discard(key)
        if not group:
            del self._groups[lanes.room.calendar]
        for task in lanes.tasks:
            task.cancel()
        await asyncio.gather(*lanes.tasks, return_exceptions=True)
        await lanes.session.close()
        in_calls = frozenset(attempt.key for attempt in lanes.dialer.attempts if attempt.live)
        return _Before(lanes.room, lanes.lease.unit, lanes.plan, in_calls)

    async def close(self) -> None:
        if self._tidying is not None:
            self._tidying.cancel()
        beside = [*self._reclaims, *self._retiring.values()]
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, *(self._stop(key) for key in list(self._rooms)), return_exceptions=True)

    async def _keep_running(self, room: RoomId, name: str, lane: Callable[[], Awaitable[None]]) -> None:
        """Until cancelled, or until a lane that ends has ended."""
        while True:
            try:
                await lane()
                return
            except OwnershipLost as error:
                self._fatal(error)
                return
            except StoreError:  # the store has said so, once for all rooms
                await sleep(self._clock, _LANE_PAUSE)
            except Exception as error:  # a mistake of ours in one room must not stop the others
                reason = f"{type(error).__name__}: {error}"
                self._recorder.publish(events.LaneFailed(room=room, lane=name, reason=reason))
                await sleep(self._clock, _LANE_PAUSE)

    def _tidy(self) -> None:
        """What is kept is bounded (``store.kept``): old attempts go, and before that what they dialled; so do old lines
        of the rooms, and of the daemon itself."""
        now, store, own = self._clock.now(), self._store, self._store.calendar_lease(DAEMON)
        store.post(*store.wipe_attempts(own, now - kept.ADDRESSES, now - kept.UNENDED))
        for lanes in self._rooms.values():
            store.post(store.prune_attempts(lanes.lease, now - kept.ATTEMPTS))
        self._recorder.prune(self._rooms)
        store.post(store.prune_attempts_of_gone(own, now - kept.ATTEMPTS))
        store.post(*store.prune_gone(own, now - kept.GONE_UNITS))
        self._tidying = self._clock.call_at(_between_dials(now + _TIDY_EVERY), self._tidy)

    # -------------------------------------------------------------------------------- units that go

    async def _let_go(self, before: Mapping[RoomId, _Before], rooms: Mapping[RoomId, Room]) -> None:
        """The units that no room has any more: of rooms that were stopped just now, and of a run before this one."""
        in_use = {lanes.lease.unit for lanes in self._rooms.values()} | self._retiring.keys()
        rooms_before = {was.unit: was.room for was in before.values()}
        for unit, row in (await self._store.units()).items():
            if row.unit.state is not UnitState.GONE and unit not in in_use:
                await self._retire(row, rooms_before.get(unit), at_once=row.unit.room in rooms)

    async def _retire(self, row: UnitRow, room: Room | None, *, at_once: bool) -> None:
        """``room``: its row as it was, where this process knew it."""
        lease = self._store.unit_lease(row.unit.id)
        await self._store.write(self._store.save_unit_state(lease, UnitState.RETIRING, self._clock.now()))
        session = self._session(room or _room_of(row.unit), row, lease)
        attempts = await self._attempts([lease])
        retirement = Retirement(
            session,
            self._dialer(session, attempts.get(row.unit.id, []), lease),
            lease,
            at_once=at_once,
            shows_ours=bool(row.receipt and row.receipt.accepted),
            clock=self._clock,
            store=self._store,
            recorder=self._recorder,
        )
        running = self._keep_running(row.unit.room, "retirement", retirement.run)
        task = asyncio.create_task(running, name=f"retire-{row.unit.id}")
        self._retiring[row.unit.id] = task
        task.add_done_callback(lambda _: self._retiring.pop(row.unit.id, None))

    async def _stop_retiring(self, unit: UnitId) -> None:
        """A room has it again."""
        task = self._retiring.pop(unit, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    # -------------------------------------------------------------------------------- what units tell

    def _probed(self, lanes: _Lanes, info: DeviceInfo) -> bool:
        """Whether it is another unit than the one that these lanes are of."""
        self._learned(lanes.room.id, info.facts)
        serial = info.serial_number
        if not serial or serial == lanes.serial_number:
            return False
        known = self._by_serial.setdefault(serial, lanes.lease.unit)
        first, lanes.serial_number = not lanes.serial_number, serial
        if known == lanes.lease.unit and first:
            return False
        if any(other.lease.unit == known for other in self._rooms.values() if other is not lanes):
            return False  # two rooms whose units tell one serial number: it says nothing, the address does
        task = asyncio.create_task(self._reclaim(lanes, serial), name=f"reclaim-{lanes.room.id}")
        self._reclaims.add(task)
        task.add_done_callback(self._reclaims.discard)
        return True

    async def _reclaim(self, lanes: _Lanes, serial_number: str) -> None:
        """Another unit answers at the room's address: what the one before acknowledged or dialled does not count."""
        room = lanes.room
        async with self._changing:
            if self._rooms.get(room.id) is not lanes:
                return
            before = await self._stop(room.id)
            self._recorder.publish(events.UnitReplaced(room=room.id, serial_number=serial_number))
            wanted = replace(unit_of(room), serial_number=serial_number)
            while room.id not in self._rooms:
                try:
                    await self._start_all({room.id: (room, wanted)}, {room.id: before})
                    if before.plan is not None:  # of the room, which is the same: nobody makes another one
                        self.offer(room.id, before.plan)
                    await self._let_go({room.id: before}, {key: each.room for key, each in self._rooms.items()})
                except OwnershipLost as error:
                    self._fatal(error)
                    return
                except StoreError:  # the store has said so; the room is not left without its lanes
                    self._to_let_go = True
                    await sleep(self._clock, _LANE_PAUSE)

    # -------------------------------------------------------------------------------- what they are told

    def offer(self, key: RoomId, plan: RoomPlan) -> None:
        """The plan of a room, when it is made and each time that it is made anew."""
        lanes = self._rooms.get(key)
        if lanes is not None:
            lanes.plan = plan
            lanes.pusher.offer(plan)
            lanes.dialer.offer(plan)

    def pause(self, key: RoomId, pause: Pause | None) -> None:
        """None: it is served again. Also for a room that comes later."""
        if pause is None:
            self._pauses.pop(key, None)
        else:
            self._pauses[key] = pause
        lanes = self._rooms.get(key)
        if lanes is not None:
            lanes.pusher.pause(pause)
            lanes.dialer.pause(pause is not None)

    def of(self, key: RoomId) -> InUse | None:
        """What may be asked of a room's unit; None where there is no such room now."""
        lanes = self._rooms.get(key)
        if lanes is None:
            return None
        return InUse(lanes.room, lanes.lease, lanes.plan, lanes.pusher, lanes.dialer)

    def use_pace(self) -> None:
        """The options changed."""
        self._limiter.resize(self._options().push_concurrency)
        self.look_at_refused()

    def look(self, key: RoomId) -> None:
        """Somebody says that this unit changed."""
        if key in self._rooms:
            self._rooms[key].pusher.look()

    def try_again(self, key: str) -> bool:
        """Ask a unit once more that refused its password. False when there is no such room."""
        lanes = self._rooms.get(RoomId(key))
        if lanes is None:
            return False
        lanes.session.try_again()
        lanes.pusher.look()
        return True

    def look_at_refused(self) -> None:
        """A secret may have been corrected: who waits for one looks now. The refused one itself is not sent again."""
        for lanes in self._rooms.values():
            if lanes.session.state in ("credentials_refused", "not_allowed"):
                lanes.pusher.look()


def _answers(attempt: Attempt, order: DialOrder) -> bool:
    return attempt.live and (attempt.planned_start, attempt.meeting_key) == (order.planned_start, order.meeting_key)


def _between_dials(when: datetime) -> datetime:
    """Rooms dial when a minute begins, and nothing leaves before its row is written: no long write lies there."""
    return when.replace(second=20, microsecond=0)


def unit_of(room: Room) -> Unit:
    """The unit that a row describes."""
    return Unit(
        id=UnitId(""),
        driver=room.device_type,
        address=room.ip_address,
        port=room.port,
        tls=room.tls,
        credential=room.credential,
        serial_number=room.serial_number,
        room=room.id,
        options=room.options,
    )


def _room_of(unit: Unit) -> Room:
    """As much of the row as is needed to speak to a unit that a run before this one knew."""
    return Room(
        id=unit.room,
        name=str(unit.room),
        calendar="",
        device_type=unit.driver,
        ip_address=unit.address,
        port=unit.port,
        tls=unit.tls,
        credential=unit.credential,
        serial_number=unit.serial_number,
        options=unit.options,
    )
