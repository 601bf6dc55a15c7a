"""SIPp, a foreign party, as callers of our bridge and as the bridge of our agents. Its scenarios check our messages."""

from __future__ import annotations

from pathlib import Path

import pytest

from device_drivers.sip_agent.api import BridgeAddress, SipState
from device_drivers.sip_agent.transactions import Timers
from device_drivers.sip_agent.transport import TransportName
from device_drivers.testing.bridge import ParticipantState, SimulatedBridge
from tests.support.patience import until

from .programs import AGENTS, LOOPBACK, MEETING, PASSCODE, ZOOM, Agent, settled, sipp

pytestmark = pytest.mark.slow  # starts programs

over_udp_and_tcp = pytest.mark.parametrize("transport", ["udp", "tcp"])
QUICK = Timers(t1=0.05)


# ------------------------------------------------------------------------------------------- SIPp calls our bridge


@over_udp_and_tcp
async def test_callers_join_and_leave(bridge: SimulatedBridge, transport: TransportName, tmp_path: Path) -> None:
    port = bridge.address(transport).port
    dial = f"{MEETING}.{PASSCODE}"
    async with sipp(tmp_path, "caller_joins", to=port, transport=transport, dial=dial, calls=5) as run:
        await until(lambda: len(bridge.participants(MEETING)) >= 1)
        await run.wait()
    assert [(p.state, p.ended_by, p.transport) for p in bridge.log] == [
        (ParticipantState.LEFT, "caller", transport)
    ] * 5
    assert {p.display_name for p in bridge.log} == {"Room S"}


@over_udp_and_tcp
async def test_a_wrong_passcode_is_refused(bridge: SimulatedBridge, transport: TransportName, tmp_path: Path) -> None:
    port = bridge.address(transport).port
    async with sipp(tmp_path, "caller_refused", to=port, transport=transport, dial=f"{MEETING}.9999") as run:
        await run.wait()
    (caller,) = bridge.log
    assert (caller.state, caller.status) == (ParticipantState.REFUSED, 403)


@over_udp_and_tcp
async def test_digits_admit(bridge: SimulatedBridge, transport: TransportName, tmp_path: Path) -> None:
    port = bridge.address(transport).port
    seen: list[ParticipantState] = []
    bridge.on_change = lambda participant: seen.append(participant.state)
    async with sipp(tmp_path, "caller_enters_digits", to=port, transport=transport, dial=MEETING) as run:
        await run.wait()
    assert seen == ["ringing", "waiting_for_passcode", "in_meeting", "left"]


@over_udp_and_tcp
async def test_wrong_digits_end_the_call(bridge: SimulatedBridge, transport: TransportName, tmp_path: Path) -> None:
    port = bridge.address(transport).port
    async with sipp(tmp_path, "caller_enters_wrong_digits", to=port, transport=transport, dial=MEETING) as run:
        await run.wait()
    (caller,) = bridge.log
    assert (caller.state, caller.ended_by) == (ParticipantState.LEFT, "passcode")


@over_udp_and_tcp
async def test_the_bridge_hangs_up(bridge: SimulatedBridge, transport: TransportName, tmp_path: Path) -> None:
    port = bridge.address(transport).port
    dial = f"{MEETING}.{PASSCODE}"
    async with sipp(tmp_path, "caller_stays", to=port, transport=transport, dial=dial, calls=3) as run:
        await until(lambda: len(bridge.participants(MEETING)) == 3)
        assert await bridge.hang_up(bridge.participants()[0]) == 1
        assert await bridge.hang_up(MEETING) == 2
        await run.wait()
    assert [p.ended_by for p in bridge.log] == ["bridge"] * 3


async def test_a_caller_gives_up(bridge: SimulatedBridge, tmp_path: Path) -> None:
    bridge.answer_after = 10
    dial = f"{MEETING}.{PASSCODE}"
    async with sipp(tmp_path, "caller_gives_up", to=bridge.address("udp").port, dial=dial) as run:
        await run.wait()
    (caller,) = bridge.log
    assert (caller.state, caller.status) == (ParticipantState.REFUSED, 487)


async def test_options(bridge: SimulatedBridge, tmp_path: Path) -> None:
    async with sipp(tmp_path, "caller_asks_options", to=bridge.address("udp").port, dial=MEETING) as run:
        await run.wait()
    assert bridge.log == ()


@pytest.mark.parametrize(
    ("scenario", "dial"),
    [("caller_acknowledges_late", f"{MEETING}.{PASSCODE}"), ("caller_acknowledges_refusal_late", f"{MEETING}.9999")],
)
async def test_answers_are_repeated_until_acknowledged(scenario: str, dial: str, tmp_path: Path) -> None:
    async with SimulatedBridge(meetings={MEETING: PASSCODE}, timers=QUICK) as bridge:
        port = bridge.address("udp").port
        async with sipp(tmp_path, scenario, to=port, dial=dial, extra=("-nr",)) as run:
            await run.wait()
        assert len(bridge.log) == 1


