"""What is special to PJSUA: it lives in a child process, which may die. Collected only where its wheel exists."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from device_drivers.sip_agent.api import SipCall, SipState
from device_drivers.sip_agent.pjsua import PjsuaSipAgent
from device_drivers.sip_agent.transport import TransportName
from device_drivers.testing.bridge import SimulatedBridge
from tests.support.patience import until

from .programs import PASSCODE, ZOOM

pytestmark = pytest.mark.slow  # a process for each agent
ROOM = "127.0.0.3"


def sockets_of(process: int) -> list[str]:
    """Local addresses of a process's sockets, as the kernel tells them."""
    links = [os.readlink(link) for link in Path(f"/proc/{process}/fd").iterdir()]
    inodes = {match[1] for link in links if (match := re.fullmatch(r"socket:\[(\d+)\]", link))}
    rows = [
        line.split() for table in ("udp", "tcp", "udp6", "tcp6")
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]
    ]  # fmt: skip
    return [row[1].partition(":")[0] for row in rows if row[9] in inodes]


async def test_a_dead_child_ends_its_calls_and_nothing_else(
    bridge: SimulatedBridge, caplog: pytest.LogCaptureFixture
) -> None:
    async with PjsuaSipAgent(ROOM, bridge.address("udp")) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: call.state is SipState.CONNECTED)
        assert agent.process_id
        os.kill(agent.process_id, signal.SIGABRT)  # what a failed assertion of PJSUA does
        with caplog.at_level(logging.ERROR):
            await until(lambda: call.state is SipState.ENDED)
        assert "SIGABRT" in caplog.text and PASSCODE not in caplog.text
        await call.hang_up()
        again = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: again.state is SipState.CONNECTED)


async def test_a_fifth_call_ends_with_503(bridge: SimulatedBridge) -> None:
    async with PjsuaSipAgent(ROOM, bridge.address("udp")) as agent:
        calls = [await agent.dial(ZOOM, lambda call: None) for _ in range(5)]
        await until(lambda: all(c.state in (SipState.CONNECTED, SipState.ENDED) for c in calls))
        assert [c.status for c in calls] == [0, 0, 0, 0, 503]
        assert agent.process_id


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_its_sockets_are_bound_to_loopback(bridge: SimulatedBridge, transport: TransportName) -> None:
    """A socket that is bound to 127.x cannot send elsewhere. The one wildcard is the resolver's, whose only name
    server is a loopback address where none is."""
    async with PjsuaSipAgent(ROOM, bridge.address(transport)) as agent:
        call = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: call.state is SipState.CONNECTED)
        assert agent.process_id
        local = sockets_of(agent.process_id)
        assert sorted(set(local)) == ["00000000", "0300007F"]
        assert local.count("00000000") == 1


async def test_leaving_ends_the_child(bridge: SimulatedBridge) -> None:
    async with PjsuaSipAgent(ROOM, bridge.address("udp")) as agent:
        process = agent.process_id
        assert process and Path(f"/proc/{process}").exists()
    assert agent.process_id is None
    assert not Path(f"/proc/{process}").exists()


async def test_the_parent_never_imports_pjsua2(bridge: SimulatedBridge) -> None:
    async with PjsuaSipAgent(ROOM, bridge.address("udp")) as agent:
        await agent.dial(ZOOM, lambda call: None)
    assert "pjsua2" not in sys.modules


async def test_a_port_that_is_taken_is_an_os_error(bridge: SimulatedBridge) -> None:
    with pytest.raises(OSError, match="cannot start"):
        async with PjsuaSipAgent("127.0.0.1", None, port=bridge.address("udp").port):
            pytest.fail("started on a port that is taken")


async def test_a_callback_that_raises_is_reported_and_the_agent_goes_on(bridge: SimulatedBridge) -> None:
    reports: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, report: reports.append(report))

    def fail(call: SipCall) -> None:
        raise LookupError("a mistake of the caller")

    async with PjsuaSipAgent(ROOM, bridge.address("udp")) as agent:
        first = await agent.dial(ZOOM, fail)
        second = await agent.dial(ZOOM, lambda call: None)
        await until(lambda: first.state is second.state is SipState.CONNECTED)
        first.on_change = None
    assert len(reports) == 2  # ringing and connected
    assert all(isinstance(report["exception"], LookupError) for report in reports)
