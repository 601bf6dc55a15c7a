"""Occurrences of a series by recurring-ical-events, with what the library does not tell: which component an occurrence
comes from, and where the series had put it before it was moved.
"""

# mypy: disallow-subclassing-any=False
# The library ships no type information, so its classes, made to be subclassed, are Any to the checker.

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from recurring_ical_events import EventAdapter, Occurrence, Series  # type: ignore[import-untyped]

from connector.calendars.ical_components import Component, moment, span


class Meeting(EventAdapter):
    """Keeps its component at hand for the occurrences."""

    def __init__(self, component: Component) -> None:
        super().__init__(component.event)
        self.component = component

    @property
    def raw_end(self) -> date:
        return span(self.component.event)[1]


class MeetingOccurrence(Occurrence):
    """One occurrence, with the place that the series gave it before any move."""

    def __init__(self, meeting: Meeting, start: date | None = None, end: date | None = None) -> None:
        super().__init__(meeting, start, end)
        self.component = meeting.component
        if start is not None:  # generated; a change to "this and future" moves it away from where the rule put it
            self.original: date = start - meeting.move_recurrences_by
        else:
            name = "RECURRENCE-ID" if meeting.component.is_change else "DTSTART"
            self.original = moment(meeting.component.event, name)


class MeetingSeries(Series):
    """recurring-ical-events' series, with our occurrences."""

    def occurrence(self, adapter: Meeting, start: date | None = None, end: date | None = None) -> MeetingOccurrence:
        return MeetingOccurrence(adapter, start, end)


def series_of(components: Iterable[Component]) -> MeetingSeries:
    """One UID: at most one core, and its changed occurrences."""
    return MeetingSeries([Meeting(component) for component in components])
