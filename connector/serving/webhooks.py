"""The listener that calendar services and Zoom call: see ``connector.calendars.base.Webhooks``.

A handler runs on the event loop and may only look, queue and return: services count an answer after 3 s as a failure
(Graph, Zoom). Whoever finds the address can call it, so connections and bodies are bounded in number, size and time,
garbage makes no line in the log, and a handler believes nothing that its service did not sign or send with its own
secret.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from aiohttp import web

from connector import events
from connector.calendars.base import PING, PONG, Hook, HookReply
from connector.errors import UserError

_LARGEST = 1024 * 1024  # bytes of a body: Graph puts many notifications into one
_BODY_WITHIN = 5.0  # seconds for a body to arrive
_AT_ONCE = 64  # bodies being read; more are asked to come again
_CONNECTIONS = 256  # open ones; each costs a file descriptor, and the units need those, too
_IDLE = 75.0  # seconds until a whole request must have come; longer than a reverse proxy keeps a connection (60 s)
_HANDSHAKE_WITHIN = 5.0  # seconds
_TELL_EVERY = 600.0  # seconds between two lines about one handler's mistakes
_LOOK_FOR_CERTIFICATE = 60.0  # seconds

Handler = Callable[[Hook], HookReply]

_strangers = logging.getLogger(f"{__name__}.strangers")  # aiohttp's complaints about what it was sent: not for a log
_strangers.propagate = False
_strangers.addHandler(logging.NullHandler())


class Listener:
    """``public_url``: https, perhaps with a path. ``listen``: address:port, port 0 takes a free one.

    Until entered nothing listens; UserError when the address or the certificate cannot be used. ``publish``
    is told of a handler that fails, never of what it was sent.
    """

    def __init__(
        self,
        public_url: str,
        listen: str,
        publish: events.Publish,
        *,
        cert_file: Path | None = None,
        key_file: Path | None = None,
    ) -> None:
        self._public = public_url.rstrip("/")
        self._prefix = urlsplit(self._public).path
        self._listen = listen
        self._publish = publish
        self._files = (cert_file, key_file) if cert_file and key_file else None
        self._handlers: dict[str, Handler] = {}
        self._reading = 0
        self._server: web.Server | None = None
        self._socket: asyncio.Server | None = None
        self._told: dict[str, float] = {}  # path -> when its handler's mistake was told of
        self._renewing: asyncio.Task[None] | None = None
        self.port = 0  # where it listens

    # -------------------------------------------------------------------------------- for sources

    def url(self, path: str) -> str | None:
        return f"{self._public}/{path}" if self._public else None

    def serve(self, path: str, handler: Handler) -> None:
        self._handlers[path] = handler

    def withdraw(self, path: str) -> None:
        self._handlers.pop(path, None)

    # -------------------------------------------------------------------------------- life

    async def __aenter__(self) -> Self:
        host, _, port = self._listen.rpartition(":")
        context = _context(self._files) if self._files else None
        self._server = web.Server(
            self._answer, access_log=None, logger=_strangers, keepalive_timeout=_IDLE, auto_decompress=False
        )
        try:
            self._socket = await asyncio.get_running_loop().create_server(
                self._protocol,
                host.strip("[]"),
                int(port),
                ssl=context,
                ssl_handshake_timeout=_HANDSHAKE_WITHIN if context else None,
                reuse_address=True,
            )
        except OSError as error:
            raise UserError(f"webhooks.listen: {self._listen} cannot be used ({error.strerror}).") from None
        self.port = int(self._socket.sockets[0].getsockname()[1])
        if context is not None and self._files is not None:
            self._renewing = asyncio.create_task(self._renew(context, self._files), name="webhooks certificate")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()
        if self._server is not None:
            self._server.pre_shutdown()
            await self._server.shutdown(2.0)

    def _protocol(self) -> asyncio.Protocol:
        """Of a new connection."""
        assert self._server is not None
        return self._server() if len(self._server.connections) < _CONNECTIONS else _Full()

    async def _renew(self, context: ssl.SSLContext, files: tuple[Path, Path]) -> None:
        """Certificates last weeks, this process months: new connections get the one that is there now."""
        seen = _stamps(files)
        while True:
            await asyncio.sleep(_LOOK_FOR_CERTIFICATE)
            found = _stamps(files)
            if found == seen:
                continue
            seen = found
            try:
                context.load_cert_chain(*files)
            except (OSError, ssl.SSLError) as error:
                reason = f"{type(error).__name__}: the old one stays in use"
                self._publish(events.WebhooksCertificateRejected(reason=reason))

    # -------------------------------------------------------------------------------- answering

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        """Without the name of the server; nobody is to guess another type than the stated one."""
        reply = await self._answered(request)
        reply.headers["X-Content-Type-Options"] = "nosniff"
        reply.headers["Server"] = ""
        return reply

    async def _answered(self, request: web.BaseRequest) -> web.Response:
        path = self._path(request.path)
        if path == PING and request.method in ("GET", "HEAD"):
            return web.Response(text=PONG)
        handler = self._handlers.get(path)
        if handler is None:
            return web.Response(status=404)
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        body = await self._body(request)
        if isinstance(body, web.Response):
            return body
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            reply = handler(Hook(dict(request.query), headers, body))
        except Exception as error:  # ours: the service tries again later, and the poll goes on
            self._mistake(path, error)
            return web.Response(status=500)
        return web.Response(status=reply.status, text=reply.body, content_type=reply.content_type)

    def _mistake(self, path: str, error: Exception) -> None:
        now = time.monotonic()
        if now - self._told.get(path, -_TELL_EVERY) >= _TELL_EVERY:
            self._told[path] = now
            self._publish(events.WebhooksHandlerFailed(path=path, reason=type(error).__name__))

    def _path(self, path: str) -> str:
        """A reverse proxy may take the path of the public address away, or leave it on."""
        if self._prefix and (path == self._prefix or path.startswith(f"{self._prefix}/")):
            path = path[len(self._prefix) :]
        return path.lstrip("/")

    async def _body(self, request: web.BaseRequest) -> bytes | web.Response:
        if (request.content_length or 0) > _LARGEST:
            return _refused(413)
        if self._reading >= _AT_ONCE:
            return web.Response(status=503, headers={"Retry-After": "5"})
        self._reading += 1
        try:
            async with asyncio.timeout(_BODY_WITHIN):
                parts, size = [], 0
                async for part in request.content.iter_any():
                    parts.append(part)
                    size += len(part)
                    if size > _LARGEST:
                        return _refused(413)
                return b"".join(parts)
        except TimeoutError:
            return _refused(408)
        except (web.RequestPayloadError, ConnectionError):
            return _refused(400)
        finally:
            self._reading -= 1


class _Full(asyncio.Protocol):
    """A connection too many: it is closed at once, and its service tries again."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


def _refused(status: int) -> web.Response:
    """The rest of the body is not waited for."""
    response = web.Response(status=status)
    response.force_close()
    return response


def _context(files: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(*files)
    except (OSError, ssl.SSLError) as error:
        raise UserError(
            f"webhooks.cert_file and webhooks.key_file cannot be used: {error.strerror or type(error).__name__}."
        ) from None
    return context


def _stamps(files: tuple[Path, Path]) -> tuple[float, ...]:
    return tuple(path.stat().st_mtime if path.exists() else 0.0 for path in files)
