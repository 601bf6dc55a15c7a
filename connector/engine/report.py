"""Why does this room show what it shows? Read from the store alone, so also while the daemon is down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connector import events
from connector.engine.options import CLOCK_SKEW as _CLOCK_SKEW
from connector.model import Attempt, CalendarId, Decision, Room, RoomId, RoomPlan
from connector.planning.address import call_target
from connector.planning.pace import Pace
from connector.store import kept
from connector.store.api import HISTORY_PER_ROOM
from connector.store.store import RoomRow, Store
from device_drivers.api import DialAddress

_MOST_ITEMS = 10


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
    calendar_pace: str  # how often it is read now, and why
    calendar_unreadable: tuple[Mapping[str, Any], ...]  # items that could not be read lately: when, and why
    paused: Mapping[str, Any] | None  # since and until when, because somebody asked for it
    state: str
    detail: str
    since: datetime | None
    product: str
    software: str
    serial_number: str
    notes: tuple[str, ...]
    clock_off: int | None  # seconds that the unit's clock was ahead at its last probe, where its buttons suffer by it
    planned_at: datetime | None
    pushed_at: datetime | None
    pushed_how: str
    up_to_date: bool
    verified_at: datetime | None
    in_calls: tuple[Mapping[str, Any], ...]  # that may be up, also of meetings that are in the calendar no more
    screen: tuple[ScreenReport, ...]
    history: tuple[Mapping[str, Any], ...]


async def room_report(
    store: Store, room: Room, calendar: CalendarId, now: datetime, *, pace: Pace, history: int = 20
) -> RoomReport:
    row = (await store.rooms(room.id)).get(room.id)
    calendars = await store.calendars(calendar.key)
    cal = calendars.get(calendar.key)
    attempts = await store.attempts(now - kept.UNENDED, room.id)
    lines = await store.history(room.id, history)
    pause = (await store.pauses()).get(room.id)
    plan = row.plan if row else None
    receipt = row.receipt if row else None
    info = row.info if row else None
    times = [(decision.start, decision.end) for decision in plan.decisions] if plan else []
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
        calendar_pace=pace.of_now(now, ZoneInfo(room.timezone), times),
        calendar_unreadable=await _unreadable(store, calendar, now),
        paused=None if pause is None else {"since": pause.since, "until": pause.until, "cleared": pause.clears},
        state=row.state if row else "new",
        detail=row.detail if row else "",
        since=row.since if row else None,
        product=info.product if info else "",
        software=info.software if info else "",
        serial_number=info.serial_number if info else "",
        notes=info.notes if info else (),
        clock_off=_clock_off(row),
        planned_at=plan.computed_at if plan else None,
        pushed_at=row.receipt_at if row and receipt else None,
        pushed_how=receipt.note if receipt else "",
        up_to_date=bool(plan and receipt and plan.digest == receipt.digest),
        verified_at=row.verified_at if row else None,
        in_calls=tuple(_call(a, plan, room, now) for a in attempts if _may_be_up(a, plan, room, now)),
        screen=tuple(
            ScreenReport(
                decision=decision,
                on_screen=bool(receipt and decision.booking_id in receipt.accepted),
                left_off=left_off.get(decision.booking_id, ""),
                attempts=tuple(_attempt(a) for a in attempts if a.booking_id == decision.booking_id),
            )
            for decision in (plan.decisions if plan else ())
        ),
        history=tuple({"at": e.at, "event": e.event, **e.detail} for e in lines),
    )


@dataclass(frozen=True, slots=True)
class RemovedReport:
    """Of a room that is registered no more. Redacted, as ``RoomReport``."""

    id: str
    units: tuple[Mapping[str, Any], ...]
    in_calls: tuple[Mapping[str, Any], ...]
    history: tuple[Mapping[str, Any], ...]


async def removed_report(store: Store, room: RoomId, now: datetime, *, history: int = 20) -> RemovedReport | None:
    """None where nothing is known of it."""
    units = (row.unit for row in (await store.units(room)).values() if row.unit.driver)
    shown = [
        {"driver": u.driver, "address": u.address, "state": u.state.value, "since": u.since, "serial": u.serial_number}
        for u in units
    ]
    attempts = await store.attempts(now - kept.UNENDED, room)
    calls = tuple(_call_of(attempt) for attempt in attempts if (attempt.live or attempt.joined) and attempt.leave_at)
    lines = tuple({"at": e.at, "event": e.event, **e.detail} for e in await store.history(room, history))
    return RemovedReport(room, tuple(shown), calls, lines) if shown or calls or lines else None


def _call_of(attempt: Attempt) -> dict[str, Any]:
    return {
        "title": "",
        "address": "@".join(filter(None, call_target(attempt.address))),  # no passcode
        "since": attempt.sent_at or attempt.at,
        "until": attempt.leave_at,
        "ours": attempt.owned and not attempt.joined,
        "edited": True,
    }


async def _unreadable(store: Store, calendar: CalendarId, now: datetime) -> tuple[Mapping[str, Any], ...]:
    """Told once, when it is found; so of the last week, the newest first, each reason once."""
    shown, found = calendar.shown or calendar.key, dict[str, Mapping[str, Any]]()
    for line in await store.history("", HISTORY_PER_ROOM):
        if line.event == events.CalendarItemUnreadable.name and line.detail.get("calendar") == shown:
            found.setdefault(str(line.detail.get("reason", "")), {"at": line.at})
    week = now - timedelta(days=7)
    return tuple({"at": each["at"], "reason": why} for why, each in found.items() if each["at"] > week)[:_MOST_ITEMS]


def _clock_off(row: RoomRow | None) -> int | None:
    if row is None or row.info is None or row.info.clock is None or row.info_at is None:
        return None
    skew = row.info.clock - row.info_at
    return round(skew.total_seconds()) if abs(skew) > _CLOCK_SKEW else None


def _may_be_up(attempt: Attempt, plan: RoomPlan | None, room: Room, now: datetime) -> bool:
    """A call that nobody watches, since auto_leave is off, is spoken of while its meeting runs."""
    watched = attempt.leave_at is not None or _runs_until(attempt, plan, room, now) is not None
    return (attempt.live or attempt.joined) and watched


def _runs_until(attempt: Attempt, plan: RoomPlan | None, room: Room, now: datetime) -> datetime | None:
    """The last end of the meetings that are in the plan now and are this call's, by their booking or their address."""
    address = DialAddress("sip", attempt.address).shown
    ends = [
        decision.end + room.policy.leave_after
        for decision in (plan.decisions if plan is not None else ())
        if (decision.booking_id == attempt.booking_id or decision.address_shown == address)
        and decision.start - room.policy.join_before <= now < decision.end + room.policy.leave_after
    ]
    return max(ends, default=None)


def _call(attempt: Attempt, plan: RoomPlan | None, room: Room, now: datetime) -> dict[str, Any]:
    titles = {decision.booking_id: decision.title for decision in (plan.decisions if plan is not None else ())}
    ends = _runs_until(attempt, plan, room, now)
    return {
        "title": titles.get(attempt.booking_id, ""),
        "address": "@".join(filter(None, call_target(attempt.address))),  # no passcode
        "since": attempt.sent_at or attempt.at,
        "until": attempt.leave_at,
        "ours": attempt.owned and not attempt.joined,
        # its meeting was moved, shortened or removed since: the call keeps its end
        "edited": ends is None or (attempt.leave_at is not None and attempt.leave_at > ends),
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
