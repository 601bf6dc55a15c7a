"""HTTP to one endpoint: connects to its judged address only, checks who answers before a password leaves.

What a unit may do to us is bounded: one deadline covers connect, TLS, waiting and the whole body (so a unit that
drips bytes cannot hold a task), the body has a size limit and is cut before it is decoded (no work on the event loop
grows with what a unit sends beyond that), nothing is decompressed, no redirect is followed and no
cookie is kept. Errors are ``DriverError`` subclasses; ``sent`` is False only when no connection had been handed to the
request, so not one of its bytes can have left.
"""

from __future__ import annotations

import asyncio
import asyncio.sslproto
import base64
import hashlib
import ipaddress
import os
import re
import socket
import ssl
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace, TracebackType
from typing import Any, Self, TypedDict

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from device_drivers import foreign
from device_drivers.api import (
    DeviceUnreachable,
    DriverError,
    Endpoint,
    NotSupported,
    UnexpectedReply,
    UntrustedCertificate,
)

BODY_LIMIT = 1024 * 1024  # bytes; a full status document of a busy unit is well under that
TLS_MINIMUM_OPTION = "tls_minimum"  # endpoint option: 1.0, 1.1, 1.2 (default) or 1.3

_TLS_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_KEEP = 5.0  # seconds that an idle connection is kept: a push and the look at the screen after it share one
_AHEAD = 30.0  # seconds that a connection opened ahead of a command is kept

# asyncio gives each TLS connection a read buffer of 256 KiB, zeroed and held while it is open. A unit's answers are a
# few KiB, and there may be a thousand units; what is larger is read in several steps.
asyncio.sslproto.SSLProtocol.max_size = 16 * 1024

_FIX = (
    "`connector devices probe ROOM` prints the line to put in the tls column; compare the pin with the unit's own page"
)


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


