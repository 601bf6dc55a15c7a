"""HTTP to one endpoint: connects to its judged addresses only, checks who answers before a password leaves.

What a unit may do to us is bounded: one deadline covers connect, TLS, waiting and the whole body (so a unit that
drips bytes cannot hold a task), the body has a size limit and is cut before it is decoded (no work on the event loop
grows with what a unit sends beyond that), nothing is decompressed, no redirect is followed and no
cookie is kept. Errors are ``DriverError`` subclasses; ``sent`` is False only when no connection had been handed to the
request, so not one of its bytes can have left.
"""

from __future__ import annotations

import asyncio
import base64
import errno
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypedDict

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from device_drivers import foreign, tls_troubles
from device_drivers.api import DeviceUnreachable, DriverError, Endpoint, UnexpectedReply
from device_drivers.connections import Dropped, Opened, Progress, only_connect, session_to
from device_drivers.tls import MINIMUM_OPTION, Seen, context_of, look, name_of, peer_pin, pin_of, port_of

__all__ = ["BODY_LIMIT", "Reply", "UnitHttp", "peer_pin", "port_of"]

BODY_LIMIT = 1024 * 1024  # bytes; a full status document of a busy unit is well under that
_KEEP = 5.0  # seconds that an idle connection is kept: a push and the look at the screen after it share one
_AHEAD = 30.0  # seconds that a connection opened ahead of a command is kept
_SEVERAL = "unit.invalid"  # in the URL of a unit with several addresses: it leads to each in turn, and is never sent
_LOOK = 3.0  # seconds for a second look at a unit whose handshake failed


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. ``headers`` are case-insensitive; ``cookies`` are the Set-Cookie names and values."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Mapping[str, str]

    @property
    def text(self) -> str:
        """The body in the charset that the unit names, where that is one of the plain ones; else as UTF-8."""
        return foreign.decoded(self.body, self.headers.get("Content-Type", ""), BODY_LIMIT)

    @property
    def is_web_page(self) -> bool:
        """Whether it is HTML: no interface of a unit answers with that, but portals, proxies and sign-in pages do."""
        return foreign.is_web_page(self.body, self.headers.get("Content-Type", ""))


class _Tls(TypedDict):
    ssl: ssl.SSLContext | bool
    server_hostname: str | None


