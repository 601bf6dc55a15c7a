"""A stand-in for Google Workspace on a loopback socket: tokens, calendar v3 (events, watch channels), rooms.

Honest about what clients trip over: signed assertions and delegation, roles, paging with short and empty pages,
etags, partial responses, per-user quota, 401, 403, 404, 410, 429, channels. Not there: writing over HTTP, listing
without ``singleEvents``, sync tokens (one is given, and is always expired: 410), free/busy queries.

    async with GoogleStandIn() as google:
        room = google.add_calendar("boardroom@resource.calendar.google.com", "Boardroom")
        google.put(room, "uid", vevent_text)
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Literal, Self

from aiohttp import web

from connector.standins.google import fields as google_fields
from connector.standins.google.accounts import Refused, ServiceAccount, Token, TokenService
from connector.standins.google.items import Calendar
from connector.standins.google.listing import ApiError, Paging, check_fields, error_body, listing, page_of, position
from connector.standins.google.push import Push, PushRefused

EMAIL = "connector@stand-in.iam.gserviceaccount.com"
ROLES = ("none", "freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")

Where = Literal["list", "watch", "stop", "token", "rooms"]
_AUTH = "https://www.googleapis.com/auth/"
_EVENT_SCOPES = {_AUTH + s for s in ("calendar", "calendar.readonly", "calendar.events", "calendar.events.readonly")}
_OVER_QUOTA = (
    "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service"
    " 'calendar-json.googleapis.com' for consumer 'project_number:104251234567'."
)
_ROOM_SCOPES = {_AUTH + f"admin.directory.resource.calendar{s}" for s in ("", ".readonly")}


@dataclass(slots=True)
class Trouble:
    """What goes wrong with the next ``times`` answers (None: all) of a kind, for one calendar or all.

    ``status`` with ``reason``: Google's error. ``slow``: seconds before the answer. ``page``: only from that page on.
    ``broken``: cut (half the answer), drip (a byte at a time), portal (a web page with status 200), empty, items (that
    are none).
    """

    where: Where
    calendar: str = ""
    times: int | None = None
    status: int = 0
    reason: str = ""
    retry_after: str = ""
    slow: float = 0
    page: int = 0
    broken: Literal["", "cut", "drip", "portal", "empty", "items"] = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that was made."""

    where: Where
    calendar: str
    query: Mapping[str, str] = field(repr=False)
    status: int
    principal: str