@dataclass(slots=True)
class _Progress:
    """How far one request came; aiohttp's tracing fills it in."""

    connected: bool = False
    reused: bool = False


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
            progress = _Progress()
            try:
                async with asyncio.timeout(self.timeout if deadline is None else deadline):
                    return await self._exchange(method, path, body, headers or {}, basic_auth, command, progress)
            except TimeoutError as error:
                raise self._too_late(progress) from error
            except (aiohttp.ClientError, OSError) as error:
                if isinstance(error, _Dropped) and progress.reused and not command and not resent:
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
                await session.get(self._url("/"), middlewares=(_only_connect,), **self._tls())
        except _Opened:
            session, self._ahead = self._ahead or session, session
        except TimeoutError as error:
            raise self._too_late(_Progress()) from error
        except (aiohttp.ClientError, OSError) as error:
            raise await self._translate(error, _Progress()) from error
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
        progress: _Progress,
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
        progress: _Progress,
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
            cookies = {name: morsel.value for name, morsel in reply.cookies.items()}
            return Reply(reply.status, reply.headers, content, cookies)

    async def _bounded(self, reply: aiohttp.ClientResponse) -> bytes:
        content = bytearray()
        async for chunk in reply.content.iter_any():
            content += chunk
            if len(content) > self._body_limit:
                raise UnexpectedReply(f"{self._who} sent more than {self._body_limit} bytes.")
        return bytes(content)

    def _tls(self) -> _Tls:
        context = _context_of(self.endpoint)
        if context is None:
            return {"ssl": False, "server_hostname": None}
        return {"ssl": context, "server_hostname": self.endpoint.host_name or self.endpoint.address}

    def _new_session(self, *, keep: float) -> aiohttp.ClientSession:
        # The pin is given to the connector and the context to the request: aiohttp then checks the pin on the new
        # connection, before it hands it to a request, and still uses our context with its TLS minimum.
        pin = _pin_of(self.endpoint)
        connector = aiohttp.TCPConnector(
            ssl=aiohttp.Fingerprint(pin) if pin else True,
            resolver=_NoNames(),
            limit=self._connections,
            keepalive_timeout=keep,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),  # the deadline is ours, around everything
            auto_decompress=False,
            trace_configs=[_TRACE],
            middlewares=(_never_resend,),
        )

    def _url(self, path: str) -> URL:
        try:
            ipaddress.ip_address(self.endpoint.address)
        except ValueError:
            raise DeviceUnreachable(
                f"{self.endpoint.address!r} is not an IP address; names are resolved and judged by the caller.",
                sent=False,
            ) from None
        scheme = "http" if self.endpoint.tls.mode == "off" else "https"
        origin = URL.build(scheme=scheme, host=self.endpoint.address, port=port_of(self.endpoint, self._default_port))
        return origin.join(URL(path, encoded=True))

    def _headers(self, url: URL, headers: Mapping[str, str], basic_auth: bool) -> dict[str, str]:
        result = {"Accept-Encoding": "identity", "User-Agent": "room-system-connector", **headers}
        if self.endpoint.host_name:
            result["Host"] = self.endpoint.host_name + ("" if url.is_default_port() else f":{url.port}")
        if basic_auth:
            credentials = f"{self.endpoint.username}:{self.endpoint.password}".encode()
            result["Authorization"] = "Basic " + base64.b64encode(credentials).decode()
        return result

    @property
    def _who(self) -> str:
        return f"{self.endpoint.host_name or self.endpoint.address}:{port_of(self.endpoint, self._default_port)}"

    def _too_late(self, progress: _Progress) -> DeviceUnreachable:
        step = "did not answer in time" if progress.connected else "did not accept a connection in time"
        return DeviceUnreachable(f"{self._who} {step}.", sent=progress.connected)

    async def _translate(self, error: Exception, progress: _Progress) -> DriverError:
        if isinstance(error, aiohttp.ServerFingerprintMismatch):
            return _pin_changed(self._who, error.got.hex())
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            seen = await peer_pin(self.endpoint, default_port=self._default_port, timeout=min(self.timeout, 5.0))
            return _not_verified(self._who, error.certificate_error, seen)
        if isinstance(error, aiohttp.ClientConnectorSSLError) and not _hung_up_in_handshake(error):
            return _no_common_tls(self._who, error)
        if isinstance(error, aiohttp.ClientResponseError):  # not HTTP, or headers beyond all limits
            return UnexpectedReply(f"{self._who} did not answer in HTTP.", sent=progress.connected)
        cause = error.__cause__ if isinstance(error, _Dropped) and error.__cause__ else error
        cause = getattr(cause, "os_error", cause)
        reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else type(cause).__name__
        if isinstance(cause, ConnectionRefusedError):
            reason = "connection refused: nothing listens on that port"
        doing = "broke the connection off" if progress.connected else "cannot be reached"
        hint = ""
        if isinstance(cause, ConnectionResetError) and not progress.connected and self.endpoint.tls.mode != "off":
            hint = " If that stays so, it may refuse our TLS versions: see the option tls_minimum."
        return DeviceUnreachable(f"{self._who} {doing} ({reason}).{hint}", sent=progress.connected)


def port_of(endpoint: Endpoint, default_port: int) -> int:
    """The port in use: the endpoint's own, else the driver's; plain HTTP turns a default of 443 into 80."""
    if endpoint.port:
        return endpoint.port
    return 80 if endpoint.tls.mode == "off" and default_port == 443 else default_port


async def peer_pin(endpoint: Endpoint, *, default_port: int, timeout: float = 5.0) -> str:
    """SHA-256 (hex) of the certificate that the unit presents; nothing but the TLS handshake is sent. "" on failure."""
    context = _context("pin", "", endpoint.options.get(TLS_MINIMUM_OPTION, "1.2"), 0)
    assert context is not None  # only the mode "off" has none
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(
                endpoint.address,
                port_of(endpoint, default_port),
                ssl=context,
                server_hostname=endpoint.host_name or endpoint.address,
            )
    except (OSError, TimeoutError):
        return ""
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return hashlib.sha256(certificate).hexdigest()


# ------------------------------------------------------------------------------------ TLS


def _context_of(endpoint: Endpoint) -> ssl.SSLContext | None:
    tls = endpoint.tls
    changed = 0
    if tls.mode == "ca":
        try:
            changed = os.stat(tls.value).st_mtime_ns
        except OSError as error:
            raise UntrustedCertificate(f"The CA file {tls.value!r} cannot be read: {error.strerror}.") from error
    value = tls.value if tls.mode == "ca" else ""
    return _context(tls.mode, value, endpoint.options.get(TLS_MINIMUM_OPTION, "1.2"), changed)


