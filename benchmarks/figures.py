"""How a benchmark says what it saw: a small table for people, one JSON line for machines."""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from benchmarks.world import Daemon

Row = Mapping[str, float | int | str]


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that ``share`` (0 to 1) of all values do not exceed; nan when there is none."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def spread(values: Iterable[float], digits: int = 3) -> dict[str, float | int]:
    """Count, p50, p99, maximum, in the unit of the values."""
    found = list(values)
    return {
        "count": len(found),
        "p50": round(percentile(found, 0.5), digits),
        "p99": round(percentile(found, 0.99), digits),
        "max": round(max(found, default=float("nan")), digits),
    }


@dataclass(slots=True)
class Effort:
    """Processor time of the daemon and of this process, which runs the simulated units. A simulator process that is
    near 1.0 of a core means that the units, not the daemon, were the slow side."""

    daemon: Daemon
    _daemon: float = field(init=False)
    _own: float = field(init=False)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._daemon, self._own, self._began = self.daemon.cpu_seconds(), time.process_time(), time.monotonic()

    def cores(self) -> dict[str, float]:
        """Since the beginning, in cores; and the seconds it was measured over."""
        wall = time.monotonic() - self._began
        return {
            "seconds": round(wall, 1),
            "daemon_cores": round((self.daemon.cpu_seconds() - self._daemon) / wall, 3),
            "simulator_cores": round((time.process_time() - self._own) / wall, 3),
        }


def report(name: str, rows: Mapping[str, Row], **facts: object) -> None:
    """``rows``: label to figures. Printed as a table, then everything as one JSON line."""
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    table = [["", *columns], *([label, *(str(row.get(c, "")) for c in columns)] for label, row in rows.items())]
    widths = [max(len(line[n]) for line in table) for n in range(len(columns) + 1)]
    for label, *cells in table:
        padded = (cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        print("  ".join((label.ljust(widths[0]), *padded)).rstrip())
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    print(json.dumps({"benchmark": name, **facts, "figures": rows, "machine": machine}), flush=True)
