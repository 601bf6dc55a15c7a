"""The simulated building: one bridge, and for each room a unit on a loopback address of its own with a SIP agent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

from connector.demo.scenario import CUSTOMER_CALL, DESIGN_REVIEW, HIDDEN, WEEKLY, Part
from connector.errors import UserError
from device_drivers import registry
from device_drivers.sip_agent.api import SipAgent
from device_drivers.sip_agent.light import LightSipAgent
from device_drivers.sip_agent.pjsua import PjsuaSipAgent
from device_drivers.sip_agent.pjsua import available as pjsua_available
from device_drivers.testing.bridge import Participant, SimulatedBridge
from device_drivers.testing.simulator import SimulatedUnit

TITLES = {zoom.meeting_id: zoom.title for zoom in (DESIGN_REVIEW, WEEKLY, CUSTOMER_CALL)}  # not the private one's


@dataclass(frozen=True, slots=True)
class SimulatedSite:
    bridge: SimulatedBridge
    units: dict[str, SimulatedUnit]  # room id -> unit


@asynccontextmanager
async def open_site(
    cast_: Iterable[Part], on_participant: Callable[[Participant], None]
) -> AsyncIterator[SimulatedSite]:
    """Everything started; on leaving, calls are hung up, then units, agents and the bridge stop, in this order."""
    known = {zoom.meeting_id: zoom.passcode for zoom in (DESIGN_REVIEW, WEEKLY, CUSTOMER_CALL, HIDDEN)}
    async with AsyncExitStack() as stack:
        # Open: a meeting that somebody adds on the page has an id of their choice.
        bridge = SimulatedBridge("127.0.0.1", 0, known, open=True, on_change=on_participant)
        await stack.enter_async_context(bridge)
        units = {}
        for number, part in enumerate(cast_, 1):
            host = f"127.0.1.{number}"
            agent = _agent(number, host, bridge, part)
            await stack.enter_async_context(agent)
            units[part.id] = await stack.enter_async_context(_unit(part, host, agent))
        yield SimulatedSite(bridge, units)


def _agent(number: int, host: str, bridge: SimulatedBridge, part: Part) -> LightSipAgent | PjsuaSipAgent:
    """The first room speaks through pjsua2 where it is installed: a SIP stack that is not ours."""
    kind = PjsuaSipAgent if number == 1 and pjsua_available() else LightSipAgent
    return kind(host, bridge.address("udp"), user=part.id, display_name=part.name)


def _unit(part: Part, host: str, agent: SipAgent) -> SimulatedUnit:
    record = registry.find(part.driver)
    if record.plug is None or record.plug.simulator is None:
        raise UserError(f"The driver {part.driver} has no simulator here: {record.reason or 'it ships none.'}")
    made = record.plug.simulator(host=host, port=0, sip=agent, unit_id=part.id, name=part.name, **part.simulator)
    return cast(SimulatedUnit, made)
