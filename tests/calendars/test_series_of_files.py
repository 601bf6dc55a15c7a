"""Series as files write them: the end of a rule, Z beside a zone, several masters, changes by day (B7 to B10)."""

from __future__ import annotations

import time
from zoneinfo import ZoneInfo

import pytest

from connector.calendars.icalendar_events import Agenda, parse
from connector.model import Event, Window
from tests.calendars.ics_text import utc, vcalendar, vevent
from tests.support import patience

BERLIN, NEW_YORK, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
DECEMBER = Window(utc("2026-11-20"), utc("2026-12-31"))


def events(*blocks: str, zone: ZoneInfo = BERLIN, window: Window = DECEMBER) -> tuple[Event, ...]:
    snapshot = Agenda([parse(vcalendar(*blocks), "The calendar")], zone=zone).between(window)
    assert snapshot.unreadable == ()
    return snapshot.events


def starts(*blocks: str, zone: ZoneInfo = BERLIN) -> list[str]:
    """In the zone."""
    return [f"{event.start.astimezone(zone):%m-%d %H:%M}" for event in events(*blocks, zone=zone)]


def series(start: str, *lines: str, uid: str = "a", sequence: int = 0) -> str:
    """``start``: the line after "DTSTART"."""
    block = vevent(uid, "20260101T000000Z", "", *lines, sequence=sequence)
    return block.replace("DTSTART:20260101T000000Z", f"DTSTART{start}")


# ------------------------------------------------------------------------------------ B7


@pytest.mark.parametrize("until", [
    "20261202T090000", "20261202T140000Z", "20261202", "20261202T235959", "20261203T000000", "20261202T140000z",
    "20261202T0900", "2026-12-02",
])  # fmt: skip
def test_b7_until_beside_a_zone(until: str) -> None:
    block = series(";TZID=America/New_York:20261130T090000", f"RRULE:FREQ=DAILY;UNTIL={until}")
    assert starts(block, zone=NEW_YORK) == ["11-30 09:00", "12-01 09:00", "12-02 09:00"]


@pytest.mark.parametrize("until", ["20261202T085959", "20261202T135959Z", "20261201", "20261201T233000"])
def test_b7_until_that_comes_before_the_next_one(until: str) -> None:
    block = series(";TZID=America/New_York:20261130T090000", f"RRULE:FREQ=DAILY;UNTIL={until}")
    assert starts(block, zone=NEW_YORK) == ["11-30 09:00", "12-01 09:00"]


@pytest.mark.parametrize(
    ("zone", "until"),
    [
        (NEW_YORK, "20261202T140000Z"),  # the instant
        (BERLIN, "20261202T080000Z"),
        (TOKYO, "20261202T000000Z"),
        (NEW_YORK, "20261202T090000Z"),  # the clock's time, with a Z that somebody added
        (BERLIN, "20261202T090000Z"),
        (TOKYO, "20261202T090000Z"),
        (BERLIN, "20261202T225959Z"),  # the end of that day in Berlin
        (BERLIN, "20261202T090000"),
        (NEW_YORK, "20261202"),
    ],
)
def test_b7_until_beside_a_floating_start(zone: ZoneInfo, until: str) -> None:
    block = series(":20261130T090000", f"RRULE:FREQ=DAILY;UNTIL={until}")
    assert starts(block, zone=zone) == ["11-30 09:00", "12-01 09:00", "12-02 09:00"]


@pytest.mark.parametrize("until", ["20261202T090000", "20261202T090000Z", "20261202", "20261202T235959"])
def test_b7_until_beside_a_start_in_utc(until: str) -> None:
    block = series(":20261130T090000Z", f"RRULE:FREQ=DAILY;UNTIL={until}")
    assert [event.start.day for event in events(block)] == [30, 1, 2]


@pytest.mark.parametrize(
    ("zone", "until"),
    [
        (BERLIN, "20261202"), (BERLIN, "20261202T000000"), (BERLIN, "20261202T000000Z"), (BERLIN, "20261201T230000Z"),
        (BERLIN, "20261202T225959Z"), (BERLIN, "20261202T235959Z"), (NEW_YORK, "20261202T000000Z"),
        (NEW_YORK, "20261202T050000Z"), (NEW_YORK, "20261203T045959Z"), (TOKYO, "20261201T150000Z"),
    ],
)  # fmt: skip
def test_b7_until_of_days(zone: ZoneInfo, until: str) -> None:
    block = series(";VALUE=DATE:20261130", f"RRULE:FREQ=DAILY;UNTIL={until}")
    assert [event.start.astimezone(zone).day for event in events(block, zone=zone)] == [30, 1, 2]


