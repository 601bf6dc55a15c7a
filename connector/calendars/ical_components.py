"""From iCalendar data to components: each VEVENT read by itself, with what is wrong with it. No I/O."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeVar

from icalendar import Event as VEvent
from icalendar.timezone import tzp

from connector.calendars.ical_text import CalendarText, EventText, decode, split
from connector.calendars.ical_texts import one_line, values
from connector.calendars.ical_zones import CalendarZones, named_zone, read_zone

T = TypeVar("T")

_VITAL = ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "RRULE", "RDATE", "EXDATE")
_MOMENTS = ("DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE")
_OLDEST = datetime.min.replace(tzinfo=UTC)

_reading = threading.Lock()  # the icalendar library keeps the zones of the file it reads in one global table


class Unusable(ValueError):
    """Why one event cannot be read: the tail of a sentence that begins with "The event"."""


@dataclass(frozen=True, slots=True)
class Component:
    """One VEVENT: a meeting, a series, or one changed occurrence of a series."""

    key: bytes  # digest of its text and of what around it gives it meaning
    uid: str
    problem: str = ""  # why it cannot be read; then only ``uid`` counts
    event: VEvent = field(default_factory=VEvent, repr=False)
    zone: tzinfo | None = None  # the calendar's own zone (X-WR-TIMEZONE), for floating times
    withdrawn: bool = False  # it stands in a message of METHOD:CANCEL

    @property
    def is_change(self) -> bool:
        return "RECURRENCE-ID" in self.event

    @property
    def is_single(self) -> bool:
        return not any(name in self.event for name in ("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"))

    @property
    def revision(self) -> tuple[int, datetime]:
        """Of two components that describe the same, the higher one counts."""
        sequence = self.event.get("SEQUENCE", 0)
        changed = getattr(self.event.get("LAST-MODIFIED", self.event.get("DTSTAMP")), "dt", None)
        return (
            sequence if isinstance(sequence, int) else 0,
            to_utc(changed, UTC) if isinstance(changed, datetime) else _OLDEST,
        )


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


# ------------------------------------------------------------------------------------ time


def to_utc(value: date, zone: tzinfo) -> datetime:
    """Dates begin at midnight, and floating times run, in ``zone``."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    return (value.replace(tzinfo=zone) if value.tzinfo is None else value).astimezone(UTC)


def is_date(value: date) -> bool:
    return not isinstance(value, datetime)


def moment(event: VEvent, name: str) -> date:
    """A date, a floating time or a time with a zone, as written."""
    value = getattr(event.get(name), "dt", None)
    if not isinstance(value, date):
        raise Unusable(f"has a {name} that cannot be read")
    return value


def span(event: VEvent) -> tuple[date, date]:
    """Start and end as written; without an end a date lasts a day, and a time no time at all."""
    start = moment(event, "DTSTART")
    end = start
    if "DTEND" in event:
        end = moment(event, "DTEND")
    elif "DURATION" in event:
        end = _add(start, getattr(event["DURATION"], "dt", None))
    if is_date(start) and end == start:  # also what some programs write for a single day
        end = start + timedelta(days=1)
    return start, end


def _add(start: date, duration: object) -> date:
    """RFC 5545 section 3.3.6: days are days of the calendar, hours are exact also in the night the clock changes."""
    if not isinstance(duration, timedelta):
        raise Unusable("has a DURATION that cannot be read")
    if not isinstance(start, datetime) or start.tzinfo is None:
        return start + duration
    exact = timedelta(seconds=duration.seconds)
    return ((start + timedelta(days=duration.days)).astimezone(UTC) + exact).astimezone(start.tzinfo)


# ------------------------------------------------------------------------------------ reading


def _read_calendar(calendar: CalendarText, charset: str | None, known: Mapping[bytes, Component]) -> list[Component]:
    zone = named_zone(calendar.value("X-WR-TIMEZONE") or "none")
    withdrawn = calendar.value("METHOD").upper() == "CANCEL"
    context = repr((calendar.zones, zone, withdrawn, charset)).encode()
    keys = [_digest(context, *text.lines, str(text.closed).encode()) for text in calendar.events]
    if all(key in known for key in keys):
        return [known[key] for key in keys]
    with _reading:
        tzp.use(CalendarZones())  # forgets the zones of other files: "Customized Time Zone" means another in each
        for lines in calendar.zones:
            _read_zone(decode(lines, charset) + "\r\n")
        return [
            known.get(key) or _read_component(key, text, charset, zone, withdrawn)
            for key, text in zip(keys, calendar.events, strict=True)
        ]


def _read_zone(block: str) -> None:
    """An unreadable zone is no loss by itself: an event that needs it says so."""
    guarded(lambda: read_zone(block))


def _read_component(
    key: bytes, text: EventText, charset: str | None, zone: tzinfo | None, withdrawn: bool
) -> Component:
    if not text.closed:
        return Component(key, text.uid, "has no END:VEVENT where it should end")

    def read() -> Component:
        event = VEvent.from_ical(decode(text.lines, charset) + "\r\n")
        if not isinstance(event, VEvent):
            raise Unusable("is no VEVENT")
        _check(event)
        return Component(key, _uid(event), event=event, zone=zone, withdrawn=withdrawn)

    result = guarded(read)
    return Component(key, text.uid, str(result)) if isinstance(result, Unusable) else result


def _uid(event: VEvent) -> str:
    """RFC 5545 wants one; without it the start and the title tell events apart, also after a restart."""
    uid = str(event.get("UID", "")).strip()
    return uid or "no-uid-" + _digest(*(repr(event.get(name)).encode() for name in ("DTSTART", "SUMMARY"))).hex()


def _digest(*parts: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


# ------------------------------------------------------------------------------------ is it usable?


def _check(event: VEvent) -> None:
    broken = {name for name, _ in event.errors}
    for name in _VITAL:
        if name in broken:
            raise Unusable(f"has a {name} that cannot be read")
    for name in ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID"):
        if len(values(event, name)) > 1:
            raise Unusable(f"has more than one {name}")
    if "DTSTART" not in event:
        raise Unusable("has no DTSTART, so its time is not known")
    for name in _MOMENTS:
        _check_zones(name, values(event, name))
    start, end = span(event)
    if is_date(start) != is_date(end):
        raise Unusable("begins with a date and ends with a time, or the reverse")
    if to_utc(end, UTC) < to_utc(start, UTC):
        raise Unusable("ends before it starts")


def _check_zones(name: str, found: Iterable[object]) -> None:
    """The icalendar library makes floating times of times in a zone that it does not know."""
    for value in found:
        zone = getattr(value, "params", {}).get("TZID")
        moments = [getattr(item, "dt", None) for item in getattr(value, "dts", [value])]
        if zone and any(isinstance(each, datetime) and each.tzinfo is None for each in moments):
            shown = one_line(zone)[:80]
            raise Unusable(f"has a {name} in the time zone {shown!r}, which is unknown and not defined in the file")
