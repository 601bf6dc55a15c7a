"""What a driver keeps about its unit beyond the end of the process: see ``device_drivers.api.UnitMemory``."""

from __future__ import annotations

from typing import Self

from connector.errors import ConnectorError
from connector.model import UnitId
from connector.store.api import StoreApi

UNITS = ":units"  # the source under whose name they are kept; no [calendars.NAME] has this name
_MOST = 1000  # characters


class UnitWords:
    """One unit's, sealed in the database by the vault. Written with the next transaction: nobody waits."""

    def __init__(self, store: StoreApi, unit: UnitId, words: str) -> None:
        self._store = store
        self._lease = store.calendar_lease(UNITS)
        self._unit = unit
        self._words = words

    @classmethod
    async def read(cls, store: StoreApi, unit: UnitId) -> Self:
        """Words that cannot be read, or opened, are none."""
        try:
            kept = await store.source_value(UNITS, unit) or b""
        except ConnectorError:
            kept = b""
        return cls(store, unit, kept.decode("utf-8", "replace"))

    def recall(self) -> str:
        return self._words

    def keep(self, words: str) -> None:
        if words == self._words or len(words) > _MOST:
            return
        self._words = words
        if words:
            self._store.post(self._store.save_source_value(self._lease, self._unit, words.encode()))
        else:
            self._store.post(self._store.drop_source_value(self._lease, self._unit))
