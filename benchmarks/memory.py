"""Memory a room, start-up time, and what the daemon costs while nothing happens.

Run: python -m benchmarks.memory [--rooms 200 --rooms 1000]

Resident memory of ``connector run`` is read once all rooms are served and checked; the difference between two sizes
gives the memory of one room. For the idle share every calendar is read and every screen checked once a minute, which
is more often than the default of five minutes for screens. Each room has ``--meetings`` meetings.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.figures import Effort, Row, report
from benchmarks.world import Site, calendar, meeting, served, until

_SETTINGS = "[engine]\nverify_every = 60\n[sync]\npoll_every = 60"


def _fill(site: Site, meetings: int) -> None:
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    for room in site.units:
        events = [
            meeting(f"{room}-{n}", first + timedelta(hours=n), first + timedelta(hours=n, minutes=30))
            for n in range(meetings)
        ]
        site.write(room, calendar(*events))


async def measure(rooms: int, meetings: int, firmware: str, idle: float) -> Row:
    with tempfile.TemporaryDirectory(prefix="memory-") as folder:
        site = Site(Path(folder), rooms, settings=_SETTINGS, template="", with_sip=False, firmware=firmware)
        async with site:
            _fill(site, meetings)
            began = time.monotonic()
            async with site.daemon() as daemon:
                await until(lambda: len(served(daemon)) == rooms, "all units are served", 30 + rooms / 10)
                started = time.monotonic() - began
                spent = daemon.cpu_seconds()
                await asyncio.sleep(10)  # the check of each screen after its first push
                before = daemon.resident_kib()
                effort = Effort(daemon)
                await asyncio.sleep(idle)
                return {
                    "start_s": round(started, 2),
                    "start_cpu_s": round(spent, 2),
                    "resident_mib": round(before / 1024, 1),
                    "after_idle_mib": round(daemon.resident_kib() / 1024, 1),
                    "idle_cpu_percent": round(effort.cores()["daemon_cores"] * 100, 2),
                }


def _a_room(sizes: dict[int, Row]) -> float | None:
    """KiB, from the smallest and the largest size."""
    small, large = min(sizes), max(sizes)
    if small == large:
        return None
    more = float(sizes[large]["after_idle_mib"]) - float(sizes[small]["after_idle_mib"])
    return round(more * 1024 / (large - small), 1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--rooms", type=int, action="append", help="a size; give two or more")
    parser.add_argument("--meetings", type=int, default=10)
    parser.add_argument("--firmware", default="ce9.15")
    parser.add_argument("--idle", type=float, default=60.0, help="seconds")
    options = parser.parse_args()
    sizes = {
        rooms: asyncio.run(measure(rooms, options.meetings, options.firmware, options.idle))
        for rooms in options.rooms or [200, 1000]
    }
    report(
        "memory",
        {f"{rooms} rooms": row for rooms, row in sizes.items()},
        kib_a_room=_a_room(sizes),
        meetings_a_room=options.meetings,
        firmware=options.firmware,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
