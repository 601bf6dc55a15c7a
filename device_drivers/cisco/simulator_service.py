"""The web server of a simulated Cisco unit: a real TLS socket, signing in, rate limits, and the known troubles."""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
from dataclasses import dataclass

from aiohttp import web
from lxml import etree

from device_drivers.cisco.simulator_bookings import Refused, read_bookingsputxml
from device_drivers.cisco.simulator_state import MAX_SESSIONS, Budget, State
from device_drivers.cisco.simulator_xapi import Xapi
from device_drivers.testing.certificates import SelfSigned

_HEADERS = {
    "Server": "nginx",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=0",
    "Cache-Control": "no-store, max-age=0",
}
_SIGN_IN_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in</body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with replies whose path begins with ``path``.

    ``kind``: an HTTP status as digits, or ``truncate``, ``drip``, ``malformed``, ``html``, ``sign_in_page``, ``close``,
    ``not_http``. ``executed``: the request was carried out and only its reply is spoiled.
    """

    kind: str
    path: str = "/"
    executed: bool = False
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()


class Service:
    """Starts and stops on one address; the port stays the same once it is chosen."""

    def __init__(self, state: State, xapi: Xapi, host: str, port: int, certificate: SelfSigned | None) -> None:
        self.state = state
        self.host = host
        self.port = port
        self.certificate = certificate  # None: plain HTTP
        self.latency = 0.0  # seconds, every reply
        self.busy = False
        self.fault: Fault | None = None
        self._xapi = xapi
        self._cookie = "SecureSessionId" if certificate else "SessionId"
        self._listening: asyncio.Server | None = None
        self._server: web.Server | None = None
        self._basic = Budget(1, queue=30)
        self._session = Budget(15, queue=90)

    async def start(self) -> None:
        if self._listening is not None:
            return
        self._server = web.Server(self._handle, access_log=None)
        context = self.certificate.context if self.certificate else None
        self._listening = await asyncio.get_running_loop().create_server(
            self._server, self.host, self.port, ssl=context
        )
        self.port = self._listening.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        listening, self._listening = self._listening, None
        server, self._server = self._server, None
        if listening is not None and server is not None:
            listening.close()
            await server.shutdown(0.05)  # 0 would mean to wait for as long as a client likes
            await listening.wait_closed()

    # -------------------------------------------------------------------------------- one request

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.state.requests += 1
        self.state.seen.append((request.method, request.path))
        body = await request.read()
        fault = self.fault
        if fault is not None and request.path.startswith(fault.path):
            reply = await self._spoil(fault, request, body)
        else:
            reply = await self._answer(request, body)
        if self.latency:
            await asyncio.sleep(self.latency)
        return reply

    async def _answer(self, request: web.BaseRequest, body: bytes) -> web.Response:
        if self.busy:
            return _reply(503, "Service Unavailable", "text/plain")
        if request.path == "/xmlapi/session/begin" and request.method == "POST":
            return await self._begin(request)
        refusal = await self._authenticate(request)
        if refusal is not None:
            return refusal
        return self._finish(await self._route(request, body))

    def _finish(self, reply: web.Response) -> web.Response:
        if self.state.firmware.rate_limit:  # recorded on RoomOS: every reply closes its connection
            reply.force_close()
        return reply

    async def _route(self, request: web.BaseRequest, body: bytes) -> web.Response:
        match (request.method, request.path):
            case ("POST", "/xmlapi/session/end"):
                self.state.sessions.discard(request.cookies.get(self._cookie, ""))
                return _reply(204)
            case ("GET", "/getxml"):
                return _xml(self._xapi.getxml(request.query.get("location", "")))
            case ("POST", "/putxml"):
                return _xml(await self._xapi.putxml(body))
            case ("POST", "/bookingsputxml"):
                return self._bookings(body)
        return _reply(404, "404 Not Found", "text/plain")

    def _bookings(self, body: bytes) -> web.Response:
        if self.state.role != "admin":
            return _reply(403, "403 Forbidden", "text/plain")
        try:
            self.state.bookings = read_bookingsputxml(body)
        except Refused as error:
            return _reply(400, str(error), "text/plain")
        return _reply(200, self.state.firmware.bookings_reply)

    # -------------------------------------------------------------------------------- signing in

    async def _begin(self, request: web.BaseRequest) -> web.Response:
        if not self.state.firmware.sessions:
            return _reply(302, headers={"Location": "/web/signin?next=/xmlapi/session/begin"})
        refusal = await self._basic_auth(request)
        if refusal is not None:
            return refusal
        if len(self.state.sessions) >= MAX_SESSIONS:  # what a real unit answers then is not known
            return _reply(503, "503 Too many sessions", "text/plain")
        cookie = secrets.token_hex(16)
        self.state.sessions.add(cookie)
        self.state.sessions_begun += 1
        reply = _reply(204)
        secure = self.certificate is not None
        reply.set_cookie(self._cookie, cookie, path="/", secure=secure, httponly=True, samesite="Strict")
        return reply

    async def _authenticate(self, request: web.BaseRequest) -> web.Response | None:
        """None when the request may go on."""
        cookie = request.cookies.get(self._cookie, "")
        if cookie in self.state.sessions:
            refusal = await self._within(self._session)
        elif "Authorization" in request.headers:
            refusal = await self._basic_auth(request)
        else:
            refusal = _unauthorized()
        if refusal is None and self.state.role == "roomcontrol":
            refusal = _reply(403, "403 Forbidden", "text/plain")
        return refusal

    async def _basic_auth(self, request: web.BaseRequest) -> web.Response | None:
        refusal = await self._within(self._basic)
        if refusal is not None:
            return refusal
        try:
            given = base64.b64decode(request.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        except (binascii.Error, UnicodeDecodeError):
            given = ""
        username, _, password = given.partition(":")
        return None if self.state.accepts(username, password) else _unauthorized()

    async def _within(self, budget: Budget) -> web.Response | None:
        if not self.state.firmware.rate_limit:
            return None
        wait = budget.wait(asyncio.get_running_loop().time())
        if wait is None:
            return _reply(503, "503 Service Temporarily Unavailable", "text/plain")
        if wait > 0:
            await asyncio.sleep(wait)
        return None

    # -------------------------------------------------------------------------------- troubles

    async def _spoil(self, fault: Fault, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        if fault.executed:
            await self._answer(request, body)
        if fault.kind.isdigit():
            return _reply(int(fault.kind), fault.body, headers=dict(fault.headers))
        if fault.kind in ("html", "sign_in_page"):
            page = _SIGN_IN_PAGE if fault.kind == "sign_in_page" else "<html><body>Welcome</body></html>"
            return _reply(200, page, "text/html")
        if fault.kind == "malformed":
            return _reply(200, '<Command><DialResult status="OK"><CallId>3')
        if fault.kind == "body":
            return _reply(200, fault.body, headers=dict(fault.headers))
        await self._break(fault.kind, request)
        return _reply(200)  # to nobody: the connection is closed

    async def _break(self, kind: str, request: web.BaseRequest) -> None:
        transport = request.transport
        if transport is None:
            return
        if kind == "not_http":
            transport.write(b"SSH-2.0-unit\r\n\r\n")
        if kind in ("truncate", "drip"):
            transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 4000\r\n\r\n<Command>")
        for _ in range(200 if kind == "drip" else 0):
            if transport.is_closing():
                return
            transport.write(b" ")
            await asyncio.sleep(0.05)
        transport.close()


def _reply(
    status: int, text: str = "", content_type: str = "text/xml", headers: dict[str, str] | None = None
) -> web.Response:
    if status == 204:
        return web.Response(status=204, headers=_HEADERS)
    all_headers = {**_HEADERS, "Content-Type": f"{content_type}; charset=UTF-8", **(headers or {})}
    return web.Response(status=status, body=text.encode(), headers=all_headers)


def _unauthorized() -> web.Response:
    headers = {"WWW-Authenticate": 'Basic realm="CISCO-Endpoint"'}
    return _reply(401, "401 Unauthorized: this needs a user name and a password.", "text/plain", headers)


def _xml(root: etree._Element) -> web.Response:
    return _reply(200, '<?xml version="1.0"?>\n' + etree.tostring(root, encoding="unicode"))
