"""Reading calendars: the last good list stays, whatever a source does; floods of removals are held back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from connector.engine.options import Options
from connector.engine.reader import Reader
from connector.engine.recorder import Recorder
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, SourceUnavailable
from connector.model import CalendarId, Event, Meeting, Snapshot, SourceText, Unreadable, Window
from connector.store.store import Store
from connector.vault.vault import Vault
from tests.support.clock import NINE, FakeClock
from tests.support.harness import minutes
from tests.support.options import default_options

OPTIONS = default_options()


TEN = NINE + minutes(60)


def event(uid: str = "a", start: datetime = TEN, text: str = "") -> Event:
    body = text or "https://zoom.us/j/12345678901\nPasscode: 4321"
    return Event(uid, start, start, start + minutes(30), uid, texts=(SourceText("description", "text", body),))


@dataclass(slots=True)
class MemorySource:
    """A calendar service under the test's hand."""

    listed: dict[str, list[Event]] = field(default_factory=dict)
    unreadable: dict[str, list[Unreadable]] = field(default_factory=dict)
    error: CalendarError | None = None
    errors: dict[str, Exception] = field(default_factory=dict)
    hangs: set[str] = field(default_factory=set)
    holds: dict[str, asyncio.Event] = field(default_factory=dict)  # answers with what was listed at the request
    reads: list[tuple[str, Window]] = field(default_factory=list)
    queue: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def read(self, calendar: str, window: Window, zone: tzinfo | None = None) -> Snapshot:
        self.reads.append((calendar, window))
        if calendar in self.hangs:
            await asyncio.Event().wait()
        problem = self.error or self.errors.get(calendar)
        if problem is not None:
            raise problem
        snapshot = Snapshot(tuple(self.listed.get(calendar, ())), tuple(self.unreadable.get(calendar, ())))
        if calendar in self.holds:
            await self.holds[calendar].wait()
        return snapshot

    async def changes(self) -> AsyncIterator[str]:
        while True:
            yield await self.queue.get()

    def watch(self, calendar: str) -> None:
        return None

    def unwatch(self, calendar: str) -> None:
        return None

    def reads_of(self, calendar: str) -> int:
        return sum(name == calendar for name, _ in self.reads)


class Desk:
    def __init__(self, folder: Path, options: Options = OPTIONS) -> None:
        self.folder, self.options = folder, options
        self.clock = FakeClock()
        self.source = MemorySource()
        self.events: list[dict[str, Any]] = []
        self.told: list[CalendarId] = []
        self.held: dict[CalendarId, tuple[Meeting, ...]] = {}  # what was handed on last

    async def __aenter__(self) -> Self:
        self.store = await Store.open(self.folder / "db", Vault.open(self.folder / "vault.key"), self.clock.now())
        recorder = Recorder(self.clock, self.store, lambda told: self.events.append(told.line()))

        rows = await self.store.calendars()
        options = self.options
        self.held = {}
        self.reader = Reader(
            rows,
            self._hand_on,
            clock=self.clock,
            store=self.store,
            recorder=recorder,
            options=lambda: options,
        )
        self.reader.open("s", self.source)
        self.recorder = recorder
        self.task = asyncio.create_task(self.reader.run())
        return self

    def _hand_on(self, calendar: CalendarId, meetings: tuple[Meeting, ...]) -> None:
        self.told.append(calendar)
        self.held[calendar] = meetings

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.store.close()

    async def settle(self, held: int = 0) -> None:
        """``held``: so many readings do not end."""
        for _ in range(4):
            await self.pause()
            hanging = len(self.source.hangs) + held
            while sum(c.reading for c in self.reader._calendars.values()) > hanging:
                await asyncio.sleep(0.001)
            await self.store.write()

    async def pause(self) -> None:
        """Everybody takes a few steps; readings may be under way."""
        for _ in range(8):
            await asyncio.sleep(0)

    async def use(self, *names: str) -> None:
        await self.begin(*names)
        await self.settle()

    async def begin(self, *names: str) -> None:
        self.reader.use({CalendarId("s", name) for name in names})
        await self.pause()

    async def advance(self, by: timedelta, held: int = 0) -> None:
        await self.clock.advance(by, partial(self.settle, held))

    def titles(self, name: str = "c") -> list[str] | None:
        meetings = self.held.get(CalendarId("s", name))
        return None if meetings is None else [m.event.title for m in meetings]

    def named(self, name: str) -> list[dict[str, Any]]:
        return [e for e in self.events if e["event"] == name]


