"""The shared suite over the Microsoft 365 source, against the stand-in: with short pages, and in one page."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from connector.calendars.base import CalendarSource
from connector.standins.graph import GraphStandIn
from tests.calendars.graph.harness import ROOM, SECRET, Harness
from tests.calendars.suite import PagedContract


class GraphBackend:
    """The room's mailbox. Ids are the UIDs, so that a series is known by the name that the suite gave it."""

    def __init__(self, source: CalendarSource, graph: GraphStandIn) -> None:
        self.source = source
        self.calendar = self.owner = ROOM
        self.secrets = (SECRET, "Bearer ")
        self._graph = graph
        self._box = graph.mailbox(ROOM)

    async def put(self, uid: str, *components: str) -> None:
        self._box.put(*components, id=uid)

    async def delete(self, uid: str) -> None:
        self._box.remove(uid)

    async def interrupt(self) -> None:
        self._graph.troubles.cut_off = True

    async def restore(self) -> None:
        self._graph.troubles.cut_off = False

    async def lose_a_part(self) -> None:
        self._graph.page_size = 2
        self._graph.troubles.pages_fail_after = 1

    async def restore_parts(self) -> None:
        self._graph.troubles.pages_fail_after = None

    async def age(self) -> None:
        return None

    def transferred(self) -> int:
        return self._graph.calendar_bytes


class TestGraph(PagedContract):
    @pytest.fixture(params=[1, 1000], ids=["a page an event", "one page"])
    async def backend(self, house: Harness, request: pytest.FixtureRequest) -> AsyncIterator[GraphBackend]:
        house.graph.page_size = request.param
        async with house.open(push=True) as source:
            yield GraphBackend(source, house.graph)
