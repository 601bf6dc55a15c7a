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
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from benchmarks.figures import report
from benchmarks.stopwatch import Stopwatch, measured
from benchmarks.world import Daemon, Site, served, until

_DEADLINE = 30.0  # seconds until a booking counts as lost


class _Editor:
    """Saves calendars. ``label`` tells the bookings of two phases apart."""

    def __init__(self, site: Site, label: str) -> None:
        self._site = site
        self._label = label
        self._numbers = count(1)

    async def save(self, room: str) -> tuple[str, float]:
        uid = f"{self._label}{next(self._numbers)}"
        start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        began = time.monotonic()
        self._site.book(room, start, timedelta(minutes=30), uid=uid)
        return f"Meeting {uid}", began


async def _phase(site: Site, daemon: Daemon, label: str, pause: float) -> dict[str, float | int]:
    watch = Stopwatch(site.units, _Editor(site, label).save)
    return await measured(daemon, watch, [(room, n * pause) for n, room in enumerate(site.units)], _DEADLINE)


async def measure(rooms: int, firmware: str, spread_over: float) -> int:
    with tempfile.TemporaryDirectory(prefix="save-to-screen-") as folder:
        site = Site(Path(folder), rooms, template="", with_sip=False, firmware=firmware)
        async with site, site.daemon() as daemon:
            await until(lambda: len(served(daemon)) == rooms, "all units are served", 120)
            await asyncio.sleep(4)  # the check of each screen after its first push
            calm = await _phase(site, daemon, "calm", spread_over / rooms)
            await asyncio.sleep(15)  # what was edited is read once more 12 s later
            burst = await _phase(site, daemon, "burst", 0)
    report(
        "save_to_screen",
        {f"spread over {spread_over:.0f} s": calm, "one burst": burst},
        rooms=rooms,
        firmware=firmware,
        unit="seconds",
    )
    return 1 if calm["lost"] or burst["lost"] else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.save_to_screen", description=__doc__)
    parser.add_argument("--rooms", type=int, default=200)
    parser.add_argument("--firmware", default="ce9.15")
    parser.add_argument("--spread-over", type=float, default=20.0, help="seconds for the spread edits")
    options = parser.parse_args()
    return asyncio.run(measure(options.rooms, options.firmware, options.spread_over))


if __name__ == "__main__":
    raise SystemExit(main())
