"""The parsers of calendar servers' whole answers: status, headers and body, as the sources read them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks.fuzz.answers import Keeper, Server, httpx_client, on_a_loop, sent_by_requests
from benchmarks.fuzz.seeds import seeds
from benchmarks.fuzz.trying import Parser, Read
from connector.calendars.base import MemoryState, NoWebhooks, SourceContext
from connector.calendars.bounded_requests import BoundedAdapter
from connector.calendars.caldav import CaldavSource
from connector.calendars.exchange import transport
from connector.calendars.exchange.autodiscover import find_url
from connector.calendars.exchange.client import Client
from connector.calendars.exchange.client import Server as ExchangeServer
from connector.calendars.exchange.mailboxes import Access
from connector.calendars.exchange.signin import SignIn
from connector.calendars.exchange.transport import Call
from connector.calendars.google.http import GoogleApi
from connector.calendars.google.key import ServiceKey
from connector.calendars.google.source import GoogleSource, Settings
from connector.calendars.graph import GraphSource
from connector.calendars.graph.auth import AppIdentity, Cloud, Tokens
from connector.calendars.graph.limiter import AdaptiveLimiter
from connector.calendars.graph.subscription import Subscription
from connector.calendars.ics_web import WebCalendar, url_of
from connector.errors import ConnectorError
from connector.model import Window

_BERLIN = ZoneInfo("Europe/Berlin")
_NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
_WINDOW = Window(_NOW - timedelta(days=1), _NOW + timedelta(days=2))
_ROOM = "room@example.org"
_WITHIN = timedelta(seconds=60)


def parsers() -> tuple[Parser, ...]:
    folder = "connector.calendars."
    errors = (ConnectorError,)
    return (
        Parser(
            "CalDAV answers",
            seeds("caldav"),
            _caldav,
            errors,
            (folder + "caldav_http", folder + "caldav"),
            ("plug", "__aexit__", "unwatch", "_poll", "_look", "_trusted"),  # settings, and what time does
        ),
        Parser(
            "calendars on the web",
            seeds("ics_web"),
            _web,
            errors,
            (folder + "ics_web", folder + "service_words"),
            ("url_of", "cause"),  # an admin's words; a network's troubles
        ),
        Parser(
            "Graph answers",
            seeds("graph"),
            _graph,
            errors,
            (folder + "graph.http", folder + "graph.auth", folder + "graph.subscription"),
            ("identity_of_pem", "expiry_sentence", "kept", "sender"),  # our own; the last is the notifications'
        ),
        Parser(
            "Google answers",
            seeds("google"),
            _google,
            errors,
            (folder + "google.errors", folder + "google.rooms", folder + "google.source"),
            ("unwatch", "places", "__aexit__", "asking_interval", "_may_wait"),  # time, and settings
        ),
        Parser("Exchange answers", seeds("exchange"), _exchange, errors, (folder + "exchange.mailboxes",)),
    )


def context(**webhooks: Any) -> SourceContext:
    return SourceContext(
        "office",
        secret=lambda reference: reference,
        base=Path("/nonexistent"),
        source_state=MemoryState(),
        webhooks=webhooks.get("webhooks") or NoWebhooks(),
        publish=lambda event: None,
    )


# ------------------------------------------------------------------------------------ CalDAV and the web


class Here:
    """In place of worker threads."""

    async def run(self, work: Callable[[], object], *, key: str, what: str) -> object:
        return work()

    def submit(self, work: Callable[[], object]) -> asyncio.Future[object]:
        done = asyncio.get_running_loop().create_future()
        try:
            done.set_result(work())
        except Exception as error:  # to whoever waits
            done.set_exception(error)
        return done

    def close(self) -> None:
        return None


@contextmanager
def _caldav() -> Iterator[Read]:
    server = Server()

    async def work(text: str) -> None:
        server.starts(text)
        source = CaldavSource("https://dav.example.org/", "rooms", "x", deadline=_WITHIN)
        source._threads = Here()  # type: ignore[assignment]
        source._http._client = httpx_client(server)
        calendar = {"path": "/cal/room/", "slash": "cal/room"}.get(server.word, "Board room")
        for _ in range(2):
            await source.read(calendar, _WINDOW, _BERLIN)

    with on_a_loop(work) as read, mock.patch("ssl.create_default_context"):
        yield read


@contextmanager
def _web() -> Iterator[Read]:
    server = Server()

    async def work(text: str) -> None:
        server.starts(text)
        url = url_of("https://files.example.org/a.ics", allow_http=False)
        calendar = WebCalendar(url, httpx_client(server), size_limit=10**6, deadline=_WITHIN)
        for _ in range(2):
            content = await calendar.fetch()
            if content is not None:
                calendar.accepted()

    with on_a_loop(work) as read:
        yield read


# ------------------------------------------------------------------------------------ Graph


class _Tokens(Tokens):
    async def get(self, *, instead_of: str = "") -> str:
        return "a token"


@contextmanager
def _graph() -> Iterator[Read]:
    server = Server()

    async def work(text: str) -> object:
        server.starts(text)
        app, cloud = AppIdentity("t", "c", secret="x"), Cloud("https://login.example.org", "https://graph.example.org")
        source = GraphSource(app, cloud, context())
        http = source._http
        http.tokens._threads = Here()  # type: ignore[assignment]
        if server.word != "token":
            http.tokens = _Tokens(app, cloud, ca_file=None, deadline=_WITHIN)
        http.limiter = AdaptiveLimiter()
        http._client = httpx_client(server)
        acts: dict[str, Callable[[], Awaitable[object]]] = {
            "places": source.places,
            "examine": lambda: source.examine(None, _NOW),
            "examine room": lambda: source.examine(_ROOM, _NOW),
            "subscribe": lambda: source._push._create(Subscription(_ROOM)),
            "renew": lambda: source._push._renew(Subscription(_ROOM, "1", "s", _NOW)),
            "active": source._push.active,
        }
        try:
            return await acts.get(server.word, lambda: source.read(_ROOM, _WINDOW, _BERLIN))()
        finally:
            http.tokens.close()

    def send(self: Any, request: Any, *_: object, **__: object) -> Any:
        return sent_by_requests(server, self, request)

    patched = mock.patch.object(BoundedAdapter, "send", send), mock.patch("ssl.create_default_context")
    with on_a_loop(work) as read, patched[0], patched[1]:
        yield read


# ------------------------------------------------------------------------------------ Google


def _key_file() -> str:
    key = rsa.generate_private_key(65537, 2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    words = {"type": "service_account", "client_email": "c@example.org", "private_key_id": "1"}
    return json.dumps(
        {**words, "private_key": key.private_bytes(*form).decode(), "token_uri": "https://oauth2.example.org/token"}
    )


@contextmanager
def _google() -> Iterator[Read]:
    server, key = Server(), ServiceKey(_key_file(), "office")
    signing = key.credentials((), "")  # reading the private key takes 60 ms
    key.credentials = lambda scopes, subject: signing.with_scopes(list(scopes)).with_subject(subject)  # type: ignore[method-assign]
    services: dict[str, Any] = {}  # what the library makes of Google's own description takes it 100 ms

    async def work(text: str) -> object:
        server.starts(text)
        api = GoogleApi(deadline=_WITHIN)
        api._services, api._threads = services, Here()  # type: ignore[assignment]
        source = GoogleSource(context(), key, api, Settings(admin="admin@example.org"), now=lambda: _NOW)
        api._keeper = lambda: Keeper(server)  # type: ignore[method-assign]
        source._threads = Here()  # type: ignore[assignment]
        if server.word != "token":
            source._identity._credentials.token = "t"
        acts: dict[str, Callable[[], Awaitable[object]]] = {
            "places": source.places,
            "examine": lambda: source.examine(None, _NOW),
            "examine room": lambda: source.examine(_ROOM, _NOW),
            "watch": partial(_watched, source),
        }
        try:
            return await acts.get(server.word, lambda: source.read(_ROOM, _WINDOW, _BERLIN))()
        finally:
            await api.close()

    with on_a_loop(work) as read, mock.patch("google.auth._exponential_backoff.time.sleep"):
        yield read


async def _watched(source: GoogleSource) -> None:
    """Opens a channel, and does with what was answered what is done with it later."""
    source._channels.watch(_ROOM)
    await source._channels._open(_ROOM, "https://hooks.example.org/")
    source._channels.live(_ROOM)
    source._channels.found_change(_ROOM, _NOW)
    source._channels._next_due()


# ------------------------------------------------------------------------------------ Exchange


@contextmanager
def _exchange() -> Iterator[Read]:
    server = Server()
    access = Access("CORP\\rooms", "x")
    client = Client(ExchangeServer(access, url="https://mail.example.org/EWS/Exchange.asmx", email=_ROOM))

    def send(self: Any, request: Any, *_: object, **__: object) -> Any:
        return sent_by_requests(server, self, request)

    def act(text: str) -> object:
        server.starts(text)
        client.signin = SignIn(client.server.name, access.who, again="", pause=0, principal="", hang_up=client._hang_up)
        mailboxes = client.mailboxes
        acts: dict[str, Callable[[], object]] = {
            "items": lambda: mailboxes().items(_ROOM, ["AAA=", "B"]),
            "discover": lambda: find_url(_ROOM, access),
            "lists": lambda: mailboxes().room_lists(),
            "rooms": lambda: mailboxes().rooms("list@example.org"),
            "subscribe": lambda: mailboxes().subscribe(_ROOM, _ROOM),
            "unsubscribe": lambda: mailboxes().unsubscribe(_ROOM, "s1", _ROOM),
            "stream": lambda: list(mailboxes().stream(_ROOM, ["s1"], 1, 5.0, sign_of_life=lambda: None)),
        }
        return client.work(_ROOM, acts.get(server.word, lambda: mailboxes().listing(_ROOM, _WINDOW)), Call())

    trusting = mock.patch.object(transport, "tls_context", lambda ca_file: transport.OneConnection())
    with mock.patch.object(transport._Adapter, "send", send), trusting:
        yield act
    client._hang_up()
    asyncio.run(client.close())
