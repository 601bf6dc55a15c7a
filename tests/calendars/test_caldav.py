"""CalDAV: names, refusals and incomplete answers; against Radicale, and against a server that answers as told."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from aiohttp import web

from connector.calendars.base import MemoryState, NoWebhooks, SourceContext
from connector.calendars.caldav import CaldavSource, plug
from connector.calendars.caldav_http import join, trusted
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable, UserError
from connector.model import Snapshot
from tests.calendars.ics_text import vcalendar, vevent, window
from tests.calendars.radicale_server import ACCOUNT, OTHER, PASSWORD, RadicaleServer
from tests.support import patience
from tests.support.servers import drip, raw_server

TUESDAY = window("2026-11-10", "2026-11-11")
A = vcalendar(vevent("a", "20261110T100000Z", "20261110T110000Z"))


def open_source(url: str, password: str = PASSWORD, **more: timedelta) -> CaldavSource:
    return CaldavSource(url, ACCOUNT, password, **more)  # type: ignore[arg-type]  # only timedeltas are passed on


async def refused(source: CaldavSource, calendar: str) -> CalendarError:
    with pytest.raises(CalendarError) as caught:
        await source.read(calendar, TUESDAY)
    message = str(caught.value)
    assert message.endswith(".")
    assert PASSWORD not in message
    return caught.value


# ------------------------------------------------------------------------------------ Radicale


@pytest.mark.parametrize("segment", ["Board room", "50%", "Größe", "semi;colon", "a+b@c"])
async def test_special_characters_in_names(radicale: RadicaleServer, segment: str) -> None:
    path = await radicale.make_calendar(segment, name=f"O'Neil's <{segment}> / 2nd floor & more")
    await radicale.put(f"{path}a.ics", A)
    async with open_source(radicale.url) as source:
        for calendar in (path, radicale.url.rstrip("/") + path, f"O'Neil's <{segment}> / 2nd floor & more"):
            assert len((await source.read(calendar, TUESDAY)).events) == 1


async def test_a_calendar_by_its_last_segment_or_unescaped_path(radicale: RadicaleServer) -> None:
    path = await radicale.make_calendar("plain name", name="Shown name")
    await radicale.put(f"{path}a.ics", A)
    async with open_source(radicale.url) as source:
        for calendar in ("plain name", f"/{ACCOUNT}/plain name/", f"{ACCOUNT}/plain name/"):
            assert len((await source.read(calendar, TUESDAY)).events) == 1


async def test_forbidden_missing_and_no_calendar(radicale: RadicaleServer) -> None:
    theirs = await radicale.make_calendar("theirs", account=OTHER)
    ours = await radicale.make_calendar("ours")
    await radicale.put(f"{ours}a.ics", A)
    async with open_source(radicale.url) as source:
        assert "403" in str(await refused(source, theirs))
        assert isinstance(await refused(source, f"/{ACCOUNT}/none/"), AccessDenied)
        unknown = await refused(source, "hours")
        assert isinstance(unknown, AccessDenied)
        assert "it does see: ours" in str(unknown)
        assert "not a calendar" in str(await refused(source, f"{ours}a.ics"))
        assert "another server" in str(await refused(source, "http://elsewhere.example.org/rooms/ours/"))
        assert len((await source.read(ours, TUESDAY)).events) == 1  # the others lose nothing


async def test_a_wrong_password(radicale: RadicaleServer) -> None:
    ours = await radicale.make_calendar("locked")
    async with open_source(radicale.url, password="not-it") as source:
        assert isinstance(await refused(source, ours), CredentialsRejected)


# ------------------------------------------------------------------------------------ as told


Answer = Callable[[web.BaseRequest, str], web.Response | None]


class ToldServer:
    """Answers every PROPFIND and REPORT as the test says; records them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []  # method, path, Authorization
        self.answer: Answer = lambda request, body: None
        self.url = ""
        self._runner = web.ServerRunner(web.Server(self._serve), shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append((request.method, request.raw_path, request.headers.get("Authorization", "")))
        body = await request.text()
        return self.answer(request, body) or calendar_answer(request, body)


@pytest.fixture
async def told() -> AsyncIterator[ToldServer]:
    async with ToldServer() as server:
        yield server


def multistatus(*responses: str, status: int = 207) -> web.Response:
    body = (
        '<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
        f'xmlns:S="http://calendarserver.org/ns/">{"".join(responses)}</D:multistatus>'
    )
    return web.Response(status=status, body=body.encode(), content_type="application/xml")


def response(href: str, properties: str = "", status: str = "200 OK", whole: str = "") -> str:
    state = f"<D:status>HTTP/1.1 {whole}</D:status>" if whole else ""
    found = f"<D:propstat><D:prop>{properties}</D:prop><D:status>HTTP/1.1 {status}</D:status></D:propstat>"
    return f"<D:response><D:href>{href}</D:href>{state or found}</D:response>"


CALENDAR = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"


def item(href: str, data: bytes = A) -> str:
    return response(href, f"<C:calendar-data>{data.decode()}</C:calendar-data>")


def calendar_answer(request: web.BaseRequest, body: str) -> web.Response:
    if request.method == "REPORT":
        return multistatus(item("/cal/a.ics"))
    return multistatus(response(request.raw_path, CALENDAR))


async def read(source: CaldavSource) -> Snapshot:
    return await source.read("/cal/", TUESDAY)


async def test_a_refused_password_is_sent_once_by_all_rooms_together(told: ToldServer) -> None:
    def no(request: web.BaseRequest, body: str) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})

    told.answer = no
    async with open_source(told.url, poll_every=timedelta(seconds=0.05)) as source:
        source.watch("/cal/1/")
        results = await asyncio.gather(*(source.read(f"/cal/{n}/", TUESDAY) for n in range(10)), return_exceptions=True)
        assert all(isinstance(result, CredentialsRejected) for result in results)
        await asyncio.sleep(0.3)  # six polls
    expected = "Basic " + base64.b64encode(f"{ACCOUNT}:{PASSWORD}".encode()).decode()
    assert [authorization for _, _, authorization in told.asked] == [expected]


