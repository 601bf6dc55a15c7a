"""What is kept how long, while rooms dial: an address goes when its call is over, a row five weeks later; and what went
makes no room dial twice, or stay in its call."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.model import Attempt, AttemptState
from connector.store import kept
from tests.support.clock import NINE
from tests.support.harness import Harness, bid, meeting, minutes

HOUR = timedelta(hours=1)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Harness]:
    async with Harness(tmp_path) as house:
        yield house


async def rows(house: Harness) -> list[Attempt]:
    assert house.store is not None
    await house.store.write()
    return await house.store.attempts(NINE - kept.ATTEMPTS)


async def tidied(house: Harness, after_nine: timedelta) -> list[Attempt]:
    """The lanes tidy at their start, too."""
    await house.at(after_nine)
    return await later(house, after_nine)


async def later(house: Harness, after_nine: timedelta) -> list[Attempt]:
    """The daemon was down until then."""
    await house.crash()
    await house.at(after_nine)
    await house.start()
    await house.settle()
    return await rows(house)


async def test_an_address_goes_when_its_call_is_over_and_the_row_stays(house: Harness, tmp_path: Path) -> None:
    await house.calendar(meeting(length=3 * HOUR))
    (running,) = await tidied(house, timedelta(hours=2, minutes=30))
    assert (running.state, running.address) == (AttemptState.ANSWERED, "123456789.4321@zoomcrc.com")
    (left,) = await tidied(house, timedelta(hours=3, minutes=40))
    assert left.left == "done" and left.address  # just now
    await house.at(timedelta(hours=5))  # by itself
    (over,) = await rows(house)
    assert (over.address, over.meeting_key, over.left) == ("", "zoom:123456789", "done")
    with sqlite3.connect(tmp_path / "db") as conn:
        assert conn.execute("select address_sealed from attempts").fetchall() == [(b"",)]
    conn.close()
    (old,) = await later(house, timedelta(days=3))
    assert (old.address, old.meeting_key, old.call_id, old.state) == ("", "", None, AttemptState.ANSWERED)
    assert await later(house, kept.ATTEMPTS) != []
    assert await later(house, kept.ATTEMPTS + HOUR) == []
    assert house.unit.dials_of(bid(meeting())) == 1


async def test_who_lost_its_address_is_not_dialled_again_however_long_the_meeting_is(house: Harness) -> None:
    """Somebody hung up; the meeting goes on, and the daemon is restarted again and again."""
    m = meeting(length=8 * HOUR)
    await house.calendar(m)
    await house.at(minutes(20))
    house.unit.calls.clear()
    for hours in range(1, 12):
        await tidied(house, hours * HOUR)
    (found,) = await rows(house)
    assert found.address == "" and house.unit.dials_of(bid(m)) == 1


async def test_a_call_that_lasts_for_days_is_left(house: Harness) -> None:
    m = meeting(length=timedelta(days=4))
    await house.calendar(m)
    await house.at(minutes(20))
    for hours in (47, 49, 72, 96):
        (found,) = await later(house, timedelta(hours=hours))
        assert found.address and found.live
    await house.at(timedelta(days=4, hours=1))
    assert len(house.unit.hung_up) == 1 and house.unit.dials_of(bid(m)) == 1


async def test_an_intention_keeps_its_address_until_it_is_dialled(house: Harness) -> None:
    await house.policy(late_join=minutes(180), busy="wait")
    house.unit.refuse_dials = 10_000
    await house.calendar(meeting(length=4 * HOUR))
    found = await tidied(house, timedelta(hours=2, minutes=30))
    house.unit.refuse_dials = 0
    await house.at(timedelta(hours=2, minutes=50))
    assert {attempt.state for attempt in found} == {AttemptState.REFUSED}
    assert (await rows(house))[-1].live and len(house.unit.calls) == 1
    await house.at(timedelta(hours=4, minutes=20))
    assert len(house.unit.hung_up) == 1 and not house.unit.calls
