"""A1: a unit described as the page describes one, with no id, far end or booking in its listing, is left at the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connector.model import Attempt, AttemptState, DialOrder, RoomId
from connector.planning.dialing import Adopt, HangUp, decide, leave_step
from connector.planning.whose_call import Calls
from device_drivers.api import Booking, CallRef, CallState, DialAddress
from device_drivers.generic_http.codec import THE_CALL
from device_drivers.generic_http.driver import GenericHttpDriver, open_unit
from device_drivers.generic_http.simulated_unit import SimulatedHttpUnit
from device_drivers.generic_http.simulator import simulate

NOW = datetime.now(UTC).replace(microsecond=0)
LEAVE = NOW + timedelta(minutes=30)
ADDRESS = DialAddress("sip", "93344455566.80417355@vc.example.test")
BOOKING = Booking("42", "Weekly", NOW, LEAVE, address=ADDRESS)
ORDER = DialOrder("42", NOW, NOW, NOW + timedelta(minutes=5), LEAVE, ADDRESS, "zoom:93344455566")


def calls_at(now: datetime, *calls: CallRef) -> Calls:
    return Calls(calls, now, timedelta(seconds=10))


async def _dialled(driver: GenericHttpDriver) -> Attempt:
    call = await driver.dial(ADDRESS, BOOKING)
    assert (call.id, call.booking_id) == (THE_CALL, None)
    sent = Attempt(1, RoomId("r"), "42", NOW, AttemptState.SENT, NOW, "zoom:1", ADDRESS.address, call.id)
    return replace(sent, leave_at=LEAVE, sent_at=NOW)


async def _left(unit: SimulatedHttpUnit) -> None:
    async with open_unit(unit.endpoint) as driver:
        attempt = await _dialled(driver)
        (listed,) = await driver.calls()
        assert (listed.id, listed.remote, listed.booking_id) == (THE_CALL, "", None)
        settings = {"ours": (), "busy": "wait", "now": NOW, "settle": timedelta(seconds=10)}
        step = decide(ORDER, [attempt], calls_at(NOW, listed), **settings)  # type: ignore[arg-type]  # one of three literals
        assert isinstance(step, Adopt) and step.owned and step.call.state is CallState.CONNECTED
        leave = leave_step(attempt, (), (), calls_at(LEAVE, *await driver.calls()), LEAVE)
        assert isinstance(leave, HangUp)
        await driver.hang_up(*leave.calls)


async def test_a1_a_described_unit_with_the_barest_listing_is_left() -> None:
    async with simulate(description="mesh_callout") as unit:
        await _left(unit)
        assert unit.live_calls() == () and len(unit.call_log()) == 1
