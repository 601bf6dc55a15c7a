"""The store: one writer that commits what is queued in one transaction, and plain reads.

Every transaction checks that this process still owns the database (the epoch), so a daemon that was replaced
can neither dial nor overwrite: its writes raise ``OwnershipLost``. A full disk or a broken file is ``StoreError``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from alembic.util import CommandError
from pydantic import TypeAdapter
from sqlalchemy import Executable, delete, event, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from connector.errors import ConnectorError
from connector.model import Meeting, RoomId, RoomPlan
from connector.planning.dialing import Attempt, AttemptState
from connector.store import tables
from connector.store.schema import upgrade_sqlite
from device_drivers.api import DeviceInfo, Receipt

HISTORY_PER_ROOM = 200
_MEETINGS = TypeAdapter(list[Meeting])
_PLAN = TypeAdapter(RoomPlan)
_RECEIPT = TypeAdapter(Receipt)
_INFO = TypeAdapter(DeviceInfo)
_log = logging.getLogger(__name__)


class Sealer(Protocol):
    """What the store needs of the vault."""

    def seal(self, data: bytes, context: str) -> bytes: ...

    def unseal(self, sealed: bytes, context: str) -> bytes: ...


class OwnershipLost(Exception):
    """Another process took this database over; this one must stop commanding units."""


class StoreError(ConnectorError):
    """The database cannot be opened, read or written. What failed changed nothing; a write may be tried again."""


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


@dataclass(slots=True)
class _Job:
    statements: tuple[Executable, ...]
    done: asyncio.Future[None] | None


@dataclass(slots=True)
class _Writer:
    queue: asyncio.Queue[_Job | None] = field(default_factory=asyncio.Queue)
    task: asyncio.Task[None] | None = None


class Store:
    """``open`` takes the database over for writing; ``open_read_only`` is for ``explain`` and the pages."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer, epoch: int | None) -> None:
        self._engine = engine
        self._sealer = sealer
        self._epoch = epoch
        self._writer = _Writer()
        self._next_attempt = 1
        self._trouble = ""  # why nothing can be written now: one line in the log a change

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
        except (OSError, sqlite3.Error, SQLAlchemyError, CommandError) as error:
            raise StoreError(
                f"The database {path} cannot be used ({_cause(error)}) and was left as it is. Mend what is named, or"
                " restore a backup. Without one, move the file aside and start again: calendars are read and screens"
                " filled anew, but what was dialled before is forgotten."
            ) from None
        store = cls(engine, sealer, epoch)
        store._next_attempt = last + 1
        store._writer.task = asyncio.create_task(store._write_forever(), name="store-writer")
        return store

    @classmethod
    def open_read_only(cls, path: Path, sealer: Sealer) -> Store:
        return cls(_engine(path), sealer, None)

    async def close(self) -> None:
        """Everything posted so far is committed first."""
        if self._writer.task is not None:
            self._writer.queue.put_nowait(None)
            await self._writer.task
        await self._engine.dispose()

    # -------------------------------------------------------------------------------- the writer

    async def write(self, *statements: Executable) -> None:
        """Returns when committed. Statements queued by others meanwhile share the transaction."""
        if self._writer.task is None or self._writer.task.done():
            raise OwnershipLost("the store is closed")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._writer.queue.put_nowait(_Job(statements, done))
        await done

    def post(self, *statements: Executable) -> None:
        """Committed with the next transaction; nobody waits. For what may be lost in a crash."""
        if self._writer.task is not None and not self._writer.task.done():
            self._writer.queue.put_nowait(_Job(statements, None))

    async def _write_forever(self) -> None:
        closing = False
        while not closing:
            batch = [await self._writer.queue.get()]
            while not self._writer.queue.empty():
                batch.append(self._writer.queue.get_nowait())
            closing = None in batch
            jobs = [job for job in batch if job is not None]
            if jobs:
                await self._commit(jobs)

    async def _commit(self, jobs: list[_Job]) -> None:
        if not any(job.statements for job in jobs):
            _settle(jobs, None)  # somebody only waits for what was queued before
            return
        try:
            async with self._engine.begin() as conn:
                epoch = (await conn.execute(select(tables.owner.c.epoch))).scalar()
                if epoch != self._epoch:
                    raise OwnershipLost(f"another daemon took over this database (epoch {epoch}, ours {self._epoch})")
                for job in jobs:
                    for statement in job.statements:
                        await conn.execute(statement)
        except Exception as error:
            if len(jobs) > 1 and not isinstance(error, OwnershipLost):
                for job in jobs:  # one bad statement must not fail its neighbours
                    await self._commit([job])
                return
            _settle(jobs, self._troubled(error) if _is_trouble(error) else error)
        else:
            self._mended()
            _settle(jobs, None)

    def _troubled(self, error: Exception) -> StoreError:
        cause = _cause(error)
        if cause != self._trouble:
            self._trouble = cause
            _log.warning(
                "The database %s cannot be written (%s). No room dials by itself until it can, because a dial that is"
                " not written down could be made twice. Screens are kept as usual.",
                self._engine.url.database,
                cause,
            )
        return StoreError(f"the database cannot be written ({cause})")

    def _mended(self) -> None:
        if self._trouble:
            self._trouble = ""
            _log.warning("The database %s can be written again.", self._engine.url.database)

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[AsyncConnection]:
        """A transaction of its own, not the owner's: for a second process, and only for rows that it may write."""
        try:
            async with self._engine.begin() as conn:
                yield conn
        except (OSError, DatabaseError) as error:
            raise StoreError(f"The database {self._engine.url.database} cannot be written ({_cause(error)}).") from None

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
            raise StoreError(f"The database {self._engine.url.database} cannot be read ({_cause(error)}).") from None

    # -------------------------------------------------------------------------------- calendars

    async def calendars(self, key: str | None = None) -> dict[str, CalendarRow]:
        query = select(tables.calendars)
        if key is not None:
            query = query.where(tables.calendars.c.calendar == key)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return {row["calendar"]: self._calendar_row(row) for row in rows}

    def _calendar_row(self, row: Mapping[Any, Any]) -> CalendarRow:
        sealed = row["meetings_sealed"]
        text = self._sealer.unseal(sealed, f"calendar:{row['calendar']}") if sealed else b"[]"
        return CalendarRow(
            row["calendar"], tuple(_MEETINGS.validate_json(text)), row["read_at"], row["error"], row["error_since"]
        )

    def calendar_read(self, calendar: str, meetings: Iterable[Meeting], at: datetime) -> Executable:
        sealed = self._sealer.seal(_MEETINGS.dump_json(list(meetings)), f"calendar:{calendar}")
        values = {"read_at": at, "error": "", "error_since": None, "meetings_sealed": sealed}
        return _upsert(tables.calendars, {"calendar": calendar}, values)

    def calendar_seen(self, calendar: str, at: datetime) -> Executable:
        """Read again and unchanged."""
        return _upsert(tables.calendars, {"calendar": calendar}, {"read_at": at, "error": "", "error_since": None})

    def calendar_failed(self, calendar: str, error: str, since: datetime) -> Executable:
        return _upsert(tables.calendars, {"calendar": calendar}, {"error": error, "error_since": since})

    def forget_calendars(self, source: str) -> Executable:
        """The meetings of a calendar source that is gone."""
        table = tables.calendars
        return delete(table).where(func.substr(table.c.calendar, 1, len(source) + 1) == f"{source}:")

    # -------------------------------------------------------------------------------- rooms

    async def rooms(self, room: RoomId | None = None) -> dict[RoomId, RoomRow]:
        query = select(tables.rooms)
        if room is not None:
            query = query.where(tables.rooms.c.room == room)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return {RoomId(row["room"]): self._room_row(row) for row in rows}

    def _room_row(self, row: Mapping[Any, Any]) -> RoomRow:
        room, sealed = RoomId(row["room"]), row["plan_sealed"]
        return RoomRow(
            room=room,
            plan=_PLAN.validate_json(self._sealer.unseal(sealed, f"plan:{room}")) if sealed else None,
            receipt=_RECEIPT.validate_json(row["receipt"]) if row["receipt"] else None,
            receipt_at=row["receipt_at"],
            verified_at=row["verified_at"],
            info=_INFO.validate_json(row["info"]) if row["info"] else None,
            info_at=row["info_at"],
            state=row["state"],
            detail=row["detail"],
            since=row["since"],
            refused=row["refused"],
        )

    def planned(self, plan: RoomPlan) -> Executable:
        sealed = self._sealer.seal(_PLAN.dump_json(plan), f"plan:{plan.room}")
        values = {"plan_sealed": sealed, "plan_digest": plan.digest, "planned_at": plan.computed_at}
        return _upsert(tables.rooms, {"room": plan.room}, values)

    def received(self, room: RoomId, receipt: Receipt | None, at: datetime) -> Executable:
        """None forgets the receipt: the unit is known to have lost its list."""
        text = _RECEIPT.dump_json(receipt).decode() if receipt is not None else None
        return _upsert(tables.rooms, {"room": room}, {"receipt": text, "receipt_at": at, "verified_at": None})

    def verified(self, room: RoomId, at: datetime) -> Executable:
        return _upsert(tables.rooms, {"room": room}, {"verified_at": at})

    def probed(self, room: RoomId, info: DeviceInfo, at: datetime) -> Executable:
        return _upsert(tables.rooms, {"room": room}, {"info": _INFO.dump_json(info).decode(), "info_at": at})

    def state(self, room: RoomId, state: str, detail: str, since: datetime, refused: str) -> Executable:
        values = {"state": state, "detail": detail, "since": since, "refused": refused}
        return _upsert(tables.rooms, {"room": room}, values)

    def forget_plans(self, of_others_than: Iterable[RoomId]) -> Executable:
        """Plans hold titles and addresses of meetings: those of rooms that are no longer managed are dropped."""
        table = tables.rooms
        return update(table).where(table.c.room.not_in(list(of_others_than))).values(plan_sealed=None)

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
        return [self._attempt(row) for row in rows]

    def _attempt(self, row: Mapping[Any, Any]) -> Attempt:
        values = {key: row[key] for key in row if key != "address_sealed"}
        values["state"] = AttemptState(row["state"])
        address = self._sealer.unseal(row["address_sealed"], f"attempt:{row['room']}").decode()
        return Attempt(address=address, **values)

    def add_attempt(self, attempt: Attempt) -> Executable:
        return insert(tables.attempts).values(**self._attempt_values(attempt))

    def change_attempt(self, attempt: Attempt) -> Executable:
        values = self._attempt_values(attempt)
        return update(tables.attempts).where(tables.attempts.c.id == attempt.id).values(**values)

    def _attempt_values(self, attempt: Attempt) -> dict[str, Any]:
        return {
            "id": attempt.id,
            "room": attempt.room,
            "booking_id": attempt.booking_id,
            "planned_start": attempt.planned_start,
            "state": attempt.state.value,
            "at": attempt.at,
            "meeting_key": attempt.meeting_key,
            "address_sealed": self._sealer.seal(attempt.address.encode(), f"attempt:{attempt.room}"),
            "call_id": attempt.call_id,
            "cause": attempt.cause,
            "owned": attempt.owned,
            "leave_at": attempt.leave_at,
            "left": attempt.left,
            "left_at": attempt.left_at,
        }

    # -------------------------------------------------------------------------------- history

    def happened(self, room: str, name: str, at: datetime, detail: Mapping[str, Any]) -> Executable:
        """``detail`` must be redacted already."""
        return insert(tables.history).values(room=room, event=name, at=at, detail=json.dumps(detail, default=str))

    async def history(self, room: str, limit: int = 50) -> list[HistoryRow]:
        """Newest first."""
        table = tables.history
        query = select(table).where(table.c.room == room).order_by(table.c.id.desc()).limit(limit)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return [HistoryRow(r["at"], RoomId(r["room"]), r["event"], json.loads(r["detail"])) for r in rows]

    def prune(self, room: str, attempts_before: datetime) -> tuple[Executable, ...]:
        """Keep the newest events of a room, and drop old concluded attempts."""
        table = tables.history
        newest = select(table.c.id).where(table.c.room == room).order_by(table.c.id.desc()).limit(HISTORY_PER_ROOM)
        old = tables.attempts.c.planned_start < attempts_before
        closed = (tables.attempts.c.left != "") | tables.attempts.c.leave_at.is_(None)
        return (
            delete(table).where(table.c.room == room, table.c.id.not_in(newest)),
            delete(tables.attempts).where(tables.attempts.c.room == room, old, closed),
        )


def _settle(jobs: Iterable[_Job], error: Exception | None) -> None:
    for job in jobs:
        if job.done is None or job.done.done():
            continue
        if error is None:
            job.done.set_result(None)
        else:
            job.done.set_exception(error)


def _is_trouble(error: Exception) -> bool:
    """The disk's or the file's, not the statement's."""
    mistakes = IntegrityError | ProgrammingError | DataError
    return isinstance(error, OSError | DatabaseError) and not isinstance(error, mistakes)


def _cause(error: Exception) -> str:
    """Without the statement and its values, which SQLAlchemy puts into the message."""
    return str(getattr(error, "orig", None) or error)


def _upsert(table: Any, key: Mapping[str, Any], values: Mapping[str, Any]) -> Executable:
    statement = upsert(table).values(**key, **values)
    return statement.on_conflict_do_update(index_elements=list(key), set_=dict(values))


def _engine(path: Path) -> AsyncEngine:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=2, max_overflow=2)

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(raw: Any, _record: object) -> None:
        cursor = raw.cursor()
        # FULL: a committed dial attempt must survive a power cut, or the room could be dialled twice.
        for pragma in ("busy_timeout=10000", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
