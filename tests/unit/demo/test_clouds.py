"""The demo over a calendar service: an ordinary configuration, and what the page edits is what the service tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.calendars.base import CalendarSource, MemoryState, NoWebhooks, SourceContext
from connector.calendars.registry import open_source
from connector.demo.calendar_kind import CalendarKind
from connector.demo.calendars import fill
from connector.demo.clouds import open_calendars
from connector.demo.folder import open_folder, write_settings
from connector.demo.live import LiveDemo
from connector.demo.scenario import CAST, TEAMS_TITLE, Timing, added_meeting
from connector.demo.state import DemoError
from connector.model import Event, Window
from connector.running.configuration import read_configuration
from connector.settings.calendars import resolve_calendar
from connector.settings.credentials import SecretReader
from device_drivers.api import Endpoint, TlsPolicy
from tests.support import patience

BEGAN = datetime.now(UTC)
DAY = Window(BEGAN - timedelta(hours=12), BEGAN + timedelta(hours=48))
services = pytest.mark.parametrize("kind", [kind for kind in CalendarKind if kind is not CalendarKind.ICS])
SERIES = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example.test//EN
BEGIN:VEVENT
UID:series@example.test
DTSTAMP:20260501T000000Z
RECURRENCE-ID:{second}
DTSTART:{second}
DURATION:PT15M
SUMMARY:Changed
END:VEVENT
BEGIN:VEVENT
UID:series@example.test
DTSTAMP:20260501T000000Z
DTSTART:{first}
DTEND:{end}
RRULE:FREQ=DAILY;COUNT=2
SUMMARY:Stand-up
END:VEVENT
END:VCALENDAR
"""


@dataclass
class Cloud:
    folder: Path
    live: LiveDemo
    source: CalendarSource
    mailbox: str

    async def titles(self, wanted: Callable[[list[str]], bool]) -> list[str]:
        """Cedar's, by start, when they are as wanted; the service is asked until then."""
        async with patience.timeout(15):
            while not wanted(found := [event.title for event in await self.events()]):
                await asyncio.sleep(0.1)
        return found

    async def events(self) -> list[Event]:
        return sorted((await self.source.read(self.mailbox, DAY)).events, key=lambda event: event.start)


@asynccontextmanager
async def cloud(path: Path, kind: CalendarKind) -> AsyncIterator[Cloud]:
    with open_folder(path / "demo") as folder:
        async with open_calendars(kind, folder, CAST) as calendars:
            fill(calendars, CAST, BEGAN, Timing.of(None))
            pin = TlsPolicy("pin", "0" * 64)
            units = [
                (part, Endpoint("x", f"127.0.1.{n}", port=8443, tls=pin, username="admin", password="only-for-this"))
                for n, part in enumerate(CAST, 1)
            ]
            file = write_settings(folder, units, calendars)
            configuration = read_configuration(file, {})
            assert configuration.loaded.problems == ()
            assert [room.id for room in configuration.rooms.rooms] == [part.id for part in CAST]
            section = configuration.loaded.settings.calendars["cloud"]
            name, mailbox = resolve_calendar(calendars.address(CAST[2]), configuration.loaded.settings)
            assert name == "cloud"
            reader = SecretReader({}, folder, lambda name: None)
            context = SourceContext(name, reader.secret, folder, MemoryState(), NoWebhooks(), lambda _: None)
            async with open_source(section.type, section.options, context) as source:
                yield Cloud(folder, LiveDemo(CAST, folder, calendars), source, mailbox)


@services
async def test_the_page_edits_what_the_service_tells(tmp_path: Path, kind: CalendarKind) -> None:
    async with cloud(tmp_path, kind) as house:
        hidden, supplier = await house.events()
        assert hidden.private and supplier.title == TEAMS_TITLE and not supplier.private
        added = added_meeting(CAST[2], BEGAN)
        house.live.add_meeting("cedar", added)
        assert added.title in await house.titles(lambda titles: len(titles) == 3)
        house.live.move_event("cedar", added.uid, minutes=120)
        assert await house.titles(lambda titles: titles[-1] == added.title)
        assert (await house.events())[-1].start == added.start + timedelta(minutes=120)
        house.live.delete_event("cedar", added.uid)
        await house.titles(lambda titles: len(titles) == 2)
        assert [entry.title for entry in house.live.calendar("cedar").entries][-1] == TEAMS_TITLE
        assert house.mailbox in house.live.calendar("cedar").file


@services
async def test_a_text_is_taken_whole_or_not_at_all(tmp_path: Path, kind: CalendarKind) -> None:
    async with cloud(tmp_path, kind) as house:
        before = house.live.calendar("cedar")
        half = before.text.replace(f"UID:{before.entries[-1].uid}\r\n", "")
        for text, sentence in (("hello", "no calendar"), (half, "UID, a start and an end")):
            with pytest.raises(DemoError, match=sentence):
                house.live.write_calendar("cedar", text)
        assert house.live.calendar("cedar") == before
        assert len(await house.events()) == 2
        first = (BEGAN + timedelta(hours=1)).replace(microsecond=0)
        moments = {"first": first, "end": first + timedelta(minutes=30), "second": first + timedelta(days=1)}
        house.live.write_calendar("cedar", SERIES.format(**{k: f"{v:%Y%m%dT%H%M%SZ}" for k, v in moments.items()}))
        assert await house.titles(lambda titles: "Stand-up" in titles) == ["Stand-up", "Changed"]


@services
async def test_the_services_secret_is_in_one_file_for_the_owner(tmp_path: Path, kind: CalendarKind) -> None:
    async with cloud(tmp_path, kind) as house:
        secret = house.folder / "credentials" / "cloud"
        assert secret.stat().st_mode & 0o077 == 0
        assert secret.read_text().strip() not in (house.folder / "connector.toml").read_text()
    with open_folder(tmp_path / "demo") as folder:
        assert [path.name for path in folder.iterdir()] == ["made-by-connector-demo.txt"]
