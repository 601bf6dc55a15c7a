"""Threads of a source: work that hangs costs itself alone, is told, and holds nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from connector.calendars import worker_threads
from connector.calendars.worker_threads import ReadingHangs, WorkerThreads
from connector.errors import SourceUnavailable

SHORT = timedelta(seconds=0.2)


@pytest.fixture
async def gate() -> AsyncIterator[threading.Event]:
    """Opened at the end, so that no thread outlives its test: the loop hears of each that comes through."""
    event = threading.Event()
    yield event
    event.set()
    await asyncio.sleep(0.2)


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Idle threads wait for work until their source is closed."""
    made: list[WorkerThreads] = []
    init = WorkerThreads.__init__

    def noted(self: WorkerThreads, *arguments: Any, **more: Any) -> None:
        made.append(self)
        init(self, *arguments, **more)

    monkeypatch.setattr(WorkerThreads, "__init__", noted)
    yield
    for threads in made:
        threads.close()


async def hang(threads: WorkerThreads, gate: threading.Event, key: str) -> ReadingHangs:
    with pytest.raises(ReadingHangs) as caught:
        await threads.run(gate.wait, key=key, what=f"The calendar {key}")
    return caught.value


async def test_b4_more_hanging_readings_than_threads_hold_up_no_other(gate: threading.Event) -> None:
    threads = WorkerThreads("test", 1, SHORT)
    told = await asyncio.gather(*(hang(threads, gate, f"k{n}") for n in range(3)))
    assert "The calendar k0 was not read within 0.2 seconds" in str(told[0])
    assert await threads.run(lambda: 7, key="other", what="Another") == 7


async def test_b4_a_calendar_whose_reading_hangs_is_not_begun_again_until_it_ended(gate: threading.Event) -> None:
    threads, begun = WorkerThreads("test", 1, SHORT), 0

    def work() -> bool:
        nonlocal begun
        begun += 1
        return gate.wait()

    for _ in range(3):
        with pytest.raises(ReadingHangs):
            await threads.run(work, key="a", what="A")
    assert begun == 1
    gate.set()
    async with asyncio.timeout(5):
        while True:
            try:
                assert await threads.run(work, key="a", what="A")
                break
            except ReadingHangs:
                await asyncio.sleep(0.01)
    assert begun == 2


async def test_after_a_reader_gave_up_the_next_one_waits_for_the_work_of_the_first(gate: threading.Event) -> None:
    """Else two threads were at one calendar."""
    threads, at_work, most = WorkerThreads("test", 2, timedelta(seconds=5)), 0, 0

    def work() -> None:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        gate.wait()
        at_work -= 1

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await threads.run(work, key="a", what="A")
    second = asyncio.ensure_future(threads.run(work, key="a", what="A"))
    await asyncio.sleep(0.1)
    assert most == 1
    gate.set()
    await second
    assert most == 1


async def test_too_many_hanging_readings_begin_no_further_one(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_threads, "MOST_HANGING", 2)
    threads = WorkerThreads("test", 2, SHORT)
    await asyncio.gather(*(hang(threads, gate, key) for key in ("a", "b")))
    with pytest.raises(SourceUnavailable, match="2 readings of its source hang"):
        await threads.run(lambda: 1, key="c", what="C")


async def test_errors_of_the_work_are_the_callers(gate: threading.Event) -> None:
    threads = WorkerThreads("test", 1, SHORT)

    def fails() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        await threads.run(fails, key="a", what="A")
    with pytest.raises(RuntimeError):
        await threads.run(lambda: next(iter(())), key="a", what="A")


async def test_closed_it_begins_nothing_and_waits_no_longer_than_told(gate: threading.Event) -> None:
    threads = WorkerThreads("test", 1, timedelta(seconds=30))
    first, second = threads.submit(gate.wait), threads.submit(lambda: 1)
    async with asyncio.timeout(5):
        await threads.finish(0.1)
    assert second.cancelled() and not first.done()
    with pytest.raises(SourceUnavailable):
        threads.submit(lambda: 1)


async def test_its_threads_are_daemons_and_end(gate: threading.Event) -> None:
    threads = WorkerThreads("test of threads", 2, SHORT)
    await asyncio.gather(*(threads.run(threading.current_thread, key=str(n), what="A") for n in range(5)))

    def ours() -> list[threading.Thread]:
        return [each for each in threading.enumerate() if each.name == "test of threads"]

    assert ours() and all(each.daemon for each in ours())
    threads.close()
    async with asyncio.timeout(5):
        while ours():
            await asyncio.sleep(0.01)
