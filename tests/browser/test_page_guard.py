"""What a page elsewhere, or a mistake, can and cannot make the demo do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from connector.demo.loopback_server import serve
from connector.demo.page import build_app
from connector.errors import UserError

from .conftest import Site

JSON = {"Content-Type": "application/json"}
PRESS = json.dumps({"booking_id": "41"})


async def post(site: Site, path: str, body: str, headers: dict[str, str]) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.post(f"{site.url}{path}", data=body, headers=headers) as got:
        text = await got.text()
        return got.status, json.loads(text)["error"] if text and got.status >= 400 else text


async def test_the_page_itself_may_press(site: Site) -> None:
    assert (await post(site, "api/rooms/room-1/join", PRESS, {**JSON, "Origin": site.origin}))[0] == 204
    assert site.backend.pressed == [("room-1", "41")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({**JSON}, 403),  # no origin at all
        ({**JSON, "Origin": "https://evil.example"}, 403),
        ({**JSON, "Origin": "null"}, 403),
        ({**JSON, "Origin": "http://evil.example", "Host": "evil.example"}, 403),  # a name that points to loopback
        ({"Content-Type": "text/plain", "Origin": "SELF"}, 415),  # what a form elsewhere can send
        ({"Content-Type": "application/x-www-form-urlencoded", "Origin": "SELF"}, 415),
    ],
)
async def test_other_pages_may_not(site: Site, headers: dict[str, str], status: int) -> None:
    headers = {name: value.replace("SELF", site.origin) for name, value in headers.items()}
    got, sentence = await post(site, "api/rooms/room-1/join", PRESS, headers)
    assert got == status and sentence.endswith(".")
    assert site.backend.pressed == []


async def test_reading_by_a_foreign_name_is_refused_too(site: Site) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{site.url}api/state", headers={"Host": "evil.example"}) as answer,
    ):
        assert answer.status == 403


async def test_headers_keep_other_content_out(site: Site) -> None:
    async with aiohttp.ClientSession() as session, session.get(site.url) as answer:
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        page = await answer.text()
    assert "http://" not in page and "https://" not in page  # no external asset


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("api/rooms/nowhere/join", PRESS, 404, "no room 'nowhere'"),
        ("api/rooms/room-1/join", json.dumps({"booking_id": "7"}), 409, "not on the screen"),
        ("api/rooms/room-1/join", "{", 422, "JSON"),
        ("api/rooms/room-1/events/add", json.dumps({"title": "", "in_minutes": 1, "minutes": 0}), 422, "minutes"),
    ],
)
async def test_mistakes_are_sentences(site: Site, path: str, body: str, status: int, words: str) -> None:
    got, sentence = await post(site, path, body, {**JSON, "Origin": site.origin})
    assert got == status
    assert words in sentence


async def test_a_body_without_a_length_is_refused(site: Site) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"{"

    headers = {**JSON, "Origin": site.origin}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{site.url}api/rooms/room-1/calendar", data=endless(), headers=headers) as answer,
    ):
        assert answer.status == 413


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "localhost.example"])
async def test_only_loopback_is_served(site: Site, host: str) -> None:
    with pytest.raises(UserError, match="loopback"):
        async with serve(build_app(site.backend), host, 0):
            raise AssertionError("served")


async def test_a_taken_port_is_a_sentence(site: Site) -> None:
    port = int(site.origin.rpartition(":")[2])
    with pytest.raises(UserError, match=f"port {port}"):
        async with serve(build_app(site.backend), "127.0.0.1", port):
            raise AssertionError("served")