# ------------------------------------------------------------------------------------ B8


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Nowhere", '"W. Europe Standard Time"', '""'])
def test_b8_z_wins_over_a_zone(zone: str) -> None:
    block = series(f";TZID={zone}:20261201T120000Z", f"DTEND;TZID={zone}:20261201T130000Z")
    (event,) = events(block)
    assert (event.start, event.end) == (utc("2026-12-01 12:00"), utc("2026-12-01 13:00"))


def test_b8_in_every_property_of_a_series() -> None:
    zone = ";TZID=America/New_York"
    block = series(
        f"{zone}:20261201T120000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=4",
        f"EXDATE{zone}:20261202T120000Z", f"RDATE{zone}:20261210T150000Z",
    )  # fmt: skip
    moved = series(f"{zone}:20261203T180000Z", f"RECURRENCE-ID{zone}:20261203T120000Z")
    assert [(e.start.day, e.start.hour) for e in events(block, moved)] == [(1, 12), (3, 18), (4, 12), (10, 15)]


# ------------------------------------------------------------------------------------ B9


def test_b9_single_meetings_of_one_uid_are_all_kept() -> None:
    blocks = [
        vevent("a", f"202612{day:02}T100000Z", f"202612{day:02}T110000Z").replace("20261001T08", f"20261001T{day:02}")
        for day in range(1, 9)
    ]
    assert [e.start.day for e in events(*blocks)] == list(range(1, 9))
    assert [e.start.day for e in events(*reversed(blocks))] == list(range(1, 9))
    modified = [block.replace("SEQUENCE", f"LAST-MODIFIED:202610{n:02}T000000Z\r\nSEQUENCE") for n, block in
                enumerate(blocks, 1)]  # fmt: skip
    assert [e.start.day for e in events(*modified)] == list(range(1, 9))


def test_b9_two_masters_of_one_uid() -> None:
    one = series(":20261201T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3")
    two = series(":20261203T150000Z", "DURATION:PT30M", "RRULE:FREQ=WEEKLY;COUNT=2").replace("T080000Z", "T090000Z")
    moved = series(":20261211T150000Z", "DURATION:PT1H", "RECURRENCE-ID:20261210T150000Z")
    found = [(e.start.day, e.start.hour) for e in events(one, two, moved)]
    assert found == [(1, 10), (3, 15), (8, 10), (11, 15), (15, 10)]
    assert len({e.key for e in events(one, two, moved)}) == 5


def test_b9_masters_at_one_time_of_the_day_keep_their_own_changes() -> None:
    one = series(":20261201T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3")
    two = series(":20261203T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3")
    moved = series(":20261210T180000Z", "DURATION:PT1H", "RECURRENCE-ID:20261210T100000Z")
    found = [(e.start.day, e.start.hour) for e in events(one, two, moved)]
    assert found == [(1, 10), (3, 10), (8, 10), (10, 18), (15, 10), (17, 10)]


def test_b9_a_master_and_single_meetings_of_one_uid() -> None:
    one = series(":20261201T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2")
    single = series(":20261204T120000Z", "DURATION:PT1H").replace("T080000Z", "T090000Z")
    assert [e.start.day for e in events(one, single)] == [1, 4, 8]


def test_b9_a_higher_sequence_is_a_revision() -> None:
    old = series(":20261201T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2")
    new = series(":20261202T100000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2", sequence=1)
    assert [e.start.day for e in events(old, new)] == [e.start.day for e in events(new, old)] == [2, 9]


def test_b9_of_several_files_the_newest_counts() -> None:
    old = parse(vcalendar(vevent("a", "20261201T100000Z", "20261201T110000Z")), "old")
    new = parse(vcalendar(vevent("a", "20261202T100000Z", "20261202T110000Z").replace("T08", "T09")), "new")
    for files in ([old, new], [new, old]):
        (event,) = Agenda(files, zone=BERLIN).between(DECEMBER).events
        assert event.start.day == 2


