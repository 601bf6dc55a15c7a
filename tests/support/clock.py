"""Time under the test's hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from connector.clock import Alarm, Deadlines

NINE = datetime(2030, 5, 6, 9, 0, tzinfo=UTC)


class FakeClock:
    def __init__(self, now: datetime = NINE) -> None:
        self._now = now
        self._stepped = timedelta(0)
        self._deadlines = Deadlines()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._stepped - NINE).total_seconds()

    def step(self, by: timedelta) -> None:
        """The wall clock is set; no time passes."""
        self._now += by
        self._stepped += by

    def call_at(self, when: datetime, callback: Callable[[], None]) -> Alarm:
        return self._deadlines.add(max(when, self._now), callback)

    def ring(self) -> None:
        self._deadlines.ring(self._now)

    async def run_until(self, when: datetime, settle: Callable[[], Awaitable[None]]) -> None:
        """Stop at every deadline on the way and let everybody act before time goes on."""
        while True:
            self.ring()
            await settle()
            upcoming = self._deadlines.next()
            if upcoming is None or upcoming > when:
                break
            self._now = max(upcoming, self._now)
        self._now = max(when, self._now)
        self.ring()
        await settle()

    async def advance(self, by: timedelta, settle: Callable[[], Awaitable[None]]) -> None:
        await self.run_until(self._now + by, settle)