class UnitHttp:
    """One unit's HTTP client: an async context manager; requests may run concurrently.

    ``timeout`` is the default deadline in seconds of a whole exchange. ``connections`` bounds what is open to the unit
    at once, commands apart. Entering opens no connection.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        default_port: int,
        timeout: float = 10.0,
        connections: int = 4,
        body_limit: int = BODY_LIMIT,
    ) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self._default_port = default_port
        self._connections = connections
        self._body_limit = body_limit
        self._session: aiohttp.ClientSession | None = None
        self._ahead: aiohttp.ClientSession | None = None  # holds the connection that the next command takes

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sessions = (self._session, self._ahead)
        self._session = self._ahead = None
        for session in sessions:
            if session is not None:
                await session.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        basic_auth: bool = False,
        deadline: float | None = None,
        command: bool = False,
    ) -> Reply:
        """One exchange, whatever its HTTP status. ``path`` starts with ``/`` and is already encoded.

        ``command``: must not run twice (a dial). It leaves on a connection of its own, opened for it (see
        ``open_ahead``), so that a kept-alive connection which the unit had closed meanwhile cannot make its outcome
        unknown; it is never sent again. Anything else is sent once more when the unit dropped a kept-alive connection.
        """
        resent = False
        while True:
            progress = Progress()
            try:
                async with asyncio.timeout(self.timeout if deadline is None else deadline):
                    return await self._exchange(method, path, body, headers or {}, basic_auth, command, progress)
            except TimeoutError as error:
                raise self._too_late(progress) from error
            except (aiohttp.ClientError, OSError) as error:
                if isinstance(error, Dropped) and progress.reused and not command and not resent:
                    resent = True
                    continue
                raise await self._translate(error, progress) from error

    async def open_ahead(self) -> None:
        """Connect, with TLS, for the next command, so that it can leave on the second. No request is sent.

        For a command within ``_AHEAD`` seconds; a later one opens its own. Raises as ``request``, with ``sent`` False.
        """
        session = self._new_session(keep=_AHEAD)
        try:
            async with asyncio.timeout(self.timeout):
                await session.get(self._url("/"), middlewares=(only_connect,), **self._tls())
        except Opened:
            session, self._ahead = self._ahead or session, session
        except TimeoutError as error:
            raise self._too_late(Progress()) from error
        except (aiohttp.ClientError, OSError) as error:
            raise await self._translate(error, Progress()) from error
        finally:
            if session is not self._ahead:
                await session.close()

    async def _exchange(
        self,
        method: str,
        path: str,
        body: str | bytes | None,
        headers: Mapping[str, str],
        basic_auth: bool,
        command: bool,
        progress: Progress,
    ) -> Reply:
        if not command:
            if self._session is None:
                self._session = self._new_session(keep=_KEEP)
            return await self._ask(self._session, method, path, body, headers, basic_auth, progress)
        ahead, self._ahead = self._ahead, None
        async with ahead or self._new_session(keep=_KEEP) as session:  # closed after it: nothing else runs on it
            return await self._ask(session, method, path, body, headers, basic_auth, progress)

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        method: str,
        path: str,
        body: str | bytes | None,
        headers: Mapping[str, str],
        basic_auth: bool,
        progress: Progress,
    ) -> Reply:
        url = self._url(path)
        async with session.request(
            method,
            url,
            data=body.encode() if isinstance(body, str) else body,
            headers=self._headers(url, headers, basic_auth),
            skip_auto_headers=("Content-Type",),
            allow_redirects=False,
            trace_request_ctx=progress,
            **self._tls(),
        ) as reply:
            if reply.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise UnexpectedReply(f"{self._who} answered compressed although that was not offered.")
            content = await self._bounded(reply)
            cookies = {name: foreign.header_text(morsel.value) for name, morsel in reply.cookies.items()}
            headers = CIMultiDict((name, foreign.header_text(value)) for name, value in reply.headers.items())
            return Reply(reply.status, headers, content, cookies)

    async def _bounded(self, reply: aiohttp.ClientResponse) -> bytes:
        content = bytearray()
        async for chunk in reply.content.iter_any():
            content += chunk
            if len(content) > self._body_limit:
                raise UnexpectedReply(f"{self._who} sent more than {self._body_limit} bytes.")
        return bytes(content)

    def _tls(self) -> _Tls:
        context = context_of(self.endpoint)
        if context is None:
            return {"ssl": False, "server_hostname": None}
        return {"ssl": context, "server_hostname": name_of(self.endpoint) or self.endpoint.address}

    def _new_session(self, *, keep: float) -> aiohttp.ClientSession:
        return session_to(self.endpoint.addresses, pin=pin_of(self.endpoint), limit=self._connections, keep=keep)

    def _url(self, path: str) -> URL:
        for address in self.endpoint.addresses:
            try:
                ipaddress.ip_address(address)
            except ValueError:
                raise DeviceUnreachable(
                    f"{address!r} is not an IP address; names are resolved and judged by the caller.", sent=False
                ) from None
        scheme = "http" if self.endpoint.tls.mode == "off" else "https"
        host = _SEVERAL if self.endpoint.others else self.endpoint.address
        origin = URL.build(scheme=scheme, host=host, port=port_of(self.endpoint, self._default_port))
        return origin.join(URL(path, encoded=True))

    def _headers(self, url: URL, headers: Mapping[str, str], basic_auth: bool) -> dict[str, str]:
        result = {"Accept-Encoding": "identity", "User-Agent": "room-system-connector", **headers}
        name = name_of(self.endpoint)
        if name:
            result["Host"] = name + ("" if url.is_default_port() else f":{url.port}")
        if basic_auth:
            credentials = f"{self.endpoint.username}:{self.endpoint.password}".encode()
            result["Authorization"] = "Basic " + base64.b64encode(credentials).decode()
        return result

    @property
    def _who(self) -> str:
        return f"{self.endpoint.host_name or self.endpoint.address}:{port_of(self.endpoint, self._default_port)}"

    def _too_late(self, progress: Progress) -> DeviceUnreachable:
        step = "did not answer in time" if progress.connected else "did not accept a connection in time"
        return DeviceUnreachable(f"{self._who} {step}.", sent=progress.connected)

    async def _translate(self, error: Exception, progress: Progress) -> DriverError:
        if isinstance(error, aiohttp.ServerFingerprintMismatch):
            return tls_troubles.pin_changed(self._who, error.got.hex())
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            name = name_of(self.endpoint) or self.endpoint.address
            return tls_troubles.not_verified(self._who, name, error.certificate_error, await self._look(""))
        if isinstance(error, aiohttp.ClientResponseError):  # not HTTP, or headers beyond all limits
            return UnexpectedReply(f"{self._who} did not answer in HTTP.", sent=progress.connected)
        cause = _cause(error)
        trouble = await self._handshake_trouble(cause, progress)
        if trouble is not None:
            return trouble
        reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else type(cause).__name__
        if isinstance(cause, ConnectionRefusedError):
            reason = "connection refused: nothing listens on that port"
        doing = "broke the connection off" if progress.connected else "cannot be reached"
        hint = ""
        if isinstance(cause, ConnectionResetError) and not progress.connected and self.endpoint.tls.mode != "off":
            hint = f" If that stays so, it may refuse our TLS versions: see the option {MINIMUM_OPTION}."
        return DeviceUnreachable(f"{self._who} {doing} ({reason}).{hint}", sent=progress.connected)

    async def _handshake_trouble(self, cause: BaseException, progress: Progress) -> DriverError | None:
        if self.endpoint.tls.mode == "off" or progress.reused or not _broken_off(cause):
            return None
        minimum = self.endpoint.options.get(MINIMUM_OPTION, "1.2")
        who, name = self._who, name_of(self.endpoint)
        if progress.connected:  # in TLS 1.3 a unit says only after the handshake that it wants a certificate of ours
            seen = await self._look(minimum)
            return tls_troubles.wants_certificate(who) if seen.refuses_us else None
        told = tls_troubles.plain_case(who, name, minimum, cause)
        return told or tls_troubles.handshake_failed(who, name, minimum, cause, await self._look("1.0"))

    async def _look(self, minimum: str) -> Seen:
        timeout = min(self.timeout, _LOOK)
        return await look(self.endpoint, default_port=self._default_port, timeout=timeout, minimum=minimum)


def _cause(error: Exception) -> BaseException:
    cause: BaseException = error.__cause__ if isinstance(error, Dropped) and error.__cause__ else error
    found = getattr(cause, "os_error", cause)
    if not isinstance(found, ssl.SSLError) and isinstance(found.__cause__, ssl.SSLError):
        return found.__cause__
    return found if isinstance(found, BaseException) else error


def _broken_off(cause: BaseException) -> bool:
    if isinstance(cause, ConnectionRefusedError):
        return False
    return isinstance(cause, ssl.SSLError | ConnectionError | aiohttp.ServerDisconnectedError) or (
        isinstance(cause, OSError) and cause.errno in (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED)
    )
