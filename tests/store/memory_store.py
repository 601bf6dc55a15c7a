"""A store in plain dicts: the second backend, which shows that the contract is no description of SQLite.

``MemoryData`` is the database, ``MemoryStore`` one opening of it. A change is a function of the data; a write makes its
changes on a copy and puts the copy in force, so it happens whole or not at all.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connector.model import NEVER_UP, Attempt, Meeting, RoomId, RoomPlan, Unit, UnitId, UnitState
from connector.store.api import (
    HISTORY_PER_ROOM,
    Answer,
    CalendarLease,
    CalendarRow,
    Change,
    Command,
    HistoryRow,
    Lease,
    Outcome,
    Owner,
    OwnershipLost,
    Pause,
    RoomState,
    Span,
    StoreApi,
    UnitLease,
    UnitRow,
)
from connector.store.claims import claim
from connector.wire import dump_detail, load_detail
from device_drivers.api import DeviceInfo, Receipt
from tests.support.clock import NINE


@dataclass(slots=True)
class MemoryData:
    """Everything that an opening finds. Rows are frozen; only these containers change."""

    epoch: int = 0
    calendars: dict[str, CalendarRow] = field(default_factory=dict)
    rooms: dict[RoomId, RoomState] = field(default_factory=dict)
    units: dict[UnitId, UnitRow] = field(default_factory=dict)
    attempts: dict[int, Attempt] = field(default_factory=dict)
    last_attempt: int = 0
    history: list[HistoryRow] = field(default_factory=list)
    commands: dict[int, tuple[Command, datetime, Answer | None]] = field(default_factory=dict)  # with expiry
    pauses: dict[RoomId, Pause] = field(default_factory=dict)
    last_command: int = 0
    sources: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def copied(self) -> MemoryData:
        return MemoryData(*(copy.copy(getattr(self, name)) for name in self.__slots__))

    def take(self, other: MemoryData) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(other, name))


Work = Callable[[MemoryData], None]


@dataclass(frozen=True, slots=True)
class Made(Change):
    work: Work
    epoch: int


class MemoryStore:
    """See ``connector.store.api.StoreApi``."""

    def __init__(self, data: MemoryData) -> None:
        data.epoch += 1
        self._data = data
        self._epoch = data.epoch
        self._posted: list[tuple[Change, ...]] = []
        self._open = True

    # how changes take effect

    async def write(self, *changes: Change) -> None:
        self._flush()
        if not self._open:
            raise OwnershipLost("the store is closed")
        self._commit(changes)

    def post(self, *changes: Change) -> None:
        if self._open:
            self._posted.append(changes)

    async def close(self) -> None:
        self._flush()
        self._open = False

    def _flush(self) -> None:
        posted, self._posted = self._posted, []
        for changes in posted:
            try:
                self._commit(changes)
            except OwnershipLost:
                continue

    def _commit(self, changes: Iterable[Change]) -> None:
        fresh = self._data.copied()
        for change in changes:
            assert isinstance(change, Made)
            self._check(change)
            change.work(fresh)
        self._data.take(fresh)

    def _check(self, change: Made) -> None:
        if change.epoch != self._data.epoch:
            raise OwnershipLost(f"another daemon took over (epoch {self._data.epoch}, ours {change.epoch})")

    def calendar_lease(self, source: str, calendar: str = "") -> CalendarLease:
        return CalendarLease(source, calendar, self._epoch)

    def unit_lease(self, unit: UnitId) -> UnitLease:
        return UnitLease(unit, self._epoch)

    async def owner(self) -> Owner | None:
        return Owner(self._data.epoch, NINE)

    # calendars and plans

    async def calendars(self, key: str | None = None) -> dict[str, CalendarRow]:
        return {name: row for name, row in self._data.calendars.items() if key in (None, name)}

    def save_reading(self, lease: CalendarLease, key: str, meetings: Iterable[Meeting], at: datetime) -> Change:
        row = CalendarRow(key, tuple(meetings), at)
        return Made(lambda data: data.calendars.update({key: row}), lease.epoch)

    def save_unchanged(self, lease: CalendarLease, key: str, at: datetime) -> Change:
        return self._calendar(lease, key, read_at=at, error="", error_since=None)

    def save_failure(self, lease: CalendarLease, key: str, error: str, since: datetime) -> Change:
        return self._calendar(lease, key, error=error, error_since=since)

    def _calendar(self, lease: CalendarLease, key: str, **values: Any) -> Change:
        def work(data: MemoryData) -> None:
            data.calendars[key] = replace(data.calendars.get(key, CalendarRow(key, (), None)), **values)

        return Made(work, lease.epoch)

    def drop_calendars(self, lease: CalendarLease) -> Change:
        def work(data: MemoryData) -> None:
            data.calendars = {k: v for k, v in data.calendars.items() if not k.startswith(f"{lease.source}:")}

        return Made(work, lease.epoch)

    async def room_states(self, room: RoomId | None = None) -> dict[RoomId, RoomState]:
        return {key: state for key, state in self._data.rooms.items() if room in (None, key)}

    def save_plan(self, lease: CalendarLease, plan: RoomPlan) -> Change:
        def work(data: MemoryData) -> None:
            data.rooms[plan.room] = replace(data.rooms.get(plan.room, RoomState(plan.room)), plan=plan)

        return Made(work, lease.epoch)

    def drop_plans(self, lease: CalendarLease, of_others_than: Iterable[RoomId]) -> Change:
        stay = set(of_others_than)

        def work(data: MemoryData) -> None:
            data.rooms = {k: v if k in stay else replace(v, plan=None) for k, v in data.rooms.items()}

        return Made(work, lease.epoch)

    # units

    async def units(self, room: RoomId | None = None) -> dict[UnitId, UnitRow]:
        return {key: row for key, row in self._data.units.items() if room in (None, row.unit.room)}

    async def claim_units(self, wanted: Mapping[RoomId, Unit], at: datetime) -> dict[RoomId, UnitLease]:
        claimed: dict[RoomId, UnitLease] = {}

        def work(data: MemoryData) -> None:
            served = {key: state.unit for key, state in data.rooms.items() if state.unit is not None}
            claims = claim((row.unit for row in data.units.values()), served, wanted, at)
            for key, unit in claims.units.items():
                data.units[key] = replace(data.units.get(key, UnitRow(unit)), unit=unit)
            for room, has in {**claims.rooms, **dict.fromkeys(claims.bereft)}.items():
                data.rooms[room] = replace(data.rooms.get(room, RoomState(room)), unit=has)
            claimed.update({room: UnitLease(unit, self._epoch) for room, unit in claims.rooms.items()})

        await self.write(Made(work, self._epoch))
        return claimed

    def save_unit_state(self, lease: UnitLease, state: UnitState, at: datetime) -> Change:
        return self._told(lease, lambda row: replace(row, unit=replace(row.unit, state=state, since=at)))

    def save_probe(self, lease: UnitLease, info: DeviceInfo, at: datetime) -> Change:
        def told(row: UnitRow) -> UnitRow:
            serial = info.serial_number or row.unit.serial_number
            return replace(row, info=info, info_at=at, unit=replace(row.unit, serial_number=serial))

        return self._told(lease, told)

    def save_receipt(self, lease: UnitLease, receipt: Receipt | None, at: datetime) -> Change:
        return self._told(lease, lambda row: replace(row, receipt=receipt, receipt_at=at, verified_at=None))

    def save_verified(self, lease: UnitLease, at: datetime) -> Change:
        return self._told(lease, lambda row: replace(row, verified_at=at))

    def save_contact(self, lease: UnitLease, contact: str, detail: str, since: datetime, refused: str) -> Change:
        values = {"contact": contact, "contact_detail": detail, "contact_since": since, "refused": refused}
        return self._told(lease, lambda row: replace(row, **values))  # type: ignore[arg-type]  # fields of UnitRow

    def _told(self, lease: UnitLease, told: Callable[[UnitRow], UnitRow]) -> Change:
        def work(data: MemoryData) -> None:
            data.units[lease.unit] = told(data.units.get(lease.unit, UnitRow(Unit(lease.unit, "", ""))))

        return Made(work, lease.epoch)

    # attempts

    async def attempts(self, since: datetime, room: RoomId | None = None, unit: UnitId | None = None) -> list[Attempt]:
        return [
            found
            for _, found in sorted(self._data.attempts.items())
            if (found.planned_start >= since or (found.address and not found.left and found.leave_at is not None))
            and room in (None, found.room)
            and unit in (None, found.unit)
        ]

    async def add_attempt(self, lease: UnitLease, attempt: Attempt, *also: Change) -> int:
        number = 0

        def work(data: MemoryData) -> None:
            nonlocal number
            data.last_attempt = number = data.last_attempt + 1
            data.attempts[number] = replace(attempt, id=number, unit=lease.unit)

        await self.write(Made(work, lease.epoch), *also)
        return number

    def save_attempt(self, lease: UnitLease, attempt: Attempt) -> Change:
        progress = ("state", "at", "call_id", "cause", "owned", "leave_at", "left", "left_at", "sent_at")
        values = {name: getattr(attempt, name) for name in progress}

        def work(data: MemoryData) -> None:
            known = data.attempts.get(attempt.id)
            if known is not None and known.unit == lease.unit:
                data.attempts[attempt.id] = replace(known, **values)

        return Made(work, lease.epoch)

    def prune_attempts(self, lease: UnitLease, before: datetime) -> Change:
        def work(data: MemoryData) -> None:
            data.attempts = {
                key: found
                for key, found in data.attempts.items()
                if found.unit != lease.unit or not self._is_old(found, before)
            }

        return Made(work, lease.epoch)

    def prune_attempts_of_gone(self, lease: Lease, before: datetime) -> Change:
        def work(data: MemoryData) -> None:
            gone = {key for key, row in data.units.items() if row.unit.state is UnitState.GONE}
            old = {key for key, found in data.attempts.items() if found.unit in gone and self._is_old(found, before)}
            data.attempts = {key: found for key, found in data.attempts.items() if key not in old}

        return Made(work, lease.epoch)

    def wipe_attempts(self, lease: Lease, over: datetime, old: datetime) -> tuple[Change, ...]:
        def wiped(found: Attempt) -> Attempt:
            if self._is_old(found, old):
                return replace(found, address="", meeting_key="", call_id=None)
            return replace(found, address="") if self._is_over(found, over) else found

        def work(data: MemoryData) -> None:
            data.attempts = {key: wiped(found) for key, found in data.attempts.items()}

        return (Made(work, lease.epoch),)

    def _is_old(self, found: Attempt, before: datetime) -> bool:
        return found.planned_start < before and not self._leave_is_open(found, before)

    def _is_over(self, found: Attempt, before: datetime) -> bool:
        ended = bool(found.left) or found.state in NEVER_UP
        return ended and max(found.at, found.left_at or found.at) < before and not self._leave_is_open(found, before)

    async def outcomes(self, since: datetime) -> list[Outcome]:
        found = (attempt for _, attempt in sorted(self._data.attempts.items()))
        return [_outcome(attempt) for attempt in found if attempt.at >= since]

    async def last_outcomes(self) -> dict[RoomId, Outcome]:
        return {attempt.room: _outcome(attempt) for _, attempt in sorted(self._data.attempts.items())}

    def prune_gone(self, lease: Lease, before: datetime) -> tuple[Change, ...]:
        def work(data: MemoryData) -> None:
            states = {key: row.unit for key, row in data.units.items()}
            old = {k for k, u in states.items() if u.state is UnitState.GONE and u.since and u.since < before}
            data.units = {key: row for key, row in data.units.items() if key not in old}
            data.attempts = {key: found for key, found in data.attempts.items() if found.unit not in old}

        return (Made(work, lease.epoch),)

    def _leave_is_open(self, attempt: Attempt, before: datetime) -> bool:
        return not attempt.left and attempt.leave_at is not None and attempt.leave_at >= before

    # history and commands

    async def history(self, room: str, limit: int = 50) -> list[HistoryRow]:
        return [row for row in reversed(self._data.history) if row.room == room][:limit]

    async def events(self, names: Collection[str], since: datetime) -> list[HistoryRow]:
        return [row for row in self._data.history if row.event in names and row.at >= since]

    async def history_spans(self) -> dict[RoomId, Span]:
        found: dict[RoomId, Span] = {}
        for row in self._data.history:
            known = found.get(row.room, Span(row.at, 0))
            found[row.room] = replace(known, rows=known.rows + 1)
        return found

    async def begins(self) -> datetime | None:
        times = [row.at for row in self._data.history] + [found.at for found in self._data.attempts.values()]
        return min(times, default=None)

    def save_event(self, lease: Lease, room: str, event: str, at: datetime, detail: Mapping[str, Any]) -> Change:
        row = HistoryRow(at, RoomId(room), event, load_detail(dump_detail(detail)))
        return Made(lambda data: data.history.append(row), lease.epoch)

    def prune_history(self, lease: Lease, room: str) -> Change:
        def work(data: MemoryData) -> None:
            newest = [row for row in data.history if row.room == room][-HISTORY_PER_ROOM:]
            data.history = [row for row in data.history if row.room != room] + newest

        return Made(work, lease.epoch)

    async def ask(
        self, kind: str, target: str, now: datetime, valid_for: timedelta, words: Mapping[str, str] | None = None
    ) -> int:
        data, dropped = self._data, now - timedelta(days=1)
        data.commands = {key: row for key, row in data.commands.items() if row[1] >= dropped}
        data.last_command += 1
        data.commands[data.last_command] = (
            Command(data.last_command, kind, target, words or {}),
            now + valid_for,
            None,
        )
        return data.last_command

    async def pending(self, now: datetime) -> tuple[Command, ...]:
        rows = self._data.commands.values()
        return tuple(c for c, expires, outcome in rows if outcome is None and (expires > now or c.taken))

    def take(self, lease: Lease, command: Command, at: datetime) -> Change:
        def work(data: MemoryData) -> None:
            if command.id in data.commands:
                known, *more = data.commands[command.id]
                data.commands[command.id] = (replace(known, taken=True), *more)  # type: ignore[assignment]  # two more

        return Made(work, lease.epoch)

    def answer(self, lease: Lease, command: Command, outcome: str, *, failed: bool = False) -> Change:
        def work(data: MemoryData) -> None:
            if command.id in data.commands:
                data.commands[command.id] = (*data.commands[command.id][:2], Answer(outcome, failed))

        return Made(work, lease.epoch)

    async def outcome(self, number: int) -> Answer | None:
        return self._data.commands[number][2] if number in self._data.commands else None

    async def pauses(self) -> dict[RoomId, Pause]:
        return dict(self._data.pauses)

    def save_pause(self, lease: Lease, pause: Pause) -> Change:
        return Made(lambda data: data.pauses.update({pause.room: pause}), lease.epoch)

    def drop_pause(self, lease: Lease, room: RoomId) -> Change:
        def work(data: MemoryData) -> None:
            data.pauses.pop(room, None)

        return Made(work, lease.epoch)

    # what sources remember

    async def source_value(self, source: str, key: str) -> bytes | None:
        return self._data.sources.get((source, key))

    async def source_values(self, source: str, prefix: str = "") -> dict[str, bytes]:
        found = sorted(self._data.sources.items())
        return {key: value for (of, key), value in found if of == source and key.startswith(prefix)}

    def save_source_value(self, lease: CalendarLease, key: str, value: bytes) -> Change:
        return Made(lambda data: data.sources.update({(lease.source, key): value}), lease.epoch)

    def drop_source_value(self, lease: CalendarLease, key: str) -> Change:
        def work(data: MemoryData) -> None:
            data.sources.pop((lease.source, key), None)

        return Made(work, lease.epoch)

    def drop_source_values(self, lease: CalendarLease) -> Change:
        def work(data: MemoryData) -> None:
            data.sources = {key: value for key, value in data.sources.items() if key[0] != lease.source}

        return Made(work, lease.epoch)


def _outcome(found: Attempt) -> Outcome:
    return Outcome(found.room, found.booking_id, found.planned_start, found.state, found.at, found.sent_at)


class MemoryOpener:
    """The database of one test, opened with the store that is examined."""

    def __init__(self, kind: type[MemoryStore] = MemoryStore) -> None:
        self._data = MemoryData()
        self._kind = kind

    @asynccontextmanager
    async def open(self) -> AsyncIterator[StoreApi]:
        store = self._kind(self._data)
        try:
            yield store
        finally:
            await store.close()
