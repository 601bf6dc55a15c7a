"""A stand-in for Exchange Server on loopback: the part of EWS that room calendars need, over https.

It lists what its mailboxes hold, refuses what Exchange refuses, and has the troubles that real servers have, as knobs
named after them. Modelled on Exchange 2016; it stands for no measurement of Microsoft's speed.
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
import weakref
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from lxml import etree

from connector.standins.exchange.login import Kind, NtlmLogin, bindings_of, login, unauthorized
from connector.standins.exchange.mailbox import Mailbox
from connector.standins.exchange.operations import Directory, Operations, caller
from connector.standins.exchange.streams import Subscriptions, given_cookie, not_found, not_streamed, routed, status
from connector.standins.exchange.xml import M, Refusal, S, T, envelope, fault
from connector.standins.tls import loopback_tls

_PATH = "/EWS/Exchange.asmx"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True)


@dataclass(slots=True)
class Troubles:
    """What goes wrong in the server's room. All off to begin with."""

    answers: deque[tuple[int, dict[str, str], bytes]] = field(default_factory=deque)  # given instead, one a request
    unauthorized: int = 0  # that many requests get 401 although the password is right, as under load
    locked_out: bool = False  # the directory has locked the account
    busy: int = 0  # that many requests get ErrorServerBusy
    back_off: float = 30.0  # seconds, with it
    forbidden: set[str] = field(default_factory=set)  # mailboxes (X-AnchorMailbox) whose requests get HTTP 403
    cut_off: bool = False  # the connection ends inside the answer
    cut_document: bool = False  # the answer is framed well, and its XML ends in the middle
    wrong_count: bool = False  # an item of a listing got lost on the way
    drips: float = 0.0  # seconds between the bytes of an answer
    delay: float = 0.0  # seconds before each answer
    clock_ahead: float = 0.0  # seconds, in the Date header
    heartbeat: float = 45.0  # seconds between a stream's signs of life
    stream_status: int = 200  # of GetStreamingEvents
    unstreamed: set[str] = field(default_factory=set)  # mailboxes, lower case: no stream with their subscriptions
    unstreamed_code: str = "ErrorAccessDenied"
    names_unstreamed: bool = True  # the answer says which subscriptions are meant
    hanging: set[str] = field(default_factory=set)  # mailboxes, lower case, whose Subscribe is never answered


