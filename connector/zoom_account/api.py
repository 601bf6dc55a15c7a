"""Zoom's REST API as a server-to-server OAuth app: what a room has to dial for a meeting of the account.

Scopes: ``meeting:read:meeting:admin``, and ``meeting:write:sip_dialing:admin`` for meetings without ``h323_password``.
The token lives an hour and has no refresh token (developers.zoom.us, internal apps). ``h323_password`` is the number
that a room system enters where the meeting's own passcode has letters; the SIP dialling call makes a whole URI.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx2

from connector.calendars.bounded import body
from connector.calendars.service_words import http_date, moment, seconds
from connector.errors import AccessDenied, CredentialsRejected, RateLimited, SourceUnavailable

_DEADLINE = 10.0  # seconds for one question, the token included
AT_ONCE = 4
_RENEW_BEFORE = 120.0  # seconds before a token ends
_WITHOUT_HINT = timedelta(seconds=30)  # after a 429 that does not say when
_SIZE_LIMIT = 2**20  # bytes of an answer, inflated: one is a few kilobytes
_NUMERIC = re.compile(r"\d{1,10}")
_SIP = re.compile(r"(?:sips?:)?(?P<address>[A-Za-z0-9._~!$&'*+=%-]{1,128}@[A-Za-z0-9.-]{1,253})")
_TOKEN = re.compile(r"[!-~]{1,8000}")  # what a header may carry
_NOT_OURS = frozenset({1001, 1010, 3000, 3001})  # no such host or meeting in this account, or a webinar
_SCOPE_MISSING = 4711


@dataclass(frozen=True, slots=True)
class RoomCode:
    """``passcode``: numeric. ``sip``: an address without scheme, good until ``sip_until``. Neither: none is needed."""

    passcode: str | None = field(default=None, repr=False)
    sip: str | None = field(default=None, repr=False)
    sip_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


class ZoomApi:
    """One account. Bounded: ``rate`` questions a second, each within 10 s. Not for several event loops."""

    def __init__(
        self,
        account_id: str,
        client_id: str,
        client_secret: str,
        *,
        api_url: str = "https://api.zoom.us/v2",
        login_url: str = "https://zoom.us/oauth/token",
        rate: float = 10.0,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self._account = account_id
        self._login = httpx2.BasicAuth(client_id, client_secret)
        self._api_url = api_url
        self._login_url = login_url
        self._http = http or httpx2.AsyncClient(timeout=5.0, follow_redirects=False)
        self._token = ""
        self._token_ends = 0.0  # on the loop's clock
        self._logging_in = asyncio.Lock()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._pause = 1 / rate
        self._next = 0.0

    def __repr__(self) -> str:
        return f"ZoomApi({self._api_url!r})"

    async def close(self) -> None:
        await self._http.aclose()

    async def room_code(self, meeting_id: str) -> RoomCode | None:
        """None when the account has no such meeting.

        Raises CredentialsRejected, AccessDenied (a scope is missing), RateLimited or SourceUnavailable.
        """
        try:
            async with self._slots, asyncio.timeout(_DEADLINE):
                return await self._room_code(quote(meeting_id, safe=""))
        except TimeoutError:
            raise SourceUnavailable(f"Zoom did not answer within {_DEADLINE:.0f} s.") from None
        except httpx2.HTTPError as error:
            raise SourceUnavailable(f"Zoom cannot be reached ({type(error).__name__}).") from None

    async def check(self) -> None:
        """Log in, for the doctor. Raises as ``room_code``."""
        try:
            async with asyncio.timeout(_DEADLINE):
                await self._access_token()
        except TimeoutError:
            raise SourceUnavailable(f"Zoom did not answer within {_DEADLINE:.0f} s.") from None
        except httpx2.HTTPError as error:
            raise SourceUnavailable(f"Zoom cannot be reached ({type(error).__name__}).") from None

    async def _room_code(self, meeting: str) -> RoomCode | None:
        found = await self._ask("GET", f"/meetings/{meeting}")
        if found is None:
            return None
        for name in ("h323_password", "password"):
            if _NUMERIC.fullmatch(str(found.get(name) or "")):
                return RoomCode(passcode=str(found[name]))
        if not found.get("password"):
            return RoomCode()
        made = await self._ask("POST", f"/meetings/{meeting}/sip_dialing", {"passcode": str(found["password"])})
        return None if made is None else _sip_code(made)

    # -------------------------------------------------------------------------------- one question

    async def _ask(self, method: str, path: str, content: Mapping[str, str] | None = None) -> dict[str, Any] | None:
        token = await self._access_token()
        answer = await self._send(method, path, content, token)
        if answer.status == 401:  # the token was revoked, or another process of ours made Zoom forget it
            if self._token == token:  # else another question has a new one already
                self._token = ""
            answer = await self._send(method, path, content, await self._access_token())
        return _judged(answer)

    async def _send(self, method: str, path: str, content: Mapping[str, str] | None, token: str) -> _Answer:
        await self._turn()
        headers = {"Authorization": f"Bearer {token}"}
        request = self._http.build_request(method, f"{self._api_url}{path}", headers=headers, json=content)
        return await self._answer(request)

    async def _answer(self, request: httpx2.Request, login: httpx2.BasicAuth | None = None) -> _Answer:
        response = await self._http.send(request, stream=True, auth=login)
        try:
            return _Answer(response.status_code, response.headers, await body(response, "Zoom's answer", _SIZE_LIMIT))
        finally:
            await response.aclose()

    async def _access_token(self) -> str:
        async with self._logging_in:
            now = asyncio.get_running_loop().time()
            if self._token and now < self._token_ends - _RENEW_BEFORE:
                return self._token
            form = {"grant_type": "account_credentials", "account_id": self._account}
            answer = await self._answer(self._http.build_request("POST", self._login_url, data=form), self._login)
            if answer.status in (400, 401, 403):
                raise CredentialsRejected(
                    "Zoom refuses account_id, client_id or client_secret; compare them with the page App Credentials"
                    " of the app at marketplace.zoom.us, and see that the app is activated."
                )
            tree = _judged(answer)
            token = tree.get("access_token") if tree is not None else None
            if tree is None or not isinstance(token, str) or not _TOKEN.fullmatch(token):
                raise SourceUnavailable("Zoom's login gave no token.")
            self._token = token
            life = seconds(tree.get("expires_in"))
            self._token_ends = now + (3600 if life is None else life)
            return self._token

    async def _turn(self) -> None:
        """Questions leave in a row, ``rate`` a second: Zoom counts them for the whole account."""
        loop = asyncio.get_running_loop()
        at = max(self._next, loop.time())
        self._next = at + self._pause
        await asyncio.sleep(at - loop.time())


def _judged(answer: _Answer) -> dict[str, Any] | None:
    """The body, or None for what the account does not have."""
    status = answer.status
    if status == 429:
        raise RateLimited("Zoom asks us to slow down.", retry_after=_retry_after(answer))
    if status >= 500:
        raise SourceUnavailable(f"Zoom answered {status}.")
    tree = _tree(answer)
    if status < 300:
        return tree
    code = tree.get("code") if isinstance(tree.get("code"), int) else None
    if code == _SCOPE_MISSING or status == 403:
        raise AccessDenied(
            "Zoom's app lacks a scope; add meeting:read:meeting:admin and meeting:write:sip_dialing:admin to it."
        )
    if status == 401:
        raise CredentialsRejected("Zoom does not accept the token that it gave; see that the app is activated.")
    if status == 404 or code in _NOT_OURS:
        return None
    raise SourceUnavailable(f"Zoom answered {status} (code {code}).")


def _tree(answer: _Answer) -> dict[str, Any]:
    try:
        tree = json.loads(answer.content)
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict):
        raise SourceUnavailable(f"Zoom's answer ({answer.status}) is not the JSON that it should be.")
    return tree


def _retry_after(answer: _Answer) -> timedelta:
    """Seconds; a day's limit names a moment, as ISO 8601 or as an HTTP date. At most a day."""
    text = answer.headers.get("retry-after", "")
    told, when = seconds(text), moment(text) or http_date(text)
    if told is None and when is not None:
        told = (when - datetime.now(UTC)).total_seconds()
    return timedelta(seconds=told) if told is not None and 0 < told < 86_400 else _WITHOUT_HINT


def _sip_code(made: Mapping[str, Any]) -> RoomCode | None:
    match = _SIP.fullmatch(str(made.get("sip_dialing") or ""))
    if match is None:
        return None
    told = seconds(made.get("expire_in"))
    life = timedelta(seconds=told) if told is not None and 0 < told < 1e8 else timedelta(hours=1)
    return RoomCode(sip=match["address"], sip_until=datetime.now(UTC) + life)
