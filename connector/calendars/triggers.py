"""Calendars that should be looked at again, each once, however often they were named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


class Triggers:
    """Filled by watchers, drained by one reader of ``changes()``."""

    def __init__(self) -> None:
        self._pending: dict[str, None] = {}
        self._filled = asyncio.Event()

    def add(self, calendar: str) -> None:
        self._pending[calendar] = None
        self._filled.set()

    def discard(self, calendar: str) -> None:
        self._pending.pop(calendar, None)

    async def drain(self) -> AsyncIterator[str]:
        """Never ends by itself. What is added while the reader works is yielded again."""
        while True:
            await self._filled.wait()
            while self._pending:
                calendar = next(iter(self._pending))
                del self._pending[calendar]
                yield calendar
            self._filled.clear()
