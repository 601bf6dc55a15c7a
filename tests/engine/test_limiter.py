"""Who reads first, and that no slot is lost."""

from __future__ import annotations

import asyncio

from connector.engine.limiter import PriorityLimiter
from tests.support import patience


class Readings:
    """Each waits for a slot, notes its turn and ends when it is let go."""

    def __init__(self, count: int) -> None:
        self.slots = PriorityLimiter(count)
        self.order: list[int] = []
        self._ends: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    async def begin(self, *keys: int, urgent: bool = False) -> None:
        for key in keys:
            self._ends[key] = asyncio.Event()
            self.tasks[key] = asyncio.create_task(self._read(key, urgent))
        await self.settle()

    async def _read(self, key: int, urgent: bool) -> None:
        async with self.slots.taken(key, urgent=urgent):
            self.order.append(key)
            await self._ends[key].wait()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def end(self, *keys: int) -> None:
        for key in keys:
            self._ends[key].set()
            await self.settle()

    async def finish(self) -> None:
        for end in self._ends.values():
            end.set()
        await asyncio.wait_for(asyncio.gather(*self.tasks.values(), return_exceptions=True), patience.seconds(5))


async def test_no_more_than_its_count_at_once_in_the_order_of_asking() -> None:
    readings = Readings(2)
    await readings.begin(1, 2, 3, 4)
    assert readings.order == [1, 2]
    await readings.end(2)
    assert readings.order == [1, 2, 3]
    await readings.finish()
    assert readings.order == [1, 2, 3, 4]


async def test_who_is_waited_for_goes_first_and_the_poll_still_moves() -> None:
    readings = Readings(1)
    await readings.begin(0, 1, 2)
    await readings.begin(*range(10, 20), urgent=True)
    await readings.finish()
    assert readings.order == [0, 10, 11, 12, 1, 13, 14, 15, 2, 16, 17, 18, 19]


async def test_hurry_moves_one_that_waits_and_says_so() -> None:
    readings = Readings(1)
    await readings.begin(0, 1, 2)
    assert readings.slots.hurry(2)
    assert not readings.slots.hurry(0)  # it is reading already
    assert not readings.slots.hurry(7)
    await readings.finish()
    assert readings.order == [0, 2, 1]


async def test_a_cancelled_reading_gives_its_place_back() -> None:
    readings = Readings(1)
    await readings.begin(0, 1, 2, 3)
    readings.tasks[1].cancel()  # while it waits
    await readings.settle()
    readings._ends[0].set()
    while 2 in readings.slots._polls:  # until it is given its turn ...
        await asyncio.sleep(0)
    readings.tasks[2].cancel()  # ... and before it can take it
    await readings.settle()
    assert readings.order == [0, 3]
    await readings.finish()
    await readings.begin(9)
    assert readings.order[-1] == 9
