"""The SQLite file of a store: opened, owned, read and written; the verbs stand on it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self, cast

from sqlalchemy import Insert, Table, delete, event, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from connector.model import UnitId
from connector.store import tables
from connector.store.api import CalendarLease, Change, Owner, OwnershipLost, StoreError, UnitLease
from connector.store.rows import Cells, Damage
from connector.store.schema import upgrade_sqlite
from connector.store.writer import Write, Writer, cause_of
from connector.vault import Damaged


class Sealer(Protocol):
    """What the store needs of the vault."""

    def seal(self, data: bytes, context: str) -> bytes: ...

    def unseal(self, sealed: bytes, context: str) -> bytes: ...


class Database:
    """``open`` takes the database over for writing; ``open_read_only`` is for ``explain`` and the pages."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer, epoch: int | None) -> None:
        self._engine = engine
        self._sealer = sealer
        self._epoch = epoch
        self._writer = Writer(engine, epoch)
        self._damage = Damage()

    # -------------------------------------------------------------------------------- opening and closing

    @classmethod
    async def open(cls, path: Path, sealer: Sealer, now: datetime) -> Self:
        """StoreError when ``path`` is no usable database; the file is then left as it is."""
        try:
            await asyncio.to_thread(upgrade_sqlite, path)
            engine = _engine(path)
            async with engine.begin() as conn:
                epoch = ((await conn.execute(select(tables.owner.c.epoch))).scalar() or 0) + 1
                await conn.execute(delete(tables.owner))
                await conn.execute(insert(tables.owner).values(id=1, epoch=epoch, since=now))
        except (OSError, sqlite3.Error, SQLAlchemyError) as error:
            raise StoreError(
                f"The database {path} cannot be used ({cause_of(error)}) and was left as it is. Mend what is named, or"
                " restore a backup. Without one, move the file aside and start again: calendars are read and screens"
                " filled anew, but what was dialled before is forgotten."
            ) from None
        store = cls(engine, sealer, epoch)
        store._writer.start()
        return store

    @classmethod
    def open_read_only(cls, path: Path, sealer: Sealer) -> Self:
        """Nothing is opened yet: reading verbs raise StoreError where the file cannot be read."""
        return cls(_engine(path), sealer, None)

    async def close(self) -> None:
        """Everything posted so far is committed first."""
        await self._writer.close()
        await self._engine.dispose()

    # -------------------------------------------------------------------------------- leases

    def calendar_lease(self, source: str, calendar: str = "") -> CalendarLease:
        return CalendarLease(source, calendar, self._owned())

    def unit_lease(self, unit: UnitId) -> UnitLease:
        return UnitLease(unit, self._owned())

    def _owned(self) -> int:
        if self._epoch is None:
            raise OwnershipLost("the store was opened for reading")
        return self._epoch

    async def owner(self) -> Owner | None:
        async with self.reading() as conn:
            row = (await conn.execute(select(tables.owner))).mappings().first()
        if row is None:
            return None
        since = Cells(row, "owner", "id", self._damage).instant("since")
        return Owner(row["epoch"], since)

    # -------------------------------------------------------------------------------- writing and reading

    async def write(self, *changes: Change) -> None:
        """Returns when committed. Raises StoreError, OwnershipLost."""
        await self._writer.write(*cast("tuple[Write, ...]", changes))

    def post(self, *changes: Change) -> None:
        """Committed with the next transaction; nobody waits. For what may be lost in a crash."""
        self._writer.post(*cast("tuple[Write, ...]", changes))

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

    def _unseal(self, sealed: object, context: str) -> bytes:
        """VaultError; Damaged also where the cell holds something that was never sealed."""
        if not isinstance(sealed, bytes):
            raise Damaged(f"What the database holds for {context} is not what was sealed for it.")
        return self._sealer.unseal(sealed, context)


def put(table: Table, key: str, *columns: str) -> Insert:
    """A row with these columns, or these columns of the row that exists."""
    statement = upsert(table)
    return statement.on_conflict_do_update(index_elements=[key], set_={c: statement.excluded[c] for c in columns})


def _engine(path: Path) -> AsyncEngine:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=2, max_overflow=2)

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(raw: Any, _record: object) -> None:
        raw.driver_connection.text_factory = _text
        cursor = raw.cursor()
        # FULL: a committed dial attempt must survive a power cut, or the room could be dialled twice.
        for pragma in ("busy_timeout=10000", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def _text(raw: bytes) -> str:
    """One cell that is no UTF-8 any more must not keep the other rows from being read."""
    return raw.decode(errors="replace")
