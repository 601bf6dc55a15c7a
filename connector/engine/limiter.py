"""How many readings of one source are under way at once, and who goes first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_POLLS_TURN = 4  # of so many slots that become free, one is the poll's: a storm of changes must not stop it


class PriorityLimiter:
    """A reading that somebody waits for goes before those of the poll: a poll of many rooms takes its time."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._free = count  # below zero after ``resize``: so many more must end before the next begins
        self._freed = 0
        self._urgent: dict[int, asyncio.Future[None]] = {}
        self._polls: dict[int, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def taken(self, key: int, *, urgent: bool) -> AsyncIterator[None]:
        """``key``: of this reading; two that wait at one time have different ones."""
        if self._free > 0:
            self._free -= 1
        else:
            await self._wait(key, self._urgent if urgent else self._polls)
        try:
            yield
        finally:
            self._give_back()

    def resize(self, count: int) -> None:
        """Those under way go on; who waits comes when there is room."""
        self._free, self._count = self._free + count - self._count, count
        while self._free > 0 and (self._urgent or self._polls):
            self._free -= 1
            self._give_back()

    def hurry(self, key: int) -> bool:
        """Whether it was waiting, and what it will read is therefore still to come."""
        turn = self._polls.pop(key, None)
        if turn is not None:
            self._urgent[key] = turn
        return key in self._urgent

    async def _wait(self, key: int, queue: dict[int, asyncio.Future[None]]) -> None:
        turn = queue[key] = asyncio.get_running_loop().create_future()
        try:
            await turn
        except asyncio.CancelledError:
            self._urgent.pop(key, None)
            self._polls.pop(key, None)
            if turn.done() and not turn.cancelled():
                self._give_back()  # its turn had come: it is another's now
            raise

    def _give_back(self) -> None:
        if self._free < 0:
            self._free += 1
            return
        self._freed += 1
        first = self._polls if self._polls and self._freed % _POLLS_TURN == 0 else self._urgent
        queue = first or self._urgent or self._polls
        if not queue:
            self._free += 1
            return
        turn = queue.pop(next(iter(queue)))
        if turn.cancelled():  # cancelled this very moment
            self._give_back()
        else:
            turn.set_result(None)
