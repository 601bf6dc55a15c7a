"""What the usual programs write: one composed file each (invented ids), read as its writer means it."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.calendars.icalendar_events import events_between
from tests.calendars.ics_text import window

FILES = Path(__file__).parent / "writers"
JULY = window("2026-07-01", "2026-08-31")


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("notes", ["15 18:00-19:00", "22 20:00-21:00", "29 18:00-19:00"]),
        ("zimbra", ["15 07:00-07:30", "17 07:00-07:30"]),
        ("exchange", ["15 07:00-08:00", "16 07:00-08:00", "22 07:00-08:00"]),
        ("google", ["15 13:00-14:00", "17 18:00-19:00"]),
        ("icloud", ["15 08:00-09:00", "16 08:00-09:00", "17 22:00-22:00"]),
    ],
)
@pytest.mark.parametrize("ends", [b"\r\n", b"\n", b"\r"])
def test_a_writers_file(name: str, times: list[str], ends: bytes) -> None:
    data = (FILES / f"{name}.ics").read_bytes().replace(b"\r\n", ends)
    snapshot = events_between(data, JULY, ZoneInfo("Europe/Berlin"))
    assert snapshot.unreadable == ()
    assert [f"{e.start:%d %H:%M}-{e.end:%H:%M}" for e in snapshot.events] == times
    assert all(e.title.lower().startswith(name) for e in snapshot.events)
    assert len({e.key for e in snapshot.events}) == len(times)
