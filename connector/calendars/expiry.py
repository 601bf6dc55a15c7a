"""A credential that ends is told of ahead: once at each threshold, also over restarts and edits of connector.toml."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import Final

from connector.calendars.base import SourceState
from connector.errors import ConnectorError
from connector.events import CalendarCredentialExpires, Publish

WARN_DAYS: Final = 30
_STEPS: Final = (0, 1, 3, 7, 14, WARN_DAYS)  # days before the end; 0: on the last one, or after it
_KEY: Final = "credential end"


class ExpiryAlarm:
    """One credential of one source. Another end is another credential: it is told of from its first threshold on."""

    def __init__(self, source_state: SourceState, publish: Publish) -> None:
        self._source_state = source_state
        self._publish = publish
        self._told: tuple[str, int] | None = None  # the end, and the threshold that was told of last

    async def look(self, ends: datetime, now: datetime, reason: str) -> None:
        days = (ends - now).days
        step = next((limit for limit in _STEPS if days <= limit), None)
        if step is None:
            return
        end = ends.isoformat(timespec="seconds")
        told = self._told or await self._recalled()
        if told is not None and told[0] == end and told[1] <= step:
            return
        self._told = end, step
        self._publish(CalendarCredentialExpires(days=max(days, 0), reason=reason))
        with suppress(ConnectorError):  # a database in trouble costs a repetition after the next start
            await self._source_state.put(_KEY, json.dumps(self._told).encode())

    async def _recalled(self) -> tuple[str, int] | None:
        try:
            end, step = json.loads(await self._source_state.get(_KEY) or b"")
            return str(end), int(step)
        except (ConnectorError, ValueError, TypeError):
            return None
