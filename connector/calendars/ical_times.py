"""When a VEVENT takes place, as its lines say: read from the lines themselves, since the libraries refuse much of what
writers write. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypeVar

from connector.calendars.ical_rules import Rule, rule_of, until_of_floating
from connector.calendars.ical_values import (
    Duration,
    Period,
    TimeLine,
    duration_of,
    entries,
    is_date,
    later_by,
    length,
    moment_of,
    period_of,
    time_line,
    to_utc,
)

T = TypeVar("T")

NAMES = frozenset(["DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "RRULE", "EXRULE", "RDATE", "EXDATE"])
STAMPS = frozenset({"DTSTAMP", "LAST-MODIFIED"})

Find = Callable[[str], tzinfo | str | None]


class Unusable(ValueError):
    """Why one event cannot be read: the tail of a sentence that begins with "The event"."""


@dataclass(frozen=True, slots=True)
class Times:
    """Dates, floating times, and times with a zone, as written; ``settled`` makes of floating ones times of a zone.

    ``original``: RECURRENCE-ID, None where there is none. ``and_future``: its RANGE.
    """

    start: date
    end: date | None = None
    duration: Duration | None = None
    original: date | None = None
    and_future: bool = False
    rules: tuple[Rule, ...] = ()
    exrules: tuple[Rule, ...] = ()
    rdates: tuple[date | Period, ...] = ()
    exdates: tuple[date, ...] = ()
    stamp: datetime | None = None  # of the last change

    @property
    def is_change(self) -> bool:
        """Of one occurrence of a series, or of this one and all that follow."""
        return self.original is not None

    @property
    def is_single(self) -> bool:
        """Neither a series nor a change of one."""
        return not (self.is_change or self.rules or self.rdates or self.exdates or self.exrules)

    @property
    def span(self) -> tuple[date, date]:
        """Start and end; without an end a date lasts a day, and a time no time at all."""
        end = self.end if self.end is not None else self.duration.after(self.start) if self.duration else self.start
        if is_date(self.start) and end == self.start:  # also what some programs write for a single day
            end = self.start + timedelta(days=1)
        if isinstance(self.start, datetime) and isinstance(end, datetime) and self.end is not None:
            end = later_by(self.start, length(self.start, end)) if _same_clock(self.start, end) else end
        return self.start, end

    def end_of(self, start: date) -> date:
        """Of the occurrence that begins there. With DTEND each lasts exactly as long as the first one."""
        if not isinstance(start, datetime) or self.end is None:
            if self.duration is not None and self.end is None and isinstance(start, datetime):
                return self.duration.after(start)
            first, last = self.span
            return start + (last - first)
        first, last = self.span
        if not isinstance(first, datetime) or not isinstance(last, datetime):
            return start
        return later_by(start, length(first, last))


def _same_clock(start: datetime, end: datetime) -> bool:
    return start.tzinfo is end.tzinfo


# ------------------------------------------------------------------------------------ reading


def times_of(lines: Iterable[str], find: Find) -> Times:
    """Of the lines whose names are in NAMES or STAMPS; ``find`` gives a zone, None for the
    room's, or says why not. Raises Unusable.

    Empty ones say nothing, and what is said twice alike is said once.
    """
    by_name: dict[str, list[TimeLine]] = {}
    for line in map(time_line, lines):
        if line.value:
            by_name.setdefault(line.name, []).append(line)
    reader = _Reader(by_name, find)
    start = reader.one("DTSTART")
    if start is None:
        raise Unusable("has no DTSTART, so its time is not known")
    times = Times(
        start=start,
        end=reader.one("DTEND"),
        duration=reader.duration(),
        original=reader.one("RECURRENCE-ID"),
        and_future=any(
            line.parameters.get("RANGE", "").upper() == "THISANDFUTURE" for line in by_name.get("RECURRENCE-ID", ())
        ),
        rules=reader.rules("RRULE"),
        exrules=reader.rules("EXRULE"),
        rdates=reader.rdates(),
        exdates=reader.exdates(),
        stamp=reader.stamp(),
    )
    times = _with_end(times)
    _check(times)
    return times


@dataclass(frozen=True, slots=True)
class _Reader:
    lines: dict[str, list[TimeLine]]
    find: Find

    def one(self, name: str) -> date | None:
        found = {self._moment(line, line.value): None for line in self.lines.get(name, ())}
        return _only(list(found), name)

    def duration(self) -> Duration | None:
        found = {_or_unreadable("DURATION", duration_of, line.value): None for line in self.lines.get("DURATION", ())}
        return _only(list(found), "DURATION")

    def rules(self, name: str) -> tuple[Rule, ...]:
        found: dict[Rule, None] = {}
        for line in self.lines.get(name, ()):
            try:
                found[rule_of(line.value)] = None
            except ValueError as problem:
                raise Unusable(f"has a {name} that cannot be read: it {problem}") from None
        return tuple(found)

    def rdates(self) -> tuple[date | Period, ...]:
        found: dict[date | Period, None] = {}
        for line in self.lines.get("RDATE", ()):
            for entry in entries(line.value):
                found[self._period(line, entry) if "/" in entry else self._moment(line, entry)] = None
        return tuple(found)

    def exdates(self) -> tuple[date, ...]:
        lines = self.lines.get("EXDATE", ())
        return tuple(dict.fromkeys(self._moment(line, entry) for line in lines for entry in entries(line.value)))

    def stamp(self) -> datetime | None:
        """Of the last change: LAST-MODIFIED, else DTSTAMP. What cannot be read of them costs nothing."""
        for name in ("LAST-MODIFIED", "DTSTAMP"):
            for line in self.lines.get(name, ()):
                try:
                    return to_utc(moment_of(line.value, None), UTC)
                except (ValueError, OverflowError):
                    continue
        return None

    def _moment(self, line: TimeLine, text: str) -> date:
        found = _or_unreadable(line.name, lambda value: moment_of(value, None, as_date=line.is_date), text)
        if isinstance(found, datetime) and found.tzinfo is None and line.zone:
            return found.replace(tzinfo=self._zone(line))
        return found

    def _period(self, line: TimeLine, text: str) -> Period | date:
        return _or_unreadable("RDATE", lambda value: period_of(value, lambda part: self._moment(line, part)), text)

    def _zone(self, line: TimeLine) -> tzinfo | None:
        zone = self.find(line.zone)
        if isinstance(zone, str):
            shown = " ".join(line.zone.split())[:80]
            raise Unusable(f"has a {line.name} in the time zone {shown!r}, {zone}")
        return zone


def _or_unreadable(name: str, read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except Unusable:
        raise
    except (ValueError, OverflowError):
        raise Unusable(f"has a {name} that cannot be read") from None


def _only(found: list[T], name: str) -> T | None:
    if len(found) > 1:
        raise Unusable(f"has more than one {name}")
    return found[0] if found else None


def _with_end(times: Times) -> Times:
    """The end on the same kind of clock as the start, where it can be meant only one way."""
    start, end = times.start, times.end
    if not isinstance(start, datetime):
        if not isinstance(end, datetime):
            return times
        if end.time() == time.min:
            return replace(times, end=end.date())
        clock = None if end.tzinfo is UTC else end.tzinfo
        return replace(times, start=datetime.combine(start, time.min, tzinfo=clock))  # the day's first moment
    if end is None:
        return times
    if not isinstance(end, datetime):  # a day: its first moment, or its last where that lies behind
        midnight = datetime.combine(end, time.min, tzinfo=start.tzinfo)
        return replace(times, end=midnight + timedelta(days=1) if end == start.date() else midnight)
    if start.tzinfo is not None and end.tzinfo is None:
        return replace(times, end=end.replace(tzinfo=start.tzinfo))
    if start.tzinfo is None and end.tzinfo is not None and end.tzinfo is not UTC:
        return replace(times, start=start.replace(tzinfo=end.tzinfo))
    return times


def _check(times: Times) -> None:
    try:
        start, end = times.span
        if to_utc(end, UTC) < to_utc(start, UTC):
            raise Unusable("ends before it starts")
    except OverflowError:
        raise Unusable("lies beyond the calendar") from None


# ------------------------------------------------------------------------------------ settling


def settled(times: Times, zone: tzinfo) -> Times:
    """Every time with a zone, ``zone`` for floating ones; dates of a timed series made times of it, and the reverse.

    Of a change ``original`` stays as it is written, until it is ``placed`` in its series.
    """
    if not isinstance(times.start, datetime):
        return _of_days(times, zone)
    floating = times.start.tzinfo is None
    start = _zoned(times.start, zone)
    end = _zoned(times.end, start.tzinfo or zone) if isinstance(times.end, datetime) else times.end
    clocks = _clocks(times.rules, start)

    def rule(each: Rule) -> Rule:
        if not floating or each.until is None:
            return each
        return replace(each, until=until_of_floating(each.until, start, zone))

    return replace(
        times,
        start=start,
        end=end,
        original=_zoned(times.original, start.tzinfo or zone)
        if isinstance(times.original, datetime)
        else times.original,
        rules=tuple(map(rule, times.rules)),
        exrules=tuple(map(rule, times.exrules)),
        rdates=tuple(_settled_rdate(each, start, zone) for each in times.rdates),
        exdates=tuple(_settled_exdate(each, start, clocks) for each in times.exdates),
    )


def _zoned(value: datetime, zone: tzinfo) -> datetime:
    return value.replace(tzinfo=zone) if value.tzinfo is None else value


def _clocks(rules: Iterable[Rule], start: datetime) -> frozenset[time]:
    """The times of a day at which the series occurs; none where there are too many to tell."""
    found = {start.time()}
    for rule in rules:
        hours, minutes = rule.values("BYHOUR"), rule.values("BYMINUTE")
        if rule.values("FREQ") == ("HOURLY",) or len(hours) * len(minutes) > 96:
            return frozenset()
        if hours or minutes:
            found |= {
                time(int(hour), int(minute), start.second)
                for hour in hours or (str(start.hour),)
                for minute in minutes or (str(start.minute),)
            }
    return frozenset(found)


def _at_its_time(value: date, start: datetime, clocks: frozenset[time]) -> date:
    """A date, or a midnight that is no time of the series, means the only occurrence of that day."""
    zone = start.tzinfo or UTC
    if isinstance(value, datetime):
        value = _zoned(value, zone)
        if value.time() != time.min or not clocks or value.astimezone(zone).time() in clocks:
            return value
    if len(clocks) != 1:
        return value
    (clock,) = clocks
    return datetime.combine(value.date() if isinstance(value, datetime) else value, clock, tzinfo=zone)


def _settled_exdate(value: date, start: datetime, clocks: frozenset[time]) -> date:
    """A date takes out its whole day, and so does a midnight at which the series cannot occur."""
    if not isinstance(value, datetime):
        return value
    found = _at_its_time(value, start, clocks)
    return found if found == _zoned(value, start.tzinfo or UTC) else value.date()


def _settled_rdate(value: date | Period, start: datetime, zone: tzinfo) -> date | Period:
    """A date is meant at the series' own time."""
    if isinstance(value, Period):
        return Period(_zoned(value.start, start.tzinfo or zone), _zoned(value.end, start.tzinfo or zone))
    if not isinstance(value, datetime):
        return datetime.combine(value, start.time(), tzinfo=start.tzinfo)
    return _zoned(value, start.tzinfo or zone)


def placed(change: Times, core: Times, zone: tzinfo) -> Times:
    """The change of an occurrence of that series: with the moment that is meant, which may be named by its day."""
    original = change.original
    if original is None:
        return change
    if not isinstance(core.start, datetime):
        return replace(change, original=_day(original, zone))
    return replace(change, original=_at_its_time(original, core.start, _clocks(core.rules, core.start)))


def _of_days(times: Times, zone: tzinfo) -> Times:
    return replace(
        times,
        rdates=tuple(_day(each.start if isinstance(each, Period) else each, zone) for each in times.rdates),
        exdates=tuple(_day(each, zone) for each in times.exdates),
    )


def _day(value: date, zone: tzinfo) -> date:
    """The day that is meant by a time: the written one of a midnight, else the one that it is in the zone."""
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None or value.time() == time.min:
        return value.date()
    return value.astimezone(zone).date()
