"""Signing in to a Cisco unit, at the pace it allows, and what an HTTP status means for the caller.

Cisco's HTTP guide (RoomOS 10, 11, 26): Basic authentication is served once a second with a queue of 30, a session
cookie 15 times a second with a queue of 90; beyond that 503. Sessions never time out by themselves and are few (20 or
30 in all), so one is begun, reused and always ended; what is known of those left behind is in left_behind.py. From 26.2
five wrong passwords lock the account for five minutes: a refused password is therefore tried once in the life of this
object. Only 401 and 403 say that it was refused.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
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
    UnitMemory,
)
from device_drivers.cisco.codec import sample
from device_drivers.cisco.left_behind import LeftBehind
from device_drivers.http import Reply, UnitHttp

DEFAULT_PORT = 443
END_DEADLINE = 2.0  # seconds; leaving must not wait long for a unit that is gone
RETRY_SESSION = 600.0  # seconds of Basic after a unit had no session to give

_COOKIE = re.compile(r"[!-+\--:<-~]{1,300}")  # what may stand in a header, and is kept

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

    def __init__(self, endpoint: Endpoint, *, timeout: float, now: Callable[[], datetime]) -> None:
        self._http = UnitHttp(endpoint, default_port=DEFAULT_PORT, timeout=timeout)
        self._account = endpoint.username
        self._cookie = ""
        self._basic_until = -math.inf  # loop time; inf: this unit has no sessions
        self._basic_proven = False
        self._left = LeftBehind(now)
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
                await self._end(cookie)
        finally:
            await self._http.__aexit__(kind, error, trace)

    async def _end(self, cookie: str) -> None:
        """One that cannot be ended now is ended when this unit is next signed in to, by this process or the next."""
        headers = {**_XML, "Cookie": cookie}
        with suppress(DriverError):
            reply = await self._http.request("POST", "/xmlapi/session/end", headers=headers, deadline=END_DEADLINE)
            if reply.status < 500:
                self._left.ended(cookie)

    def remember_in(self, memory: UnitMemory) -> None:
        self._left.remember_in(memory)

    def booted_at(self, moment: datetime) -> None:
        """By its uptime: sessions that were left behind before that are gone."""
        if self._left.booted_at(moment) and not self.by_basic:
            self._basic_until = -math.inf

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
        if cookie and reply.status == 401:  # refused without being run, a dial too: once more with a new session
            try:
                cookie = await self._sign_in(stale=cookie)
            except DriverError as error:
                error.sent = False
                raise
            reply = await self._exchange(method, path, body, cookie, command)
        elif cookie and _is_sign_in(reply):  # it may have forgotten the session, or somebody else answers: by Basic
            await self._set_aside(cookie)
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
        if reply.status == 401:
            self._reject()
        elif reply.status < 500 and not _is_sign_in(reply):
            self._basic_proven = True
            self._left.answers()
        return reply

    # -------------------------------------------------------------------------------- signing in

    async def _sign_in(self, stale: str = "") -> str:
        """The session cookie, or "" to go on with Basic. ``stale``: the cookie that was just refused."""
        async with self._signing_in:
            self._stop_if_rejected()
            if stale and self._cookie == stale:
                self._cookie = ""
                self._left.ended(stale)
            if self._cookie:
                return self._cookie
            for cookie in self._left.to_end():  # of a process that was killed
                await self._end(cookie)
            now = asyncio.get_running_loop().time()
            if now >= self._basic_until and self._left.may_begin:
                self._cookie = await self._begin()
            return self._cookie

    async def _begin(self) -> str:
        await self._basic_pace.turn(urgent=True)
        self._left.beginning()  # before a byte leaves: whoever is killed now leaves one behind, too
        try:
            reply = await self._http.request(
                "POST", "/xmlapi/session/begin", body="", headers=_XML, basic_auth=True, command=True
            )
        except DriverError as error:
            if error.sent:
                self._by_basic_for(self._left.doubtful())
            else:
                self._left.not_begun()
            raise
        except BaseException:  # cancelled: the unit may have begun one all the same
            self._by_basic_for(self._left.doubtful())
            raise
        return self._session_of(reply)

    def _by_basic_for(self, seconds: float) -> None:
        self._basic_until = max(self._basic_until, asyncio.get_running_loop().time() + seconds)

    async def _set_aside(self, cookie: str) -> None:
        async with self._signing_in:
            if self._cookie == cookie:
                self._cookie = ""
                self._by_basic_for(RETRY_SESSION)
                await self._end(cookie)

    def _session_of(self, reply: Reply) -> str:
        for name, value in reply.cookies.items():
            if name.endswith("SessionId") and _COOKIE.fullmatch(f"{name}={value}") and 200 <= reply.status < 300:
                cookie = f"{name}={value}"
                self._left.begun(cookie)
                return cookie
        if (200 <= reply.status < 300 and not reply.is_web_page) or (reply.status >= 500 and reply.status != 503):
            self._by_basic_for(self._left.doubtful())  # a session that nobody told us the name of
        else:
            self._left.not_begun()
        if reply.status == 401:
            self._reject()
        if reply.status in (404, 405) or (_is_sign_in(reply) and reply.status >= 300):
            # TC answers with its login page. Cisco states the limit of one request a second for RoomOS only.
            self._basic_until = math.inf
            self._basic_pace = Pace(5, burst=2)
            return ""
        if 200 <= reply.status < 400 or reply.status in (429, 503):
            # Too busy, or all sessions are taken, or something odd answers: Basic may still work, slowly.
            self._by_basic_for(RETRY_SESSION)
            return ""
        self._judge(reply)
        raise UnexpectedReply(f"The unit answered HTTP {reply.status} to a session request.", sent=False)

    def _reject(self) -> None:
        self._rejected = (
            f"The unit refused the user name or password (account {self._account!r}). It is not tried again until the "
            "credential changes: newer units lock the account after five wrong passwords. An account that is locked "
            "already, or that Webex registration removed, looks the same."
        )

    def _stop_if_rejected(self) -> None:
        if self._rejected:
            raise CredentialsRejected(self._rejected)

    # -------------------------------------------------------------------------------- what a status means

    def _judge(self, reply: Reply) -> None:
        """Raises for anything but a usable 2xx."""
        status = reply.status
        if status == 401:
            self._reject()
            self._stop_if_rejected()
        if 200 <= status < 400 and (reply.is_web_page or status >= 300):
            what = "its sign-in page" if _is_sign_in(reply) else "a web page" if status < 300 else f"HTTP {status}"
            raise UnexpectedReply(
                f"The unit answered with {what} instead of XML: something else may answer at its address, or it may be "
                "starting, or its web interface may be set to refuse this.",
                sample=sample(reply.text),
            )
        if 200 <= status < 300:
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


def _is_sign_in(reply: Reply) -> bool:
    """A redirect to a sign-in page, or that page itself. It says nothing of the password: portals show one, too."""
    if 300 <= reply.status < 400:
        target = reply.headers.get("Location", "")[:500].lower()
        return "signin" in target or "login" in target
    if reply.status == 200 and reply.is_web_page:
        page = reply.text[:20_000].lower()
        return any(word in page for word in ("signin", "sign in", "login", "log in"))
    return False


def _retry_after(reply: Reply) -> timedelta:
    return foreign.retry_after(reply.headers.get("Retry-After", ""))
