"""How often a calendar is read in a day: by the default settings, from the function that the daemon uses.

A reading of Graph, Google or Exchange is one request where nothing changed. Run: python -m benchmarks.polls
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.planning.pace import Pace, Span
from connector.running.configuration import pace_of
from connector.settings import Settings

_ZONE = ZoneInfo("Europe/Berlin")
_DAYS = {"a working day": datetime(2026, 12, 1, tzinfo=_ZONE), "a Saturday": datetime(2026, 12, 5, tzinfo=_ZONE)}


def readings(pace: Pace, begin: datetime, times: Sequence[Span], *, told: bool) -> int:
    now, end, count = begin.astimezone(UTC), (begin + timedelta(days=1)).astimezone(UTC), 0
    while (now := pace.after(now, _ZONE, times, told=told)) < end:
        count += 1
    return count


def meetings(day: datetime, hours: Sequence[int]) -> list[Span]:
    starts = [(day + timedelta(hours=hour)).astimezone(UTC) for hour in hours]
    return [(start, start + timedelta(hours=1)) for start in starts]


def main() -> None:
    sparing, steady = pace_of(Settings().sync), Pace.steady(timedelta(seconds=60))
    for name, day in _DAYS.items():
        for kind, hours in (("idle", ()), ("one meeting", (10,)), ("six meetings", (8, 9, 11, 13, 15, 17))):
            times = meetings(day, hours)
            row = {
                "day": name,
                "room": kind,
                "each_minute": readings(steady, day, times, told=False),
                "polled": readings(sparing, day, times, told=False),
                "told": readings(sparing, day, times, told=True),
            }
            print(json.dumps(row))


if __name__ == "__main__":
    main()
