"""Where the connections of ``http.py`` come from: the judged addresses alone, each in turn, and none sent twice."""

from __future__ import annotations

import asyncio.sslproto
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

# asyncio gives each TLS connection a read buffer of 256 KiB, zeroed and held while it is open. A unit's answers are a
# few KiB, and there may be a thousand units; what is larger is read in several steps.
asyncio.sslproto.SSLProtocol.max_size = 16 * 1024

# What a unit may send before its body: a status line, each header, all of them.
LINE_LIMIT = 8 * 1024
_NEXT_ADDRESS = 0.25  # seconds after which the next address is tried beside the one before (RFC 8305)


@dataclass(slots=True)
class Progress:
    """How far one request came; aiohttp's tracing fills it in."""

    connected: bool = False
    reused: bool = False


class Judged(AbstractResolver):
    """In the place of a resolver: whatever name stands in the URL leads to the addresses that the caller allowed."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        return None


def session_to(addresses: Sequence[str], *, pin: bytes, limit: int, keep: float) -> aiohttp.ClientSession:
    """A client for one unit: no cookies, no decompression, no time limit of its own, no second try.

    The pin is given to the connector and the context to each request: aiohttp then checks the pin on the new
    connection, before it hands it to a request, and still uses our context with its TLS minimum.
    """
    connector = aiohttp.TCPConnector(
        ssl=aiohttp.Fingerprint(pin) if pin else True,
        resolver=Judged(addresses),
        use_dns_cache=False,
        happy_eyeballs_delay=_NEXT_ADDRESS,
        interleave=1,
        limit=limit,
        keepalive_timeout=keep,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),  # the deadline is the caller's, around everything
        auto_decompress=False,
        max_line_size=LINE_LIMIT,
        max_field_size=LINE_LIMIT,
        trace_configs=[_TRACE],
        middlewares=(_never_resend,),
    )


async def _connected(_session: aiohttp.ClientSession, trace: SimpleNamespace, _params: Any) -> None:
    trace.trace_request_ctx.connected = True


async def _reused(_session: aiohttp.ClientSession, trace: SimpleNamespace, _params: Any) -> None:
    trace.trace_request_ctx.connected = trace.trace_request_ctx.reused = True


_TRACE = aiohttp.TraceConfig()
_TRACE.on_connection_create_end.append(_connected)
_TRACE.on_connection_reuseconn.append(_reused)


class Dropped(aiohttp.ClientError):
    """Hides a dropped connection from aiohttp's own second try of GET: whether to try again is decided here."""


async def _never_resend(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        raise Dropped(str(error)) from error


class Opened(Exception):
    """Ends a request that was only to open a connection."""


async def only_connect(request: aiohttp.ClientRequest, _handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """In the place of sending: the connection is opened, checked as any other, and laid into the pool."""
    connector = request.session.connector
    assert connector is not None  # it is taken away only when the session closes
    connection = await connector.connect(request, [], aiohttp.ClientTimeout(total=None))
    connection.release()
    raise Opened
