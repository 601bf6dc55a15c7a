"""Readings that must not be believed, or cannot be had, with processes: screens stay, and the doctor says why."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.world import Daemon
from tests.end_to_end.office import LATER, Office, hours_ahead, until_served
from tests.support.patience import until

ONE, TWO, THREE = "room0001", "room0002", "room0003"
NUMBER = "12345678901"


@pytest.mark.timeout(120)
async def test_all_are_empty_at_once_and_one_is_forbidden(place: Office) -> None:
    async with place.daemon() as daemon:
        await until_served(place, daemon)
        await _healthy(place)
        await _all_are_empty(place, daemon)
        place.provider.forbid(TWO)
        await _one_is_forbidden(place, daemon)
        text = "\n".join(daemon.output)
        assert "Traceback" not in text
        assert not [secret[:4] for secret in place.secrets() if secret in text]


async def _healthy(place: Office) -> None:
    status, text = await place.connector("calendars", "doctor")
    assert status == 0, text
    assert "leads to the daemon" in text and "  ok       3 rooms: " in text


async def _all_are_empty(place: Office, daemon: Daemon) -> None:
    place.provider.set_silent(True)
    for room in place.site.units:
        place.provider.delete(room, "later")
    await place.sync()
    await until(lambda: daemon.named("calendar.suspiciously_empty"), "it is not believed")
    assert daemon.named("calendar.suspiciously_empty")[0]["calendars"] == 3
    for room in place.site.units:
        place.book(room, "later", hours_ahead(2), "90000009999")
    place.provider.set_silent(False)
    await place.sync()
    assert all(place.titles(room) == LATER for room in place.site.units)


async def _one_is_forbidden(place: Office, daemon: Daemon) -> None:
    await place.sync()
    await until(lambda: daemon.named("calendar.failed"), "the forbidden one fails")
    (failed,) = daemon.named("calendar.failed")
    assert place.provider.address(TWO) in failed["calendar"] and failed["error"] == "AccessDenied"
    place.book(ONE, "new", hours_ahead(1), NUMBER)
    await until(lambda: place.titles(ONE) == ["Meeting new", *LATER], "the others are served")
    assert place.titles(TWO) == LATER
    status, text = await place.connector("calendars", "doctor")
    assert status == 3, text
    problems = [line for line in text.splitlines() if line.startswith("  problem ")]
    assert problems and all(f"{TWO} (office:{place.provider.address(TWO)})" in line for line in problems)
    assert all(words in text for words in place.provider.denied)
    assert not [secret[:4] for secret in place.secrets() if secret in text]
    alone = await asyncio.gather(*(place.connector("calendars", "doctor", room) for room in (ONE, TWO)))
    assert [status for status, _ in alone] == [0, 1]
