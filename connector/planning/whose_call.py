"""Whose a call on a unit is. Pure. People press our Join button and dial by hand; their calls are not ours to end.

A call is ours when an attempt of ours on this unit matches it: by the id that our dial returned, else by the booking id
and a beginning that fits our dial, else by what was dialled and a beginning that fits. A booking id alone proves
nothing: a person who presses our Join button gets the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.model import Attempt, AttemptState
from connector.planning.address import same_target
from device_drivers.api import CallRef, CallState

_LATEST_EFFECT = timedelta(minutes=2)  # a dial that was given up as lost may still be carried out until then
_RINGS = timedelta(minutes=1)  # some units may count a call from its answer on
_SLACK = timedelta(seconds=5)  # units count a call's duration in seconds, and their clocks drift while they do


@dataclass(frozen=True, slots=True)
class Calls:
    """A unit's calls as it listed them. ``settle``: how long a lost command may still take effect."""

    listed: tuple[CallRef, ...]
    read_at: datetime
    settle: timedelta

    @property
    def live(self) -> tuple[CallRef, ...]:
        return tuple(call for call in self.listed if call.state is not CallState.ENDED)

    def began(self, call: CallRef) -> datetime | None:
        """None where the unit does not say."""
        return None if call.duration is None else self.read_at - call.duration


def of_meeting(calls: Calls, booking_id: str, address: str) -> CallRef | None:
    """The live call that is in a meeting, whoever made it: by the booking id that the unit kept, else by its target."""
    by_booking = (call for call in calls.live if call.booking_id == booking_id)
    by_target = (call for call in calls.live if same_target(call.remote, address))
    return next(by_booking, None) or next(by_target, None)


def of_attempt(calls: Calls, attempt: Attempt) -> CallRef | None:
    """The live call that this attempt made."""
    return next((call for call in calls.live if is_ours(call, attempt, calls)), None)


def ours(calls: Calls, attempts: Sequence[Attempt]) -> tuple[CallRef, ...]:
    """The live calls that any of these attempts made; a dial that took effect late made one, too."""
    return tuple(call for call in calls.live if any(is_ours(call, attempt, calls) for attempt in attempts))


def is_ours(call: CallRef, attempt: Attempt, calls: Calls) -> bool:
    if call.id == attempt.call_id and _same_call(call, attempt, calls):
        return True
    if attempt.state is AttemptState.ANSWERED:
        return False  # its id is the one that the unit lists: another id is another call
    return _names(call, attempt) and _began_with(call, attempt, calls)


def _same_call(call: CallRef, attempt: Attempt, calls: Calls) -> bool:
    """Ids restart with the unit: what is in another meeting, or began at another time, is another call."""
    if not call.outgoing or (call.remote and not _names(call, attempt)):
        return False
    began = calls.began(call)
    if began is None:
        return True
    too_early = attempt.sent_at is not None and began < attempt.sent_at - _SLACK
    too_late = attempt.state is AttemptState.ANSWERED and began > attempt.at + _SLACK
    return not (too_early or too_late)


def _names(call: CallRef, attempt: Attempt) -> bool:
    return call.booking_id == attempt.booking_id or same_target(call.remote, attempt.address)


def _began_with(call: CallRef, attempt: Attempt, calls: Calls) -> bool:
    """The answer to our dial was lost: a call that began within the settle time after it is its effect."""
    if attempt.sent_at is None:
        return False
    began = calls.began(call)
    if began is None:  # the unit does not say: what stands after a lost answer is taken for its effect
        return True
    latest = _LATEST_EFFECT if attempt.state is AttemptState.ABSENT else calls.settle
    return attempt.sent_at - _SLACK <= began <= max(attempt.sent_at, attempt.at) + latest + _RINGS
