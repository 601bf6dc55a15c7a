"""Plan against receipt and against what the unit says it shows: push or leave alone. And the cross-room guard. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connector.model import RoomId, RoomPlan
from device_drivers.api import BookingList, Receipt


@dataclass(frozen=True, slots=True)
class Push:
    bookings: BookingList
    reason: Literal["first", "changed", "differs"]
    detail: str


@dataclass(frozen=True, slots=True)
class Keep:
    detail: str


Action = Push | Keep


def reconcile(plan: RoomPlan, receipt: Receipt | None, shown: Collection[str] | None, now: datetime) -> Action:
    """``shown``: booking ids that the unit says it shows, None when it was not asked or cannot say."""
    if receipt is None:
        return Push(plan.bookings, "first", "nothing was acknowledged by this unit yet")
    if receipt.digest != plan.digest:
        return Push(plan.bookings, "changed", "the plan differs from what the unit acknowledged")
    if shown is None:
        return Keep("the unit acknowledged this plan")
    expected = {b.id for b in plan.bookings.bookings if b.id in receipt.accepted and b.end > now}
    missing, foreign = expected - set(shown), set(shown) - receipt.accepted
    if missing:
        return Push(plan.bookings, "differs", f"the unit no longer shows {len(missing)} of {len(expected)} bookings")
    if foreign:
        return Push(
            plan.bookings,
            "differs",
            f"the unit shows {len(foreign)} bookings that are not ours: does something else manage it?",
        )
    return Keep("the unit shows what was pushed")


def held_back(
    before: Mapping[RoomId, int], after: Mapping[RoomId, int], *, rooms: int, share: float
) -> frozenset[RoomId]:
    """Rooms whose removals must wait for a confirming read.

    ``before``: future bookings each room of the source had; ``after``: for the rooms read in this cycle. When at
    least ``rooms`` rooms and at least ``share`` of those that had any lose all of them, the calendar service is
    more likely to be wrong than all the organisers at once. One room emptied by its owner clears at once.
    """
    had = {room for room, count in before.items() if count > 0}
    emptied = {room for room in had if after.get(room, before[room]) == 0}
    if len(emptied) >= rooms and len(emptied) >= share * len(had):
        return frozenset(emptied & set(after))
    return frozenset()