def test_b9_many_masters_with_many_changes_end_in_time() -> None:
    blocks = [
        series(f":20261201T{n // 60:02}{n % 60:02}00Z", "RRULE:FREQ=DAILY;COUNT=20", "DURATION:PT1M")
        for n in range(200)
    ]
    changes = [
        series(f":20261205T{n // 60:02}{n % 60:02}30Z", f"RECURRENCE-ID:20261204T{n // 60:02}{n % 60:02}00Z")
        for n in range(500)
    ]
    started = time.perf_counter()
    Agenda([parse(vcalendar(*blocks, *changes), "x")], zone=BERLIN).between(
        Window(utc("2026-12-01"), utc("2026-12-02"))
    )
    assert time.perf_counter() - started < patience.seconds(10)


# ------------------------------------------------------------------------------------ B10

_ZONED = ";TZID=America/New_York:20261201T090000"


@pytest.mark.parametrize(
    "named",
    [
        ";VALUE=DATE:20261202", ":20261202", ":20261202T000000", ";TZID=America/New_York:20261202T000000",
        ":20261202T000000Z", ":20261202T140000Z", ";TZID=Europe/Berlin:20261202T150000", ":20261202T090000",
        ";VALUE=DATE:20261202T000000",
    ],
)  # fmt: skip
@pytest.mark.parametrize("start", [_ZONED, ":20261201T090000"])
def test_b10_a_change_named_by_its_day(start: str, named: str) -> None:
    block = series(start, "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3")
    moved = series(start.replace("1201T09", "1202T16"), "DURATION:PT1H", f"RECURRENCE-ID{named}")
    assert starts(block, moved, zone=NEW_YORK) == ["12-01 09:00", "12-02 16:00", "12-03 09:00"]
    assert events(block, moved, zone=NEW_YORK)[1].original_start == utc("2026-12-02 14:00")


def test_b10_midnight_is_a_time_where_the_series_has_it() -> None:
    block = series(":20261201T000000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3")
    moved = series(":20261202T050000Z", "DURATION:PT1H", "RECURRENCE-ID:20261202T000000Z")
    assert [(e.start.day, e.start.hour) for e in events(block, moved)] == [(1, 0), (2, 5), (3, 0)]
    local = series(";TZID=Europe/Berlin:20261201T010000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3")
    assert [(e.start.day, e.start.hour) for e in events(local, moved)] == [(1, 0), (2, 5), (3, 0)]


def test_b10_a_rule_with_an_hour_of_its_own() -> None:
    block = series(_ZONED, "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3;BYHOUR=9;BYMINUTE=0")
    moved = series(":20261202T160000Z", "DURATION:PT1H", "RECURRENCE-ID;VALUE=DATE:20261202")
    assert starts(block, moved, zone=NEW_YORK) == ["12-01 09:00", "12-02 11:00", "12-03 09:00"]


@pytest.mark.parametrize("named", [
    ";VALUE=DATE:20261202", ":20261202T000000", ":20261202T000000Z", ":20261201T230000Z",
    ";TZID=Europe/Berlin:20261202T000000",
])  # fmt: skip
def test_b10_a_change_of_a_whole_day(named: str) -> None:
    block = series(";VALUE=DATE:20261201", "RRULE:FREQ=DAILY;COUNT=3")
    moved = series(";VALUE=DATE:20261205", f"RECURRENCE-ID{named}")
    assert starts(block, moved) == ["12-01 00:00", "12-03 00:00", "12-05 00:00"]
    assert starts(series(";VALUE=DATE:20261201", "RRULE:FREQ=DAILY;COUNT=3", f"EXDATE{named}")) == [
        "12-01 00:00", "12-03 00:00",
    ]  # fmt: skip


@pytest.mark.parametrize("named", [
    ";VALUE=DATE:20261202", ":20261202T000000", ";TZID=America/New_York:20261202T000000", ":20261202T140000Z",
    ":20261202T000000Z", ":20261202T090000", ":20261202, ",
])  # fmt: skip
def test_b10_an_exception_named_by_its_day(named: str) -> None:
    block = series(_ZONED, "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3", f"EXDATE{named}")
    assert starts(block, zone=NEW_YORK) == ["12-01 09:00", "12-03 09:00"]


