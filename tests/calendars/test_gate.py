"""One gate for what calendar services send: every body that comes over a socket passes a bounded reader.

The sockets of the process are listened to, in the loop and in the threads of exchangelib, httplib2 and msal, behind TLS
too. What they brought is cut into answers, and the body of each must be one that a bounded reader gave on.
"""

from __future__ import annotations

import asyncio
import gzip
import http.client
import io
import socket
import ssl
import sys
import urllib.error
import urllib.request
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connector.calendars import bounded
from connector.calendars.bounded_requests import BoundedResponse
from connector.calendars.caldav import CaldavSource
from connector.calendars.google import bounded as google_bounded
from connector.calendars.ics import IcsSource
from connector.standins.graph import GraphStandIn
from connector.standins.zoom import ZoomMeeting, ZoomStandIn
from tests.calendars.exchange import harness as exchange
from tests.calendars.google import harness as google
from tests.calendars.graph import harness as graph
from tests.calendars.ics_text import vcalendar, vevent, window
from tests.calendars.receiver import Journal, Receiver
from tests.calendars.web_server import WebServer
from tests.support.patience import until
from tests.zoom_account.conftest import api_of

WINDOW = window("2026-11-10", "2026-11-12")
MEETING = vevent("one", "20261110T100000Z", "20261110T110000Z")


# ------------------------------------------------------------------------------------ listening


@dataclass
class Wires:
    """``tapes``: what each socket brought, decrypted. ``passed``: what the bounded readers gave on."""

    tapes: dict[int, bytearray] = field(default_factory=dict)
    kept: list[object] = field(default_factory=list)  # so that no other socket gets the id of one that is gone
    passed: Counter[bytes] = field(default_factory=Counter)
    streamed: list[bytearray] = field(default_factory=list)

    def heard(self, wire: object, data: bytes) -> None:
        if id(wire) not in self.tapes:
            self.kept.append(wire)
        self.tapes.setdefault(id(wire), bytearray()).extend(data)

    def outside(self) -> list[bytes]:
        """The beginnings of the bodies that passed no gate."""
        left, found = Counter(self.passed), []
        for body in (body for tape in self.tapes.values() for body in _bodies(bytes(tape)) if body.strip()):
            plain = _inflated(body)
            passed = next((form for form in (body, plain) if left[form]), None)
            if passed is not None:
                left[passed] -= 1
            elif not any(plain and bytes(stream).startswith(plain) for stream in self.streamed):
                found.append(body[:100])
        return found


class _Tape(io.BytesIO):
    """A recorded connection, in a socket's place."""

    def makefile(self, *_: object) -> _Tape:
        return self

    def close(self) -> None:
        return None


def _bodies(data: bytes) -> Iterator[bytes]:
    """Of the answers on one wire; none where it brought requests, or what only TLS can read."""
    tape = _Tape(data)
    while data.startswith(b"HTTP/1.") and tape.tell() < len(data):
        answer = http.client.HTTPResponse(tape)  # type: ignore[arg-type]
        answer.begin()
        try:
            yield answer.read()
        except http.client.IncompleteRead as cut_off:
            yield cut_off.partial


def _inflated(body: bytes) -> bytes:
    for unpack in (gzip.decompress, zlib.decompress):
        try:
            return unpack(body)
        except (OSError, EOFError, zlib.error):
            continue
    return body


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> Wires:
    listening = Wires()
    _listen_to_sockets(monkeypatch, listening)
    _listen_to_gates(monkeypatch, listening)
    return listening


def _listen_to_sockets(monkeypatch: pytest.MonkeyPatch, wires: Wires) -> None:
    def giving(kind: type, name: str) -> None:
        usual = getattr(kind, name)

        def read(self: Any, *args: Any, **more: Any) -> Any:
            data = usual(self, *args, **more)
            buffer = args[1] if name == "read" and len(args) > 1 else more.get("buffer")
            wires.heard(
                self, bytes(memoryview(buffer)[:data]) if isinstance(data, int) and buffer is not None else data
            )
            return data

        monkeypatch.setattr(kind, name, read)

    def filling(self: Any, buffer: Any, *args: Any, usual: Any = socket.socket.recv_into) -> int:
        size = int(usual(self, buffer, *args))
        wires.heard(self, bytes(memoryview(buffer)[:size]))
        return size

    giving(socket.socket, "recv")
    giving(ssl.SSLSocket, "read")
    giving(ssl.SSLObject, "read")
    monkeypatch.setattr(socket.socket, "recv_into", filling)