@pytest.mark.parametrize(
    ("answer", "kind", "word"),
    [
        (lambda: web.Response(status=403), AccessDenied, "403"),
        (lambda: web.Response(status=404), AccessDenied, "404"),
        (lambda: web.Response(status=500), SourceUnavailable, "500"),
        (lambda: web.Response(status=429), RateLimited, "wait"),
        (lambda: web.Response(status=503, headers={"Retry-After": "9"}), RateLimited, "wait"),
        (
            lambda: web.Response(text="<html>Log in</html>", content_type="text/html"),
            SourceUnavailable,
            "check the url",
        ),
        (lambda: web.Response(status=207, text="<html/>", content_type="text/html"), SourceUnavailable, "listing"),
        (lambda: web.Response(status=207, text="", content_type="text/xml"), SourceUnavailable, "listing"),
        (lambda: web.Response(status=207, text="<D:x", content_type="text/xml"), SourceUnavailable, "XML"),
        (lambda: web.Response(status=302, headers={"Location": "/other"}), SourceUnavailable, "redirects"),
        (lambda: multistatus(item("/cal/a.ics"), response("/cal/", whole="507 Full")), SourceUnavailable, "507"),
    ],
)
async def test_what_is_no_whole_listing(
    told: ToldServer, answer: Callable[[], web.Response], kind: type[CalendarError], word: str
) -> None:
    def only_reports(request: web.BaseRequest, body: str) -> web.Response | None:
        return answer() if request.method == "REPORT" else None

    told.answer = only_reports
    async with open_source(told.url) as source:
        error = await refused(source, "/cal/")
        assert type(error) is kind
        assert word in str(error)
        if isinstance(error, RateLimited):
            assert error.retry_after in (timedelta(seconds=9), timedelta(minutes=1))
        told.answer = lambda request, body: None
        assert len((await read(source)).events) == 1


@pytest.mark.parametrize("path", ["/cal/o'neil/", "/cal/a%2Fb/", "/cal/%40x/", "/cal/a%27b/"])
async def test_paths_are_asked_for_as_they_are_written(told: ToldServer, path: str) -> None:
    """What Radicale does not let us create: a slash inside a name, an apostrophe in a path."""
    async with open_source(told.url) as source:
        assert len((await source.read(path, TUESDAY)).events) == 1
    assert {asked for _, asked, _ in told.asked} == {path}


async def test_a_server_that_never_finishes() -> None:
    drips = partial(drip, status=b"207 Multi-Status")
    async with (
        raw_server(drips) as url,
        open_source(url, deadline=timedelta(seconds=0.5)) as source,
        patience.timeout(10),
    ):
        assert "within" in str(await refused(source, "/cal/"))


