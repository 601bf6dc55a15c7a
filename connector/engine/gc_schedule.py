"""When Python looks for garbage: at moments of our choosing, and not while rooms dial.

A full collection visits every object that lives: 0.4 s with a thousand rooms, and by itself it comes when much
happens, which is when everybody's meeting begins. Young objects are still collected as they come and go.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from datetime import datetime, timedelta

from connector.clock import Clock, sleep

_YOUNG = 10_000  # new objects that start a collection of the young ones: a few milliseconds
_NEVER = 1_000_000_000
_FIRST = timedelta(seconds=30)  # the rooms are served by then
_EVERY = timedelta(minutes=10)
_BEFORE_A_DIAL = timedelta(seconds=20)  # rooms prepare for a dial this long before it
_LOOK_AGAIN = timedelta(seconds=5)
_MOST_LOOKS = 60  # where rooms dial all the time, some moment must do


async def collect_between_dials(clock: Clock, next_dial: Callable[[], datetime | None]) -> None:
    """Until cancelled. ``next_dial``: the earliest that is still to come, in any room."""
    thresholds = gc.get_threshold()
    gc.set_threshold(_YOUNG, 10, _NEVER)
    try:
        await sleep(clock, _FIRST)
        while True:
            for _ in range(_MOST_LOOKS):
                dial_at = next_dial()
                if dial_at is None or dial_at - clock.now() > _BEFORE_A_DIAL:
                    break
                await sleep(clock, _LOOK_AGAIN)
            gc.collect()
            _give_back()
            await sleep(clock, _EVERY)
    finally:
        gc.set_threshold(*thresholds)


def _give_back() -> None:
    """Free memory goes back to the system: TLS with every unit at once, as at the start, leaves 80 KiB a room behind.

    A function of the GNU C library; others (musl, macOS) have none, and keep it.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
