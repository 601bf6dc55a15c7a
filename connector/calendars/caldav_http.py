"""WebDAV requests to one CalDAV server, through the caldav library's asynchronous client.

The library brings authentication and XML; what it leaves to its caller is strictness: here a listing is complete or
an error is raised, and a refused password is sent once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import httpx2
from caldav.async_davclient import AsyncDAVClient
from caldav.lib.error import AuthorizationError, DAVError, RateLimitError
from lxml import etree

from connector.calendars.ics_web import PROXY_FAILS, retry_after
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable

DAV = "{DAV:}"
CAL = "{urn:ietf:params:xml:ns:caldav}"
CTAG = "{http://calendarserver.org/ns/}getctag"
_CLOSED = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/"'


@dataclass(frozen=True, slots=True)
class Resource:
    """One response of a multistatus: an address as the server spells it, and what it told of it."""

    href: str
    status: int = 200  # of the whole resource
    properties: dict[str, etree._Element] = field(default_factory=dict, repr=False)  # those with status 200
    refused: dict[str, int] = field(default_factory=dict)  # the others, with their status

    def text(self, name: str) -> str:
        element = self.properties.get(name)
        return (element.text or "") if element is not None else ""

    def hrefs(self, name: str) -> list[str]:
        """Of properties that hold addresses."""
        element = self.properties.get(name)
        return [] if element is None else [(child.text or "").strip() for child in element.iter(f"{DAV}href")]


class CaldavHttp:
    """``deadline`` bounds each request as a whole, waiting for its turn included.

    After a refused login nothing is sent any more.
    """

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        auth: Literal["basic", "digest"],
        ca_file: str | None,
        deadline: timedelta,
        concurrency: int,
    ) -> None:
        self.url = url
        self._deadline = deadline
        self._slots = asyncio.Semaphore(concurrency)
        self._login = asyncio.Lock()  # until the first success requests go one by one: a wrong password is sent once
        self._proven = False
        self._rejected = False
        self._client = AsyncDAVClient(
            url=url,
            username=username,
            password=password,
            auth_type=auth,  # given, not negotiated: otherwise each request would be sent twice
            timeout=max(1, int(deadline.total_seconds())),
            ssl_verify_cert=ca_file or True,
            enable_rfc6764=False,
            rate_limit_handle=False,
            features={"http.multiplexing": {"support": "unsupported"}},  # else a refused password is sent again
        )
        # A redirect turns REPORT into GET and can lead from https to http: its target belongs into the configuration.
        self._client.session.max_redirects = 0

    async def close(self) -> None:
        await self._client.close()

    async def propfind(self, url: str, depth: Literal[0, 1], *names: str) -> list[Resource]:
        """Names in Clark notation. The resource itself comes first."""
        wanted = "".join(f"<{_prefixed(name)}/>" for name in names)
        body = f'<?xml version="1.0" encoding="utf-8"?><D:propfind {_CLOSED}><D:prop>{wanted}</D:prop></D:propfind>'
        return await self.request("PROPFIND", url, depth, body)

    async def report(self, url: str, inner: str) -> list[Resource]:
        """A calendar-query; ``inner`` is its content, with the prefixes D and C."""
        body = f'<?xml version="1.0" encoding="utf-8"?><C:calendar-query {_CLOSED}>{inner}</C:calendar-query>'
        return await self.request("REPORT", url, 1, body)

    async def request(self, method: str, url: str, depth: int, body: str) -> list[Resource]:
        """Raises a CalendarError for everything but a whole multistatus."""
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                async with self._slots if self._proven else self._login:
                    return await self._request(method, url, depth, body)
        except TimeoutError as error:
            seconds = self._deadline.total_seconds()
            raise SourceUnavailable(f"{self._name} did not answer whole within {seconds:.0f} seconds.") from error

    async def _request(self, method: str, url: str, depth: int, body: str) -> list[Resource]:
        if self._rejected:
            raise CredentialsRejected(
                f"{self._name} refused the user name and password; they are not sent again until they change."
            )
        headers = {"Depth": str(depth), "Content-Type": 'application/xml; charset="utf-8"'}
        try:
            response = await self._client.request(url, method, body, headers)
        except (DAVError, OSError, ValueError, httpx2.HTTPError, etree.LxmlError) as error:
            raise self._problem(error) from error
        self._proven = True
        if response.status != 207:
            raise self._refusal(response.status)
        return list(self._resources(response.tree))

    @property
    def _name(self) -> str:
        parts = urlsplit(self.url)
        return f"The CalDAV server {parts.hostname}"

    def _problem(self, error: Exception) -> CalendarError:
        if isinstance(error, RateLimitError):
            wait = retry_after(error.retry_after)
            return RateLimited(f"{self._name} asks to wait (HTTP {error.status or 429}).", retry_after=wait)
        if isinstance(error, AuthorizationError) and error.status == 401:
            self._rejected = True
            return CredentialsRejected(f"{self._name} refused the user name and password.")
        if isinstance(error, AuthorizationError):
            self._proven = True
            return self._refusal(403)
        if isinstance(error, etree.LxmlError):
            return SourceUnavailable(f"{self._name} sent XML that is broken or cut off.")
        kind = type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in str(error) or "SSL" in kind:
            return SourceUnavailable(
                f"{self._name} has a certificate that cannot be verified: name its authority with ca_file."
            )
        if kind == "ProxyError":
            return SourceUnavailable(f"{self._name} {PROXY_FAILS}.")
        if kind == "TooManyRedirects":
            return SourceUnavailable(f"{self._name} redirects: put the address that it redirects to into url.")
        return SourceUnavailable(f"{self._name} cannot be reached or broke off ({kind}).")

    def _refusal(self, status: int) -> CalendarError:
        if status == 403:
            return AccessDenied(f"{self._name} answers 403 (forbidden): share the calendar with this account, to read.")
        if status in (404, 410):
            return AccessDenied(
                f"{self._name} answers {status} (not found): the calendar's path is wrong or not shared."
            )
        return SourceUnavailable(
            f"{self._name} answers HTTP {status} where a CalDAV listing was expected: check the url of the source."
        )

    def _resources(self, tree: etree._Element | None) -> Iterator[Resource]:
        if tree is None or tree.tag != f"{DAV}multistatus":
            raise SourceUnavailable(f"{self._name} did not answer with a CalDAV listing: check the url of the source.")
        for response in tree.findall(f"{DAV}response"):
            resource = _resource(response)
            if resource.status == 507:
                raise SourceUnavailable(f"{self._name} cut its listing short (507): too many items in the window.")
            yield resource


def _resource(response: etree._Element) -> Resource:
    resource = Resource(
        (response.findtext(f"{DAV}href") or "").strip(), _status(response.findtext(f"{DAV}status"), 200)
    )
    for propstat in response.findall(f"{DAV}propstat"):
        status = _status(propstat.findtext(f"{DAV}status"), 200)
        for name in propstat.iterfind(f"{DAV}prop/*"):
            if status == 200:
                resource.properties[str(name.tag)] = name
            else:
                resource.refused[str(name.tag)] = status
    return resource


def _status(line: str | None, default: int) -> int:
    parts = (line or "").split()
    return int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else default


def _prefixed(name: str) -> str:
    return name.replace(DAV, "D:").replace(CAL, "C:").replace("{http://calendarserver.org/ns/}", "S:")


def join(base: str, path: str) -> str:
    """An address as people write it or servers return it, on ``base``; escapes that are there stay as they are."""
    return urljoin(base, quote(path, safe="/%:?&=~@!$'()*+,;-._"))


def trusted(base: str, url: str) -> bool:
    """The password goes to the server that was named, or to a sibling of it (as p12-caldav.icloud.com) over https."""
    one, other = urlsplit(base), urlsplit(url)
    if (one.scheme, one.hostname, _port(one)) == (other.scheme, other.hostname, _port(other)):
        return True
    parent = (one.hostname or "").partition(".")[2]
    usual = (other.scheme, _port(other)) == (one.scheme, _port(one)) == ("https", 443)
    return usual and "." in parent and (other.hostname or "").endswith("." + parent)


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)
