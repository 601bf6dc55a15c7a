"""No service fills the memory: an endless body, and one that inflates a thousandfold, at each library we read with."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from connector.calendars.bounded import SIZE_LIMIT
from connector.calendars.bounded_requests import BoundedAdapter, BoundedResponse
from connector.calendars.caldav import CaldavSource
from connector.calendars.exchange.transport import EwsProtocol, OurConnections
from connector.calendars.google.http import GoogleApi
from connector.calendars.graph.auth import CLOUDS, AppIdentity, Tokens
from connector.calendars.graph.http import GraphHttp
from connector.calendars.ics import IcsSource
from connector.errors import CalendarError, SourceUnavailable
from connector.model import Window
from connector.zoom_account.api import ZoomApi
from tests.support.servers import raw_server

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
WINDOW = Window(NOON, NOON + timedelta(days=1))
PATIENCE = timedelta(seconds=60)
SLACK = 60 * 2**20  # what the kernel holds on both sides, and a piece more


class Flood:
    """Answers each request with a status, a head and pieces; counts what it could send."""

    def __init__(self, pieces: list[bytes], head: str, *, endless: bool) -> None:
        self._pieces, self._head, self._endless = pieces, head, endless
        self.status = "200 OK"
        self.sent = 0

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {self.status}\r\nConnection: close\r\n{self._head}\r\n".encode())
        while True:
            for piece in self._pieces:
                writer.write(piece)
                await writer.drain()
                self.sent += len(piece)
            if not self._endless:
                return


@pytest.fixture(scope="module")
def bomb() -> list[bytes]:
    """300 MB in about 300 kB."""
    packer, empty = zlib.compressobj(1, wbits=31), bytes(2**20)
    return [b"".join([*(packer.compress(empty) for _ in range(300)), packer.flush()])]


@pytest.fixture(params=["endless", "bomb"])
async def flood(request: pytest.FixtureRequest, bomb: list[bytes]) -> AsyncIterator[Flood]:
    if request.param == "endless":
        yield Flood([b" " * 2**16], "Content-Type: text/plain\r\n", endless=True)
    else:
        yield Flood(bomb, "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n", endless=False)


async def ics(url: str) -> object:
    async with IcsSource(Path("/"), allow_http=True, deadline=PATIENCE) as source:
        return await source.read(f"{url}calendar.ics", WINDOW)


async def caldav(url: str) -> object:
    async with CaldavSource(url, "rooms", "x", deadline=PATIENCE) as source:
        return await source.read("/cal/", WINDOW)


class NoTokens(Tokens):
    async def get(self, *, instead_of: str = "") -> str:
        return "a token"


async def graph(url: str) -> object:
    tokens = NoTokens(AppIdentity("t", "c", secret="x"), CLOUDS["global"], ca_file=None, deadline=PATIENCE)
    http = GraphHttp(url, tokens, ca_file=None, deadline=PATIENCE)
    try:
        return await http.request("GET", "/users")
    finally:
        await http.close()


async def google(url: str) -> object:
    api = GoogleApi(deadline=PATIENCE)
    try:
        return await api.fetch(url)
    finally:
        await api.close()


async def zoom(url: str) -> object:
    api = ZoomApi("a", "c", "s", api_url=url, login_url=url)
    try:
        await api.check()
        return None
    finally:
        await api.close()


async def through_requests(url: str) -> object:
    """As Exchange's connections and the sign-in at Microsoft read."""

    def work() -> bytes:
        with requests.Session() as session:
            session.trust_env = False
            session.mount("http://", BoundedAdapter())
            return session.post(url, data=b"x", timeout=30).content

    return await asyncio.to_thread(work)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("read", [ics, caldav, graph, google, zoom, through_requests])
async def test_b1_what_has_no_end_is_not_read(read: Callable[[str], Awaitable[object]], flood: Flood) -> None:
    if read is caldav:
        flood.status = "207 Multi-Status"
    async with raw_server(flood) as url:
        with pytest.raises(SourceUnavailable) as caught:
            await read(url)
    assert isinstance(caught.value, CalendarError)
    assert str(caught.value).endswith("MB and was not read.")
    assert flood.sent < SIZE_LIMIT + SLACK


@pytest.mark.timeout(60)
async def test_b1_the_loop_goes_on_while_a_bomb_is_read(bomb: list[bytes]) -> None:
    """Rooms of other calendars are served meanwhile."""
    longest, at = 0.0, asyncio.get_running_loop().time()

    async def beat() -> None:
        nonlocal longest, at
        while True:
            await asyncio.sleep(0.01)
            now = asyncio.get_running_loop().time()
            longest, at = max(longest, now - at), now

    beating = asyncio.create_task(beat())
    flood = Flood(bomb, "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n", endless=False)
    async with raw_server(flood) as url:
        with pytest.raises(SourceUnavailable):
            await ics(url)
    beating.cancel()
    assert longest < 0.5  # 50 MB inflated at once take less, what they inflate to more


async def test_b1_a_listing_of_very_many_tags_is_not_parsed() -> None:
    """Four bytes are an element, an element is 250 bytes of memory."""
    flood = Flood([b"<multistatus>" + b"<a/>" * 1_100_000], "Content-Type: text/xml\r\n", endless=False)
    flood.status = "207 Multi-Status"
    async with raw_server(flood) as url:
        with pytest.raises(SourceUnavailable, match="XML tags"):
            await caldav(url)


def test_b1_what_is_here_already_is_not_given_byte_by_byte() -> None:
    """exchangelib asks for single bytes: 100 kB cost 0.3 s."""
    response = BoundedResponse()
    response.url, response._content, response._content_consumed = "https://mail.example.org/", b"x" * 100_000, True
    pieces = list(response.iter_content())
    assert b"".join(pieces) == response.content
    assert len(pieces) == 2


def test_b1_every_session_of_the_requests_library_is_bounded() -> None:
    tokens = Tokens(AppIdentity("t", "c", secret="x"), CLOUDS["global"], ca_file=None, deadline=PATIENCE)
    assert isinstance(tokens._transport._session.get_adapter("https://login.example.org/"), BoundedAdapter)
    tokens.close()
    assert issubclass(EwsProtocol, OurConnections)
    session = OurConnections().raw_session("https://mail.example.org/")
    assert isinstance(session.get_adapter("https://mail.example.org/EWS"), BoundedAdapter)
