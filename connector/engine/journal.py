"""What happened: one structured log line, one row of the room's history, one call for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

from connector.clock import Clock
from connector.observe.redaction import redact_fields
from connector.store.store import Store

Watcher = Callable[[dict[str, Any]], None]
_LEVELS = {
    "failed": "warning",
    "refused": "warning",
    "allowed": "warning",
    "supported": "warning",
    "reply": "warning",
    "skew": "warning",
    "differs": "warning",
    "unreachable": "warning",
    "missed": "warning",
    "unknown": "warning",
    "rejected": "warning",
    "unreadable": "warning",
    "expires": "warning",
    "hidden": "warning",
    "silent": "warning",
    "lost": "warning",
    "empty": "error",
}


class Journal:
    """Event names are stable: admins alert on them. ``connector/observe/events.py`` explains each."""

    def __init__(self, clock: Clock, store: Store, watcher: Watcher | None = None) -> None:
        self._clock = clock
        self._store = store
        self._watcher = watcher
        self._log = structlog.get_logger("connector")

    def note(self, event: str, room: str = "", **detail: Any) -> None:
        now = self._clock.now()
        fields = redact_fields({k: v for k, v in detail.items() if v not in (None, "")})
        level = _LEVELS.get(event.rsplit("_", 1)[-1].rsplit(".", 1)[-1], "info")
        bound = {"room": room} if room else {}
        getattr(self._log, level)(event, **bound, fields=fields)
        self._store.post(self._store.happened(room, event, now, fields))
        if self._watcher is not None:
            self._watcher({"at": now.isoformat(), "level": level, "event": event, **bound, **fields})
