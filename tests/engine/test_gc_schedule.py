"""Garbage is looked for between dials, never by itself in the second in which rooms dial."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from connector.engine.gc_schedule import collect_between_dials
from tests.support.clock import NINE, FakeClock


class Collector:
    """Counts the full collections that the code under test asks for."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.at: list[datetime] = []
        self.dial_at: datetime | None = None

    def collect(self) -> int:
        self.at.append(self.clock.now())
        return 0

    async def advance(self, **by: float) -> None:
        await self.clock.advance(timedelta(**by), lambda: asyncio.sleep(0))


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    found = Collector(FakeClock())
    monkeypatch.setattr("connector.engine.gc_schedule.gc.collect", found.collect)
    task = asyncio.create_task(collect_between_dials(found.clock, lambda: found.dial_at))
    await asyncio.sleep(0)
    yield found
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_after_the_start_and_then_every_ten_minutes(collector: Collector) -> None:
    await collector.advance(minutes=21)
    assert collector.at == [NINE + timedelta(seconds=30, minutes=m) for m in (0, 10, 20)]


async def test_not_while_rooms_are_about_to_dial(collector: Collector) -> None:
    collector.dial_at = NINE + timedelta(seconds=45)
    await collector.advance(seconds=45)
    assert collector.at == []
    collector.dial_at = NINE + timedelta(hours=1)
    await collector.advance(seconds=5)
    assert len(collector.at) == 1


async def test_where_rooms_dial_all_the_time_it_is_done_all_the_same(collector: Collector) -> None:
    for _ in range(40):
        collector.dial_at = collector.clock.now() + timedelta(seconds=15)
        await collector.advance(seconds=10)
    assert len(collector.at) == 1


async def test_full_collections_do_not_come_by_themselves_until_it_ends() -> None:
    before = gc.get_threshold()
    task = asyncio.create_task(collect_between_dials(FakeClock(), lambda: None))
    await asyncio.sleep(0)
    assert gc.get_threshold()[2] > 1_000_000
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert gc.get_threshold() == before
