"""Graph's JSON to events: identity, days, privacy, places, and garbage."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.calendars.graph.events import fingerprint_of, item_of, localised
from connector.model import NO_SERIES, Event


def raw(**more: object) -> dict[str, Any]:
    """An event as Exchange Online gives it with our $select."""
    return {
        "@odata.etag": 'W/"DwAAABYAAAD=="',
        "id": "AAMkAD1=",
        "iCalUId": "040000008200E00074C5B7101A82E008",
        "changeKey": "DwAAABYAAAD==",
        "subject": "Budget",
        "bodyPreview": "one\r\ntwo",
        "body": {"contentType": "html", "content": "<html><body>one<br>two</body></html>"},
        "start": {"dateTime": "2026-11-10T10:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-11-10T11:00:00.0000000", "timeZone": "UTC"},
        "isAllDay": False,
        "isCancelled": False,
        "organizer": {"emailAddress": {"name": "Dana Example", "address": "dana@example.org"}},
        "location": {"displayName": "", "locationType": "default", "uniqueIdType": "unknown"},
        "locations": [],
        "onlineMeeting": None,
        "onlineMeetingUrl": None,
        "sensitivity": "normal",
        "showAs": "busy",
        "responseStatus": {"response": "accepted", "time": "2026-11-01T10:00:00Z"},
        "type": "singleInstance",
        "seriesMasterId": None,
        **more,
    }


def event(**more: object) -> Event:
    found = item_of(raw(**more)).event
    assert found is not None
    return found


def found(where: str, **more: object) -> list[str]:
    return [text.content for text in event(**more).texts if text.where == where]


def test_a_single_event_is_named_by_its_icaluid() -> None:
    single = event()
    assert (single.series_uid, single.original_start) == ("040000008200E00074C5B7101A82E008", NO_SERIES)
    assert event(iCalUId=None).series_uid == "AAMkAD1="


def test_an_occurrence_is_named_by_its_master_wherever_it_moves() -> None:
    plain = event(type="occurrence", seriesMasterId="M", iCalUId="x1", originalStart="2026-11-10T10:00:00Z")
    start = {"dateTime": "2026-11-12T07:00:00.0000000", "timeZone": "UTC"}
    end = {"dateTime": "2026-11-12T08:00:00.0000000", "timeZone": "UTC"}
    moved = event(
        type="exception", seriesMasterId="M", iCalUId="x2", originalStart="2026-11-10T10:00:00Z", start=start, end=end
    )
    assert plain.key == moved.key
    assert plain.start != moved.start
    assert event(type="occurrence", seriesMasterId="M").key == plain.key, "not moved: its start is where it was"


def test_a_moved_occurrence_without_its_place_is_not_guessed() -> None:
    item = item_of(raw(type="exception", seriesMasterId="M"))
    assert item.event is None
    assert item.unreadable is not None
    assert item.unreadable.series_uid == "M"


@pytest.mark.parametrize(
    ("word", "private"),
    [("normal", False), ("private", True), ("confidential", True), ("personal", True), ("a new word", True)],
)
def test_what_is_not_normal_is_private(word: str, private: bool) -> None:
    assert event(sensitivity=word).private is private


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"responseStatus": {"response": "declined"}}, (False, True, False)),
        ({"responseStatus": {"response": "tentativelyAccepted"}}, (False, False, True)),
        ({"showAs": "tentative"}, (False, False, True)),
        ({"isCancelled": True, "subject": "Canceled: Budget"}, (True, False, False)),
        ({"responseStatus": None, "showAs": None}, (False, False, False)),
    ],
)
def test_answers(more: dict[str, object], expected: tuple[bool, bool, bool]) -> None:
    one = event(**more)
    assert (one.cancelled, one.declined, one.tentative) == expected


def test_every_place_of_join_information() -> None:
    zoom = "https://example.zoom.us/j/91234567890?pwd=abc"
    sip = {"displayName": "Also here", "locationUri": "sip:91234567890@zoomcrc.com", "uniqueIdType": "unknown"}
    typed = {"displayName": zoom, "uniqueId": zoom, "uniqueIdType": "private"}
    known = {"displayName": "Room 7", "uniqueId": "room7@example.org", "uniqueIdType": "directory"}
    assert found("location", location=typed, locations=[known, sip, "?", None]) == [
        zoom, "Room 7", "Also here", "sip:91234567890@zoomcrc.com",
    ]  # fmt: skip
    online = {"joinUrl": "https://teams.example.org/l/1", "conferenceId": "123"}
    assert found("conference", onlineMeeting=online, onlineMeetingUrl=zoom) == ["https://teams.example.org/l/1", zoom]
    named = [{"id": "String {0} Name X", "value": zoom}, {"id": "String {0} Name Y"}, None, {"value": ["?"]}]
    assert found("online", singleValueExtendedProperties=named) == [zoom]
    assert found("html") == ["<html><body>one<br>two</body></html>"]
    assert found("description") == ["one\ntwo"]
    assert found("description", bodyPreview="x" * 255) == [], "a preview that is cut could end inside a link"
    assert found("description", body={"contentType": "text", "content": "a\r\nb"}) == ["a\nb"]
    assert found("title") == ["Budget"]


def test_a_whole_day_is_the_rooms_day() -> None:
    midnights = {
        "start": {"dateTime": "2026-11-10T00:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-11-11T00:00:00.0000000", "timeZone": "UTC"},
    }
    day = localised(event(isAllDay=True, **midnights), ZoneInfo("Asia/Tokyo"))
    assert (day.start, day.end) == (datetime(2026, 11, 9, 15, tzinfo=UTC), datetime(2026, 11, 10, 15, tzinfo=UTC))
    assert localised(event(isAllDay=False, **midnights), ZoneInfo("Asia/Tokyo")).start.hour == 0


@pytest.mark.parametrize(
    "more",
    [
        {"start": None},
        {"start": {"dateTime": "soon", "timeZone": "UTC"}},
        {"start": {"dateTime": "2026-11-10T10:00:00", "timeZone": "W. Europe Standard Time"}},
        {"end": {"dateTime": "2026-11-10T09:00:00.0000000", "timeZone": "UTC"}},
        {"end": {"dateTime": "9999-12-31T23:59:59.0000000", "timeZone": "UTC"}},
    ],
)
def test_what_cannot_be_read_is_named(more: dict[str, object]) -> None:
    item = item_of(raw(**more))
    assert item.event is None
    assert item.unreadable is not None
    assert item.unreadable.series_uid == "040000008200E00074C5B7101A82E008"
    assert item.unreadable.reason.endswith(".")


def test_nothing_without_an_identity_is_an_event() -> None:
    for entry in ({}, None, "x", 7, {"id": 7, "subject": "x"}):
        item = item_of(entry)
        assert item.event is None
        assert item.unreadable is not None
        assert (item.print, item.unreadable.series_uid) == ("", "")


def test_prints_tell_what_changed() -> None:
    light = {name: raw()[name] for name in ("@odata.etag", "id", "changeKey", "start", "end")}
    assert fingerprint_of(light) == fingerprint_of(raw())
    later = {"dateTime": "2026-11-10T12:00:00.0000000", "timeZone": "UTC"}
    for other in (raw(end=later), raw(**{"@odata.etag": 'W/"other"'})):
        assert fingerprint_of(other) != fingerprint_of(raw())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(raw())), json_values, max_size=8))
def test_garbage_is_an_event_or_a_reason(more: dict[str, Any]) -> None:
    item = item_of({**raw(), **more})
    assert (item.event is None) != (item.unreadable is None)
