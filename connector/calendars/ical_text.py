"""The skeleton of an iCalendar file (RFC 5545): which lines belong to which event.

The library that reads the values stops at the first error of a whole file. Rooms cannot afford that: one bad event
must not hide the others. So the file is cut into events here, tolerantly, and each is read by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from connector.errors import SourceUnavailable

_LINE_ENDS = (b"\r\r\n", b"\r\n", b"\r")
_FOLD = re.compile(rb"\n[ \t]")
_PROPERTY = re.compile(rb"([A-Za-z0-9-]+)[;:]")
_TEXT = re.compile(rb"(?:DESCRIPTION|SUMMARY|LOCATION|COMMENT|CONTACT|X-[A-Za-z0-9-]+)[;:]", re.IGNORECASE)
_UID = re.compile(rb"UID(?:;[^:]*)?:(.*)", re.IGNORECASE)

# Lower-case spellings are legal, but "Password: 1234" is more often a line of a description whose writer forgot to
# escape its line breaks: a name that is not in capitals counts only when it is one of these or starts with X-.
_NAMES = frozenset(
    b"ATTACH ATTENDEE BEGIN CATEGORIES CLASS COMMENT CONFERENCE CONTACT CREATED DESCRIPTION DTEND DTSTAMP DTSTART "
    b"DURATION END EXDATE EXRULE GEO LAST-MODIFIED LOCATION METHOD ORGANIZER PRIORITY PRODID RDATE RECURRENCE-ID RRULE "
    b"SEQUENCE STATUS SUMMARY TRANSP TZID TZNAME TZOFFSETFROM TZOFFSETTO UID URL VERSION".split()
)


_BEFORE = b"\xef\xbb\xbf \t\r\n\v\f"  # a byte order mark, blank lines


@dataclass(slots=True)
class EventText:
    """The lines of one VEVENT, without its alarms and other inner components."""

    lines: list[bytes] = field(default_factory=list)
    closed: bool = False  # END:VEVENT was found where it belongs

    @property
    def uid(self) -> str:
        """The UID as far as it can be read, "" when there is none."""
        for line in self.lines:
            if match := _UID.fullmatch(line):
                return decode([match[1]], None).strip()
        return ""


@dataclass(slots=True)
class CalendarText:
    """One VCALENDAR: its own lines, its VTIMEZONEs, its VEVENTs. Lines are unfolded and have no line end."""

    lines: list[bytes] = field(default_factory=list)
    zones: list[list[bytes]] = field(default_factory=list)
    events: list[EventText] = field(default_factory=list)

    def value(self, name: str) -> str:
        """Of a property of the calendar itself, such as METHOD; "" when absent."""
        for line in self.lines:
            if match := re.fullmatch(rb"%s(?:;[^:]*)?:(.*)" % name.encode(), line, re.IGNORECASE):
                return decode([match[1]], None).strip()
        return ""


def split(data: bytes, name: str) -> list[CalendarText]:
    """Cuts a file. Raises SourceUnavailable, with ``name`` in the sentence, when it is no whole iCalendar file."""
    lines = _lines(data)
    first = next((line for line in lines if line), b"")
    if b"".join(first.split()).upper() != b"BEGIN:VCALENDAR":
        raise SourceUnavailable(_not_a_calendar(name, first))
    cutter = _Cutter()
    for line in lines:
        cutter.take(line)
    if cutter.open or not cutter.calendars:
        raise SourceUnavailable(
            f"{name} ends before its END:VCALENDAR: it is cut off or still being written. The last good list stays."
        )
    return cutter.calendars


def decode(lines: list[bytes], charset: str | None) -> str:
    """UTF-8, else the declared charset, else Windows-1252: what old exporters write without saying so."""
    raw = b"\r\n".join(lines)
    for candidate in ("utf-8", charset or "utf-8", "cp1252"):
        try:
            return raw.decode(candidate)
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("utf-8", "replace")


def _lines(data: bytes) -> list[bytes]:
    """LF, CR LF and CR each end a line, also mixed in one file. Unfolded as bytes: some writers fold in the middle of a
    UTF-8 character."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = data.decode("utf-16", "replace").encode()
    data = data.replace(b"\0", b"")
    data = data.lstrip(_BEFORE)
    for end in _LINE_ENDS:
        data = data.replace(end, b"\n")
    return _FOLD.sub(b"", data).split(b"\n")


