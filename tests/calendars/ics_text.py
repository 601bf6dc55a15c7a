"""iCalendar fixtures: meetings composed for the tests, with invented ids and example.* names."""

from __future__ import annotations

from datetime import UTC, datetime

from connector.model import Event, Window


def vevent(uid: str, start: str, end: str = "", *lines: str, sequence: int = 0) -> str:
    """``start`` and ``end``: "20261110T100000Z", "Europe/Berlin:20261110T100000" or "20261110" for a whole day."""
    parts = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:20261001T080000Z",
        f"SEQUENCE:{sequence}",
        _moment("DTSTART", start),
        *([_moment("DTEND", end)] if end else []),
        *lines,
        "END:VEVENT",
    ]
    if not any(line.startswith("SUMMARY") for line in lines):
        parts.insert(2, f"SUMMARY:Meeting {uid}")
    return "\r\n".join(parts) + "\r\n"


def vcalendar(*blocks: str) -> bytes:
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//tests//EN\r\n"
    return (head + "".join(blocks) + "END:VCALENDAR\r\n").encode()


def change(uid: str, original: str, start: str, end: str, *lines: str) -> str:
    """One changed occurrence of a series."""
    return vevent(uid, start, end, _moment("RECURRENCE-ID", original), *lines)


def utc(text: str) -> datetime:
    """ "2026-11-10 10:00" """
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(start: str, end: str) -> Window:
    return Window(utc(start), utc(end))


def times(events: tuple[Event, ...]) -> list[tuple[str, str, str]]:
    """(uid, start, end), short enough to compare by eye."""
    return [(e.series_uid, f"{e.start:%m-%d %H:%M}", f"{e.end:%m-%d %H:%M}") for e in events]


def _moment(name: str, text: str) -> str:
    zone, colon, value = text.rpartition(":")
    if colon:
        return f"{name};TZID={zone}:{value}"
    return f"{name};VALUE=DATE:{value}" if len(value) == 8 else f"{name}:{value}"
