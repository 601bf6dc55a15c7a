"""From iCalendar data to components: each VEVENT read by itself, with what is wrong with it. No I/O."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TypeVar

from icalendar import Event as VEvent

from connector.calendars.ical_text import CalendarText, EventText, decode, split
from connector.calendars.ical_texts import first
from connector.calendars.ical_times import NAMES, STAMPS, Times, Unusable, times_of
from connector.calendars.ical_zones import FileZones

T = TypeVar("T")

_OLDEST = datetime.min.replace(tzinfo=UTC)
_NO_TIMES = Times(_OLDEST)


@dataclass(frozen=True, slots=True)
class Component:
    """One VEVENT: a meeting, a series, or one changed occurrence of a series.

    ``event`` holds its words, ``times`` when it takes place.
    """

    key: bytes  # digest of its text and of what around it gives it meaning
    uid: str
    problem: str = ""  # why it cannot be read; then only ``uid`` counts
    event: VEvent = field(default_factory=VEvent, repr=False)
    times: Times = _NO_TIMES
    zone: tzinfo | None = None  # the calendar's own zone (X-WR-TIMEZONE), for floating times
    withdrawn: bool = False  # it stands in a message of METHOD:CANCEL
    sequence: int = 0  # its number among the revisions that the organiser made

    @property
    def revision(self) -> tuple[int, datetime]:
        """Of two components that describe the same, the higher one counts."""
        return self.sequence, self.times.stamp or _OLDEST


@dataclass(frozen=True, slots=True)
class Parsed:
    """One file or one CalDAV item."""

    components: tuple[Component, ...]

    @property
    def uids(self) -> frozenset[str]:
        return frozenset(component.uid for component in self.components)


def parse(data: bytes, name: str, *, charset: str | None = None, previous: Parsed | None = None) -> Parsed:
    """Reads a whole iCalendar file; what stands unchanged in ``previous`` is not read again.

    Raises SourceUnavailable, with ``name`` in the sentence, for what is no whole iCalendar file. A bad event raises
    nothing: it becomes a component with a ``problem``.
    """
    known = {component.key: component for component in previous.components} if previous else {}
    components: list[Component] = []
    for calendar in split(data, name):
        components += _read_calendar(calendar, charset, known)
    return Parsed(tuple(components))


def guarded(work: Callable[[], T]) -> T | Unusable:
    """The result, or why it could not be had: the libraries raise anything on data they did not expect."""
    try:
        return work()
    except Unusable as problem:
        return problem
    except Exception as error:  # hostile data must cost one event, whatever the libraries make of it
        return Unusable(f"cannot be read ({type(error).__name__})")


def _read_calendar(calendar: CalendarText, charset: str | None, known: Mapping[bytes, Component]) -> list[Component]:
    default = calendar.value("X-WR-TIMEZONE")
    withdrawn = calendar.value("METHOD").upper() == "CANCEL"
    context = repr((calendar.zones, default, withdrawn, charset)).encode()
    keys = [_digest(context, *text.lines, str(text.closed).encode()) for text in calendar.events]
    if all(key in known for key in keys):
        return [known[key] for key in keys]
    zones = FileZones((decode(lines, charset) for lines in calendar.zones), default)
    return [
        known.get(key) or _read_component(key, text, charset, zones, withdrawn)
        for key, text in zip(keys, calendar.events, strict=True)
    ]


def _read_component(key: bytes, text: EventText, charset: str | None, zones: FileZones, withdrawn: bool) -> Component:
    if not text.closed:
        return Component(key, text.uid, "has no END:VEVENT where it should end")

    def read() -> Component:
        words, when = _sorted_lines(text, charset)
        times = times_of(when, zones.find)
        event = _words_of(words)
        sequence = first(event, "SEQUENCE")
        return Component(
            key,
            _uid(event, times),
            event=event,
            times=times,
            zone=zones.default,
            withdrawn=withdrawn,
            sequence=sequence if isinstance(sequence, int) else 0,
        )

    result = guarded(read)
    return Component(key, text.uid, str(result)) if isinstance(result, Unusable) else result


_TIMES = frozenset(name.encode() for name in NAMES | STAMPS)
_WORDS = frozenset(
    b"UID SEQUENCE STATUS TRANSP CLASS SUMMARY LOCATION DESCRIPTION URL CONFERENCE ORGANIZER ATTENDEE".split()
)
_NAME = re.compile(rb"\s*([A-Za-z0-9-]{1,100})\s*[;:]")
_EMPTY = re.compile(rb"""[^;:]*+(?:;(?:[^":;]|"[^"]*+")*+)*+:\s*""")


def _sorted_lines(text: EventText, charset: str | None) -> tuple[list[str], list[str]]:
    """The words, for the icalendar library, and the times. A line that stands twice alike says no more than once, and
    an empty one nothing; of the others nobody asks."""
    words: list[str] = []
    when: list[str] = []
    for line in dict.fromkeys(text.lines):
        match = _NAME.match(line)
        name = match[1].upper() if match else b""
        if name in _TIMES:
            when.append(decode([line], charset))
        elif (name in _WORDS or name.startswith(b"X-")) and _EMPTY.fullmatch(line) is None:
            words.append(decode([line], charset))
    return words, when


def _words_of(lines: list[str]) -> VEvent:
    """The library may stumble over one line; that one is then left out, and not the meeting."""
    try:
        return _parsed(lines)
    except Exception:  # it raises anything
        return _parsed([line for line in lines if _can_be_parsed(line)])


def _can_be_parsed(line: str) -> bool:
    return not isinstance(guarded(lambda: _parsed([line])), Unusable)


def _parsed(lines: list[str]) -> VEvent:
    event = VEvent.from_ical("\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT", ""]))
    if not isinstance(event, VEvent):
        raise Unusable("is no VEVENT")
    return event


def _uid(event: VEvent, times: Times) -> str:
    """RFC 5545 wants one; without it the start and the title tell events apart, also after a restart."""
    uid = str(first(event, "UID") or "").strip()
    return uid or "no-uid-" + _digest(*(repr(each).encode() for each in (times.start, event.get("SUMMARY")))).hex()


def _digest(*parts: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
