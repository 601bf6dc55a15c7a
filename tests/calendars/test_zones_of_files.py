"""Time zones as files name and define them (B5, B6 and the zones of B11)."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest

from connector.calendars.ical_vtimezone import own_zone
from connector.calendars.ical_zones import named_zone
from connector.calendars.icalendar_events import events_between
from connector.model import Snapshot, Window
from tests.calendars.ics_text import utc, vcalendar, vevent
from tests.support import patience

BERLIN = ZoneInfo("Europe/Berlin")
YEAR = Window(utc("2026-01-01"), utc("2027-01-01"))

US_STANDARD = "RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=2;BYDAY=1SU;BYMONTH=11"
US_DAYLIGHT = "RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=2;BYDAY=2SU;BYMONTH=3"
EU_STANDARD = "RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=3;BYDAY=-1SU;BYMONTH=10"
EU_DAYLIGHT = "RRULE:FREQ=YEARLY;BYMINUTE=0;BYHOUR=2;BYDAY=-1SU;BYMONTH=3"


def vtimezone(
    name: str, standard: str, daylight: str, winter: tuple[str, str], *more: str, at: str = "19501105T020000"
) -> str:
    """``winter``: offsets in winter and in summer."""
    cold, warm = winter
    lines = [
        "BEGIN:VTIMEZONE", f"TZID:{name}", *more,
        "BEGIN:STANDARD", f"DTSTART:{at}", f"TZOFFSETFROM:{warm}", f"TZOFFSETTO:{cold}", standard, "END:STANDARD",
        "BEGIN:DAYLIGHT", f"DTSTART:{at}", f"TZOFFSETFROM:{cold}", f"TZOFFSETTO:{warm}", daylight, "END:DAYLIGHT",
        "END:VTIMEZONE",
    ]  # fmt: skip
    return "".join(f"{line}\r\n" for line in lines if line)


def fixed(name: str, offset: str, *more: str) -> str:
    lines = [
        "BEGIN:VTIMEZONE", f"TZID:{name}", *more, "BEGIN:STANDARD", "DTSTART:16010101T000000",
        f"TZOFFSETFROM:{offset}", f"TZOFFSETTO:{offset}", "END:STANDARD", "END:VTIMEZONE",
    ]  # fmt: skip
    return "".join(f"{line}\r\n" for line in lines)


def read(*blocks: str) -> Snapshot:
    return events_between(vcalendar(*blocks), YEAR, BERLIN)


def start(zone_block: str, name: str, local: str, *head: str) -> datetime:
    block = vevent("a", "20260101T000000Z").replace("DTSTART:20260101T000000Z", f'DTSTART;TZID="{name}":{local}')
    snapshot = read(*head, zone_block, block)
    assert snapshot.unreadable == ()
    (event,) = snapshot.events
    return event.start


def reason(*blocks: str) -> str:
    snapshot = read(*blocks)
    assert snapshot.events == ()
    (item,) = snapshot.unreadable
    return item.reason


# ------------------------------------------------------------------------------------ B5


@pytest.mark.parametrize(
    ("name", "standard", "daylight", "offsets", "july", "january"),
    [
        ("Eastern", US_STANDARD, US_DAYLIGHT, ("-0500", "-0400"), 18, 19),
        ("Pacific", US_STANDARD, US_DAYLIGHT, ("-0800", "-0700"), 21, 22),
        ("Western/Central Europe", EU_STANDARD, EU_DAYLIGHT, ("+0100", "+0200"), 12, 13),
    ],
)
def test_b5_zones_of_notes(
    name: str, standard: str, daylight: str, offsets: tuple[str, str], july: int, january: int
) -> None:
    block = vtimezone(name, standard, daylight, offsets)
    assert start(block, name, "20260715T140000").hour == july
    assert start(block, name, "20260115T140000").hour == january


@pytest.mark.parametrize(
    ("standard", "daylight"),
    [
        ("RRULE:FREQ=YEARLY;BYSECOND=0;BYMINUTE=0;BYHOUR=3;BYDAY=-1SU;BYMONTH=10", EU_DAYLIGHT),
        ("RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=SU;BYSETPOS=-1", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=SU;BYSETPOS=-1"),
        ("RRULE:FREQ=MONTHLY;BYMONTH=10;BYDAY=SU;BYSETPOS=-1", "RRULE:FREQ=MONTHLY;BYMONTH=3;BYDAY=-1SU"),
        (
            "RRULE:FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=25,26,27,28,29,30,31;BYDAY=SU",
            "RRULE:FREQ=DAILY;BYMONTH=3;BYMONTHDAY=25,26,27,28,29,30,31;BYDAY=SU",
        ),
        ("RRULE:FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=-7,-6,-5,-4,-3,-2,-1;BYDAY=SU", EU_DAYLIGHT),
        (
            "RRULE:FREQ=YEARLY;BYYEARDAY=298,299,300,301,302,303,304;BYDAY=SU",
            "RRULE:FREQ=YEARLY;BYYEARDAY=84,85,86,87,88,89,90;BYDAY=SU",
        ),
        ("RRULE:FREQ=YEARLY;INTERVAL=1;WKST=MO;BYMONTH=10;BYDAY=-1SU;", "RRULE:FREQ=YEARLY;BYMONTH=03;BYDAY=-1su"),
        ("RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10;UNTIL=20991231T235959Z", EU_DAYLIGHT),
        ("RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10;COUNT=200", EU_DAYLIGHT),
        ("RRULE:FREQ=YEARLY;BYWEEKNO=43;BYDAY=SU", EU_DAYLIGHT),
        ("RDATE:20251026T030000,20261025T030000, 20271031T030000,", "RDATE:20260329T020000\r\nRDATE:20250330T020000"),
        ("RRULE:FREQ=YEARLY;RSCALE=GREGORIAN;SKIP=OMIT;BYDAY=-1SU;BYMONTH=10", EU_DAYLIGHT),
    ],
)
def test_b5_rule_parts_as_the_standard_has_them(standard: str, daylight: str) -> None:
    block = vtimezone("Office", standard, daylight, ("+0100", "+0200"), at="19700101T020000")
    for local, hour in {"20260715T120000": 10, "20261215T120000": 11, "20260330T120000": 10, "20260328T120000": 11,
                        "20261024T120000": 10, "20261026T120000": 11}.items():  # fmt: skip
        assert start(block, "Office", local).hour == hour, local


def test_b5_day_of_the_year_from_its_end() -> None:
    block = vtimezone(
        "Office", "RRULE:FREQ=YEARLY;BYYEARDAY=-31", "RRULE:FREQ=YEARLY;BYYEARDAY=100", ("+0100", "+0200")
    )
    assert start(block, "Office", "20261130T120000").hour == 10
    assert start(block, "Office", "20261202T120000").hour == 11


def test_b5_the_message_says_what_is_wrong_with_a_definition() -> None:
    bad = vtimezone("Office", "RRULE:FREQ=YEARLY;BYDAY=99SU", EU_DAYLIGHT, ("+0100", "+0200"))
    event = vevent("a", "Office:20260715T120000")
    said = reason(bad, event)
    assert "definition in the file cannot be read" in said and "BYDAY=99SU" in said and "not defined" not in said
    said = reason(bad.replace("TZOFFSETTO:+0100", "TZOFFSETTO:soon").replace("99SU", "1SU"), event)
    assert "'soon'" in said
    assert "unknown and not defined in the file" in reason(event)
    assert "has no rules" in reason("BEGIN:VTIMEZONE\r\nTZID:Office\r\nEND:VTIMEZONE\r\n", event)


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "RRULE:FREQ=DAILY",
        "RRULE:FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYSETPOS=300",
        f"RRULE:FREQ=YEARLY;BYYEARDAY={','.join(map(str, range(1, 367)))}",
        f"RDATE:{','.join(f'{year:04}0101T000000' for year in range(1, 9999))}",
    ],
)
def test_b5_no_definition_takes_long(rule: str) -> None:
    block = vtimezone("Office", rule, EU_DAYLIGHT, ("+0100", "+0200"), at="00010101T000000")
    began = time.perf_counter()
    read(block, vevent("a", "Office:20260715T120000"))
    assert time.perf_counter() - began < patience.seconds(1)


def test_b5_a_definition_that_names_a_place_agrees_with_it_all_year() -> None:
    own = own_zone(vtimezone("Office", EU_STANDARD, EU_DAYLIGHT, ("+0100", "+0200")))
    here: tzinfo = BERLIN
    for hour in range(0, 366 * 24, 3):
        moment = datetime(2026, 1, 1, 0, 30, tzinfo=UTC) + timedelta(hours=hour)
        assert moment.astimezone(own).replace(tzinfo=None) == moment.astimezone(here).replace(tzinfo=None)
        assert moment.astimezone(own).astimezone(UTC) == moment
    for local in ("2026-03-29T02:30", "2026-10-25T02:30", "2026-10-25T03:00", "2026-03-29T03:00"):
        for fold in (0, 1):
            naive = datetime.fromisoformat(local).replace(fold=fold)
            assert naive.replace(tzinfo=own).utcoffset() == naive.replace(tzinfo=here).utcoffset(), (local, fold)


# ------------------------------------------------------------------------------------ B6


@pytest.mark.parametrize(
    ("name", "block", "local", "hour"),
    [
        ("GMT", vtimezone("GMT", EU_STANDARD, EU_DAYLIGHT, ("+0000", "+0100")), "20260715T140000", 13),
        ("GMT", vtimezone("GMT", EU_STANDARD, EU_DAYLIGHT, ("+0000", "+0100")), "20260115T140000", 14),
        ("EST", vtimezone("EST", US_STANDARD, US_DAYLIGHT, ("-0500", "-0400")), "20260715T140000", 18),
        ("MST", vtimezone("MST", US_STANDARD, US_DAYLIGHT, ("-0700", "-0600")), "20260715T140000", 20),
        ("HST", fixed("HST", "-0900"), "20260715T140000", 23),
        ("UTC", fixed("UTC", "+0200"), "20260715T140000", 12),
        ("Etc/UTC", fixed("Etc/UTC", "+0200"), "20260715T140000", 12),
        ("Etc/GMT+5", fixed("Etc/GMT+5", "+0500"), "20260715T140000", 9),
        ("GMT+02:00", fixed("GMT+02:00", "+0300"), "20260715T140000", 11),
        ("UTC-02", fixed("UTC-02", "-0300"), "20260715T140000", 17),
        ("GMT", "", "20260715T140000", 14),
        ("EST", "", "20260715T140000", 19),
    ],
)
def test_b6_the_file_wins_over_a_name_of_an_offset(name: str, block: str, local: str, hour: int) -> None:
    assert start(block, name, local).hour == hour


def test_b6_a_place_comes_before_old_rules_of_the_file() -> None:
    old = vtimezone("America/New_York", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
                    "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU", ("-0500", "-0400"))  # fmt: skip
    assert start(old, "America/New_York", "20260320T140000").hour == 18  # those of 2006 would say 19


def test_b6_an_offset_whose_definition_cannot_be_read_is_the_offset() -> None:
    broken = vtimezone("GMT", "RRULE:FREQ=HOURLY", EU_DAYLIGHT, ("+0000", "+0100"))
    assert start(broken, "GMT", "20260715T140000").hour == 14


# ------------------------------------------------------------------------------------ B11: names of zones


@pytest.mark.parametrize(
    ("name", "july", "january"),
    [
        ("europe/berlin", 10, 11),
        ("EUROPE/BERLIN", 10, 11),
        ("America/New York", 16, 17),
        ("w. europe standard time", 10, 11),
        ("EASTERN STANDARD TIME", 16, 17),
        ("GMT+02:00", 10, 10),
        ("GMT+0200", 10, 10),
        ("gmt+2", 10, 10),
        ("UTC+2", 10, 10),
        ("UTC-3:30", 15, 15),
        ("UTC+05:30", 6, 6),
        ("+02:00", 10, 10),
        ("(UTC+02:00)", 10, 10),
        ("Etc/GMT+2", 14, 14),
        ("utc", 12, 12),
        ("Z", 12, 12),
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", 10, 11),
        ("(GMT+01.00) Amsterdam / Berlin / Bern / Rome / Stockholm / Vienna", 10, 11),
        ("(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", 10, 11),
        ("(UTC+01:00) West Central Africa", 11, 11),
        ("(UTC) Dublin, Edinburgh, Lisbon, London", 11, 12),
        ("(UTC+00:00) Dublin, Edinburgh, Lisbon, London", 11, 12),
        ("(UTC) Coordinated Universal Time", 12, 12),
        ("(UTC-05:00) Eastern Time (US & Canada)", 16, 17),
        ("(GMT-08:00) Pacific Time (US & Canada); Tijuana", 19, 20),
        ("(UTC-07:00) Arizona", 19, 19),
        ("(UTC-05:00) Indiana (East)", 16, 17),
        ("(UTC-06:00) Guadalajara, Mexico City, Monterrey", 18, 18),
        ("(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi", 6, 6),
        ("(UTC+08:00) Beijing, Chongqing, Hong Kong, Urumqi", 4, 4),
        ("(UTC+09:00) Osaka, Sapporo, Tokyo", 3, 3),
        ("(UTC+10:00) Canberra, Melbourne, Sydney", 2, 1),
        ("Amsterdam, Belgrade, Berlin, Brussels, Budapest", 10, 11),
        ("Western/Central Europe", 10, 11),
        ("Eastern", 16, 17),
        ("/mozilla.org/20050126_1/Europe/Berlin", 10, 11),
        ("/softwarestudio.org/Olson_20011030_5/America/New_York", 16, 17),
        ("tzone://Microsoft/Utc", 12, 12),
        ("Europe\\/Berlin", 10, 11),
    ],
)
def test_b11_names_of_zones(name: str, july: int, january: int) -> None:
    for quoted in (f'"{name}"', name):
        for local, hour in {"20260715T120000": july, "20260115T120000": january}.items():
            snapshot = read(vevent("a", "20260101T000000Z").replace(":20260101T000000Z", f";TZID={quoted}:{local}"))
            assert snapshot.unreadable == ()
            assert [event.start.hour for event in snapshot.events] == [hour]


@pytest.mark.parametrize("name", ["Atlantis", "(UTC+05:00) Tokyo", "GMT+99", "Europe", "x" * 5000, "(", "+", "UTC+"])
def test_b11_what_names_no_zone(name: str) -> None:
    assert named_zone(name) is None


def test_b11_custom_zones_and_the_calendars_own() -> None:
    custom = "Customized Time Zone"
    head = "X-WR-TIMEZONE:America/New_York\r\n"
    assert start("", custom, "20260715T120000", head).hour == 16
    assert start(fixed("Customized Time Zone", "+0300"), custom, "20260715T120000", head).hour == 9
    assert start(fixed("Customized Time Zone 1", "+0300"), custom, "20260715T120000", head).hour == 9
    assert start("", "Our Office", "20260715T120000", head).hour == 16
    assert start("", "Our Office", "20260715T120000", "X-WR-TIMEZONE:w. europe standard time\r\n").hour == 10
    for nameless in (custom, "Customized Time Zone 1", "tzone://Microsoft/Custom"):
        assert start("", nameless, "20260715T120000").hour == 10  # the room's: nobody says which
        assert start("", nameless, "20260715T120000", head).hour == 16
    own = "X-WR-TIMEZONE:Our Office\r\n"
    assert start(fixed("Our Office", "+0300"), "Elsewhere", "20260715T120000", own).hour == 9


def test_b11_the_place_that_a_definition_names() -> None:
    place = "X-LIC-LOCATION:America/New_York"
    broken = vtimezone("Our Office", "RRULE:FREQ=HOURLY", US_DAYLIGHT, ("-0500", "-0400"), place)
    assert start(broken, "Our Office", "20260715T120000").hour == 16
    empty = f"BEGIN:VTIMEZONE\r\nTZID:Our Office\r\n{place}\r\nEND:VTIMEZONE\r\n"
    assert start(empty, "Our Office", "20260115T120000").hour == 17


def test_b11_a_definition_in_other_capitals() -> None:
    assert start(fixed("OUR OFFICE", "+0300"), "Our Office", "20260715T120000").hour == 9
