"""Files and folders: what is broken, being written, gone or back."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.calendars.ics import IcsSource
from connector.errors import SourceUnavailable
from tests.calendars.ics_text import times, utc, vcalendar, vevent, window
from tests.support import patience

TUESDAY = window("2026-11-10", "2026-11-11")
A = vevent("a", "20261110T100000Z", "20261110T110000Z")
B = vevent("b", "20261110T120000Z", "20261110T130000Z")


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[IcsSource]:
    async with IcsSource(tmp_path) as source:
        yield source


def write_old(path: Path, data: bytes, age: float = 60) -> None:
    """As if nobody had written there for a while."""
    path.write_bytes(data)
    then = time.time() - age
    os.utime(path, (then, then))


async def next_change(source: IcsSource) -> str:
    async with patience.timeout(10):
        return await anext(source.changes())


async def test_a_broken_file_among_good_ones(source: IcsSource, tmp_path: Path) -> None:
    write_old(tmp_path / "good.ics", vcalendar(A))
    write_old(tmp_path / "other.ics", vcalendar(B), age=50)
    assert len((await source.read(".", TUESDAY)).events) == 2
    write_old(tmp_path / "other.ics", vcalendar(B)[:-20])
    snapshot = await source.read(".", TUESDAY)
    assert [e.series_uid for e in snapshot.events] == ["a"]
    (item,) = snapshot.unreadable
    assert item.series_uid == "b"
    assert "other.ics" in item.reason
    write_old(tmp_path / "other.ics", vcalendar(B))
    assert len((await source.read(".", TUESDAY)).events) == 2


async def test_a_file_that_was_never_good_is_named_without_a_uid(source: IcsSource, tmp_path: Path) -> None:
    write_old(tmp_path / "good.ics", vcalendar(A))
    write_old(tmp_path / "new.ics", b"<html>")
    snapshot = await source.read(".", TUESDAY)
    assert [e.series_uid for e in snapshot.events] == ["a"]
    assert [u.series_uid for u in snapshot.unreadable] == [""]


@pytest.mark.parametrize("data", [b"", vcalendar(A)[:-20], b"<html></html>"])
async def test_a_broken_calendar_of_one_file_raises(source: IcsSource, tmp_path: Path, data: bytes) -> None:
    write_old(tmp_path / "room.ics", vcalendar(A))
    assert len((await source.read("room.ics", TUESDAY)).events) == 1
    write_old(tmp_path / "room.ics", data)
    with pytest.raises(SourceUnavailable, match=r"room\.ics"):
        await source.read("room.ics", TUESDAY)


async def test_a_file_that_is_being_written_is_looked_at_again(source: IcsSource, tmp_path: Path) -> None:
    path = tmp_path / "room.ics"
    path.write_bytes(vcalendar(A, B)[:200])
    reading = asyncio.create_task(source.read("room.ics", TUESDAY))
    done, _ = await asyncio.wait([reading], timeout=0.2)
    assert not done
    path.write_bytes(vcalendar(A, B))
    assert len((await reading).events) == 2


@pytest.mark.parametrize("calendar", ["none.ics", "none", "none/inside/room.ics"])
async def test_what_does_not_exist_raises(source: IcsSource, calendar: str) -> None:
    with pytest.raises(SourceUnavailable, match="does not exist"):
        await source.read(calendar, TUESDAY)


async def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    write_old(tmp_path / "room.ics", vcalendar(A, B))
    async with IcsSource(tmp_path, size_limit=300) as source:
        with pytest.raises(SourceUnavailable, match="larger than"):
            await source.read("room.ics", TUESDAY)


async def test_files_that_are_no_calendars_are_not_read(source: IcsSource, tmp_path: Path) -> None:
    write_old(tmp_path / "ROOM.ICS", vcalendar(A))
    for name in (".room.ics.swp", ".hidden.ics", "~room.ics", "room.ics~", "notes.txt"):
        write_old(tmp_path / name, b"nonsense")
    (tmp_path / "sub").mkdir()
    write_old(tmp_path / "sub" / "b.ics", vcalendar(B))
    snapshot = await source.read(".", TUESDAY)
    assert ([e.series_uid for e in snapshot.events], snapshot.unreadable) == (["a"], ())


async def test_the_same_event_in_two_files(source: IcsSource, tmp_path: Path) -> None:
    newer = vevent("a", "20261110T140000Z", "20261110T150000Z", sequence=3)
    write_old(tmp_path / "1.ics", vcalendar(newer))
    write_old(tmp_path / "2.ics", vcalendar(A))
    assert times((await source.read(".", TUESDAY)).events) == [("a", "11-10 14:00", "11-10 15:00")]


async def test_a_change_that_leaves_time_and_size_alone(source: IcsSource, tmp_path: Path) -> None:
    """Two saves within one tick of the file system's clock."""
    path = tmp_path / "room.ics"
    path.write_bytes(vcalendar(A))
    status = path.stat()
    assert (await source.read("room.ics", TUESDAY)).events[0].start == utc("2026-11-10 10:00")
    path.write_bytes(vcalendar(A.replace("T100000Z", "T103000Z")))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    assert (await source.read("room.ics", TUESDAY)).events[0].start == utc("2026-11-10 10:30")


