"""How an attempt goes on: each transition as a function from one row to the next. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from connector.model import Attempt, AttemptState, DialOrder, Left, RoomId


def begun(order: DialOrder, room: RoomId, state: AttemptState, now: datetime, cause: str = "") -> Attempt:
    """A row that is not written yet: its id is the database's to give."""
    return Attempt(
        id=0,
        room=room,
        booking_id=order.booking_id,
        planned_start=order.planned_start,
        state=state,
        at=now,
        meeting_key=order.meeting_key,
        address=order.address.address,
        cause=cause,
        leave_at=order.leave_at,
    )


def concluded(attempt: Attempt, state: AttemptState, now: datetime, cause: str) -> Attempt:
    """Withdrawn, absent, refused, unknown, missed, skipped, ended, present: and why."""
    return replace(_entered(attempt, state, now), cause=cause)


def sent(attempt: Attempt, now: datetime) -> Attempt:
    """Written just before the bytes leave."""
    return replace(_entered(attempt, AttemptState.SENT, now), sent_at=now)


def accepted(attempt: Attempt, call_id: str, state: AttemptState, now: datetime) -> Attempt:
    """The unit took the command and says which call it makes."""
    return replace(_entered(attempt, state, now), call_id=call_id)


def found(attempt: Attempt, call_id: str, state: AttemptState, now: datetime, *, owned: bool) -> Attempt:
    """A call on the unit is the one of this attempt. ``owned``: ours to leave."""
    return replace(_entered(attempt, state, now), call_id=call_id, owned=owned, cause="")


def moved_along(attempt: Attempt, by: timedelta) -> Attempt:
    """The wall clock was set by so much, or the computer slept: what was taken from it, not what the calendar says.

    Which of the two it was cannot be told. Where it slept, the unit went on counting its call's seconds; so the call
    may have begun at either time, and what says whose it is spans both.
    """
    sent_at = None if attempt.sent_at is None else min(attempt.sent_at, attempt.sent_at + by)
    at = attempt.at + by
    return replace(attempt, at=max(attempt.at, at) if attempt.state is AttemptState.ANSWERED else at, sent_at=sent_at)


def leaves_at(attempt: Attempt, leave_at: datetime | None) -> Attempt:
    return replace(attempt, leave_at=leave_at)


def left(attempt: Attempt, how: Left, now: datetime) -> Attempt:
    return replace(attempt, left=how, left_at=now)


def _entered(attempt: Attempt, state: AttemptState, now: datetime) -> Attempt:
    """``at`` is the time of the last change of state: the same state again does not move it."""
    return attempt if attempt.state is state else replace(attempt, state=state, at=now)