async def test_items_that_the_server_does_not_give_are_named(told: ToldServer) -> None:
    second = vcalendar(vevent("b", "20261110T120000Z", "20261110T130000Z"))
    async with open_source(told.url) as source:
        told.answer = lambda r, b: multistatus(item("/a"), item("/b", second)) if r.method == "REPORT" else None
        assert len((await read(source)).events) == 2
        for broken in (
            response("/b", "<C:calendar-data/>", "403 Forbidden"),
            response("/b", whole="500 Broken"),
            item("/b", second[:-20]),
        ):
            told.answer = lambda r, b, x=broken: multistatus(item("/a"), x) if r.method == "REPORT" else None  # type: ignore[misc]  # default binds the loop variable
            snapshot = await read(source)
            assert [e.series_uid for e in snapshot.events] == ["a"]
            assert [u.series_uid for u in snapshot.unreadable] == ["b"]
        gone = response("/b", whole="404 Not Found")
        told.answer = lambda r, b: multistatus(item("/a"), gone) if r.method == "REPORT" else None
        assert (await read(source)).unreadable == ()


async def test_an_unchanged_ctag_saves_the_listing_until_the_window_leaves_it(told: ToldServer) -> None:
    told.answer = lambda r, b: (
        multistatus(response("/cal/", CALENDAR + "<S:getctag>7</S:getctag>")) if r.method == "PROPFIND" else None
    )

    def reports() -> int:
        return sum(method == "REPORT" for method, *_ in told.asked)

    async with open_source(told.url) as source:
        for _ in range(3):
            await read(source)
        assert reports() == 1
        await source.read("/cal/", window("2026-11-12", "2026-11-13"))
        assert reports() == 1
        await source.read("/cal/", window("2026-11-13", "2026-11-14"))
        assert reports() == 2


async def test_the_rooms_answer_is_found_by_the_owner_of_the_calendar(told: ToldServer) -> None:
    declined = vcalendar(vevent("a", "20261110T100000Z", "", "ATTENDEE;PARTSTAT=DECLINED:mailto:Board@Example.org"))

    def answer(request: web.BaseRequest, body: str) -> web.Response | None:
        if request.method == "REPORT":
            return multistatus(item("/cal/a.ics", declined))
        if "D:owner" in body:
            return multistatus(response("/cal/", "<D:owner><D:href>/principals/board</D:href></D:owner>"))
        if "calendar-user-address-set" in body:
            hrefs = "<D:href>/principals/board</D:href><D:href>mailto:board@example.org</D:href>"
            return multistatus(response("/x", f"<C:calendar-user-address-set>{hrefs}</C:calendar-user-address-set>"))
        return None

    told.answer = answer
    async with open_source(told.url) as source:
        assert (await read(source)).events[0].declined


@pytest.mark.parametrize(
    ("url", "yes"),
    [
        ("https://caldav.example.org/x", True),
        ("https://p12-caldav.example.org/x", True),
        ("https://caldav.example.org:8443/x", False),
        ("http://caldav.example.org/x", False),
        ("https://example.com/x", False),
        ("https://evilexample.org/x", False),
    ],
)
def test_where_the_password_may_go(url: str, yes: bool) -> None:
    assert trusted("https://caldav.example.org/dav/", url) is yes


def test_a_sibling_needs_a_parent_of_two_labels() -> None:
    assert not trusted("https://example.org/", "https://other.org/")


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/a b/ö'c/", "https://dav.example.org/a%20b/%C3%B6'c/"),
        ("/a%2Fb/", "https://dav.example.org/a%2Fb/"),
        ("calendars/x/", "https://dav.example.org/root/calendars/x/"),
    ],
)
def test_addresses_as_people_write_them(path: str, url: str) -> None:
    assert join("https://dav.example.org/root/", path) == url


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_authorities_that_cannot_be_used_are_a_sentence(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    context = SourceContext("office", str, tmp_path, MemoryState(), NoWebhooks(), lambda *_, **__: None)
    options = {"url": "https://dav.example.org/", "username": "rooms", "password": "env:X", "ca_file": "ca.pem"}
    with pytest.raises(UserError, match=r"ca_file .*ca\.pem cannot be read, or holds no certificate"):
        plug(options, context)
