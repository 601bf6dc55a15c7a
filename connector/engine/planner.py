"""Keeps what each calendar holds and makes each room's plan from it: anew when the calendar, the room, what the unit
can do, or the time calls for it. The plan is handed on to the lanes and stands in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from connector import events
from connector.clock import Alarm, Clock
from connector.engine.recorder import Recorder
from connector.model import CalendarId, Meeting, Room, RoomId, RoomPlan
from connector.planning.plan import plan
from connector.store.api import StoreApi
from device_drivers.api import UnitFacts

Offer = Callable[[RoomId, RoomPlan], None]


@dataclass(slots=True)
class _Planned:
    room: Room
    calendar: CalendarId
    facts: UnitFacts | None = None  # None: not known yet, so nothing is planned
    plan: RoomPlan | None = None
    alarm: Alarm | None = None

    def cancel_alarm(self) -> None:
        if self.alarm is not None:
            self.alarm.cancel()
        self.alarm = None


class Planner:
    """``use`` says which rooms there are; ``took`` and ``learned`` hand in what is new. Nothing is planned for a room
    before its calendar was read once, now or before a restart, and before it is known what its unit can do."""

    def __init__(
        self, plans: Mapping[RoomId, RoomPlan], offer: Offer, *, clock: Clock, store: StoreApi, recorder: Recorder
    ) -> None:
        """``plans``: what the store has; a plan that is the same as before is no news."""
        self._before = dict(plans)
        self._offer = offer
        self._clock = clock
        self._store = store
        self._recorder = recorder
        self._rooms: dict[RoomId, _Planned] = {}
        self._by_calendar: dict[CalendarId, list[RoomId]] = {}
        self._meetings: dict[CalendarId, tuple[Meeting, ...]] = {}

    # -------------------------------------------------------------------------------- what there is

    def use(self, rooms: Mapping[RoomId, tuple[Room, CalendarId]]) -> None:
        """Rooms that are new or changed are planned when the lanes say what their unit can do."""
        for key in list(self._rooms):
            known = self._rooms[key]
            if rooms.get(key) != (known.room, known.calendar):
                self._drop(key)
        for key, (room, calendar) in rooms.items():
            if key not in self._rooms:
                self._rooms[key] = _Planned(room, calendar, plan=self._before.pop(key, None))
        self._by_calendar = {}
        for key, planned in self._rooms.items():
            self._by_calendar.setdefault(planned.calendar, []).append(key)
        self._meetings = {c: found for c, found in self._meetings.items() if c in self._by_calendar}

    def _drop(self, key: RoomId) -> None:
        dropped = self._rooms.pop(key)
        dropped.cancel_alarm()
        if dropped.plan is not None:
            self._before[key] = dropped.plan

    def next_dial(self) -> datetime | None:
        """The earliest that is still to come, in any room."""
        now = self._clock.now()
        plans = (planned.plan for planned in self._rooms.values() if planned.plan is not None)
        return min((o.dial_at for found in plans for o in found.dial_orders if o.dial_at > now), default=None)

    def close(self) -> None:
        for planned in self._rooms.values():
            planned.cancel_alarm()

    # -------------------------------------------------------------------------------- what is new

    def took(self, calendar: CalendarId, meetings: tuple[Meeting, ...]) -> None:
        """What the reader hands on."""
        self._meetings[calendar] = meetings
        for key in self._by_calendar.get(calendar, ()):
            self._plan(key)

    def learned(self, key: RoomId, facts: UnitFacts) -> None:
        """What the unit of a room can do, as its lanes begin and after each probe."""
        planned = self._rooms.get(key)
        if planned is not None and planned.facts != facts:
            planned.facts = facts
            self._plan(key)

    def plan_anew(self) -> None:
        """The wall clock was set."""
        for key in self._rooms:
            self._plan(key)

    # -------------------------------------------------------------------------------- the plan

    def _plan(self, key: RoomId) -> None:
        planned = self._rooms[key]
        meetings = self._meetings.get(planned.calendar)
        if meetings is None or planned.facts is None:
            return
        fresh = plan(planned.room, meetings, planned.facts, self._clock.now())
        if planned.plan is None or _differs(fresh, planned.plan):
            lease = self._store.calendar_lease(planned.calendar.source, planned.calendar.name)
            event = events.RoomPlanned(room=key, **_summary(fresh))
            self._recorder.post(self._store.save_plan(lease, fresh), tells=[event])
        planned.plan = fresh
        planned.cancel_alarm()
        if fresh.next_change is not None:
            planned.alarm = self._clock.call_at(fresh.next_change, lambda: self._plan(key))
        self._offer(key, fresh)


def _differs(one: RoomPlan, other: RoomPlan) -> bool:
    return replace(one, computed_at=other.computed_at) != other


def _summary(planned: RoomPlan) -> dict[str, int]:
    outcomes = [decision.outcome for decision in planned.decisions]
    return {
        "bookings": len(planned.bookings.bookings),
        "buttons": outcomes.count("button"),
        "left_off": outcomes.count("left_off"),
        "auto_joins": len(planned.dial_orders),
    }
