"""Signing in to a Cisco unit, at the pace it allows, and what an HTTP status means for the caller.

Cisco's HTTP guide (RoomOS 10, 11, 26): Basic authentication is served once a second with a queue of 30, a session
cookie 15 times a second with a queue of 90; beyond that 503. Sessions never time out by themselves and are few (20 or
30 in all), so one is begun, reused and always ended. From 26.2 five wrong passwords lock the account for five minutes:
a refused password is therefore tried once in the life of this object.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

from device_drivers import foreign
from device_drivers.api import (
    CredentialsRejected,
    DeviceBusy,
    DeviceUnreachable,
    DriverError,
    Endpoint,
    NotSupported,
    UnexpectedReply,
)
from device_drivers.cisco.codec import sample
from device_drivers.http import Reply, UnitHttp

DEFAULT_PORT = 443
END_DEADLINE = 2.0  # seconds; leaving must not wait long for a unit that is gone
RETRY_SESSION = 600.0  # seconds of Basic after a unit had no session to give

_XML = {"Content-Type": "text/xml"}


class Pace:
    """Spaces requests to ``per_second``, ``burst`` of them at once. Urgent ones are counted but do not wait."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._interval = 1 / per_second
        self._credit = (burst - 1) * self._interval
        self._next = -math.inf

    async def turn(self, *, urgent: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now - self._credit)
        wait = self._next - now
        self._next += self._interval
        if wait > 0 and not urgent:
            await asyncio.sleep(wait)


