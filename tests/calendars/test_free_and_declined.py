"""What a calendar says of a meeting beside its time: declined, tentative, free (E13), changed when (E14)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from connector.calendars.icalendar_events import events_between
from connector.model import Event
from tests.calendars.ics_text import utc, vcalendar, vevent, window

ROOM = "ATTENDEE;CUTYPE=ROOM;PARTSTAT={}:mailto:room@example.org"
PERSON = "ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT={}:mailto:ann@example.org"
OTHER_ROOM = "ATTENDEE;CUTYPE=RESOURCE;PARTSTAT={}:mailto:other@example.org"


def read(*lines: str, owner: frozenset[str] = frozenset()) -> Event:
    text = vcalendar(vevent("a", "20261110T100000Z", "20261110T110000Z", *lines))
    found = events_between(text, window("2026-11-09", "2026-11-20"), ZoneInfo("UTC"), owner=owner)
    return found.events[0]


@pytest.mark.parametrize("answer", ["DECLINED", "declined", "TENTATIVE", "ACCEPTED", "NEEDS-ACTION"])
def test_e13_a_lone_room_among_the_invited_answers_for_the_calendar(answer: str) -> None:
    event = read(ROOM.format(answer), PERSON.format("DECLINED"))
    assert event.declined is (answer.upper() == "DECLINED")
    assert event.tentative is (answer.upper() == "TENTATIVE")


def test_e13_of_several_rooms_none_answers_unless_the_owner_is_known() -> None:
    both = (ROOM.format("DECLINED"), OTHER_ROOM.format("ACCEPTED"))
    assert not read(*both).declined
    assert read(*both, owner=frozenset({"room@example.org"})).declined
    assert not read(*both, owner=frozenset({"other@example.org"})).declined


def test_e13_a_person_who_declines_declines_for_nobody_else() -> None:
    assert not read(PERSON.format("DECLINED")).declined


@pytest.mark.parametrize(
    ("line", "free"),
    [
        ("TRANSP:TRANSPARENT", True),
        ("TRANSP:transparent", True),
        ("TRANSP:OPAQUE", False),
        ("X-MICROSOFT-CDO-BUSYSTATUS:FREE", True),
        ("X-MICROSOFT-CDO-BUSYSTATUS:BUSY", False),
        ("CATEGORIES:FREE", False),
    ],
)
def test_e13_what_takes_no_time_is_free(line: str, free: bool) -> None:
    assert read(line).free is free


def test_e14_when_it_was_changed_last() -> None:
    assert read("LAST-MODIFIED:20261101T080000Z").modified == utc("2026-11-01T08:00")
    assert read("LAST-MODIFIED:rubbish").modified != utc("2026-11-01T08:00")
