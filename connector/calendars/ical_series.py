"""Occurrences of a series by recurring-ical-events, with what the library does not tell: which component an occurrence
comes from, where the series had put it before it was moved, and which ones its EXRULEs take out.
"""

# mypy: disallow-subclassing-any=False
# The library ships no type information, so its classes, made to be subclassed, are Any to the checker.

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo

from dateutil.rrule import rrulestr  # type: ignore[import-untyped]
from recurring_ical_events import EventAdapter, Occurrence, Series  # type: ignore[import-untyped]
from recurring_ical_events.util import to_recurrence_ids  # type: ignore[import-untyped]

from connector.calendars.ical_components import Component
from connector.calendars.ical_times import Times, placed
from connector.calendars.ical_values import Period, to_utc

_MOST_MATCHES = 2_000  # of changes with series, where several series bear one UID


@dataclass(frozen=True, slots=True)
class Part:
    """A component with its times, each with a zone. ``zone``: of its dates."""

    component: Component
    times: Times
    zone: tzinfo


class Meeting(EventAdapter):
    """Keeps its component at hand for the occurrences; its times are ours, and not the library's."""

    def __init__(self, part: Part) -> None:
        super().__init__(part.component.event)
        self.component = part.component
        self.times = part.times
        self._zone = part.zone

    @property
    def uid(self) -> str:
        return self.component.uid

    @property
    def sequence(self) -> int:
        return self.component.sequence

    @property
    def raw_start(self) -> date:
        return self.times.start

    @property
    def raw_end(self) -> date:
        return self.times.span[1]

    @property
    def span(self) -> tuple[date, date]:
        """Of no length where the clock alone makes the end come before the start."""
        start, end = self.times.span
        if isinstance(start, datetime) and isinstance(end, datetime):
            end = end.astimezone(start.tzinfo)
        return start, max(start, end)

    @property
    def exdates(self) -> list[date]:
        return list(self.times.exdates)

    @property
    def rrules(self) -> set[str]:
        return {rule.text(self.times.start, self._zone) for rule in self.times.rules}

    @property
    def rdates(self) -> list[object]:
        return [(each.start, each.end) if isinstance(each, Period) else each for each in self.times.rdates]

    @property
    def recurrence_ids(self) -> tuple[datetime, ...]:
        if self.times.original is None:
            return ()
        found: tuple[datetime, ...] = to_recurrence_ids(self.times.original)
        return found

    @property
    def this_and_future(self) -> bool:
        return self.times.and_future

    @property
    def move_recurrences_by(self) -> timedelta:
        return self._moved if self.times.and_future else timedelta(0)

    @property
    def extend_query_span_by(self) -> tuple[timedelta, timedelta]:
        return self.duration + max(self._moved, timedelta(0)), max(-self._moved, timedelta(0))

    @property
    def _moved(self) -> timedelta:
        """On the clock of the series."""
        if self.times.original is None:
            return timedelta(0)
        start, before = _clock(self.times.start), _clock(self.times.original)
        if start.tzinfo is not None and before.tzinfo is not None:
            start = start.astimezone(before.tzinfo)
        return start.replace(tzinfo=None) - before.replace(tzinfo=None)

    def has_recurrence_rules(self) -> bool:
        return bool(self.times.rules or self.times.rdates or self.times.exdates)


def _clock(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time.min)


class MeetingOccurrence(Occurrence):
    """One occurrence, with the place that the series gave it before any move."""

    def __init__(self, meeting: Meeting, start: date | None = None, end: date | None = None) -> None:
        super().__init__(meeting, start, end)
        self.component = meeting.component
        if start is None:
            times = meeting.times
            self.start, self.end = times.span
            self.original: date = times.start if times.original is None else times.original
            return
        # generated; a change to "this and future" moves it away from where the rule put it
        self.original = start - meeting.move_recurrences_by
        if end is None or end - start == meeting.duration:  # else a period brought a length of its own
            self.end = meeting.times.end_of(start)


class MeetingSeries(Series):
    """recurring-ical-events' series, with our occurrences. ``zone``: of its dates."""

    def __init__(self, parts: Iterable[Part], zone: tzinfo) -> None:
        meetings = [Meeting(part) for part in parts]
        super().__init__(meetings)
        self._zone = zone
        self._core = next((each.times for each in meetings if not each.times.is_change), None)

    def occurrence(self, adapter: Meeting, start: date | None = None, end: date | None = None) -> MeetingOccurrence:
        return MeetingOccurrence(adapter, start, end)

    def occurrences(self, start: datetime, end: datetime) -> Iterator[MeetingOccurrence]:
        """Those that touch the span, without those that an EXRULE takes out."""
        taken = self._taken(start, end)
        for occurrence in self.between(start, end):
            if to_utc(occurrence.original, self._zone) not in taken or occurrence.component.times.is_change:
                yield occurrence

    def _taken(self, start: datetime, end: datetime) -> frozenset[datetime]:
        core = self._core
        if core is None or not core.exrules:
            return frozenset()
        begins = _clock(core.start)
        first, last = core.span
        wide = to_utc(last, self._zone) - to_utc(first, self._zone)
        low, high = ((each if begins.tzinfo else each.replace(tzinfo=None)) for each in (start - wide, end))
        return frozenset(
            to_utc(found, self._zone)
            for rule in core.exrules
            for found in rrulestr(rule.text(core.start, self._zone), dtstart=begins).between(low, high, inc=True)
        )

    def has(self, original: date | None) -> bool:
        """Whether it has an occurrence that was to begin there."""
        if original is None:
            return False
        moment = _clock(original)
        if self._core is None or (moment.tzinfo is None) != (_clock(self._core.start).tzinfo is None):
            return False
        return any(True for _ in self.recurrence.rrule_between(moment, moment))


def series_of(parts: Iterable[Part], zone: tzinfo) -> list[MeetingSeries]:
    """Of one UID: one for each core, with the changes of its own occurrences."""
    known = list(parts)
    cores = [part for part in known if not part.times.is_change]
    changes = [part for part in known if part.times.is_change]
    if not cores:
        return [MeetingSeries(changes, zone)]
    owned: list[list[Part]] = [[core] for core in cores]
    plain = [MeetingSeries([core], zone) for core in cores] if len(cores) > 1 and changes else []
    left = _MOST_MATCHES
    for change in changes:
        owner = 0
        for number, series in enumerate(plain):
            left -= 1
            if left > 0 and series.has(_placed(change, cores[number]).times.original):
                owner = number
                break
        owned[owner].append(_placed(change, cores[owner]))
    return [MeetingSeries(mine, zone) for mine in owned]


def _placed(change: Part, core: Part) -> Part:
    return replace(change, times=placed(change.times, core.times, core.zone))
