from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from connector.standins.graph import GraphStandIn
from tests.calendars.graph.harness import ROOM, SECRET, Harness
from tests.calendars.receiver import Journal, Receiver


@pytest.fixture
async def house() -> AsyncIterator[Harness]:
    async with Receiver() as receiver, GraphStandIn(secret=SECRET) as graph:
        graph.mailbox(ROOM)
        yield Harness(graph, receiver, Journal())
