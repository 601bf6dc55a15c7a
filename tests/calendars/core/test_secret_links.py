"""A calendar's link is a secret: it stands in no line of the log at debug, in no listing, and not in the database."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.world import Site, calendar, meeting, until
from connector.secret_links import shown_link, shown_path
from tests.calendars.web_server import WebServer

GOOD, GONE, MOVED, BROKEN = (f"CANARY{number}8604182753" for number in range(4))
SETTINGS = '[calendars.ics]\ntype = "ics"\nallow_http = true\n\n[sync]\npoll_every = 5\n\n[log]\nlevel = "debug"\n'


@pytest.mark.parametrize("link", [
    "https://p12-caldav.icloud.com/published/2/Mjk0NTYxMjM0NTI5NDU2MQ", "https://cloud.example.org/remote.php/dav/public-calendars/SecretSecretSec?export",
    "https://calendar.example.com/calendar/ical/x%40example.org/private-secret/basic.ics", "webcal://outlook.example.com/owa/calendar/secret@example.org/secret/calendar.ics",
    "https://user:secret@cal.example.org/x.ics", "https://cal.example.org/x.ics?token=secret", "https://cal.example.org/x.ics#secret",
    "https://cal.example.org:8443/secret", "HTTPS://CAL.EXAMPLE.ORG/SECRET", "https://[::1/secret",
])  # fmt: skip
def test_b2_of_a_link_the_host_and_a_fingerprint_are_shown(link: str) -> None:
    shown = shown_link(link)
    assert "secret" not in shown.lower() and "Mjk0" not in shown and "SecretSecretSec" not in shown
    assert shown.endswith(")") and shown != shown_link(link + "x")


@pytest.mark.parametrize("token", ["SecretSecretSec", "AbCdEfGhIjKlMnO", "Mjk0NTYxMjM0NTI5", "short"])
@pytest.mark.parametrize("before", ["/remote.php/dav/public-calendars/", "/published/"])
def test_b2_what_follows_the_word_public_in_a_path(before: str, token: str) -> None:
    assert token not in shown_path(f"{before}{token}/") and shown_path("/dav/rooms/board/") == "/dav/rooms/board/"


async def said(site: Site, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "connector", *arguments, "-c", str(site.config),
        env=os.environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return output.decode()


@pytest.mark.timeout(180)
async def test_b2_links_are_shown_nowhere(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    text = calendar(meeting("one", now + timedelta(hours=2), now + timedelta(hours=3))).encode()
    async with WebServer() as server, Site(tmp_path, rooms=4, with_sip=False, settings=SETTINGS) as site:
        server.files[f"/ical/{GOOD}"] = text
        server.answers[f"/ical/{MOVED}"] = (302, {"Location": f"https://127.0.0.1:1/{MOVED}"}, b"")
        server.answers[f"/ical/{BROKEN}"] = (200, {}, b"BEGIN:VCALENDAR\r\n")
        links = [f"{server.url}/ical/{name}" for name in (GOOD, GONE, MOVED, BROKEN)]
        cells = {room: {"calendar": f"{link}?key={link[-16:]}"} for room, link in zip(site.units, links, strict=True)}
        cells["room0001"] = {"calendar": f"http://{GOOD}@127.0.0.1:{server.port}/ical/{GOOD}?key={GOOD}"}
        site.write_rooms(**cells)
        async with site.daemon() as daemon:
            unit = site.units["room0001"]
            await until(lambda: [line.title for line in unit.screen()] == ["Meeting one"], "the good one is shown")
            await until(lambda: len(daemon.named("calendar.failed")) == 3, "the others failed")
            commands = [("explain", "room0001"), ("explain", "room0002", "--json"), ("rooms", "list", "--json")]
            commands += [("calendars", "doctor"), ("check",)]
            output = [await said(site, *command) for command in commands]
            assert await daemon.stop() == 0
        assert "library.log" in "".join(daemon.output), "the libraries were not heard: the search proves nothing"
        words = "\n".join([*output, *daemon.output])
        assert "127.0.0.1" in words
        assert "CANARY" not in words
        for path in (tmp_path / "var").rglob("*"):
            assert not path.is_file() or b"CANARY" not in path.read_bytes(), path.name
