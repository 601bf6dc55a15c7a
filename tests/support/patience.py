"""How long tests wait: every wait, every time limit of a process and pytest's own go through here.

A limit is written for a quiet machine. It is multiplied by one factor: what ``CONNECTOR_TEST_PATIENCE`` says (1 where
it is not set), raised by itself while the machine is busy, at most to ``MOST``. A slow or busy machine makes the tests
slower, not red; who waits for something that comes waits no longer than it takes.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable

VARIABLE = "CONNECTOR_TEST_PATIENCE"
MOST = 6.0  # what the factor raises itself to
USUAL = 20.0  # seconds for anything that should happen at once
_SPIN = 0.03  # seconds of work that are timed at the start


def factor() -> float:
    """Of now: the load is read anew each time, as other work comes and goes during a run."""
    asked = float(os.environ.get(VARIABLE) or 1)
    return max(asked, min(MOST, asked * _busy()))


def seconds(quiet: float) -> float:
    """A limit that suits a quiet machine, as it is now."""
    return quiet * factor()


def timeout(quiet: float = USUAL) -> asyncio.Timeout:
    """``asyncio.timeout`` with patience."""
    return asyncio.timeout(seconds(quiet))


async def until(condition: Callable[[], object], what: str = "", within: float = USUAL) -> None:
    """Wait for a condition; AssertionError says what did not come true. The limit grows with the load meanwhile."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + seconds(within), _late(what, within)
        await asyncio.sleep(0.01)


def wait_until(condition: Callable[[], object], what: str = "", within: float = USUAL) -> None:
    """``until`` where there is no event loop."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + seconds(within), _late(what, within)
        time.sleep(0.01)


def _late(what: str, within: float) -> str:
    return f"not within {within:g} s x {factor():.1f}: {what or 'what the test waits for'}"


def _busy() -> float:
    """Twice the work that waits for each core: who waits behind others is late by more than their number.

    The three workers of ``make test`` alone leave it at 1 on two cores.
    """
    return max(1.0, 2 * (os.getloadavg()[0] / _cores() - 1), 2 * _AT_START)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _others() -> float:
    """Time that others took while we worked, in units of ours: the load average is a minute late."""
    work, wall = time.thread_time(), time.monotonic()
    while time.thread_time() < work + _SPIN:
        pass
    return (time.monotonic() - wall) / _SPIN - 1


_AT_START = _others()
