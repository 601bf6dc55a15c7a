"""Meetings, policy and what the unit can to a RoomPlan. Pure: the same input gives the same plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connector.model import Decision, DialOrder, Event, JoinInfo, Meeting, Policy, Room, RoomPlan, booking_id
from connector.planning.address import Choice, call_target, choose_address
from connector.planning.overlap import taken_by
from connector.planning.rulings import ruled
from device_drivers.api import Booking, BookingList, DialAddress, UnitFacts, UnitProtocol

_SHORTEST = timedelta(minutes=1)  # units refuse or hide bookings without a length


def plan(room: Room, meetings: Iterable[Meeting], facts: UnitFacts, now: datetime) -> RoomPlan:
    """What this room's unit shows and dials from ``now`` on. Ended meetings are gone; nothing else is forgotten."""
    decisions: list[Decision] = []
    bookings: dict[str, Booking] = {}
    orders: list[DialOrder] = []
    ends: list[datetime] = []  # of what is shown, and the times when more can be
    seen: set[str] = set()
    twins = _twins(meetings := list(meetings))
    for meeting in sorted(meetings, key=lambda m: (m.event.start, m.event.end, m.event.key)):
        event = meeting.event
        number = booking_id(room.id, event)
        end = max(event.end, event.start + _SHORTEST)
        if end + room.policy.leave_after <= now and end <= now:
            continue
        meeting, left_out = ruled(meeting, room)
        choice = choose_address(meeting.join, room.policy, facts)
        not_held = _not_held(event, duplicate=number in seen) or left_out or _twin(event, twins)
        if not_held is None:
            seen.add(number)
        left_off = (
            not_held or _not_shown(event, room.policy, choice, facts) or _beyond(event, facts, len(bookings), now)
        )
        order, why_not = None, ""
        if not_held is None:
            booking = _booking(number, meeting, room.policy, choice.address, end, facts)
            order, why_not = _dial_order(booking, meeting, room.policy, facts)
            if left_off is None and end > now:
                bookings[number] = booking
                ends.append(end)
            if facts.how_far_ahead is not None and event.start - facts.how_far_ahead > now:
                ends.append(event.start - facts.how_far_ahead)
        if order is not None:
            orders.append(order)
        decisions.append(_decision(number, meeting, room, facts, choice, left_off, order, why_not, end))
    decisions = _with_overlaps(decisions, orders, room)
    ordered = tuple(sorted(bookings.values(), key=lambda b: (b.start, b.id)))
    return RoomPlan(
        room=room.id,
        bookings=BookingList(ordered),
        dial_orders=tuple(sorted(orders, key=lambda o: (o.dial_at, o.booking_id))),
        decisions=tuple(decisions),
        computed_at=now,
        next_change=min(ends, default=None),
    )


def _not_held(event: Event, *, duplicate: bool) -> str | None:
    """The sentence that says why this is no meeting of the room at all."""
    if event.cancelled:
        return "the event is cancelled"
    if event.declined:
        return "the room declined the event"
    if duplicate:
        return "the calendar lists the same occurrence twice; the other one is shown"
    return None


def _twins(meetings: Iterable[Meeting]) -> frozenset[str]:
    """Keys of events that repeat another one: the same meeting, time and title under another UID, as imports and moves
    between calendars leave them. The one that was changed last stays, with its passcode."""
    newest: dict[tuple[object, ...], Event] = {}
    older: set[str] = set()
    for meeting in meetings:
        event, join = meeting.event, meeting.join
        if event.cancelled or event.declined or not join.meeting_id:
            continue
        alike = (join.service, join.meeting_id, event.start, event.end, event.title)
        other = newest.setdefault(alike, event)
        if other.series_uid != event.series_uid:
            newest[alike], last = sorted((other, event), key=_revision, reverse=True)
            older.add(last.key)
    return frozenset(older)


def _revision(event: Event) -> tuple[bool, datetime, str]:
    return event.modified is not None, event.modified or event.start, event.series_uid


def _twin(event: Event, twins: Collection[str]) -> str | None:
    if event.key in twins:
        return "the calendar lists this meeting twice, under two UIDs; the one that was changed last is shown"
    return None


def _with_overlaps(decisions: list[Decision], orders: Sequence[DialOrder], room: Room) -> list[Decision]:
    """With what the room's other meetings do to each: who waits, who gives way."""
    titles = {decision.booking_id: decision.title for decision in decisions}
    by_booking = {order.booking_id: order for order in orders}
    told = []
    for decision in decisions:
        order = by_booking.get(decision.booking_id) if decision.auto_join else None
        why = _overlapped(order, orders, titles, room) if order is not None else ""
        told.append(replace(decision, reason=f"{decision.reason}; {why}") if why else decision)
    return told


def _overlapped(order: DialOrder, orders: Sequence[DialOrder], titles: Mapping[str, str], room: Room) -> str:
    other = taken_by(order, orders, room.policy.overlap)
    if other is None:
        return ""
    begins, ends = (
        f"{time.astimezone(ZoneInfo(room.timezone)):%H:%M}" for time in (other.planned_start, other.ends_at)
    )
    title = titles.get(other.booking_id, "another meeting")
    if other.planned_start <= order.planned_start:
        why = "starts with it and ends first" if other.planned_start == order.planned_start else "runs then"
        rest = f"this one is joined at {ends}" if other.ends_at < order.ends_at else "this one is not joined"
        return f"{title!r} {why} (overlap = {room.policy.overlap}): {rest}"
    rest = f", and returns at {ends}" if other.ends_at < order.ends_at else ""
    return f"the room leaves it at {begins} for {title!r} (overlap = {room.policy.overlap}){rest}"


