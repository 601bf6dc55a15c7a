"""What the Cisco tests share: meetings, and a way to start units and drivers that always end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest

from device_drivers.api import Booking, DialAddress
from device_drivers.cisco.driver import CiscoDriver
from device_drivers.cisco.simulator import CiscoSimulator
from tests.support import patience

StartUnit: TypeAlias = Callable[..., Awaitable[CiscoSimulator]]
OpenDriver: TypeAlias = Callable[..., Awaitable[CiscoDriver]]

FIRMWARES = ("tc7.3", "ce9.15", "roomos10", "roomos11", "roomos26")


def meeting(number: int = 1, *, address: str | None = "9990001112.246810@zoomcrc.com", **changes: Any) -> Booking:
    """Runs now, for half an hour."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    booking = Booking(
        id=f"10000000000000000{number}",
        title=f"Meeting {number}",
        start=start,
        end=start + timedelta(minutes=30),
        organizer="Ada Example",
        address=DialAddress("sip", address) if address else None,
        service="zoom",
    )
    return replace(booking, **changes)


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def start_unit(stack: AsyncExitStack) -> StartUnit:
    async def start(firmware: str = "ce9.15", **knobs: Any) -> CiscoSimulator:
        return await stack.enter_async_context(CiscoSimulator(firmware=firmware, **knobs))

    return start


@pytest.fixture
def open_driver(stack: AsyncExitStack) -> OpenDriver:
    async def open_to(unit: CiscoSimulator, *, options: dict[str, str] | None = None, **changes: Any) -> CiscoDriver:
        endpoint = replace(unit.endpoint, options={"timeout": str(patience.seconds(5)), **(options or {})}, **changes)
        return await stack.enter_async_context(CiscoDriver(endpoint))

    return open_to
