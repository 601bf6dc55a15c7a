"""Calendars behind an http(s) URL: conditional GET, bounded in time, size and redirects."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta

import httpx2

from connector.calendars.bounded import body
from connector.calendars.own_hosts import AllowedHosts, check, guard
from connector.calendars.service_words import retry_after
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable

_REDIRECTS = 5
_PHASE = timedelta(seconds=10)  # connect, each read, each write
_ACCEPT = "text/calendar, text/plain;q=0.5, */*;q=0.1"


def client(allowed: AllowedHosts | None = None) -> httpx2.AsyncClient:
    """Certificates are verified. Redirects are followed by us, to refuse the way from https to http.

    No name leads to this machine, but for ``allowed``.
    """
    made = httpx2.AsyncClient(
        timeout=httpx2.Timeout(_PHASE.total_seconds()),
        limits=httpx2.Limits(max_connections=32, max_keepalive_connections=16),
        follow_redirects=False,
    )
    return guard(made, allowed or AllowedHosts())


def url_of(calendar: str, *, allow_http: bool) -> httpx2.URL:
    """Raises SourceUnavailable for what may not be fetched. webcal: is what calendar programs call https."""
    try:
        url = httpx2.URL(calendar)
    except (httpx2.InvalidURL, ValueError) as error:
        raise SourceUnavailable("The calendar's address is not a URL: check the calendar column.") from error
    if url.scheme in ("webcal", "webcals"):
        url = url.copy_with(scheme="https")
    if url.scheme == "http" and not allow_http:
        raise SourceUnavailable(
            f"The calendar at {shown(url)} has an http address, which anyone on the way can read and change. "
            "Use https, or set allow_http = true for this source."
        )
    return url


def shown(url: httpx2.URL) -> str:
    """Host and port only: the path of a private calendar is its secret."""
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{url.host}{port}/…"


class WebCalendar:
    """One URL, asked again only for what changed."""

    def __init__(
        self,
        url: httpx2.URL,
        http: httpx2.AsyncClient,
        *,
        size_limit: int,
        deadline: timedelta,
        allow_http: bool = False,
        auth: httpx2.BasicAuth | None = None,
        allowed: AllowedHosts | None = None,
    ) -> None:
        self._allowed = allowed or AllowedHosts()
        self._url = url
        self._http = http
        self._size_limit = size_limit
        self._deadline = deadline
        self._allow_http = allow_http
        self._auth = auth
        self._validators: dict[str, str] = {}  # for the next request
        self._offered: dict[str, str] = {}  # by the last answer, not yet known to be good
        self._digest: bytes | None = None
        self.charset: str | None = None  # of the last content
        self.rejected = False  # the server refused the credentials: nobody asks again by himself

    @property
    def name(self) -> str:
        return f"The calendar at {shown(self._url)}"

    async def fetch(self) -> bytes | None:
        """The content, None when it is what the last call gave. Raises a CalendarError."""
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                content = await self._fetch()
        except TimeoutError as error:
            raise SourceUnavailable(
                f"{self.name} did not answer whole within {self._deadline.total_seconds():.0f} seconds."
            ) from error
        except httpx2.HTTPError as error:
            raise SourceUnavailable(f"{self.name} {cause(error)}.") from error
        except CredentialsRejected:
            self.rejected = True
            raise
        self.rejected = False
        return content

    def accepted(self) -> None:
        """The content proved good: from now on ask only for changes."""
        self._validators = self._offered

    def refused(self) -> None:
        """The content proved bad: the server must not answer that nothing changed since the last good one."""
        self._validators = {}

    def forget(self) -> None:
        """The content was not looked at: the next ``fetch`` gives it again."""
        self._validators, self._digest = {}, None

    async def _fetch(self) -> bytes | None:
        request = self._http.build_request("GET", self._url, headers={"Accept": _ACCEPT, **self._validators})
        for _ in range(_REDIRECTS + 1):
            check(request.url, self._url.host, self._allowed, self.name)
            at_home = (request.url.scheme, request.url.netloc) == (self._url.scheme, self._url.netloc)
            auth = self._auth if at_home else None  # the password goes nowhere else
            response = await self._http.send(request, stream=True, follow_redirects=False, auth=auth)
            try:
                if response.next_request is None:
                    return await self._content(response)
                request = self._redirected(response.next_request)
            finally:
                await response.aclose()
        raise SourceUnavailable(f"{self.name} redirects more than {_REDIRECTS} times: use its final address.")

    def _redirected(self, request: httpx2.Request) -> httpx2.Request:
        allowed = ("https", "http") if self._allow_http and self._url.scheme == "http" else ("https",)
        if request.url.scheme not in allowed:
            raise SourceUnavailable(f"{self.name} redirects to {shown(request.url)}, which is not https: not followed.")
        return request

    async def _content(self, response: httpx2.Response) -> bytes | None:
        if response.status_code == 304 and self._validators:
            return None
        if response.status_code != 200:
            raise self._refusal(response)
        content = await body(response, self.name, self._size_limit)
        headers = response.headers
        offered = {"If-None-Match": headers.get("ETag"), "If-Modified-Since": headers.get("Last-Modified")}
        # What cannot stand in a request's header is not sent back.
        self._offered = {n: value for n, value in offered.items() if value and value.isascii() and value.isprintable()}
        digest = hashlib.blake2b(content, digest_size=16).digest()
        if digest == self._digest:
            return None
        self._digest, self.charset = digest, response.charset_encoding
        return content

    def _refusal(self, response: httpx2.Response) -> CalendarError:
        status = response.status_code
        if status == 401:
            return CredentialsRejected(f"{self.name} asks for a user name and password, or refused the given ones.")
        if status == 403:
            return AccessDenied(f"{self.name} answers 403 (forbidden): share the calendar by its secret .ics address.")
        if status in (404, 410):
            return AccessDenied(
                f"{self.name} answers {status} (not found): the address is wrong, was renewed, or is no longer shared."
            )
        if status == 429:
            return RateLimited(
                f"{self.name} answers 429 (too many requests).",
                retry_after=retry_after(response.headers.get("Retry-After")),
            )
        return SourceUnavailable(f"{self.name} answers HTTP {status} instead of a calendar.")


PROXY_FAILS = "cannot be reached: the proxy that https_proxy in the environment names refuses or does not answer"


def cause(error: Exception, certificate_help: str = "") -> str:
    """What goes behind the name of the server in a sentence."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"has a certificate that cannot be verified{certificate_help}"
    if isinstance(error, httpx2.TimeoutException):
        return "did not answer in time"
    if isinstance(error, httpx2.ProxyError):
        return PROXY_FAILS
    if isinstance(error, httpx2.ConnectError):
        return "cannot be reached"
    if isinstance(error, httpx2.RemoteProtocolError):
        return "closed the connection before its answer was whole"
    return f"could not be read ({type(error).__name__})"
