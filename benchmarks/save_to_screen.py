"""From saving an .ics to the booking on the unit's screen: edits spread over time, then every room in one burst.

Run: python -m benchmarks.save_to_screen [--rooms 200] [--firmware ce9.15]

The daemon is ``connector run`` with its default settings; the units are simulators with real HTTPS, in this process.
Screens are looked at every 5 ms. Exit status 1 when a booking never arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.figures import Effort, no_garbage_collection, report, spread
from benchmarks.world import Daemon, Site, served, until

_LOOK = 0.005  # seconds
_DEADLINE = 30.0  # seconds until a booking counts as lost


class Stopwatch:
    """Saves calendars and waits until the units show them. ``label`` tells the bookings of two phases apart."""

    def __init__(self, site: Site, label: str) -> None:
        self._site = site
        self._label = label
        self._saved: dict[str, tuple[str, float]] = {}  # room -> (title, time of saving)
        self._numbers = iter(range(1, 10**9))
        self.seconds: list[float] = []

    def save(self, room: str) -> None:
        number = next(self._numbers)
        start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        began = time.monotonic()
        self._site.book(room, start, timedelta(minutes=30), uid=f"{self._label}{number}")
        self._saved[room] = (f"Meeting {self._label}{number}", began)

    def _look(self) -> None:
        now = time.monotonic()
        for room, (title, saved) in list(self._saved.items()):
            if any(booking.title == title for booking in self._site.units[room].state.bookings):
                self.seconds.append(now - saved)
                del self._saved[room]

    async def follow(self, rooms: Iterator[tuple[str, float]]) -> int:
        """Save each room after its pause in seconds. Returns how many bookings never arrived."""
        saving = asyncio.create_task(self._save_all(rooms))
        last = time.monotonic()
        while not saving.done() or self._saved:
            self._look()
            if not saving.done():
                last = time.monotonic()
            elif time.monotonic() > last + _DEADLINE:
                break
            await asyncio.sleep(_LOOK)
        await saving
        lost = len(self._saved)
        self._saved.clear()
        return lost

    async def _save_all(self, rooms: Iterator[tuple[str, float]]) -> None:
        for room, pause in rooms:
            self.save(room)
            await asyncio.sleep(pause)


async def _phase(site: Site, daemon: Daemon, label: str, pause: float) -> tuple[dict[str, float | int], int]:
    watch = Stopwatch(site, label)
    with no_garbage_collection():
        effort = Effort(daemon)
        lost = await watch.follow((room, pause) for room in site.units)
        return spread(watch.seconds) | effort.cores() | {"lost": lost}, lost


async def measure(rooms: int, firmware: str, spread_over: float) -> int:
    with tempfile.TemporaryDirectory(prefix="save-to-screen-") as folder:
        site = Site(Path(folder), rooms, template="", with_sip=False, firmware=firmware)
        async with site, site.daemon() as daemon:
            await until(lambda: len(served(daemon)) == rooms, "all units are served", 120)
            await asyncio.sleep(4)  # the check of each screen after its first push
            calm, lost = await _phase(site, daemon, "calm", spread_over / rooms)
            await asyncio.sleep(15)  # what was edited is read once more 12 s later
            burst, more = await _phase(site, daemon, "burst", 0)
    report(
        "save_to_screen",
        {f"spread over {spread_over:.0f} s": calm, "one burst": burst},
        rooms=rooms,
        firmware=firmware,
        unit="seconds",
    )
    return 1 if lost + more else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.save_to_screen", description=__doc__)
    parser.add_argument("--rooms", type=int, default=200)
    parser.add_argument("--firmware", default="ce9.15")
    parser.add_argument("--spread-over", type=float, default=20.0, help="seconds for the spread edits")
    options = parser.parse_args()
    return asyncio.run(measure(options.rooms, options.firmware, options.spread_over))


if __name__ == "__main__":
    raise SystemExit(main())
