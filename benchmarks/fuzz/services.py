"""The parsers of what other services and people send: notifications, Zoom's answers, the texts of invitations."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from benchmarks.fuzz.answers import Server, httpx_client, on_a_loop
from benchmarks.fuzz.inputs import bytes_of
from benchmarks.fuzz.seeds import seeds
from benchmarks.fuzz.servers import context
from benchmarks.fuzz.trying import Parser, Read, plain
from connector import events
from connector.calendars.google.push import Channel, Channels
from connector.calendars.graph.push import Subscriptions
from connector.calendars.graph.subscription import Subscription
from connector.calendars.triggers import Triggers
from connector.detection.detect import detect
from connector.detection.files import read_content
from connector.errors import CalendarError
from connector.model import SourceText
from connector.serving.webhooks import Listener
from connector.zoom_account.api import ZoomApi
from connector.zoom_account.notices import PATH, Notices

_NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
_TOKEN = "secret token"


# Its life, what time does, and what is Graph's own answer.
_OWN = ("__aenter__", "__aexit__", "_renew", "_context", "_stamps", "_is_first", "url", "_mistake", "_body", "kept")


def parsers() -> tuple[Parser, ...]:
    hooks = ("connector.serving.webhooks", "connector.zoom_account.notices", "connector.calendars.graph.subscription")
    return (
        Parser("Zoom's answers", seeds("zoom"), _zoom, (CalendarError,), ("connector.zoom_account.api",)),
        Parser("notifications", seeds("hooks", line_end="\r\n"), _hooks, (), hooks, _OWN),
        # A text of nothing but invitations costs more than one of prose; the line is straight all the same.
        Parser("detection", seeds("texts"), plain(_detect), (), ("connector.detection",), limit=250),
        Parser("files with invitations", seeds("files"), plain(_file), (), ("connector.detection.files",), limit=250),
    )


@contextmanager
def _zoom() -> Iterator[Read]:
    server = Server()

    async def work(text: str) -> None:
        server.starts(text)
        api = ZoomApi("a", "c", "s", rate=1e6, http=httpx_client(server))
        await api.room_code("81234567890")
        await api.room_code("81234567890")

    with on_a_loop(work) as read:
        yield read


# ------------------------------------------------------------------------------------ notifications


class HandlerFailed(Exception):
    """A handler raised: the listener answered 500 and told of it."""


@dataclass
class _Wire:
    """A connection's transport: keeps what is written."""

    written: bytearray = field(default_factory=bytearray)
    closed: bool = False

    def write(self, data: bytes) -> None:
        self.written += data

    def writelines(self, data: list[bytes]) -> None:
        self.written += b"".join(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def pause_reading(self) -> None:
        return None

    resume_reading = pause_reading


class _Clock:
    def now(self) -> datetime:
        return _NOW


@contextmanager
def _hooks() -> Iterator[Read]:
    """Raw requests to the listener, with the handlers of Graph, Google and Zoom behind it."""
    told: list[events.Happened] = []
    loop_troubles: list[dict[str, Any]] = []
    listener = Listener("https://hooks.example.org/base", "127.0.0.1:0", told.append)
    _serve(listener)

    async def work(text: str) -> None:
        wire, protocol = _Wire(), listener._protocol()
        protocol.connection_made(wire)  # type: ignore[arg-type]
        protocol.data_received(_signed(bytes_of(text)))
        for _ in range(30):
            await asyncio.sleep(0)
        protocol.connection_lost(None)
        for _ in range(5):
            await asyncio.sleep(0)
        if failed := [event for event in told if event.name == "webhooks.handler_failed"]:
            raise HandlerFailed(str(failed[0].fields()))
        if loop_troubles:
            raise HandlerFailed(repr(loop_troubles[0]))

    async def entered() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, trouble: loop_troubles.append(trouble))
        await listener.__aenter__()

    with asyncio.Runner() as runner:
        runner.run(entered())

        def read(text: str) -> None:
            told.clear()
            loop_troubles.clear()
            listener._told.clear()
            runner.run(work(text))

        yield read
        runner.run(listener.__aexit__(None, None, None))


def _serve(listener: Listener) -> None:
    given = context(webhooks=listener)
    graph: Any = None  # is not asked: nothing of it is called
    subscriptions = Subscriptions(graph, given.source_state, listener, given.publish, Triggers(), name="office")
    subscriptions._all["room@example.org"] = Subscription("room@example.org", "s1", "state")
    subscriptions.open()
    channels = Channels(given, graph, graph, lambda calendar: None, lambda: _NOW)
    channel = Channel("room@example.org", "c1", "token", "", 0, 0, "r1")
    channels._by_id["c1"] = channel
    channels._wanted.add(channel.calendar)
    listener.serve("office/events", channels.answer)
    clock: Any = _Clock()
    listener.serve(PATH, Notices(_TOKEN, clock, given.publish, lambda meeting: None).handle)


def _signed(data: bytes) -> bytes:
    """The right signature in place of the word SIGNED, over what the body is now."""
    head, _, body = data.partition(b"\r\n\r\n")
    stamp = next((line for line in head.split(b"\r\n") if line.startswith(b"x-zm-request-timestamp: ")), b"")
    signature = hmac.new(_TOKEN.encode(), b"v0:" + stamp[24:] + b":" + body, hashlib.sha256).hexdigest()
    length = str(len(body)).encode()
    if b"SIGNED" in head:  # else a changed body would be another length, and nothing but a forgery
        lines = [b"Content-Length: " + length if n.startswith(b"Content-Length") else n for n in head.split(b"\r\n")]
        head = b"\r\n".join(lines)
    return head.replace(b"SIGNED", b"v0=" + signature.encode()) + b"\r\n\r\n" + body


# ------------------------------------------------------------------------------------ invitations


def _detect(text: str) -> None:
    if "<" in text[:500]:
        detect((SourceText("html", "html", text),))
    else:
        detect((SourceText("description", "text", text),))


def _file(text: str) -> None:
    read_content(bytes_of(text))