class Session:
    """Authenticated exchanges with one unit: by session cookie, else by Basic where the unit has no sessions (TC)."""

    def __init__(self, endpoint: Endpoint, *, timeout: float) -> None:
        self._http = UnitHttp(endpoint, default_port=DEFAULT_PORT, timeout=timeout)
        self._account = endpoint.username
        self._cookie = ""
        self._basic_until = -math.inf  # loop time; inf: this unit has no sessions
        self._basic_proven = False
        self._rejected = ""
        self._signing_in = asyncio.Lock()
        # A probe's few requests go at once; what is more waits here, where a dial may overtake it, and not in the
        # unit's own queue.
        self._session_pace = Pace(15, burst=4)
        self._basic_pace = Pace(1, burst=1)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cookie, self._cookie = self._cookie, ""
        try:
            if cookie:
                # A unit that cannot be told any more has most likely restarted, and its sessions with it.
                with suppress(DriverError):
                    headers = {**_XML, "Cookie": cookie}
                    await self._http.request("POST", "/xmlapi/session/end", headers=headers, deadline=END_DEADLINE)
        finally:
            await self._http.__aexit__(kind, error, trace)

    @property
    def by_basic(self) -> bool:
        """This unit gives no sessions, so that requests go slowly."""
        return self._basic_until == math.inf

    async def open_ahead(self) -> None:
        """Signed in, and with a connection open for the next command: a dial can then leave on the second."""
        await self._sign_in()
        await self._http.open_ahead()

    async def get(self, path: str) -> Reply:
        return await self._send("GET", path, None, command=False)

    async def post(self, path: str, body: str, *, command: bool = False) -> Reply:
        """``command``: must not run twice, and does not wait in our queue."""
        return await self._send("POST", path, body, command=command)

    async def _send(self, method: str, path: str, body: str | None, *, command: bool) -> Reply:
        try:
            cookie = await self._sign_in()
        except DriverError as error:
            error.sent = False  # signing in failed: the request itself never left
            raise
        reply = await self._exchange(method, path, body, cookie, command)
        if cookie and _signed_out(reply):  # refused without being run, a dial too: once more with a new session
            try:
                cookie = await self._sign_in(stale=cookie)
            except DriverError as error:
                error.sent = False
                raise
            reply = await self._exchange(method, path, body, cookie, command)
        self._judge(reply)
        return reply

    async def _exchange(self, method: str, path: str, body: str | None, cookie: str, command: bool) -> Reply:
        headers = _XML if body is not None else {}
        if cookie:
            await self._session_pace.turn(urgent=command)
            return await self._http.request(
                method, path, body=body, headers={**headers, "Cookie": cookie}, command=command
            )
        if self._basic_proven:
            return await self._basic(method, path, body, command)
        async with self._signing_in:  # until the password is known to be right, one request at a time carries it
            return await self._basic(method, path, body, command)

    async def _basic(self, method: str, path: str, body: str | None, command: bool) -> Reply:
        self._stop_if_rejected()
        await self._basic_pace.turn(urgent=command)
        headers = _XML if body is not None else {}
        reply = await self._http.request(method, path, body=body, headers=headers, basic_auth=True, command=command)
        if _signed_out(reply):
            self._reject(reply)
        elif reply.status < 500:
            self._basic_proven = True
        return reply

    # -------------------------------------------------------------------------------- signing in

    async def _sign_in(self, stale: str = "") -> str:
        """The session cookie, or "" to go on with Basic. ``stale``: the cookie that was just refused."""
        async with self._signing_in:
            self._stop_if_rejected()
            if stale and self._cookie == stale:
                self._cookie = ""
            if self._cookie or asyncio.get_running_loop().time() < self._basic_until:
                return self._cookie
            await self._basic_pace.turn(urgent=True)
            reply = await self._http.request(
                "POST", "/xmlapi/session/begin", body="", headers=_XML, basic_auth=True, command=True
            )
            self._cookie = self._session_of(reply)
            return self._cookie

    def _session_of(self, reply: Reply) -> str:
        for name, value in reply.cookies.items():
            if name.endswith("SessionId") and value and 200 <= reply.status < 300:
                return f"{name}={value}"
        if reply.status == 401:
            self._reject(reply)
        if reply.status in (429, 503):
            # Too busy, or all sessions are taken (a killed daemon leaves one behind): Basic still works, slowly.
            self._basic_until = asyncio.get_running_loop().time() + RETRY_SESSION
            return ""
        if 200 <= reply.status < 400 or reply.status in (404, 405):
            # TC answers with its login page. Cisco states the limit of one request a second for RoomOS only.
            self._basic_until = math.inf
            self._basic_pace = Pace(5, burst=2)
            return ""
        self._judge(reply)
        raise UnexpectedReply(f"The unit answered HTTP {reply.status} to a session request.", sent=False)

    def _reject(self, reply: Reply) -> None:
        what = "refused the user name or password" if reply.status == 401 else "shows its sign-in page instead"
        self._rejected = (
            f"The unit {what} (account {self._account!r}). It is not tried again until the credential changes: "
            "newer units lock the account after five wrong passwords. An account that is locked already, "
            "or that Webex registration removed, looks the same."
        )

    def _stop_if_rejected(self) -> None:
        if self._rejected:
            raise CredentialsRejected(self._rejected)

    # -------------------------------------------------------------------------------- what a status means

    def _judge(self, reply: Reply) -> None:
        """Raises for anything but a usable 2xx."""
        status = reply.status
        if _signed_out(reply):
            self._reject(reply)
            self._stop_if_rejected()
        if 200 <= status < 300:
            if _is_html(reply):
                raise UnexpectedReply("The unit answered with a web page instead of XML.", sample=sample(reply.text))
            return
        if status == 403:
            raise CredentialsRejected(
                f"The account {self._account!r} may not do this on the unit: it needs the Admin role."
            )
        if status in (404, 405):
            raise NotSupported(f"The unit has no such interface (HTTP {status}).")
        if status in (429, 503):
            raise DeviceBusy(f"The unit is too busy to answer (HTTP {status}).", retry_after=_retry_after(reply))
        if status in (502, 504):
            raise DeviceUnreachable(
                f"The unit's web server runs but its system does not (HTTP {status}); it may be starting."
            )
        # A 4xx was refused before it was run; after any other status nobody knows.
        raise UnexpectedReply(
            f"The unit answered HTTP {status}.", sample=sample(reply.text), sent=not 400 <= status < 500
        )


def _is_html(reply: Reply) -> bool:
    start = reply.body[:200].lstrip().lower()
    return "html" in reply.headers.get("Content-Type", "") or start.startswith((b"<!doctype html", b"<html"))


def _signed_out(reply: Reply) -> bool:
    """401, a redirect to the sign-in page, or that page itself in a 200."""
    if reply.status == 401:
        return True
    if 300 <= reply.status < 400:
        target = reply.headers.get("Location", "").lower()
        return "signin" in target or "login" in target
    if reply.status == 200 and _is_html(reply):
        page = reply.body[:20000].lower()
        return any(word in page for word in (b"signin", b"sign in", b"login", b"log in"))
    return False


def _retry_after(reply: Reply) -> timedelta:
    return foreign.retry_after(reply.headers.get("Retry-After", ""))
