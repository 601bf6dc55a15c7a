"""The HTTP interfaces of the simulated units, one for each shipped description, written from what the description's
own comment names as its source and not from the description: the two are to be able to disagree."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from device_drivers.api import CallState
from device_drivers.generic_http.simulated_unit import Call, DialFailed, SimulatedHttpUnit
from device_drivers.testing.simulator import ScreenLine

# ------------------------------------------------------------------------------------ logins


def _basic(unit: SimulatedHttpUnit) -> Middleware:
    @web.middleware
    async def login(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        expected = "Basic " + base64.b64encode(f"{unit.username}:{unit.password}".encode()).decode()
        if given == expected:
            return await handler(request)
        unit.refused_logins += bool(given)
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="room"'}, text="who are you?")

    return login


def _digest(unit: SimulatedHttpUnit) -> Middleware:
    nonces: set[str] = set()

    @web.middleware
    async def login(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = dict(re.findall(r'(\w+)="?([^",]+)', request.headers.get("Authorization", "")))
        if given.get("nonce") in nonces and given.get("response") == _expected(unit, request, given):
            nonces.discard(given["nonce"])
            return await handler(request)
        unit.refused_logins += bool(given)
        nonce = secrets.token_hex(8)
        nonces.add(nonce)
        challenge = f'Digest realm="HDX", qop="auth", nonce="{nonce}", algorithm=MD5'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge}, text="401 Unauthorized")

    return login


def _expected(unit: SimulatedHttpUnit, request: web.Request, given: Mapping[str, str]) -> str:
    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    secret = md5(f"{unit.username}:HDX:{unit.password}")
    what = md5(f"{request.method}:{request.raw_path}")
    return md5(f"{secret}:{given['nonce']}:{given.get('nc')}:{given.get('cnonce')}:auth:{what}")


# ------------------------------------------------------------------------------------ a room controller with JSON

_CONTROLLER_STATES = {CallState.DIALLING: "ringing", CallState.CONNECTED: "connected", CallState.ENDED: "ended"}


def room_controller(unit: SimulatedHttpUnit) -> web.Application:
    routes = web.RouteTableDef()

    @routes.get("/api/system")
    async def system(_: web.Request) -> web.Response:
        return web.json_response(
            {
                "model": "Room Controller 2",
                "version": "2.4.1",
                "serialNumber": unit.state.serial_number,
                "inCall": bool(unit.state.live()),
                "time": unit.clock().isoformat(),
                "uptime": (unit.now() - unit.state.booted).total_seconds(),
            }
        )

    @routes.get("/api/calls")
    async def calls(_: web.Request) -> web.Response:
        return web.json_response({"calls": [_call(call) for call in unit.state.live()]})

    @routes.post("/api/calls")
    async def dial(request: web.Request) -> web.Response:
        asked = await request.json()
        if asked["protocol"] not in ("SIP", "H323"):
            return web.json_response({"error": {"cause": "unknown protocol"}}, status=422)
        try:
            call = await unit.dial(asked["address"], asked["protocol"].lower(), asked["bookingId"] or None)
        except DialFailed as error:
            return web.json_response({"error": {"cause": str(error)}}, status=409)
        return web.json_response({"call": _call(call)}, status=201)

    @routes.delete("/api/calls/{id}")
    async def hang_up(request: web.Request) -> web.Response:
        for call in unit.state.live():
            if call.call_id == request.match_info["id"]:
                await unit.end(call)
                return web.Response(status=204)
        return web.Response(status=404)

    @routes.get("/api/bookings")
    async def bookings(_: web.Request) -> web.Response:
        lines = [
            {"id": line.booking_id, "title": line.title, "start": line.start.isoformat(), "end": line.end.isoformat()}
            for line in unit.screen()
        ]
        return web.json_response({"bookings": lines})

    @routes.put("/api/bookings")
    async def replace(request: web.Request) -> web.Response:
        pushed = [(_line(booking), booking["join"]) for booking in (await request.json())["bookings"]]
        unit.show(pushed)
        return web.Response(status=204)

    application = web.Application(middlewares=[_basic(unit)])
    application.add_routes(routes)
    return application


def _call(call: Call) -> dict[str, Any]:
    return {
        "id": call.call_id,
        "state": _CONTROLLER_STATES[call.state],
        "address": call.remote,
        "bookingId": call.booking_id or "",
        "direction": "outgoing" if call.outgoing else "incoming",
    }


def _line(booking: Mapping[str, Any]) -> ScreenLine:
    join = booking["join"]
    return ScreenLine(
        booking_id=booking["id"],
        title=booking["title"],
        start=datetime.fromisoformat(booking["start"]),
        end=datetime.fromisoformat(booking["end"]),
        button=join["address"] if join else None,
    )


# ------------------------------------------------------------------------------------ a Mesh-like server


def mesh_callout(unit: SimulatedHttpUnit) -> web.Application:
    """One room behind the server; another word in the path is another room, which there is not."""
    routes = web.RouteTableDef()

    @routes.get("/{room}/capabilities")
    async def capabilities(_: web.Request) -> web.Response:
        return web.json_response({"JOIN": True, "HANGUP": True, "STATUS": True, "MUTE_MICROPHONE": False})

    @routes.get("/{room}/status")
    async def status(_: web.Request) -> web.Response:
        return web.json_response({"callActive": bool(unit.state.live()), "microphoneMuted": False})

    @routes.post("/{room}/join")
    async def join(request: web.Request) -> web.Response:
        address = request.query["dialString"]
        try:
            await unit.dial(address, "h323" if "##" in address else "sip")
        except DialFailed:
            return web.Response(status=500)
        return web.Response(status=204)

    @routes.post("/{room}/hangup")
    async def hang_up(_: web.Request) -> web.Response:
        for call in unit.state.live():
            await unit.end(call)
        return web.Response(status=204)

    @web.middleware
    async def known_room(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.match_info.get("room") != unit.unit_id:
            return web.Response(status=400, text="no such room")
        return await handler(request)

    application = web.Application(middlewares=[_basic(unit), known_room])
    application.add_routes(routes)
    return application


# ------------------------------------------------------------------------------------ an HDX command page

_HDX_STATES = {CallState.DIALLING: "ringing", CallState.CONNECTED: "connected", CallState.ENDED: "inactive"}


def polycom_hdx(unit: SimulatedHttpUnit) -> web.Application:
    async def page(request: web.Request) -> web.Response:
        command = str((await request.post()).get("apicommand", ""))
        result = await _hdx_result(unit, command)
        status = "error" if result.startswith("error") else "success"
        document = (
            f'<apicommands><apicommand><command status="{status}">{escape(command)}</command>'
            f"<result>{escape(result)}</result></apicommand></apicommands>"
        )
        return web.Response(text=document, content_type="text/xml")

    application = web.Application(middlewares=[_digest(unit)])
    application.router.add_post("/a_apicommand.cgi", page)
    return application


async def _hdx_result(unit: SimulatedHttpUnit, command: str) -> str:
    if command == "systemsetting get model":
        return 'systemsetting model "HDX 7000"'
    if command == "callinfo all":
        lines = [_hdx_call(call) for call in unit.state.live()]
        return "\n".join(["callinfo begin", *lines, "callinfo end"]) if lines else "system is not in a call"
    if dialled := re.fullmatch(r'dial manual auto "([^"]+)" (sip|h323)', command):
        try:
            await unit.dial(dialled[1], dialled[2])
        except DialFailed as error:
            return f"error: {error}"
        return "dialing manual"
    if ended := re.fullmatch(r'hangup video "(\d+)"', command):
        for call in unit.state.live():
            if call.call_id == ended[1]:
                await unit.end(call)
                return "hanging up video"
        return "error: command has illegal parameters"
    return "error: command not found"


def _hdx_call(call: Call) -> str:
    number = call.remote.partition(":")[2]
    direction = "outgoing" if call.outgoing else "incoming"
    return f"callinfo:{call.call_id}:Far End:{number}:1920:{_HDX_STATES[call.state]}:notmuted:{direction}:videocall"


FACES: Mapping[str, Callable[[SimulatedHttpUnit], web.Application]] = {
    "mesh_callout": mesh_callout,
    "polycom_hdx": polycom_hdx,
    "room_controller": room_controller,
}