class ExchangeStandIn:
    """``async with ExchangeStandIn() as exchange``: then ``url`` is its EWS; trust ``ca_file``.

    ``auth``: gssapi takes Kerberos tickets for HTTP/127.0.0.1, which ``keytab`` opens; ``account`` is user@REALM then.
    ``exchanges``: the last requests and answers as they were on the wire, streams document by document.
    """

    def __init__(
        self,
        *,
        account: str = "EXAMPLE\\svc-rooms",
        password: str = "stand-in-password",  # noqa: S107  # of a server that guards nothing
        auth: Kind = "basic",
        keytab: Path | None = None,
        port: int = 0,
    ) -> None:
        self.account = account
        self.auth = auth
        self.login = login(auth, {account: password}, keytab)
        self.directory = Directory(impersonators={account})
        self.troubles = Troubles()
        self.subscriptions = Subscriptions()
        self.requests: Counter[str] = Counter()  # by operation
        self.bytes_sent = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.exchanges: deque[tuple[bytes, bytes]] = deque(maxlen=500)
        self.headers: deque[dict[str, str]] = deque(maxlen=500)  # of the requests, lower case
        self._operations = Operations(self.directory, self.subscriptions)
        self._port = port
        self._folder = tempfile.TemporaryDirectory()
        self._context: ssl.SSLContext | None = None
        self._runner: web.AppRunner | None = None
        self._open: set[web.StreamResponse] = set()
        self._transports: weakref.WeakSet[asyncio.BaseTransport] = weakref.WeakSet()

    # -------------------------------------------------------------------------------- what it holds

    def add_mailbox(self, address: str, name: str = "", *, room_list: str = "", zone: str = "UTC") -> Mailbox:
        """``room_list``: an address; the list is made where there is none."""
        box = Mailbox(address, name or address.partition("@")[0], self.subscriptions.note, zone)
        self.directory.mailboxes[address.lower()] = box
        if room_list:
            self.directory.room_lists.setdefault(room_list, (room_list.partition("@")[0], []))[1].append(address)
        return box

    def set_password(self, password: str) -> None:
        self.login.passwords[self.account] = password

    def forget_subscriptions(self) -> None:
        """As after a restart or a move of the mailbox: whoever listens is told that they do not exist."""
        self.subscriptions.alive.clear()
        self.subscriptions.wake()

    def kill_streams(self) -> None:
        """The connections of all streams break in the middle."""
        for response in list(self._open):
            _abort(response)

    def drop_connection(self) -> None:
        """One of the open connections, which may be idle, breaks."""
        connection = next(each for each in self._transports if not each.is_closing())
        self._transports.discard(connection)
        if isinstance(connection, asyncio.WriteTransport):
            connection.abort()

    # -------------------------------------------------------------------------------- the server

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}{_PATH}"

    @property
    def ca_file(self) -> Path:
        return Path(self._folder.name) / "standin-ca.pem"

    @property
    def certificate(self) -> Path:
        """PEM, with its key."""
        return Path(self._folder.name) / "standin-server.pem"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def start(self) -> None:
        """Also after ``stop``, on the same port and with the same certificate."""
        if self._context is None:
            self._context, _ = loopback_tls(Path(self._folder.name))
            if isinstance(self.login, NtlmLogin):
                self.login.bindings = bindings_of(self.certificate.read_bytes())
        application = web.Application(client_max_size=4 * 1024 * 1024)
        application.router.add_post(_PATH, self._handle)
        application.router.add_post(_PATH.lower(), self._handle)
        self._runner = web.AppRunner(application, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._context, reuse_address=True)
        await site.start()
        self._port = next(iter(self._runner.addresses))[1]

    async def stop(self) -> None:
        """As if somebody pulled the plug: connections end, subscriptions are forgotten."""
        self.kill_streams()
        self.subscriptions.alive.clear()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        for transport in list(self._transports):  # TLS would wait for the clients' goodbye, beyond the loop's end
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        await asyncio.sleep(0.01)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        self._folder.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        if request.transport is not None:
            self._transports.add(request.transport)
        try:
            body = await request.read()
            self.headers.append({name.lower(): value for name, value in request.headers.items()})
            if self.troubles.delay:
                await asyncio.sleep(self.troubles.delay)
            refused = self._refused(request)
            if isinstance(refused, web.Response):
                return refused
            return await self._answer(request, refused, body)
        finally:
            self.in_flight -= 1

    def _refused(self, request: web.Request) -> str | web.Response:
        """The account's name, or an answer that comes before EWS."""
        troubles = self.troubles
        if troubles.locked_out:
            return web.Response(status=401, text="The referenced account is currently locked out")
        who = self.login.user(request)
        if isinstance(who, web.Response):
            return who
        if troubles.unauthorized:
            troubles.unauthorized -= 1
            return unauthorized(self.auth)
        if troubles.answers:
            code, headers, body = troubles.answers.popleft()
            return web.Response(status=code, headers=headers, body=body)
        if request.headers.get("X-AnchorMailbox", "").lower() in troubles.forbidden:
            return web.Response(status=403, text="Forbidden")
        return who

    async def _answer(self, request: web.Request, account: str, body: bytes) -> web.StreamResponse:
        try:
            root = etree.fromstring(body, _PARSER)
            operation = root.find(f"{S}Body")[0]  # type: ignore[index]
        except (etree.XMLSyntaxError, TypeError, IndexError):
            return web.Response(status=400)
        name = etree.QName(operation).localname
        self.requests[name] += 1
        try:
            if self.troubles.busy:
                self.troubles.busy -= 1
                wait = {"BackOffMilliseconds": str(round(self.troubles.back_off * 1000))}
                raise Refusal(
                    "ErrorServerBusy", "The server cannot service this request right now.", fault=True, values=wait
                )
            who = caller(account, root.find(f"{S}Header"), self.directory)
            self.subscriptions.server = routed(request.headers, request.cookies)
            if name == "Subscribe" and self.troubles.hanging & {
                (each.text or "").lower() for each in operation.iter(f"{T}EmailAddress")
            }:
                await asyncio.sleep(3600)
            if name == "GetStreamingEvents":
                return await self._stream(request, operation, body)
            reply = envelope(self._operations(operation, who))
        except Refusal as refusal:
            return await self._send(request, body, 500, fault(refusal))
        return await self._send(request, body, 200, reply)

    async def _send(self, request: web.Request, asked: bytes, code: int, reply: bytes) -> web.StreamResponse:
        self.exchanges.append((asked, reply))
        troubles = self.troubles
        if troubles.wrong_count:
            reply = reply.replace(b"<t:CalendarItem>", b"<!--", 1).replace(b"</t:CalendarItem>", b"-->", 1)
        if troubles.cut_document:
            reply = reply[: len(reply) * 2 // 3]
        moment = datetime.now(UTC) + timedelta(seconds=troubles.clock_ahead)
        headers = {"Content-Type": "text/xml; charset=utf-8", "Date": format_datetime(moment, usegmt=True)}
        headers |= given_cookie(request.headers, request.cookies)
        if not (troubles.cut_off or troubles.drips):
            self.bytes_sent += len(reply)
            return web.Response(status=code, headers=headers, body=reply)
        response = web.StreamResponse(status=code, headers=headers)
        response.content_length = len(reply)
        await response.prepare(request)
        if troubles.cut_off:
            await response.write(reply[: len(reply) // 2])
            _abort(response)
            return response
        for byte in reply:
            await response.write(bytes([byte]))
            await asyncio.sleep(troubles.drips)
        return response

    # -------------------------------------------------------------------------------- streams

    async def _stream(self, request: web.Request, operation: etree._Element, asked: bytes) -> web.StreamResponse:
        if self.troubles.stream_status != 200:
            return web.Response(status=self.troubles.stream_status)
        identities = [each.text or "" for each in operation.iter(f"{T}SubscriptionId")]
        minutes = int(operation.findtext(f"{M}ConnectionTimeout") or 1)
        response = web.StreamResponse(headers={"Content-Type": "text/xml; charset=utf-8"})
        await response.prepare(request)
        self._open.add(response)
        try:
            with suppress(ConnectionError):
                await self._follow(
                    response, identities, minutes * 60.0, asked, routed(request.headers, request.cookies)
                )
        finally:
            self._open.discard(response)
        return response

    async def _follow(
        self, response: web.StreamResponse, identities: list[str], seconds: float, asked: bytes, server: str
    ) -> None:
        until = asyncio.get_running_loop().time() + seconds
        held = self.subscriptions.alive
        bad = [each for each in identities if each in held and held[each].address.lower() in self.troubles.unstreamed]
        if bad:
            named = bad if self.troubles.names_unstreamed else []
            await self._write(response, asked, not_streamed(named, self.troubles.unstreamed_code))
            return
        await self._write(response, asked, status("OK"))
        while asyncio.get_running_loop().time() < until and not _is_gone(response):
            missing = self.subscriptions.missing(identities, server)
            if missing:
                await self._write(response, asked, not_found(missing))
                return
            await self._write(response, asked, self.subscriptions.take(identities) or status("OK"))
            await self.subscriptions.wait(identities, self.troubles.heartbeat)
        await self._write(response, asked, status("Closed"))

    async def _write(self, response: web.StreamResponse, asked: bytes, document: bytes) -> None:
        if not self.subscriptions.silent:
            self.exchanges.append((asked, document))
            await response.write(document)


def _is_gone(response: web.StreamResponse) -> bool:
    """Its reader hung up: what happens now is for whoever listens after it."""
    request = response._req
    return request is not None and (request.transport is None or request.transport.is_closing())


def _abort(response: web.StreamResponse) -> None:
    """No goodbye: the socket is gone."""
    request = response._req  # aiohttp has no public way to the connection of a response that has begun
    transport = request.transport if request is not None else None
    if transport is not None:
        transport.abort()
