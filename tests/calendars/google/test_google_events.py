"""Google's event resource, field by field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.calendars.google.events import FIELDS, to_snapshot, within
from connector.detection.detect import detect
from connector.detection.files import read_content
from connector.model import NO_SERIES, Event
from connector.standins.google import fields as google_fields
from tests.calendars.google.harness import ROOM
from tests.calendars.ics_text import utc, window

BERLIN = ZoneInfo("Europe/Berlin")
TEN = {"dateTime": "2026-11-10T10:00:00+01:00", "timeZone": "Europe/Berlin"}
ELEVEN = {"dateTime": "2026-11-10T11:00:00+01:00", "timeZone": "Europe/Berlin"}
PLAIN: dict[str, object] = {"id": "e1", "iCalUID": "e1@google.com", "status": "confirmed", "start": TEN, "end": ELEVEN}
ZOOM: dict[str, object] = {
    "entryPoints": [
        {
            "entryPointType": "video",
            "uri": "https://us02web.zoom.us/j/84423346522?pwd=abcDEF",
            "meetingCode": "84423346522",
            "passcode": "778899",
        },
        {"entryPointType": "sip", "uri": "sip:84423346522@zoomcrc.com", "meetingCode": "84423346522"},
        {"entryPointType": "phone", "uri": "tel:+16465588656,,84423346522#", "pin": "445566", "accessCode": "112233"},
        {"entryPointType": "more", "uri": "https://tel.meet/abc?pin=991122", "pin": "991122"},
    ],
    "notes": 'Passcode: <a href="https://www.google.com/url?q=https://example.org&amp;sa=D">778899</a>',
    "conferenceSolution": {"key": {"type": "addOn"}, "name": "Zoom Meeting"},
}


def one(role: str = "writer", **more: object) -> Event:
    snapshot = to_snapshot([PLAIN | more], ROOM, role, BERLIN)
    assert snapshot.unreadable == ()
    (event,) = snapshot.events
    return event


def texts(event: Event) -> list[tuple[str, str, str]]:
    return [(text.where, text.kind, text.content) for text in event.texts]


def test_times_and_identity_of_a_single_event() -> None:
    event = one()
    assert (event.start, event.end) == (utc("2026-11-10 09:00"), utc("2026-11-10 10:00"))
    assert (event.series_uid, event.original_start, event.all_day) == ("e1@google.com", NO_SERIES, False)


def test_a_moved_occurrence_keeps_its_identity() -> None:
    moved = one(
        id="s1_20261109T090000Z",
        recurringEventId="s1",
        iCalUID="s1@google.com",
        originalStartTime={"dateTime": "2026-11-09T10:00:00+01:00"},
    )
    assert (moved.series_uid, moved.original_start) == ("s1@google.com", utc("2026-11-09 09:00"))


def test_a_day_begins_in_the_rooms_zone() -> None:
    event = one(start={"date": "2026-11-10"}, end={"date": "2026-11-11"})
    assert event.all_day
    assert (event.start, event.end) == (utc("2026-11-09 23:00"), utc("2026-11-10 23:00"))


def test_a_time_without_offset_is_read_in_its_own_zone() -> None:
    event = one(
        start={"dateTime": "2026-11-10T10:00:00", "timeZone": "America/New_York"},
        end={"dateTime": "2026-11-10T11:00:00", "timeZone": "America/New_York"},
    )
    assert event.start == utc("2026-11-10 15:00")


@pytest.mark.parametrize(
    ("person", "declined", "tentative"),
    [
        ({"email": "x", "self": True, "responseStatus": "declined"}, True, False),
        ({"email": ROOM.upper(), "responseStatus": "declined"}, True, False),
        ({"email": ROOM, "self": True, "responseStatus": "tentative"}, False, True),
        ({"email": ROOM, "self": True, "responseStatus": "accepted"}, False, False),
        ({"email": "somebody@example.org", "responseStatus": "declined"}, False, False),
    ],
)
def test_the_rooms_own_answer(person: Mapping[str, object], declined: bool, tentative: bool) -> None:
    event = one(attendees=[person])
    assert (event.declined, event.tentative) == (declined, tentative)


def test_the_organiser() -> None:
    """Rules tell internal organisers from others by the address, also where a name is shown."""
    event = one(organizer={"displayName": "Kim", "email": "Kim@Example.org"})
    assert (event.organizer, event.organizer_email) == ("Kim", "kim@example.org")
    hidden = one("freeBusyReader", organizer={"displayName": "Kim", "email": "kim@example.org"})
    assert (hidden.organizer, hidden.organizer_email) == ("", "")
    assert one(organizer="nonsense").organizer_email == ""


def test_a_tentative_event() -> None:
    assert one(status="tentative").tentative


@pytest.mark.parametrize(
    ("visibility", "private"), [("private", True), ("confidential", True), ("public", False), ("default", False)]
)
def test_private_events(visibility: str, private: bool) -> None:
    assert one(visibility=visibility).private is private


def test_who_sees_only_free_busy_gets_no_word() -> None:
    event = one("freeBusyReader", summary="secret", description="https://zoom.us/j/1", location="here")
    assert (event.title, event.organizer, event.texts) == ("Busy", "", ())


def test_title_and_organizer_are_one_line() -> None:
    event = one(summary="Bud\nget\x00  2", organizer={"email": "d@example.org", "displayName": "Dana\tE"})
    assert (event.title, event.organizer) == ("Bud get 2", "Dana E")
    assert one(organizer={"email": "d@example.org"}).organizer == "d@example.org"


def test_what_is_no_meeting_or_gone() -> None:
    items = [
        PLAIN | {"eventType": "workingLocation"},
        PLAIN | {"eventType": "birthday"},
        PLAIN | {"status": "cancelled"},
    ]
    items.append({"id": "x", "status": "cancelled"})  # a deleted event tells nothing else
    assert to_snapshot(items, ROOM, "writer", BERLIN).events == ()
    assert len(to_snapshot([PLAIN | {"transparency": "transparent"}], ROOM, "writer", BERLIN).events) == 1


def test_where_join_information_stands() -> None:
    event = one(
        summary="Review",
        location="Room 2",
        description="<p>Join <a href='https://example.org'>here</a></p>",
        hangoutLink="https://meet.google.com/abc-defg-hij",
        conferenceData=ZOOM,
    )
    found = texts(event)
    assert [(where, kind) for where, kind, _ in found] == [
        ("location", "text"),
        ("conference", "text"),
        ("conference", "html"),
        ("conference", "url"),
        ("description", "html"),
        ("title", "text"),
    ]
    assert found[1][2] == (
        "https://us02web.zoom.us/j/84423346522?pwd=abcDEF\nMeeting ID: 84423346522\nPasscode: 778899\n\n"
        "sip:84423346522@zoomcrc.com\nMeeting ID: 84423346522\n\n"
        "<tel:+16465588656,,84423346522#>\n\n"
        "https://tel.meet/abc"
    )


def test_a_phones_codes_stay_out() -> None:
    everything = "".join(text.content for text in one(conferenceData=ZOOM).texts)
    for code in ("445566", "112233", "991122"):
        assert code not in everything


def test_detection_finds_what_it_finds_in_googles_own_json() -> None:
    """The evidence may name other places; what the room dials is the same."""
    item = PLAIN | {"kind": "calendar#event", "conferenceData": ZOOM, "summary": "x"}
    ours = detect(one(conferenceData=ZOOM, summary="x").texts)
    files = detect(read_content(json.dumps(item).encode()).texts)
    assert (ours.service, ours.meeting_id, ours.passcode) == ("zoom", "84423346522", "778899")
    assert (ours.sip, ours.h323, ours.join_url) == (files.sip, files.h323, files.join_url)


@pytest.mark.parametrize(
    "broken",
    [
        {"end": {"dateTime": "2026-11-10T09:00:00+01:00"}},
        {"start": {"dateTime": "yesterday"}},
        {"start": {"date": "2026-13-40"}},
        {"start": {}},
        {"end": None},
        {"recurringEventId": "s"},
    ],
)
def test_an_item_that_cannot_be_read_is_named(broken: dict[str, object]) -> None:
    snapshot = to_snapshot([PLAIN | {"id": "ok", "iCalUID": "ok"}, PLAIN | broken], ROOM, "writer", BERLIN)
    assert [e.series_uid for e in snapshot.events] == ["ok"]
    (unreadable,) = snapshot.unreadable
    assert unreadable.series_uid == "e1@google.com"
    assert unreadable.reason.endswith(".")


def test_the_window_is_half_open() -> None:
    snapshot = to_snapshot([PLAIN], ROOM, "writer", BERLIN)
    assert within(snapshot, window("2026-11-10 10:00", "2026-11-10 12:00")).events == ()
    assert within(snapshot, window("2026-11-10 08:00", "2026-11-10 09:00")).events == ()
    assert len(within(snapshot, window("2026-11-10 09:59", "2026-11-10 12:00")).events) == 1


def test_all_fields_that_are_read_are_asked_for() -> None:
    """The stand-in's idea of a partial response: what the mask leaves of a full item still says everything."""
    full = PLAIN | {
        "recurringEventId": "s1",
        "originalStartTime": TEN,
        "eventType": "default",
        "visibility": "private",
        "summary": "t",
        "description": "d",
        "location": "l",
        "organizer": {"email": "o@example.org", "displayName": "O"},
        "attendees": [{"email": ROOM, "self": True, "responseStatus": "declined", "comment": "x"}],
        "hangoutLink": "https://meet.google.com/abc-defg-hij",
        "conferenceData": ZOOM,
    }
    masked = google_fields.cut({"items": [full], "summary": "no"}, google_fields.parse(FIELDS))
    assert isinstance(masked, dict)
    assert "summary" not in masked
    assert to_snapshot(masked["items"], ROOM, "writer", BERLIN) == to_snapshot([full], ROOM, "writer", BERLIN)
    assert "comment" not in json.dumps(masked)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda x: st.lists(x, max_size=3), max_leaves=6
)
NAMES = st.sampled_from(
    ["id", "iCalUID", "start", "end", "status", "attendees", "organizer", "conferenceData", "summary", "description"]
)
MOMENTS = st.fixed_dictionaries({}, optional={"dateTime": JSON | st.just("0001-01-01T00:00:00+14:00"), "date": JSON})


@given(st.dictionaries(NAMES, JSON | MOMENTS | st.dictionaries(st.just("entryPoints"), JSON), max_size=6))
def test_garbage_is_named_and_never_raises(item: dict[str, object]) -> None:
    snapshot = to_snapshot([item, PLAIN], ROOM, "writer", BERLIN)
    assert len(snapshot.events) + len(snapshot.unreadable) in (1, 2)
    assert all(u.reason.endswith(".") for u in snapshot.unreadable)
