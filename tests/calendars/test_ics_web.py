"""URLs: refusals, redirects, half answers, and what is never said or sent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx2
import pytest
from aiohttp import web

from connector.calendars.ics import IcsSource
from connector.calendars.service_words import retry_after
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable
from tests.calendars.ics_text import vcalendar, vevent, window
from tests.calendars.web_server import WebServer
from tests.support import patience
from tests.support.certificates import issue
from tests.support.servers import drip, raw_server

TUESDAY = window("2026-11-10", "2026-11-11")
A = vcalendar(vevent("a", "20261110T100000Z", "20261110T110000Z"))
SECRET = "/private-3f9a/room.ics"


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[IcsSource]:
    async with IcsSource(tmp_path, allow_http=True, deadline=timedelta(seconds=patience.seconds(5))) as source:
        yield source


async def refused(source: IcsSource, url: str) -> CalendarError:
    """The error, after checking that it is a sentence without the secret part of the address."""
    with pytest.raises(CalendarError) as caught:
        await source.read(url, TUESDAY)
    message = str(caught.value)
    assert message.endswith(".")
    assert "private-3f9a" not in message
    assert "s3cret" not in message
    return caught.value


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (401, {"WWW-Authenticate": "Basic realm=x"}, CredentialsRejected),
        (403, {}, AccessDenied),
        (404, {}, AccessDenied),
        (410, {}, AccessDenied),
        (429, {"Retry-After": "17"}, RateLimited),
        (500, {}, SourceUnavailable),
        (503, {}, SourceUnavailable),
        (304, {}, SourceUnavailable),  # nobody asked for it
        (206, {}, SourceUnavailable),
    ],
)
async def test_refusals(
    source: IcsSource, server: WebServer, status: int, headers: dict[str, str], kind: type[CalendarError]
) -> None:
    server.answers[SECRET] = (status, headers, b"" if status == 304 else A)
    error = await refused(source, server.url + SECRET)
    assert type(error) is kind
    if isinstance(error, RateLimited):
        assert error.retry_after == timedelta(seconds=17)


async def test_a_web_page_instead_of_a_calendar(source: IcsSource, server: WebServer) -> None:
    server.files[SECRET] = b"<!DOCTYPE html><html><body>Log in</body></html>"
    assert "HTML" in str(await refused(source, server.url + SECRET))
    server.files[SECRET] = A
    assert len((await source.read(server.url + SECRET, TUESDAY)).events) == 1


async def test_after_a_bad_answer_the_last_good_one_is_not_taken_for_it(source: IcsSource, server: WebServer) -> None:
    server.files[SECRET] = A
    await source.read(server.url + SECRET, TUESDAY)
    server.files[SECRET] = A[:-20]
    for _ in range(2):
        assert "cut off" in str(await refused(source, server.url + SECRET))
    server.files[SECRET] = A
    assert len((await source.read(server.url + SECRET, TUESDAY)).events) == 1
    await source.read(server.url + SECRET, TUESDAY)
    assert server.not_modified >= 1


async def test_too_large(tmp_path: Path, server: WebServer) -> None:
    server.files[SECRET] = vcalendar("X-NOTHING:" + "x" * 10_000 + "\r\n")
    async with IcsSource(tmp_path, allow_http=True, size_limit=5_000) as source:
        assert "larger than" in str(await refused(source, server.url + SECRET))


async def test_http_needs_to_be_allowed(tmp_path: Path, server: WebServer) -> None:
    server.files[SECRET] = A
    async with IcsSource(tmp_path) as source:
        assert "allow_http" in str(await refused(source, server.url + SECRET))
    assert server.requests == []


async def test_half_of_what_was_announced(source: IcsSource) -> None:
    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(A) + 100) + A)

    async with raw_server(half) as url:
        assert "before its answer was whole" in str(await refused(source, url.rstrip("/") + SECRET))


async def test_an_answer_that_drips_is_cut_at_the_deadline(tmp_path: Path) -> None:
    soon = timedelta(seconds=0.5)
    source = IcsSource(tmp_path, allow_http=True, deadline=soon)
    async with raw_server(drip) as url, source, patience.timeout(5):
        assert "within" in str(await refused(source, url.rstrip("/") + SECRET))


async def test_nobody_listens(source: IcsSource, server: WebServer) -> None:
    assert "cannot be reached" in str(await refused(source, f"http://127.0.0.1:1{SECRET}"))
    assert "not a URL" in str(await refused(source, "http://x:port" + SECRET))


# ------------------------------------------------------------------------------------ redirects and passwords


def scripted(answers: dict[str, httpx2.Response]) -> tuple[httpx2.AsyncClient, list[httpx2.Request]]:
    asked: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return answers.get(str(request.url), httpx2.Response(200, content=A))

    return httpx2.AsyncClient(transport=httpx2.MockTransport(handle), follow_redirects=False), asked


def to(location: str) -> httpx2.Response:
    return httpx2.Response(302, headers={"Location": location})


async def test_redirects_are_followed_but_not_to_http(tmp_path: Path) -> None:
    start = "https://calendars.example.org/a"
    http, asked = scripted(
        {start: to("https://other.example.org/b"), "https://calendars.example.org/x": to("http://x/b")}
    )
    async with http, IcsSource(tmp_path, http=http, allow_http=True) as source:
        assert len((await source.read(start, TUESDAY)).events) == 1
        assert len(asked) == 2
        assert "not https" in str(await refused(source, "https://calendars.example.org/x"))
        assert len(asked) == 3


async def test_redirects_in_a_circle_end(tmp_path: Path) -> None:
    start = "https://calendars.example.org/a"
    http, asked = scripted({start: to("/b"), "https://calendars.example.org/b": to("/a")})
    async with http, IcsSource(tmp_path, http=http) as source:
        assert "redirects more than" in str(await refused(source, start))
    assert len(asked) < 10


async def test_the_password_stays_with_its_server(tmp_path: Path) -> None:
    start = "webcal://calendars.example.org/a"
    http, asked = scripted({"https://calendars.example.org/a": to("https://other.example.org/b")})
    async with http, IcsSource(tmp_path, http=http, auth=httpx2.BasicAuth("rooms", "s3cret")) as source:
        await source.read(start, TUESDAY)
    assert ["Authorization" in request.headers for request in asked] == [True, False]


async def test_a_refused_password_is_not_sent_again_by_itself(tmp_path: Path, server: WebServer) -> None:
    server.files[SECRET] = A
    url = server.url + SECRET
    soon = timedelta(seconds=0.05)
    async with IcsSource(tmp_path, allow_http=True, auth=httpx2.BasicAuth("r", "s3cret"), poll_every=soon) as source:
        source.watch(url)
        await source.read(url, TUESDAY)
        server.answers[SECRET] = (401, {"WWW-Authenticate": "Basic realm=x"}, b"")
        async with patience.timeout(5):
            while len([path for path, _ in server.requests if path == SECRET]) < 2:
                await asyncio.sleep(0.02)
        asked = len(server.requests)
        await asyncio.sleep(0.5)  # ten polls
        assert len(server.requests) <= asked + 1


# ------------------------------------------------------------------------------------ TLS


async def test_an_unknown_certificate_is_refused(tmp_path: Path, source: IcsSource) -> None:
    asked: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.append(request.path)
        return web.Response(body=A)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=issue("localhost").server_context()).start()
    try:
        port = runner.addresses[0][1]
        assert "certificate" in str(await refused(source, f"https://localhost:{port}{SECRET}"))
        assert asked == []
    finally:
        await runner.cleanup()


# ------------------------------------------------------------------------------------ small parts


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("2.128", 2.128), ("0", 1), ("-5", 1), ("nan", 60), ("inf", 60), ("soon", 60), (None, 60), ("1e9", 86400)],
)
def test_retry_after(value: str | None, seconds: float) -> None:
    assert retry_after(value) == timedelta(seconds=seconds)


def test_retry_after_as_a_date() -> None:
    wait = retry_after(format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True))
    assert timedelta(minutes=9) < wait <= timedelta(minutes=10)


async def test_leaving_ends_every_task_and_thread(tmp_path: Path, server: WebServer) -> None:
    server.files["/a"] = A
    async with IcsSource(tmp_path, allow_http=True) as source:
        source.watch("room")
        source.watch(server.url + "/a")
        await source.read(server.url + "/a", TUESDAY)
    assert [task for task in asyncio.all_tasks() if (task.get_name() or "").startswith("ics")] == []
    async with patience.timeout(10):
        while any(thread.name.startswith("ics") for thread in threading.enumerate()):
            await asyncio.sleep(0.02)
