"""Reads calendars: a trigger says "look again", a complete window is the truth, and what was read is handed on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connector import events
from connector.calendars.base import CalendarSource, Forgiving, Sparing, Telling
from connector.clock import Clock, WakeUp
from connector.detection.rules import NO_RULES, Rules
from connector.engine.detecting import detect_all
from connector.engine.limiter import PriorityLimiter
from connector.engine.options import Options
from connector.engine.read_results import CalendarState, Emptied, HandOn, ReadResults
from connector.engine.recorder import Recorder
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable
from connector.model import CalendarId, Meeting, Snapshot, Window
from connector.planning.merge import merge
from connector.retry import backoff
from connector.secret_links import without_paths
from connector.store.api import CalendarRow, StoreApi

_ACCESS_DENIED = timedelta(minutes=15)
_SEE_WHETHER_TOLD = timedelta(minutes=1)
_LET_GO = 5.0  # seconds that readings under way have when their source is closed

Enrich = Callable[[Meeting], Awaitable[Meeting]]


@dataclass(frozen=True, slots=True)
class _Blocked:
    """A source whose credentials were refused. ``until`` None: until it is opened anew."""

    reason: str
    until: datetime | None


@dataclass(slots=True)
class _Source:
    """One that is open. ``reading``: the batches under way."""

    source: CalendarSource
    limiter: PriorityLimiter
    listener: asyncio.Task[None] | None = None
    reading: set[asyncio.Task[None]] = field(default_factory=set)
    blocked: _Blocked | None = None


class Reader:
    """``open`` and ``close`` sources, ``use`` says which calendars matter, ``trigger`` marks one as due. ``hand_on`` is
    called with what a calendar holds: once for what the store remembers, then with each change."""

    def __init__(
        self,
        rows: Mapping[str, CalendarRow],
        hand_on: HandOn,
        *,
        clock: Clock,
        store: StoreApi,
        recorder: Recorder,
        options: Callable[[], Options],
    ) -> None:
        self._rows = dict(rows)
        self._clock = clock
        self._recorder = recorder
        self._options = options
        self._rules = NO_RULES
        self._enrich: Enrich | None = None
        self._sources: dict[str, _Source] = {}
        self._calendars: dict[CalendarId, CalendarState] = {}
        self._unopened: set[asyncio.Task[None]] = set()  # readings of sources that are not open: they say so
        self._named: dict[tuple[str, str], list[CalendarId]] = {}  # by source and name: a trigger has no zone
        self._wake_up = WakeUp(clock)
        self._told_seen_at: datetime | None = None
        self._results = ReadResults(hand_on, clock=clock, store=store, recorder=recorder, options=options)

    # -------------------------------------------------------------------------------- sources

    def open(self, name: str, source: CalendarSource) -> None:
        """It is entered already. Its calendars are read now; credentials that were refused are asked for anew."""
        opened = self._sources[name] = _Source(source, PriorityLimiter(self._options().read_concurrency))
        opened.listener = asyncio.create_task(self._listen(name, source), name=f"changes-{name}")
        for calendar in self.calendars(name):
            source.watch(calendar.name)
        self._read_all(self.calendars(name))

    async def close(self, name: str) -> None:
        """On return nothing of ours uses the source. What it had begun to read may end within seconds."""
        closed = self._sources.pop(name, None)
        if closed is None:
            return
        if closed.listener is not None:
            closed.listener.cancel()
        if closed.reading:
            await asyncio.wait(closed.reading, timeout=_LET_GO)
        await _end(closed)

    def opened(self, name: str) -> CalendarSource | None:
        found = self._sources.get(name)
        return found.source if found is not None else None

    def blocked(self, name: str) -> bool:
        """Its credentials were refused: it is not asked until it is opened anew, or for a while."""
        found = self._sources.get(name)
        return found is not None and found.blocked is not None

    async def forgive(self, names: Iterable[str]) -> None:
        """A person wants refused credentials tried once more: who remembers them over restarts forgets. StoreError."""
        for name in names:
            source: object = self.opened(name)
            if isinstance(source, Forgiving):
                await source.forgive()

    # -------------------------------------------------------------------------------- what a reading is made with

    def use_rules(self, rules: Rules) -> None:
        """Every text is judged again by them."""
        self._rules = rules
        for calendar in self._calendars.values():
            calendar.memory = {}
        self._read_all(self._calendars)

    def use_enrich(self, enrich: Enrich | None) -> None:
        """``enrich`` adds what an invitation lacks; it never raises, and returns within seconds."""
        self._enrich = enrich
        self._read_all(self._calendars)

    def use_pace(self) -> None:
        """The options changed: what waits is planned by them."""
        for source in self._sources.values():
            source.limiter.resize(self._options().read_concurrency)
        self._read_all(self._calendars)

    def stepped(self, by: timedelta) -> None:
        """The wall clock was set: what was planned by it is forgotten, and everything is read now."""
        self._results.stepped(by)
        for calendar in self._calendars.values():
            calendar.read_again_at = calendar.answered_at = None
        for source in self._sources.values():
            if source.blocked is not None and source.blocked.until is not None:
                source.blocked = _Blocked(source.blocked.reason, source.blocked.until + by)
        self._read_all(self._calendars)

    # -------------------------------------------------------------------------------- calendars

    def use(self, calendars: Collection[CalendarId]) -> None:
        for calendar in set(self._calendars) - set(calendars):
            self._leave(calendar, calendars)
        for calendar in set(calendars) - set(self._calendars):
            self._take_up(calendar)
        self._named = {}
        for calendar in self._calendars:
            self._named.setdefault((calendar.source, calendar.name), []).append(calendar)
        self._wake_up.ring()

    def _take_up(self, calendar: CalendarId) -> None:
        state = self._calendars[calendar] = CalendarState(calendar, due_at=self._clock.now())
        source = self.opened(calendar.source)
        if source is not None:
            source.watch(calendar.name)
        self._results.remember(state, self._rows.get(calendar.key))

    def _leave(self, calendar: CalendarId, still: Collection[CalendarId]) -> None:
        # a row that comes back goes on with it
        self._rows[calendar.key] = self._results.forget(self._calendars.pop(calendar))
        source = self.opened(calendar.source)
        names = {(other.source, other.name) for other in still}
        if source is not None and (calendar.source, calendar.name) not in names:
            source.unwatch(calendar.name)  # no other zone's is left either

    def trigger(self, calendar: CalendarId) -> None:
        """Read soon: at once, or ``debounce`` after the last reading that a trigger caused; and once more later.

        A poll that just ended or is under way delays nothing: what it read may be older than the change.
        """
        state = self._calendars.get(calendar)
        if state is None:
            return
        now, options = self._clock.now(), self._options()
        state.read_again_at = now + options.read_again_after
        source = self._sources.get(calendar.source)
        if state.reading and source is not None and source.limiter.hurry(id(state)):
            state.answered_at = now  # the poll had not come to it yet: it does now
            return
        soonest = now if state.answered_at is None else max(now, state.answered_at + options.debounce)
        state.due_at = soonest if state.due_at is None else min(state.due_at, soonest)
        state.wanted = True
        self._wake_up.ring()

    def read_anew(self, calendar: CalendarId) -> None:
        """As ``trigger``, for a person: what the source remembers is no answer."""
        source: object = self.opened(calendar.source)
        if isinstance(source, Sparing):
            source.anew(calendar.name)
        self.trigger(calendar)

    def _read_all(self, calendars: Iterable[CalendarId]) -> None:
        now = self._clock.now()
        for calendar in calendars:
            self._calendars[calendar].due_at = now
        self._wake_up.ring()

    def calendars(self, source: str | None = None) -> tuple[CalendarId, ...]:
        """Those in use, of one source or of all."""
        return tuple(c for c in self._calendars if source in (None, c.source))

    def trigger_meeting(self, meeting_id: str) -> None:
        """Something of this meeting changed outside its calendar."""
        for state in list(self._calendars.values()):
            if any(meeting.join.meeting_id == meeting_id for meeting in state.meetings):
                self.trigger(state.id)

    def release(self, source: str) -> int:
        """Believe the empty readings that are held back, if the next one says the same. Returns how many calendars."""
        released = self._results.release(source)
        for calendar in released:
            self.read_anew(calendar)
        return len(released)

    # -------------------------------------------------------------------------------- the loop

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await self._wake_up.wait(self._start_due())
        finally:
            sources, self._sources = list(self._sources.values()), {}
            await asyncio.gather(*map(_end, sources))

    async def _listen(self, name: str, source: CalendarSource) -> None:
        failures = 0
        while True:
            try:
                async for calendar in source.changes():
                    failures = 0
                    for known in self._named.get((name, calendar), ()):
                        self.trigger(known)
            except Exception as error:  # a broken watcher costs speed, never correctness: the poll goes on
                self._recorder.publish(
                    events.CalendarWatchFailed(source=name, reason=f"{type(error).__name__}: {error}")
                )
            failures += 1
            await asyncio.sleep(backoff(failures).total_seconds())

    def _start_due(self) -> datetime | None:
        now = self._clock.now()
        self._see_who_is_told(now)
        due = [c for c in self._calendars.values() if c.due_at is not None and c.due_at <= now and not c.reading]
        by_source: dict[str, list[CalendarState]] = {}
        for calendar in due:
            calendar.reading, calendar.due_at = True, None
            calendar.urgent, calendar.wanted = calendar.wanted, False
            calendar.answered_at = now if calendar.urgent else calendar.answered_at
            by_source.setdefault(calendar.id.source, []).append(calendar)
        for source, batch in by_source.items():
            self._start_batch(source, batch)
        waiting = (c.due_at for c in self._calendars.values() if c.due_at is not None and not c.reading)
        return min(waiting, default=None)

    def _start_batch(self, source: str, batch: list[CalendarState]) -> None:
        under_way = self._sources[source].reading if source in self._sources else self._unopened
        task = asyncio.create_task(self._batch(batch), name=f"read-{source}")
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    async def _batch(self, batch: list[CalendarState]) -> None:
        """Read them all; each speaks for itself, except where many lose everything at once."""
        others: list[CalendarState] = []
        emptied = await self._read_all_of(batch)
        if emptied:
            source = emptied[0].calendar.id.source
            others = self._results.others_to_ask(batch, [c for c in self._calendars.values() if c.id.source == source])
            emptied = [each for each in (*emptied, *await self._read_also(others)) if each.newest]
        if emptied:
            self._results.judge_emptied(emptied, (*batch, *others))
        self._wake_up.ring()

    async def _read_also(self, calendars: list[CalendarState]) -> list[Emptied]:
        for calendar in calendars:
            calendar.reading, calendar.due_at, calendar.urgent = True, None, True
        return await self._read_all_of(calendars)

    async def _read_all_of(self, batch: list[CalendarState]) -> list[Emptied]:
        found = await asyncio.gather(*map(self._read, batch))
        return [each for each in found if each is not None and each.newest]

    async def _read(self, calendar: CalendarState) -> Emptied | None:
        """Hands on what was read, unless it empties the calendar: then the batch decides."""
        pause = None
        try:
            snapshot = await self._ask(calendar)
            merged = merge(calendar.meetings, await self._detect(calendar, snapshot), snapshot.unreadable)
            return self._results.read(calendar, merged)
        except CalendarError as error:
            pause = self._failed(calendar, error)
            return None
        finally:
            calendar.reading = False
            self._plan_next(calendar, pause)

    async def _detect(self, calendar: CalendarState, snapshot: Snapshot) -> list[Meeting]:
        rules = self._rules
        meetings, memory = await asyncio.to_thread(detect_all, snapshot.events, calendar.memory, rules)
        if rules is self._rules:  # else it is read again, with those of now
            calendar.memory = memory
        self._results.report_unreadable(calendar, snapshot.unreadable)
        if self._enrich is None:
            return meetings
        return list(await asyncio.gather(*map(self._enrich, meetings)))

    def _plan_next(self, calendar: CalendarState, pause: timedelta | None) -> None:
        done = self._clock.now()
        next_poll = self._next_poll(calendar, done) if pause is None else done + pause
        again = calendar.read_again_at
        if again is not None and not calendar.error:
            calendar.read_again_at = None
            next_poll = min(next_poll, again)
        calendar.due_at = next_poll if calendar.due_at is None else min(calendar.due_at, next_poll)
        self._wake_up.ring()

    def _next_poll(self, calendar: CalendarState, now: datetime) -> datetime:
        calendar.told = self._is_told(calendar)
        zone = ZoneInfo(calendar.id.zone)
        times = [(m.event.start, m.event.end) for m in calendar.meetings if not m.event.cancelled]
        return self._options().pace.after(now, zone, times, told=calendar.told)

    def _is_told(self, calendar: CalendarState) -> bool:
        source: object = self.opened(calendar.id.source)
        return isinstance(source, Telling) and source.tells_of(calendar.id.name)

    def _see_who_is_told(self, now: datetime) -> None:
        """A calendar whose service fell silent is read now, and then as often as one that nobody tells of."""
        if self._told_seen_at is not None and timedelta() <= now - self._told_seen_at < _SEE_WHETHER_TOLD:
            return
        self._told_seen_at = now
        for calendar in self._calendars.values():
            if calendar.told and not self._is_told(calendar):
                calendar.told, calendar.due_at = False, now

    async def _ask(self, calendar: CalendarState) -> Snapshot:
        opened = self._sources.get(calendar.id.source)
        if opened is None:
            raise SourceUnavailable(
                f"the calendar source {calendar.id.source!r} could not be opened:"
                f" connector calendars doctor {calendar.id.source} says why"
            )
        self._check_blocked(opened)
        deadline = self._options().read_deadline.total_seconds()
        try:
            turn = opened.limiter.taken(id(calendar), urgent=calendar.urgent)
            async with turn, asyncio.timeout(deadline):
                window = self._window()
                return await opened.source.read(calendar.id.name, window, ZoneInfo(calendar.id.zone))
        except TimeoutError:
            raise SourceUnavailable(f"the calendar was not read whole within {deadline:.0f} s") from None
        except CalendarError:
            raise
        except Exception as error:  # a provider's own mistake must not stop the other calendars
            raise SourceUnavailable(without_paths(f"reading failed: {type(error).__name__}: {error}")) from error

    def _check_blocked(self, opened: _Source) -> None:
        blocked = opened.blocked
        if blocked is None:
            return
        if blocked.until is None or self._clock.now() < blocked.until:
            raise CredentialsRejected(blocked.reason)
        opened.blocked = None

    def _failed(self, calendar: CalendarState, error: CalendarError) -> timedelta:
        """Returns when to try again."""
        self._results.failed(calendar, error, len(self.calendars(calendar.id.source)))
        match error:
            case CredentialsRejected():
                return self._block(calendar.id.source, error)
            case AccessDenied():
                return min(_ACCESS_DENIED, backoff(calendar.failures, first=self._options().pace.near))
            case RateLimited():
                return error.retry_after
            case _:
                return min(self._options().pace.near, backoff(calendar.failures))

    def _block(self, source: str, error: CredentialsRejected) -> timedelta:
        opened, now = self._sources.get(source), self._clock.now()
        until = None if error.ask_again is None else now + error.ask_again
        if opened is not None and opened.blocked is None:
            opened.blocked = _Blocked(str(error), until)
        until = opened.blocked.until if opened is not None and opened.blocked is not None else until
        return timedelta(hours=1) if until is None else max(until - now, timedelta(seconds=1))

    def _window(self) -> Window:
        now, options = self._clock.now(), self._options()
        return Window(now - options.window_back, now + options.window_ahead)


async def _end(closed: _Source) -> None:
    tasks = [*closed.reading] + ([closed.listener] if closed.listener is not None else [])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
