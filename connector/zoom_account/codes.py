"""Room passcodes for meetings whose invitation has none: asked of Zoom once, sealed, and never waited for long.

Failing open: whatever goes wrong, a meeting stays as its invitation has it. An answer that comes late is told by
``changed``, which has the calendars read again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from connector import events
from connector.calendars.base import SourceState
from connector.clock import Clock, sleep
from connector.errors import AccessDenied, CalendarError, ConnectorError, CredentialsRejected, RateLimited
from connector.model import JoinInfo, Meeting
from connector.retry import backoff
from connector.store.writer import OwnershipLost
from connector.zoom_account.api import AT_ONCE, RoomCode, ZoomApi
from connector.zoom_account.completing import completed, noted

STATE = ":zoom"  # no [calendars.NAME] can have this name
PATIENCE = 2.0  # seconds that a reading of a calendar waits for Zoom
_ASK_AGAIN = timedelta(hours=12)  # a passcode may be changed without a notice
_ASK_AGAIN_NONE = timedelta(hours=1)  # not our account's, or none needed
_AFTER_END = timedelta(hours=1)  # how long a passcode is kept after its last known meeting: people stay longer
_ACCESS_DENIED = timedelta(minutes=15)
_REFUSED = timedelta(hours=1)  # an outage of the login on Saturday must not cost Monday's codes
_SWEEP_EVERY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Known:
    code: RoomCode = field(repr=False)
    until: datetime  # wiped then
    fresh_until: datetime  # asked again then; until an answer comes it is used all the same


@dataclass(slots=True)
class _Question:
    meeting_id: str
    start: datetime  # of the first meeting that waits for it
    until: datetime  # how long the answer is to be kept
    over: asyncio.Future[None]  # done when it was answered, or given up
    waited: bool = False  # a reading waited for it in vain and went on: an answer is told
    doubted: bool = False  # the meeting changed while it was on its way


class RoomCodes:
    """Enter it before use. ``publish`` is told how Zoom is; ``changed`` is called with a meeting id."""

    def __init__(
        self,
        api: ZoomApi,
        source_state: SourceState,
        clock: Clock,
        publish: events.Publish,
        changed: Callable[[str], None],
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._api = api
        self._source_state = source_state
        self._clock = clock
        self._publish = publish
        self._changed = changed
        self._patience = patience
        self._known: dict[str, _Known] = {}
        self._invitations: dict[str, set[int]] = {}  # meeting id -> what its invitations said of link and passcode
        self._open: dict[str, _Question] = {}
        self._asked: set[str] = set()  # of the open ones, those on their way
        self._workers: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._trouble = ""
        self._not_before: datetime | None = None
        self._sweeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        now = self._clock.now()
        try:
            for meeting_id, value in (await self._source_state.items("")).items():
                known = _read(value)
                if known is None or known.until <= now:
                    await self._source_state.delete(meeting_id)
                else:
                    self._known[meeting_id] = known
        except ConnectorError as error:  # what was kept only saves questions: it must not cost the daemon
            reason = f"What was kept of Zoom cannot be read, so all is asked anew. {error}"
            self._publish(events.ZoomFailed(reason=reason))
        self._sweeping = asyncio.create_task(self._sweep(), name="zoom sweep")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = [*self._workers, *filter(None, [self._sweeping])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for question in self._open.values():
            question.over.cancel()
        await self._api.close()

    # -------------------------------------------------------------------------------- for the engine

    async def enrich(self, meeting: Meeting) -> Meeting:
        """With what Zoom says the room must dial, or why it does not. Never raises; returns within ``patience`` s."""
        join, end = meeting.join, meeting.event.end
        if not (join.service == "zoom" and join.joinable and join.meeting_id) or join.passcode is not None:
            return meeting
        now = self._clock.now()
        if meeting.event.cancelled or end <= now:
            return meeting
        known = self._known.get(join.meeting_id)
        if self._says_something_new(join) or known is None or known.fresh_until <= now:
            question = self._ask_soon(join.meeting_id, meeting.event.start, end + _AFTER_END)
            if known is None and question is not None and not question.waited:
                done, _ = await asyncio.wait({question.over}, timeout=self._patience)
                question.waited = not done
            known = self._known.get(join.meeting_id)
        if known is not None:
            await self._last_until(join.meeting_id, known, end + _AFTER_END)
            return replace(meeting, join=completed(join, known.code, now))
        return replace(meeting, join=noted(join, self._trouble_sentence()))

    def stale(self, meeting_id: str) -> None:
        """Zoom says that this meeting changed: ask again. Until it answers, what it said before is used."""
        if meeting_id in self._open:
            self._open[meeting_id].doubted = True
        if meeting_id in self._known:
            self._known[meeting_id] = replace(self._known[meeting_id], fresh_until=self._clock.now())

    def _says_something_new(self, join: JoinInfo) -> bool:
        """Another link or passcode in the invitation of a meeting that is known: it was changed at Zoom."""
        assert join.meeting_id is not None
        said = hash((join.join_url, join.passcode_text))
        before = self._invitations.setdefault(join.meeting_id, set())
        new = bool(before) and said not in before
        before.add(said)
        return new

    def _trouble_sentence(self) -> str:
        if self._trouble:
            return f"Zoom cannot be asked for it: {self._trouble}"
        return "Zoom has not answered yet"

    async def _last_until(self, meeting_id: str, known: _Known, until: datetime) -> None:
        """A series goes on: what is kept of it must, too."""
        if until > known.until:
            self._known[meeting_id] = longer = replace(known, until=until)
            await self._remember(meeting_id, longer)

    # -------------------------------------------------------------------------------- asking

    def _ask_soon(self, meeting_id: str, start: datetime, until: datetime) -> _Question | None:
        """The question on its way; None while Zoom is not to be asked."""
        found = self._open.get(meeting_id)
        if found is None:
            if self._resting():
                return None
            found = _Question(meeting_id, start, until, asyncio.get_running_loop().create_future())
            self._open[meeting_id] = found
            if len(self._workers) < AT_ONCE:
                worker = asyncio.create_task(self._work(), name="zoom room codes")
                self._workers.add(worker)
                worker.add_done_callback(self._workers.discard)
        found.start, found.until = min(found.start, start), max(found.until, until)
        return found

    def _resting(self) -> bool:
        return self._not_before is not None and self._clock.now() < self._not_before

    async def _work(self) -> None:
        """What begins first is asked first. After a failure the rest is left to the readings to come."""
        while waiting := [q for q in self._open.values() if q.meeting_id not in self._asked]:
            if self._resting():
                for question in waiting:
                    self._close(question)
                return
            question = min(waiting, key=lambda q: q.start)
            self._asked.add(question.meeting_id)
            try:
                await self._ask(question)
            finally:
                self._asked.discard(question.meeting_id)
                self._close(question)

    def _close(self, question: _Question) -> None:
        self._open.pop(question.meeting_id, None)
        if not question.over.done():
            question.over.set_result(None)

    async def _ask(self, question: _Question) -> None:
        meeting_id = question.meeting_id
        try:
            code = await self._api.room_code(meeting_id)
        except Exception as error:  # CalendarError; a mistake of ours must not cost a calendar, either
            self._failed(error)
            return
        self._answered()
        before = self._known.get(meeting_id)
        entry = self._entry(code, max(question.until, before.until) if before else question.until)
        if question.doubted:
            entry = replace(entry, fresh_until=self._clock.now())
        self._known[meeting_id] = entry
        await self._remember(meeting_id, entry)
        if question.waited or (before is not None and before.code != entry.code):
            self._changed(meeting_id)

    def _entry(self, code: RoomCode | None, until: datetime) -> _Known:
        now = self._clock.now()
        again = now + (_ASK_AGAIN if code is not None and (code.passcode or code.sip) else _ASK_AGAIN_NONE)
        if code is not None and code.sip_until is not None:
            again = min(again, code.sip_until - (code.sip_until - now) / 10)  # a new address before the old one ends
        return _Known(code or RoomCode(), until, again)

    def _failed(self, error: Exception) -> None:
        """Told once a change of state. Of several that were on their way, one counts."""
        now = self._clock.now()
        self._failures += not self._resting()
        sentence = str(error) if isinstance(error, CalendarError) else f"asking failed: {type(error).__name__}"
        match error:
            case CredentialsRejected():
                wait = _REFUSED
            case RateLimited():
                wait = error.retry_after
            case AccessDenied():
                wait = _ACCESS_DENIED
            case _:
                wait = backoff(self._failures)
        self._not_before = max(self._not_before or now, now + wait)
        if sentence != self._trouble:
            self._trouble = sentence
            refused = isinstance(error, CredentialsRejected)
            self._publish(events.ZoomRefused(reason=sentence) if refused else events.ZoomFailed(reason=sentence))

    def _answered(self) -> None:
        if self._resting():  # it was sent before Zoom asked for a pause
            return
        self._failures, self._not_before = 0, None
        if self._trouble:
            self._trouble = ""
            self._publish(events.ZoomRecovered())

    # -------------------------------------------------------------------------------- memory

    async def _remember(self, meeting_id: str, known: _Known) -> None:
        if not known.code.passcode and not known.code.sip:
            return
        with suppress(ConnectorError, OwnershipLost):  # store and vault say so themselves; it is known until a restart
            await self._source_state.put(meeting_id, _written(known))

    async def _sweep(self) -> None:
        """Codes of meetings that are over are wiped, also while nobody asks for any."""
        while True:
            await sleep(self._clock, _SWEEP_EVERY)
            now = self._clock.now()
            for past in [key for key, known in self._known.items() if known.until <= now]:
                del self._known[past]
                self._invitations.pop(past, None)
                with suppress(ConnectorError, OwnershipLost):
                    await self._source_state.delete(past)


def _written(known: _Known) -> bytes:
    until = known.code.sip_until
    tree = {
        "passcode": known.code.passcode,
        "sip": known.code.sip,
        "sip_until": until.isoformat() if until else None,
        "until": known.until.isoformat(),
        "fresh_until": known.fresh_until.isoformat(),
    }
    return json.dumps(tree).encode()


def _read(value: bytes) -> _Known | None:
    """None for what another version wrote: it is asked again."""
    try:
        tree = json.loads(value)
        until = tree["sip_until"]
        code = RoomCode(tree["passcode"], tree["sip"], datetime.fromisoformat(until) if until else None)
        return _Known(code, datetime.fromisoformat(tree["until"]), datetime.fromisoformat(tree["fresh_until"]))
    except (ValueError, TypeError, KeyError):
        return None
