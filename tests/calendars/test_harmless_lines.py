"""What can be meant only one way is read (B11): empty, doubled and sloppy lines, ends of another kind, line ends."""

from __future__ import annotations

import itertools
from zoneinfo import ZoneInfo

import pytest

from connector.calendars.icalendar_events import events_between
from connector.model import Event, Snapshot
from tests.calendars.ics_text import utc, vcalendar, vevent, window

BERLIN = ZoneInfo("Europe/Berlin")
WINDOW = window("2026-11-09", "2026-11-20")
PLAIN = vevent("a", "20261110T100000Z", "20261110T110000Z")
SERIES = vevent("a", "20261110T100000Z", "20261110T110000Z", "RRULE:FREQ=DAILY;COUNT=3")


def read(*blocks: str) -> Snapshot:
    return events_between(vcalendar(*blocks), WINDOW, BERLIN)


def found(*blocks: str) -> tuple[Event, ...]:
    snapshot = read(*blocks)
    assert snapshot.unreadable == ()
    return snapshot.events


def line(*lines: str) -> str:
    """A meeting of those lines alone."""
    return "\r\n".join(["BEGIN:VEVENT", "UID:a", "SUMMARY:Meeting a", *lines, "END:VEVENT", ""])


def times(*lines: str) -> list[tuple[str, str]]:
    return [(f"{e.start:%d %H:%M}", f"{e.end:%d %H:%M}") for e in found(line(*lines))]


# ------------------------------------------------------------------------------------ empty and doubled lines

# fmt: off
_ALL = [
    "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "SEQUENCE", "STATUS", "CLASS",
    "SUMMARY", "LOCATION", "DESCRIPTION", "URL", "CONFERENCE", "ORGANIZER", "ATTENDEE", "DTSTAMP", "CREATED",
    "LAST-MODIFIED",
    "TRANSP", "PRIORITY", "CATEGORIES", "GEO", "ATTACH", "CONTACT", "COMMENT", "RESOURCES", "RELATED-TO",
    "REQUEST-STATUS", "X-ALT-DESC", "X-MICROSOFT-CDO-BUSYSTATUS", "X-MICROSOFT-CDO-ALLDAYEVENT",
    "X-APPLE-TRAVEL-DURATION", "COLOR", "IMAGE",
]
# fmt: on


@pytest.mark.parametrize("name", _ALL)
@pytest.mark.parametrize("form", ["{}:", "{}: ", "{};X-P=1:", "{};VALUE=DATE:", "{};TZID=Europe/Berlin:", "{};TZID=:"])
def test_b11_an_empty_property_costs_nothing(name: str, form: str) -> None:
    empty = form.format(name)
    assert found(PLAIN.replace("UID:a", f"{empty}\r\nUID:a")) == found(PLAIN)
    assert found(PLAIN.replace("UID:a", f"UID:a\r\n{empty}\r\n{empty}")) == found(PLAIN)
    assert found(SERIES.replace("UID:a", f"{empty}\r\nUID:a")) == found(SERIES)


@pytest.mark.parametrize(
    "line",
    [
        "CATEGORIES;VALUE=DATE:x", "CATEGORIES;VALUE=PERIOD:,", "ATTENDEE;VALUE=DURATION:x", "GEO:here", "CREATED:soon",
        "X-THING;VALUE=RECUR:FREQ=", "X-THING;TZID=Nowhere;VALUE=DATE-TIME:20261110T100000", "PRIORITY:high",
        "ORGANIZER;CN=\"", "X-A;=:", "CONFERENCE;VALUE=INTEGER:x", "REQUEST-STATUS:", "SEQUENCE:first", "X-;:",
        "LAST-MODIFIED:yesterday", "DTSTAMP;TZID=Nowhere:2026", "BEGIN;X", "X-A;VALUE=BINARY:%%",
    ],
)  # fmt: skip
def test_b11_a_line_that_nobody_needs_costs_nothing(line: str) -> None:
    (event,) = found(PLAIN.replace("UID:a", f"UID:a\r\n{line}"))
    assert (event.start, event.title) == (utc("2026-11-10 10:00"), "Meeting a")


def test_b11_an_empty_uid_is_none() -> None:
    assert len(found(PLAIN.replace("UID:a", "UID:"))) == 1