def _not_shown(event: Event, policy: Policy, choice: Choice, facts: UnitFacts) -> str | None:
    """The sentence that says why the screen does not list it; None when it does."""
    if not policy.one_touch_join:
        return "one_touch_join is off for this room"
    if not facts.can(UnitProtocol.SHOWS):
        return "this unit cannot be given a list of bookings"
    if event.all_day and not policy.show_all_day:
        return "all-day events are not shown (show_all_day = false)"
    if choice.address is None and not policy.show_non_joinable:
        return f"{choice.reason}; such meetings are not shown (show_non_joinable = false)"
    if choice.address is None and not facts.shows_without_button:
        return f"{choice.reason}, and this unit cannot list a meeting without a button"
    return None


def _beyond(event: Event, facts: UnitFacts, listed: int, now: datetime) -> str | None:
    """The sentence that says why the unit cannot take it into its list, with what goes before it there."""
    if facts.most_bookings is not None and listed >= facts.most_bookings:
        return f"this unit lists at most {facts.most_bookings} bookings, and earlier ones fill its list"
    if facts.how_far_ahead is not None and event.start - facts.how_far_ahead > now:
        return "it begins later than this unit can list it ahead"
    return None


def shown_title(event: Event, policy: Policy, longest: int | None) -> tuple[str, str]:
    """(title, organiser) as the screen may show them. Never an empty title: some units require one. ``longest``: what
    the unit takes; a longer title ends with an ellipsis."""
    if event.private or policy.hide_titles:
        return _cut(policy.private_title, longest), ""
    title = " ".join("".join(c if c.isprintable() else " " for c in event.title).split())
    title = title or event.organizer or "Meeting"
    return _cut(title, longest), event.organizer


def _cut(title: str, longest: int | None) -> str:
    return title if longest is None or len(title) <= longest else title[: longest - 1].rstrip() + "…"


def _booking(
    number: str, meeting: Meeting, policy: Policy, address: DialAddress | None, end: datetime, facts: UnitFacts
) -> Booking:
    title, organizer = shown_title(meeting.event, policy, facts.longest_title)
    return Booking(
        id=number,
        title=title,
        start=meeting.event.start,
        end=end,
        organizer=organizer,
        address=address,
        early_join=policy.early_join,
        private=meeting.event.private,
        service=meeting.join.service or "",
        meeting_id=meeting.join.meeting_id or "",
    )


def meeting_key(join: JoinInfo, address: DialAddress) -> str:
    if join.service and join.meeting_id:
        return f"{join.service}:{join.meeting_id}"
    number, host = call_target(address.address)
    return f"{number}@{host}"  # no passcode: the key is stored and logged


def _dial_order(booking: Booking, meeting: Meeting, policy: Policy, facts: UnitFacts) -> tuple[DialOrder | None, str]:
    """The order, or why the room does not dial by itself."""
    event = meeting.event
    if not policy.auto_join:
        return None, "auto_join is off for this room"
    if booking.address is None:
        return None, "there is no address to dial"
    if meeting.join.no_auto_join:
        return None, meeting.join.no_auto_join
    if event.all_day:
        return None, "an all-day event is never joined automatically"
    if event.end <= event.start:
        return None, "an event without a length is never joined automatically"
    if event.tentative and policy.tentative == "button":
        return None, "a tentative meeting is not joined automatically (tentative = button)"
    if event.free and policy.free == "button":
        return None, "the calendar shows it as free, so it is not joined automatically (free = button)"
    if not facts.can(UnitProtocol.DIALS):
        return None, "this unit cannot be told to dial"
    leaves = policy.auto_leave and facts.can(UnitProtocol.HANGS_UP)
    return DialOrder(
        booking_id=booking.id,
        planned_start=event.start,
        dial_at=event.start - policy.join_before,
        give_up_at=event.start + policy.late_join,
        leave_at=event.end + policy.leave_after if leaves else None,
        address=booking.address,
        meeting_key=meeting_key(meeting.join, booking.address),
        end=event.end,
    ), ""


def _decision(
    number: str,
    meeting: Meeting,
    room: Room,
    facts: UnitFacts,
    choice: Choice,
    left_off: str | None,
    order: DialOrder | None,
    why_not: str,
    end: datetime,
) -> Decision:
    title, _ = shown_title(meeting.event, room.policy, facts.longest_title)
    reason = left_off if left_off is not None else choice.reason
    if order is not None:
        reason += f"; joins by itself at {order.dial_at.astimezone(ZoneInfo(room.timezone)):%H:%M:%S}"
    elif why_not and room.policy.auto_join:
        reason += f"; {why_not}"
    if meeting.event.private:
        reason += "; the title is hidden because the event is private"
    outcome = "left_off" if left_off is not None else "button" if choice.address is not None else "no_button"
    return Decision(
        booking_id=number,
        title=title,
        start=meeting.event.start,
        end=end,
        outcome=outcome,  # type: ignore[arg-type]  # one of three literals, chosen just above
        auto_join=order is not None,
        reason=reason,
        address_shown=choice.address.shown if choice.address else "",
        service=meeting.join.service or "",
        evidence=meeting.join.evidence + choice.evidence,
    )
