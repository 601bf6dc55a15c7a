"""Reads calendars: a trigger says "look again", a complete window is the truth, detection follows, rooms are told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.calendars.base import CalendarSource, Forgiving, Sparing
from connector.clock import WakeUp
from connector.detection.detect import detect
from connector.detection.rules import NO_RULES, Rules, rulings
from connector.engine.driver_session import Tools
from connector.engine.limiter import PriorityLimiter
from connector.engine.outages import Outages
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable
from connector.model import CalendarId, Event, JoinInfo, Meeting, RoomId, Ruling, Snapshot, Window
from connector.planning.merge import future_count, merge
from connector.planning.reconcile import held_back
from connector.retry import backoff
from connector.store.store import CalendarRow

_ACCESS_DENIED = timedelta(minutes=15)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PHASE = 0.37  # of the poll period


_Found = tuple[int, JoinInfo, tuple[Ruling, ...]]


@dataclass(frozen=True, slots=True)
class _Blocked:
    """A source whose credentials were refused. ``until`` None: until it is opened anew."""

    reason: str
    until: datetime | None


@dataclass(slots=True)
class _Calendar:
    id: CalendarId
    meetings: tuple[Meeting, ...] = ()
    known: bool = False  # a good read or a stored one exists: before that nothing is planned from it
    due_at: datetime | None = None
    read_again_at: datetime | None = None
    wanted: bool = False  # the next reading is due to a trigger, not only to the poll
    urgent: bool = False  # the one under way is
    answered_at: datetime | None = None  # when the last reading that a trigger caused began
    reading: bool = False
    readings: int = 0  # good ones
    failures: int = 0
    error: str = ""
    emptied_since: datetime | None = None
    complained: set[str] = field(default_factory=set)  # unreadable items already reported
    found: dict[str, _Found] = field(default_factory=dict)  # event key -> (hash of what was searched, results)


@dataclass(frozen=True, slots=True)
class _Emptied:
    """A reading that would take away all that is to come."""

    calendar: _Calendar
    meetings: list[Meeting]
    reading: int

    @property
    def newest(self) -> bool:
        """The rest of its batch may have taken long, and the calendar was read again meanwhile."""
        return self.calendar.readings == self.reading


class Sync:
    """``use`` says which calendars matter; ``trigger`` marks one as due. ``told`` is called with each change."""

    def __init__(
        self,
        sources: Mapping[str, CalendarSource],
        rows: Mapping[str, CalendarRow],
        window: Callable[[datetime], Window],
        tools: Tools,
        told: Callable[[CalendarId], None],
        rules: Rules = NO_RULES,
        enrich: Callable[[Meeting], Awaitable[Meeting]] | None = None,
    ) -> None:
        """``enrich``: adds what an invitation lacks; never raises, and returns within seconds."""
        self._rules = rules
        self._enrich = enrich
        self._sources = sources
        self._rows = rows
        self._window = window
        self._tools = tools
        self._told = told
        self._calendars: dict[CalendarId, _Calendar] = {}
        self._named: dict[tuple[str, str], list[CalendarId]] = {}  # by source and name: a trigger has no zone
        self._wake_up = WakeUp(tools.clock)
        self._blocked: dict[str, _Blocked] = {}
        self._outages = Outages(tools.journal)
        self._limiters = {name: PriorityLimiter(tools.options.read_concurrency) for name in sources}
        self._batches: set[asyncio.Task[None]] = set()
        self._emptied: dict[CalendarId, datetime] = {}  # published as empty lately: a trickle is a flood, too

    # -------------------------------------------------------------------------------- what others see

    def meetings(self, calendar: CalendarId) -> tuple[Meeting, ...] | None:
        """The last good ones; None while the calendar was never read."""
        state = self._calendars.get(calendar)
        return state.meetings if state is not None and state.known else None

    def use(self, calendars: Collection[CalendarId]) -> None:
        now = self._tools.clock.now()
        names = {(calendar.source, calendar.name) for calendar in calendars}
        for calendar in set(self._calendars) - set(calendars):
            del self._calendars[calendar]
            self._outages.forget(calendar)
            if calendar.source in self._sources and (calendar.source, calendar.name) not in names:
                self._sources[calendar.source].unwatch(calendar.name)  # no other zone's is left either
        for calendar in set(calendars) - set(self._calendars):
            row = self._rows.get(calendar.key)
            state = _Calendar(calendar, due_at=now)
            if row is not None:
                state.error = row.error
                if row.error:
                    self._outages.remembered(calendar, row.error)
                state.meetings, state.known = row.meetings, row.read_at is not None
            self._calendars[calendar] = state
            if calendar.source in self._sources:
                self._sources[calendar.source].watch(calendar.name)
        self._named = {}
        for calendar in self._calendars:
            self._named.setdefault((calendar.source, calendar.name), []).append(calendar)
        self._wake_up.ring()

    def trigger(self, calendar: CalendarId) -> None:
        """Read soon: at once, or ``debounce`` after the last reading that a trigger caused; and once more later.

        A poll that just ended or is under way delays nothing: what it read may be older than the change.
        """
        state = self._calendars.get(calendar)
        if state is None:
            return
        now, options = self._tools.clock.now(), self._tools.options
        state.read_again_at = now + options.read_again_after
        slots = self._limiters.get(calendar.source)
        if state.reading and slots is not None and slots.hurry(id(state)):
            state.answered_at = now  # the poll had not come to it yet: it does now
            return
        soonest = now if state.answered_at is None else max(now, state.answered_at + options.debounce)
        state.due_at = soonest if state.due_at is None else min(state.due_at, soonest)
        state.wanted = True
        self._wake_up.ring()

    def read_anew(self, calendar: CalendarId) -> None:
        """As ``trigger``, for a person: what the source remembers is no answer."""
        source: object = self._sources.get(calendar.source)
        if isinstance(source, Sparing):
            source.anew(calendar.name)
        self.trigger(calendar)

    def calendars(self, source: str | None = None) -> tuple[CalendarId, ...]:
        """Those in use, of one source or of all."""
        return tuple(c for c in self._calendars if source in (None, c.source))

    def holding(self, meeting_id: str) -> tuple[CalendarId, ...]:
        """The calendars whose last good reading has this meeting."""
        return tuple(c.id for c in self._calendars.values() if any(m.join.meeting_id == meeting_id for m in c.meetings))

    def blocked(self, source: str) -> bool:
        """Its credentials were refused: it is not asked until it is opened anew, or for a while."""
        return source in self._blocked

    async def forgive(self, sources: Iterable[str]) -> None:
        """A person wants refused credentials tried once more: who remembers them over restarts forgets. StoreError."""
        for name in sources:
            source: object = self._sources.get(name)
            if isinstance(source, Forgiving):
                await source.forgive()

    def release(self, source: str) -> int:
        """Believe the empty readings that are held back, if the next one says the same. Returns how many calendars."""
        held = [c for c in self._calendars.values() if c.id.source == source and c.emptied_since is not None]
        for calendar in held:
            calendar.emptied_since = self._tools.clock.now() - self._tools.options.guard_hold
            self.read_anew(calendar.id)
        return len(held)

    # -------------------------------------------------------------------------------- the loop

    async def run(self) -> None:
        """Until cancelled."""
        listeners = [asyncio.create_task(self._listen(name), name=f"changes-{name}") for name in self._sources]
        try:
            while True:
                await self._wake_up.wait(self._start_due())
        finally:
            for task in (*listeners, *self._batches):
                task.cancel()
            await asyncio.gather(*listeners, *self._batches, return_exceptions=True)

    async def _listen(self, name: str) -> None:
        failures = 0
        while True:
            try:
                async for calendar in self._sources[name].changes():
                    failures = 0
                    for known in self._named.get((name, calendar), ()):
                        self.trigger(known)
            except Exception as error:  # a broken watcher costs speed, never correctness: the poll goes on
                self._tools.journal.note(
                    "calendar.watch_failed", source=name, reason=f"{type(error).__name__}: {error}"
                )
            failures += 1
            await asyncio.sleep(backoff(failures).total_seconds())

    def _start_due(self) -> datetime | None:
        now = self._tools.clock.now()
        due = [c for c in self._calendars.values() if c.due_at is not None and c.due_at <= now and not c.reading]
        by_source: dict[str, list[_Calendar]] = {}
        for calendar in due:
            calendar.reading, calendar.due_at = True, None
            calendar.urgent, calendar.wanted = calendar.wanted, False
            calendar.answered_at = now if calendar.urgent else calendar.answered_at
            by_source.setdefault(calendar.id.source, []).append(calendar)
        for source, batch in by_source.items():
            task = asyncio.create_task(self._batch(batch), name=f"read-{source}")
            self._batches.add(task)
            task.add_done_callback(self._batches.discard)
        waiting = (c.due_at for c in self._calendars.values() if c.due_at is not None and not c.reading)
        return min(waiting, default=None)

    async def _batch(self, batch: list[_Calendar]) -> None:
        """Read them all; each speaks for itself, except where many lose everything at once."""
        found = await asyncio.gather(*map(self._read, batch))
        emptied = [each for each in found if each is not None and each.newest]
        if emptied:
            self._judge_emptied(emptied)
        self._wake_up.ring()

    async def _read(self, calendar: _Calendar) -> _Emptied | None:
        """Publishes what was read, unless it empties the calendar: then the batch decides."""
        now, pause = self._tools.clock.now(), None
        try:
            snapshot = await self._ask(calendar)
            fresh = await asyncio.to_thread(_detect_all, snapshot.events, calendar.found, self._rules)
            self._report_unreadable(calendar, snapshot)
            if self._enrich is not None:
                fresh = list(await asyncio.gather(*map(self._enrich, fresh)))
            merged = merge(calendar.meetings, fresh, snapshot.unreadable)
            self._recovered(calendar)
            calendar.readings += 1
            if calendar.known and future_count(calendar.meetings, now) and not future_count(merged, now):
                return _Emptied(calendar, merged, calendar.readings)
            calendar.emptied_since = None
            self._publish(calendar, merged)
        except CalendarError as error:
            pause = self._failed(calendar, error)
        finally:
            calendar.reading = False
            done = self._tools.clock.now()
            next_poll = self._tick(done) if pause is None else done + pause
            again = calendar.read_again_at
            if again is not None and not calendar.error:
                calendar.read_again_at = None
                next_poll = min(next_poll, again)
            calendar.due_at = next_poll if calendar.due_at is None else min(calendar.due_at, next_poll)
            self._wake_up.ring()
        return None

    def _tick(self, now: datetime) -> datetime:
        """The next poll. All calendars of a source are polled together, so that many that lose everything are seen in
        one batch; off the full minute, which belongs to the dials."""
        every = self._tools.options.poll_every
        passed = (now - _EPOCH) % every
        tick = now - passed + every * _PHASE
        return tick if tick > now else tick + every

    async def _ask(self, calendar: _Calendar) -> Snapshot:
        source = self._sources.get(calendar.id.source)
        if source is None:
            raise SourceUnavailable(
                f"the calendar source {calendar.id.source!r} could not be opened:"
                f" connector calendars doctor {calendar.id.source} says why"
            )
        blocked = self._blocked.get(calendar.id.source)
        if blocked is not None:
            if blocked.until is None or self._tools.clock.now() < blocked.until:
                raise CredentialsRejected(blocked.reason)
            del self._blocked[calendar.id.source]
        deadline = self._tools.options.read_deadline.total_seconds()
        try:
            slot = self._limiters[calendar.id.source].taken(id(calendar), urgent=calendar.urgent)
            async with slot, asyncio.timeout(deadline):
                window = self._window(self._tools.clock.now())
                return await source.read(calendar.id.name, window, ZoneInfo(calendar.id.zone))
        except TimeoutError:
            raise SourceUnavailable(f"the calendar was not read whole within {deadline:.0f} s") from None
        except CalendarError:
            raise
        except Exception as error:  # a provider's own mistake must not stop the other calendars
            raise SourceUnavailable(f"reading failed: {type(error).__name__}: {error}") from error

    # -------------------------------------------------------------------------------- results

    def _publish(self, calendar: _Calendar, meetings: Iterable[Meeting]) -> None:
        now, store = self._tools.clock.now(), self._tools.store
        fresh = tuple(meetings)
        changed = not calendar.known or fresh != calendar.meetings
        if changed:
            calendar.meetings, calendar.known = fresh, True
            store.post(store.calendar_read(calendar.id.key, fresh, now))
            self._tools.journal.note(
                "calendar.read", calendar=calendar.id.shown or calendar.id.key, meetings=len(fresh)
            )
            self._told(calendar.id)
        else:
            store.post(store.calendar_seen(calendar.id.key, now))

    def _judge_emptied(self, emptied: list[_Emptied]) -> None:
        now, options = self._tools.clock.now(), self._tools.options
        self._emptied = {c: at for c, at in self._emptied.items() if now - at < 2 * options.poll_every}
        source = emptied[0].calendar.id.source
        ours = [
            c for c in self._calendars.values() if c.id.source == source and not c.error
        ]  # a failed one says nothing
        before = {RoomId(c.id.key): future_count(c.meetings, now) for c in ours}
        before |= {RoomId(c.key): 1 for c in self._emptied if c.source == source}
        after = {RoomId(c.id.key): 0 for c in (each.calendar for each in emptied)} | {
            RoomId(c.key): 0 for c in self._emptied
        }
        # Those held since an earlier batch are part of the flood: calendars do not stay in step with each other.
        after |= {RoomId(c.id.key): 0 for c in ours if c.emptied_since}
        held = held_back(before, after, rooms=options.guard_rooms, share=options.guard_share)
        newly_held = 0
        for each in emptied:
            calendar = each.calendar
            since = calendar.emptied_since
            confirmed = since is not None and now - since >= options.guard_hold
            if RoomId(calendar.id.key) in held and not confirmed:
                newly_held += since is None
                calendar.emptied_since = since or now
                continue
            if confirmed:
                self._tools.journal.note("calendar.released", calendar=calendar.id.shown or calendar.id.key)
            calendar.emptied_since = None
            self._emptied[calendar.id] = now
            self._publish(calendar, each.meetings)
        if newly_held:
            minutes = round(options.guard_hold.total_seconds() / 60)
            self._tools.journal.note(
                "calendar.suspiciously_empty",
                source=source,
                calendars=newly_held,
                reason=f"{newly_held} calendars lost all their meetings in one reading; the screens keep what they"
                f" show until a reading {minutes} minutes later says the same",
            )

    def _report_unreadable(self, calendar: _Calendar, snapshot: Snapshot) -> None:
        lines = {f"{item.series_uid}: {item.reason}" for item in snapshot.unreadable}
        for item in snapshot.unreadable:
            if f"{item.series_uid}: {item.reason}" not in calendar.complained:
                self._tools.journal.note(
                    "calendar.item_unreadable", calendar=calendar.id.shown or calendar.id.key, reason=item.reason
                )
        calendar.complained = lines

    def _recovered(self, calendar: _Calendar) -> None:
        calendar.failures = 0
        if calendar.error:
            calendar.error = ""
            self._outages.recovered(calendar.id)

    def _failed(self, calendar: _Calendar, error: CalendarError) -> timedelta:
        """The last good list stays. Returns when to try again."""
        calendar.failures += 1
        if str(error) != calendar.error:
            calendar.error = str(error)
            now, store = self._tools.clock.now(), self._tools.store
            store.post(store.calendar_failed(calendar.id.key, str(error), now))
            self._outages.failed(calendar.id, error, len(self.calendars(calendar.id.source)))
        match error:
            case CredentialsRejected():
                now = self._tools.clock.now()
                until = None if error.ask_again is None else now + error.ask_again
                blocked = self._blocked.setdefault(calendar.id.source, _Blocked(str(error), until))
                return timedelta(hours=1) if blocked.until is None else max(blocked.until - now, timedelta(seconds=1))
            case AccessDenied():
                return min(_ACCESS_DENIED, backoff(calendar.failures, first=self._tools.options.poll_every))
            case RateLimited():
                return error.retry_after
            case _:
                return min(self._tools.options.poll_every, backoff(calendar.failures))


def _detect_all(events: Iterable[Event], found: dict[str, _Found], rules: Rules = NO_RULES) -> list[Meeting]:
    """Runs in a thread. ``found`` is the calendar's memory: an event whose texts are the same is not searched again."""
    meetings, seen = [], set()
    for event in events:
        seen.add(event.key)
        print_ = hash((event.texts, event.cancelled, event.organizer, event.organizer_email))
        known = found.get(event.key)
        if known is None or known[0] != print_:
            join = detect(event.texts, cancelled=event.cancelled)
            ruled = rulings(
                event.texts,
                join,
                rules,
                organizer=event.organizer,
                organizer_email=event.organizer_email,
                cancelled=event.cancelled,
            )
            known = found[event.key] = (print_, join, ruled)
        meetings.append(Meeting.of(event, known[1], known[2]))
    for key in set(found) - seen:
        del found[key]
    return meetings