async def test_each_reader_may_have_a_zone(source: IcsSource, tmp_path: Path) -> None:
    write_old(tmp_path / "room.ics", vcalendar(vevent("a", "20261110T100000", "20261110T110000")))
    hours = [
        (await source.read("room.ics", TUESDAY, ZoneInfo(zone))).events[0].start.hour
        for zone in ("Europe/Berlin", "America/New_York", "Europe/Berlin")
    ]
    assert hours == [9, 15, 9]
    assert (await source.read("room.ics", TUESDAY)).events[0].start.hour == 10


# ------------------------------------------------------------------------------------ watching


async def test_a_folder_that_goes_and_comes_back(source: IcsSource, tmp_path: Path) -> None:
    room = tmp_path / "deep" / "room"
    source.watch("deep/room")  # nothing of it exists yet
    room.mkdir(parents=True)
    (room / "a.ics").write_bytes(vcalendar(A))
    assert await next_change(source) == "deep/room"
    room.rename(tmp_path / "away")
    assert await next_change(source) == "deep/room"
    with pytest.raises(SourceUnavailable):
        await source.read("deep/room", TUESDAY)
    (tmp_path / "away").rename(room)
    assert await next_change(source) == "deep/room"
    while True:  # the folder is back; a new file in it is noticed too
        (room / "b.ics").write_bytes(vcalendar(B))
        assert await next_change(source) == "deep/room"
        if len((await source.read("deep/room", TUESDAY)).events) == 2:
            return


async def test_only_the_calendar_that_changed_is_named(source: IcsSource, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        write_old(tmp_path / f"{name}.ics", vcalendar(A))
        source.watch(f"{name}.ics")
    assert {await next_change(source) for _ in range(3)} == {"one.ics", "two.ics", "three.ics"}  # looked at first
    (tmp_path / "three.ics").write_bytes(vcalendar(B))
    assert await next_change(source) == "three.ics"
    (tmp_path / "two.ics").unlink()
    assert await next_change(source) == "two.ics"


async def test_what_the_kernel_does_not_tell_is_found_by_looking(tmp_path: Path) -> None:
    """A link whose target is swapped elsewhere, as on a network drive."""
    (tmp_path / "watched").mkdir()
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "data"
    write_old(target, vcalendar(A))
    (tmp_path / "watched" / "room.ics").symlink_to(target)
    async with IcsSource(tmp_path / "watched", look_every=timedelta(milliseconds=200)) as source:
        source.watch("room.ics")
        assert await next_change(source) == "room.ics"  # looked at first
        with pytest.raises(TimeoutError):
            async with patience.timeout(0.5):
                await anext(source.changes())
        target.write_bytes(vcalendar(B))
        assert await next_change(source) == "room.ics"


# ------------------------------------------------------------------------------------ cost


async def test_a_folder_of_1000_files_is_cheap_when_nothing_changed(source: IcsSource, tmp_path: Path) -> None:
    for n in range(1000):
        start = f"202611{n % 28 + 1:02}T100000Z"
        write_old(tmp_path / f"{n}.ics", vcalendar(vevent(f"e{n}", start, "", "DURATION:PT1H")))
    started = time.perf_counter()
    assert len((await source.read(".", TUESDAY)).events) == 36
    first = time.perf_counter() - started
    started = time.perf_counter()
    assert len((await source.read(".", TUESDAY)).events) == 36
    again = time.perf_counter() - started
    assert first < 15  # about 0.5 s on an idle core
    assert again < first


async def test_the_event_loop_runs_on_while_five_megabytes_are_read(source: IcsSource, tmp_path: Path) -> None:
    folded = "\r\n ".join(["All that was ever said about this\\, and more."] * 110_000)
    write_old(tmp_path / "room.ics", vcalendar(vevent("a", "20261110T100000Z", "", f"DESCRIPTION:{folded}")))
    reading = asyncio.create_task(source.read("room.ics", TUESDAY))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0.005)
        turns += 1
    assert len((await reading).events) == 1
    assert turns >= 3  # it was not stopped for the whole time
