"""Who listens to what happened: the log, and a watcher of this process. Neither blocks nor raises into ``publish``.

The log has a thread: a terminal or a pipe that nobody reads makes a write wait, and the event loop must not wait with
it. A line is written as soon as the thread runs; what is left is written at the stop.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from heapq import merge
from types import TracebackType
from typing import Any, Self

import structlog

from connector.events import Happened, LogDropped, Publish, Told, WatcherFailed
from connector.redaction import redact_fields

MOST_LINES = 10_000  # of levels info and debug that wait; some MB
_LAST_WORDS = 5.0  # seconds for what is left at the stop: nobody may read it any more
_CALM = frozenset({"debug", "info"})

Watcher = Callable[[dict[str, Any]], None]


class Backlog:
    """What waits to be taken, in its order. Beyond ``most`` the oldest of debug and info goes, a warning never.

    ``most``: at least 1.
    """

    def __init__(self, most: int = MOST_LINES) -> None:
        self._most = most
        self._number = 0
        self._calm: deque[tuple[int, Told]] = deque()
        self._grave: deque[tuple[int, Told]] = deque()
        self._dropped = 0

    def __bool__(self) -> bool:
        return bool(self._calm or self._grave)

    def put(self, told: Told) -> None:
        self._number += 1
        (self._calm if told.level in _CALM else self._grave).append((self._number, told))
        if len(self._calm) > self._most:
            self._calm.popleft()
            self._dropped += 1

    def take(self) -> list[Told]:
        """All that waits; before it, how many were dropped since the last time."""
        found = [told for _, told in merge(self._calm, self._grave, key=lambda each: each[0])]
        self._calm.clear()
        self._grave.clear()
        if self._dropped:
            found.insert(0, self._told_of_dropped(found[0]))
        self._dropped = 0
        return found

    def _told_of_dropped(self, next_one: Told) -> Told:
        event: Happened = LogDropped(lines=self._dropped)
        return Told(next_one.at, event.name, event.level, "", redact_fields(event.fields()))


class LogSink:
    """One structlog line an event, from its own thread. Enter it before use; on leaving all is written."""

    def __init__(self, most: int = MOST_LINES) -> None:
        self._log = structlog.get_logger("connector")
        self._backlog = Backlog(most)
        self._news = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join(_LAST_WORDS)

    def __call__(self, told: Told) -> None:
        with self._news:
            self._backlog.put(told)
            self._news.notify()

    def _run(self) -> None:
        while batch := self._next():
            for told in batch:
                self._write(told)

    def _next(self) -> list[Told]:
        """Waits for something to write; nothing: it is over."""
        with self._news:
            while not self._backlog and not self._closing:
                self._news.wait()
            return self._backlog.take()

    def _write(self, told: Told) -> None:
        bound = {"room": told.room} if told.room else {}
        at = told.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        with suppress(Exception):  # a stream that is closed, or a full disk, has nowhere to be told of
            getattr(self._log, told.level)(told.name, timestamp=at, **bound, fields=told.fields)


class WatcherSink:
    """Calls ``watcher`` with each line, from the event loop, after whoever published it has gone on.

    One that raises is told of no more; ``publish`` says so, once.
    """

    def __init__(self, watcher: Watcher, publish: Publish, most: int = MOST_LINES) -> None:
        self._watcher: Watcher | None = watcher
        self._publish = publish
        self._backlog = Backlog(most)
        self._due = False

    def __call__(self, told: Told) -> None:
        if self._watcher is None:
            return
        self._backlog.put(told)
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """What waits is told now: at the stop nothing comes after."""
        self._due = False
        for told in self._backlog.take():
            if self._watcher is None:
                return
            try:
                self._watcher(told.line())
            except Exception as error:
                self._watcher = None
                self._publish(WatcherFailed(reason=f"{type(error).__name__}: {error}"))
