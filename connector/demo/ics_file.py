"""A room's .ics file: made, read and edited. Text in, text out; only ``save`` touches the disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar

from connector.demo.state import CalendarEntry, DemoError


@dataclass(frozen=True, slots=True)
class NewMeeting:
    """One VEVENT to write. ``location`` and ``text`` are where invitations put their links."""

    uid: str
    title: str
    start: datetime
    end: datetime
    text: str = ""
    location: str = ""
    html: str = ""
    organizer: str = "ana.diaz@example.com"
    private: bool = False


def empty() -> str:
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//room-system-connector//demo//EN")
    calendar.add("version", "2.0")
    return _text(calendar)


def entries(text: str) -> tuple[CalendarEntry, ...]:
    """What can be read, by start. DemoError when the text is no calendar."""
    found = [_entry(event) for event in _events(_parse(text))]
    return tuple(sorted((e for e in found if e is not None), key=lambda e: (e.start, e.uid)))


def by_uid(text: str) -> dict[str, tuple[str, ...]]:
    """The VEVENTs of each UID as texts, a series before its changed occurrences; time zones come before them.

    DemoError when the text is no calendar, or has a meeting that could not be in a mailbox.
    """
    calendar = _parse(text)
    zones = tuple(_text(zone) for zone in calendar.walk("VTIMEZONE"))
    found: dict[str, list[Any]] = {}
    for event in _events(calendar):
        uid = str(event.get("UID", ""))
        if not uid or _entry(event) is None:
            raise DemoError("A mailbox takes only meetings that have a UID, a start and an end; nothing was changed.")
        found.setdefault(uid, []).append(event)
    return {
        uid: (*zones, *(_text(event) for event in sorted(events, key=lambda event: "RECURRENCE-ID" in event)))
        for uid, events in found.items()
    }


def with_meeting(text: str, meeting: NewMeeting) -> str:
    calendar = _parse(text)
    event = icalendar.Event()
    event.add("uid", meeting.uid)
    event.add("dtstamp", datetime.now(UTC))
    event.add("dtstart", meeting.start)
    event.add("dtend", meeting.end)
    event.add("summary", meeting.title)
    event.add("organizer", f"mailto:{meeting.organizer}")
    for name, value in (("description", meeting.text), ("location", meeting.location)):
        if value:
            event.add(name, value)
    if meeting.html:
        event.add("x-alt-desc", meeting.html, parameters={"FMTTYPE": "text/html"})
    if meeting.private:
        event.add("class", "PRIVATE")
    calendar.add_component(event)
    return _text(calendar)


def moved(text: str, uid: str, by: timedelta) -> str:
    """The meeting, with all its occurrences, that much later."""

    def move(event: Any) -> None:
        for name in ("DTSTART", "DTEND"):
            if name in event:
                value = event.decoded(name)
                parameters = event[name].params
                del event[name]
                event.add(name, value + by, parameters={k: v for k, v in parameters.items() if k == "TZID"})
        event["SEQUENCE"] = icalendar.vInt(int(event.get("SEQUENCE", 0)) + 1)

    return _changed(text, uid, move)


def without(text: str, uid: str) -> str:
    calendar = _parse(text)
    matching = [event for event in _events(calendar) if str(event.get("UID", "")) == uid]
    if not matching:
        raise DemoError("This meeting is not in the calendar any more.")
    calendar.subcomponents = [part for part in calendar.subcomponents if part not in matching]
    return _text(calendar)


def save(path: Path, text: str) -> None:
    """Whole or not at all: whoever reads meanwhile gets the old text."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8", newline="")
    os.replace(fresh, path)


# ------------------------------------------------------------------------------------ inside


def _parse(text: str) -> Any:
    try:
        calendar = icalendar.Calendar.from_ical(text)
    except ValueError as error:
        raise DemoError(f"The file is no calendar now: {error}. Put it right, or save a good one.") from None
    if calendar.name != "VCALENDAR":
        raise DemoError("The file is no calendar now: it does not begin with VCALENDAR.")
    return calendar


def _events(calendar: Any) -> list[Any]:
    return list(calendar.walk("VEVENT"))


def _text(component: Any) -> str:
    return str(component.to_ical().decode("utf-8"))


def _changed(text: str, uid: str, change: Callable[[Any], None]) -> str:
    calendar = _parse(text)
    matching = [event for event in _events(calendar) if str(event.get("UID", "")) == uid]
    if not matching:
        raise DemoError("This meeting is not in the calendar any more.")
    for event in matching:
        change(event)
    return _text(calendar)


def _entry(event: Any) -> CalendarEntry | None:
    """None for an item that has no usable times: the editor cannot move it, the text still shows it."""
    try:
        start, end = _moment(event.start), _moment(event.end)
    except (icalendar.InvalidCalendar, icalendar.IncompleteComponent, AttributeError, ValueError):
        return None
    return CalendarEntry(str(event.get("UID", "")), str(event.get("SUMMARY", "")), start, end)


def _moment(value: date | datetime) -> datetime:
    """UTC; a day, and a time without a zone, are read as UTC here."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