def _window(now: datetime) -> Window:
    return Window(now - timedelta(hours=12), now + timedelta(hours=48))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Desk(tmp_path) as desk:
        yield desk


async def test_reads_detects_and_tells(desk: Desk) -> None:
    desk.source.listed["c"] = [event()]
    await desk.use("c")
    meetings = desk.held.get(CalendarId("s", "c"))
    assert meetings is not None
    assert meetings[0].join.sip == ("12345678901.4321@zoomcrc.com",)
    assert meetings[0].event.texts == ()  # bodies are not kept
    assert desk.told == [CalendarId("s", "c")]


async def test_polls_and_tells_only_changes(desk: Desk) -> None:
    desk.source.listed["c"] = [event()]
    await desk.use("c")
    await desk.advance(minutes(5))
    assert desk.source.reads_of("c") == 6  # at once, and at five ticks
    assert len(desk.told) == 1
    desk.source.listed["c"] = [event(), event("b")]
    await desk.advance(minutes(1))
    assert len(desk.told) == 2


async def test_a_change_is_read_at_once_and_once_more(desk: Desk) -> None:
    await desk.use("c")
    await desk.advance(timedelta(seconds=25))  # behind the poll's tick
    desk.source.listed["c"] = [event()]
    desk.source.queue.put_nowait("c")
    await desk.settle()
    assert desk.titles() == ["a"]
    reads = desk.source.reads_of("c")
    for _ in range(5):  # a burst is one more read, not five
        desk.source.queue.put_nowait("c")
    await desk.settle()
    await desk.advance(timedelta(seconds=2))
    assert desk.source.reads_of("c") == reads + 1
    await desk.advance(timedelta(seconds=13))
    assert desk.source.reads_of("c") == reads + 2


async def test_a_change_soon_after_a_poll_is_read_at_once(desk: Desk) -> None:
    await desk.use("c")
    polls = desk.source.reads_of("c")
    while desk.source.reads_of("c") == polls:  # to the next poll
        await desk.advance(timedelta(seconds=1))
    desk.source.listed["c"] = [event()]
    desk.source.queue.put_nowait("c")
    await desk.settle()
    assert desk.titles() == ["a"]


async def test_a_change_soon_after_the_second_look_is_read_at_once(desk: Desk) -> None:
    await desk.use("c")
    await desk.advance(timedelta(seconds=25))
    desk.source.queue.put_nowait("c")
    await desk.settle()
    await desk.advance(OPTIONS.read_again_after)
    desk.source.listed["c"] = [event()]
    desk.source.queue.put_nowait("c")
    await desk.settle()
    assert desk.titles() == ["a"]


async def test_a_storm_of_changes_of_one_calendar_is_read_once_a_debounce(desk: Desk) -> None:
    await desk.use("c")
    await desk.advance(timedelta(seconds=25))
    before = desk.source.reads_of("c")
    for _ in range(60):  # six seconds, no poll among them
        desk.source.queue.put_nowait("c")
        await desk.settle()
        await desk.advance(timedelta(seconds=0.1))
    assert 4 <= desk.source.reads_of("c") - before <= 5