def _not_a_calendar(name: str, first: bytes) -> str:
    if not first:
        return f"{name} is empty: it is no calendar, or still being written."
    if first.lstrip().startswith(b"<"):
        return (
            f"{name} is a web page (HTML or XML), not a calendar: often a login page. "
            "Use the address or the export that ends in .ics."
        )
    return f"{name} does not begin with BEGIN:VCALENDAR: it is not an iCalendar file."


class _Cutter:
    """Walks the lines once. ``open`` is the calendar that is not closed yet."""

    def __init__(self) -> None:
        self.calendars: list[CalendarText] = []
        self.open: CalendarText | None = None
        self._event: EventText | None = None
        self._zone: list[bytes] | None = None
        self._inner: list[bytes] = []  # components that are skipped, outermost first
        self._more: list[bytes] = []  # lines that belong to the event's last text

    def take(self, line: bytes) -> None:
        if not line:
            return
        keyword, _, what = line.partition(b":")
        keyword, what = keyword.strip().upper(), what.strip().upper()
        if keyword in (b"BEGIN", b"END"):
            self._join()
        if keyword == b"BEGIN":
            self._begin(what, line)
        elif keyword == b"END":
            self._end(what, line)
        else:
            self._property(line)

    def _begin(self, what: bytes, line: bytes) -> None:
        if what == b"VCALENDAR":
            if self.open is not None:  # the one before was never closed
                self._event = None
            self.open = CalendarText()
            self._zone, self._inner = None, []
        elif self.open is None:
            return
        elif what == b"VEVENT":  # also inside another one: that one then stays open, and is reported as broken
            self._event = EventText([b"BEGIN:VEVENT"])
            self._zone, self._inner = None, []
            self.open.events.append(self._event)
        elif self._zone is not None:
            self._zone.append(line)
        elif what == b"VTIMEZONE" and not self._inner and self._event is None:
            self._zone = [line]
        else:
            self._inner.append(what)

    def _end(self, what: bytes, line: bytes) -> None:
        if self.open is None:
            return
        if what == b"VCALENDAR":
            self.calendars.append(self.open)
            self.open, self._event, self._zone, self._inner = None, None, None, []
        elif what == b"VEVENT":
            if self._event is not None:
                self._event.lines.append(b"END:VEVENT")
                self._event.closed = not self._inner
            self._event, self._inner = None, []
        elif self._zone is not None:
            self._zone.append(line)
            if what == b"VTIMEZONE":
                self.open.zones.append(self._zone)
                self._zone = None
        elif self._inner and self._inner[-1] == what:
            self._inner.pop()

    def _join(self) -> None:
        """All at once: one by one, a long text would be copied for each of its lines."""
        if self._more and self._event is not None:
            self._event.lines[-1] = b"\\n".join([self._event.lines[-1], *self._more])
        self._more = []

    def _property(self, line: bytes) -> None:
        if self.open is None or self._inner:
            return
        if self._zone is not None:
            self._zone.append(line)
        elif self._event is None:
            self.open.lines.append(line)
        elif _is_property(line):
            self._join()
            self._event.lines.append(line)
        elif _TEXT.match(self._event.lines[-1]):  # a line break that should have been escaped
            self._more.append(line)


def _is_property(line: bytes) -> bool:
    match = _PROPERTY.match(line)
    if match is None:
        return False
    name = match[1]
    return name.isupper() or name.upper() in _NAMES or name[:2].upper() == b"X-"
