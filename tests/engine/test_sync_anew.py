"""What a person asks for is asked of the service, and what another zone still uses stays watched."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path

from connector.calendars.base import Sparing
from connector.engine.commands import Commands
from connector.model import CalendarId, Snapshot, Window
from tests.engine.test_sync import Desk, MemorySource, event
from tests.support.harness import minutes

C = CalendarId("s", "c")


@dataclass(slots=True)
class SparingSource(MemorySource):
    """Asks its service once, and then answers from memory."""

    remembered: dict[str, Snapshot] = field(default_factory=dict)
    unwatched: list[str] = field(default_factory=list)

    async def read(self, calendar: str, window: Window, zone: tzinfo | None = None) -> Snapshot:
        if calendar not in self.remembered:
            self.remembered[calendar] = Snapshot(tuple(self.listed.get(calendar, ())))
        return self.remembered[calendar]

    def anew(self, calendar: str) -> None:
        self.remembered.pop(calendar, None)

    def unwatch(self, calendar: str) -> None:
        self.unwatched.append(calendar)


async def _never(names: object) -> None:
    raise AssertionError(names)


async def test_sync_reads_past_what_the_source_remembers(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.source = source = SparingSource()
    assert isinstance(source, Sparing)
    async with desk:
        await desk.use("c")
        source.listed["c"] = [event()]
        await desk.advance(minutes(2))
        assert desk.titles() == []
        await desk.store.ask("sync", "", desk.clock.now(), minutes(1))
        commands = Commands(
            desk.reader, lambda _: False, _never, clock=desk.clock, store=desk.store, recorder=desk.recorder
        )
        await commands.look(lambda _: C)
        await desk.advance(desk.options.debounce)
        assert desk.titles() == ["a"]


async def test_a_calendar_that_another_zone_uses_stays_watched(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.source = source = SparingSource()
    async with desk:
        here, there = CalendarId("s", "c", "Europe/Berlin"), CalendarId("s", "c", "Asia/Tokyo")
        desk.reader.use({here, there})
        desk.reader.use({here})
        assert source.unwatched == []
        desk.reader.use(set())
        assert source.unwatched == ["c"]
