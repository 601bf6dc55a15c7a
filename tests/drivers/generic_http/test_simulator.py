"""The simulated unit by itself: hands in the room, SIP, and troubles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from device_drivers.api import Booking, BookingList, CallState, DialAddress, DialRefused
from device_drivers.generic_http.driver import open_unit
from device_drivers.generic_http.simulated_unit import SimulatedHttpUnit
from device_drivers.generic_http.simulator import simulate
from device_drivers.sip_agent.api import DialNotAllowed, OnChange, SipState
from device_drivers.testing.memory_sip import MemorySipAgent, MemorySipCall
from device_drivers.testing.simulator import SimulatedUnit

_ADDRESS = DialAddress("sip", "93344455566.80417355@vc.example.test")


def _bookings() -> BookingList:
    now = datetime.now(UTC)
    return BookingList(
        (
            Booking("1", "Joinable", now, now + timedelta(hours=1), address=_ADDRESS),
            Booking("2", "Plain", now, now + timedelta(hours=1)),
        )
    )


@pytest.fixture
async def agent() -> AsyncIterator[MemorySipAgent]:
    async with MemorySipAgent() as made:
        yield made


@pytest.fixture
async def unit(agent: MemorySipAgent) -> AsyncIterator[SimulatedHttpUnit]:
    async with simulate(sip=agent, host="127.0.3.9", unit_id="r9", firmware="ignored", name="Room 9") as made:
        yield made


async def _fill(unit: SimulatedHttpUnit) -> None:
    async with open_unit(unit.endpoint) as driver:
        await driver.push(_bookings())


async def test_it_is_a_simulated_unit_at_its_own_address(unit: SimulatedHttpUnit) -> None:
    seen: SimulatedUnit = unit  # the protocol, held by the type checker
    assert (seen.endpoint.address, seen.endpoint.id) == ("127.0.3.9", "r9")
    assert seen.endpoint.password


async def test_pressing_join_dials_what_the_button_says(unit: SimulatedHttpUnit, agent: MemorySipAgent) -> None:
    await _fill(unit)
    await unit.press_join("1")
    await asyncio.sleep(0)
    assert agent.dialled == (f"sip:{_ADDRESS.address}",)
    assert [(c.booking_id, c.state) for c in unit.live_calls()] == [("1", CallState.CONNECTED)]
    with pytest.raises(LookupError):
        await unit.press_join("2")
    with pytest.raises(LookupError):
        await unit.press_join("3")


async def test_the_far_end_decides(unit: SimulatedHttpUnit, agent: MemorySipAgent) -> None:
    agent.answer = False
    await _fill(unit)
    await unit.press_join("1")
    assert unit.live_calls()[0].state is CallState.DIALLING
    agent.calls[0].become(SipState.ENDED, 404, "Not Found")
    assert unit.live_calls() == ()
    assert (unit.call_log()[0].status, unit.call_log()[0].reason) == (404, "Not Found")


async def test_hanging_up_by_hand_ends_the_dialog(unit: SimulatedHttpUnit, agent: MemorySipAgent) -> None:
    await _fill(unit)
    await unit.press_join("1")
    await unit.hang_up_by_hand()
    assert agent.calls[0].state is SipState.ENDED
    assert unit.live_calls() == ()


async def test_somebody_calls_the_room(unit: SimulatedHttpUnit, agent: MemorySipAgent) -> None:
    call = agent.ring("sip:visitor@example.test")
    while call.state is not SipState.CONNECTED:
        await asyncio.sleep(0)
    assert [(c.remote, c.state) for c in unit.live_calls()] == [("sip:visitor@example.test", CallState.CONNECTED)]
    async with open_unit(unit.endpoint) as driver:
        assert [c.outgoing for c in await driver.calls()] == [False]
    call.become(SipState.ENDED)
    assert unit.live_calls() == ()


async def test_without_a_bridge_a_dial_is_refused() -> None:
    class NoBridge(MemorySipAgent):
        async def dial(self, uri: str, on_change: OnChange) -> MemorySipCall:
            raise DialNotAllowed("none configured")

    async with simulate(sip=NoBridge()) as unit, open_unit(unit.endpoint) as driver:
        with pytest.raises(DialRefused, match="no bridge is configured"):
            await driver.dial(_ADDRESS, _bookings().bookings[0])
        assert unit.call_log() == ()


async def test_a_reboot_keeps_the_address_and_drops_the_rest(unit: SimulatedHttpUnit) -> None:
    await _fill(unit)
    await unit.press_join("1")
    before = unit.endpoint
    await unit.reboot(keeps_list=True)
    assert (unit.endpoint, len(unit.screen()), unit.live_calls()) == (before, 2, ())
    await unit.reboot()
    assert (unit.endpoint, unit.screen(), len(unit.call_log())) == (before, (), 1)
    async with open_unit(before) as driver:
        uptime = (await driver.probe()).uptime
    assert uptime is not None
    assert uptime < timedelta(seconds=5)


async def test_the_screen_forgets_what_is_over() -> None:
    now = [datetime.now(UTC)]
    async with simulate(now=lambda: now[0]) as unit:
        await _fill(unit)
        assert len(unit.screen()) == 2
        now[0] += timedelta(hours=2)
        assert unit.screen() == ()


def test_an_unknown_kind_is_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"no simulated unit for 'toaster'; known: mesh_callout"):
        simulate(description="toaster")
