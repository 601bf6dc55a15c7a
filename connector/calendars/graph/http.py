"""Requests to Microsoft Graph: a token, a turn, a deadline, a size; and errors by what the caller does next."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2

from connector.calendars.bounded import body as whole_body
from connector.calendars.graph.auth import Tokens
from connector.calendars.graph.limiter import AdaptiveLimiter
from connector.calendars.ics_web import cause
from connector.calendars.service_words import http_date, retry_after
from connector.errors import AccessDenied, CalendarError, SourceUnavailable

_PHASE = 10.0  # seconds: connect, each read, each write
_MOST_PAGES = 400
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{1,60}")
# Each request says so anew; without ImmutableId an id changes when the item moves to another folder.
PREFER = 'outlook.timezone="UTC", outlook.body-content-type="html", IdType="ImmutableId"'


class Gone(AccessDenied):
    """404 or 410: the mailbox, or the subscription, does not exist (any more)."""


class Conflict(SourceUnavailable):
    """409: it exists already."""


class BadRequest(SourceUnavailable):
    """400: the service does not know, or does not allow, what was asked for."""


class GraphHttp:
    """``base``: such as https://graph.microsoft.com/v1.0. ``deadline``: of a request, waiting for its turn left out."""

    def __init__(
        self,
        base: str,
        tokens: Tokens,
        *,
        ca_file: str | None,
        deadline: timedelta,
        limiter: AdaptiveLimiter | None = None,
    ) -> None:
        self.base = base.rstrip("/")
        self.tokens = tokens
        self.limiter = limiter or AdaptiveLimiter()
        self.expands = True  # False once the service refused a $expand
        self.clock_ahead: timedelta | None = None  # of the service against ours, from its last Date header
        self._deadline = deadline.total_seconds()
        self._client = httpx2.AsyncClient(
            verify=ssl.create_default_context(cafile=ca_file),
            timeout=httpx2.Timeout(_PHASE),
            limits=httpx2.Limits(max_connections=20, max_keepalive_connections=16),
            follow_redirects=False,
            headers={"User-Agent": "room-system-connector", "Prefer": PREFER, "Accept": "application/json"},
        )

    async def close(self) -> None:
        await self._client.aclose()
        self.tokens.close()

    async def listing(self, path: str, *, mailbox: str = "", denied: str = "") -> list[Any]:
        """All items of all pages, or a CalendarError. ``path`` starts with "/" and has its query."""
        url, items, seen = self.base + path, [], set[str]()
        while url:
            if url in seen or len(seen) >= _MOST_PAGES:
                raise SourceUnavailable("Microsoft Graph gave pages that lead in a circle; nothing of them is used.")
            seen.add(url)
            page = await self.request("GET", url, mailbox=mailbox, denied=denied)
            value = page.get("value")
            if not isinstance(value, list):
                raise SourceUnavailable("Microsoft Graph gave a page without its list; nothing of the others is used.")
            items += value
            url = self._next(page.get("@odata.nextLink"))
        return items

    async def expanded(self, path: str, expand: str, *, mailbox: str, denied: str) -> list[Any]:
        """A listing with $expand. Where the service refuses that, it is read without, now and from then on."""
        if self.expands:
            try:
                return await self.listing(f"{path}&$expand={quote(expand, safe='')}", mailbox=mailbox, denied=denied)
            except BadRequest:
                items = await self.listing(path, mailbox=mailbox, denied=denied)
                self.expands = False  # the rest of the request was good
                return items
        return await self.listing(path, mailbox=mailbox, denied=denied)

    def _next(self, link: object) -> str:
        """The token is sent to the address that was configured and to no other."""
        if link is None:
            return ""
        ours = urlsplit(self.base)
        try:
            theirs = urlsplit(link) if isinstance(link, str) else None
            same = theirs is not None and (theirs.scheme, theirs.netloc.lower()) == (ours.scheme, ours.netloc.lower())
        except ValueError:
            same = False
        if not same:
            raise SourceUnavailable("Microsoft Graph named a next page on another server; it is not followed.")
        return str(link)

    async def request(
        self, method: str, url: str, *, mailbox: str = "", body: Mapping[str, Any] | None = None, denied: str = ""
    ) -> dict[str, Any]:
        """The JSON of a 2xx answer, {} where it has none. ``url``: absolute, or a path behind ``base``.

        ``denied``: what a 403 means here and how it is cured. Raises a CalendarError, also Gone and Conflict.
        """
        url = self.base + url if url.startswith("/") else url
        async with self.limiter.turn(mailbox):
            token = await self.tokens.get()
            status, headers, content = await self._send(method, url, token, body)
            if status == 401:
                token = await self.tokens.get(instead_of=token)
                status, headers, content = await self._send(method, url, token, body)
        if status == 401:
            raise self.tokens.rejected(
                f"Microsoft Graph refuses the app's tokens, also a fresh one (401 {code_of(content)}): check that the"
                " app is not disabled and that cloud is the right one."
            )
        if not 200 <= status < 300:
            raise self._refusal(status, headers, content, mailbox, denied)
        self.limiter.succeeded(mailbox)
        return _json(content)

    async def _send(
        self, method: str, url: str, token: str, body: Mapping[str, Any] | None
    ) -> tuple[int, httpx2.Headers, bytes]:
        headers = {"Authorization": f"Bearer {token}"}
        request = self._client.build_request(method, url, headers=headers, json=body)
        try:
            async with asyncio.timeout(self._deadline):
                response = await self._client.send(request, stream=True)
                try:
                    content = await whole_body(response, "Microsoft Graph's answer")
                finally:
                    await response.aclose()
        except TimeoutError:
            raise SourceUnavailable(
                f"Microsoft Graph did not answer whole within {self._deadline:.3g} seconds."
            ) from None
        except httpx2.HTTPError as error:
            raise SourceUnavailable(f"Microsoft Graph {cause(error, ': name its authority with ca_file')}.") from None
        self._note_clock(response.headers.get("Date"))
        return response.status_code, response.headers, content

    def _note_clock(self, date: str | None) -> None:
        if (told := http_date(date)) is not None:
            self.clock_ahead = told - datetime.now(UTC)

    def _refusal(
        self, status: int, headers: httpx2.Headers, content: bytes, mailbox: str, denied: str
    ) -> CalendarError:
        code = code_of(content)
        if status == 429 or (status == 503 and "Retry-After" in headers):
            named = headers.get("Retry-After")
            return self.limiter.throttled(mailbox, retry_after(named) if named else None)
        if status == 403:
            return AccessDenied(f"Microsoft 365 does not allow this app to do that (403 {code}). {denied}".strip())
        if status in (404, 410):
            what = f"The mailbox {mailbox}" if mailbox else "What was asked for"
            return Gone(
                f"{what} does not exist in Exchange Online, or has no mailbox there (HTTP {status} {code}): "
                "check the calendar column."
            )
        if status == 409:
            return Conflict(f"Microsoft Graph says that it exists already (409 {code}).")
        kind = BadRequest if status == 400 else SourceUnavailable
        return kind(f"Microsoft Graph answers HTTP {status} {code}.".replace(" .", "."))


def mailbox_path(mailbox: str) -> str:
    """Slashes and signs in the address are data, not path. @ and the apostrophe may stand in a path as they are, and
    must where it is the resource of a subscription: nobody says that the service decodes that.
    """
    return "/users/" + quote(mailbox, safe="@'")


def view_path(mailbox: str, start: datetime, end: datetime) -> str:
    """Of calendarView; more of a query may follow."""
    first, last = (moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (start, end))
    return f"{mailbox_path(mailbox)}/calendarView?startDateTime={first}&endDateTime={last}"


def code_of(content: bytes) -> str:
    """Graph's error code, a word; its message is left out, as it may repeat what was asked."""
    try:
        code = json.loads(content)["error"]["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _json(content: bytes) -> dict[str, Any]:
    if not content:
        return {}
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise SourceUnavailable("Microsoft Graph gave an answer that is broken or cut off.") from None
    if not isinstance(value, dict):
        raise SourceUnavailable("Microsoft Graph gave an answer of an unknown form.")
    return value