@lru_cache(maxsize=64)  # building one costs about 30 ms (the system's CA file), a thousand units share a few policies
def _context(mode: str, ca_file: str, minimum: str, _changed: int) -> ssl.SSLContext | None:
    if minimum not in _TLS_VERSIONS:
        raise NotSupported(f"The option {TLS_MINIMUM_OPTION} = {minimum!r} is unknown; use 1.0, 1.1, 1.2 or 1.3.")
    if mode == "off":
        return None
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except (ssl.SSLError, OSError) as error:
        raise UntrustedCertificate(f"The CA file {ca_file!r} holds no usable certificate.") from error
    if mode == "pin":  # the connector compares the certificate itself
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        # Old units speak nothing newer; the admin asked for it by name.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = _TLS_VERSIONS[minimum]
    if minimum in ("1.0", "1.1"):
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # OpenSSL 3 refuses TLS below 1.2 at its default level
    return context


def _pin_of(endpoint: Endpoint) -> bytes:
    if endpoint.tls.mode != "pin":
        return b""
    text = endpoint.tls.value.replace(":", "").strip()
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise UntrustedCertificate("The pin in the tls column is not a SHA-256 in hex (64 digits); " + _FIX + ".")
    return bytes.fromhex(text)


def _pin_changed(who: str, seen: str) -> UntrustedCertificate:
    return UntrustedCertificate(
        f"{who} presents another certificate than the pinned one, so the password was not sent. The unit was replaced "
        f"or reset, its certificate was renewed, or something else answers at this address. Seen: pin:{seen}. {_FIX}.",
        seen_pin=seen,
    )


def _not_verified(who: str, error: Exception, seen: str) -> UntrustedCertificate:
    cause = getattr(error, "verify_message", "") or "the certificate is not trusted"
    pin = f" Seen: pin:{seen}." if seen else ""
    return UntrustedCertificate(
        f"{who}: {cause}, so the password was not sent. Stock units are self-signed: pin the certificate, or name the "
        f"CA that signed it (ca:FILE).{pin} {_FIX}.",
        seen_pin=seen,
    )


def _no_common_tls(who: str, error: aiohttp.ClientConnectorSSLError) -> UntrustedCertificate:
    reason = getattr(error.os_error, "reason", None) or type(error.os_error).__name__
    hint = "an old unit may need the option tls_minimum = 1.1 or 1.0"
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"):
        hint = "the port may speak plain HTTP"
    return UntrustedCertificate(f"{who}: no TLS connection ({reason}); {hint}. Nothing was sent.")


def _hung_up_in_handshake(error: aiohttp.ClientConnectorSSLError) -> bool:
    """A unit that reboots drops the handshake: that says nothing about trust."""
    return isinstance(error.os_error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError))


# ------------------------------------------------------------------------------------ aiohttp's hooks


class _NoNames(AbstractResolver):
    """Addresses are literals here; whoever asks for a name made a mistake."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise OSError(f"names are not resolved here: {host!r}")

    async def close(self) -> None:
        return None


async def _connected(_session: aiohttp.ClientSession, trace: SimpleNamespace, _params: Any) -> None:
    trace.trace_request_ctx.connected = True


async def _reused(_session: aiohttp.ClientSession, trace: SimpleNamespace, _params: Any) -> None:
    trace.trace_request_ctx.connected = trace.trace_request_ctx.reused = True


_TRACE = aiohttp.TraceConfig()
_TRACE.on_connection_create_end.append(_connected)
_TRACE.on_connection_reuseconn.append(_reused)


class _Dropped(aiohttp.ClientError):
    """Hides a dropped connection from aiohttp's own second try of GET: whether to try again is decided here."""


async def _never_resend(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        raise _Dropped(str(error)) from error


class _Opened(Exception):
    """Ends a request that was only to open a connection."""


async def _only_connect(request: aiohttp.ClientRequest, _handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """In the place of sending: the connection is opened, checked as any other, and laid into the pool."""
    connector = request.session.connector
    assert connector is not None  # it is taken away only when the session closes
    connection = await connector.connect(request, [], aiohttp.ClientTimeout(total=None))
    connection.release()
    raise _Opened
