"""Editing a calendar file loses nothing and is read the same by everybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.demo import ics_file
from connector.demo.ics_file import NewMeeting
from connector.demo.state import DemoError

START = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
SERIES = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example.test//EN
BEGIN:VEVENT
UID:series@example.test
DTSTAMP:20260501T000000Z
DTSTART;TZID=Europe/Berlin:20260504T090000
DURATION:PT45M
RRULE:FREQ=DAILY;COUNT=3
SUMMARY:Stand-up
END:VEVENT
BEGIN:VEVENT
UID:day@example.test
DTSTAMP:20260501T000000Z
DTSTART;VALUE=DATE:20260504
SUMMARY:Holiday
END:VEVENT
BEGIN:VEVENT
UID:broken@example.test
SUMMARY:No start
END:VEVENT
END:VCALENDAR
"""


def meeting(uid: str, title: str = "Design review", text: str = "") -> NewMeeting:
    return NewMeeting(uid, title, START, START + HOUR, text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
def test_any_title_and_text_come_back_as_they_were(text: str) -> None:
    written = ics_file.with_meeting(ics_file.empty(), meeting("a@example.test", title=text, text=text))
    (entry,) = ics_file.entries(written)
    assert (entry.uid, entry.title, entry.start, entry.end) == ("a@example.test", text, START, START + HOUR)


def test_adding_moving_and_deleting_touch_only_their_meeting() -> None:
    text = ics_file.with_meeting(ics_file.empty(), meeting("a@example.test"))
    text = ics_file.with_meeting(text, meeting("b@example.test"))
    text = ics_file.moved(text, "b@example.test", timedelta(minutes=-5))
    assert [(e.uid, e.start) for e in ics_file.entries(text)] == [
        ("b@example.test", START - timedelta(minutes=5)),
        ("a@example.test", START),
    ]
    text = ics_file.without(text, "a@example.test")
    assert [e.uid for e in ics_file.entries(text)] == ["b@example.test"]


def test_a_series_moves_in_its_zone_and_an_unreadable_item_is_left_alone() -> None:
    text = ics_file.moved(SERIES, "series@example.test", timedelta(minutes=30))
    assert "DTSTART;TZID=Europe/Berlin:20260504T093000" in text
    assert "DURATION:PT45M" in text and "RRULE:" in text and "No start" in text
    assert [e.uid for e in ics_file.entries(text)] == ["day@example.test", "series@example.test"]


@pytest.mark.parametrize("text", ["", "hello", "BEGIN:VCALENDAR\nBEGIN:VEVENT\n", "BEGIN:VTODO\nEND:VTODO\n"])
def test_what_is_no_calendar_is_a_sentence(text: str) -> None:
    with pytest.raises(DemoError, match="no calendar"):
        ics_file.with_meeting(text, meeting("a@example.test"))


@pytest.mark.parametrize("change", [ics_file.without, lambda t, u: ics_file.moved(t, u, HOUR)])
def test_a_meeting_that_is_gone_is_a_sentence(change: object) -> None:
    assert callable(change)
    with pytest.raises(DemoError, match="not in the calendar any more"):
        change(ics_file.empty(), "a@example.test")


def test_saving_replaces_the_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "aspen.ics"
    ics_file.save(path, "one\r\n")
    ics_file.save(path, "two\r\n")
    assert path.read_bytes() == b"two\r\n"
    assert [p.name for p in tmp_path.iterdir()] == ["aspen.ics"]
