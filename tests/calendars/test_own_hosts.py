"""B3: a calendar's address leads to no service of this machine, by no spelling, name or redirect, unless named."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connector.calendars.base import MemoryState, NoWebhooks, SourceContext
from connector.calendars.ics import IcsSource, plug
from connector.calendars.own_hosts import AllowedHosts, ForbiddenHost, check, kind_of
from connector.errors import SourceUnavailable, UserError
from tests.calendars.ics_text import vcalendar, vevent, window
from tests.calendars.web_server import WebServer
from tests.support import patience

TUESDAY = window("2026-11-10", "2026-11-11")
A = vcalendar(vevent("a", "20261110T100000Z", "20261110T110000Z"))

FORBIDDEN = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::1", "::ffff:0:127.0.0.1", "169.254.169.254", "169.254.0.1", "fe80::1",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "fec0::1", "fd00:ec2::254", "100.100.100.200",
    "168.63.129.16", "192.0.0.192", "224.0.0.1", "239.1.1.1", "ff02::1", "ff0e::1", "255.255.255.255",
    "::ffff:0.0.0.0", "::ffff:224.0.0.1",
]  # fmt: skip
FREE = ["10.1.2.3", "192.168.1.1", "172.16.0.1", "fd12::1", "8.8.8.8", "2001:4860:4860::8888", "::ffff:10.1.2.3",
        "64:ff9b::808:808", "2002:808:808::1"]  # fmt: skip


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with WebServer() as server:
        yield server


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names resolve to."""
    known: dict[str, list[str]] = {}

    async def getaddrinfo(self: object, host: str, port: int, **_: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in known[host]]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return known


def source_of(path: Path, **more: Any) -> IcsSource:
    return IcsSource(path, allow_http=True, deadline=timedelta(seconds=patience.seconds(5)), **more)


@pytest.mark.parametrize("text", FORBIDDEN)
def test_b3_addresses_that_are_not_fetched_from(text: str) -> None:
    assert kind_of(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", FREE)
def test_b3_private_networks_are_usual(text: str) -> None:
    assert kind_of(ipaddress.ip_address(text)) == ""


@pytest.mark.parametrize("text", [each for each in FORBIDDEN if not each.startswith("127.") and each != "::1"])
async def test_b3_a_calendars_own_address(tmp_path: Path, text: str) -> None:
    host = f"[{text}]" if ":" in text else text
    async with source_of(tmp_path) as source:
        for scheme in ("http", "https", "webcal"):
            with pytest.raises(ForbiddenHost, match="allowed_hosts") as caught:
                await source.read(f"{scheme}://{host}/s3cret/x.ics", TUESDAY)
            assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("text", [*FORBIDDEN, "localhost", "x.localhost", "LOCALHOST."])
def test_b3_by_redirect(text: str) -> None:
    target = httpx2.URL(f"https://[{text}]/x" if ":" in text else f"https://{text}/x")
    with pytest.raises(ForbiddenHost):
        check(target, "calendar.example.org", AllowedHosts(), "The calendar")


@pytest.mark.parametrize("text", FORBIDDEN)
async def test_b3_by_a_name(tmp_path: Path, names: dict[str, list[str]], text: str) -> None:
    names["calendar.example.org"] = ["192.0.2.1", text]  # one of several is enough: the next look-up may give it alone
    names["2130706433"] = names["127.1"] = names["0x7f.1"] = ["127.0.0.1"]
    async with source_of(tmp_path) as source:
        with pytest.raises(ForbiddenHost):
            await source.read("http://calendar.example.org/x.ics", TUESDAY)
        for spelling in ("2130706433", "127.1", "0x7f.1"):
            with pytest.raises(SourceUnavailable):
                await source.read(f"http://{spelling}/x.ics", TUESDAY)


async def test_b3_a_redirect_from_elsewhere_to_this_machine(
    tmp_path: Path, server: WebServer, names: dict[str, list[str]]
) -> None:
    server.answers["/x.ics"] = (302, {"Location": f"http://127.0.0.1:{server.port}/inside"}, b"")
    server.files["/inside"] = A
    names["calendar.example.org"] = ["127.0.0.1"]
    allowed = AllowedHosts.of(["calendar.example.org"])  # the stand-in for a host elsewhere
    async with source_of(tmp_path, allowed=allowed) as source:
        with pytest.raises(ForbiddenHost):
            await source.read(f"http://calendar.example.org:{server.port}/x.ics", TUESDAY)
    assert [path for path, _ in server.requests] == ["/x.ics"]
    both = AllowedHosts.of(["calendar.example.org", "127.0.0.0/8"])
    async with source_of(tmp_path, allowed=both) as source:
        assert len((await source.read(f"http://calendar.example.org:{server.port}/x.ics", TUESDAY)).events) == 1


async def test_b3_a_loopback_address_that_somebody_wrote_is_named(tmp_path: Path, server: WebServer) -> None:
    server.files["/x.ics"] = A
    async with source_of(tmp_path) as source:
        for host in ("127.0.0.1", "localhost"):
            assert len((await source.read(f"http://{host}:{server.port}/x.ics", TUESDAY)).events) == 1


def test_b3_the_option(tmp_path: Path) -> None:
    context = SourceContext("ics", str, tmp_path, MemoryState(), NoWebhooks(), lambda _: None)
    plug({"allowed_hosts": ["calendar.example.org", "127.0.0.1", "fd00::/8", "[::1]"]}, context)
    for wrong in ("127.0.0.1", [1], ["http://x"], [""], ["127.0.0.1:80"]):
        with pytest.raises(UserError, match="allowed_hosts"):
            plug({"allowed_hosts": wrong}, context)