@pytest.mark.parametrize("at", range(1, 7))
def test_b11_a_line_that_stands_twice_alike(at: int) -> None:
    lines = SERIES.replace("END:VEVENT", "STATUS:CONFIRMED\r\nCLASS:PUBLIC\r\nEND:VEVENT").split("\r\n")
    doubled = "\r\n".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])
    assert found(doubled) == found(SERIES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("DTSTART:20261110T100000Z", "DTSTART;VALUE=DATE-TIME:20261110T100000Z"),
        ("DTSTART:20261110T100000Z", "DTSTART;TZID=Europe/Berlin:20261110T110000"),
        ("DTEND:20261110T110000Z", "DTEND;TZID=Europe/Berlin:20261110T120000"),
        ("SUMMARY:Meeting a", "SUMMARY;LANGUAGE=de:Besprechung a"),
        ("RRULE:FREQ=DAILY;COUNT=3", "RRULE:COUNT=3;FREQ=DAILY;"),
        ("SEQUENCE:0", "SEQUENCE:00"),
        ("UID:a", "UID:a "),
    ],
)
def test_b11_the_same_said_twice_in_other_words(one: str, other: str) -> None:
    assert [e.start for e in found(SERIES.replace(one, f"{one}\r\n{other}"))] == [e.start for e in found(SERIES)]
    assert found(SERIES.replace(one, f"{one}\r\n{other}"))[0].title == "Meeting a"


def test_b11_private_and_cancelled_said_twice() -> None:
    words = "CLASS:PUBLIC\r\nclass:PUBLIC\r\nSTATUS:CONFIRMED\r\nSTATUS: CONFIRMED"
    (event,) = found(PLAIN.replace("UID:a", f"UID:a\r\n{words}"))
    assert not (event.private or event.cancelled or event.tentative)


# ------------------------------------------------------------------------------------ sloppy values


@pytest.mark.parametrize("start", [
    "DTSTART:20261110T100000z", "DTSTART:20261110t100000z", "DTSTART:20261110T1000Z", "DTSTART: 20261110T100000Z ",
    "DTSTART:2026-11-10T10:00:00Z", "DTSTART:2026-11-10T10:00Z", "DTSTART:2026-11-10 10:00:00.000Z",
    "DTSTART:20261110T110000+0100", "DTSTART:2026-11-10T11:00:00+01:00", "dtstart:20261110T100000Z",
    "DTSTART;TZID=Europe/Berlin:20261110T1100", "DTSTART;TZID=Europe/Berlin:2026-11-10T11:00",
    'DTSTART;X-A="b;c:d";TZID="Europe/Berlin":20261110T110000', "DTSTART;tzid=Europe/Berlin:20261110T110000",
    'DTSTART;TZID="Europe/Berlin:20261110T110000"',
    "DTSTART;VALUE=DATE:20261110T100000Z", "DTSTART:20261110T110000",
])  # fmt: skip
def test_b11_spellings_of_a_moment(start: str) -> None:
    assert times(start, "DURATION:PT1H") == [("10 10:00", "10 11:00")]
    assert times(start, start.replace("DTSTART", "DTEND").replace("dtstart", "dtend").replace("10:00", "11:00")
                 .replace("T1000", "T1100").replace("t1000", "t1100").replace("T11:00", "T12:00")) != []  # fmt: skip


@pytest.mark.parametrize("day", ["DTSTART;VALUE=DATE:20261110", "DTSTART:20261110", "DTSTART;VALUE=DATE:2026-11-10",
                                 "DTSTART;VALUE=DATE:20261110T000000", "DTSTART;VALUE=DATE-TIME:20261110",
                                 "DTSTART;TZID=America/New_York;VALUE=DATE:20261110", "DTSTART;VALUE=DATE:20261110Z",
                                 "DTSTART;value=date:20261110"])  # fmt: skip
def test_b11_spellings_of_a_day(day: str) -> None:
    (event,) = found(line(day))
    assert (event.all_day, event.start, event.end) == (True, utc("2026-11-09 23:00"), utc("2026-11-10 23:00"))


@pytest.mark.parametrize(
    ("duration", "minutes"),
    [
        ("PT1H", 60), ("pt1h", 60), ("PT60M", 60), ("PT3600S", 60), ("+PT1H", 60), (" PT1H", 60), ("PT", 0), ("P", 0),
        ("P1D", 1440), ("P0DT1H0M0S", 60), ("P1W", 10080), ("PT24H", 1440), ("P1DT1H", 1500), ("P1WT1H", 10140),
    ],
)  # fmt: skip
def test_b11_spellings_of_a_duration(duration: str, minutes: int) -> None:
    (event,) = found(line("DTSTART:20261110T100000Z", f"DURATION:{duration}"))
    assert (event.end - event.start).total_seconds() == minutes * 60


