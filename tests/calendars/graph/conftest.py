from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from connector.standins.graph import GraphStandIn
from tests.calendars.graph.house import ROOM, SECRET, House, Journal
from tests.calendars.graph.receiver import Receiver


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with Receiver() as receiver, GraphStandIn(secret=SECRET) as graph:
        graph.mailbox(ROOM)
        yield House(graph, receiver, Journal())
