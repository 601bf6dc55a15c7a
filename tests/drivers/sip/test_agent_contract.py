"""What every SipAgent does, whichever stack is inside. The far end is the simulated bridge, or another agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from device_drivers.sip_agent import tls
from device_drivers.sip_agent.api import BridgeAddress, DialNotAllowed, SipAgent, SipCall, SipState
from device_drivers.sip_agent.light import LightSipAgent
from device_drivers.sip_agent.transport import TransportName
from device_drivers.testing.bridge import ParticipantState, SimulatedBridge
from tests.support.patience import until

from .programs import AGENTS, LOOPBACK, MEETING, PASSCODE, ZOOM, Agent, free_ports

ROOM = "127.0.0.3"
pytestmark = pytest.mark.parametrize("kind", AGENTS)
over_all = pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])


class Room:
    """An agent with what it told about its calls."""

    def __init__(self, agent: SipAgent) -> None:
        self.agent = agent
        self.states: list[SipState] = []
        self.taken: list[SipCall] = []

    async def dial(self, uri: str = ZOOM) -> SipCall:
        return await self.agent.dial(uri, lambda call: self.states.append(call.state))

    def take(self, call: SipCall) -> None:
        call.on_change = lambda call: self.states.append(call.state)
        self.taken.append(call)


@pytest.fixture
async def room(kind: type[Agent], bridge: SimulatedBridge) -> AsyncIterator[Room]:
    async with kind(ROOM, bridge.address("udp"), display_name='Room "A"') as agent:
        yield Room(agent)


# ------------------------------------------------------------------------------------------------ outgoing calls


@over_all
async def test_joins_and_leaves(kind: type[Agent], bridge: SimulatedBridge, transport: TransportName) -> None:
    async with kind(ROOM, bridge.address(transport), display_name='Room "A"') as agent:
        room = Room(agent)
        call = await room.dial()
        assert (call.state, call.outgoing, call.uri) == (SipState.CALLING, True, ZOOM)
        await until(lambda: call.state is SipState.CONNECTED)
        (participant,) = bridge.participants(MEETING)
        assert participant.state is ParticipantState.IN_MEETING
        assert (participant.call_id, participant.display_name) == (call.call_id, 'Room "A"')
        assert participant.transport == transport
        await call.hang_up()
        await call.hang_up()
        await until(lambda: not bridge.participants())
    assert room.states == ["ringing", "connected", "ended"]
    assert (call.status, call.reason) == (0, "")
    assert [p.ended_by for p in bridge.log] == ["caller"]


@pytest.mark.parametrize(("user", "status"), [(f"{MEETING}.9999", 403), ("987654321", 404), ("someone", 404)])
async def test_a_refusal_is_told(kind: type[Agent], room: Room, user: str, status: int) -> None:
    call = await room.dial(f"sip:{user}@zoomcrc.com")
    await until(lambda: call.state is SipState.ENDED)
    assert (call.status, room.states) == (status, ["ended"])


async def test_busy(kind: type[Agent], room: Room, bridge: SimulatedBridge) -> None:
    bridge.busy = True
    call = await room.dial()
    await until(lambda: call.state is SipState.ENDED)
    assert call.status == 486


async def test_the_bridge_hangs_up(kind: type[Agent], room: Room, bridge: SimulatedBridge) -> None:
    call = await room.dial()
    await until(lambda: call.state is SipState.CONNECTED)
    assert await bridge.hang_up(MEETING) == 1
    await until(lambda: call.state is SipState.ENDED)
    assert (call.status, bridge.log[0].ended_by) == (0, "bridge")


async def test_gives_up_while_it_rings(kind: type[Agent], room: Room, bridge: SimulatedBridge) -> None:
    bridge.answer_after = 30
    call = await room.dial()
    await until(lambda: call.state is SipState.RINGING)
    await call.hang_up()
    await until(lambda: bridge.log[0].state is ParticipantState.REFUSED)
    assert (bridge.log[0].status, call.state, call.status) == (487, SipState.ENDED, 487)


async def test_a_slow_answer(kind: type[Agent], room: Room, bridge: SimulatedBridge) -> None:
    bridge.answer_after = 0.2
    call = await room.dial()
    await until(lambda: call.state is SipState.CONNECTED)
    seen = bridge.participants()[0]
    assert seen.answered and (seen.answered - seen.started).total_seconds() >= 0.2


async def test_a_lost_invite_is_sent_again(kind: type[Agent], room: Room, bridge: SimulatedBridge) -> None:
    bridge.silent = True
    call = await room.dial()
    await until(lambda: bridge.dropped)
    bridge.silent = False
    await until(lambda: call.state is SipState.CONNECTED)
    assert len(bridge.log) == 1


async def test_hanging_up_on_a_silent_bridge(kind: type[Agent], room: Room, bridge: SimulatedBridge) -> None:
    bridge.silent = True
    call = await room.dial()
    await call.hang_up()
    assert (call.state, call.status) == (SipState.ENDED, 487)
    assert bridge.log == ()


@pytest.mark.parametrize(("digits", "inside"), [(f"{PASSCODE}#", True), ("9999#", False)])
async def test_digits(kind: type[Agent], room: Room, bridge: SimulatedBridge, digits: str, inside: bool) -> None:
    call = await room.dial(f"sip:{MEETING}@zoomcrc.com")
    await until(lambda: call.state is SipState.CONNECTED)
    assert bridge.participants()[0].state is ParticipantState.WAITING_FOR_PASSCODE
    await call.send_digits(digits)
    if inside:
        await until(lambda: bridge.participants()[0].state is ParticipantState.IN_MEETING)
    else:
        await until(lambda: call.state is SipState.ENDED)
        await call.send_digits("1")  # nobody listens any more, and nothing breaks
        assert bridge.log[0].ended_by == "passcode"


async def test_digits_that_cannot_be_sent(kind: type[Agent], room: Room, bridge: SimulatedBridge) -> None:
    bridge.answer_after = 30
    call = await room.dial()
    with pytest.raises(ValueError, match="DTMF"):
        await call.send_digits("12x")
    with pytest.raises(RuntimeError, match="not connected"):
        await call.send_digits("12")
    with pytest.raises(RuntimeError, match="far end"):
        await call.answer()


async def test_several_calls_at_once(kind: type[Agent], room: Room, bridge: SimulatedBridge) -> None:
    calls = [await room.dial() for _ in range(4)]
    await until(lambda: all(call.state is SipState.CONNECTED for call in calls))
    assert len({p.call_id for p in bridge.participants(MEETING)}) == 4


async def test_leaving_the_agent_ends_its_calls(kind: type[Agent], bridge: SimulatedBridge) -> None:
    async with kind(ROOM, bridge.address("udp")) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: call.state is SipState.CONNECTED)
    await until(lambda: not bridge.participants())
    assert (call.state, bridge.log[0].ended_by) == (SipState.ENDED, "caller")


# ---------------------------------------------------------------------------------------------- where it may call


@pytest.mark.parametrize("host", ["", "192.0.2.1", "localhost", "zoomcrc.com"])
async def test_no_loopback_bridge_no_call(kind: type[Agent], host: str) -> None:
    async with kind(ROOM, BridgeAddress(host, 5060) if host else None) as agent:
        with pytest.raises(DialNotAllowed):
            await agent.dial(ZOOM, lambda call: None)


async def test_an_agent_lives_on_loopback(kind: type[Agent]) -> None:
    with pytest.raises(ValueError, match="loopback"):
        kind("192.0.2.1", None)


@pytest.mark.parametrize("uri", ["", "123456789", "sip:zoomcrc.com", "tel:+123", "sip:1.4321@zoomcrc.com\r\nX: y"])
async def test_what_is_no_sip_address_is_not_dialled(kind: type[Agent], room: Room, uri: str) -> None:
    with pytest.raises(ValueError, match="sip:user@domain") as caught:
        await room.dial(uri)
    assert "4321" not in str(caught.value)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_a_bridge_that_is_off(kind: type[Agent], transport: TransportName, bridge: SimulatedBridge) -> None:
    off = BridgeAddress(LOOPBACK, free_ports(), transport, bridge.address("tls").ca_file)
    async with kind(ROOM, off) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: call.state is SipState.ENDED)
    assert call.status == 503


async def test_an_untrusted_bridge(kind: type[Agent], bridge: SimulatedBridge, tmp_path: Path) -> None:
    other = tls.make_certificate(tmp_path, LOOPBACK)
    party = BridgeAddress(LOOPBACK, bridge.address("tls").port, "tls", other.ca)
    async with kind(ROOM, party) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: call.state is SipState.ENDED)
    assert call.status == 503
    assert bridge.log == ()


async def test_a_certificate_of_another_name(kind: type[Agent], tmp_path: Path) -> None:
    other = tls.make_certificate(tmp_path, "127.0.0.9")
    meetings = {MEETING: PASSCODE}
    async with SimulatedBridge(meetings=meetings, transports=("tls",), certificate=other) as bridge:
        async with kind(ROOM, bridge.address("tls")) as agent:
            call = await agent.dial(ZOOM, lambda call: None)
            await until(lambda: call.state is SipState.ENDED)
        assert (call.status, bridge.log) == (503, ())


async def test_a_call_hides_its_passcode(kind: type[Agent], room: Room) -> None:
    call = await room.dial()
    assert PASSCODE not in repr(call)
    assert MEETING in repr(call)


# ------------------------------------------------------------------------------------------------ incoming calls


@over_all
async def test_takes_a_call(kind: type[Agent], transport: TransportName, tmp_path: Path) -> None:
    files = tls.make_certificate(tmp_path, "127.0.0.4")
    async with kind("127.0.0.4", None, certificate=files) as agent:
        called = Room(agent)
        agent.on_incoming = called.take
        there = BridgeAddress("127.0.0.4", await agent.listen(transport), transport, files.ca)
        async with LightSipAgent(ROOM, there) as other:
            caller = Room(other)
            call = await caller.dial("sip:room@example.test")
            await until(lambda: called.taken and call.state is SipState.RINGING)
            (taken,) = called.taken
            assert (taken.outgoing, taken.state, taken.call_id) == (False, SipState.RINGING, call.call_id)
            assert taken.uri == "sip:room@example.test"
            await taken.answer()
            await until(lambda: call.state is SipState.CONNECTED and taken.state is SipState.CONNECTED)
            await taken.hang_up()
            await until(lambda: call.state is SipState.ENDED)
    assert caller.states == ["ringing", "connected", "ended"]
    assert called.states == ["connected", "ended"]


async def test_refuses_a_call(kind: type[Agent]) -> None:
    async with kind("127.0.0.4", None) as agent:
        called = Room(agent)
        agent.on_incoming = called.take
        there = BridgeAddress("127.0.0.4", await agent.listen())
        async with LightSipAgent(ROOM, there) as other:
            call = await other.dial("sip:room@example.test", lambda call: None)
            await until(lambda: called.taken)
            await called.taken[0].hang_up()
            await until(lambda: call.state is SipState.ENDED)
    assert (call.status, called.states) == (603, ["ended"])


async def test_the_caller_gives_up(kind: type[Agent]) -> None:
    async with kind("127.0.0.4", None) as agent:
        called = Room(agent)
        agent.on_incoming = called.take
        there = BridgeAddress("127.0.0.4", await agent.listen())
        async with LightSipAgent(ROOM, there) as other:
            call = await other.dial("sip:room@example.test", lambda call: None)
            await until(lambda: called.taken and call.state is SipState.RINGING)
            await call.hang_up()
            await until(lambda: called.taken[0].state is SipState.ENDED)
    assert called.taken[0].status == 487


async def test_nobody_takes_calls(kind: type[Agent]) -> None:
    async with kind("127.0.0.4", None) as agent:
        there = BridgeAddress("127.0.0.4", await agent.listen())
        async with LightSipAgent(ROOM, there) as other:
            call = await other.dial("sip:room@example.test", lambda call: None)
            await until(lambda: call.state is SipState.ENDED)
    assert call.status == 480
