"""A stand-in for Microsoft 365 on loopback: sign-in, calendarView, places and change notifications, over https.

It shows what its mailboxes hold in Graph's JSON, refuses what Graph refuses, and has the troubles that the real service
has, as knobs named after them. It stands for no measurement of Microsoft's speed.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import ssl
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, quote, unquote

from aiohttp import web

from connector.standins.graph.mailbox import PROPERTIES, Mailbox, property_key
from connector.standins.graph.signin import SignIn
from connector.standins.graph.subscriptions import Refused, Subscriptions
from connector.standins.tls import loopback_tls

_CONDITION = r"id eq '[^']+'"
_EXPAND = re.compile(rf"singleValueExtendedProperties\(\$filter=({_CONDITION}(?: or {_CONDITION})*)\)")
_PROPERTY_ID = re.compile(r"id eq '([^']+)'")
_TEXT_ONLY_KEYS = ("body", "bodyPreview", "attachments", "extensions")


@dataclass(slots=True)
class Troubles:
    """What goes wrong at Microsoft's, or at the admin's. All off to begin with."""

    forbidden: set[str] = field(default_factory=set)  # mailboxes outside the management scope: 403
    all_forbidden: bool = False  # consent revoked
    places_forbidden: bool = False
    places_linked: bool = False  # the list of rooms leads to its next page; Microsoft's was seen without such links
    basic_permission: bool = False  # Calendars.ReadBasic: bodies are left out
    answers: deque[tuple[int, dict[str, str], bytes]] = field(default_factory=deque)  # given instead, one a request
    throttled: dict[str, tuple[int, str | None]] = field(default_factory=dict)  # mailbox: (429 or 503, Retry-After)
    pages_fail_after: int | None = None  # that many pages of a listing, then 503
    skipped_page: Literal["", "full", "light"] = ""  # the second page never comes: of listings with bodies, or without
    expand_refused: bool = False  # 400 for $expand
    next_link: str | None = None  # instead of the real one
    cut_off: bool = False  # the connection ends inside the answer
    drips: bool = False  # an answer that never ends
    delay: float = 0.0  # seconds before each answer
    clock_ahead: float = 0.0  # seconds, in the Date header


class GraphStandIn:
    """``async with GraphStandIn() as graph``: then ``url`` is both the sign-in service and Graph; trust ``ca_file``.

    ``trust``: for notification addresses with a certificate; plain http is only spoken to loopback.
    """

    def __init__(
        self,
        *,
        tenant: str = "11111111-2222-3333-4444-555555555555",
        client_id: str = "99999999-8888-7777-6666-555555555555",
        secret: str = "stand-in-secret",  # noqa: S107  # of a server that guards nothing
        page_size: int = 1000,
        port: int = 0,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.signin = SignIn(tenant, client_id, {secret})
        self.subscriptions = Subscriptions(client_id, tenant)
        self.troubles = Troubles()
        self.mailboxes: dict[str, Mailbox] = {}
        self.rooms: list[dict[str, Any]] = []  # for /places
        self.page_size = page_size  # at most, whatever $top says
        self.requests: list[tuple[str, str]] = []  # (method, path with query), sign-in left out
        self.calendar_bytes = 0
        self.in_flight: dict[str, int] = {}
        self.most_in_flight: dict[str, int] = {}
        self._port = port
        self._trust = trust
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    @property
    def ca_file(self) -> Path:
        assert self._folder is not None, "entered"
        return Path(self._folder.name) / "standin-ca.pem"

    def mailbox(self, address: str) -> Mailbox:
        """Made when it is first asked for."""
        key = address.lower()
        if key not in self.mailboxes:
            self.mailboxes[key] = Mailbox(address, partial(self.subscriptions.changed, address))
        return self.mailboxes[key]

    def add_room(self, address: str, name: str, **more: object) -> None:
        """``more``: building, floorLabel, capacity, videoDeviceName, ... as in Graph's room resource."""
        blank: dict[str, object] = {
            "building": None,
            "floorLabel": None,
            "capacity": None,
            "bookingType": "standard",
            "tags": [],
        }
        self.rooms.append({"id": secrets.token_hex(8), "displayName": name, "emailAddress": address, **blank, **more})
        self.mailbox(address)

    async def __aenter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="standin-")
        context, _ = loopback_tls(Path(self._folder.name))
        app = web.Application(middlewares=[self._guard])
        app.router.add_route("*", "/{path:.*}", self._route)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=context).start()
        self._port = self._runner.addresses[0][1]
        await self.subscriptions.open(self._trust)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.subscriptions.close()
        assert self._runner is not None and self._folder is not None, "entered"
        await self._runner.cleanup()
        self._folder.cleanup()

    # -------------------------------------------------------------------------------- the door

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if not request.path.startswith("/v1.0/"):
            return await self.signin.answer(request, self.url)
        self.requests.append((request.method, request.path_qs))
        answer = await self._answered(request, handler)
        if not answer.prepared:
            answer.headers["Date"] = formatdate(time.time() + self.troubles.clock_ahead, usegmt=True)
        return answer

    async def _answered(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            self.signin.check(request)
            troubled = await self._troubled(request)
            return await handler(request) if troubled is None else troubled
        except Refused as error:
            refusal = _error(error.status, error.code, str(error))
            if isinstance(error, _Throttled) and error.wait is not None:
                refusal.headers["Retry-After"] = error.wait
            return refusal

    async def _troubled(self, request: web.Request) -> web.StreamResponse | None:
        troubles = self.troubles
        if troubles.delay:
            await asyncio.sleep(troubles.delay)
        if troubles.answers:
            status, headers, body = troubles.answers.popleft()
            return web.Response(status=status, headers=headers, body=body, content_type="application/json")
        if troubles.drips:
            return await _drip(request)
        return None

    async def _route(self, request: web.Request) -> web.StreamResponse:
        parts = request.path.split("/")[2:]  # decoded: names with a slash are looked at in the raw path
        raw = request.rel_url.raw_path.split("/")[2:]
        match (request.method, parts[0]):
            case ("GET", "users"):
                return await self._users(request, raw)
            case ("GET", "places"):
                return self._places(request)
            case (_, "subscriptions"):
                return await self._subscriptions(request, parts)
        raise Refused(404, "UnknownError", "no such resource")

    # -------------------------------------------------------------------------------- calendars

    async def _users(self, request: web.Request, raw: list[str]) -> web.StreamResponse:
        box = self._box(unquote(raw[1]))
        self.in_flight[box.address] = self.in_flight.get(box.address, 0) + 1
        self.most_in_flight[box.address] = max(self.most_in_flight.get(box.address, 0), self.in_flight[box.address])
        try:
            await asyncio.sleep(0)  # others get their chance, so that two at once are seen
            match raw[2:]:
                case ["calendarView"]:
                    start, end = (_moment(request, name) for name in ("startDateTime", "endDateTime"))
                    return await self._page(request, box.view(start, end), "calendarView")
                case ["events"]:
                    return await self._page(request, box.events(), "events")
                case ["events", name]:
                    entry = box.event(unquote(name))
                    if entry is not None:
                        return web.json_response(self._selected(request, entry))
            raise Refused(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        finally:
            self.in_flight[box.address] -= 1

    def _box(self, address: str) -> Mailbox:
        key = address.lower()
        self._throttle(key)
        if self.troubles.all_forbidden or key in {name.lower() for name in self.troubles.forbidden}:
            raise Refused(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        if key not in self.mailboxes:
            raise Refused(404, "ErrorInvalidUser", f"The requested user '{address}' is invalid.")
        return self.mailboxes[key]

    def _throttle(self, key: str) -> None:
        status, wait = self.troubles.throttled.get(key, (0, None))
        if status:
            text = "Application is over its MailboxConcurrency limit."
            raise _Throttled(status, wait, text)

    async def _page(self, request: web.Request, entries: list[dict[str, Any]], kind: str) -> web.StreamResponse:
        self._expanded(request)  # refused also where there is no event
        skip = int(request.query.get("$skip", "0"))
        top = min(int(request.query.get("$top", "10")), self.page_size)
        troubles = self.troubles
        if troubles.pages_fail_after is not None and skip >= top * troubles.pages_fail_after:
            raise Refused(503, "UnknownError", "")
        full = "body" in request.query.get("$select", "body")
        following = skip + top * (2 if troubles.skipped_page == ("full" if full else "light") else 1)
        page: dict[str, Any] = {
            "@odata.context": f"{self.url}/v1.0/$metadata#{kind}",
            "value": [self._selected(request, entry) for entry in entries[skip : skip + top]],
        }
        if following < len(entries):
            query = [(name, value) for name, value in parse_qsl(request.query_string) if name != "$skip"]
            text = "&".join(
                f"{quote(name, safe='$')}={quote(value)}" for name, value in (*query, ("$skip", str(following)))
            )
            page["@odata.nextLink"] = troubles.next_link or f"{self.url}{request.rel_url.raw_path}?{text}"
        return await self._calendar_answer(request, page)

    async def _calendar_answer(self, request: web.Request, page: dict[str, Any]) -> web.StreamResponse:
        body = json.dumps(page).encode()
        self.calendar_bytes += len(body)
        if self.troubles.cut_off:
            return await _cut_off(request, body)
        headers = {"Preference-Applied": 'outlook.timezone="UTC"'}
        return web.Response(body=body, content_type="application/json", headers=headers)

    def _selected(self, request: web.Request, entry: dict[str, Any]) -> dict[str, Any]:
        """$select, and the Prefer header: a body as text where it is asked for."""
        chosen = dict(entry)
        properties = chosen.pop(PROPERTIES)
        prefer = request.headers.get("Prefer", "")
        if 'outlook.timezone="' in prefer and 'outlook.timezone="UTC"' not in prefer:
            raise Refused(400, "TimeZoneNotSupportedException", "the stand-in knows UTC only")
        if 'outlook.body-content-type="text"' in prefer and "body" in chosen:
            chosen["body"] = {"contentType": "text", "content": chosen["bodyPreview"]}
        if self.troubles.basic_permission:
            chosen = {name: value for name, value in chosen.items() if name not in _TEXT_ONLY_KEYS}
        select = request.query.get("$select")
        if select:
            names = {"@odata.etag", "id", *select.split(",")}
            unknown = names - (entry.keys() - {PROPERTIES}) - {"originalStart", "@odata.etag"}
            if unknown:
                raise Refused(400, "RequestBroker--ParseUri", f"Could not find a property named '{min(unknown)}'.")
            chosen = {name: value for name, value in chosen.items() if name in names}
        asked = self._expanded(request)
        found = [{"id": asked[id], "value": value} for id, value in properties.items() if id in asked]
        return chosen | ({"singleValueExtendedProperties": found} if found else {})

    def _expanded(self, request: web.Request) -> dict[str, str]:
        """$expand: the named properties that are asked for, by key to as written."""
        expand = request.query.get("$expand")
        if expand is None:
            return {}
        form = _EXPAND.fullmatch(expand)
        if form is None or self.troubles.expand_refused:
            raise Refused(400, "RequestBroker--ParseUri", "Parsing OData Select and Expand failed.")
        return {property_key(id): id for id in _PROPERTY_ID.findall(form[1])}

    # -------------------------------------------------------------------------------- rooms and subscriptions

    def _places(self, request: web.Request) -> web.StreamResponse:
        if self.troubles.places_forbidden:
            raise Refused(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        skip, top = int(request.query.get("$skip", "0")), min(int(request.query.get("$top", "100")), self.page_size)
        page: dict[str, Any] = {"value": self.rooms[skip : skip + top]}
        if self.troubles.places_linked and skip + top < len(self.rooms):
            page["@odata.nextLink"] = f"{self.url}{request.rel_url.raw_path}?$top={top}&$skip={skip + top}"
        return web.json_response(page)

    async def _subscriptions(self, request: web.Request, parts: list[str]) -> web.StreamResponse:
        book = self.subscriptions
        match (request.method, parts[1:]):
            case ("POST", []):
                asked = await _json(request)
                if isinstance(asked.get("resource"), str) and asked["resource"].strip("/").lower().startswith("users/"):
                    self._box(unquote(asked["resource"].strip("/").split("/")[1]))
                return web.json_response(await book.create(asked), status=201)
            case ("GET", []):
                return web.json_response({"value": book.listed()})
            case ("GET", [name]):
                return web.json_response(book.get(name).json())
            case ("PATCH", [name]):
                return web.json_response(book.renew(name, await _json(request)))
            case ("POST", [name, "reauthorize"]):
                book.get(name)
                return web.Response(status=204)
            case ("DELETE", [name]):
                book.delete(name)
                return web.Response(status=204)
        raise Refused(405, "Request_BadRequest", "Specified HTTP method is not allowed.")


class _Throttled(Refused):
    def __init__(self, status: int, wait: str | None, text: str) -> None:
        super().__init__(status, "ApplicationThrottled", text)
        self.wait = wait


def _moment(request: web.Request, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(request.query[name].replace("Z", "+00:00"))
    except (KeyError, ValueError):
        raise Refused(400, "ErrorInvalidParameter", f"{name} is missing or no time") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        value = await request.json()
    except ValueError:
        raise Refused(400, "BadRequest", "Unable to read JSON request payload.") from None
    if not isinstance(value, dict):
        raise Refused(400, "BadRequest", "Unable to read JSON request payload.")
    return value


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


async def _cut_off(request: web.Request, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.abort()
    return response


async def _drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for _ in range(3000):
        await response.write(b" ")
        await asyncio.sleep(0.02)
    return response
