"""iCalendar data to events: what the ICS and the CalDAV source share. No I/O.

``parse`` reads data once; an ``Agenda`` answers windows from what was read. Values and recurrence are the work of
icalendar and recurring-ical-events; here is what they leave open: revisions of one event, floating times, the
identity of moved occurrences, and rules that would never end.

A UID is either in ``Snapshot.events`` or in ``Snapshot.unreadable``, never in both: when one component of a series
cannot be read, the whole series keeps its last good form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo

from connector.calendars.ical_components import (
    Component,
    Parsed,
    Unusable,
    guarded,
    is_date,
    moment,
    parse,
    span,
    to_utc,
)
from connector.calendars.ical_rules import problem_with
from connector.calendars.ical_series import MeetingSeries, series_of
from connector.calendars.ical_texts import answer_of, one_line, organizer, organizer_email, source_texts, values
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
        by_uid: dict[str, list[Component]] = {}
        for part in parsed:
            for component in part.components:
                by_uid.setdefault(component.uid, []).append(component)
        self._groups: dict[str, _Group] = {
            uid: self._group(tuple(found), kept.get(uid)) for uid, found in by_uid.items()
        }

    def _group(self, components: tuple[Component, ...], old: _Group | None) -> _Group:
        if old is not None and [c.key for c in old.components] == [c.key for c in components]:
            return old
        return _Group(components, self.zone, self.owner)

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
    """All components of one UID, and what came of them in the span that was asked last."""

    def __init__(self, components: tuple[Component, ...], zone: tzinfo, owner: frozenset[str]) -> None:
        self.components = components
        self._zone = next((c.zone for c in components if c.zone is not None), zone)
        self._owner = owner
        self._series: MeetingSeries | None = None
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
        for component in self.components:
            if component.problem:
                raise Unusable(component.problem)
            _check_rules(component, window.end + _MARGIN)
        newest = _newest(self.components)
        if all(component.is_single for component in newest):
            alone = len(newest) == 1 and not newest[0].is_change
            found = [self._event(c, *span(c.event), None if alone else moment(c.event, "DTSTART")) for c in newest]
            return [event for event in found if _touches(event, window)]
        series, self._series = self._series or series_of(newest), None
        events = self._occurrences(series, window)
        self._series = series  # only now: one that raised keeps a lock of the recurrence library, and would wait for it
        return events

    def _occurrences(self, series: MeetingSeries, window: Window) -> list[Event]:
        events: dict[str, Event] = {}  # by key: RDATE and RRULE may name the same moment
        for occurrence in series.between(window.start - _MARGIN, window.end + _MARGIN):
            event = self._event(occurrence.component, occurrence.start, occurrence.end, occurrence.original)
            if _touches(event, window):
                events.setdefault(event.key, event)
            if len(events) > _MOST_OCCURRENCES:
                raise Unusable(f"occurs more than {_MOST_OCCURRENCES} times in a few days")
        return list(events.values())

    def _event(self, component: Component, start: date, end: date, original: date | None) -> Event:
        event = component.event
        status = str(event.get("STATUS", "")).upper()
        busy = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
        answer = answer_of(event, self._owner) if self._owner else ""
        return Event(
            series_uid=component.uid,
            original_start=NO_SERIES if original is None else to_utc(original, self._zone),
            start=to_utc(start, self._zone),
            end=to_utc(end, self._zone),
            title=one_line(event.get("SUMMARY", "")),
            organizer=organizer(event),
            organizer_email=organizer_email(event),
            all_day=is_date(start) or str(event.get("X-MICROSOFT-CDO-ALLDAYEVENT", "")).upper() == "TRUE",
            private=str(event.get("CLASS", "PUBLIC")).strip().upper() not in ("PUBLIC", ""),
            cancelled=component.withdrawn or status == "CANCELLED",
            declined=answer == "DECLINED",
            tentative=answer == "TENTATIVE" or "TENTATIVE" in (status, busy),
            texts=source_texts(event),
        )


def _touches(event: Event, window: Window) -> bool:
    """Half-open on both sides; a meeting of no length counts at its instant."""
    if event.start == event.end:
        return window.start <= event.start < window.end
    return event.start < window.end and event.end > window.start


def _check_rules(component: Component, horizon: datetime) -> None:
    for rule in values(component.event, "RRULE"):
        problem = problem_with(rule, moment(component.event, "DTSTART"), horizon) if isinstance(rule, Mapping) else None
        if problem:
            raise Unusable(f"is not followed: {problem}")


def _newest(components: Iterable[Component]) -> list[Component]:
    """The newest revision of each component: files repeat events, and folders hold old copies.

    Some exporters write every occurrence of a series as a meeting of its own with the same UID: equal revisions with
    different starts are different meetings.
    """
    newest: dict[tuple[str, datetime], Component] = {}
    for component in components:
        name = "RECURRENCE-ID" if component.is_change else "DTSTART"
        slot = name, to_utc(moment(component.event, name), UTC)
        if slot not in newest or component.revision >= newest[slot].revision:
            newest[slot] = component
    cores = [c for c in newest.values() if not c.is_change]
    best = max((c.revision for c in cores), default=None)
    cores = [c for c in cores if c.revision == best]
    changes = [c for c in newest.values() if c.is_change]
    return cores if all(c.is_single for c in cores) and not changes else cores[-1:] + changes
