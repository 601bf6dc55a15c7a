"""Time, injected. One heap of deadlines for the whole daemon; wall-clock jumps are noticed within a second."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOOK_AGAIN = 1.0  # seconds: the wall clock may be stepped while a timer sleeps (NTP, a resumed VM)


class Alarm:
    """A deadline that can be cancelled."""

    __slots__ = ("callback", "cancelled", "when")

    def __init__(self, when: datetime, callback: Callable[[], None]) -> None:
        self.when = when
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; no step of the wall clock moves it, and it may stand while the computer sleeps."""
        ...

    def call_at(self, when: datetime, callback: Callable[[], None]) -> Alarm:
        """Calls back once ``now() >= when``, on the event loop; at once when it is past."""
        ...


class Deadlines:
    """The heap: earliest first, in order of arming where equal."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Alarm]] = []
        self._order = count()

    def add(self, when: datetime, callback: Callable[[], None]) -> Alarm:
        alarm = Alarm(when, callback)
        heapq.heappush(self._heap, (when, next(self._order), alarm))
        return alarm

    def next(self) -> datetime | None:
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def ring(self, now: datetime) -> None:
        """Call back everything that is due."""
        while (when := self.next()) is not None and when <= now:
            alarm = heapq.heappop(self._heap)[2]
            alarm.cancel()
            alarm.callback()


class SystemClock:
    """The real one. Use within one event loop."""

    def __init__(self) -> None:
        self._deadlines = Deadlines()
        self._handle: asyncio.TimerHandle | None = None
        self._armed_for: datetime | None = None

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def call_at(self, when: datetime, callback: Callable[[], None]) -> Alarm:
        alarm = self._deadlines.add(when, callback)
        if self._armed_for is None or when < self._armed_for:
            self._arm()
        return alarm

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._armed_for = self._deadlines.next()
        if self._armed_for is None:
            return
        delay = (self._armed_for - self.now()).total_seconds()
        self._handle = asyncio.get_running_loop().call_later(min(max(delay, 0.0), _LOOK_AGAIN), self._tick)

    def _tick(self) -> None:
        self._handle = None
        self._deadlines.ring(self.now())
        self._arm()


class Steps:
    """Notices that the wall clock was set, or that the computer slept, by comparing it with the monotonic one. Both
    drift apart by far less."""

    LEAST = timedelta(seconds=5)  # less is slewed, or not worth a word

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = self._measure()

    def look(self) -> timedelta | None:
        """By how much the clock was set since the last look; ahead is positive."""
        found = self._measure()
        by = found - self._offset
        if abs(by) < self.LEAST:
            return None
        self._offset = found
        return by

    def _measure(self) -> timedelta:
        return self._clock.now() - _EPOCH - timedelta(seconds=self._clock.monotonic())


async def sleep_until(clock: Clock, when: datetime) -> None:
    """Returns at ``when``, not before; at once when it is past."""
    if when <= clock.now():
        return
    done = asyncio.get_running_loop().create_future()

    def ring() -> None:
        if not done.done():
            done.set_result(None)

    alarm = clock.call_at(when, ring)
    try:
        await done
    finally:
        alarm.cancel()


async def sleep(clock: Clock, duration: timedelta) -> None:
    await sleep_until(clock, clock.now() + duration)


class WakeUp:
    """What a lane waits for: somebody rings, or its alarm does. Ringing twice wakes once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = asyncio.Event()
        self._alarm: Alarm | None = None

    def ring(self) -> None:
        self._event.set()

    async def wait(self, until: datetime | None) -> None:
        if until is not None and not self._event.is_set():
            self._alarm = self._clock.call_at(until, self.ring)
        try:
            await self._event.wait()
        finally:
            self._event.clear()
            if self._alarm is not None:
                self._alarm.cancel()
                self._alarm = None
