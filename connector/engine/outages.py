"""Which calendars fail, and how much of it is logged: an outage of a service is a few lines, not one a room.

Calendars of one source that fail with the same sentence fail together. The first few are logged by name, the next one
with a line of the source, further ones not at all; ``explain`` shows each of them. A refused sign-in is a matter of the
source from the first calendar on.
"""

from __future__ import annotations

from collections import Counter

from connector.errors import CalendarError, CredentialsRejected
from connector.events import CalendarFailed, CalendarRecovered, Happened
from connector.model import CalendarId

NAMED = 3  # calendars that an outage names, each with a line for its end


class Outages:
    """Each change returns what there is to tell of it: mostly one event, or none."""

    def __init__(self) -> None:
        self._failing: dict[CalendarId, str] = {}  # what it says
        self._alike: Counter[tuple[str, str]] = Counter()  # (source, sentence): failing calendars
        self._unnamed: dict[str, set[CalendarId]] = {}  # by source: those whose failure has no line of its own
        self._back: Counter[str] = Counter()  # of them, how many were read again meanwhile

    def remembered(self, calendar: CalendarId, sentence: str) -> None:
        """It failed before a restart, which was logged then."""
        if self._count(calendar, sentence) > NAMED:
            self._unnamed.setdefault(calendar.source, set()).add(calendar)

    def failed(self, calendar: CalendarId, error: CalendarError, sentence: str, calendars: int) -> list[Happened]:
        """``sentence``: what ``error`` says, another than at the last reading. ``calendars``: of the source, in use."""
        told = self._leave(calendar)
        alike = self._count(calendar, sentence)
        of_the_source = isinstance(error, CredentialsRejected)
        kind = type(error).__name__
        if not of_the_source and alike <= NAMED:
            return [*told, CalendarFailed(calendar=calendar.shown or calendar.key, error=kind, reason=sentence)]
        self._unnamed.setdefault(calendar.source, set()).add(calendar)
        if alike != (1 if of_the_source else NAMED + 1):
            return told
        more = "" if of_the_source else f"more than {NAMED} calendars fail alike; further ones are not named"
        whole = calendars if of_the_source else None
        source = calendar.source
        return [*told, CalendarFailed(source=source, calendars=whole, error=kind, reason=sentence, more=more)]

    def recovered(self, calendar: CalendarId) -> list[Happened]:
        """It was read whole after a failure."""
        if calendar in self._unnamed.get(calendar.source, ()):
            self._back[calendar.source] += 1
            return self._leave(calendar)
        return [CalendarRecovered(calendar=calendar.shown or calendar.key), *self._leave(calendar)]

    def forget(self, calendar: CalendarId) -> list[Happened]:
        """It is in use no more."""
        return self._leave(calendar)

    def _count(self, calendar: CalendarId, sentence: str) -> int:
        self._failing[calendar] = sentence
        self._alike[calendar.source, sentence] += 1
        return self._alike[calendar.source, sentence]

    def _leave(self, calendar: CalendarId) -> list[Happened]:
        sentence = self._failing.pop(calendar, None)
        if sentence is None:
            return []
        self._alike[calendar.source, sentence] -= 1
        if not self._alike[calendar.source, sentence]:
            del self._alike[calendar.source, sentence]
        unnamed = self._unnamed.get(calendar.source)
        if unnamed and calendar in unnamed:
            unnamed.remove(calendar)
            back = self._back.pop(calendar.source, 0) if not unnamed else 0
            if back:
                return [CalendarRecovered(source=calendar.source, calendars=back)]
        return []
