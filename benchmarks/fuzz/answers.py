"""Servers without a network: an input is what a server answers in turn, to each of the libraries that we read with."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import httplib2
import httpx2
import requests
import urllib3

from benchmarks.fuzz.inputs import bytes_of
from benchmarks.fuzz.seeds import BETWEEN
from connector.calendars.bounded_requests import BoundedAdapter

_MOST = 30  # requests of one input; a loop among pages shows as the error that it then gets
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


@dataclass(frozen=True)
class Answer:
    """``headers``: what no client's grammar lets through is left out."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def answer_of(text: str) -> Answer:
    """The status, headers line by line, an empty line, the body; what is not there is 200, none and empty."""
    head, _, body = text.partition("\n\n")
    status, *lines = head.split("\n")
    pairs = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    headers = [(name, _on_the_wire(value)) for name, value in pairs if _NAME.fullmatch(name)]
    known = status.isascii() and status.isdigit() and len(status) == 3 and int(status) >= 200
    return Answer(int(status) if known else 200, headers[:100], bytes_of(body))


def _on_the_wire(value: str) -> str:
    return re.sub("[\r\n\0]", " ", bytes_of(value).decode("latin-1"))[:8000]


@dataclass
class Server:
    """Answers one request after the other; the last answer again and again. ``word``: the input's first line."""

    word: str = ""
    left: list[Answer] = field(default_factory=list)
    asked: int = 0

    def starts(self, text: str) -> None:
        self.word, _, rest = text.partition("\n")
        self.left = [answer_of(part) for part in rest.split(BETWEEN)]
        self.asked = 0

    def next(self) -> Answer | None:
        """None: the connection breaks."""
        self.asked += 1
        if self.asked > _MOST or not self.left:
            return None
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


# ------------------------------------------------------------------------------------ by library


class _Body(httpx2.AsyncByteStream):
    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._data


def httpx_client(server: Server, usual: httpx2.AsyncClient | None = None) -> httpx2.AsyncClient:
    """``usual``: the client whose login it takes over."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        answer = server.next()
        if answer is None:
            raise httpx2.ReadError("gone", request=request)
        headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
        return httpx2.Response(answer.status, headers=headers, stream=_Body(answer.body), request=request)

    return httpx2.AsyncClient(transport=httpx2.MockTransport(handle), auth=usual.auth if usual else None)


class Keeper:
    """In httplib2's place."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.connections: dict[str, Any] = {}

    def request(self, uri: str, *_: object, **__: object) -> tuple[httplib2.Response, bytes]:
        answer = self._server.next()
        if answer is None:
            raise httplib2.ServerNotFoundError("gone")
        lower = {name.lower(): value for name, value in answer.headers}
        return httplib2.Response({**lower, "status": str(answer.status)}), answer.body

    def close(self) -> None:
        return None


def sent_by_requests(server: Server, adapter: BoundedAdapter, request: requests.PreparedRequest) -> requests.Response:
    """In place of an adapter's own way to the network."""
    answer = server.next()
    if answer is None:
        raise requests.exceptions.ConnectionError("gone")
    raw = urllib3.HTTPResponse(
        BytesIO(answer.body), dict(answer.headers), answer.status, preload_content=False, decode_content=False
    )
    return adapter.build_response(request, raw)


# ------------------------------------------------------------------------------------ the loop


@contextmanager
def on_a_loop(work: Callable[[str], Awaitable[object]]) -> Iterator[Callable[[str], object]]:
    """What awaits, as what is called."""
    with asyncio.Runner() as runner:

        async def once(text: str) -> object:
            return await work(text)

        yield lambda text: runner.run(once(text))
