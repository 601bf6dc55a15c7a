"""Fixtures of the SIP tests. PJSUA's cases are collected only where its wheel exists, and the summary says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from device_drivers.sip_agent import pjsua
from device_drivers.testing.bridge import SimulatedBridge

from .programs import MEETING, PASSCODE

collect_ignore = [] if pjsua.available() else ["test_pjsua.py"]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not pjsua.available():
        terminalreporter.write_line("pjsua2 has no wheel here: the SIP contract ran with the light agent only")


@pytest.fixture
async def bridge() -> AsyncIterator[SimulatedBridge]:
    """One meeting with a passcode and one without, over all transports."""
    meetings = {MEETING: PASSCODE, "55555555555": None}
    async with SimulatedBridge(meetings=meetings, transports=("udp", "tcp", "tls")) as running:
        yield running