@pytest.mark.parametrize("rule", [
    "FREQ=DAILY;COUNT=3;", ";FREQ=DAILY;COUNT=3", "FREQ=DAILY;;COUNT=3", "freq=daily;count=3",
    "FREQ = DAILY; COUNT = 3",
    "FREQ=DAILY;COUNT=3;INTERVAL=", "FREQ=DAILY;COUNT=3;BYDAY=", "FREQ=DAILY;COUNT=3;BYDAY=TU, WE,TH, FR,",
    "FREQ=DAILY;COUNT=3;RSCALE=GREGORIAN", "RSCALE=GREGORIAN;FREQ=DAILY;SKIP=OMIT;COUNT=3", "FREQ=DAILY;COUNT=3;UNTIL=",
    "FREQ=DAILY;COUNT=3;COUNT=3", "FREQ=DAILY;COUNT=3;X-THING=1", "FREQ=DAILY;COUNT=3;WKST=su", "FREQ=DAILY;COUNT=+3",
    "FREQ=DAILY;COUNT=3;SKIP=FORWARD", "FREQ=DAILY;COUNT=03;BYMONTH=11,", "RRULE:FREQ=DAILY;COUNT=3",
    "FREQ=WEEKLY;COUNT=3;BYDAY=TU, WE, TH", "FREQ=WEEKLY;UNTIL=20261112T100000Z ;BYDAY=TU,WE,TH,",
])  # fmt: skip
def test_b11_spellings_of_a_rule(rule: str) -> None:
    assert [start for start, _ in times("DTSTART:20261110T100000Z", "DURATION:PT1H", f"RRULE:{rule}")] == [
        "10 10:00", "11 10:00", "12 10:00",
    ]  # fmt: skip


@pytest.mark.parametrize("exdate", [
    "EXDATE:20261111T100000Z,", "EXDATE:,20261111T100000Z", "EXDATE:20261111T100000Z, 20261112T100000Z",
    "EXDATE: 20261111T100000Z ,20261112T1000z,", "EXDATE;TZID=Europe/Berlin:20261111T110000, 20261112T110000,",
    "EXDATE;VALUE=DATE:20261111, ", "EXDATE:20261111T100000Z,20261111T100000Z", "EXDATE:\r\nEXDATE:20261111T100000Z",
])  # fmt: skip
def test_b11_spellings_of_a_list(exdate: str) -> None:
    found = [start[:2] for start, _ in times("DTSTART:20261110T100000Z", "RRULE:FREQ=DAILY;COUNT=4", exdate)]
    assert "11" not in found and {"10", "13"} <= set(found)
    added = [start[:2] for start, _ in times("DTSTART:20261115T100000Z", exdate.replace("EXDATE", "RDATE"))]
    assert {"15", "11"} <= set(added)


@pytest.mark.parametrize("rule", [
    "FREQ=DAILY;COUNT=3;COUNT=4", "FREQ=DAILY;BYDAY=XX", "FREQ=DAILY;BYMONTH=13", "FREQ=MONTHLY;BYDAY=99MO",
    "FREQ=DAILY;BYHOUR=24", "RSCALE=CHINESE;FREQ=YEARLY", "FREQ=MONTHLY;BYMONTHDAY=31;RSCALE=GREGORIAN;SKIP=BACKWARD",
    "INTERVAL=1", "FREQ=DAILY;INTERVAL=x", "FREQ=DAILY;UNTIL=soon", "FREQ=DAILY;UNTIL=20261301",
    "FREQ=DAILY;FANCY=1", "FREQ=DAILY;BYMONTHDAY=0",
    "FREQ=DAILY;INTERVAL=99999999999999999999", "FREQ=DAILY,WEEKLY",
])  # fmt: skip
def test_b11_what_can_be_meant_in_several_ways_is_told(rule: str) -> None:
    snapshot = read(line("DTSTART:20261110T100000Z", f"RRULE:{rule}"))
    assert snapshot.events == ()
    (item,) = snapshot.unreadable
    assert "RRULE" in item.reason or "not followed" in item.reason
    assert "Error" not in item.reason and "must be" not in item.reason


# ------------------------------------------------------------------------------------ ends of another kind


@pytest.mark.parametrize(
    ("lines", "end"),
    [
        (["DTSTART:20261110T100000Z", "DTEND;VALUE=DATE:20261111"], "2026-11-11 00:00"),
        (["DTSTART:20261110T100000Z", "DTEND;VALUE=DATE:20261110"], "2026-11-11 00:00"),
        (["DTSTART;TZID=Europe/Berlin:20261110T110000", "DTEND;VALUE=DATE:20261111"], "2026-11-10 23:00"),
        (["DTSTART:20261110T110000", "DTEND:20261111"], "2026-11-10 23:00"),
        (["DTSTART;TZID=America/New_York:20261110T050000", "DTEND:20261110T060000"], "2026-11-10 11:00"),
        (["DTSTART:20261110T100000Z", "DTEND:20261110T110000"], "2026-11-10 11:00"),
        (["DTSTART;TZID=Asia/Tokyo:20261110T190000", "DTEND:20261110T200000"], "2026-11-10 11:00"),
        (["DTSTART:20261110T190000", "DTEND;TZID=Asia/Tokyo:20261110T200000"], "2026-11-10 11:00"),
        (["DTSTART;TZID=Asia/Tokyo:20261110T190000", "DTEND;TZID=Europe/Berlin:20261110T120000"], "2026-11-10 11:00"),
        (["DTSTART:20261110T100000Z", "DTEND:20261110T110000Z", "DURATION:PT3H"], "2026-11-10 11:00"),
    ],
)
def test_b11_an_end_of_another_kind(lines: list[str], end: str) -> None:
    (event,) = found(line(*lines))
    assert (event.start, event.end, event.all_day) == (utc("2026-11-10 10:00"), utc(end), False)


