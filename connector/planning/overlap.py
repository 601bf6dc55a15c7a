"""Which of a room's meetings has the room, where several want it. Pure.

Of meetings that overlap, the policy says: ``switch``: the one that starts later has the room from its start, and the
room returns to the other when it ends and the other still runs. ``stay``: the one that started first has it to its end.
Of meetings with one start, the one that ends first, then the one with the smaller booking id. Meetings with the same
meeting behind them never compete: one call serves them all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector.model import Attempt, AttemptState, DialOrder, Overlap

HANDOVER = timedelta(seconds=3)  # our earlier call ends this long before the next dial, which leaves on the second
_NOT_WORTH_A_CALL = timedelta(seconds=2)  # before another meeting takes the room
_HELD_IT = frozenset({AttemptState.SENT, AttemptState.UNKNOWN, AttemptState.ANSWERED, AttemptState.PRESENT})
_NEVER_HAD_IT = frozenset({AttemptState.MISSED, AttemptState.SKIPPED})


@dataclass(frozen=True, slots=True)
class _Holder:
    """What has the room from ``since`` to ``until``; ``start`` and ``rank`` decide against another."""

    start: datetime
    rank: tuple[datetime, str]
    since: datetime
    until: datetime


def timed(
    order: DialOrder,
    orders: Sequence[DialOrder],
    attempts: Sequence[Attempt],
    *,
    overlap: Overlap,
    leave_after: timedelta,
    now: datetime,
) -> DialOrder:
    """``order`` with the times that the room's other meetings leave to it: never dialled earlier than it says itself.

    ``orders``: all of the room. ``attempts``: all that are remembered of its unit.
    """
    late = order.give_up_at - order.planned_start
    begin = max(order.dial_at, _lead_ends(order, attempts, leave_after))
    held = [
        holder
        for holder in (*_orders_that_hold(order, orders, attempts), *_calls_that_hold(order, attempts, leave_after))
        if _goes_before(holder, order, overlap)
    ]
    free = _free_from(max(begin, now), held)
    if free > max(begin, now):
        return replace(order, dial_at=free, give_up_at=max(order.give_up_at, min(free + late, order.ends_at)))
    again = [min(time + late, order.ends_at) for time in _freed(order, attempts, now)]  # never after its own end
    return replace(order, dial_at=begin, give_up_at=max(order.give_up_at, *again, order.give_up_at))


def displaced(order: DialOrder) -> bool:
    """Whether nothing of this meeting is left when the room is free for it; ``order`` as ``timed`` left it."""
    return order.dial_at >= order.ends_at


def taken_by(order: DialOrder, orders: Sequence[DialOrder], overlap: Overlap) -> DialOrder | None:
    """The meeting that has the room instead of this one, at its start or first after it; for ``explain``."""
    others = (
        other
        for other in orders
        if other.meeting_key != order.meeting_key
        and other.planned_start < order.ends_at
        and other.ends_at > order.planned_start
        and _goes_before(_holder(other), order, overlap)
    )
    return min(others, key=lambda other: other.planned_start, default=None)


def _lead_ends(order: DialOrder, attempts: Sequence[Attempt], leave_after: timedelta) -> datetime:
    """Joining early never shortens a meeting that still has time: it is joined when that ends, at the latest at its
    own start."""
    ends = [
        attempt.leave_at - leave_after
        for attempt in _others(order, attempts)
        if attempt.leave_at is not None and (attempt.live or attempt.left in ("done", "switched"))
    ]
    return min(order.planned_start, max(ends, default=order.dial_at))


def _orders_that_hold(order: DialOrder, orders: Sequence[DialOrder], attempts: Sequence[Attempt]) -> Iterator[_Holder]:
    in_vain = {a.key for a in attempts if a.state in _NEVER_HAD_IT}
    for other in orders:
        if other.meeting_key != order.meeting_key and other.key not in in_vain:
            yield _holder(other)


def _holder(order: DialOrder) -> _Holder:
    until = max(order.ends_at, order.leave_at or order.ends_at)
    since = order.dial_at - HANDOVER - _NOT_WORTH_A_CALL
    return _Holder(order.planned_start, (order.ends_at, order.booking_id), since, until)


def _calls_that_hold(order: DialOrder, attempts: Sequence[Attempt], leave_after: timedelta) -> Iterator[_Holder]:
    """Also one whose meeting was moved or removed, for a live call is never cut by an edit; and the seconds before its
    end in which it is left already."""
    for attempt in _others(order, attempts):
        if attempt.leave_at is not None and (attempt.live or attempt.left == "done"):
            rank = (attempt.leave_at - leave_after, attempt.booking_id)
            yield _Holder(attempt.planned_start, rank, attempt.planned_start, attempt.leave_at)


def _others(order: DialOrder, attempts: Collection[Attempt]) -> Iterator[Attempt]:
    return (a for a in attempts if a.key != order.key and a.meeting_key != order.meeting_key)


def _goes_before(holder: _Holder, order: DialOrder, overlap: Overlap) -> bool:
    if holder.start == order.planned_start:
        return holder.rank < (order.ends_at, order.booking_id)
    return (holder.start > order.planned_start) is (overlap == "switch")


def _free_from(time: datetime, held: Sequence[_Holder]) -> datetime:
    """The first moment from ``time`` on at which none of them has the room."""
    while True:
        until = max((h.until for h in held if h.since <= time < h.until), default=time)
        if until == time:
            return time
        time = until


def _freed(order: DialOrder, attempts: Sequence[Attempt], now: datetime) -> Iterator[datetime]:
    """When the room's other meetings let it go: from then on this one has its whole grace again."""
    for attempt in attempts:
        if attempt.key == order.key and attempt.left in ("switched", "moved"):
            ended = attempt.left_at
        elif attempt.key == order.key or attempt.meeting_key == order.meeting_key:
            continue
        elif attempt.state in _NEVER_HAD_IT:
            ended = attempt.at
        elif attempt.state in _HELD_IT:
            ended = attempt.left_at if attempt.left else attempt.leave_at
        else:
            continue
        if ended is not None and order.dial_at < ended <= now:
            yield ended
