"""Sessions on a Cisco unit never end by themselves and are few: none is begun in vain, none is left behind (A5)."""

from __future__ import annotations

import asyncio
import json
import math
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from device_drivers.api import DeviceUnreachable, DriverError, Endpoint
from device_drivers.cisco.driver import CiscoDriver
from device_drivers.cisco.left_behind import MOST_DOUBTFUL
from device_drivers.cisco.session import Pace
from device_drivers.cisco.simulator import CiscoSimulator
from device_drivers.cisco.simulator_service import Fault
from tests.drivers.cisco.conftest import StartUnit
from tests.drivers.cisco.test_cisco_faults import failure
from tests.support import patience


class Memory:
    def __init__(self) -> None:
        self.words = ""

    def recall(self) -> str:
        return self.words

    def keep(self, words: str) -> None:
        self.words = words


class LateClock:
    """The driver's idea of now, moved by the test."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


BEGIN = "/xmlapi/session/begin"


@pytest.mark.parametrize("kind", ["truncate", "drip", "close", "not_http", "500", "502", "504", "204"])
async def test_a5_a_begin_of_unknown_outcome_counts_as_a_session(kind: str, start_unit: StartUnit) -> None:
    """The unit begins one each time, and its answer is lost. What follows goes by Basic; begins are few."""
    unit = await start_unit("ce9.15")
    clock = LateClock()
    async with CiscoDriver(quick(unit), now=clock) as driver:
        unit.set_fault(Fault(kind, BEGIN, executed=True))
        driver._session._basic_pace = Pace(1000, burst=100)
        with suppress(DriverError):
            await driver.shown()
        for _ in range(10):
            await driver.shown()
        assert unit.state.sessions_begun == 1
        clock.ahead = timedelta(minutes=5)
        forget_pause(driver)
        await driver.shown()
        assert unit.state.sessions_begun == 1
        for day in range(1, 30):  # a month: they stay few
            clock.ahead = timedelta(days=day)
            forget_pause(driver)
            with suppress(DriverError):
                await driver.shown()
            await driver.shown()
        assert unit.state.sessions_begun == MOST_DOUBTFUL
        unit.set_fault(None)
        await driver.shown()
        assert unit.state.sessions_begun == MOST_DOUBTFUL


def quick(unit: CiscoSimulator) -> Endpoint:
    return replace(unit.endpoint, options={"timeout": str(patience.seconds(0.4))})


def forget_pause(driver: CiscoDriver) -> None:
    """The loop's time is not the test's to move. The unit's pace of one request a second is not what is tried here."""
    driver._session._basic_until = -math.inf
    driver._session._basic_pace = Pace(1000, burst=100)


async def test_a5_a_slow_unit_is_not_drained(start_unit: StartUnit) -> None:
    """Each answer takes longer than we wait: one session is begun, and none until it answers in time again."""
    unit = await start_unit("ce9.15")
    clock = LateClock()
    async with CiscoDriver(quick(unit), now=clock) as driver:
        unit.set_latency(patience.seconds(1.5))
        for hour in range(0, 24, 4):
            clock.ahead = timedelta(hours=hour)
            forget_pause(driver)
            assert isinstance(await failure(driver.shown()), DeviceUnreachable)
        assert unit.state.sessions_begun == 1
        unit.set_latency(0)
        await driver.shown()  # by Basic
        assert unit.state.sessions_begun == 1
        forget_pause(driver)
        await driver.shown()
        assert unit.state.sessions_begun == 2


async def test_a5_a_begin_that_is_cancelled_counts_too(start_unit: StartUnit) -> None:
    unit = await start_unit("ce9.15")
    async with CiscoDriver(replace(unit.endpoint, options={"timeout": "60"})) as driver:
        unit.set_latency(patience.seconds(0.5))
        for _ in range(3):
            asking = asyncio.create_task(driver.shown())
            await asyncio.sleep(patience.seconds(0.1))
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
        assert unit.state.sessions_begun == 1


async def test_a5_a_unit_that_restarted_has_no_old_sessions(start_unit: StartUnit) -> None:
    unit = await start_unit("ce9.15")
    clock = LateClock()
    async with CiscoDriver(quick(unit), now=clock) as driver:
        unit.set_fault(Fault("close", BEGIN, executed=True))
        with suppress(DriverError):
            await driver.shown()
        unit.set_fault(None)
        await driver.shown()
        begun = unit.state.sessions_begun
        await unit.reboot()
        clock.ahead = timedelta(hours=1)  # it has been up for a moment only
        await driver.probe()
        await driver.shown()
        assert unit.state.sessions_begun == begun + 1


async def test_a5_the_session_of_a_killed_process_is_ended_by_the_next(start_unit: StartUnit) -> None:
    unit, memory = await start_unit("ce9.15"), Memory()
    killed = CiscoDriver(unit.endpoint)
    killed.remember_in(memory)
    async with killed:
        await killed.shown()
        left = memory.words
        assert left
    unit.state.sessions.add(
        json.loads(left)["cookies"][0].partition("=")[2]
    )  # it was not ended: the process was killed
    assert memory.words == ""
    memory.words = left
    for _ in range(3):
        unit_before = unit.state.sessions_begun
        driver = CiscoDriver(unit.endpoint)
        driver.remember_in(memory)
        async with driver:
            await driver.shown()
            assert len(unit.state.sessions) == 1
            left = memory.words
        assert unit.state.sessions_begun == unit_before + 1
        assert unit.state.sessions == set()
        assert memory.words == ""


async def test_a5_what_was_left_is_ended_when_the_unit_is_back(start_unit: StartUnit) -> None:
    unit, memory = await start_unit("ce9.15"), Memory()
    driver = CiscoDriver(quick(unit))
    driver.remember_in(memory)
    async with driver:
        await driver.shown()
        unit.set_fault(Fault("close"))  # at the end it cannot be told
    assert len(unit.state.sessions) == 1
    assert memory.words
    unit.set_fault(None)
    after = CiscoDriver(quick(unit))
    after.remember_in(memory)
    async with after:
        await after.shown()
        assert len(unit.state.sessions) == 1
    assert unit.state.sessions == set()
    assert memory.words == ""


@pytest.mark.parametrize(
    "words", ["", "no JSON", "[]", "null", '{"cookies": 3}', '{"doubtful": "many"}', '{"since": 1e99}']
)
async def test_a5_a_damaged_memory_is_none(words: str, start_unit: StartUnit) -> None:
    unit, memory = await start_unit("ce9.15"), Memory()
    memory.words = words
    driver = CiscoDriver(unit.endpoint)
    driver.remember_in(memory)
    async with driver:
        await driver.shown()
    assert unit.state.sessions == set()


async def test_a5_an_unanswered_begin_is_remembered_over_a_restart(start_unit: StartUnit) -> None:
    unit, memory = await start_unit("ce9.15"), Memory()
    unit.set_fault(Fault("close", BEGIN, executed=True))
    for _ in range(4):
        driver = CiscoDriver(quick(unit))
        driver.remember_in(memory)
        async with driver:
            with suppress(DriverError):
                await driver.shown()
    assert unit.state.sessions_begun == 1
