"""The sealed memory of a calendar source: see ``connector.calendars.base.Keep``."""

from __future__ import annotations

from collections.abc import Mapping

from connector.store import source_state
from connector.store.store import Store


class StoredKeep:
    """Rows of one source in the daemon's database; another source cannot see them. Sealed by the vault.

    Raises StoreError when the database cannot be used, VaultError when a value was sealed with a key that is lost.
    """

    def __init__(self, store: Store, source: str) -> None:
        self._store = store
        self._source = source

    async def get(self, key: str) -> bytes | None:
        return await source_state.get(self._store, self._source, key)

    async def put(self, key: str, value: bytes) -> None:
        await self._store.write(source_state.put(self._store, self._source, key, value))

    async def delete(self, key: str) -> None:
        await self._store.write(source_state.drop(self._source, key))

    async def items(self, prefix: str) -> Mapping[str, bytes]:
        return await source_state.read(self._store, self._source, prefix)