# -------------------------------------------------------------------------------------- our agents call SIPp


@pytest.mark.parametrize("kind", AGENTS)
@over_udp_and_tcp
async def test_an_agent_joins_and_leaves(kind: type[Agent], transport: TransportName, tmp_path: Path) -> None:
    async with (
        sipp(tmp_path, "bridge_answers", transport=transport) as run,
        kind(LOOPBACK, BridgeAddress(LOOPBACK, run.port, transport)) as agent,
    ):
        seen: list[SipState] = []
        call = await agent.dial(ZOOM, lambda call: seen.append(call.state))
        await until(lambda: call.state is SipState.CONNECTED)
        await call.hang_up()
        await run.wait()
    assert seen == ["ringing", "connected", "ended"]


@pytest.mark.parametrize("kind", AGENTS)
@over_udp_and_tcp
async def test_an_agent_is_refused(kind: type[Agent], transport: TransportName, tmp_path: Path) -> None:
    async with (
        sipp(tmp_path, "bridge_refuses", transport=transport) as run,
        kind(LOOPBACK, BridgeAddress(LOOPBACK, run.port, transport)) as agent,
    ):
        call = await agent.dial(ZOOM, lambda call: None)
        await run.wait()  # the ACK has come
        await until(lambda: call.state is SipState.ENDED)
    assert (call.status, call.reason) == (403, "Wrong passcode")


@pytest.mark.parametrize("kind", AGENTS)
async def test_an_agent_repeats_its_invite(kind: type[Agent], tmp_path: Path) -> None:
    async with (
        sipp(tmp_path, "bridge_silent_at_first", extra=("-nr",)) as run,
        kind(LOOPBACK, BridgeAddress(LOOPBACK, run.port)) as agent,
    ):
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: call.state is SipState.CONNECTED)
        await call.hang_up()
        await run.wait()


@pytest.mark.parametrize("kind", AGENTS)
async def test_an_agent_acknowledges_each_answer(kind: type[Agent], tmp_path: Path) -> None:
    async with (
        sipp(tmp_path, "bridge_repeats_its_answer", extra=("-nr",)) as run,
        kind(LOOPBACK, BridgeAddress(LOOPBACK, run.port)) as agent,
    ):
        states: list[SipState] = []
        call = await agent.dial(ZOOM, lambda call: states.append(call.state))
        await run.wait()
        await until(lambda: call.state is SipState.ENDED)
    assert states == ["connected", "ended"]


@pytest.mark.parametrize("kind", AGENTS)
@over_udp_and_tcp
async def test_an_agent_cancels(kind: type[Agent], transport: TransportName, tmp_path: Path) -> None:
    async with (
        sipp(tmp_path, "bridge_is_cancelled", transport=transport) as run,
        kind(LOOPBACK, BridgeAddress(LOOPBACK, run.port, transport)) as agent,
    ):
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: call.state is SipState.RINGING)
        await call.hang_up()
        await run.wait()
    assert (call.state, call.status) == (SipState.ENDED, 487)


@pytest.mark.parametrize("kind", AGENTS)
@over_udp_and_tcp
async def test_the_far_end_hangs_up(kind: type[Agent], transport: TransportName, tmp_path: Path) -> None:
    async with (
        sipp(tmp_path, "bridge_hangs_up", transport=transport) as run,
        kind(LOOPBACK, BridgeAddress(LOOPBACK, run.port, transport)) as agent,
    ):
        call = await agent.dial(ZOOM, lambda call: None)
        await run.wait()
        await until(lambda: call.state is SipState.ENDED)
    assert call.status == 0


@pytest.mark.parametrize("kind", AGENTS)
async def test_requests_follow_the_record_route(kind: type[Agent], tmp_path: Path) -> None:
    async with (
        sipp(tmp_path, "bridge_behind_proxy") as run,
        kind(LOOPBACK, BridgeAddress(LOOPBACK, run.port)) as agent,
    ):
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: call.state is SipState.CONNECTED)
        await call.hang_up()
        await run.wait()


@pytest.mark.parametrize("kind", AGENTS)
@pytest.mark.parametrize(("password", "status"), [("example-password", 0), ("another-password", 403)])
async def test_a_digest_challenge_is_answered(kind: type[Agent], password: str, status: int, tmp_path: Path) -> None:
    async with (
        sipp(tmp_path, "bridge_challenges") as run,
        kind(LOOPBACK, BridgeAddress(LOOPBACK, run.port), username="room", password=password) as agent,
    ):
        call = await agent.dial(ZOOM, lambda call: None)
        await settled(call)
        await call.hang_up()
        await run.wait()
    assert call.status == status
