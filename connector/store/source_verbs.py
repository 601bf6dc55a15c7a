"""The table ``source_state``: values sealed by the vault, each bound to its source and key."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from connector.store import tables
from connector.store.api import CalendarLease
from connector.store.database import Database
from connector.store.writer import Write

_table = tables.source_state
_insert = upsert(_table)
_PUT = _insert.on_conflict_do_update(
    index_elements=["source", "key"], set_={"value_sealed": _insert.excluded.value_sealed}
)
_of_source = _table.c.source == bindparam("of_source")
DROP = delete(_table).where(_of_source, _table.c.key == bindparam("of_key"))
DROP_ALL = delete(_table).where(_of_source)


def sealed_for(source: str, key: str) -> str:
    """What a value is sealed for: moved to another row, it cannot be opened. (The table was named keep once.)"""
    return f"keep:{source}:{key}"


class SourceVerbs(Database):
    async def source_value(self, source: str, key: str) -> bytes | None:
        query = select(_table.c.value_sealed).where(_table.c.source == source, _table.c.key == key)
        async with self.reading() as conn:
            sealed = (await conn.execute(query)).scalar()
        return None if sealed is None else self._unseal(sealed, sealed_for(source, key))

    async def source_values(self, source: str, prefix: str = "") -> dict[str, bytes]:
        """Without what is damaged. VaultError: the key is lost."""
        begins = func.substr(_table.c.key, 1, len(prefix)) == prefix  # LIKE would take % and _ of a key for wildcards
        query = select(_table.c.key, _table.c.value_sealed).where(_table.c.source == source, begins)
        async with self.reading() as conn:
            rows = (await conn.execute(query.order_by(_table.c.key))).all()
        found = self._damage.readable(rows, lambda row: self._unseal(row[1], sealed_for(source, row[0])))
        return {row[0]: value for row, value in found if value is not None}

    def save_source_value(self, lease: CalendarLease, key: str, value: bytes) -> Write:
        sealed = self._sealer.seal(value, sealed_for(lease.source, key))
        return Write(_PUT, {"source": lease.source, "key": key, "value_sealed": sealed}, lease.epoch)

    def drop_source_value(self, lease: CalendarLease, key: str) -> Write:
        return Write(DROP, {"of_source": lease.source, "of_key": key}, lease.epoch)

    def drop_source_values(self, lease: CalendarLease) -> Write:
        return Write(DROP_ALL, {"of_source": lease.source}, lease.epoch)
