"""The simulated bridge: what it reads, who is where, and its knobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from device_drivers.sip_agent.api import SipState
from device_drivers.sip_agent.light import LightSipAgent
from device_drivers.sip_agent.transactions import Timers
from device_drivers.testing.bridge import Participant, ParticipantState, SimulatedBridge, read_dialled
from tests.support.patience import until

from .programs import LOOPBACK, MEETING, PASSCODE, ZOOM, settled


@pytest.mark.parametrize(
    ("uri", "meeting_id", "passcode"),
    [
        ("sip:123456789.4321@zoomcrc.com", "123456789", "4321"),
        ("sip:123456789@zoomcrc.com", "123456789", ""),
        ("sip:123456789.4321.504.123456@zoomcrc.com", "123456789", "4321"),
        ("sip:123456789.4321..123456@zoomcrc.com;transport=tls", "123456789", "4321"),
        ("sip:123456789...123456@zoomcrc.com", "123456789", ""),
        ("sips:123456789.4321@127.0.0.1:5061", "123456789", "4321"),
        ("sip:zoomcrc.com", "", ""),
        ("tel:+123", "", ""),
        ("", "", ""),
    ],
)
def test_what_was_dialled_is_read(uri: str, meeting_id: str, passcode: str) -> None:
    dialled = read_dialled(uri)
    assert (dialled.meeting_id, dialled.passcode) == (meeting_id, passcode)
    assert "4321" not in repr(dialled)


async def test_who_is_where(bridge: SimulatedBridge) -> None:
    seen: list[Participant] = []
    bridge.on_change = seen.append
    before = datetime.now(UTC)
    async with (
        LightSipAgent("127.0.0.3", bridge.address("udp"), display_name="Room A") as a,
        LightSipAgent("127.0.0.4", bridge.address("tcp"), display_name="Room B") as b,
    ):
        first = await a.dial(ZOOM, lambda call: None)
        second = await b.dial("sip:55555555555@zoomcrc.com", lambda call: None)
        await until(lambda: first.state is second.state is SipState.CONNECTED)
        who = {m: [p.display_name for p in people] for m, people in bridge.meetings().items()}
        assert who == {MEETING: ["Room A"], "55555555555": ["Room B"]}
        (participant,) = bridge.participants(MEETING)
        assert participant.live and participant.remote == "sip:room@127.0.0.3"
        assert participant.answered and before <= participant.started <= participant.answered <= participant.since
        await first.hang_up()
        await until(lambda: not bridge.participants(MEETING))
    assert bridge.meetings() == {}
    left = bridge.log[0]
    assert not left.live and left.ended and left.ended >= participant.answered
    of_first = [p.state for p in seen if p.call_id == first.call_id]
    assert of_first == ["ringing", "in_meeting", "left"]
    assert PASSCODE not in repr(bridge.log)


async def test_a_meeting_can_be_added_and_given_another_passcode(bridge: SimulatedBridge) -> None:
    async with LightSipAgent("127.0.0.3", bridge.address("udp")) as agent:
        for passcode, status in ((None, 404), ("1111", 403), (PASSCODE, 0)):
            if passcode:
                bridge.add_meeting("777777777", passcode)
            call = await agent.dial(f"sip:777777777.{PASSCODE}@zoomcrc.com", lambda call: None)
            await settled(call)
            assert call.status == status


async def test_an_open_bridge_lets_any_id_in_and_still_checks_what_it_knows() -> None:
    async with (
        SimulatedBridge(meetings={MEETING: PASSCODE}, open=True) as bridge,
        LightSipAgent("127.0.0.3", bridge.address("udp")) as agent,
    ):
        found = {}
        for user in ("987654321", "987654321.55", f"{MEETING}.1", "someone"):
            call = await agent.dial(f"sip:{user}@zoomcrc.com", lambda call: None)
            await settled(call)
            found[user] = call.status
        assert found == {"987654321": 0, "987654321.55": 0, f"{MEETING}.1": 403, "someone": 404}


async def test_digits_are_counted_from_the_last_hash(bridge: SimulatedBridge) -> None:
    """Keys pressed in the meeting change nothing."""
    async with LightSipAgent("127.0.0.3", bridge.address("udp")) as agent:
        call = await agent.dial(f"sip:{MEETING}@zoomcrc.com", lambda call: None)
        await until(lambda: call.state is SipState.CONNECTED)
        await call.send_digits("43")
        await call.send_digits("21#*12#")
        assert [p.state for p in bridge.participants()] == [ParticipantState.IN_MEETING]


async def test_it_starts_again_on_the_same_port() -> None:
    async with SimulatedBridge(meetings={MEETING: PASSCODE}) as bridge:
        port = bridge.address("udp").port
        assert bridge.address("tcp").port == port
        with pytest.raises(OSError):
            async with SimulatedBridge(port=port):
                pytest.fail("two bridges on one port")
        async with LightSipAgent("127.0.0.3", bridge.address("tcp")) as agent:
            call = await agent.dial(ZOOM, lambda call: None)
            await until(lambda: call.state is SipState.CONNECTED)
            await bridge.__aexit__(None, None, None)
            await until(lambda: call.state is SipState.ENDED)
    async with (
        SimulatedBridge(port=port, meetings={MEETING: PASSCODE}) as bridge,
        LightSipAgent("127.0.0.3", bridge.address("udp")) as agent,
    ):
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: call.state is SipState.CONNECTED)


async def test_only_loopback() -> None:
    with pytest.raises(ValueError, match="loopback"):
        async with SimulatedBridge("0.0.0.0"):
            pytest.fail("served the world")


async def test_a_transport_that_is_not_served_has_no_address() -> None:
    async with SimulatedBridge(transports=("tcp",)) as bridge:
        assert bridge.address("tcp").port
        with pytest.raises(KeyError):
            bridge.address("udp")


async def test_a_caller_that_never_acknowledges_is_hung_up() -> None:
    """Without the ACK the 200 is repeated, then the call is over and a BYE goes out (RFC 3261 13.3.1.4)."""
    invite = invite_to(f"{MEETING}.{PASSCODE}")
    async with SimulatedBridge(meetings={MEETING: PASSCODE}, timers=Timers(t1=0.01, t2=0.04)) as bridge:
        received = await exchange(bridge, [invite], lambda got: any(m.startswith(b"BYE ") for m in got))
        assert len([m for m in received if m.startswith(b"SIP/2.0 200")]) > 5
        assert bridge.participants() == ()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"Max-Forwards", b"Require: 100rel\r\nMax-Forwards"), 420),
        ((b"application/sdp", b"text/plain"), 488),
        ((b"m=audio", b"m=image"), 488),
        ((b"INVITE", b"REFER"), 405),
        ((b"INVITE", b"JUGGLE"), 501),
        ((b"INVITE", b"BYE"), 481),
        ((b"INVITE", b"CANCEL"), 481),
        ((b"<sip:me@127.0.0.1:5999>\r\nMax", b"<<>>\r\nMax"), 400),
    ],
)
async def test_what_it_does_not_take(bridge: SimulatedBridge, change: tuple[bytes, bytes], code: int) -> None:
    request = invite_to(f"{MEETING}.{PASSCODE}").replace(*change)
    start = f"SIP/2.0 {code} ".encode()
    await exchange(bridge, [request], lambda got: any(m.startswith(start) for m in got))
    assert bridge.log == ()


async def test_a_reinvite_keeps_the_call(bridge: SimulatedBridge) -> None:
    invite = invite_to(f"{MEETING}.{PASSCODE}")
    received = await exchange(bridge, [invite], lambda got: any(m.startswith(b"SIP/2.0 200") for m in got))
    answer = next(m for m in received if m.startswith(b"SIP/2.0 200"))
    to = next(line for line in answer.split(b"\r\n") if line.startswith(b"To:"))
    again = invite.replace(b"To: <sip:x@127.0.0.1>", to).replace(b"branch=z9hG4bKa", b"branch=z9hG4bKb")
    again = again.replace(b"CSeq: 1", b"CSeq: 2")
    ack = again.replace(b"INVITE", b"ACK").replace(b"z9hG4bKb", b"z9hG4bKc")
    old = again.replace(b"INVITE", b"INFO").replace(b"z9hG4bKb", b"z9hG4bKd").replace(b"CSeq: 2", b"CSeq: 1")
    await exchange(bridge, [again], lambda got: any(b"CSeq: 2 INVITE" in m and b"200 OK" in m for m in got))
    await exchange(bridge, [ack, old], lambda got: any(m.startswith(b"SIP/2.0 500") for m in got))
    assert len(bridge.participants(MEETING)) == len(bridge.log) == 1


def invite_to(user: str) -> bytes:
    body = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
    head = (
        f"INVITE sip:{user}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5999;rport;branch=z9hG4bKa\r\n"
        "From: <sip:me@127.0.0.1>;tag=t\r\nTo: <sip:x@127.0.0.1>\r\nCall-ID: one\r\nCSeq: 1 INVITE\r\n"
        f"Contact: <sip:me@127.0.0.1:5999>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def exchange(
    bridge: SimulatedBridge, requests: list[bytes], enough: Callable[[list[bytes]], bool]
) -> list[bytes]:
    """Send datagrams from one socket, whose port takes the place of 5999, and collect what comes back."""
    loop = asyncio.get_running_loop()
    received: list[bytes] = []

    class Peer(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            received.append(data)

    party = bridge.address("udp")
    transport, _ = await loop.create_datagram_endpoint(Peer, remote_addr=(LOOPBACK, party.port))
    try:
        port = b"%d" % transport.get_extra_info("sockname")[1]
        for request in requests:
            transport.sendto(request.replace(b"5999", port))
        await until(lambda: enough(received))
    finally:
        transport.close()
    return received
