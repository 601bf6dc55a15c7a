"""Room passcodes for meetings whose invitation has none: asked of Zoom once, sealed, and never waited for long.

Failing open: whatever goes wrong, a meeting stays as its invitation has it. An answer that comes late is told by
``changed``, which has the calendars read again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from connector.calendars.base import Keep
from connector.engine.clock import Clock
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited
from connector.model import Evidence, JoinInfo, Meeting
from connector.planning.retry import backoff
from connector.store.store import OwnershipLost, StoreError
from connector.zoom_account.api import RoomCode, ZoomApi

KEEP = ":zoom"  # no [calendars.NAME] can have this name
PATIENCE = 2.0  # seconds that a reading of a calendar waits for Zoom
_ASK_AGAIN = timedelta(hours=12)  # a passcode may be changed without a notice
_ASK_AGAIN_NONE = timedelta(hours=1)  # not our account's, or none needed
_AFTER_END = timedelta(days=1)  # how long a passcode is kept after its last known meeting
_ACCESS_DENIED = timedelta(minutes=15)
_WHERE = "zoom account"


@dataclass(frozen=True, slots=True)
class _Known:
    code: RoomCode = field(repr=False)
    until: datetime  # wiped then
    fresh_until: datetime  # asked again then; until an answer comes it is used all the same


class RoomCodes:
    """Enter it before use. ``tell`` is the journal's note; ``changed`` is called with a meeting id."""

    def __init__(
        self,
        api: ZoomApi,
        keep: Keep,
        clock: Clock,
        tell: Callable[..., None],
        changed: Callable[[str], None],
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._api = api
        self._keep = keep
        self._clock = clock
        self._tell = tell
        self._changed = changed
        self._patience = patience
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._given_up: set[str] = set()  # a reading went on without the answer
        self._failures = 0
        self._trouble = ""
        self._not_before: datetime | None = None
        self._refused = False

    async def __aenter__(self) -> Self:
        now = self._clock.now()
        for meeting_id, value in (await self._keep.items("")).items():
            known = _read(value)
            if known is None or known.until <= now:
                await self._keep.delete(meeting_id)
            else:
                self._known[meeting_id] = known
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._api.close()

    # -------------------------------------------------------------------------------- for the engine

    async def enrich(self, meeting: Meeting) -> Meeting:
        """With what Zoom says the room must dial. Never raises; returns within ``patience`` seconds."""
        join, end = meeting.join, meeting.event.end
        if not (join.service == "zoom" and join.joinable and join.meeting_id) or join.passcode is not None:
            return meeting
        now = self._clock.now()
        if meeting.event.cancelled or end <= now:
            return meeting
        known = self._known.get(join.meeting_id)
        if known is None or known.fresh_until <= now:
            task = self._ask_soon(join.meeting_id, end + _AFTER_END)
            if known is None and task is not None:
                done, _ = await asyncio.wait({task}, timeout=self._patience)
                if not done:
                    self._given_up.add(join.meeting_id)
                known = self._known.get(join.meeting_id)
        if known is None:
            return meeting
        return replace(meeting, join=completed(join, self._lasting(join.meeting_id, known, end), now))

    def stale(self, meeting_id: str) -> None:
        """Zoom says that this meeting changed: ask again. Until it answers, what it said before is used."""
        known = self._known.get(meeting_id)
        if known is not None:
            self._known[meeting_id] = replace(known, fresh_until=self._clock.now())

    def _lasting(self, meeting_id: str, known: _Known, end: datetime) -> RoomCode:
        """A series goes on: what is kept of it must, too."""
        if end + _AFTER_END > known.until:
            self._known[meeting_id] = replace(known, until=end + _AFTER_END)
        return known.code

    # -------------------------------------------------------------------------------- asking

    def _ask_soon(self, meeting_id: str, until: datetime) -> asyncio.Task[None] | None:
        """The question on its way; None while Zoom is not to be asked."""
        if meeting_id in self._asking:
            return self._asking[meeting_id]
        if self._refused or (self._not_before is not None and self._clock.now() < self._not_before):
            return None
        task = asyncio.create_task(self._ask(meeting_id, until), name="zoom room code")
        self._asking[meeting_id] = task
        task.add_done_callback(lambda _: self._asking.pop(meeting_id, None))
        return task

    async def _ask(self, meeting_id: str, until: datetime) -> None:
        try:
            code = await self._api.room_code(meeting_id)
        except CalendarError as error:
            self._failed(error)
            return
        except Exception as error:  # a mistake of ours must not cost a calendar
            self._failed(error)
            return
        self._answered()
        before = self._known.get(meeting_id)
        self._known[meeting_id] = known = self._entry(code, max(until, before.until) if before else until)
        await self._remember(meeting_id, known)
        late = meeting_id in self._given_up
        self._given_up.discard(meeting_id)
        if late or (before is not None and before.code != known.code):
            self._changed(meeting_id)

    def _entry(self, code: RoomCode | None, until: datetime) -> _Known:
        now = self._clock.now()
        again = now + (_ASK_AGAIN if code is not None and (code.passcode or code.sip) else _ASK_AGAIN_NONE)
        if code is not None and code.sip_until is not None:
            again = min(again, code.sip_until - (code.sip_until - now) / 10)  # a new address before the old one ends
        return _Known(code or RoomCode(), until, again)

    async def _remember(self, meeting_id: str, known: _Known) -> None:
        now = self._clock.now()
        try:
            if known.code.passcode or known.code.sip:
                await self._keep.put(meeting_id, _written(known))
            for past in [key for key, entry in self._known.items() if entry.until <= now]:
                del self._known[past]
                await self._keep.delete(past)
        except (StoreError, OwnershipLost):
            return  # the store says so itself; the code is known until the next start

    def _failed(self, error: Exception) -> None:
        """Told once a change of state."""
        now = self._clock.now()
        self._failures += 1
        sentence = str(error) if isinstance(error, CalendarError) else f"asking failed: {type(error).__name__}"
        match error:
            case CredentialsRejected():
                self._refused = True  # tried again only when the settings change: then this object is a new one
                wait = timedelta(0)
            case RateLimited():
                wait = error.retry_after
            case AccessDenied():
                wait = _ACCESS_DENIED
            case _:
                wait = backoff(self._failures)
        self._not_before = now + wait
        if sentence != self._trouble:
            self._trouble = sentence
            self._tell("zoom.refused" if self._refused else "zoom.failed", reason=sentence)

    def _answered(self) -> None:
        self._failures, self._not_before = 0, None
        if self._trouble:
            self._trouble = ""
            self._tell("zoom.recovered")


def completed(join: JoinInfo, code: RoomCode, now: datetime) -> JoinInfo:
    """``join`` with the passcode in the addresses that have none, or with Zoom's own SIP address in front. Pure."""
    if code.passcode:
        reason = "the invitation has no passcode that a room can dial; Zoom was asked for it"
        evidence = Evidence("passcode", _WHERE, "zoom.account", "won", reason)
        sip = tuple(_with_code(address, join.meeting_id or "", code.passcode) for address in join.sip)
        h323 = tuple(_with_code(address, join.meeting_id or "", code.passcode) for address in join.h323)
        return replace(join, passcode=code.passcode, sip=sip, h323=h323, evidence=(*join.evidence, evidence))
    if code.sip and code.sip_until is not None and now < code.sip_until:
        reason = "the invitation has no passcode that a room can dial; Zoom made this address"
        evidence = Evidence("sip", _WHERE, "zoom.account", "won", reason)
        others = tuple(address for address in join.sip if address != code.sip)
        return replace(join, sip=(code.sip, *others), evidence=(*join.evidence, evidence))
    return join


def _with_code(address: str, meeting_id: str, passcode: str) -> str:
    user, at, host = address.partition("@")
    if at and user == meeting_id:
        return f"{user}.{passcode}@{host}"
    if not at and address.endswith(f"##{meeting_id}"):
        return f"{address}#{passcode}"
    return address  # it has a code or is another form: what the invitation states is not touched


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