async def test_a_change_while_a_reading_is_under_way_causes_one_more(desk: Desk) -> None:
    desk.source.holds["c"] = gate = asyncio.Event()
    await desk.begin("c")
    desk.source.listed["c"] = [event()]  # too late for the reading under way
    for _ in range(3):
        desk.source.queue.put_nowait("c")
    await desk.pause()
    assert desk.source.reads_of("c") == 1
    gate.set()
    await desk.settle()
    assert desk.titles() == ["a"]
    assert desk.source.reads_of("c") == 2


async def test_a_change_does_not_queue_behind_a_poll_of_many(desk: Desk) -> None:
    names = [f"c{n:02}" for n in range(40)]
    gate = asyncio.Event()
    desk.source.holds = dict.fromkeys(names, gate)
    await desk.begin(*names)
    taken = [name for name, _ in desk.source.reads]
    assert len(taken) == OPTIONS.read_concurrency
    late = next(name for name in sorted(names) if name not in taken)
    desk.source.queue.put_nowait(late)
    await desk.pause()
    gate.set()
    await desk.settle()
    order = [name for name, _ in desk.source.reads]
    assert order.index(late) <= OPTIONS.read_concurrency + 1
    assert desk.source.reads_of(late) == 1  # its turn in the poll came after the change: it is not read twice


async def test_a_slow_neighbour_does_not_bring_back_an_older_reading(desk: Desk) -> None:
    """A poll found c empty and waits for the rest of its batch; meanwhile somebody books c."""
    for name in "cd":
        desk.source.listed[name] = [event()]
    await desk.use("c", "d")
    desk.source.holds["d"] = gate = asyncio.Event()
    desk.source.listed["c"] = []
    await desk.advance(minutes(1), held=1)
    assert desk.titles("c") == ["a"]
    desk.source.listed["c"] = [event("b")]
    desk.source.queue.put_nowait("c")
    await desk.settle(held=1)
    assert desk.titles("c") == ["b"]
    gate.set()
    await desk.settle()
    assert desk.titles("c") == ["b"]


@pytest.mark.parametrize(
    "error", [SourceUnavailable("down"), AccessDenied("no"), CredentialsRejected("no"), ValueError("surprise")]
)
async def test_a_failed_read_keeps_the_last_good_list(desk: Desk, error: Exception) -> None:
    desk.source.listed["c"] = [event()]
    await desk.use("c")
    desk.source.errors["c"] = error
    await desk.advance(minutes(10))
    assert desk.titles() == ["a"]
    assert len(desk.named("calendar.failed")) == 1


async def test_recovery_is_told(desk: Desk) -> None:
    desk.source.errors["c"] = SourceUnavailable("down")
    await desk.use("c")
    assert desk.titles() is None  # never read: nothing may be planned, nothing pushed
    del desk.source.errors["c"]
    desk.source.listed["c"] = [event()]
    await desk.advance(minutes(1))
    assert desk.titles() == ["a"]
    assert desk.named("calendar.recovered")


async def test_refused_credentials_stop_the_source_at_once(desk: Desk) -> None:
    desk.source.error = CredentialsRejected("the password was refused")
    await desk.use("c", "d")
    reads = len(desk.source.reads)
    await desk.advance(minutes(50))
    assert len(desk.source.reads) == reads <= 2


async def test_refused_credentials_are_one_line_of_the_source(desk: Desk) -> None:
    names = [f"c{number}" for number in range(40)]
    desk.source.error = CredentialsRejected("the password was refused", ask_again=minutes(15))
    await desk.use(*names)
    await desk.advance(minutes(50))  # asked again, and refused again
    (line,) = desk.named("calendar.failed")
    assert (line["source"], line["calendars"], line["reason"]) == ("s", 40, "the password was refused")
    assert "calendar" not in line
    desk.source.error = CredentialsRejected("the account is locked")
    await desk.advance(minutes(20))
    assert [each["reason"] for each in desk.named("calendar.failed")][1:] == ["the account is locked"]


