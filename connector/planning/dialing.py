"""One dial order, what was tried, and what the unit says: the next step. Pure.

The rule behind every branch: never two live calls for one booking, never redial what a person hung up, and
exactly one call when the unit could be reached within the grace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from connector.model import FINAL, Attempt, AttemptState, DialOrder, Left
from connector.planning.address import same_target
from connector.planning.overlap import HANDOVER
from connector.planning.whose_call import Calls, is_ours, of_attempt, of_meeting
from connector.planning.whose_call import ours as calls_of_ours
from connector.retry import backoff
from device_drivers.api import CallRef, CallState

_IN_DOUBT = frozenset({AttemptState.SENT, AttemptState.UNKNOWN, AttemptState.ABSENT})
MAX_IN_DOUBT = 2  # design: unknown, readable and absent: one more attempt


@dataclass(frozen=True, slots=True)
class Wait:
    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class ReadCalls:
    why: str


@dataclass(frozen=True, slots=True)
class Dial:
    absent: Attempt | None = None  # this one turned out not to exist


@dataclass(frozen=True, slots=True)
class Adopt:
    call: CallRef
    state: AttemptState
    owned: bool
    attempt: Attempt | None  # the row it settles; None: a new row
    takes_over: Attempt | None = None  # our earlier call that goes on as this one


@dataclass(frozen=True, slots=True)
class HangUpFirst:
    call: CallRef
    attempt: Attempt | None  # ours, when it is
    why: str


@dataclass(frozen=True, slots=True)
class Conclude:
    state: AttemptState
    cause: str
    attempt: Attempt | None


@dataclass(frozen=True, slots=True)
class Done:
    pass


Step = Wait | ReadCalls | Dial | Adopt | HangUpFirst | Conclude | Done

IN_ANOTHER_CALL = "the room is in another call"
_BUSY_POLL = timedelta(seconds=5)
_LAST_LOOK = timedelta(seconds=2)  # how long the last look at a busy unit may take
_DIALLING_POLL = timedelta(seconds=1)


def decide(
    order: DialOrder,
    attempts: Sequence[Attempt],
    calls: Calls | None,
    *,
    ours: Sequence[Attempt],
    busy: Literal["wait", "skip", "drop"],
    now: datetime,
    settle: timedelta,
    unreadable: bool = False,
    remembers_since: datetime | None = None,
) -> Step:
    """``attempts``: of this order's key, oldest first. ``calls``: a reading just made, None when there is none.
    ``ours``: this unit's live attempts of other orders. ``settle``: how long a lost command may still take effect.
    ``unreadable``: the last try to read the calls failed, or the unit cannot list them. ``remembers_since``: the
    database was lost, and of dials before this time nothing is known."""
    last = attempts[-1] if attempts else None
    if last is not None and resumes(order, last):
        return _start(order, attempts, None, calls, ours, busy, now, unreadable)
    if last is not None and last.state in FINAL:
        return Done()
    if last is not None and last.state in (AttemptState.SENT, AttemptState.UNKNOWN):
        return _settle(order, attempts, last, calls, now, settle, unreadable)
    if last is None and remembers_since is not None and order.dial_at < remembers_since:
        return _remembered(order, calls, now, unreadable) or _start(
            order, attempts, last, calls, ours, busy, now, unreadable
        )
    return _start(order, attempts, last, calls, ours, busy, now, unreadable)


def resumes(order: DialOrder, last: Attempt) -> bool:
    """Whether a meeting that was left while it ran is to be joined again: the room's other one is over, or it has
    another address now. Never one that a person hung up."""
    return last.left == "switched" or (last.left == "moved" and last.meeting_key != order.meeting_key)


def _remembered(order: DialOrder, calls: Calls | None, now: datetime, unreadable: bool) -> Step | None:
    """The dial lay before what the database knows: a call that began with it is ours, and is left at its time."""
    if order.leave_at is None or now >= order.leave_at or unreadable:
        return None
    if calls is None:
        return ReadCalls("was this meeting dialled before the database was lost?")
    call = of_meeting(calls, order.booking_id, order.address.address)
    began = calls.began(call) if call is not None else None
    if call is None or began is None or abs(began - order.dial_at) > calls.settle:
        return None
    return Adopt(call, AttemptState.ANSWERED, owned=True, attempt=None)


def _settle(
    order: DialOrder,
    attempts: Sequence[Attempt],
    last: Attempt,
    calls: Calls | None,
    now: datetime,
    settle: timedelta,
    unreadable: bool,
) -> Step:
    """A command left. Find out what became of it before anything else."""
    late = now > order.give_up_at
    if calls is None:
        if unreadable and late and now > last.at + settle:
            cause = "the unit's calls could not be read after the dial; the Join button is left to people"
            return Conclude(AttemptState.MISSED if last.call_id is None else AttemptState.ENDED, cause, last)
        return ReadCalls("a dial was sent and its outcome is not known")
    call = of_attempt(calls, last)
    if call is not None and call.state is CallState.CONNECTED:
        return Adopt(call, AttemptState.ANSWERED, owned=True, attempt=last)
    if call is not None:
        return Wait(now + _DIALLING_POLL, "the unit is dialling")
    somebodys = of_meeting(calls, order.booking_id, order.address.address)
    if somebodys is not None:
        return Adopt(somebodys, AttemptState.PRESENT, owned=False, attempt=last)
    if last.call_id is not None:
        if now < last.at + settle and all(c.id != last.call_id for c in calls.listed):
            return Wait(min(now + _DIALLING_POLL, last.at + settle), "the unit took the dial and does not list it yet")
        return _accepted_then_gone(last, calls)
    if now < last.at + settle:
        return Wait(last.at + settle, "a lost command may still take effect")
    if sum(a.state in _IN_DOUBT for a in attempts) >= MAX_IN_DOUBT:
        return Conclude(AttemptState.MISSED, "two dials were sent and the unit shows neither", last)
    if late:
        return Conclude(AttemptState.MISSED, "the dial did not take effect within the grace", last)
    return Dial(absent=last)


def _accepted_then_gone(last: Attempt, calls: Calls) -> Step:
    """The unit gave the call an id and lists it no more. Only a known refusal may be tried again."""
    ended = next((c for c in calls.listed if c.id == last.call_id and c.state is CallState.ENDED), None)
    if ended is not None and ended.by_person is False and ended.cause:
        return Conclude(AttemptState.REFUSED, ended.cause, last)
    if ended is not None and ended.by_person:
        return Conclude(AttemptState.ENDED, "somebody in the room ended the call", last)
    return Conclude(AttemptState.ENDED, "the call ended and the unit does not say why; it is not redialled", last)


def _start(
    order: DialOrder,
    attempts: Sequence[Attempt],
    last: Attempt | None,
    calls: Calls | None,
    ours: Sequence[Attempt],
    busy: Literal["wait", "skip", "drop"],
    now: datetime,
    unreadable: bool,
) -> Step:
    open_row = last if last is not None and last.state is AttemptState.INTENDED else None
    if now < order.dial_at:
        return Wait(order.dial_at, "not yet time")
    if _too_late(order, last, calls, now, unreadable):
        if any(a.booking_id == order.booking_id for a in ours):
            return Conclude(AttemptState.PRESENT, "the room is in this meeting since its earlier time", open_row)
        return Conclude(AttemptState.MISSED, _why_missed(last, calls), open_row)
    if last is not None and last.state is AttemptState.REFUSED:
        refused = sum(a.state is AttemptState.REFUSED for a in attempts)
        again = last.at + backoff(refused)
        if now < again:
            return Wait(again, "the dial was refused")
    if calls is None:
        return ReadCalls("is the unit free?")
    own = _own_call(calls, ours)
    same = of_meeting(calls, order.booking_id, order.address.address)
    if same is None and own is not None and same_target(own[1].address, order.address.address):
        same = own[0]  # of a unit that tells no far end: our earlier call is in this meeting
    if same is not None:
        earlier = next((a for a in ours if is_ours(same, a, calls)), None)
        state = AttemptState.ANSWERED if earlier is not None else AttemptState.PRESENT
        return Adopt(same, state, owned=earlier is not None, attempt=open_row, takes_over=earlier)
    others = calls.live
    if not others:
        return Dial()
    if own is not None:
        return HangUpFirst(own[0], own[1], "our earlier call ends for another meeting of the room")
    if busy == "drop":
        return HangUpFirst(others[0], None, "the room is in another call and busy = drop")
    if busy == "skip":
        return Conclude(AttemptState.SKIPPED, "the room was in another call and busy = skip", open_row)
    return Wait(min(now + _BUSY_POLL, order.give_up_at + timedelta(milliseconds=1)), IN_ANOTHER_CALL)


def _too_late(order: DialOrder, last: Attempt | None, calls: Calls | None, now: datetime, unreadable: bool) -> bool:
    """The grace is over; but a busy unit is looked at once more, for it may have become free at the very end."""
    if now <= order.give_up_at:
        return False
    if now > order.give_up_at + _LAST_LOOK or (last is not None and last.state is AttemptState.REFUSED):
        return True
    return unreadable if calls is None else bool(calls.live)


def _why_missed(last: Attempt | None, calls: Calls | None) -> str:
    if last is not None and last.cause:
        return last.cause
    if calls is not None and calls.live:
        return f"{IN_ANOTHER_CALL} until the grace was over"
    return "the grace was over before the room could dial"


def _own_call(calls: Calls, ours: Sequence[Attempt]) -> tuple[CallRef, Attempt] | None:
    pairs = ((call, attempt) for call in calls.live for attempt in ours)
    return next(((call, attempt) for call, attempt in pairs if is_ours(call, attempt, calls)), None)


# ------------------------------------------------------------------------------------ leaving

SAME_MEETING_GAP = timedelta(minutes=10)  # back-to-back with the same id: stay in between


@dataclass(frozen=True, slots=True)
class HangUp:
    calls: tuple[CallRef, ...]  # more than one where a dial took effect that was given up as lost
    how: Left
    why: str


@dataclass(frozen=True, slots=True)
class Gone:
    pass


@dataclass(frozen=True, slots=True)
class Stay:
    until: datetime
    booking_id: str


LeaveStep = Wait | ReadCalls | HangUp | Gone | Stay | Done


def leave_step(
    attempt: Attempt,
    siblings: Sequence[Attempt],
    next_orders: Sequence[DialOrder],
    calls: Calls | None,
    now: datetime,
    *,
    ends_at: datetime | None = None,
) -> LeaveStep:
    """``siblings``: the attempts of the same order that were given up as lost. ``next_orders``: the room's orders of
    other bookings that have not been concluded, by dial time, as ``overlap.timed`` left them. ``ends_at``: until when
    the meeting runs; None where its order is gone."""
    if not attempt.live or attempt.leave_at is None:
        return Done()
    leave_at, how, why = attempt.leave_at, _OVER, "the meeting is over"
    for order in next_orders:
        same = order.meeting_key == attempt.meeting_key
        soon = order.dial_at <= attempt.leave_at + SAME_MEETING_GAP
        if same and soon and order.give_up_at >= now and order.planned_start >= attempt.planned_start:
            return Stay(order.dial_at, order.booking_id)
        if not same and order.dial_at >= attempt.planned_start:
            if order.dial_at - HANDOVER < leave_at:
                leave_at = order.dial_at - HANDOVER
                if ends_at is not None and order.dial_at < ends_at:
                    how, why = "switched", "another meeting of the room begins, and overlap = switch"
            break
    if now < leave_at:
        return Wait(leave_at, "the meeting is on")
    if calls is None:
        return ReadCalls("is our call still up?")
    own = calls_of_ours(calls, (attempt, *siblings))
    return HangUp(own, how, why) if own else Gone()


_OVER: Left = "done"


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Of two times to leave; None: never."""
    return None if one is None or other is None else max(one, other)


def followed(attempt: Attempt, orders: Sequence[DialOrder], now: datetime) -> datetime | None:
    """When to leave, by the plan of now: at the last end of all meetings that cover now and are this call's, by their
    booking or by the meeting behind them. A later end moves the leave; an earlier one does not, nor does a meeting that
    was moved away: a live call is never cut by an edit."""
    if attempt.leave_at is None:
        return None
    mine = (o for o in orders if attempt.booking_id == o.booking_id or attempt.meeting_key == o.meeting_key)
    ends = (o.leave_at for o in mine if o.leave_at is not None and o.planned_start <= now < o.leave_at)
    return max(attempt.leave_at, *ends, attempt.leave_at)
