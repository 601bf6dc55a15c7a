"""Whatever stands in a calendar: an answer or a CalendarError, in bounded time."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.calendars.icalendar_events import events_between
from connector.errors import CalendarError
from connector.model import Snapshot
from tests.calendars.ics_text import change, vcalendar, vevent, window
from tests.support import patience

WINDOW = window("2026-11-10", "2026-11-12")
BERLIN = ZoneInfo("Europe/Berlin")
QUICK = settings(max_examples=150, derandomize=True)

LINES = st.sampled_from(
    [
        "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "UID:a",
        "UID:b", "BEGIN:VALARM", "END:VALARM", "DTSTART:20261110T100000Z", "DTSTART;VALUE=DATE:20261110", "DTSTART:",
        "DTSTART;TZID=Europe/Berlin:20261110T100000", "DTEND:20261110T110000Z", "DTEND;VALUE=DATE:20261109",
        "DURATION:PT1H", "DURATION:P99999999D", "DURATION:-P1W", "RECURRENCE-ID:20261110T100000Z", "SEQUENCE:x",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20261110T100000Z", "RDATE:20261111T100000Z", "EXDATE:20261110T100000Z",
        "RDATE;VALUE=PERIOD:20261110T100000Z/PT1H", "EXDATE;VALUE=DATE:20261110", "RRULE:FREQ=DAILY", "RRULE:",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,TU;COUNT=3", "RRULE:FREQ=YEARLY;BYDAY=-5MO;BYSETPOS=-1", "X-ALT-DESC:<b>", ":",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=-31;UNTIL=2026", "STATUS:CANCELLED", "ATTENDEE:x", "ORGANIZER;CN=:", ";", "=",
        "TZID:Europe/Nowhere", "TZID:Mine", "TZOFFSETFROM:+0100", "TZOFFSETTO:-9999", "BEGIN:STANDARD", "END:STANDARD",
        "DTSTART;TZID=Mine:00010101T000000", "DTSTART;TZID=America:99991231T235959Z", "X-WR-TIMEZONE:../..", " ", "\t",
        'DESCRIPTION;ALTREP="data:text/html,%ZZ":\\', "SUMMARY:\ud7ff\x00\x1f", "METHOD:CANCEL", "CALSCALE:JULIAN",
    ]
)  # fmt: skip
RULE_PARTS = st.sampled_from(
    [
        "INTERVAL=1", "INTERVAL=0", "INTERVAL=-1", "INTERVAL=400", "COUNT=3", "COUNT=0", "COUNT=-2", "UNTIL=20261111",
        "UNTIL=20261111T100000Z", "UNTIL=99991231T235959Z", "BYDAY=MO", "BYDAY=+2TU,-1FR", "BYMONTH=2", "WKST=SU",
        "BYMONTHDAY=30", "BYMONTHDAY=-31", "BYYEARDAY=366", "BYWEEKNO=53", "BYHOUR=1,2,3", "BYMINUTE=0,30", "SKIP=OMIT",
        "BYSECOND=60", "BYSETPOS=-1", "BYSETPOS=400", "BYEASTER=1", "RSCALE=CHINESE", "X-THING=1", "FREQ=DAILY",
    ]
)  # fmt: skip
FREQUENCIES = st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"])
STARTS = st.sampled_from(
    ["20261110T100000Z", "20260101", "Europe/Berlin:20200229T023000", "19700101T000000", "00010101"]
)


def answer(data: bytes) -> Snapshot | None:
    try:
        snapshot = events_between(data, WINDOW, BERLIN)
    except CalendarError as error:
        assert str(error)
        return None
    readable = {event.series_uid for event in snapshot.events}
    assert readable.isdisjoint(item.series_uid for item in snapshot.unreadable)
    assert len({event.key for event in snapshot.events}) == len(snapshot.events)
    assert all(event.start <= event.end for event in snapshot.events)
    return snapshot


@QUICK
@given(st.binary(max_size=400))
def test_bytes(data: bytes) -> None:
    answer(data)
    answer(b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + data + b"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


@QUICK
@given(st.lists(LINES, max_size=25))
def test_lines(lines: list[str]) -> None:
    inside = "\r\n".join(lines)
    answer(inside.encode("utf-8", "surrogatepass"))
    good = vevent("good", "20261110T100000Z", "20261110T110000Z")
    snapshot = answer(vcalendar("BEGIN:VEVENT\r\n", inside, "\r\nEND:VEVENT\r\n"))
    if snapshot is not None and "END:VCALENDAR" not in lines and "BEGIN:VCALENDAR" not in lines:
        whole = answer(vcalendar(good, "BEGIN:VEVENT\r\n", inside, "\r\nEND:VEVENT\r\n"))
        assert whole is not None
        assert "good" in {event.series_uid for event in whole.events}


@QUICK
@given(FREQUENCIES, st.lists(RULE_PARTS, max_size=4), STARTS)
def test_rules(frequency: str, parts: list[str], start: str) -> None:
    rule = ";".join([f"FREQ={frequency}", *parts])
    series = vevent("a", start, "", "DURATION:P1D" if len(start) == 8 else "DURATION:PT1H", f"RRULE:{rule}")
    answer(vcalendar(series, change("a", "20261110T100000Z", "20261111T100000Z", "20261111T110000Z")))


@QUICK
@given(st.binary(max_size=60), st.integers(0, 400))
def test_a_good_calendar_with_a_hole(noise: bytes, at: int) -> None:
    data = vcalendar(vevent("a", "20261110T100000Z", "20261110T110000Z", "RRULE:FREQ=DAILY", "DESCRIPTION:x"))
    answer(data[:at] + noise + data[at + len(noise) :])
    answer(data[:at])


@pytest.mark.parametrize(
    "junk",
    [
        "\r", "\r\r", "\n", "\n ", " ", "\t", ":", ";", '"', ",", "=", "A;", "A:", 'X-A;B="', "DTSTART:",
        "DTSTART;TZID=",
        ";TZID=Europe/Berlin", "EXDATE:,", "RRULE:FREQ=", ";BYDAY=MO", "MO,", "2026-11-10T10:00:00",
        ": ", "\\", "BEGIN:VEVENT\n",
        "END:VEVENT\n", "BEGIN:VTIMEZONE\n", "BEGIN:X\n", "DTSTART:20261110\n", "EXDATE:20261110T100000Z\n",
        "x\n", "\xef\xbb\xbf",
    ],
)  # fmt: skip
def test_b4_no_text_costs_more_than_its_length(junk: str) -> None:
    """Ten times the text takes ten times as long, and not a hundred times."""
    head, tail = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART:20261110T100000Z\n", "\nEND:VEVENT\nEND:VCALENDAR\n"
    for before in ("", "DTSTART", "RRULE:FREQ=DAILY", "SUMMARY:", "X-A"):
        data = f"{head}{before}{junk * (100_000 // len(junk))}{tail}".encode()
        began = time.process_time()
        answer(data)
        assert time.process_time() - began < patience.seconds(2), before
