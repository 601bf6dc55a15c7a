"""The shared suite over the Google source: with push, and through google-api-python-client all the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from connector.calendars.base import CalendarSource
from connector.calendars.google.source import GoogleSource
from connector.standins.google import GoogleStandIn, Trouble
from tests.calendars.google.harness import ROOM, make_source
from tests.calendars.receiver import Journal, Receiver
from tests.calendars.suite import PagedContract
from tests.support.proxies import Wire


class OnGoogle:
    def __init__(self, source: GoogleSource, google: GoogleStandIn, proxy: Wire) -> None:
        self.source: CalendarSource = source
        self.calendar = self.owner = ROOM
        self.secrets = (max(google.key_file.split("\\n"), key=len), "Bearer ")
        self._google = google
        self._proxy = proxy

    async def put(self, uid: str, *components: str) -> None:
        self._google.put(ROOM, uid, *components)

    async def delete(self, uid: str) -> None:
        self._google.delete(ROOM, uid)

    async def interrupt(self) -> None:
        """The second of two pages is missing."""
        self._google.calendars[ROOM].touch()
        self._google.paging.size = 1
        self._google.troubles.append(Trouble("list", page=1, status=500, reason="backendError"))

    async def restore(self) -> None:
        self._google.troubles.clear()
        self._google.paging.size = 2500

    async def lose_a_part(self) -> None:
        """The second of three pages is missing."""
        self._google.paging.size = 2
        self._google.troubles.append(Trouble("list", page=1, status=500, reason="backendError"))

    async def restore_parts(self) -> None:
        await self.restore()

    async def age(self) -> None:
        pass

    def transferred(self) -> int:
        return self._proxy.received


class TestGoogle(PagedContract):
    @pytest.fixture
    async def backend(self) -> AsyncIterator[OnGoogle]:
        async with AsyncExitStack() as stack:
            google = await stack.enter_async_context(GoogleStandIn())
            google.add_calendar(ROOM, "Boardroom")
            hooks = await stack.enter_async_context(Receiver())
            proxy = await stack.enter_async_context(Wire(int(google.url.rstrip("/").rpartition(":")[2])))
            root = f"http://127.0.0.1:{proxy.port}/"
            source = await stack.enter_async_context(make_source(google, Journal(), webhooks=hooks, root=root))
            yield OnGoogle(source, google, proxy)
