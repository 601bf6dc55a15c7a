"""baresip, a foreign room endpoint: calls our bridge over UDP, TCP and TLS, and takes calls of our agents.

baresip 1.0 takes any certificate of the bridge; that our own agents do not is in the contract suite.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from device_drivers.sip_agent import tls
from device_drivers.sip_agent.api import BridgeAddress, SipCall, SipState
from device_drivers.sip_agent.light import LightSipAgent
from device_drivers.sip_agent.transport import TransportName
from device_drivers.testing.bridge import ParticipantState, SimulatedBridge
from tests.support.patience import until

from .programs import AGENTS, LOOPBACK, MEETING, PASSCODE, Agent, baresip

pytestmark = pytest.mark.slow  # starts programs

over_all = pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])


def uri(bridge: SimulatedBridge, user: str, transport: TransportName) -> str:
    return f"sip:{user}@{LOOPBACK}:{bridge.address(transport).port};transport={transport}"


@over_all
async def test_it_joins_and_leaves(bridge: SimulatedBridge, transport: TransportName, tmp_path: Path) -> None:
    async with baresip(tmp_path) as room:
        room.command("dial", uri(bridge, f"{MEETING}.{PASSCODE}", transport))
        await until(lambda: room.told("CALL_ESTABLISHED"))
        (participant,) = bridge.participants(MEETING)
        assert (participant.state, participant.transport) == (ParticipantState.IN_MEETING, transport)
        assert participant.display_name == "Room B"
        room.command("hangup")
        await until(lambda: not bridge.participants())
    assert [p.ended_by for p in bridge.log] == ["caller"]


@over_all
async def test_it_is_hung_up(bridge: SimulatedBridge, transport: TransportName, tmp_path: Path) -> None:
    async with baresip(tmp_path) as room:
        room.command("dial", uri(bridge, MEETING, transport))
        await until(lambda: room.told("CALL_ESTABLISHED"))
        assert bridge.participants()[0].state is ParticipantState.WAITING_FOR_PASSCODE
        await bridge.hang_up(MEETING)
        await until(lambda: room.told("CALL_CLOSED"))


@over_all
async def test_it_is_refused(bridge: SimulatedBridge, transport: TransportName, tmp_path: Path) -> None:
    async with baresip(tmp_path) as room:
        room.command("dial", uri(bridge, f"{MEETING}.9999", transport))
        await until(lambda: room.told("CALL_CLOSED"))
        assert room.told("CALL_CLOSED")[0]["param"].startswith("403")
        assert not room.told("CALL_ESTABLISHED")
    assert [p.status for p in bridge.log] == [403]


@pytest.mark.parametrize("kind", AGENTS)
@over_all
async def test_our_agent_calls_it(kind: type[Agent], transport: TransportName, tmp_path: Path) -> None:
    certificate = tls.make_certificate(tmp_path, LOOPBACK)
    async with baresip(tmp_path, certificate=certificate) as room:
        port = room.port + 1 if transport == "tls" else room.port
        party = BridgeAddress(LOOPBACK, port, transport, certificate.ca)
        async with kind("127.0.0.3", party) as agent:
            call = await agent.dial(f"sip:room@{LOOPBACK}", lambda call: None)
            await until(lambda: call.state is SipState.CONNECTED)
            await until(lambda: room.told("CALL_ESTABLISHED"))
            await call.send_digits("42#")
            await until(lambda: len(room.told("CALL_DTMF_START")) == 3)
            assert [event["param"] for event in room.told("CALL_DTMF_START")] == ["4", "2", "#"]
            await call.hang_up()
            await until(lambda: room.told("CALL_CLOSED"))


@pytest.mark.parametrize("kind", AGENTS)
async def test_it_hangs_up_on_our_agent(kind: type[Agent], tmp_path: Path) -> None:
    async with (
        baresip(tmp_path) as room,
        kind("127.0.0.3", BridgeAddress(LOOPBACK, room.port)) as agent,
    ):
        call = await agent.dial(f"sip:room@{LOOPBACK}", lambda call: None)
        await until(lambda: call.state is SipState.CONNECTED)
        room.command("hangup")
        await until(lambda: call.state is SipState.ENDED)
    assert call.status == 0


async def test_it_calls_our_agent(tmp_path: Path) -> None:
    async with baresip(tmp_path) as room, LightSipAgent("127.0.0.3", None) as agent:
        incoming: list[SipCall] = []
        agent.on_incoming = incoming.append
        port = await agent.listen("udp")
        room.command("dial", f"sip:room@127.0.0.3:{port}")
        await until(lambda: room.told("CALL_RINGING"))
        await incoming[0].answer()
        await until(lambda: room.told("CALL_ESTABLISHED"))
        room.command("hangup")
        await until(lambda: incoming[0].state is SipState.ENDED)