class GoogleStandIn:
    """``user_quota``: requests a minute of a user, or of each ``quotaUser``.

    ``key_born`` and ``key_ends``: of the service account's key. ``tls``: to be asked by https, as localhost.
    ``push_tls``: what to trust when delivering notifications to https addresses.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        key_born: datetime | None = None,
        key_ends: datetime | None = None,
        tls: ssl.SSLContext | None = None,
        push_tls: ssl.SSLContext | None = None,
    ) -> None:
        now = datetime.now(UTC)
        self.account = ServiceAccount(
            EMAIL,
            "104251234567890123456",
            born=key_born or now - timedelta(days=30),
            ends=key_ends or datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        )
        self.tokens = TokenService(self.account)
        self.calendars: dict[str, Calendar] = {}
        self.rooms: list[dict[str, object]] = []
        self.buildings: list[dict[str, object]] = []
        self.troubles: list[Trouble] = []
        self.seen: deque[Seen] = deque(maxlen=10_000)
        self.paging = Paging()
        self.user_quota = 600
        self.certificates_asked = 0
        self.clock_off = timedelta(0)  # of the Date header
        self.url = ""
        self._port = port
        self._tls = tls
        self._push_tls = push_tls
        self._asked: defaultdict[str, deque[float]] = defaultdict(deque)
        self._runner = web.AppRunner(self._app(), shutdown_timeout=0.2)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls).start()
        root = "https://localhost" if self._tls is not None else "http://127.0.0.1"
        self.url = f"{root}:{self._runner.addresses[0][1]}/"
        self.push = Push(self.url, plain_http=True, tls=self._push_tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.push.close()
        await self._runner.cleanup()

    # -------------------------------------------------------------------------------- what it holds

    @property
    def key_file(self) -> str:
        """The JSON key that leads a client here."""
        return self.account.key_file(self.url)

    def add_calendar(self, id: str, name: str = "", *, role: str = "writer", zone: str = "UTC") -> str:
        """Shared with the service account. Returns its id."""
        self.calendars[id] = Calendar(id, name or id, zone, {EMAIL: role})
        return id

    def add_room(self, id: str, name: str, building: str, capacity: int, *, category: str = "CONFERENCE_ROOM") -> None:
        """A resource of the domain's directory; ``add_calendar`` makes its calendar."""
        self.rooms.append(
            {
                "kind": "admin#directory#resources#calendars#CalendarResource",
                "resourceId": str(len(self.rooms) + 1),
                "resourceEmail": id,
                "resourceName": name,
                "generatedResourceName": f"{building}-{name} ({capacity})",
                "resourceCategory": category,
                "buildingId": building,
                "floorName": "2",
                "capacity": capacity,
            }
        )

    def add_building(self, id: str, name: str) -> None:
        self.buildings.append({"buildingId": id, "buildingName": name, "floorNames": ["1", "2"]})

    def add_user(self, mail: str, *, administrator: bool = False) -> None:
        self.tokens.users[mail] = administrator

    def delegate(self, *scopes: str) -> None:
        """Domain-wide: the service account may speak for every user, with these scopes."""
        self.tokens.delegated.setdefault(self.account.client_id, set()).update(scopes)

    def share(self, calendar: str, principal: str, role: str) -> None:
        if role not in ROLES:
            raise ValueError(f"{role} is no role of Google's")
        self.calendars[calendar].shared[principal] = role
        self.calendars[calendar].touch()

    def put(self, calendar: str, uid: str, *components: str) -> None:
        """Adds or replaces a meeting, given as VEVENTs; whoever watches is told."""
        self.calendars[calendar].put(uid, *components)
        self.push.changed(calendar)

    def insert(self, calendar: str, item: Mapping[str, object]) -> None:
        """Adds or replaces a single event in Google's own form."""
        self.calendars[calendar].insert(item)
        self.push.changed(calendar)

    def delete(self, calendar: str, uid: str) -> None:
        self.calendars[calendar].delete(uid)
        self.push.changed(calendar)

    # -------------------------------------------------------------------------------- requests

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/token", self._token)
        app.router.add_get("/robot/v1/metadata/x509/{email}", self._certificates)
        app.router.add_get("/calendar/v3/calendars/{calendar}/events", self._list)
        app.router.add_post("/calendar/v3/calendars/{calendar}/events/watch", self._watch)
        app.router.add_post("/calendar/v3/channels/stop", self._stop)
        app.router.add_get("/admin/directory/v1/customer/{customer}/resources/{kind}", self._directory)
        return app

    async def _token(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        try:
            if (trouble := await self._trouble("token", "", 0)) is not None:
                if trouble.broken:
                    return await self._broken(request, trouble)
                raise Refused(trouble.reason or "internal_failure", "", trouble.status)
            answer: Mapping[str, object] = self.tokens.issue(str(form.get("grant_type")), str(form.get("assertion")))
            status = 200
        except Refused as refused:
            answer = {"error": refused.code, "error_description": refused.description}
            status = refused.status
        self.seen.append(Seen("token", "", {}, status, ""))
        return web.json_response(answer, status=status)

    async def _certificates(self, request: web.Request) -> web.StreamResponse:
        self.certificates_asked += 1
        return web.json_response(self.account.certificates())

    async def _list(self, request: web.Request) -> web.StreamResponse:
        return await self._answered(request, "list", request.match_info["calendar"])

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        return await self._answered(request, "watch", request.match_info["calendar"])

    async def _stop(self, request: web.Request) -> web.StreamResponse:
        return await self._answered(request, "stop", "")

    async def _directory(self, request: web.Request) -> web.StreamResponse:
        return await self._answered(request, "rooms", "")

    async def _answered(self, request: web.Request, where: Where, calendar: str) -> web.StreamResponse:
        headers = {"Date": _http_date(datetime.now(UTC) + self.clock_off), "Cache-Control": "private, max-age=0"}
        token = self.tokens.holder(request.headers.get("Authorization", ""))
        body: object = None
        status, trouble = 200, None
        try:
            trouble = await self._trouble(where, calendar, position(request.query.get("pageToken", ""))[1])
            if trouble is not None and trouble.status:
                raise ApiError(trouble.status, trouble.reason, "The stand-in was told to fail.", trouble.retry_after)
            body = await self._result(request, where, calendar, self._let_in(token, where, request.query))
            status = 204 if body is None else 200
        except ApiError as error:
            status, body = error.status, error_body(error)
            headers |= {"Retry-After": error.retry_after} if error.retry_after else {}
        if status == 200 and isinstance(body, dict) and "etag" in body and where == "list":
            headers["ETag"] = str(body["etag"])
            if request.headers.get("If-None-Match") == body["etag"]:
                status, body = 304, None
        self.seen.append(Seen(where, calendar, dict(request.query), status, token.principal if token else ""))
        if trouble is not None and trouble.broken and status == 200:
            return await self._broken(request, trouble)
        return self._reply(request, status, body, headers)

    def _reply(self, request: web.Request, status: int, body: object, headers: Mapping[str, str]) -> web.Response:
        if body is None:
            return web.Response(status=status, headers=headers)
        if status == 200 and (fields := request.query.get("fields")):
            body = google_fields.cut(body, google_fields.parse(fields))
        reply = web.json_response(body, status=status, headers=headers)
        reply.enable_compression()
        return reply

    async def _result(self, request: web.Request, where: Where, calendar: str, token: Token) -> object:
        check_fields(request.query.get("fields", ""))
        if where == "list":
            role, found = self._seen_by(calendar, token)
            return listing(found, role, request.query, self.paging)
        if where == "rooms":
            return self._resources(request.match_info["kind"], token, request.query)
        sent = await _sent(request)
        if where == "stop":
            if not self.push.stop(token.principal, sent):
                raise ApiError(404, "notFound", "Channel not found for project")
            return None
        self._seen_by(calendar, token)
        try:
            return self.push.open(calendar, token.principal, sent)
        except PushRefused as refused:
            raise ApiError(refused.status, refused.reason, refused.message) from None

    async def _trouble(self, where: Where, calendar: str, position: int) -> Trouble | None:
        for trouble in self.troubles:
            if trouble.where != where or trouble.calendar not in ("", calendar) or position < trouble.page:
                continue
            if trouble.times is not None:
                if not trouble.times:
                    continue
                trouble.times -= 1
            await asyncio.sleep(trouble.slow)
            return trouble
        return None

    async def _broken(self, request: web.Request, trouble: Trouble) -> web.StreamResponse:
        if trouble.broken == "portal":
            return web.Response(text="<html><body>Please log in.</body></html>", content_type="text/html")
        if trouble.broken == "empty":
            return web.json_response({})
        if trouble.broken == "items":
            return web.json_response({"kind": "calendar#events", "items": ["nonsense"]})
        text = b'{"kind": "calendar#events", "items": ['
        reply = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100000"})
        await reply.prepare(request)
        with suppress(ConnectionError):  # whoever asked has given up
            await reply.write(text)
            while trouble.broken == "drip":
                await asyncio.sleep(0.02)
                await reply.write(b" ")
        if request.transport is not None:
            request.transport.close()
        return reply

    # -------------------------------------------------------------------------------- who may what

    def _let_in(self, token: Token | None, where: Where, query: Mapping[str, str]) -> Token:
        if token is None:
            raise ApiError(401, "authError", "Invalid Credentials")
        if token.scopes.isdisjoint(_ROOM_SCOPES if where == "rooms" else _EVENT_SCOPES):
            raise ApiError(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
        asked, now = self._asked[query.get("quotaUser") or token.principal], time.monotonic()
        while asked and asked[0] < now - 60:
            asked.popleft()
        if len(asked) >= self.user_quota:
            raise ApiError(403, "rateLimitExceeded", _OVER_QUOTA, limit="defaultPerMinutePerUser")
        asked.append(now)
        return token

    def _seen_by(self, id: str, token: Token) -> tuple[str, Calendar]:
        """(role, calendar). Raises ApiError where this principal does not see it."""
        if id == "primary":
            return "owner", self.calendars.get(token.principal) or Calendar(token.principal, token.principal)
        found = self.calendars.get(id)
        role = found.shared.get(token.principal, "none") if found is not None else "none"
        if found is None or role == "none":
            raise ApiError(404, "notFound", "Not Found")
        return role, found

    def _resources(self, kind: str, token: Token, query: Mapping[str, str]) -> dict[str, object]:
        if not self.tokens.users.get(token.principal, False):
            raise ApiError(403, "forbidden", "Not Authorized to access this resource/api")
        calendars = kind == "calendars"
        shown, more = page_of(self.rooms if calendars else self.buildings, query, self.paging, default=100)
        return {
            "kind": f"admin#directory#resources#{kind}#list",
            "items" if calendars else "buildings": shown,
            **more,
        }


async def _sent(request: web.Request) -> dict[str, object]:
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ApiError(400, "parseError", "This API does not support parsing form-encoded input.")
    return body


def _http_date(moment: datetime) -> str:
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
