"""Calendar addresses and Zoom's account through the environment's proxy; the clouds are in tests/end_to_end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from connector.calendars.ics import IcsSource
from connector.standins.zoom import ZoomMeeting, ZoomStandIn
from tests.calendars.ics_text import vcalendar, vevent, window
from tests.calendars.test_caldav import ToldServer, open_source, read
from tests.calendars.web_server import WebServer
from tests.support.proxies import ConnectProxy
from tests.zoom_account.conftest import api_of


@pytest.fixture(autouse=True)
async def proxy() -> AsyncIterator[ConnectProxy]:
    async with ConnectProxy() as proxy:
        with pytest.MonkeyPatch.context() as patched:
            for name, value in proxy.environment.items():
                patched.setenv(name, value)
            yield proxy


async def test_an_address_of_a_calendar(proxy: ConnectProxy, tmp_path: Path) -> None:
    async with WebServer() as server, IcsSource(tmp_path, allow_http=True) as source:
        server.answers["/room.ics"] = (200, {}, vcalendar(vevent("a", "20261110T100000Z", "20261110T110000Z")))
        snapshot = await source.read(f"{server.url}/room.ics", window("2026-11-10", "2026-11-11"))
        assert len(snapshot.events) == 1
        assert set(proxy.targets) == {urlsplit(server.url).netloc}


async def test_caldav(proxy: ConnectProxy) -> None:
    async with ToldServer() as server, open_source(server.url) as source:
        assert len((await read(source)).events) == 1
        assert set(proxy.targets) == {urlsplit(server.url).netloc}


async def test_a_zoom_account(proxy: ConnectProxy) -> None:
    async with ZoomStandIn() as zoom:
        zoom.state.add(ZoomMeeting("12345678901", "4321"))
        api = api_of(zoom)
        assert await api.room_code("12345678901") is not None
        await api.close()
        assert set(proxy.targets) == {urlsplit(zoom.api_url).netloc}
