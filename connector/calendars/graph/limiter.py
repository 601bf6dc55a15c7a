"""How much may be under way at Microsoft Graph: one request a mailbox, a few for the app, none while told to wait.

Exchange Online allows four requests at once; texts disagree whether a mailbox or an app is meant. So the app begins
with four, grows slowly while all goes well, and halves when it is throttled. Requests that are sent while throttled
still count against us, hence they are refused here.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from weakref import WeakValueDictionary

from connector.errors import RateLimited

_LONGEST = 300.0  # seconds of our own back-off, where the service names no time
_MANY = 3  # so many mailboxes throttled at once mean the app as a whole


class AdaptiveLimiter:
    """``first`` requests at once to begin with, ``most`` at best. A mailbox "" is what belongs to no mailbox."""

    def __init__(self, first: int = 4, most: int = 16) -> None:
        self.limit = float(first)
        self._most = most
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._paused: dict[str, float] = {}  # mailbox to a time of the loop's clock
        self._all_paused = 0.0
        self._in_a_row: dict[str, int] = {}
        self._halved_at = 0.0

    @asynccontextmanager
    async def turn(self, mailbox: str) -> AsyncIterator[None]:
        """Waits for its turn. Raises RateLimited, at once, while the mailbox or the app has to wait."""
        self._check(mailbox)
        lock = self._turns.setdefault(mailbox, asyncio.Lock())
        async with lock:
            await self._enter()
            try:
                self._check(mailbox)
                yield
            finally:
                self._in_flight -= 1
                self._wake()

    async def _enter(self) -> None:
        while self._in_flight >= int(self.limit):
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                self._wake()  # if its turn had come already, it is another's now
                raise
        self._in_flight += 1

    def _wake(self) -> None:
        free = int(self.limit) - self._in_flight
        while free > 0 and self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                free -= 1

    def throttled(self, mailbox: str, wait: timedelta | None) -> RateLimited:
        """The service said so. ``wait``: its Retry-After; without one we back off by ourselves, each time longer."""
        now = asyncio.get_running_loop().time()
        failures = self._in_a_row[mailbox] = self._in_a_row.get(mailbox, 0) + 1
        own = min(2.0 ** min(failures, 9) * random.uniform(1, 1.5), _LONGEST)
        seconds = wait.total_seconds() if wait else own
        self._paused[mailbox] = now + seconds
        self._paused = {name: until for name, until in self._paused.items() if until > now}
        if len(self._paused) >= _MANY:
            self._all_paused = max(self._all_paused, now + seconds)
        if now - self._halved_at >= 1:  # answers to one burst are one lesson
            self.limit, self._halved_at = max(1.0, self.limit / 2), now
        return _limited(seconds)

    def succeeded(self, mailbox: str) -> None:
        self._in_a_row.pop(mailbox, None)
        self.limit = min(float(self._most), self.limit + 0.05 / self.limit)  # 4 to 5 in about 90 requests

    def _check(self, mailbox: str) -> None:
        now = asyncio.get_running_loop().time()
        wait = max(self._paused.get(mailbox, 0.0), self._all_paused) - now
        if wait > 0:
            raise _limited(wait)


def _limited(seconds: float) -> RateLimited:
    """The sentence is always the same: another one would be another line in the log, for each room at each try."""
    return RateLimited(
        "Microsoft Graph asks to wait: too many requests.", retry_after=timedelta(seconds=max(seconds, 0.001))
    )
