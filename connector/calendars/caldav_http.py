"""WebDAV requests to one CalDAV server (RFC 4918, RFC 4791): by httpx2, read by lxml.

A listing is complete or an error is raised. A refused password is sent once. Bodies are bounded, and parsed in threads.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import httpx2
from lxml import etree

from connector.calendars.bounded import body
from connector.calendars.ics_web import cause
from connector.calendars.service_words import retry_after, whole_number
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable

DAV = "{DAV:}"
CAL = "{urn:ietf:params:xml:ns:caldav}"
CTAG = "{http://calendarserver.org/ns/}getctag"
_MOST_TAGS = 1_000_000  # each costs 250 bytes of memory, however short it is; a listing of 10,000 events has 250,000
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

    After a refused login nothing is sent any more. ``off_loop`` runs what grows with an answer, in a thread.
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
        off_loop: Callable[[Callable[[], list[Resource]]], Any],
    ) -> None:
        self.url = url
        self._deadline = deadline
        self._slots = asyncio.Semaphore(concurrency)
        self._login = asyncio.Lock()  # until the first success requests go one by one: a wrong password is sent once
        self._proven = False
        self._rejected = False
        self._off_loop = off_loop
        self._client = httpx2.AsyncClient(
            auth=httpx2.DigestAuth(username, password) if auth == "digest" else httpx2.BasicAuth(username, password),
            verify=ssl.create_default_context(cafile=ca_file),
            timeout=httpx2.Timeout(deadline.total_seconds()),
            # A redirect can lead from https to http, and turns REPORT into GET: its target belongs into connector.toml.
            follow_redirects=False,
            headers={"User-Agent": "room-system-connector", "Accept": "text/xml, application/xml"},
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def propfind(self, url: str, depth: Literal[0, 1], *names: str) -> list[Resource]:
        """Names in Clark notation. The resource itself comes first."""
        wanted = "".join(f"<{_prefixed(name)}/>" for name in names)
        body = f'<?xml version="1.0" encoding="utf-8"?><D:propfind {_CLOSED}><D:prop>{wanted}</D:prop></D:propfind>'
        return await self.request("PROPFIND", url, depth, body)

    async def report(self, url: str, inner: str) -> list[Resource]:
        """A calendar-query; ``inner`` is its content, with the prefixes D and C."""
        body = f'<?xml version="1.0" encoding="utf-8"?><C:calendar-query {_CLOSED}>{inner}</C:calendar-query>'
        return await self.request("REPORT", url, 1, body)

    async def request(self, method: str, url: str, depth: int, content: str) -> list[Resource]:
        """Raises a CalendarError for everything but a whole multistatus."""
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                async with self._slots if self._proven else self._login:
                    return await self._request(method, url, depth, content)
        except TimeoutError as error:
            seconds = self._deadline.total_seconds()
            raise SourceUnavailable(f"{self._name} did not answer whole within {seconds:.0f} seconds.") from error

    async def _request(self, method: str, url: str, depth: int, content: str) -> list[Resource]:
        if self._rejected:
            raise CredentialsRejected(
                f"{self._name} refused the user name and password; they are not sent again until they change."
            )
        headers = {"Depth": str(depth), "Content-Type": 'application/xml; charset="utf-8"'}
        try:
            request = self._client.build_request(method, url, content=content.encode(), headers=headers)
            response = await self._client.send(request, stream=True)
            try:
                refused = self._refusal(response)
                answer = b"" if refused else await body(response, self._answer_name)
            finally:
                await response.aclose()
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise SourceUnavailable(f"{self._name} {cause(error, ': name its authority with ca_file')}.") from error
        if refused is not None:
            raise refused
        self._proven = True
        resources: list[Resource] = await self._off_loop(lambda: list(self._resources(answer)))
        return resources

    @property
    def _name(self) -> str:
        parts = urlsplit(self.url)
        return f"The CalDAV server {parts.hostname}"

    @property
    def _answer_name(self) -> str:
        return f"The answer of the CalDAV server {urlsplit(self.url).hostname}"

    def _refusal(self, response: httpx2.Response) -> CalendarError | None:
        """What the status says; None for a listing."""
        status = response.status_code
        if status == 207:
            return None
        if status == 401:
            self._rejected = True
            return CredentialsRejected(f"{self._name} refused the user name and password.")
        self._proven = True
        if status == 429 or (status == 503 and "Retry-After" in response.headers):
            wait = retry_after(response.headers.get("Retry-After"))
            return RateLimited(f"{self._name} asks to wait (HTTP {status}).", retry_after=wait)
        if 300 <= status < 400:
            return SourceUnavailable(f"{self._name} redirects: put the address that it redirects to into url.")
        if status == 403:
            return AccessDenied(f"{self._name} answers 403 (forbidden): share the calendar with this account, to read.")
        if status in (404, 410):
            return AccessDenied(
                f"{self._name} answers {status} (not found): the calendar's path is wrong or not shared."
            )
        return SourceUnavailable(
            f"{self._name} answers HTTP {status} where a CalDAV listing was expected: check the url of the source."
        )

    def _resources(self, answer: bytes) -> Iterator[Resource]:
        try:
            if answer.count(b"<") > _MOST_TAGS:
                raise SourceUnavailable(f"{self._name} sends more than {_MOST_TAGS:,} XML tags; it was not read.")
            tree = etree.fromstring(answer, _parser()) if answer.strip() else None
        except etree.LxmlError:
            raise SourceUnavailable(f"{self._name} sent XML that is broken or cut off.") from None
        if tree is None or tree.tag != f"{DAV}multistatus":
            raise SourceUnavailable(f"{self._name} did not answer with a CalDAV listing: check the url of the source.")
        for response in tree.findall(f"{DAV}response"):
            resource = _resource(response)
            if resource.status == 507:
                raise SourceUnavailable(f"{self._name} cut its listing short (507): too many items in the window.")
            yield resource


def _parser() -> etree.XMLParser:
    """Entities stand for nothing here: they can multiply without end, and name files."""
    return etree.XMLParser(resolve_entities=False, no_network=True)


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
    parts = (line or "").split(maxsplit=2)
    found = whole_number(parts[1], highest=999) if len(parts) > 1 else None
    return default if found is None else found


def _prefixed(name: str) -> str:
    return name.replace(DAV, "D:").replace(CAL, "C:").replace("{http://calendarserver.org/ns/}", "S:")


def join(base: str, path: str) -> str:
    """An address as people write it or servers return it, on ``base``; escapes that are there stay as they are.

    What is no address at all is one that nobody trusts.
    """
    try:
        return urljoin(base, quote(path, safe="/%:?&=~@!$'()*+,;-._", errors="replace"))
    except ValueError:  # as http://[
        return ""


def trusted(base: str, url: str) -> bool:
    """The password goes to the server that was named, or to a sibling of it (as p12-caldav.icloud.com) over https."""
    try:
        return _is_sibling(urlsplit(base), urlsplit(url))
    except ValueError:  # a port that is no number, half an IPv6 address
        return False


def _is_sibling(one: SplitResult, other: SplitResult) -> bool:
    if (one.scheme, one.hostname, _port(one)) == (other.scheme, other.hostname, _port(other)):
        return True
    parent = (one.hostname or "").partition(".")[2]
    usual = (other.scheme, _port(other)) == (one.scheme, _port(one)) == ("https", 443)
    return usual and "." in parent and (other.hostname or "").endswith("." + parent)


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)
