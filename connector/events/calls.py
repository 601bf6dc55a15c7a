"""Auto-join and auto-leave: what became of each call that a room should make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.events.base import OfBooking, event


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOutcome(OfBooking):
    """How a dial or a leave ended, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFound(OfBooking):
    """A call of ours stands; ``address`` without its passcode."""

    address: str


@event("dial.sent", "info")
class DialSent(OfBooking):
    """The unit accepted the command to dial."""

    address: str
    late_ms: float


@event("dial.answered", "info")
class DialAnswered(CallFound):
    """The far end answered the call."""


@event("dial.ended", "info")
class DialEnded(CallOutcome):
    """A call that we dialled is over before its time to leave."""


@event("dial.adopted", "info")
class DialAdopted(CallFound):
    """A call found on the unit is ours; no second one is made."""


@event("dial.refused", "warning")
class DialRefused(CallOutcome):
    """The unit or the far end said no; no call exists."""


@event("dial.unknown", "warning")
class DialUnknown(CallOutcome):
    """Nobody can say whether the call exists; the unit's calls decide."""


@event("dial.missed", "warning")
class DialMissed(CallOutcome):
    """The grace after the planned start is over without a call."""


@event("dial.skipped", "info")
class DialSkipped(CallOutcome):
    """The unit is busy and the policy says to skip."""


@event("dial.waiting", "info")
class DialWaiting(CallOutcome):
    """The unit is in another call; the dial waits until it is free or the grace is over."""


@event("dial.not_needed", "info")
class DialNotNeeded(CallOutcome):
    """The room is in this meeting already, or somebody hung it up."""


@event("dial.policy_refused", "warning")
class DialPolicyRefused(CallOutcome):
    """The dial policy does not allow this address."""


@event("leave.planned", "info")
class LeavePlanned(OfBooking):
    """When the room leaves the call that it dialled changed."""

    leave_at: datetime | None


@event("leave.done", "info")
class LeaveDone(CallOutcome):
    """The room left at the end of its meeting."""


@event("leave.already_gone", "info")
class LeaveAlreadyGone(CallOutcome):
    """The call had ended before the time to leave."""


@event("leave.stay", "info")
class LeaveStay(CallOutcome):
    """The next meeting is the same one: the room stays in the call."""


@event("leave.switched", "info")
class LeaveSwitched(CallOutcome):
    """The room left a meeting that still runs for another one of its own; it returns when that is over."""


@event("leave.moved", "info")
class LeaveMoved(CallOutcome):
    """The room left a call because its meeting has another address now, which it dials next."""


@event("call.address_changed", "warning")
class CallAddressChanged(CallOutcome):
    """A running meeting has another address now, and the room is in a call to the one before."""


@event("call.overruns", "warning")
class CallOverruns(CallOutcome):
    """Somebody joined by hand and nobody hung up: the call is still up after its meeting."""


@event("call.unknown_owner", "warning")
class CallUnknownOwner(CallOutcome):
    """The database was lost, and nobody can say whether a call on the unit was dialled by us."""


@event("leave.failed", "warning")
class LeaveFailed(CallOutcome):
    """The unit did not hang up; it is tried again."""