async def test_an_outage_of_a_service_is_a_few_lines(desk: Desk) -> None:
    names = [f"c{number}" for number in range(40)]
    for name in names:
        desk.source.listed[name] = [event(name)]
    await desk.use(*names)
    desk.source.error = SourceUnavailable("503")
    await desk.advance(minutes(5))
    *named, source = desk.named("calendar.failed")
    assert len({each["calendar"] for each in named}) == 3
    assert (source["source"], source["reason"]) == ("s", "503")
    rows = (await desk.store.calendars()).values()
    assert {row.error for row in rows} == {"503"}, "each room's explain says it"
    left = next(name for name in names if not any(f"s:{name} " in each["calendar"] for each in named))
    desk.source.error = None
    desk.source.errors[left] = SourceUnavailable("still 503")  # another sentence: it speaks for itself
    await desk.advance(minutes(5))
    recovered = desk.named("calendar.recovered")
    assert {each["calendar"] for each in recovered if "calendar" in each} == {each["calendar"] for each in named}
    assert [each["calendars"] for each in recovered if "source" in each] == [36]
    assert f"s:{left} " in desk.named("calendar.failed")[4]["calendar"]
    del desk.source.errors[left]
    await desk.advance(minutes(5))
    assert f"s:{left} " in desk.named("calendar.recovered")[-1]["calendar"]


async def test_an_outage_that_began_before_a_restart_is_not_told_again(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(10)]
    async with Desk(tmp_path) as before:
        before.source.error = SourceUnavailable("503")
        await before.use(*names)
        assert len(before.named("calendar.failed")) == 4
    async with Desk(tmp_path) as after:
        after.source.error = SourceUnavailable("503")
        await after.use(*names)
        assert not after.named("calendar.failed")
        after.source.error = None
        await after.advance(minutes(5))
        assert [each.get("calendars") for each in after.named("calendar.recovered")].count(7) == 1
        assert len(after.named("calendar.recovered")) == 4


async def test_a_refused_app_is_asked_again_after_a_while_by_one_reading_of_the_source(desk: Desk) -> None:
    names = [f"c{n}" for n in range(4)]
    for name in names:
        desk.source.listed[name] = [event(name)]
    await desk.use(*names)
    desk.source.error = CredentialsRejected("the key is unknown", ask_again=minutes(15))
    await desk.advance(minutes(2))
    refused = len(desk.source.reads)
    await desk.advance(minutes(12))
    assert len(desk.source.reads) == refused, "nothing is asked meanwhile"
    assert desk.reader.blocked("s")
    desk.source.error = None
    await desk.advance(minutes(3))
    assert len(desk.source.reads) >= refused + len(names)
    assert not desk.reader.blocked("s")
    assert [(each["source"], each["calendars"]) for each in desk.named("calendar.recovered")] == [("s", len(names))]


async def test_a_refused_password_is_never_asked_again_by_itself(desk: Desk) -> None:
    desk.source.listed["c"] = [event()]
    await desk.use("c")
    desk.source.error = CredentialsRejected("wrong password")
    await desk.advance(minutes(2))
    refused = len(desk.source.reads)
    await desk.advance(timedelta(hours=30))
    assert len(desk.source.reads) == refused


async def test_one_forbidden_calendar_does_not_stop_the_others(desk: Desk) -> None:
    desk.source.listed["d"] = [event()]
    desk.source.errors["c"] = AccessDenied("403")
    await desk.use("c", "d")
    assert desk.titles("d") == ["a"]


async def test_one_hanging_calendar_delays_no_other(desk: Desk) -> None:
    desk.source.listed["d"] = [event()]
    desk.source.hangs.add("c")
    await desk.use("c", "d")
    assert desk.titles("d") == ["a"]
    await desk.advance(minutes(3))
    assert desk.source.reads_of("d") >= 3


