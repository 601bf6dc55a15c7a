"""The shared suite over each source."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import icalendar
import pytest

from connector.calendars.base import CalendarSource
from connector.calendars.caldav import CaldavSource
from connector.calendars.ics import IcsSource
from tests.calendars.ics_text import vcalendar
from tests.calendars.radicale_server import ACCOUNT, PASSWORD, RadicaleServer
from tests.calendars.suite import SourceContract
from tests.calendars.web_server import WebServer
from tests.support.proxies import Wire

SOON = timedelta(seconds=0.1)


class OneFile:
    """One .ics file, replaced as careful editors do."""

    def __init__(self, source: IcsSource, path: Path) -> None:
        self.source: CalendarSource = source
        self.calendar = path.name
        self.owner, self.secrets = "", ()
        self._path = path
        self._events: dict[str, str] = {}
        self._whole = b""
        self._save()

    async def put(self, uid: str, *components: str) -> None:
        self._events[uid] = "".join(components)
        self._save()

    async def delete(self, uid: str) -> None:
        del self._events[uid]
        self._save()

    async def interrupt(self) -> None:
        self._path.write_bytes(self._whole[: len(self._whole) // 2])

    async def restore(self) -> None:
        self._save()

    async def age(self) -> None:
        make_old(self._path)

    def transferred(self) -> int:
        return CountingPath.read_bytes_total

    def _save(self) -> None:
        self._whole = vcalendar(*self._events.values())
        temporary = self._path.with_suffix(".new")
        temporary.write_bytes(self._whole)
        temporary.replace(self._path)


class Folder:
    """A file for each event."""

    def __init__(self, source: IcsSource, path: Path) -> None:
        self.source: CalendarSource = source
        self.calendar = path.name
        self.owner, self.secrets = "", ()
        self._path = path
        path.mkdir()

    async def put(self, uid: str, *components: str) -> None:
        (self._path / f"{uid}.ics").write_bytes(vcalendar(*components))

    async def delete(self, uid: str) -> None:
        (self._path / f"{uid}.ics").unlink()

    async def interrupt(self) -> None:
        self._path.rename(self._path.with_name("elsewhere"))

    async def restore(self) -> None:
        self._path.with_name("elsewhere").rename(self._path)

    async def age(self) -> None:
        for path in self._path.iterdir():
            make_old(path)

    def transferred(self) -> int:
        return CountingPath.read_bytes_total


def make_old(path: Path) -> None:
    """As if it had been written a minute ago."""
    then = path.stat().st_mtime - 60
    os.utime(path, (then, then))


class CountingPath:
    """What the source read from disk, counted where it reads."""

    read_bytes_total = 0


@pytest.fixture
def counted_reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from connector.calendars.ics_local import LocalCalendar

    real = LocalCalendar._data

    def counting(self: LocalCalendar, path: Path) -> bytes:
        data = real(self, path)
        CountingPath.read_bytes_total += len(data)
        return data

    CountingPath.read_bytes_total = 0
    monkeypatch.setattr(LocalCalendar, "_data", counting)
    yield


class TestIcsFile(SourceContract):
    @pytest.fixture
    async def backend(self, tmp_path: Path, counted_reads: None) -> AsyncIterator[OneFile]:
        async with IcsSource(tmp_path) as source:
            yield OneFile(source, tmp_path / "room.ics")


class TestIcsFolder(SourceContract):
    @pytest.fixture
    async def backend(self, tmp_path: Path, counted_reads: None) -> AsyncIterator[Folder]:
        async with IcsSource(tmp_path) as source:
            yield Folder(source, tmp_path / "room")


class OnTheWeb:
    PATH = "/shown-to-nobody/room.ics"

    def __init__(self, source: IcsSource, server: WebServer, proxy: Wire) -> None:
        self.source: CalendarSource = source
        self.calendar = f"http://127.0.0.1:{proxy.port}{self.PATH}"
        self.owner, self.secrets = "", (self.PATH, "shown-to-nobody")
        self._server = server
        self._proxy = proxy
        self._events: dict[str, str] = {}
        self._server.files[self.PATH] = vcalendar()

    async def put(self, uid: str, *components: str) -> None:
        self._events[uid] = "".join(components)
        self._server.files[self.PATH] = vcalendar(*self._events.values())

    async def delete(self, uid: str) -> None:
        del self._events[uid]
        self._server.files[self.PATH] = vcalendar(*self._events.values())

    async def interrupt(self) -> None:
        await self.put("new", "")  # so that the answer has a body to cut
        self._server.files[self.PATH] += b"\r\n"
        self._proxy.set("cut")

    async def restore(self) -> None:
        self._proxy.set("pass")

    async def age(self) -> None:
        pass

    def transferred(self) -> int:
        return self._proxy.received


class TestIcsUrl(SourceContract):
    @pytest.fixture
    async def backend(self, tmp_path: Path) -> AsyncIterator[OnTheWeb]:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(WebServer())
            proxy = await stack.enter_async_context(Wire(server.port))
            source = await stack.enter_async_context(IcsSource(tmp_path, allow_http=True, poll_every=SOON))
            yield OnTheWeb(source, server, proxy)


class OnCaldav:
    """A calendar on Radicale. Items are named by their UID; zones are defined in each, as servers want them."""

    def __init__(self, source: CaldavSource, server: RadicaleServer, path: str, proxy: Wire) -> None:
        self.source: CalendarSource = source
        self.calendar = path
        self.owner = ""  # Radicale tells no mail address of a principal
        self.secrets = (PASSWORD, b64encode(f"{ACCOUNT}:{PASSWORD}".encode()).decode())
        self._server = server
        self._proxy = proxy

    async def put(self, uid: str, *components: str) -> None:
        calendar = icalendar.Calendar.from_ical(vcalendar(*components))
        calendar.add_missing_timezones()
        await self._server.put(f"{self.calendar}{uid}.ics", calendar.to_ical())

    async def delete(self, uid: str) -> None:
        await self._server.delete(f"{self.calendar}{uid}.ics")

    async def interrupt(self) -> None:
        self._proxy.set("cut")

    async def restore(self) -> None:
        self._proxy.set("pass")

    async def age(self) -> None:
        pass

    def transferred(self) -> int:
        return self._proxy.received


class TestCaldav(SourceContract):
    @pytest.fixture
    async def backend(self, radicale: RadicaleServer) -> AsyncIterator[OnCaldav]:
        path = await radicale.make_calendar(f"room-{os.urandom(4).hex()}")
        async with AsyncExitStack() as stack:
            proxy = await stack.enter_async_context(Wire(radicale.port))
            source = await stack.enter_async_context(
                CaldavSource(f"http://127.0.0.1:{proxy.port}/", ACCOUNT, PASSWORD, poll_every=SOON)
            )
            yield OnCaldav(source, radicale, path, proxy)
