"""A calendar service that is down, with processes: screens keep what they show, and rooms dial on time and once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.world import Daemon
from device_drivers.api import CallState
from tests.end_to_end.office import LATER, Office, until_served
from tests.end_to_end.providers import DEADLINE
from tests.support import patience
from tests.support.patience import until

ONE, TWO, THREE = "room0001", "room0002", "room0003"
NUMBER = "12345678901"


@pytest.mark.timeout(120)
async def test_the_service_is_down_when_the_meeting_starts(place: Office) -> None:
    """Failing answers, a kill in the middle of the call, then answers that never come in time."""
    async with place.daemon() as daemon:
        await until_served(place, daemon)
        start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=patience.seconds(6))
        place.book(ONE, "now", start, NUMBER)
        await until(lambda: place.titles(ONE) == ["Meeting now", *LATER], "the meeting is on the screen")
        place.provider.set_failing(True)
        await place.sync()
        await until(lambda: len(daemon.named("calendar.failed")) == 3, "each reading fails")
        assert all(place.titles(room) == LATER for room in (TWO, THREE))
        status, text = await place.connector("explain", ONE)
        assert status == 0 and "now failing: " in text
        await until(lambda: _in_call(place), "the room dials on time all the same", 15)
        await daemon.kill()
        await _goes_on_without_the_service(place, daemon)
        place.provider.set_failing(False)
        await _answers_too_late(place, daemon)


async def _goes_on_without_the_service(place: Office, daemon: Daemon) -> None:
    loaded = len(daemon.named("rooms.loaded"))
    await daemon.start()
    await until(lambda: len(daemon.named("rooms.loaded")) > loaded, "it runs again")
    asked = {room: unit.requests() for room, unit in place.site.units.items()}
    await until(lambda: all(u.requests() > asked[room] + 1 for room, u in place.site.units.items()), "units are asked")
    assert [call.remote.partition(".")[0] for call in place.site.units[ONE].call_log()] == [NUMBER]
    assert _in_call(place)
    assert place.titles(ONE) == ["Meeting now", *LATER]
    assert all(place.titles(room) == LATER for room in (TWO, THREE))


async def _answers_too_late(place: Office, daemon: Daemon) -> None:
    await place.sync()
    await until(lambda: len(daemon.named("calendar.recovered")) >= 3, "the service is back")
    known = len(daemon.named("calendar.failed"))
    place.provider.set_slow(True)
    await place.sync()
    await until(lambda: len(daemon.named("calendar.failed")) >= known + 3, "each reading is given up")
    assert f"{DEADLINE} s" in daemon.named("calendar.failed")[-1]["reason"]
    assert all(place.titles(room)[-1:] == LATER for room in (ONE, TWO, THREE))
    began = asyncio.get_running_loop().time()
    assert await daemon.stop() == 0
    assert asyncio.get_running_loop().time() - began < patience.seconds(10), "a slow service does not hold up the end"
    assert len(place.site.units[ONE].call_log()) == 1


def _in_call(place: Office) -> bool:
    return [call.state for call in place.site.units[ONE].live_calls()] == [CallState.CONNECTED]
