"""Whatever comes over the wire, the bridge goes on: no exception, and the next caller gets in."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from device_drivers.sip_agent import messages, sdp
from device_drivers.sip_agent.api import SipState
from device_drivers.sip_agent.light import LightSipAgent
from device_drivers.testing.bridge import SimulatedBridge, read_dialled
from tests.support import patience
from tests.support.patience import until

from .programs import LOOPBACK, MEETING, PASSCODE, ZOOM
from .test_bridge import invite_to

INVITE = invite_to(f"{MEETING}.{PASSCODE}")
SPLICES = [
    b"", b"\r\n", b"\r\n\r\n", b"\x00", b"\xff\xfe", b";", b"<", b">", b'"', b",", b":", b"@", b"%", b"-1", b"9" * 11,
    b"SIP/2.0", b"Via: ", b";self=1", b";tag=", b";rport", b"Content-Length: 5\r\n", b"Record-Route: <sip:[::1]>\r\n",
    b"Route: x\r\n", b"Contact: *\r\n", b"CSeq: 0 ACK\r\n", b"m=audio", b"a=crypto:", b"branch=", b"\r\n folded",
]  # fmt: skip


@st.composite
def damaged_invites(draw: st.DrawFn) -> bytes:
    """A good INVITE with a few places cut out, replaced or repeated."""
    data = draw(st.sampled_from([INVITE, INVITE.replace(b"INVITE", b"INFO"), INVITE.replace(b"INVITE", b"ACK")]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 30)))
        data = data[:start] + draw(st.sampled_from(SPLICES)) + data[end:]
    return data


wire = st.one_of(st.binary(max_size=300), damaged_invites())
quick = settings(max_examples=60)


@settings(max_examples=400)
@given(wire)
def test_reading_raises_one_error_only(data: bytes) -> None:
    try:
        message, ids = messages.parse(data)
    except messages.MalformedMessage as error:
        assert PASSCODE not in str(error)
    else:
        assert message.call_id == ids.call_id


@settings(max_examples=200)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(st.sampled_from([*SPLICES, b"m=", b"v=0", b"RTP/SAVP 0", b" ", b"\n"])).map(b"".join),
    )
)
def test_an_offer_is_answered_or_refused(data: bytes) -> None:
    try:
        answer = sdp.answer(data, LOOPBACK)
    except sdp.NotAcceptable:
        return
    assert answer.startswith(b"v=0\r\n") and answer.count(b"m=") >= 1


@given(st.text())
def test_any_text_can_be_dialled_at(text: str) -> None:
    assert "@" not in read_dialled(text).meeting_id


@quick
@given(st.lists(wire, min_size=1, max_size=8))
def test_datagrams(datagrams: list[bytes]) -> None:
    async def send(bridge: SimulatedBridge) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            for data in datagrams:
                sender.sendto(data, (LOOPBACK, bridge.address("udp").port))

    asyncio.run(survives(send))


@quick
@given(st.lists(wire, min_size=1, max_size=4), st.booleans())
def test_streams(chunks: list[bytes], at_once: bool) -> None:
    async def send(bridge: SimulatedBridge) -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, bridge.address("tcp").port)
        try:
            for data in [b"".join(chunks)] if at_once else chunks:
                writer.write(data)
                await writer.drain()
            writer.write_eof()
            async with patience.timeout(5):
                while await reader.read(65_536):
                    pass
        except ConnectionError:
            pass  # the bridge may close on what cannot be cut into messages
        finally:
            writer.close()

    asyncio.run(survives(send))


async def survives(send: Callable[[SimulatedBridge], Awaitable[None]]) -> None:
    loop = asyncio.get_running_loop()
    raised: list[Any] = []
    loop.set_exception_handler(lambda _, context: raised.append(context))
    async with SimulatedBridge(meetings={MEETING: PASSCODE}) as bridge:
        await send(bridge)
        async with (
            LightSipAgent("127.0.0.3", bridge.address("tcp")) as tcp,
            LightSipAgent("127.0.0.3", bridge.address()) as udp,
        ):
            calls = [await agent.dial(ZOOM, lambda call: None) for agent in (tcp, udp)]
            await until(lambda: all(call.state is SipState.CONNECTED for call in calls))
    assert raised == []