def _listen_to_gates(monkeypatch: pytest.MonkeyPatch, wires: Wires) -> None:
    usual_body, usual_pieces = bounded.body, BoundedResponse.iter_content
    usual_read = google_bounded._Response.read

    async def body(response: httpx2.Response, *args: Any) -> bytes:
        content = await usual_body(response, *args)
        wires.passed[content] += 1
        return content

    def pieces(self: BoundedResponse, *args: Any, **more: Any) -> Iterator[Any]:
        stream = bytearray()
        wires.streamed.append(stream)
        for piece in usual_pieces(self, *args, **more):
            stream += piece
            yield piece

    def read(self: Any, amt: int | None = None) -> bytes:
        content = usual_read(self, amt)
        wires.passed[content] += 1
        return content

    for module in list(sys.modules.values()):
        if str(getattr(module, "__name__", "")).startswith("connector."):
            for name in [name for name, value in vars(module).items() if value is usual_body]:
                monkeypatch.setattr(module, name, body)
    monkeypatch.setattr(BoundedResponse, "iter_content", pieces)
    monkeypatch.setattr(google_bounded._Response, "read", read)


# ------------------------------------------------------------------------------------ one whole reading of each


async def ics() -> object:
    async with WebServer() as server, IcsSource(Path("/"), allow_http=True) as source:
        server.files["/a.ics"] = vcalendar(MEETING)
        return (await source.read(f"{server.url}/a.ics", WINDOW)).events


async def caldav() -> object:
    listing = (
        '<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:response><D:href>/cal/1.ics</D:href>'
        f"<D:propstat><D:prop><C:calendar-data>{vcalendar(MEETING).decode()}</C:calendar-data></D:prop>"
        "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>"
    )
    async with WebServer() as server, CaldavSource(server.url, "rooms", "x") as source:
        server.answers["/cal/"] = 207, {"Content-Type": "text/xml"}, listing.encode()
        return (await source.read("/cal/", WINDOW)).events


async def microsoft_365() -> object:
    async with GraphStandIn(secret=graph.SECRET) as service, Receiver() as receiver:
        service.add_room(graph.ROOM, "Board")
        service.mailbox(graph.ROOM).put(MEETING)
        async with graph.Harness(service, receiver, Journal()).open() as source:
            return (await source.read(graph.ROOM, WINDOW)).events


async def google_workspace() -> object:
    async with google.house() as house:
        house.google.put(google.ROOM, "one", MEETING)
        return (await house.source.read(google.ROOM, WINDOW)).events


async def exchange_server() -> object:
    """With a stream, which is read for as long as it lives."""
    async with exchange.standing() as service, exchange.source_of(service, timings=exchange.QUICK) as source:
        service.directory.mailboxes[exchange.ROOM.lower()].put("one", MEETING)
        source.watch(exchange.ROOM)
        found = (await source.read(exchange.ROOM, WINDOW)).events
        await until(lambda: source._streams is not None and source._streams.covers(exchange.ROOM))
        return found


async def zoom() -> object:
    async with ZoomStandIn() as service:
        service.state.add(ZoomMeeting("81234567890", h323_password="778899"))
        api = api_of(service)
        try:
            return await api.room_code("81234567890")
        finally:
            await api.close()


SOURCES: list[Callable[[], Awaitable[object]]] = [
    ics, caldav, microsoft_365, google_workspace, exchange_server, zoom,
]  # fmt: skip


@pytest.mark.parametrize("read", SOURCES)
async def test_every_byte_of_a_reading_passes_the_gate(read: Callable[[], Awaitable[object]], wires: Wires) -> None:
    assert await read()
    assert sum(1 for tape in wires.tapes.values() for body in _bodies(bytes(tape)) if body.strip()) >= 1
    assert wires.outside() == []


# ------------------------------------------------------------------------------------ it can fail


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    async with WebServer() as server:
        server.files["/a.ics"] = vcalendar(MEETING)
        yield f"{server.url}/a.ics"


def in_a_thread(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        return bytes(answer.read())


async def by_threads(url: str) -> object:
    return await asyncio.to_thread(in_a_thread, url)


async def by_the_loop(url: str) -> object:
    async with httpx2.AsyncClient() as client:
        return (await client.get(url)).content


async def by_streams(url: str) -> object:
    parts = httpx2.URL(url)
    reader, writer = await asyncio.open_connection(parts.host, parts.port)
    writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("planted", [by_threads, by_the_loop, by_streams])
async def test_a_reader_beside_the_gate_is_seen(planted: Callable[[str], Awaitable[object]], wires: Wires) -> None:
    async with serving() as url:
        assert await planted(url)
    assert [body[:15] for body in wires.outside()] == [b"BEGIN:VCALENDAR"]


async def test_a_reader_beside_the_gate_is_seen_behind_tls(wires: Wires) -> None:
    async with GraphStandIn() as service:
        context = ssl.create_default_context(cafile=str(service.ca_file))

        def ask() -> None:
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{service.url}/v1.0/users", context=context)
            assert refused.value.read()

        await asyncio.to_thread(ask)
    assert len(wires.outside()) == 1
