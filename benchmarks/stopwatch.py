"""From a change in a calendar to the unit's own list of bookings, as a simulated unit holds it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from benchmarks.figures import Effort, no_garbage_collection, spread
from benchmarks.world import Daemon
from device_drivers.cisco.simulator import CiscoSimulator

_LOOK = 0.005  # seconds

Change = Callable[[str], Awaitable[tuple[str, float]]]


class Stopwatch:
    """``change``: changes a room's calendar and returns what its screen must then show, a title or a part of a number
    to dial, and when that was, by the monotonic clock."""

    def __init__(self, units: Mapping[str, CiscoSimulator], change: Change) -> None:
        self._units = units
        self._change = change
        self._waiting: dict[str, tuple[str, float]] = {}  # room -> (what it must show, time of the change)
        self.seconds: list[float] = []

    async def follow(self, changes: Iterable[tuple[str, float]], patience: float) -> int:
        """Change each room at its second from now, in order. ``patience``: seconds from the last change until a booking
        counts as lost. Returns how many were."""
        changing = asyncio.create_task(self._change_all(changes))
        last = time.monotonic()
        while not changing.done() or self._waiting:
            self._look()
            if not changing.done():
                last = time.monotonic()
            elif time.monotonic() > last + patience:
                break
            await asyncio.sleep(_LOOK)
        await changing
        return len(self._waiting)

    async def _change_all(self, changes: Iterable[tuple[str, float]]) -> None:
        began = time.monotonic()
        for room, second in changes:
            await asyncio.sleep(max(began + second - time.monotonic(), 0))
            self._waiting[room] = await self._change(room)

    def _look(self) -> None:
        now = time.monotonic()
        for room, (mark, changed) in list(self._waiting.items()):
            if any(mark == b.title or mark in b.number for b in self._units[room].state.bookings):
                self.seconds.append(now - changed)
                del self._waiting[room]


async def measured(
    daemon: Daemon,
    watch: Stopwatch,
    changes: Iterable[tuple[str, float]],
    patience: float,
    others: Mapping[str, int] | None = None,
) -> dict[str, float | int]:
    """One row: the spread of the seconds, the cores that were used, how many were lost."""
    with no_garbage_collection():
        effort = Effort(daemon, others or {})
        lost = await watch.follow(changes, patience)
        return spread(watch.seconds) | effort.cores() | {"lost": lost}
