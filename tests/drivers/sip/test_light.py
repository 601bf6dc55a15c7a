"""The light agent's own matters: time-outs, lost connections, hostile peers, numbers."""

from __future__ import annotations

import asyncio
import socket
import sys
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from device_drivers.sip_agent.api import BridgeAddress, SipState
from device_drivers.sip_agent.light import LightSipAgent
from device_drivers.sip_agent.transactions import Timers
from device_drivers.sip_agent.transport import TransportName
from device_drivers.testing.bridge import ParticipantState, SimulatedBridge
from tests.support.patience import until
from tests.support.servers import listening

from .programs import LOOPBACK, MEETING, PASSCODE, ZOOM

ROOM = "127.0.0.3"
QUICK = Timers(t1=0.01, t2=0.04, t4=0.05)


class ScriptedPeer(asyncio.DatagramProtocol):
    """A bridge that a test writes by hand: it keeps what comes and answers what it is told."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.transport: Any = None
        self.source: tuple[str, int] = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.append(data.decode())
        self.source = addr

    def of(self, method: str) -> list[str]:
        return [text for text in self.received if text.startswith(method + " ")]

    def answer(self, request: str, code: int, *extra: str, tag: str = "far") -> None:
        lines = request.split("\r\n")
        kept = [line for line in lines if line.startswith(("Via:", "From:", "Call-ID:", "CSeq:"))]
        to = next(line for line in lines if line.startswith("To:"))
        kept.append(to if "tag=" in to else f"{to};tag={tag}")
        text = "\r\n".join([f"SIP/2.0 {code} Answer", *kept, *extra, "Content-Length: 0", "", ""])
        self.transport.sendto(text.encode(), self.source)


@asynccontextmanager
async def scripted() -> AsyncIterator[tuple[ScriptedPeer, BridgeAddress]]:
    loop = asyncio.get_running_loop()
    transport, peer = await loop.create_datagram_endpoint(ScriptedPeer, local_addr=(LOOPBACK, 0))
    try:
        yield peer, BridgeAddress(LOOPBACK, transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


def header(message: str, name: str) -> str:
    return next(line for line in message.split("\r\n") if line.startswith(name + ":"))


# ------------------------------------------------------------------------------------------------- a silent peer


async def test_silence_ends_with_408_after_seven_tries() -> None:
    async with scripted() as (peer, bridge), LightSipAgent(ROOM, bridge, timers=QUICK) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: call.state is SipState.ENDED)
        assert (call.status, call.reason) == (408, "Request Timeout")
        # Timer A doubles: at 0, 1, 3, 7, 15, 31 and 63 times T1 within the 64 of timer B.
        assert len(set(peer.received)) == 1 and 6 <= len(peer.received) <= 7


async def test_a_cancel_waits_for_the_first_answer() -> None:
    async with scripted() as (peer, bridge), LightSipAgent(ROOM, bridge) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: peer.of("INVITE"))
        await call.hang_up()
        assert call.state is SipState.ENDED and not peer.of("CANCEL")
        (invite,) = peer.of("INVITE")
        peer.answer(invite, 180)
        await until(lambda: peer.of("CANCEL"))
        (cancel,) = peer.of("CANCEL")
        for name in ("Via", "From", "To", "Call-ID"):
            assert header(cancel, name) == header(invite, name)
        assert header(cancel, "CSeq") == "CSeq: 1 CANCEL"
        peer.answer(cancel, 200)
        peer.answer(invite, 487)
        await until(lambda: peer.of("ACK"))


async def test_an_answer_that_crosses_the_hang_up_is_left_at_once() -> None:
    async with scripted() as (peer, bridge), LightSipAgent(ROOM, bridge) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: peer.of("INVITE"))
        await call.hang_up()
        peer.answer(peer.of("INVITE")[0], 200, f"Contact: <sip:bridge@{LOOPBACK}:{bridge.port}>")
        await until(lambda: peer.of("ACK") and peer.of("BYE"))
        assert header(peer.of("BYE")[0], "CSeq") == "CSeq: 2 BYE"
        peer.answer(peer.of("BYE")[0], 200)


async def test_a_second_branch_is_acknowledged_and_left() -> None:
    async with scripted() as (peer, bridge), LightSipAgent(ROOM, bridge) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: peer.of("INVITE"))
        contact = f"Contact: <sip:bridge@{LOOPBACK}:{bridge.port}>"
        peer.answer(peer.of("INVITE")[0], 200, contact, tag="one")
        peer.answer(peer.of("INVITE")[0], 200, contact, tag="two")
        await until(lambda: len(peer.of("ACK")) == 2 and peer.of("BYE"))
        assert header(peer.of("BYE")[0], "To").endswith("tag=two")
        peer.answer(peer.of("BYE")[0], 200)
        assert call.state is SipState.CONNECTED
        await call.hang_up()
        await until(lambda: len(peer.of("BYE")) == 2)
        assert header(peer.of("BYE")[1], "To").endswith("tag=one")
        peer.answer(peer.of("BYE")[1], 200)


@pytest.mark.parametrize("contact", ["sip:bridge@192.0.2.1:5060", "sip:bridge@zoomcrc.com", "sip:bridge@localhost:9"])
async def test_a_contact_elsewhere_is_not_followed(contact: str) -> None:
    async with scripted() as (peer, bridge), LightSipAgent(ROOM, bridge) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: peer.of("INVITE"))
        peer.answer(peer.of("INVITE")[0], 200, f"Contact: <{contact}>", "Record-Route: <sip:192.0.2.7;lr>")
        await until(lambda: call.state is SipState.CONNECTED and peer.of("ACK"))
        assert peer.of("ACK")[0].startswith(f"ACK {contact} SIP/2.0")
        await call.hang_up()
        await until(lambda: peer.of("BYE"))
        peer.answer(peer.of("BYE")[0], 200)


async def test_an_unreadable_answer_ends_the_call() -> None:
    async with scripted() as (peer, bridge), LightSipAgent(ROOM, bridge) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: peer.of("INVITE"))
        peer.answer(peer.of("INVITE")[0], 200, "Contact: <<>>")
        await until(lambda: call.state is SipState.ENDED)
        assert call.status == 500


async def test_digits_to_a_peer_that_knows_no_call_end_it() -> None:
    async with scripted() as (peer, bridge), LightSipAgent(ROOM, bridge) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: peer.of("INVITE"))
        peer.answer(peer.of("INVITE")[0], 200, f"Contact: <sip:bridge@{LOOPBACK}:{bridge.port}>")
        await until(lambda: call.state is SipState.CONNECTED)
        pressing = asyncio.create_task(call.send_digits("1"))
        await until(lambda: len(peer.of("INFO")) == 1)
        peer.answer(peer.of("INFO")[0], 415)
        with pytest.raises(ConnectionError, match="415"):
            await pressing
        pressing = asyncio.create_task(call.send_digits("12"))
        await until(lambda: len(peer.of("INFO")) == 2)
        peer.answer(peer.of("INFO")[1], 481)
        await pressing
        assert (call.state, len(peer.of("INFO"))) == (SipState.ENDED, 2)


async def test_a_redirection_is_not_followed() -> None:
    async with scripted() as (peer, bridge), LightSipAgent(ROOM, bridge) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: peer.of("INVITE"))
        peer.answer(peer.of("INVITE")[0], 302, "Contact: <sip:other@192.0.2.1>")
        await until(lambda: call.state is SipState.ENDED)
        assert (call.status, len(peer.of("INVITE"))) == (302, 1)


# ------------------------------------------------------------------------------------------- nothing leaves the host


@pytest.fixture(scope="module")
def network_calls() -> list[tuple[str, Any]]:
    """Every address that Python code of this process connects or sends to, or looks up, from now on."""
    seen: list[tuple[str, Any]] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            seen.append((event, arguments[1]))
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            seen.append((event, arguments[0]))

    sys.addaudithook(watch)
    return seen


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
@pytest.mark.parametrize("domain", ["zoomcrc.com", "global.zoomcrc.com", "192.0.2.1"])
async def test_a_zoom_address_reaches_the_bridge_and_nothing_else(
    transport: TransportName, domain: str, bridge: SimulatedBridge, network_calls: list[tuple[str, Any]]
) -> None:
    network_calls.clear()
    async with LightSipAgent(ROOM, bridge.address(transport)) as agent:
        call = await agent.dial(f"sip:{MEETING}.{PASSCODE}@{domain}", lambda call: None)
        await until(lambda: call.state is SipState.CONNECTED)
        assert [p.meeting_id for p in bridge.participants()] == [MEETING]
    touched = {what if isinstance(what, str) else what[0] for _, what in network_calls if what}
    assert touched and all(host.startswith("127.") for host in touched)


def test_the_watch_sees_what_it_should(network_calls: list[tuple[str, Any]]) -> None:
    network_calls.clear()
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.sendto(b"", (LOOPBACK, 9))
    assert network_calls == [("socket.sendto", (LOOPBACK, 9))]


# -------------------------------------------------------------------------------------------- connections and numbers


async def test_a_connection_that_breaks_during_dialling_is_a_503() -> None:
    async def hang_up_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with (
        listening(hang_up_at_once) as port,
        LightSipAgent(ROOM, BridgeAddress(LOOPBACK, port, "tcp")) as agent,
    ):
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: call.state is SipState.ENDED)
    assert call.status == 503


async def test_a_bye_finds_the_bridge_again_after_a_broken_connection(bridge: SimulatedBridge) -> None:
    async with LightSipAgent(ROOM, bridge.address("tcp")) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: call.state is SipState.CONNECTED)
        assert agent._agent is not None
        for stream in list(agent._agent.sockets._streams):
            stream.abort()
        await until(lambda: agent._agent and not agent._agent.sockets._streams)
        assert call.state is SipState.CONNECTED  # a dialog is no connection
        await call.hang_up()
        await until(lambda: not bridge.participants())
    assert bridge.log[0].ended_by == "caller"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_two_hundred_rooms_dial_in_the_same_instant(transport: TransportName, bridge: SimulatedBridge) -> None:
    rooms = [LightSipAgent(f"127.0.1.{1 + n % 250}", bridge.address(transport)) for n in range(200)]
    calls = await asyncio.gather(*(room.dial(ZOOM, lambda call: None) for room in rooms))
    await until(lambda: all(call.state is SipState.CONNECTED for call in calls), "all are answered")
    assert len(bridge.participants(MEETING)) == 200
    await asyncio.gather(*(room.__aexit__(None, None, None) for room in rooms))
    await until(lambda: not bridge.participants())
    assert len(bridge.log) == 200
    assert {p.state for p in bridge.log} == {ParticipantState.LEFT}


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


async def test_an_idle_agent_is_small_and_opens_nothing(traced: None) -> None:
    bridge = BridgeAddress(LOOPBACK, 5060)
    before, _ = tracemalloc.get_traced_memory()
    rooms = [await LightSipAgent(ROOM, bridge).__aenter__() for _ in range(1000)]
    after, _ = tracemalloc.get_traced_memory()
    assert (after - before) / len(rooms) < 2_000  # bytes
    assert all(room._agent is None for room in rooms)
