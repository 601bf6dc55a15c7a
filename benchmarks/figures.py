"""How a benchmark says what it saw: a small table for people, one JSON line for machines."""

from __future__ import annotations

import gc
import json
import math
import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.world import Daemon, cpu_seconds

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
    """Processor time of the daemon, of this process, which runs the simulated units, and of all else on the machine.

    A simulator process near 1.0 of a core means that the units, not the daemon, were the slow side. Where the three
    come near the number of cores, the figures say more about the machine than about the daemon.
    """

    daemon: Daemon
    others: Mapping[str, int] = field(default_factory=dict)  # further processes of the benchmark: name to process id
    _daemon: float = field(init=False)
    _own: float = field(init=False)
    _all: float = field(init=False)
    _others: dict[str, float] = field(init=False)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._daemon, self._own, self._all = self.daemon.cpu_seconds(), time.process_time(), _machine_seconds()
        self._others = {name: cpu_seconds(number) for name, number in self.others.items()}
        self._began = time.monotonic()

    def cores(self) -> dict[str, float]:
        """Since the beginning, in cores; and the seconds it was measured over."""
        wall = time.monotonic() - self._began
        daemon = self.daemon.cpu_seconds() - self._daemon
        own = time.process_time() - self._own
        further = {name: cpu_seconds(number) - self._others[name] for name, number in self.others.items()}
        rest = max(_machine_seconds() - self._all - daemon - own - sum(further.values()), 0)
        spent = {"daemon": daemon, "simulator": own, **further, "other": rest}
        return {"seconds": round(wall, 1)} | {f"{name}_cores": round(each / wall, 2) for name, each in spent.items()}


def _machine_seconds() -> float:
    """Processor time of everything on this machine since it started, idle time left out."""
    user, nice, system, _idle, _waiting, irq, soft_irq, steal = Path("/proc/stat").read_text().split()[1:9]
    return sum(map(int, (user, nice, system, irq, soft_irq, steal))) / os.sysconf("SC_CLK_TCK")


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """A thousand simulated units make a full collection take longer than the daemon's own work on a dial."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


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
