"""The sealed key-value state of a calendar source: see ``connector.calendars.base.SourceState``."""

from __future__ import annotations

from collections.abc import Mapping

from connector.store.api import StoreApi


class StoredState:
    """Rows of one source in the daemon's database; another source cannot see them. Sealed by the vault.

    Raises StoreError when the database cannot be used, VaultError when a value was sealed with a key that is lost.
    """

    def __init__(self, store: StoreApi, source: str) -> None:
        self._store = store
        self._source = source

    async def get(self, key: str) -> bytes | None:
        return await self._store.source_value(self._source, key)

    async def put(self, key: str, value: bytes) -> None:
        await self._store.write(self._store.save_source_value(self._store.calendar_lease(self._source), key, value))

    async def delete(self, key: str) -> None:
        await self._store.write(self._store.drop_source_value(self._store.calendar_lease(self._source), key))

    async def items(self, prefix: str) -> Mapping[str, bytes]:
        return await self._store.source_values(self._source, prefix)
