"""Sealed columns under the data key of now, from any process: a row that changed meanwhile is left to its writer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, func, inspect, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.store import tables
from connector.store.history_verbs import WORDS
from connector.store.source_verbs import sealed_for
from connector.store.store import Store

_AT_ONCE = 200  # rows a transaction: the daemon's own writes wait no longer than that
_ID = 8  # bytes of a data key's id, behind the one byte of the form


@dataclass(frozen=True, slots=True)
class _Sealed:
    table: Table
    column: Column[Any]
    key: tuple[Column[Any], ...]
    context: Callable[..., str]  # from the values of ``key`` and ``named``
    named: tuple[Column[Any], ...] = ()


_calendars, _rooms, _attempts = tables.calendars.c, tables.rooms.c, tables.attempts.c
_ALL = (
    _Sealed(tables.calendars, _calendars.meetings_sealed, (_calendars.calendar,), lambda name: f"calendar:{name}"),
    _Sealed(tables.rooms, _rooms.plan_sealed, (_rooms.room,), lambda room: f"plan:{room}"),
    _Sealed(
        tables.attempts,
        _attempts.address_sealed,
        (_attempts.id,),
        lambda _, room: f"attempt:{room}",
        (_attempts.room,),
    ),
    _Sealed(tables.commands, tables.commands.c.words_sealed, (tables.commands.c.id,), lambda _: WORDS),
    *(
        _Sealed(table, table.c.value_sealed, (table.c.source, table.c.key), sealed_for)
        for table in (tables.source_state, tables.source_state.to_metadata(MetaData(), name="keep"))  # as it was named
    ),
)


async def reseal(store: Store, current: bytes) -> int:
    """Everything that another key than ``current`` sealed. Returns how many values. StoreError, VaultError."""
    return sum([await _column(store, sealed, current) for sealed in await _present(store)])


async def in_use(store: Store) -> frozenset[bytes]:
    """The ids of the data keys that opened values are sealed with."""
    found: set[bytes] = set()
    for sealed in await _present(store):
        query = select(_key_of(sealed)).where(_holds(sealed)).distinct()
        async with store.reading() as conn:
            found.update(row[0] for row in (await conn.execute(query)).all() if isinstance(row[0], bytes))
    return frozenset(found)


async def _present(store: Store) -> tuple[_Sealed, ...]:
    """A database that no daemon of this version has opened yet lacks the newer tables and columns."""
    async with store.reading() as conn:
        present = await conn.run_sync(_columns)
    return tuple(sealed for sealed in _ALL if sealed.column.name in present.get(sealed.table.name, ()))


def _columns(connection: Connection) -> dict[str, set[str]]:
    found = inspect(connection)
    return {table: {column["name"] for column in found.get_columns(table)} for table in found.get_table_names()}


async def _column(store: Store, sealed: _Sealed, current: bytes) -> int:
    changed = 0
    while True:
        async with store.aside() as conn:
            rows = await _old(conn, sealed, current)
            for row in rows:
                changed += await _swap(store, conn, sealed, row)
        if len(rows) < _AT_ONCE:
            return changed


async def _old(conn: AsyncConnection, sealed: _Sealed, current: bytes) -> list[Any]:
    query = select(*sealed.key, *sealed.named, sealed.column)
    query = query.where(_holds(sealed), _key_of(sealed) != current).limit(_AT_ONCE)
    return list((await conn.execute(query)).all())


async def _swap(store: Store, conn: AsyncConnection, sealed: _Sealed, row: Any) -> int:
    *names, old = row
    context = sealed.context(*names)
    fresh = store.sealer.seal(store.sealer.unseal(old, context), context)
    same = [column == value for column, value in zip(sealed.key, names, strict=False)]
    statement = update(sealed.table).where(*same, sealed.column == old).values({sealed.column: fresh})
    return int((await conn.execute(statement)).rowcount)


def _holds(sealed: _Sealed) -> Any:
    """Neither NULL nor empty, as the address of a call that is long over: nothing was sealed there."""
    return func.length(sealed.column) > 0


def _key_of(sealed: _Sealed) -> Any:
    return func.substr(sealed.column, 2, _ID)
