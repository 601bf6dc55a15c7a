"""The store: what is kept of calendars, rooms, dial attempts and history, as prepared writes and plain reads.

Every transaction of the writer checks that this process still owns the database (the epoch), so a daemon that was
replaced can neither dial nor overwrite: its writes raise ``OwnershipLost``. A full disk or a broken file is
``StoreError``.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

import structlog
from pydantic import TypeAdapter
from sqlalchemy import Delete, Insert, Table, bindparam, delete, event, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from connector.model import Attempt, AttemptState, Meeting, RoomId, RoomPlan
from connector.store import tables
from connector.store.schema import upgrade_sqlite
from connector.store.writer import StoreError, Write, Writer, cause_of
from connector.vault import Damaged, VaultError
from device_drivers.api import DeviceInfo, Receipt

HISTORY_PER_ROOM = 200
_MEETINGS = TypeAdapter(list[Meeting])
_PLAN = TypeAdapter(RoomPlan)
_RECEIPT = TypeAdapter(Receipt)
_INFO = TypeAdapter(DeviceInfo)
_T = TypeVar("_T")
_log = structlog.get_logger("connector")  # what cannot be written has no line in the history


class Sealer(Protocol):
    """What the store needs of the vault."""

    def seal(self, data: bytes, context: str) -> bytes: ...

    def unseal(self, sealed: bytes, context: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class CalendarRow:
    calendar: str
    meetings: tuple[Meeting, ...]
    read_at: datetime | None
    error: str = ""
    error_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class RoomRow:
    room: RoomId
    plan: RoomPlan | None = None
    receipt: Receipt | None = None
    receipt_at: datetime | None = None
    verified_at: datetime | None = None
    info: DeviceInfo | None = None
    info_at: datetime | None = None
    state: str = "new"
    detail: str = ""
    since: datetime | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class HistoryRow:
    at: datetime
    room: RoomId
    event: str
    detail: Mapping[str, Any]


class Store:
    """``open`` takes the database over for writing; ``open_read_only`` is for ``explain`` and the pages."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer, epoch: int | None) -> None:
        self._engine = engine
        self._sealer = sealer
        self._writer = Writer(engine, epoch)
        self._next_attempt = 1

    # -------------------------------------------------------------------------------- opening and closing

    @classmethod
    async def open(cls, path: Path, sealer: Sealer, now: datetime) -> Store:
        """StoreError when ``path`` is no usable database; the file is then left as it is."""
        try:
            await asyncio.to_thread(upgrade_sqlite, path)
            engine = _engine(path)
            async with engine.begin() as conn:
                epoch = ((await conn.execute(select(tables.owner.c.epoch))).scalar() or 0) + 1
                await conn.execute(delete(tables.owner))
                await conn.execute(insert(tables.owner).values(id=1, epoch=epoch, since=now))
                last = (await conn.execute(select(func.max(tables.attempts.c.id)))).scalar() or 0
        except (OSError, sqlite3.Error, SQLAlchemyError) as error:
            raise StoreError(
                f"The database {path} cannot be used ({cause_of(error)}) and was left as it is. Mend what is named, or"
                " restore a backup. Without one, move the file aside and start again: calendars are read and screens"
                " filled anew, but what was dialled before is forgotten."
            ) from None
        store = cls(engine, sealer, epoch)
        store._next_attempt = last + 1
        store._writer.start()
        return store

    @classmethod
    def open_read_only(cls, path: Path, sealer: Sealer) -> Store:
        return cls(_engine(path), sealer, None)

    async def close(self) -> None:
        """Everything posted so far is committed first."""
        await self._writer.close()
        await self._engine.dispose()

    # -------------------------------------------------------------------------------- writing and reading

    async def write(self, *writes: Write) -> None:
        """Returns when committed. Raises StoreError, OwnershipLost."""
        await self._writer.write(*writes)

    def post(self, *writes: Write) -> None:
        """Committed with the next transaction; nobody waits. For what may be lost in a crash."""
        self._writer.post(*writes)

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[AsyncConnection]:
        """A transaction of its own, not the owner's: for a second process, and only for rows that it may write."""
        try:
            async with self._engine.begin() as conn:
                yield conn
        except (OSError, DatabaseError) as error:
            raise StoreError(
                f"The database {self._engine.url.database} cannot be written ({cause_of(error)})."
            ) from None

    @property
    def sealer(self) -> Sealer:
        return self._sealer

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for plain reads. StoreError when the file cannot be read."""
        try:
            async with self._engine.connect() as conn:
                yield conn
        except (OSError, DatabaseError) as error:
            raise StoreError(f"The database {self._engine.url.database} cannot be read ({cause_of(error)}).") from None

    async def scrub(self) -> None:
        """What was deleted is overwritten in the file (secure_delete); here it leaves the write-ahead log, too."""
        async with self.reading() as conn:
            await conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    # -------------------------------------------------------------------------------- calendars

    async def calendars(self, key: str | None = None) -> dict[str, CalendarRow]:
        """One that is damaged is as if it had never been read."""
        query = select(tables.calendars)
        if key is not None:
            query = query.where(tables.calendars.c.calendar == key)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return {row["calendar"]: found for row, found in readable(rows, self._calendar_row) if found is not None}

    def _calendar_row(self, row: Mapping[Any, Any]) -> CalendarRow:
        sealed = row["meetings_sealed"]
        text = self._sealer.unseal(sealed, f"calendar:{row['calendar']}") if sealed else b"[]"
        return CalendarRow(
            row["calendar"],
            _in_utc(tuple(_MEETINGS.validate_json(text))),
            row["read_at"],
            row["error"],
            row["error_since"],
        )

    def calendar_read(self, calendar: str, meetings: Iterable[Meeting], at: datetime) -> Write:
        sealed = self._sealer.seal(_MEETINGS.dump_json(list(meetings)), f"calendar:{calendar}")
        return Write(_CALENDAR_READ, {"calendar": calendar, "read_at": at, **_NO_ERROR, "meetings_sealed": sealed})

    def calendar_seen(self, calendar: str, at: datetime) -> Write:
        """Read again and unchanged."""
        return Write(_CALENDAR_SEEN, {"calendar": calendar, "read_at": at, **_NO_ERROR})

    def calendar_failed(self, calendar: str, error: str, since: datetime) -> Write:
        return Write(_CALENDAR_FAILED, {"calendar": calendar, "error": error, "error_since": since})

    def forget_calendars(self, source: str) -> Write:
        """The meetings of a calendar source that is gone."""
        table = tables.calendars
        return Write(delete(table).where(func.substr(table.c.calendar, 1, len(source) + 1) == f"{source}:"))

    # -------------------------------------------------------------------------------- rooms

    async def rooms(self, room: RoomId | None = None) -> dict[RoomId, RoomRow]:
        query = select(tables.rooms)
        if room is not None:
            query = query.where(tables.rooms.c.room == room)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        found = readable(rows, self._room_row)
        return {RoomId(row["room"]): whole or self._room_row({**row, "plan_sealed": None}) for row, whole in found}

    def _room_row(self, row: Mapping[Any, Any]) -> RoomRow:
        room, sealed = RoomId(row["room"]), row["plan_sealed"]
        return RoomRow(
            room=room,
            plan=_in_utc(_PLAN.validate_json(self._sealer.unseal(sealed, f"plan:{room}"))) if sealed else None,
            receipt=_RECEIPT.validate_json(row["receipt"]) if row["receipt"] else None,
            receipt_at=row["receipt_at"],
            verified_at=row["verified_at"],
            info=_in_utc(_INFO.validate_json(row["info"])) if row["info"] else None,
            info_at=row["info_at"],
            state=row["state"],
            detail=row["detail"],
            since=row["since"],
            refused=row["refused"],
        )

    def planned(self, plan: RoomPlan) -> Write:
        sealed = self._sealer.seal(_PLAN.dump_json(plan), f"plan:{plan.room}")
        values = {"plan_sealed": sealed, "plan_digest": plan.digest, "planned_at": plan.computed_at}
        return Write(_PLANNED, {"room": plan.room, **values})

    def received(self, room: RoomId, receipt: Receipt | None, at: datetime) -> Write:
        """None forgets the receipt: the unit is known to have lost its list."""
        text = _RECEIPT.dump_json(receipt).decode() if receipt is not None else None
        return Write(_RECEIVED, {"room": room, "receipt": text, "receipt_at": at, "verified_at": None})

    def verified(self, room: RoomId, at: datetime) -> Write:
        return Write(_VERIFIED, {"room": room, "verified_at": at})

    def probed(self, room: RoomId, info: DeviceInfo, at: datetime) -> Write:
        return Write(_PROBED, {"room": room, "info": _INFO.dump_json(info).decode(), "info_at": at})

    def state(self, room: RoomId, state: str, detail: str, since: datetime, refused: str) -> Write:
        return Write(_STATE, {"room": room, "state": state, "detail": detail, "since": since, "refused": refused})

    def forget_plans(self, of_others_than: Iterable[RoomId]) -> Write:
        """Plans hold titles and addresses of meetings: those of rooms that are no longer managed are dropped."""
        table = tables.rooms
        return Write(update(table).where(table.c.room.not_in(list(of_others_than))).values(plan_sealed=None))

    # -------------------------------------------------------------------------------- attempts

    def new_attempt_id(self) -> int:
        """Only the owner writes, so a counter is enough."""
        number, self._next_attempt = self._next_attempt, self._next_attempt + 1
        return number

    async def attempts(self, since: datetime, room: RoomId | None = None) -> list[Attempt]:
        """Oldest first; those planned before ``since`` only where a leave order is open."""
        table = tables.attempts
        recent = (table.c.planned_start >= since) | ((table.c.left == "") & table.c.leave_at.is_not(None))
        query = select(table).where(recent).order_by(table.c.id)
        if room is not None:
            query = query.where(table.c.room == room)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        found = readable(rows, self._address)
        # Without its address it still says that this booking was dialled: it is not dialled twice.
        return [_attempt(row, address or "") for row, address in found]

    def _address(self, row: Mapping[Any, Any]) -> str:
        return self._sealer.unseal(row["address_sealed"], f"attempt:{row['room']}").decode()

    def add_attempt(self, attempt: Attempt) -> Write:
        sealed = self._sealer.seal(attempt.address.encode(), f"attempt:{attempt.room}")
        same = {
            "id": attempt.id,
            "room": attempt.room,
            "booking_id": attempt.booking_id,
            "planned_start": attempt.planned_start,
            "meeting_key": attempt.meeting_key,
            "address_sealed": sealed,
        }
        return Write(_ADD_ATTEMPT, same | _progress(attempt))

    def change_attempt(self, attempt: Attempt) -> Write:
        """What an attempt is for never changes; how far it came does."""
        return Write(_CHANGE_ATTEMPT, {"attempt": attempt.id} | _progress(attempt))

    # -------------------------------------------------------------------------------- history

    def happened(self, room: str, name: str, at: datetime, detail: Mapping[str, Any]) -> Write:
        """``detail`` must be redacted already."""
        values = {"room": room, "event": name, "at": at, "detail": json.dumps(detail, default=str)}
        return Write(_HAPPENED, values)

    async def history(self, room: str, limit: int = 50) -> list[HistoryRow]:
        """Newest first."""
        table = tables.history
        query = select(table).where(table.c.room == room).order_by(table.c.id.desc()).limit(limit)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return [HistoryRow(r["at"], RoomId(r["room"]), r["event"], json.loads(r["detail"])) for r in rows]

    def prune(self, room: str, attempts_before: datetime) -> tuple[Write, ...]:
        """Keep the newest events of a room, and drop old concluded attempts."""
        return (
            Write(_PRUNE_HISTORY, {"of_room": room}),
            Write(_PRUNE_ATTEMPTS, {"of_room": room, "before": attempts_before}),
        )


# ------------------------------------------------------------------------------------ statements


def readable(rows: Iterable[Any], opened: Callable[[Any], _T]) -> list[tuple[Any, _T | None]]:
    """Each row with what ``opened`` gives; None, told in the log, for one that was damaged: the others go on.

    VaultError when none of them can be opened because of the key: it is lost, and nothing may be put in their place.
    """
    found: list[tuple[Any, _T | None]] = []
    errors: list[VaultError] = []
    for row in rows:
        try:
            found.append((row, opened(row)))
        except VaultError as error:
            errors.append(error)
            found.append((row, None))
    lost = [error for error in errors if not isinstance(error, Damaged)]
    if lost and len(errors) == len(found):
        raise lost[0]
    for each in errors:
        _log.error("store.row_unreadable", reason=f"{each} What it held is read or planned anew.")
    return found


def _attempt(row: Mapping[Any, Any], address: str) -> Attempt:
    values = {key: row[key] for key in row if key != "address_sealed"}
    values["state"] = AttemptState(row["state"])
    return Attempt(address=address, **values)


def _put(table: Table, key: str, *columns: str) -> Insert:
    """A row with these columns, or these columns of the row that exists."""
    statement = upsert(table)
    return statement.on_conflict_do_update(index_elements=[key], set_={c: statement.excluded[c] for c in columns})


_NO_ERROR: Mapping[str, Any] = {"error": "", "error_since": None}
_CALENDAR_READ = _put(tables.calendars, "calendar", "read_at", "error", "error_since", "meetings_sealed")
_CALENDAR_SEEN = _put(tables.calendars, "calendar", "read_at", "error", "error_since")
_CALENDAR_FAILED = _put(tables.calendars, "calendar", "error", "error_since")
_PLANNED = _put(tables.rooms, "room", "plan_sealed", "plan_digest", "planned_at")
_RECEIVED = _put(tables.rooms, "room", "receipt", "receipt_at", "verified_at")
_VERIFIED = _put(tables.rooms, "room", "verified_at")
_PROBED = _put(tables.rooms, "room", "info", "info_at")
_STATE = _put(tables.rooms, "room", "state", "detail", "since", "refused")
_ADD_ATTEMPT = insert(tables.attempts)
_CHANGE_ATTEMPT = update(tables.attempts).where(tables.attempts.c.id == bindparam("attempt"))
_HAPPENED = insert(tables.history)


def _prune_history() -> Delete:
    table = tables.history
    newest = select(table.c.id).where(table.c.room == bindparam("of_room"))
    newest = newest.order_by(table.c.id.desc()).limit(HISTORY_PER_ROOM)
    return delete(table).where(table.c.room == bindparam("of_room"), table.c.id.not_in(newest))


def _prune_attempts() -> Delete:
    table = tables.attempts
    closed = (table.c.left != "") | table.c.leave_at.is_(None) | (table.c.leave_at < bindparam("before"))
    return delete(table).where(
        table.c.room == bindparam("of_room"), table.c.planned_start < bindparam("before"), closed
    )


_PRUNE_HISTORY = _prune_history()
_PRUNE_ATTEMPTS = _prune_attempts()


def _progress(attempt: Attempt) -> dict[str, Any]:
    return {
        "state": attempt.state.value,
        "at": attempt.at,
        "call_id": attempt.call_id,
        "cause": attempt.cause,
        "owned": attempt.owned,
        "leave_at": attempt.leave_at,
        "left": attempt.left,
        "left_at": attempt.left_at,
    }


def _in_utc(value: _T) -> _T:
    """``value`` with every time in it in ``datetime.UTC``, as it was before it was stored. Pydantic reads times with a
    zone class of its own, which is equal but prints otherwise, and a booking list's digest is made of its print."""
    fresh: Any = value
    if isinstance(value, datetime):
        fresh = value.astimezone(UTC)
    elif isinstance(value, tuple):
        fresh = tuple(_in_utc(item) for item in value)
    elif is_dataclass(value) and not isinstance(value, type):
        fresh = replace(value, **{f.name: _in_utc(getattr(value, f.name)) for f in fields(value)})
    return cast(_T, fresh)


def _engine(path: Path) -> AsyncEngine:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=2, max_overflow=2)

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(raw: Any, _record: object) -> None:
        cursor = raw.cursor()
        # FULL: a committed dial attempt must survive a power cut, or the room could be dialled twice.
        for pragma in ("busy_timeout=10000", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