@pytest.mark.parametrize("end", ["20261111T000000", "20261111T000000Z", "20261111", "20261110"])
def test_b11_an_end_of_days_that_is_a_midnight(end: str) -> None:
    (event,) = found(line("DTSTART;VALUE=DATE:20261110", f"DTEND:{end}"))
    assert (event.all_day, event.end) == (True, utc("2026-11-10 23:00"))


@pytest.mark.parametrize(
    ("start", "end", "begins"),
    [
        (";VALUE=DATE:20261110", ":20261110T110000Z", "2026-11-09 23:00"),
        (";VALUE=DATE:20261110T000000", ";VALUE=DATE:20261110T120000", "2026-11-09 23:00"),
        (":20261110", ";TZID=America/New_York:20261110T060000", "2026-11-10 05:00"),
    ],
)
def test_b11_a_day_that_ends_at_a_time(start: str, end: str, begins: str) -> None:
    (event,) = found(line(f"DTSTART{start}", f"DTEND{end}"))
    assert (event.all_day, event.start, event.end) == (False, utc(begins), utc("2026-11-10 11:00"))


@pytest.mark.parametrize("name", ["UID", "DTSTART", "DTEND", "RRULE", "EXDATE", "SEQUENCE", "ORGANIZER", "STATUS"])
def test_b11_a_line_that_is_none_spoils_no_other(name: str) -> None:
    """A line break that nobody escaped belongs to a text, and to nothing else."""
    block = SERIES.replace("END:VEVENT", "EXDATE:20261111T100000Z\r\nORGANIZER:mailto:a@example.org\r\nSTATUS:X\r\n"
                           "END:VEVENT")  # fmt: skip
    lines = block.split("\r\n")
    at = next(number for number, text in enumerate(lines) if text.startswith(name))
    spoiled = "\r\n".join([*lines[: at + 1], "X-APPLE-RADIUS=49.9", "and more", *lines[at + 1 :]])
    assert found(spoiled) == found(block)


# ------------------------------------------------------------------------------------ files

_TEXT = vcalendar(vevent("a", "20261110T100000Z", "20261110T110000Z", "DESCRIPTION:one\r\n  two", "LOCATION:Here"))
_HEADS = (b"", b"\r\n", b"\n\n", b"\r", b" \r\n", b"\t\n \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", b"\n\xef\xbb\xbf")
_ENDS = ([b"\r\n"], [b"\n"], [b"\r"], [b"\r\r\n"], [b"\r", b"\n"], [b"\r\n", b"\r"], [b"\n", b"\r\n", b"\r"])


@pytest.mark.parametrize(("head", "ends"), list(itertools.product(_HEADS, _ENDS)))
def test_b11_first_lines_and_line_ends(head: bytes, ends: list[bytes]) -> None:
    lines = _TEXT.split(b"\r\n")
    data = head + b"".join(line + end for line, end in zip(lines, itertools.cycle(ends), strict=False))
    for text in (data, data + b"\n", data.rstrip()):
        (event,) = events_between(text, WINDOW, BERLIN).events
        assert {t.where: t.content for t in event.texts}["description"] == "one two"


def test_b11_cr_line_ends_and_one_lf() -> None:
    lines = _TEXT.split(b"\r\n")
    for at in range(len(lines)):
        data = b"".join(line + (b"\n" if number == at else b"\r") for number, line in enumerate(lines))
        assert len(events_between(data, WINDOW, BERLIN).events) == 1


@pytest.mark.parametrize("word", [b"begin:vcalendar", b"BEGIN: VCALENDAR", b"BEGIN:VCALENDAR  ", b"  BEGIN:VCALENDAR"])
def test_b11_spellings_of_the_first_line(word: bytes) -> None:
    assert len(events_between(_TEXT.replace(b"BEGIN:VCALENDAR", word), WINDOW, BERLIN).events) == 1
