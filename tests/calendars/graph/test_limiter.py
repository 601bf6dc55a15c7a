"""The pace of requests: halved when throttled, growing slowly, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from connector.calendars.graph.limiter import AdaptiveLimiter
from connector.errors import RateLimited
from tests.support import patience

MINUTE = timedelta(minutes=1)


async def most_at_once(limiter: AdaptiveLimiter, mailboxes: list[str]) -> int:
    now = most = 0

    async def one(mailbox: str) -> None:
        nonlocal now, most
        async with limiter.turn(mailbox):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.001)
            now -= 1

    async with patience.timeout(5):
        await asyncio.gather(*map(one, mailboxes))
    return most


async def test_four_at_once_but_one_a_mailbox() -> None:
    assert await most_at_once(AdaptiveLimiter(), [f"room{n}" for n in range(30)]) == 4
    assert await most_at_once(AdaptiveLimiter(), ["room"] * 10) == 1


async def test_the_same_trouble_is_the_same_sentence() -> None:
    """A new sentence is a new line in the log, for every room at every try."""
    limiter = AdaptiveLimiter()
    told = {str(limiter.throttled("room", timedelta(seconds=n + 0.3))) for n in range(5)}
    with pytest.raises(RateLimited) as caught:
        async with limiter.turn("room"):
            pass
    assert {*told, str(caught.value)} == {str(caught.value)}


async def test_days_of_throttling_without_a_named_wait() -> None:
    limiter = AdaptiveLimiter()
    for _ in range(1100):
        wait = limiter.throttled("room", None).retry_after
    assert wait == timedelta(minutes=5)


async def test_it_halves_once_for_a_burst_and_grows_again() -> None:
    limiter = AdaptiveLimiter(first=8)
    for number in range(3):
        limiter.throttled(f"room{number}", timedelta(milliseconds=1))
    assert limiter.limit == 4
    await asyncio.sleep(0.01)
    assert await most_at_once(limiter, [f"other{n}" for n in range(20)]) == 4
    for _ in range(5000):
        limiter.succeeded("room0")
    assert limiter.limit == 16


async def test_one_throttled_mailbox_stops_no_other_and_three_stop_all() -> None:
    limiter = AdaptiveLimiter()
    for number in range(2):
        limiter.throttled(f"room{number}", MINUTE)
    with pytest.raises(RateLimited):
        await most_at_once(limiter, ["room0"])
    assert await most_at_once(limiter, ["room7"]) == 1
    limiter.throttled("room2", MINUTE)
    with pytest.raises(RateLimited) as caught:
        await most_at_once(limiter, ["room7"])
    assert timedelta(seconds=59) < caught.value.retry_after <= MINUTE


async def test_without_a_time_each_wait_is_longer() -> None:
    limiter = AdaptiveLimiter()
    waits = [limiter.throttled("room", None).retry_after for _ in range(12)]
    assert timedelta(seconds=2) <= waits[0] <= timedelta(seconds=3)
    assert waits[3] > waits[0]
    assert max(waits) == timedelta(minutes=5)


async def test_cancelled_waiters_hold_nobody_up() -> None:
    limiter = AdaptiveLimiter(first=1)
    holding, let_go = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with limiter.turn("first"):
            holding.set()
            await let_go.wait()

    async def pass_through(mailbox: str) -> str:
        async with limiter.turn(mailbox):
            return mailbox

    holder = asyncio.create_task(hold())
    await holding.wait()
    waiters = [asyncio.create_task(pass_through(f"room{n}")) for n in range(6)]
    await asyncio.sleep(0)
    for waiter in waiters[:3]:
        waiter.cancel()
    let_go.set()
    waiters[3].cancel()  # its turn may be coming just now
    async with patience.timeout(2):
        results = await asyncio.gather(*waiters[4:])
        await holder
    assert results == ["room4", "room5"]
