"""Tells of an event loop that stood: for how long, and what held it. Everything else waits meanwhile, dials too.

A thread of its own asks the loop for a sign of life and looks at the main thread's stack where none comes. It needs the
interpreter for that: a call into C that keeps it to itself is seen when it returns, at the line that made it.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from types import FrameType, TracebackType
from typing import Self

from connector import events

LIMIT = 0.25  # seconds that the loop may stand without a word
_EVERY = 0.05  # seconds between two signs of life
_STILL = 5.0  # seconds after which a loop that still stands is told of beside it: it cannot publish now
_QUIET = 10.0  # seconds in which no second event follows, but for one that stood much longer
_FRAMES = 8  # innermost ones that are named
_IDLE = ("selectors", "asyncio.selector_events", "asyncio.base_events")  # who is innermost while nothing is to do
_log = logging.getLogger("connector")


class Watchdog:
    """A context manager, entered and left on the loop that it watches. ``publish`` is called there."""

    def __init__(self, publish: events.Publish) -> None:
        self._publish = publish
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._told_at = -_QUIET  # monotonic
        self._longest = 0.0  # since then
        self._untold = 0

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._watched = threading.get_ident()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    # -------------------------------------------------------------------------------- in the thread

    def _watch(self) -> None:
        began = time.monotonic()
        while not self._stopped.wait(_EVERY):
            alive, asked = threading.Event(), time.monotonic()
            try:
                if asked - began > LIMIT:  # who kept the interpreter from this thread is at that line still
                    self._hand_over(asked - began, self._doing())
                self._loop.call_soon_threadsafe(alive.set)
                if not alive.wait(LIMIT - _EVERY):
                    self._stands(alive, asked)
            except RuntimeError:  # the loop was closed
                return
            began = time.monotonic()

    def _stands(self, alive: threading.Event, asked: float) -> None:
        doing = self._doing()
        told = False
        while not alive.wait(_EVERY):
            if self._stopped.is_set():
                return
            stood = time.monotonic() - asked
            if stood > _STILL and not told:
                told = True
                _log.warning("The event loop has stood for %.0f s: %s", stood, self._doing() or doing)
            doing = doing or self._doing()
        self._hand_over(time.monotonic() - asked, doing)

    def _hand_over(self, stood: float, doing: str) -> None:
        if doing:  # else nothing was to be done: the whole process stood, or the machine had no time for it
            self._loop.call_soon_threadsafe(self._tell, stood, doing)

    def _doing(self) -> str:
        """The innermost frames, the innermost first; "" while the loop only waits."""
        frame = sys._current_frames().get(self._watched)
        if frame is None or _module(frame) in _IDLE:
            return ""
        named: list[str] = []
        while frame is not None and len(named) < _FRAMES and _module(frame) != "asyncio.events":
            named.append(f"{_module(frame)}.{frame.f_code.co_qualname}:{frame.f_lineno}")
            frame = frame.f_back
        return " < ".join(named)

    # -------------------------------------------------------------------------------- on the loop

    def _tell(self, stood: float, doing: str) -> None:
        now = time.monotonic()
        if now - self._told_at < _QUIET and stood < 2 * self._longest:
            self._untold += 1
            return
        more, self._untold = self._untold, 0
        self._told_at, self._longest = now, stood
        self._publish(events.DaemonStood(ms=round(stood * 1000), doing=doing, more=more or None))


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))
