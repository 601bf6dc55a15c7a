"""What a reading of a calendar changes: what it holds, what is told of it, and what is held back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector import events
from connector.clock import Clock
from connector.engine.detecting import Memory
from connector.engine.empty_guard import EmptyGuard, held_sentence
from connector.engine.options import Options
from connector.engine.outages import Outages
from connector.engine.recorder import Recorder
from connector.errors import CalendarError
from connector.model import CalendarId, Meeting, Unreadable
from connector.planning.merge import future_count
from connector.redaction import foreign_text
from connector.store.api import CalendarLease, CalendarRow, StoreApi

HandOn = Callable[[CalendarId, tuple[Meeting, ...]], None]


@dataclass(slots=True)
class CalendarState:
    """One that is in use: what it held when it was read last, and when it is read next."""

    id: CalendarId
    meetings: tuple[Meeting, ...] = ()
    known: bool = False  # a good read or a stored one exists: before that nothing is handed on
    due_at: datetime | None = None
    read_again_at: datetime | None = None
    wanted: bool = False  # the next reading is due to a trigger, not only to the poll
    urgent: bool = False  # the one under way is
    answered_at: datetime | None = None  # when the last reading that a trigger caused began
    reading: bool = False
    told: bool = False  # when it was planned, the service told of its changes
    readings: int = 0  # good ones
    failures: int = 0
    error: str = ""
    complained: frozenset[str] = frozenset()  # unreadable items already reported
    memory: Memory = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Emptied:
    """A reading that would take away all that is to come."""

    calendar: CalendarState
    meetings: list[Meeting]
    reading: int

    @property
    def newest(self) -> bool:
        """The rest of its batch may have taken long, and the calendar was read again meanwhile."""
        return self.calendar.readings == self.reading


class ReadResults:
    """``hand_on`` is called with what a calendar holds: once for what the store remembers, then with each change."""

    def __init__(
        self,
        hand_on: HandOn,
        *,
        clock: Clock,
        store: StoreApi,
        recorder: Recorder,
        options: Callable[[], Options],
    ) -> None:
        self._hand_on = hand_on
        self._clock = clock
        self._store = store
        self._recorder = recorder
        self._options = options
        self._outages = Outages()
        self._guard = EmptyGuard(options)

    # -------------------------------------------------------------------------------- calendars come and go

    def remember(self, calendar: CalendarState, row: CalendarRow | None) -> None:
        """``row``: as it was read before a restart, or before its rooms went away."""
        if row is None:
            return
        calendar.error = row.error
        if row.error:
            self._outages.remembered(calendar.id, row.error)
        calendar.meetings, calendar.known = row.meetings, row.read_at is not None
        if calendar.known:
            self._hand_on(calendar.id, calendar.meetings)

    def forget(self, calendar: CalendarState) -> CalendarRow:
        """What ``remember`` takes when it comes back."""
        self._recorder.post(tells=self._outages.forget(calendar.id))
        self._guard.filled(calendar.id)
        read_at = self._clock.now() if calendar.known else None
        return CalendarRow(calendar.id.key, calendar.meetings, read_at, calendar.error)

    # -------------------------------------------------------------------------------- a good reading

    def read(self, calendar: CalendarState, meetings: list[Meeting]) -> Emptied | None:
        """Hands on what was read, unless it empties the calendar: then the batch decides (``judge_emptied``)."""
        self._recovered(calendar)
        calendar.readings += 1
        if self._would_be_emptied(calendar, meetings):
            return Emptied(calendar, meetings, calendar.readings)
        self._guard.filled(calendar.id)
        self._take(calendar, meetings)
        return None

    def _recovered(self, calendar: CalendarState) -> None:
        calendar.failures = 0
        if calendar.error:
            calendar.error = ""
            self._recorder.post(tells=self._outages.recovered(calendar.id))

    def _would_be_emptied(self, calendar: CalendarState, meetings: list[Meeting]) -> bool:
        now = self._clock.now()
        return calendar.known and future_count(calendar.meetings, now) > 0 and not future_count(meetings, now)

    def _take(self, calendar: CalendarState, meetings: Iterable[Meeting]) -> None:
        now, fresh = self._clock.now(), tuple(meetings)
        if calendar.known and fresh == calendar.meetings:
            self._store.post(self._store.save_unchanged(self._lease(calendar.id), calendar.id.key, now))
            return
        calendar.meetings, calendar.known = fresh, True
        event = events.CalendarRead(calendar=_shown(calendar.id), meetings=len(fresh))
        change = self._store.save_reading(self._lease(calendar.id), calendar.id.key, fresh, now)
        self._recorder.post(change, tells=[event])
        self._hand_on(calendar.id, fresh)

    def report_unreadable(self, calendar: CalendarState, items: Iterable[Unreadable]) -> None:
        """Each once, for as long as it stays so."""
        lines = {f"{item.series_uid}: {item.reason}": item.reason for item in items}
        for line, reason in lines.items():
            if line not in calendar.complained:
                self._recorder.publish(events.CalendarItemUnreadable(calendar=_shown(calendar.id), reason=reason))
        calendar.complained = frozenset(lines)

    # -------------------------------------------------------------------------------- many that lose everything

    def others_to_ask(
        self, batch: Collection[CalendarState], of_source: Iterable[CalendarState]
    ) -> list[CalendarState]:
        """Calendars that are to be read before an empty reading of ``batch`` is believed, as few others were read with
        it: what they hold now tells a meeting that was cancelled from a service that answers with nothing. Not many, as
        they cost calls; what was read before the service broke would say nothing."""
        now, ids = self._clock.now(), {calendar.id for calendar in batch}
        others = [c for c in of_source if not c.error and future_count(c.meetings, now) > 0]
        asked = sum(c.id in ids for c in others)
        return [c for c in others if c.id not in ids and not c.reading][
            : max(2 * self._options().guard_rooms - asked, 0)
        ]

    def judge_emptied(self, emptied: Collection[Emptied], read: Iterable[CalendarState]) -> None:
        """``emptied``: those of one batch. ``read``: all that were read with them, of the same source."""
        now, source = self._clock.now(), next(iter(emptied)).calendar.id.source
        future = {c.id: future_count(c.meetings, now) for c in read if not c.error}
        verdict = self._guard.judge([each.calendar.id for each in emptied], future, now)
        for each in emptied:
            if each.calendar.id in verdict.confirmed:
                self._recorder.publish(events.CalendarReleased(calendar=_shown(each.calendar.id)))
            if each.calendar.id in verdict.believed:
                self._take(each.calendar, each.meetings)
        if verdict.newly_held:
            reason = held_sentence(verdict.newly_held, self._options().guard_hold)
            self._recorder.publish(
                events.CalendarSuspiciouslyEmpty(source=source, calendars=verdict.newly_held, reason=reason)
            )

    def stepped(self, by: timedelta) -> None:
        self._guard.stepped(by)

    def release(self, source: str) -> tuple[CalendarId, ...]:
        """Those whose empty reading is believed now, if the next one says the same."""
        return self._guard.release(source, self._clock.now())

    # -------------------------------------------------------------------------------- a reading that failed

    def failed(self, calendar: CalendarState, error: CalendarError, in_use: int) -> None:
        """The last good list stays. ``in_use``: how many calendars its source has."""
        calendar.failures += 1
        sentence = foreign_text(str(error), lines=True)  # as it is kept: after a restart it is no other one
        if sentence == calendar.error:
            return
        calendar.error = sentence
        change = self._store.save_failure(self._lease(calendar.id), calendar.id.key, sentence, self._clock.now())
        self._recorder.post(change, tells=self._outages.failed(calendar.id, error, sentence, in_use))

    def _lease(self, calendar: CalendarId) -> CalendarLease:
        return self._store.calendar_lease(calendar.source, calendar.name)


def _shown(calendar: CalendarId) -> str:
    return calendar.shown or calendar.key