def test_b10_a_further_date_is_at_the_time_of_the_series() -> None:
    block = series(_ZONED, "DURATION:PT1H", "RDATE;VALUE=DATE:20261205,20261207")
    assert starts(block, zone=NEW_YORK) == ["12-01 09:00", "12-05 09:00", "12-07 09:00"]


@pytest.mark.parametrize(
    ("rules", "days"),
    [
        (["EXRULE:FREQ=WEEKLY;BYDAY=SA,SU"], [1, 2, 3, 4, 7, 8]),
        (["EXRULE:FREQ=DAILY;INTERVAL=2"], [2, 4, 6, 8]),
        (["EXRULE:FREQ=DAILY;UNTIL=20261203"], [4, 5, 6, 7, 8]),
        (["EXRULE:FREQ=DAILY;COUNT=2", "EXRULE:FREQ=WEEKLY;BYDAY=FR"], [3, 5, 6, 7, 8]),
        (["EXRULE:"], [1, 2, 3, 4, 5, 6, 7, 8]),
        (["EXRULE:FREQ=YEARLY;BYMONTH=1"], [2, 3, 4, 5, 6, 7, 8]),
    ],
)
@pytest.mark.parametrize("start", [":20261201T100000Z", _ZONED, ";VALUE=DATE:20261201", ":20261201T090000"])
def test_b10_exrule(start: str, rules: list[str], days: list[int]) -> None:
    found = [e.start.astimezone(NEW_YORK).day for e in
             events(series(start, "RRULE:FREQ=DAILY;COUNT=8", *rules), zone=NEW_YORK)]  # fmt: skip
    if rules == ["EXRULE:FREQ=YEARLY;BYMONTH=1"]:
        days = [1, *days]  # a rule that matches no occurrence takes none out, not even the first
    assert found == days


def test_b10_an_exrule_that_costs_too_much_is_told() -> None:
    snapshot = Agenda(
        [parse(vcalendar(series(":20261201T100000Z", "RRULE:FREQ=DAILY", "EXRULE:FREQ=SECONDLY")), "x")], zone=BERLIN
    ).between(DECEMBER)
    assert "more often than any meeting" in snapshot.unreadable[0].reason


def test_this_and_future_in_another_zone_and_by_its_day() -> None:
    block = series(_ZONED, "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=4")
    later = series(
        ";TZID=Europe/Berlin:20261203T180000", "DURATION:PT2H", "RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20261203"
    )
    found = events(block, later, zone=NEW_YORK)
    assert [(e.start.day, e.start.hour, e.original_start.hour) for e in found] == [
        (1, 14, 14), (2, 14, 14), (3, 17, 14), (4, 17, 14),
    ]  # fmt: skip
    assert [(e.end - e.start).seconds // 3600 for e in found] == [1, 1, 2, 2]


def test_b11_the_exact_length_is_kept_over_a_change_of_the_clock() -> None:
    window = Window(utc("2026-03-20"), utc("2026-04-05"))
    gap = series(";TZID=Europe/Berlin:20260329T023000", "DTEND;TZID=Europe/Berlin:20260329T033000")
    (event,) = events(gap, window=window)
    assert (event.start, event.end) == (utc("2026-03-29 01:30"), utc("2026-03-29 02:30"))
    floating = series(":20260329T023000", "DTEND:20260329T033000")
    (event,) = events(floating, window=window)
    assert (event.start, event.end) == (utc("2026-03-29 01:30"), utc("2026-03-29 02:30"))
    for begin, end, hours in [("0230", "0330", 1), ("0130", "0330", 2), ("0215", "0245", 0.5), ("0030", "0630", 6)]:
        weekly = series(
            f";TZID=Europe/Berlin:20260322T{begin}00", f"DTEND;TZID=Europe/Berlin:20260322T{end}00", "RRULE:FREQ=WEEKLY"
        )
        lengths = [(e.end - e.start).total_seconds() / 3600 for e in events(weekly, window=window)]
        assert len(lengths) >= 2 and set(lengths) == {hours}
    night = series(";TZID=America/New_York:20261031T233000", "DTEND;TZID=America/New_York:20261101T013000",
                   "RRULE:FREQ=DAILY;COUNT=3")  # fmt: skip
    found = events(night, window=Window(utc("2026-10-30"), utc("2026-11-05")))
    assert [(e.end - e.start).seconds for e in found] == [7200] * 3
