"""Stands between a driver and a simulated unit, on the wire: counts, holds replies back and spoils them.

With it the conformance suite needs nothing from a simulator but what every simulator has. It speaks plain HTTP/1.1 and
presents a certificate of its own where the unit presents one.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from yarl import URL

from device_drivers.api import Endpoint, TlsPolicy
from device_drivers.testing.certificates import self_signed

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "te", "upgrade"})


class Hold:
    """Replies that are kept back. The unit has done by then what it was asked."""

    def __init__(self, *, only_first: bool) -> None:
        self.only_first = only_first
        self.arrived = asyncio.Event()  # the first request is here
        self._released = asyncio.Event()

    def release(self) -> None:
        self._released.set()

    async def wait(self) -> None:
        self.arrived.set()
        await self._released.wait()


class Relay:
    """``endpoint`` leads a driver here; everything is handed on to ``unit``."""

    def __init__(self, unit: Endpoint, *, host: str = "127.0.0.1") -> None:
        self._unit = unit
        self._certificate = self_signed(host) if unit.tls.mode != "off" else None
        self._host = host
        self._port = 0
        self._runner: web.ServerRunner | None = None
        self._client: aiohttp.ClientSession | None = None
        self._hold: Hold | None = None
        self.requests = 0
        self.spoil: Callable[[bytes], bytes] | None = None  # what becomes of the body of every reply
        self.cut = False  # every reply breaks off in the middle

    @property
    def endpoint(self) -> Endpoint:
        tls = TlsPolicy("pin", self._certificate.pin) if self._certificate else TlsPolicy("off")
        return replace(self._unit, address=self._host, port=self._port, tls=tls)

    @property
    def open_connections(self) -> int:
        server = self._runner.server if self._runner else None
        return len(server.connections) if server else 0

    def hold(self, *, only_first: bool = False) -> Hold:
        """Keep replies back from now on; requests are handed on at once."""
        self._hold = Hold(only_first=only_first)
        return self._hold

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=False, limit=0, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        self._runner = web.ServerRunner(web.Server(self._serve, access_log=None), shutdown_timeout=0.05)
        await self._runner.setup()
        listener = socket.create_server((self._host, 0))
        self._port = listener.getsockname()[1]
        context = self._certificate.context if self._certificate else None
        await web.SockSite(self._runner, listener, ssl_context=context).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._hold is not None:
            self._hold.release()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._client is not None:
            await self._client.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        try:
            status, headers, body = await self._hand_on(request)
        except aiohttp.ClientError:  # the unit is off or dropped the connection: so does this
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)
        hold = self._hold
        if hold is not None:
            if hold.only_first:
                self._hold = None
            await hold.wait()
        if self.cut:
            return await self._break_off(request, status, headers)
        return web.Response(status=status, headers=headers, body=self.spoil(body) if self.spoil else body)

    async def _hand_on(self, request: web.BaseRequest) -> tuple[int, list[tuple[str, str]], bytes]:
        assert self._client is not None
        scheme = "http" if self._unit.tls.mode == "off" else "https"
        origin = URL.build(scheme=scheme, host=self._unit.address, port=self._unit.port)
        async with self._client.request(
            request.method,
            origin.join(URL(request.raw_path, encoded=True)),
            data=await request.read(),
            headers=_kept(request.headers.items()),
            skip_auto_headers=("Content-Type", "User-Agent", "Accept-Encoding"),
            allow_redirects=False,
        ) as reply:
            return reply.status, _kept(reply.headers.items()), await reply.read()

    async def _break_off(
        self, request: web.BaseRequest, status: int, headers: list[tuple[str, str]]
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=200 if status == 204 else status, headers=headers)
        response.content_length = 5000
        await response.prepare(request)
        await response.write(b"<half")
        if request.transport is not None:
            request.transport.abort()
        return response


def _kept(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(key, value) for key, value in headers if key.lower() not in _HOP_BY_HOP]
