"""The table ``keep``: values sealed by the vault, each bound to its source and key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from connector.store.store import Store, readable
from connector.store.tables import keep
from connector.store.writer import Write


def context(source: str, key: str) -> str:
    """What a value is sealed for: moved to another row, it cannot be opened."""
    return f"keep:{source}:{key}"


async def read(store: Store, source: str, prefix: str = "") -> dict[str, bytes]:
    """Key -> value for the keys that begin with ``prefix``, without what is damaged. VaultError: the key is lost."""
    begins = func.substr(keep.c.key, 1, len(prefix)) == prefix  # LIKE would take % and _ of a key for wildcards
    query = select(keep.c.key, keep.c.value_sealed).where(keep.c.source == source, begins).order_by(keep.c.key)
    async with store.reading() as conn:
        rows = (await conn.execute(query)).all()
    found = readable(rows, lambda row: store.sealer.unseal(row[1], context(source, row[0])))
    return {row[0]: value for row, value in found if value is not None}


async def get(store: Store, source: str, key: str) -> bytes | None:
    query = select(keep.c.value_sealed).where(keep.c.source == source, keep.c.key == key)
    async with store.reading() as conn:
        sealed = (await conn.execute(query)).scalar()
    return None if sealed is None else store.sealer.unseal(sealed, context(source, key))


def put(store: Store, source: str, key: str, value: bytes) -> Write:
    values: Mapping[str, Any] = {"value_sealed": store.sealer.seal(value, context(source, key))}
    statement = upsert(keep).values(source=source, key=key, **values)
    return Write(statement.on_conflict_do_update(index_elements=["source", "key"], set_=dict(values)))


def drop(source: str, key: str) -> Write:
    return Write(delete(keep).where(keep.c.source == source, keep.c.key == key))


def wipe(source: str) -> Write:
    return Write(delete(keep).where(keep.c.source == source))
