"""When the last reading answers for Google, and when it must not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.calendars.base import Sparing
from connector.calendars.google.source import Settings
from connector.errors import RateLimited, SourceUnavailable
from connector.standins.google import GoogleStandIn, Trouble
from tests.calendars.google.harness import OTHER, ROOM, Harness, house, make_source
from tests.calendars.ics_text import vevent, window
from tests.calendars.receiver import Journal

TUESDAY = window("2026-11-10", "2026-11-11")
A = vevent("a", "20261110T100000Z", "20261110T110000Z")
RARELY = Settings(daily_requests=1_000)  # one room: every 86 s


def answers(home: Harness) -> list[int]:
    return [seen.status for seen in home.google.seen if seen.where == "list"]


async def test_unchanged_is_answered_with_304_until_the_window_leaves_what_was_read() -> None:
    async with house() as home:
        home.google.put(ROOM, "a", A)
        for _ in range(3):
            await home.source.read(ROOM, TUESDAY)
        assert answers(home) == [200, 304, 304]
        await home.source.read(ROOM, window("2026-11-11", "2026-11-12"))
        assert home.google.seen[-1].status == 304
        await home.source.read(ROOM, window("2026-11-12", "2026-11-13"))
        assert home.google.seen[-1].status == 200


async def test_many_rooms_are_asked_only_as_often_as_the_days_quota_allows() -> None:
    settings = Settings(daily_requests=10_000)
    async with house(settings) as home:
        home.google.put(ROOM, "a", A)
        assert home.source.asking_interval(ROOM) == timedelta(0)  # not watched: somebody looks by hand
        home.source.watch(ROOM)
        assert home.source.asking_interval(ROOM) == timedelta(seconds=8.64)
        for n in range(9):
            home.source.watch(f"{n}{ROOM}")
        assert home.source.asking_interval(ROOM) == timedelta(seconds=86.4)
        first = await home.source.read(ROOM, TUESDAY)
        assert [await home.source.read(ROOM, TUESDAY) for _ in range(5)] == [first] * 5
        assert len(answers(home)) == 1
        await home.source.read(ROOM, window("2026-11-13", "2026-11-14"))  # what was not read yet is asked for
        assert len(answers(home)) == 2


async def test_a_failed_reading_is_no_answer_to_rest_on() -> None:
    async with house(Settings(daily_requests=1_000)) as home:
        home.google.put(ROOM, "a", A)
        home.source.watch(ROOM)
        home.google.troubles.append(Trouble("list", times=1, status=500, reason="backendError"))
        with pytest.raises(SourceUnavailable):
            await home.source.read(ROOM, TUESDAY)
        assert len((await home.source.read(ROOM, TUESDAY)).events) == 1


# ------------------------------------------------------------------------------------ asked for by a person


async def test_who_asks_for_it_reads_what_is_there_now() -> None:
    async with house(RARELY) as home:
        home.source.watch(ROOM)
        assert (await home.source.read(ROOM, TUESDAY)).events == ()
        home.google.put(ROOM, "a", A)
        assert (await home.source.read(ROOM, TUESDAY)).events == ()  # it is not time yet
        assert isinstance(home.source, Sparing)
        home.source.anew(ROOM)
        assert len((await home.source.read(ROOM, TUESDAY)).events) == 1


async def test_who_asks_for_it_gets_a_whole_answer_and_no_unchanged() -> None:
    async with house() as home:
        await home.source.read(ROOM, TUESDAY)
        await home.source.read(ROOM, TUESDAY)
        home.source.anew(ROOM)
        await home.source.read(ROOM, TUESDAY)
        assert answers(home) == [200, 304, 200]


async def test_asking_anew_for_what_was_never_read_costs_nothing() -> None:
    async with GoogleStandIn() as google, make_source(google, Journal()) as source:
        source.anew(OTHER)
        assert len(google.seen) == 0


async def test_a_listing_of_something_else_is_no_reading_to_rest_on() -> None:
    """What was read before must not pass for a new reading: the trouble would look as if it were over."""
    async with house(RARELY) as home:
        home.google.put(ROOM, "a", A)
        await home.source.read(ROOM, TUESDAY)
        home.google.calendars[ROOM].touch()
        home.google.troubles.append(Trouble("list", broken="items"))
        with pytest.raises(SourceUnavailable, match="items that are none"):
            await home.source.read(ROOM, TUESDAY)
        home.source.watch(ROOM)
        with pytest.raises(SourceUnavailable, match="items that are none"):
            await home.source.read(ROOM, TUESDAY)
        home.google.troubles.clear()
        assert len((await home.source.read(ROOM, TUESDAY)).events) == 1


async def test_one_users_limit_is_one_rooms_whatever_its_status() -> None:
    async with house() as home:
        home.google.add_calendar(OTHER)
        home.google.troubles.append(Trouble("list", ROOM, status=429, reason="userRateLimitExceeded"))
        with pytest.raises(RateLimited):
            await home.source.read(ROOM, TUESDAY)
        assert (await home.source.read(OTHER, TUESDAY)).events == ()
