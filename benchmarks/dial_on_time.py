"""Dial time minus planned time, all rooms at one instant, and the real SIP calls that come of it.

Run: python -m benchmarks.dial_on_time [--rooms 200] [--firmware ce9.15]

Late by: when the dial request reached the simulated unit, minus the planned instant. In the meeting: when the bridge
had answered and taken the passcode, minus the same. Left: when the bridge saw the call end, minus the planned end.
The daemon is ``connector run`` with its default settings; units and bridge are in this process. Exit status 1 when a
room did not dial exactly once, dialled early, or did not reach its meeting.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.figures import Effort, no_garbage_collection, report, spread
from benchmarks.world import Site, served, until
from device_drivers.testing.bridge import ParticipantState

_LENGTH = timedelta(seconds=20)
_MEETING = "12345678901"


def _in_meeting(site: Site) -> int:
    return sum(p.state is ParticipantState.IN_MEETING for p in site.bridge.participants(_MEETING))


def _late(times: list[datetime], planned: datetime) -> list[float]:
    return [(moment - planned).total_seconds() * 1000 for moment in times]


async def measure(rooms: int, firmware: str, ahead: float) -> int:
    with tempfile.TemporaryDirectory(prefix="dial-on-time-") as folder:
        async with Site(Path(folder), rooms, firmware=firmware) as site, site.daemon() as daemon:
            await until(lambda: len(served(daemon)) == rooms, "all units are served", 120)
            await asyncio.sleep(4)  # the check of each screen after its first push
            planned = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=ahead)
            for room in site.units:
                site.book(room, planned, _LENGTH)
            await until(lambda: all(u.state.bookings for u in site.units.values()), "all screens", ahead - 2)
            await asyncio.sleep((planned - datetime.now(UTC)).total_seconds() - 6)
            with no_garbage_collection():
                effort = Effort(daemon)
                await until(lambda: _in_meeting(site) == rooms, "all rooms are in the meeting", 6 + 15)
                cores = effort.cores()
            joined = [p.since for p in site.bridge.participants(_MEETING)]
            end = planned + _LENGTH
            await until(lambda: not site.bridge.participants(_MEETING), "all rooms left", _LENGTH.seconds + 20)
            left = [p.ended for p in site.bridge.log if p.ended is not None]
            dialled = [[call.started for call in unit.state.calls] for unit in site.units.values()]
            own_view = [float(line["late_ms"]) for line in daemon.named("dial.sent")]
    late = _late([calls[0] for calls in dialled], planned)
    report(
        "dial_on_time",
        {
            "dial request at the unit": spread(late, 1) | {"earliest": round(min(late), 1)},
            "command handed to the driver": spread(own_view, 1) | {"earliest": min(own_view)},
            "in the meeting": spread(_late(joined, planned), 1),
            "left at the end": spread(_late(left, end), 1),
        },
        rooms=rooms,
        firmware=firmware,
        unit="milliseconds late",
        calls=sum(map(len, dialled)),
        from_6_s_before=cores,
    )
    return 0 if min(late) >= 0 and all(len(calls) == 1 for calls in dialled) else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dial_on_time", description=__doc__)
    parser.add_argument("--rooms", type=int, default=200)
    parser.add_argument("--firmware", default="ce9.15")
    parser.add_argument("--ahead", type=float, default=25.0, help="seconds from booking to the planned instant")
    options = parser.parse_args()
    return asyncio.run(measure(options.rooms, options.firmware, options.ahead))


if __name__ == "__main__":
    raise SystemExit(main())
