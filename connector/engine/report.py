"""Why does this room show what it shows? Read from the store alone, so also while the daemon is down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connector.model import Attempt, CalendarId, Decision, Room, RoomPlan
from connector.planning.address import call_target
from connector.store.store import Store


@dataclass(frozen=True, slots=True)
class ScreenReport:
    """One decision, and what became of it on the unit."""

    decision: Decision
    on_screen: bool
    left_off: str  # why the unit or its driver did not take it; "" when it did
    attempts: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class RoomReport:
    """Everything redacted: fit for a page."""

    id: str
    name: str
    device_type: str
    address: str
    timezone: str
    calendar: str
    calendar_read_at: datetime | None
    calendar_error: str
    state: str
    detail: str
    since: datetime | None
    product: str
    software: str
    serial_number: str
    notes: tuple[str, ...]
    planned_at: datetime | None
    pushed_at: datetime | None
    pushed_how: str
    up_to_date: bool
    verified_at: datetime | None
    in_calls: tuple[Mapping[str, Any], ...]  # that may be up, also of meetings that are in the calendar no more
    screen: tuple[ScreenReport, ...]
    history: tuple[Mapping[str, Any], ...]


async def room_report(
    store: Store, room: Room, calendar: CalendarId, now: datetime, *, history: int = 20
) -> RoomReport:
    row = (await store.rooms(room.id)).get(room.id)
    calendars = await store.calendars(calendar.key)
    cal = calendars.get(calendar.key)
    attempts = await store.attempts(now - timedelta(days=2), room.id)
    events = await store.history(room.id, history)
    plan = row.plan if row else None
    receipt = row.receipt if row else None
    info = row.info if row else None
    left_off = dict(receipt.left_off) if receipt else {}
    return RoomReport(
        id=room.id,
        name=room.name,
        device_type=room.device_type,
        address=room.ip_address,
        timezone=room.timezone,
        calendar=calendar.shown or calendar.key,
        calendar_read_at=cal.read_at if cal else None,
        calendar_error=cal.error if cal else "",
        state=row.state if row else "new",
        detail=row.detail if row else "",
        since=row.since if row else None,
        product=info.product if info else "",
        software=info.software if info else "",
        serial_number=info.serial_number if info else "",
        notes=info.notes if info else (),
        planned_at=plan.computed_at if plan else None,
        pushed_at=row.receipt_at if row and receipt else None,
        pushed_how=receipt.note if receipt else "",
        up_to_date=bool(plan and receipt and plan.digest == receipt.digest),
        verified_at=row.verified_at if row else None,
        in_calls=tuple(_call(a, plan, now) for a in attempts if a.live or a.joined),
        screen=tuple(
            ScreenReport(
                decision=decision,
                on_screen=bool(receipt and decision.booking_id in receipt.accepted),
                left_off=left_off.get(decision.booking_id, ""),
                attempts=tuple(_attempt(a) for a in attempts if a.booking_id == decision.booking_id),
            )
            for decision in (plan.decisions if plan else ())
        ),
        history=tuple({"at": e.at, "event": e.event, **e.detail} for e in events),
    )


def _call(attempt: Attempt, plan: RoomPlan | None, now: datetime) -> dict[str, Any]:
    decisions = {decision.booking_id: decision for decision in (plan.decisions if plan else ())}
    decision = decisions.get(attempt.booking_id)
    covers = decision is not None and decision.start <= now < decision.end
    return {
        "title": decision.title if decision is not None else "",
        "address": "@".join(filter(None, call_target(attempt.address))),  # no passcode
        "since": attempt.sent_at or attempt.at,
        "until": attempt.leave_at,
        "ours": attempt.owned and not attempt.joined,
        "edited": not covers,  # its meeting was moved, shortened or removed since: the call keeps its end
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "planned_start": attempt.planned_start,
        "state": attempt.state.value,
        "at": attempt.at,
        "cause": attempt.cause,
        "ours": attempt.owned,
        "leave_at": attempt.leave_at,
        "left": attempt.left,
        "left_at": attempt.left_at,
    }