async def test_the_list_survives_a_restart_with_the_calendar_down(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.source.listed["c"] = [event()]
        await desk.use("c")
    async with Desk(tmp_path) as desk:
        desk.source.error = SourceUnavailable("down")
        await desk.use("c")
        assert desk.titles() == ["a"]


async def test_passcodes_are_sealed_in_the_database(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.source.listed["c"] = [event(text="https://zoom.us/j/12345678901 Passcode: 77665544")]
        await desk.use("c")
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith("db"))
    assert b"77665544" not in content
    assert b"12345678901" not in content


async def test_unreadable_items_keep_their_form_and_are_told_once(desk: Desk) -> None:
    desk.source.listed["c"] = [event("a"), event("b")]
    await desk.use("c")
    desk.source.listed["c"] = [event("b")]
    desk.source.unreadable["c"] = [Unreadable("a", "a.ics has no end")]
    await desk.advance(minutes(5))
    assert desk.titles() == ["a", "b"]
    assert len(desk.named("calendar.item_unreadable")) == 1


async def test_one_room_emptied_by_its_owner_clears_at_once(desk: Desk) -> None:
    names = [f"c{n}" for n in range(10)]
    for name in names:
        desk.source.listed[name] = [event()]
    await desk.use(*names)
    desk.source.listed["c0"] = []
    desk.source.queue.put_nowait("c0")
    await desk.settle()
    await desk.advance(timedelta(seconds=2))
    assert desk.titles("c0") == []


async def test_all_rooms_empty_at_once_is_held_until_confirmed(desk: Desk) -> None:
    names = [f"c{n}" for n in range(10)]
    for name in names:
        desk.source.listed[name] = [event(start=NINE + minutes(300))]
    await desk.use(*names)
    desk.source.listed.clear()
    await desk.advance(minutes(10))
    assert all(desk.titles(name) == ["a"] for name in names)
    assert len(desk.named("calendar.suspiciously_empty")) == 1
    await desk.advance(minutes(10))
    assert all(desk.titles(name) == [] for name in names)
    assert desk.named("calendar.released")


async def test_calendars_that_fail_say_nothing_against_a_flood(desk: Desk) -> None:
    names = [f"c{n}" for n in range(10)]
    for name in names:
        desk.source.listed[name] = [event(start=NINE + minutes(300))]
    await desk.use(*names)
    desk.source.listed.clear()
    desk.source.errors |= {name: AccessDenied("403") for name in names[:4]}
    await desk.advance(minutes(3))
    assert all(desk.titles(name) == ["a"] for name in names)


async def test_a_flood_is_seen_also_after_readings_drifted_apart(desk: Desk) -> None:
    names = [f"c{n:02}" for n in range(20)]
    for name in names:
        desk.source.listed[name] = [event(start=NINE + minutes(300))]
    await desk.use(*names)
    for name in names:  # each is read at a time of its own
        await desk.advance(timedelta(seconds=4))
        desk.source.queue.put_nowait(name)
        await desk.settle()
    desk.source.listed.clear()
    await desk.advance(minutes(5))
    assert sum(desk.titles(name) == ["a"] for name in names) == 20


async def test_a_hold_ends_when_the_meetings_are_back(desk: Desk) -> None:
    names = [f"c{n}" for n in range(10)]
    listed = {name: [event(start=NINE + minutes(300))] for name in names}
    desk.source.listed = dict(listed)
    await desk.use(*names)
    desk.source.listed = {}
    await desk.advance(minutes(3))
    desk.source.listed = dict(listed)
    await desk.advance(minutes(30))
    assert all(desk.titles(name) == ["a"] for name in names)
    assert not desk.named("calendar.released")


async def test_unchanged_texts_are_not_searched_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    from connector.detection.detect import detect as real

    def counted(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        return real(*args, **named)

    monkeypatch.setattr("connector.engine.detecting.detect", counted)
    desk.source.listed["c"] = [event()]
    await desk.use("c")
    await desk.advance(minutes(5))
    assert calls == 1
    desk.source.listed["c"] = [replace(event(), title="new title")]
    await desk.advance(minutes(1))
    assert calls == 1
