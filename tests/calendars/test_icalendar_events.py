"""The shared parser: what the suite, which asks the sources, is too coarse for."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.calendars.icalendar_events import Agenda, events_between, parse
from connector.errors import SourceUnavailable
from connector.model import Event, Snapshot, Window
from tests.calendars.ics_text import change, times, utc, vcalendar, vevent, window
from tests.support import patience

BERLIN = ZoneInfo("Europe/Berlin")
NOVEMBER_10 = window("2026-11-10", "2026-11-11")


def read(*blocks: str, at: str = "2026-11-10", to: str = "2026-11-11", owner: str = "") -> Snapshot:
    return events_between(vcalendar(*blocks), window(at, to), BERLIN, owner=frozenset({owner}))


def one(*blocks: str, at: str = "2026-11-10", to: str = "2026-11-11", owner: str = "") -> Event:
    snapshot = read(*blocks, at=at, to=to, owner=owner)
    assert snapshot.unreadable == ()
    (event,) = snapshot.events
    return event


def reason(*blocks: str) -> str:
    """Why the only event is unreadable."""
    snapshot = read(*blocks)
    assert snapshot.events == ()
    (item,) = snapshot.unreadable
    assert item.series_uid == "bad"
    return item.reason


# ------------------------------------------------------------------------------------ time


def test_floating_time_runs_in_the_rooms_zone() -> None:
    assert one(vevent("a", "20261110T100000", "20261110T110000")).start == utc("2026-11-10 09:00")


def test_the_calendars_own_zone_comes_before_the_rooms() -> None:
    event = one("X-WR-TIMEZONE:America/New_York\r\n", vevent("a", "20261110T100000", "20261110T110000"))
    assert event.start == utc("2026-11-10 15:00")


@pytest.mark.parametrize(
    "zone", ["W. Europe Standard Time", "/freeassociation.example.net/Europe/Berlin", "/Europe/Berlin"]
)
def test_windows_and_vendor_names_of_zones(zone: str) -> None:
    assert one(vevent("a", f"{zone}:20261110T100000", f"{zone}:20261110T110000")).start == utc("2026-11-10 09:00")


def custom_zone(offset: str, summer: str) -> str:
    return "".join(
        f"{line}\r\n"
        for line in [
            "BEGIN:VTIMEZONE",
            "TZID:Customized Time Zone",
            "BEGIN:STANDARD",
            "DTSTART:16010101T030000",
            f"TZOFFSETFROM:{summer}",
            f"TZOFFSETTO:{offset}",
            "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10",
            "END:STANDARD",
            "BEGIN:DAYLIGHT",
            "DTSTART:16010101T020000",
            f"TZOFFSETFROM:{offset}",
            f"TZOFFSETTO:{summer}",
            "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3",
            "END:DAYLIGHT",
            "END:VTIMEZONE",
        ]
    )


def test_a_zone_of_the_file_does_not_leak_into_the_next_file() -> None:
    start, end = "Customized Time Zone:20261110T100000", "Customized Time Zone:20261110T110000"
    assert one(custom_zone("+0100", "+0200"), vevent("a", start, end)).start == utc("2026-11-10 09:00")
    assert one(custom_zone("+0300", "+0400"), vevent("a", start, end)).start == utc("2026-11-10 07:00")
    assert one(vevent("a", start, end)).start == utc("2026-11-10 09:00")  # nobody says which: the room's
    for name, word in {"Office": "unknown", "Customized Time Zone": ""}.items():
        own = custom_zone("+0300", "+0400").replace("Customized Time Zone", name)
        assert one(own, vevent("a", f"{name}:20261110T100000")).start == utc("2026-11-10 07:00")
        assert not word or word in reason(vevent("bad", f"{name}:20261110T100000"))


def test_a_series_in_a_custom_zone_follows_its_summer_time() -> None:
    series = vevent(
        "a", "Customized Time Zone:20260105T100000", "Customized Time Zone:20260105T110000", "RRULE:FREQ=WEEKLY"
    )
    before = one(custom_zone("+0100", "+0200"), series, at="2026-03-23", to="2026-03-24")
    after = one(custom_zone("+0100", "+0200"), series, at="2026-03-30", to="2026-03-31")
    assert (before.start, after.start) == (utc("2026-03-23 09:00"), utc("2026-03-30 08:00"))


def test_whole_days_and_24_hours_are_different() -> None:
    day = one(vevent("a", "20261110", "20261111"), at="2026-11-09 12:00", to="2026-11-10 12:00")
    assert (day.all_day, day.start, day.end) == (True, utc("2026-11-09 23:00"), utc("2026-11-10 23:00"))
    hours = one(vevent("b", "Europe/Berlin:20261110T000000", "Europe/Berlin:20261111T000000"))
    assert (hours.all_day, hours.end) == (False, utc("2026-11-10 23:00"))
    flagged = one(vevent("c", "20261109T230000Z", "20261110T230000Z", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"))
    assert flagged.all_day


@pytest.mark.parametrize("end", ["", "20261110"])
def test_a_day_without_an_end_lasts_a_day(end: str) -> None:
    event = one(vevent("a", "20261110", end), at="2026-11-10 12:00", to="2026-11-10 13:00")
    assert event.end == utc("2026-11-10 23:00")


def test_no_length_at_the_edges_of_the_window() -> None:
    at_start, at_end = vevent("a", "20261110T000000Z", "20261110T000000Z"), vevent("b", "20261111T000000Z")
    assert times(read(at_start, at_end).events) == [("a", "11-10 00:00", "11-10 00:00")]


def test_duration_is_exact_in_the_night_the_clock_changes() -> None:
    event = one(vevent("a", "Europe/Berlin:20261024T230000", "", "DURATION:PT8H"), at="2026-10-24", to="2026-10-26")
    assert event.end == utc("2026-10-25 05:00")
    days = one(vevent("b", "Europe/Berlin:20261024T230000", "", "DURATION:P1D"), at="2026-10-24", to="2026-10-26")
    assert days.end == utc("2026-10-25 22:00")


def test_across_midnight_counts_on_both_days() -> None:
    block = vevent("a", "20261109T230000Z", "20261110T010000Z")
    assert one(block).start == one(block, at="2026-11-09", to="2026-11-10").start == utc("2026-11-09 23:00")
    assert read(block, at="2026-11-10 01:00", to="2026-11-11").events == ()


# ------------------------------------------------------------------------------------ series


def test_this_and_future_moves_what_follows_and_keeps_identity() -> None:
    blocks = (
        vevent("a", "20261109T100000Z", "20261109T110000Z", "RRULE:FREQ=DAILY"),
        vevent("a", "20261111T120000Z", "20261111T130000Z", "RECURRENCE-ID;RANGE=THISANDFUTURE:20261111T100000Z"),
    )
    events = read(*blocks, at="2026-11-10", to="2026-11-13").events
    assert [(e.original_start.hour, e.start.hour) for e in events] == [(10, 10), (10, 12), (10, 12)]
    assert len({e.key for e in events}) == 3


def test_an_occurrence_alone_is_enough() -> None:
    """What a room has that was invited to one occurrence of a series only."""
    event = one(change("a", "20261110T080000Z", "20261110T100000Z", "20261110T110000Z"))
    assert (event.original_start, event.start) == (utc("2026-11-10 08:00"), utc("2026-11-10 10:00"))


def test_rdate_exdate_and_a_period() -> None:
    events = read(
        vevent(
            "a", "20261101T100000Z", "20261101T110000Z", "RRULE:FREQ=DAILY;UNTIL=20261110T100000Z",
            "EXDATE:20261110T100000Z", "RDATE:20261110T150000Z", "RDATE;VALUE=PERIOD:20261110T170000Z/PT3H",
        )
    ).events  # fmt: skip
    assert times(events) == [("a", "11-10 15:00", "11-10 16:00"), ("a", "11-10 17:00", "11-10 20:00")]


def test_old_endless_and_yearly_series() -> None:
    daily = vevent("a", "Europe/Berlin:20060102T100000", "Europe/Berlin:20060102T110000", "RRULE:FREQ=DAILY")
    yearly = vevent("b", "19901110", "", "RRULE:FREQ=YEARLY")
    snapshot = read(daily, yearly, at="2026-11-10 05:00", to="2026-11-10 12:00")
    assert [e.series_uid for e in snapshot.events] == ["b", "a"]


def test_a_long_occurrence_that_began_before_the_window() -> None:
    block = vevent("a", "20261101T220000Z", "20261103T060000Z", "RRULE:FREQ=WEEKLY")
    assert one(block, at="2026-11-10 05:00", to="2026-11-10 06:00").start == utc("2026-11-08 22:00")


def test_expanding_once_answers_windows_that_move() -> None:
    agenda = Agenda([parse(vcalendar(vevent("a", "20261101T100000Z", "", "RRULE:FREQ=DAILY")), "x")], zone=BERLIN)
    days = [agenda.between(window(f"2026-11-{day:02}", f"2026-11-{day + 1:02}")) for day in (*range(2, 29), 5, 3)]
    assert [e.start.day for day in days for e in day.events] == [*range(2, 29), 5, 3]


# ------------------------------------------------------------------------------------ revisions and duplicates


def test_the_newest_revision_counts_wherever_it_stands() -> None:
    old = vevent("a", "20261110T100000Z", "20261110T110000Z", sequence=1)
    new = vevent("a", "20261110T140000Z", "20261110T150000Z", sequence=2)
    assert one(old, new) == one(new, old)
    assert one(old, new).start == utc("2026-11-10 14:00")


def test_occurrences_written_out_under_one_uid_are_all_kept() -> None:
    blocks = [vevent("a", f"20261110T{hour}0000Z", f"20261110T{hour}3000Z") for hour in (10, 14)]
    assert [e.start.hour for e in read(*blocks).events] == [10, 14]


def test_without_uid_the_identity_is_stable() -> None:
    block = vevent("x", "20261110T100000Z", "20261110T110000Z").replace("UID:x\r\n", "")
    assert one(block).key == one(block, vevent("y", "20200101T100000Z")).key != ""


# ------------------------------------------------------------------------------------ words


def test_private_cancelled_tentative() -> None:
    start, end = "20261110T100000Z", "20261110T110000Z"
    for word, private in {"PRIVATE": True, "CONFIDENTIAL": True, "X-SECRET": True, "PUBLIC": False}.items():
        assert one(vevent("a", start, end, f"CLASS:{word}")).private is private
    assert one(vevent("a", start, end, "STATUS:CANCELLED", "SUMMARY:Canceled: Talk")).cancelled
    assert one(vevent("a", start, end, "SUMMARY:Canceled: Talk")).title == "Canceled: Talk"
    assert one("METHOD:CANCEL\r\n", vevent("a", start, end)).cancelled
    assert one(vevent("a", start, end, "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE")).tentative
    assert one(vevent("a", start, end, "STATUS:TENTATIVE")).tentative
    plain = one(vevent("a", start, end))
    assert not (plain.private or plain.cancelled or plain.tentative or plain.declined or plain.all_day)


def test_the_rooms_own_answer() -> None:
    def answered(answer: str, owner: str) -> Event:
        line = f"ATTENDEE;CUTYPE=ROOM;PARTSTAT={answer}:MAILTO:Boardroom@example.org"
        other = "ATTENDEE;PARTSTAT=DECLINED:mailto:someone@example.org"
        return one(vevent("a", "20261110T100000Z", "20261110T110000Z", other, line), owner=owner)

    assert answered("DECLINED", "boardroom@example.org").declined
    assert answered("TENTATIVE", "boardroom@example.org").tentative
    assert not answered("ACCEPTED", "boardroom@example.org").declined
    assert not answered("DECLINED", "").declined


def test_organizer_and_title_are_one_clean_line() -> None:
    event = one(
        vevent(
            "a", "20261110T100000Z", "20261110T110000Z",
            'ORGANIZER;CN="Dana Example, Board":mailto:dana@example.org', "SUMMARY:One\\nTwo\tThree\x07",
        )
    )  # fmt: skip
    assert (event.organizer, event.title) == ("Dana Example, Board", "One Two Three")
    plain = one(vevent("a", "20261110T100000Z", "", "ORGANIZER:MAILTO:dana@example.org"))
    assert plain.organizer == "dana@example.org"


def test_every_place_of_join_information() -> None:
    event = one(
        vevent(
            "a", "20261110T100000Z", "20261110T110000Z",
            'LOCATION;ALTREP="https://rooms.example.org/1":Board room\\, 2nd floor',
            'DESCRIPTION;ALTREP="data:text/html,%3Cb%3Ebold%3C%2Fb%3E":Line one\\nLine two',
            "X-ALT-DESC;FMTTYPE=text/html:<p>Join <a href=\"https://meet.example.org/j/1?a=1\">here</a>\\, please</p>",
            "URL:https://example.org/event?id=1",
            "CONFERENCE;VALUE=URI;FEATURE=VIDEO:https://conf.example.org/1",
            "CONFERENCE;VALUE=URI:tel:+15550100",
            "X-GOOGLE-CONFERENCE:https://meet.example.com/abc-defg-hij",
            "X-MICROSOFT-SKYPETEAMSMEETINGURL:https://teams.example.com/l/1",
            "X-SOMETHING:no address here",
        )
    )  # fmt: skip
    assert [(t.where, t.kind, t.content) for t in event.texts] == [
        ("location", "text", "Board room, 2nd floor"),
        ("location", "url", "https://rooms.example.org/1"),
        ("conference", "url", "https://conf.example.org/1"),
        ("conference", "url", "tel:+15550100"),
        ("url", "url", "https://example.org/event?id=1"),
        ("description", "text", "Line one\nLine two"),
        ("html", "html", '<p>Join <a href="https://meet.example.org/j/1?a=1">here</a>, please</p>'),
        ("html", "html", "<b>bold</b>"),
        ("conference", "url", "https://meet.example.com/abc-defg-hij"),
        ("conference", "url", "https://teams.example.com/l/1"),
        ("title", "text", "Meeting a"),
    ]
    assert "conf.example.org" not in repr(event)


def test_html_in_the_description_is_told() -> None:
    event = one(vevent("a", "20261110T100000Z", "", "DESCRIPTION:<br>Join: <a href='x'>y</a>"))
    assert event.texts[0].kind == "html"


def test_line_breaks_that_nobody_escaped() -> None:
    text = "DESCRIPTION:Join us:\r\nhttps://meet.example.org/j/1\r\nPassword: 42\r\n\r\nbye"
    event = one(vevent("a", "20261110T100000Z", "20261110T110000Z", text, "LOCATION:Here"))
    found = {t.where: t.content for t in event.texts}
    assert found["description"] == "Join us:\nhttps://meet.example.org/j/1\nPassword: 42\nbye"
    assert found["location"] == "Here"


# ------------------------------------------------------------------------------------ files


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("cp1252"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\r\n", "\n").encode(),
        lambda text: text.replace("\r\n", "\r").encode(),
        lambda text: text.encode().replace(b"\xc3\xbc", b"\xc3\r\n \xbc"),  # folded inside a character
        lambda text: b"\r\n\r\n" + text.encode(),
    ],
)
def test_encodings_and_line_ends(encode: object) -> None:
    assert callable(encode)
    data = encode(vcalendar(vevent("a", "20261110T100000Z", "", "SUMMARY:Rückblick")).decode())
    (event,) = events_between(data, NOVEMBER_10, BERLIN).events
    assert event.title == "Rückblick"


def test_a_declared_charset() -> None:
    data = vcalendar(vevent("a", "20261110T100000Z", "", "SUMMARY:Ελλάδα")).decode().encode("iso-8859-7")
    agenda = Agenda([parse(data, "x", charset="iso-8859-7")], zone=BERLIN)
    assert agenda.between(NOVEMBER_10).events[0].title == "Ελλάδα"


def test_alarms_with_errors_and_other_components_do_no_harm() -> None:
    alarm = "BEGIN:VALARM\r\nTRIGGER:nonsense\r\nno colon here\r\nEND:VALARM"
    todo = "BEGIN:VTODO\r\nUID:t\r\nDUE:nonsense\r\nEND:VTODO\r\n"
    assert (
        one(todo, vevent("a", "20261110T100000Z", "20261110T110000Z", alarm, "LOCATION:Here")).texts[0].content
        == "Here"
    )


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"hello", "BEGIN:VCALENDAR"),
        (vcalendar(vevent("a", "20261110T100000Z"))[:-8], "cut off"),
        (vcalendar(vevent("a", "20261110T100000Z"))[:60], "cut off"),
    ],
)
def test_what_is_no_whole_calendar_raises_a_sentence(data: bytes, word: str) -> None:
    with pytest.raises(SourceUnavailable, match=word) as caught:
        events_between(data, NOVEMBER_10, BERLIN, name="The file x.ics")
    assert str(caught.value).startswith("The file x.ics ")


START, END = "20261110T100000Z", "20261110T110000Z"


@pytest.mark.parametrize(
    ("block", "word"),
    [
        (vevent("bad", "20261110T110000Z", "20261110T100000Z"), "ends before it starts"),
        (vevent("bad", START, "", "DURATION:-PT1H"), "ends before it starts"),
        (vevent("bad", "2026", END), "DTSTART"),
        (vevent("bad", START, END).replace(f"DTSTART:{START}\r\n", ""), "no DTSTART"),
        (vevent("bad", START, END, f"DTSTART:{END}"), "more than one DTSTART"),
        (vevent("bad", "20261112", END), "ends before it starts"),
        (vevent("bad", START, END, "RRULE:FREQ=SOMETIMES"), "RRULE"),
        (vevent("bad", START, END, "RRULE:FREQ=DAILY", "EXDATE:2026"), "EXDATE"),
        (vevent("bad", "Europe/Atlantis:20261110T100000", END), "Atlantis"),
        (vevent("bad", "America:20261110T100000", END), "America"),
        (vevent("bad", START, END).replace("END:VEVENT\r\n", ""), "END:VEVENT"),
        (vevent("bad", START, END, "RRULE:FREQ=SECONDLY"), "more often"),
        (vevent("bad", START, END, "RRULE:FREQ=DAILY;INTERVAL=0"), "interval"),
        (vevent("bad", "00010101T000000Z", END, "RRULE:FREQ=HOURLY"), "too long ago"),
        (vevent("bad", START, END, "RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"), "hourly"),
        (vevent("bad", "19000101T000000Z", "20990101T000000Z", "RRULE:FREQ=DAILY"), "2000 times"),
        (vevent("bad", START, END) + change("bad", START, END, START), "ends before it starts"),
    ],
)  # fmt: skip
def test_one_bad_event_is_named_and_the_others_are_read(block: str, word: str) -> None:
    assert word in reason(block)
    good = vevent("good", START, END)
    snapshot = read(good, block, vevent("after", START, END))
    assert [e.series_uid for e in snapshot.events] == ["after", "good"]
    assert [u.series_uid for u in snapshot.unreadable] == ["bad"]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=7",
        "FREQ=YEARLY;BYDAY=MO;BYSETPOS=366",
        "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=31",
    ],
)
def test_rules_that_never_match_end_in_time(rule: str) -> None:
    started = time.perf_counter()
    read(vevent("a", "20260101T100000Z", "20260101T110000Z", f"RRULE:{rule}"))
    assert time.perf_counter() - started < patience.seconds(20)  # about 2 s on an idle core


# ------------------------------------------------------------------------------------ cost


def test_five_megabytes_of_description() -> None:
    paragraph = "All that was ever said about this meeting\\, and more. "
    folded = "\r\n ".join([paragraph] * (5 * 2**20 // len(paragraph)))
    data = vcalendar(vevent("a", "20261110T100000Z", "20261110T110000Z", f"DESCRIPTION:{folded}"))
    started = time.perf_counter()
    (event,) = events_between(data, NOVEMBER_10, BERLIN).events
    assert len(event.texts[0].content) > 4_900_000
    assert time.perf_counter() - started < patience.seconds(10)  # about 0.5 s on an idle core


def test_unchanged_events_are_not_read_again() -> None:
    first, second = vevent("a", START, END), vevent("b", START, END)
    before = parse(vcalendar(first, second), "x")
    after = parse(vcalendar(first, vevent("b", START, END, "LOCATION:Here")), "x", previous=before)
    assert after.components[0] is before.components[0]
    assert after.components[1] is not before.components[1]
    moved_zone = parse(vcalendar("X-WR-TIMEZONE:Europe/Berlin\r\n", first), "x", previous=before)
    assert moved_zone.components[0] is not before.components[0]


# ------------------------------------------------------------------------------------ expansions that raise


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "line",
    [
        "RRULE:FREQ=MONTHLY;BYDAY=99MO",
        "RRULE:FREQ=DAILY\r\nRDATE;VALUE=TIME:133000Z",
        "RRULE:FREQ=DAILY\r\nRDATE;VALUE=DURATION:PT1H",
    ],
)
def test_b4_an_event_whose_expansion_raises_is_unreadable_at_every_window(line: str) -> None:
    """The recurrence library's object keeps its lock after an error: used again, it would wait for ever (B4)."""
    data = vcalendar(
        vevent("bad", "20261102T100000Z", "20261102T110000Z", line), vevent("good", "20261102T100000Z", "")
    )
    agenda = Agenda([parse(data, "The calendar")], zone=UTC)
    for weeks in range(0, 12, 2):
        start = datetime(2026, 11, 2, tzinfo=UTC) + timedelta(weeks=weeks)
        snapshot = agenda.between(Window(start, start + timedelta(days=2)))
        assert [item.series_uid for item in snapshot.unreadable] in (["bad"], [])
        assert [event.series_uid for event in snapshot.events if event.series_uid == "good"] == ["good"] * (weeks == 0)
