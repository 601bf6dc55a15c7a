"""A stand-in for Zoom's login, its REST calls for meetings, and its notifications, on a loopback socket.

Honest about: Basic login with ``account_credentials``, tokens that end, 401 code 124, 400 code 4711 (scope), 404 code
3001, 429 with Retry-After, 5xx, slow and broken answers, signed notifications and the URL challenge. The SIP dialling
call puts the passcode that it is given into the address and does not look whether it is right (Zoom's reference); how
it does that is ours.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx2
from aiohttp import BasicAuth, web


@dataclass(frozen=True, slots=True)
class ZoomMeeting:
    """``password``: what people type; ``h323_password``: what rooms enter. "" where the account gives none."""

    id: str
    password: str = field(default="", repr=False)
    h323_password: str = field(default="", repr=False)
    topic: str = "A meeting"


@dataclass(slots=True)
class ZoomTroubles:
    """Knobs. All off: a healthy account."""

    secret_wrong: bool = False  # the login refuses
    app_deactivated: bool = False  # the API refuses every token
    tokens_forgotten: bool = False  # the tokens given so far are refused, new ones work; resets itself
    scope_missing: bool = False
    throttled: str = ""  # Retry-After of a 429, e.g. "3"
    down: bool = False  # 503
    slow: float = 0.0  # seconds before an answer
    broken: bool = False  # half a JSON document


@dataclass(slots=True)
class ZoomState:
    account_id: str = "account"
    client_id: str = "client"
    client_secret: str = field(default_factory=secrets.token_hex, repr=False)
    webhook_token: str = field(default_factory=secrets.token_hex, repr=False)
    token_life: int = 3600  # seconds
    sip_life: int = 7200  # seconds
    meetings: dict[str, ZoomMeeting] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # "METHOD /path" of every call that came
    tokens: dict[str, float] = field(default_factory=dict, repr=False)  # token -> when it ends

    def add(self, meeting: ZoomMeeting) -> None:
        self.meetings[meeting.id] = meeting


class ZoomStandIn:
    """``async with ZoomStandIn() as zoom``: ``zoom.api_url`` and ``zoom.login_url`` are for [zoom]."""

    def __init__(self, state: ZoomState | None = None, *, port: int = 0) -> None:
        self.state = state or ZoomState()
        self.troubles = ZoomTroubles()
        self._port = port
        self._runner: web.AppRunner | None = None
        self.url = ""

    @property
    def api_url(self) -> str:
        return f"{self.url}/v2"

    @property
    def login_url(self) -> str:
        return f"{self.url}/oauth/token"

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._trouble], client_max_size=65_536)
        app.router.add_post("/oauth/token", self._login)
        app.router.add_get("/v2/meetings/{id}", self._meeting)
        app.router.add_post("/v2/meetings/{id}/sip_dialing", self._sip_dialing)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    # -------------------------------------------------------------------------------- what it is asked

    @web.middleware
    async def _trouble(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.state.asked.append(f"{request.method} {request.path}")
        down, throttled = self.troubles.down, self.troubles.throttled  # decided on arrival, also for a slow answer
        if self.troubles.slow:
            await asyncio.sleep(self.troubles.slow)
        if down:
            return web.Response(status=503, text="upstream")
        if throttled:
            message = {"code": 429, "message": "You have reached the maximum per-second rate limit for this API."}
            return web.json_response(message, status=429, headers={"Retry-After": throttled})
        answer: web.StreamResponse = await handler(request)
        if self.troubles.broken and isinstance(answer, web.Response) and answer.text:
            return web.Response(text=answer.text[: len(answer.text) // 2], content_type="application/json")
        return answer

    async def _login(self, request: web.Request) -> web.Response:
        form = await request.post()
        try:
            given = BasicAuth.decode(request.headers.get("Authorization", ""))
        except ValueError:
            given = BasicAuth("", "")
        state = self.state
        if (given.login, given.password) != (state.client_id, state.client_secret) or self.troubles.secret_wrong:
            return web.json_response(
                {"reason": "Invalid client_id or client_secret", "error": "invalid_client"}, status=401
            )
        if form.get("grant_type") != "account_credentials" or form.get("account_id") != state.account_id:
            return web.json_response({"reason": "Bad Request", "error": "invalid_request"}, status=400)
        token = secrets.token_urlsafe(24)
        state.tokens[token] = time.monotonic() + state.token_life
        scope = "meeting:read:meeting:admin meeting:write:sip_dialing:admin"
        return web.json_response(
            {"access_token": token, "token_type": "bearer", "expires_in": state.token_life, "scope": scope}
        )

    def _refusal(self, request: web.Request) -> web.Response | None:
        if self.troubles.tokens_forgotten:
            self.troubles.tokens_forgotten = False
            self.state.tokens.clear()
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.troubles.app_deactivated or self.state.tokens.get(token, 0) <= time.monotonic():
            return web.json_response({"code": 124, "message": "Invalid access token."}, status=401)
        if self.troubles.scope_missing:
            message = "Invalid access token, does not contain scopes:[meeting:read:meeting:admin]."
            return web.json_response({"code": 4711, "message": message}, status=400)
        if request.match_info["id"] not in self.state.meetings:
            message = f"Meeting {request.match_info['id']} is not found or has expired."
            return web.json_response({"code": 3001, "message": message}, status=404)
        return None

    async def _meeting(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        meeting = self.state.meetings[request.match_info["id"]]
        tree: dict[str, Any] = {"id": int(meeting.id), "topic": meeting.topic, "type": 2, "status": "waiting"}
        if meeting.password:
            tree["password"] = meeting.password
        if meeting.h323_password:
            tree["h323_password"] = meeting.h323_password
        return web.json_response(tree)

    async def _sip_dialing(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        meeting = self.state.meetings[request.match_info["id"]]
        try:
            passcode = (await request.json()).get("passcode", "")
        except (ValueError, AttributeError):
            return web.json_response(
                {"code": 300, "message": "Request Body should be a valid JSON object."}, status=400
            )
        code = hashlib.sha256(str(passcode).encode()).hexdigest()[:16]
        return web.json_response(
            {
                "sip_dialing": f"{meeting.id}.{code}@zoomcrc.com",
                "paid_crc_plan_participant": True,
                "participant_identifier_code": "",
                "expire_in": self.state.sip_life,
            }
        )

    # -------------------------------------------------------------------------------- what it tells

    async def notify(self, client: httpx2.AsyncClient, url: str, event: str, meeting_id: str) -> httpx2.Response:
        """A notification as Zoom sends it, e.g. ``meeting.updated``; ``client`` trusts the listener's certificate."""
        return await self._post(client, url, event, {"account_id": self.state.account_id, "object": {"id": meeting_id}})

    async def challenge(self, client: httpx2.AsyncClient, url: str) -> bool:
        """Whether the listener proves that it has the secret token, as Zoom asks when the URL is entered."""
        plain = secrets.token_urlsafe(16)
        answer = await self._post(client, url, "endpoint.url_validation", {"plainToken": plain})
        expected = {"plainToken": plain, "encryptedToken": self._mac(plain.encode())}
        return answer.status_code == 200 and answer.json() == expected

    async def _post(self, client: httpx2.AsyncClient, url: str, event: str, payload: Any) -> httpx2.Response:
        now = time.time()
        body = json.dumps({"event": event, "event_ts": int(now * 1000), "payload": payload}).encode()
        stamp = str(int(now))
        headers = {
            "content-type": "application/json",
            "x-zm-request-timestamp": stamp,
            "x-zm-signature": f"v0={self._mac(b'v0:' + stamp.encode() + b':' + body)}",
        }
        return await client.post(url, content=body, headers=headers)

    def _mac(self, data: bytes) -> str:
        return hmac.new(self.state.webhook_token.encode(), data, hashlib.sha256).hexdigest()
