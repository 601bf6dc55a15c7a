"""iCalendar data to events: what the ICS and the CalDAV source share. No I/O.

``parse`` reads data once; an ``Agenda`` answers windows from what was read. Values and recurrence are the work of
icalendar and recurring-ical-events; here is what they leave open: revisions of one event, floating times, the
identity of moved occurrences, and rules that would never end.

A UID is either in ``Snapshot.events`` or in ``Snapshot.unreadable``, never in both: when one component of a series
cannot be read, the whole series keeps its last good form.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo

from icalendar import Event as VEvent

from connector.calendars.ical_components import Component, Parsed, guarded, parse
from connector.calendars.ical_rules import problem_with
from connector.calendars.ical_series import MeetingSeries, Part, series_of
from connector.calendars.ical_texts import answer_of, first, one_line, organizer, organizer_email, source_texts
from connector.calendars.ical_times import Unusable, settled
from connector.calendars.ical_values import is_date, to_utc
from connector.model import NO_SERIES, Event, Snapshot, Unreadable, Window

__all__ = ["Agenda", "Parsed", "events_between", "parse"]

_MARGIN = timedelta(days=2)  # more than any zone's distance from UTC, for dates and floating times
_AHEAD = timedelta(days=7)  # expanded beyond the window, so that the next readings of it cost nothing
_MOST_OCCURRENCES = 2_000  # of one series in one window


class Agenda:
    """Everything one calendar holds. ``zone``: for dates and floating times. ``owner``: the room's own addresses,
    lower case, to find its answer among the attendees. Series that did not change since ``previous`` are kept.

    Not for several threads at once.
    """

    def __init__(
        self,
        parsed: Iterable[Parsed],
        *,
        zone: tzinfo,
        owner: frozenset[str] = frozenset(),
        previous: Agenda | None = None,
    ) -> None:
        self.zone = zone
        self.owner = owner
        kept: dict[str, _Group] = {}
        if previous is not None and (previous.zone, previous.owner) == (zone, owner):
            kept = previous._groups
        by_uid: dict[str, dict[int, list[Component]]] = {}
        for number, part in enumerate(parsed):
            for component in part.components:
                by_uid.setdefault(component.uid, {}).setdefault(number, []).append(component)
        self._groups: dict[str, _Group] = {
            uid: self._group(tuple(map(tuple, found.values())), kept.get(uid)) for uid, found in by_uid.items()
        }

    def _group(self, files: tuple[tuple[Component, ...], ...], old: _Group | None) -> _Group:
        if old is not None and old.keys == [[c.key for c in file] for file in files]:
            return old
        return _Group(files, self.zone, self.owner)

    def between(self, window: Window) -> Snapshot:
        """The events that touch the window, in order of start. Costs CPU: call it off the event loop."""
        events: list[Event] = []
        unreadable: list[Unreadable] = []
        for uid, group in self._groups.items():
            result = group.between(window)
            if isinstance(result, Unusable):
                unreadable.append(Unreadable(uid, f"The event {one_line(uid)[:200] or 'without a UID'} {result}."))
            else:
                events += result
        events.sort(key=lambda event: (event.start, event.end, event.series_uid, event.original_start))
        return Snapshot(tuple(events), tuple(unreadable))


def events_between(
    data: bytes, window: Window, zone: tzinfo, *, name: str = "The calendar", owner: frozenset[str] = frozenset()
) -> Snapshot:
    """Parses and answers once. Raises SourceUnavailable as ``parse`` does, and nothing else."""
    return Agenda([parse(data, name)], zone=zone, owner=owner).between(window)


# ------------------------------------------------------------------------------------ one UID


class _Group:
    """All components of one UID, file by file, and what came of them in the span that was asked last."""

    def __init__(self, files: tuple[tuple[Component, ...], ...], zone: tzinfo, owner: frozenset[str]) -> None:
        self.keys = [[component.key for component in file] for file in files]
        self._files = files
        self._zone = next((c.zone for file in files for c in file if c.zone is not None), zone)
        self._owner = owner
        self._series: list[MeetingSeries] | None = None
        self._expanded: Window | None = None
        self._result: list[Event] | Unusable = []

    def between(self, window: Window) -> list[Event] | Unusable:
        """Events that touch the window, or why they cannot be told."""
        done = self._expanded
        if done is None or window.start < done.start or window.end > done.end:
            done = self._expanded = Window(window.start, window.end + _AHEAD)
            asked = done
            self._result = guarded(lambda: self._expand(asked))
        if isinstance(self._result, Unusable):
            return self._result
        return [event for event in self._result if _touches(event, window)]

    def _expand(self, window: Window) -> list[Event]:
        files = [[self._part(component, window.end + _MARGIN) for component in file] for file in self._files]
        newest = files[0] if len(files) == 1 == len(files[0]) else _newest(files)
        if all(part.times.is_single for part in newest):
            alone = len(newest) == 1
            found = [self._event(p.component, *p.times.span, None if alone else p.times.start) for p in newest]
            return [event for event in found if _touches(event, window)]
        series, self._series = self._series or series_of(newest, self._zone), None
        events = self._occurrences(series, window)
        self._series = series  # only now: one that raised keeps a lock of the recurrence library, and would wait for it
        return events

    def _part(self, component: Component, horizon: datetime) -> Part:
        if component.problem:
            raise Unusable(component.problem)
        times = settled(component.times, self._zone)
        for rule in (*times.rules, *times.exrules):
            if problem := problem_with(rule, times.start, horizon):
                raise Unusable(f"is not followed: {problem}")
        return Part(component, times, self._zone)

    def _occurrences(self, many: Iterable[MeetingSeries], window: Window) -> list[Event]:
        events: dict[str, Event] = {}  # by key: RDATE and RRULE may name the same moment
        for series in many:
            for occurrence in series.occurrences(window.start - _MARGIN, window.end + _MARGIN):
                event = self._event(occurrence.component, occurrence.start, occurrence.end, occurrence.original)
                if _touches(event, window):
                    events.setdefault(event.key, event)
                if len(events) > _MOST_OCCURRENCES:
                    raise Unusable(f"occurs more than {_MOST_OCCURRENCES} times in a few days")
        return list(events.values())

    def _event(self, component: Component, start: date, end: date, original: date | None) -> Event:
        event = component.event
        status, busy = _word(event, "STATUS"), _word(event, "X-MICROSOFT-CDO-BUSYSTATUS")
        answer = answer_of(event, self._owner)
        return Event(
            series_uid=component.uid,
            original_start=NO_SERIES if original is None else to_utc(original, self._zone),
            start=to_utc(start, self._zone),
            end=to_utc(end, self._zone),
            title=one_line(first(event, "SUMMARY") or ""),
            organizer=organizer(event),
            organizer_email=organizer_email(event),
            all_day=is_date(start) or _word(event, "X-MICROSOFT-CDO-ALLDAYEVENT") == "TRUE",
            private=_word(event, "CLASS") not in ("PUBLIC", ""),
            cancelled=component.withdrawn or status == "CANCELLED",
            declined=answer == "DECLINED",
            tentative=answer == "TENTATIVE" or "TENTATIVE" in (status, busy),
            free=_word(event, "TRANSP") == "TRANSPARENT" or busy == "FREE",
            modified=component.times.stamp,
            texts=source_texts(event),
        )


def _touches(event: Event, window: Window) -> bool:
    """Half-open on both sides; a meeting of no length counts at its instant."""
    if event.start == event.end:
        return window.start <= event.start < window.end
    return event.start < window.end and event.end > window.start


def _word(event: VEvent, name: str) -> str:
    return str(first(event, name) or "").strip().upper()


def _newest(files: Iterable[Iterable[Part]]) -> list[Part]:
    """The newest revision of each component: files repeat events, and folders hold old copies.

    Within one file, components with different starts and the same SEQUENCE are meetings of their own: exporters write
    the occurrences of a series so, and those who split a series keep its UID. Of several files the newest counts, and
    others only where they are of the same revision.
    """
    newest: dict[tuple[bool, datetime], tuple[int, Part]] = {}
    for number, file in enumerate(files):
        for part in file:
            times = part.times
            moment = times.start if times.original is None else times.original
            slot = times.is_change, to_utc(moment, part.zone)
            if slot not in newest or part.component.revision >= newest[slot][1].component.revision:
                newest[slot] = number, part
    cores = [(number, part) for number, part in newest.values() if not part.times.is_change]
    changes = [part for _, part in newest.values() if part.times.is_change]
    if not cores:
        return changes
    best_file, best = max(cores, key=lambda core: core[1].component.revision)
    kept = [
        part
        for number, part in cores
        if part.component.revision == best.component.revision
        or (number == best_file and part.component.sequence == best.component.sequence)
    ]
    return kept + changes
