"""The call lane of one unit: dial on the second, never twice, and leave."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from connector import events
from connector.clock import Clock, WakeUp, sleep_until
from connector.engine.asked import AskedDial, AskedEnd, became_of
from connector.engine.attempt_rows import AttemptRows
from connector.engine.driver_session import DriverSession
from connector.engine.leaving import Leaver
from connector.engine.options import Options
from connector.engine.recorder import Recorder
from connector.engine.unit_calls import UnitCalls
from connector.model import FINAL, Attempt, AttemptKey, AttemptState, DialOrder, RoomPlan
from connector.planning import attempts as transition
from connector.planning.address import dial_allowed
from connector.planning.dialing import (
    IN_ANOTHER_CALL,
    Adopt,
    Conclude,
    Dial,
    Done,
    HangUpFirst,
    ReadCalls,
    Step,
    Wait,
    decide,
    followed,
    later,
    resumes,
)
from connector.planning.overlap import HANDOVER, displaced, timed
from connector.planning.whose_call import Calls
from connector.store.api import StoreApi, UnitLease
from device_drivers.api import (
    Booking,
    DeviceBusy,
    DialRefused,
    Dials,
    DriverError,
    offered,
)

# Is the unit free? Read this long before the dial, at most twice as long: people press Join in these very seconds.
_CHECK_BEFORE = timedelta(seconds=0.75)
_COMMIT_BEFORE = timedelta(milliseconds=500)  # the row says "sent" this long before the bytes leave


class Dialer:
    """One task. ``offer`` a plan; attempts are written through to the store before anything leaves.

    Without a plan it only leaves: so a unit that no room has any more is let go.
    """

    def __init__(
        self,
        session: DriverSession,
        attempts: Sequence[Attempt],
        lease: UnitLease,
        *,
        takes_over: Collection[AttemptKey] = (),
        remembers_since: datetime | None = None,
        elsewhere: Callable[[DialOrder], str] = lambda order: "",
        clock: Clock,
        store: StoreApi,
        recorder: Recorder,
        options: Callable[[], Options],
    ) -> None:
        """``takes_over``: the meetings that the room's unit before was in when this one came into its place.
        ``remembers_since``: the database was lost, and of what was dialled before nothing is known.
        ``elsewhere``: why an order is not dialled here, because another unit of the group is in that meeting, or ""."""
        self._session = session
        self._elsewhere = elsewhere
        self._clock = clock
        self._recorder = recorder
        self._options = options
        self._takes_over = frozenset(takes_over)
        self._remembers_since = remembers_since
        self._planned: tuple[DialOrder, ...] = ()
        self._orders: tuple[DialOrder, ...] = ()  # with the times that they leave to each other
        self._bookings: dict[str, Booking] = {}
        self._armed: set[tuple[AttemptKey, datetime]] = set()
        self._told: set[tuple[AttemptKey, str]] = set()  # running meetings with another address
        self._waiting: dict[AttemptKey, str] = {}  # why an order waits: one log line per change
        self._wake_up = WakeUp(clock)
        # Many rooms dial at one instant. What can be done before is spread, by room, so that the instant is free.
        self._share = zlib.crc32(session.room.id.encode()) / 2**32
        self.paused = False  # it dials by itself no more; what is up is left at its time
        self._asked: list[AskedDial] = []  # in this order
        self._asked_ends: list[AskedEnd] = []
        self._calls = UnitCalls(session, clock=clock, options=options)
        self._rows = AttemptRows(session.room.id, attempts, lease, clock=clock, store=store, recorder=recorder)
        self._leaver = Leaver(session, self._calls, self._rows, clock=clock, recorder=recorder)

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return self._rows.all

    @property
    def live(self) -> bool:
        """Whether a call may be up that is ours to end."""
        return bool(self._rows.live)

    def offer(self, plan: RoomPlan) -> None:
        orders = tuple(map(self._taken_over, plan.dial_orders))
        if orders != self._planned:
            self._planned = orders
            self._settle_times()
            self._wake_up.ring()
        self._bookings = {b.id: b for b in plan.bookings.bookings}

    def _settle_times(self) -> None:
        timely = map(self._timed, self._planned)
        self._orders = tuple(sorted(timely, key=lambda order: (order.dial_at, order.planned_start, order.booking_id)))

    def _timed(self, order: DialOrder) -> DialOrder:
        policy, now = self._session.room.policy, self._clock.now()
        late = timed(
            order, self._planned, self._rows.all, overlap=policy.overlap, leave_after=policy.leave_after, now=now
        )
        return replace(late, dial_at=order.dial_at) if self._in_flight(order) else late

    def _taken_over(self, order: DialOrder) -> DialOrder:
        """The unit before was in this meeting: the grace of this one lasts as long as the meeting does."""
        if order.key not in self._takes_over or order.leave_at is None:
            return order
        return replace(order, give_up_at=max(order.give_up_at, order.leave_at))

    def pause(self, paused: bool) -> None:
        self.paused = paused
        self._wake_up.ring()

    def ask(self, asked: AskedDial | AskedEnd) -> None:
        """A person wants it: dials one after the other, and a call is ended before that."""
        if isinstance(asked, AskedEnd):
            self._asked_ends.append(asked)
        else:
            self._asked.append(asked)
        self._wake_up.ring()

    async def run(self) -> None:
        try:
            while True:
                await self._wake_up.wait(await self.step())
        finally:  # what was dialled has a row, and a time to leave
            self._say_interrupted()

    def _say_interrupted(self) -> None:
        asked = [*(each.tell for each in self._asked_ends), *(each.tell for each in self._asked)]
        self._asked_ends, self._asked = [], []
        for tell in asked:
            tell("It was interrupted, as by an edit of the room; connector explain says what became of it.", True)

    async def leave_now(self) -> None:
        """End what is ours on this unit, whatever its meetings say. StoreError, OwnershipLost."""
        now = self._clock.now()
        for attempt in self._rows.live:
            await self._rows.write(transition.leaves_at(attempt, now))

    async def stepped(self, by: timedelta) -> None:
        """The wall clock was set: a call that is up began at another time now. StoreError, OwnershipLost."""
        for attempt in self._rows.live:
            await self._rows.write(transition.moved_along(attempt, by))

    async def give_up(self, why: str) -> None:
        """What was ours here cannot be ended any more. StoreError, OwnershipLost."""
        for attempt in self._rows.live:
            await self._leaver.left(attempt, "failed", why)

    # -------------------------------------------------------------------------------- one walk

    async def step(self) -> datetime | None:
        """Act on what is due until nothing is; returns when to wake again."""
        for _ in range(10):  # what became of one order gives way to another; a bug must not spin
            before = self._rows.changes
            wakes = await self._walk()
            if self._rows.changes == before:
                break
        self._forget()
        return min((wake for wake in wakes if wake is not None), default=None)

    async def _walk(self) -> list[datetime | None]:
        await self._end_as_asked()
        wakes = await self._follow_the_plan()
        wakes += [await self._advance(order) for order in self._orders]
        wakes.append(await self._dial_as_asked())
        for attempt in [a for a in self._rows.live if a.leave_at is not None]:
            wakes.append(await self._leaver.leave(attempt, self._open_orders(attempt), self._end_of(attempt)))
        ends_joined = self._session.room.policy.leave_joined == "booked"
        return wakes + [await self._leaver.joined(attempt, ends_it=ends_joined) for attempt in self._rows.joined]

    async def _follow_the_plan(self) -> list[datetime | None]:
        """Later ends move leave orders; intentions whose order went away are withdrawn. Returns when to come again."""
        keys, now = {order.key for order in (*self._planned, *self._asked_orders)}, self._clock.now()
        for attempt in self._rows.all:
            if attempt.state is AttemptState.INTENDED and attempt.key not in keys:
                await self._rows.conclude(attempt, AttemptState.WITHDRAWN, _MOVED_OR_REMOVED)
            elif attempt.live or attempt.joined:
                await self._follow_the_end(attempt, followed(attempt, self._planned, now))
        wakes = [await self._new_address(order) for order in self._planned]
        self._settle_times()
        return wakes

    async def _follow_the_end(self, attempt: Attempt, leave_at: datetime | None) -> None:
        if leave_at != attempt.leave_at:
            event = events.LeavePlanned(room=attempt.room, booking=attempt.booking_id, leave_at=leave_at)
            await self._rows.write(transition.leaves_at(attempt, leave_at), event)

    def _forget(self) -> None:
        """What belongs to no current order and to no open leave."""
        keys = {order.key for order in (*self._orders, *self._asked_orders)}
        self._rows.forget(keys)
        self._armed = {(key, at) for key, at in self._armed if key in keys}
        self._told = {(key, meeting) for key, meeting in self._told if key in keys}
        self._waiting = {key: why for key, why in self._waiting.items() if key in keys}

    # -------------------------------------------------------------------------------- what people ask

    @property
    def _asked_orders(self) -> list[DialOrder]:
        return [asked.order for asked in self._asked]

    def _asked_as(self, order: DialOrder) -> AskedDial | None:
        return next((asked for asked in self._asked if asked.order.key == order.key), None)

    async def _end_as_asked(self) -> None:
        while self._asked_ends:
            asked = self._asked_ends[0]
            await self._recorder.write(asked.take)
            told = await self._leaver.end_now(anybodys=asked.anybodys)
            del self._asked_ends[0]
            asked.tell(*told)

    async def _dial_as_asked(self) -> datetime | None:
        """The first of them as far as it goes; the next when something became of it."""
        while self._asked:
            order = self._asked[0].order
            again = None if any(row.left for row in self._rows.of(order.key)) else await self._advance(order)
            last = next(reversed(self._rows.of(order.key)), None)
            waits = again is not None and self._clock.now() < order.give_up_at
            if waits and (last is None or last.state is not AttemptState.REFUSED):
                return again
            self._asked.pop(0).tell(*became_of(last))
        return None

    # -------------------------------------------------------------------------------- dialling

    async def _advance(self, order: DialOrder) -> datetime | None:
        """Take the order as far as it goes now; returns when to look at it again."""
        if displaced(order):
            return order.dial_at
        for _ in range(20):  # each turn acts; a bug must not spin
            early = await self._prepare(order)
            if early is not None:
                return early
            match self._paused(order) or self._decide(order):
                case Done():
                    return None
                case Wait() as step:
                    self._note_wait(order, step)
                    return step.until
                case ReadCalls():
                    again = await self._read_for(order)
                    if again is not None:
                        return again
                case Dial() as step:
                    await self._dial(order, step)
                case Adopt() as step:
                    await self._adopt(order, step)
                case HangUpFirst() as step if self._asked_as(order) is None:
                    return await self._make_room(step)
                case HangUpFirst() as step:
                    row = next((a for a in self._rows.of(order.key) if a.state is AttemptState.INTENDED), None)
                    await self._conclude(order, Conclude(AttemptState.SKIPPED, IN_ANOTHER_CALL, row))
                case Conclude() as step:
                    await self._conclude(order, step)
        return self._clock.now() + timedelta(seconds=1)

    async def _prepare(self, order: DialOrder) -> datetime | None:
        """When to come again, while it is too early even to look whether the unit is free."""
        now = self._clock.now()
        if now >= order.dial_at or self._in_flight(order):
            return None
        arm_at = order.dial_at - self._options().arm_before * (1 + 2 * self._share)
        if now < arm_at:
            return arm_at
        await self._arm(order)
        check_at = order.dial_at - _CHECK_BEFORE * (1 + self._share)
        return check_at if self._clock.now() < check_at else None

    def _paused(self, order: DialOrder) -> Step | None:
        if not self.paused or self._in_flight(order) or self._asked_as(order) is not None:
            return None
        row = next((a for a in self._rows.of(order.key) if a.state is AttemptState.INTENDED), None)
        return Conclude(AttemptState.SKIPPED, "the room was paused", row)

    def _decide(self, order: DialOrder) -> Step:
        step = decide(
            order,
            self._rows.of(order.key),
            self._calls_for(order),
            ours=self._ours(order),
            busy=self._session.room.policy.busy if self._asked_as(order) is None else "skip",
            now=max(self._clock.now(), order.dial_at),
            settle=self._options().settle,
            unreadable=self._calls.unreadable,
            remembers_since=self._remembers_since,
        )
        if isinstance(step, Conclude) and step.state is AttemptState.SKIPPED and self._asked_as(order) is not None:
            return replace(step, cause=IN_ANOTHER_CALL)
        return step

    async def _read_for(self, order: DialOrder) -> datetime | None:
        """None when there is a reading now, else when to look at the order again."""
        now, over = self._clock.now(), order.give_up_at + timedelta(milliseconds=1)
        if not self._calls.listed:
            return max(order.give_up_at, now + self._options().settle) + timedelta(milliseconds=1)
        again = await self._calls.read()
        if again is None:
            return None
        return min(again, over) if now < over else again

    def _ours(self, order: DialOrder) -> list[Attempt]:
        return [attempt for attempt in self._rows.live if attempt.key != order.key]

    def _in_flight(self, order: DialOrder) -> bool:
        """Something left already, or it is over: the dial time no longer matters."""
        attempts = self._rows.of(order.key)
        if not attempts or resumes(order, attempts[-1]):
            return False
        return attempts[-1].state in FINAL | {AttemptState.SENT, AttemptState.UNKNOWN}

    def _calls_for(self, order: DialOrder) -> Calls | None:
        """A unit that cannot list calls is taken to be free, but what it did with a command stays unknown."""
        if self._calls.listed:
            return self._calls.fresh()
        return None if self._in_flight(order) else self._calls.stated()

    async def _arm(self, order: DialOrder) -> None:
        """Write the intention and open the connection, so that the command can leave on the second."""
        if (order.key, order.dial_at) in self._armed:
            return
        self._armed.add((order.key, order.dial_at))
        if not self._rows.of(order.key):
            await self._rows.begin(order, AttemptState.INTENDED)
        if await self._calls.read() is None:
            with suppress(DriverError):  # the dial opens a connection of its own then, and tells
                await self._session.arm()

    async def _dial(self, order: DialOrder, step: Dial) -> None:
        if step.absent is not None:
            await self._rows.conclude(step.absent, AttemptState.ABSENT, "the unit was read and has no such call")
        attempt = next((a for a in self._rows.of(order.key) if a.state is AttemptState.INTENDED), None)
        if attempt is None:
            attempt = await self._begin(order, AttemptState.INTENDED)
        elsewhere = self._elsewhere(order) if self._asked_as(order) is None else ""
        if elsewhere:
            event = self._outcome(events.DialSkipped, order, elsewhere)
            await self._rows.conclude(attempt, AttemptState.SKIPPED, elsewhere, event)
            return
        allowed, why = dial_allowed(order.address.address, self._session.room.policy)
        if not allowed:
            event = self._outcome(events.DialPolicyRefused, order, why)
            await self._rows.conclude(attempt, AttemptState.SKIPPED, why, event)
            return
        await sleep_until(self._clock, order.dial_at - _COMMIT_BEFORE)
        if not self._still(order):
            return  # edited in the last second; the next walk withdraws the intention
        attempt = await self._rows.write(transition.sent(attempt, self._clock.now()))
        await sleep_until(self._clock, order.dial_at)
        if not self._still(order):
            await self._rows.conclude(attempt, AttemptState.WITHDRAWN, _MOVED_OR_REMOVED)
            return
        await self._send(order, attempt)

    def _still(self, order: DialOrder) -> bool:
        """No edit of the last second took it away, changed its address or gave the room to another meeting."""
        latest = max(order.dial_at, self._clock.now())
        orders = (*self._orders, *self._asked_orders)
        return any(o.key == order.key and o.address == order.address and o.dial_at <= latest for o in orders)

    async def _begin(
        self, order: DialOrder, state: AttemptState, cause: str = "", tells: events.Happened | None = None
    ) -> Attempt:
        asked = self._asked_as(order)
        return await self._rows.begin(order, state, cause, tells, also=() if asked is None else (asked.take,))

    async def _send(self, order: DialOrder, attempt: Attempt) -> None:
        self._calls.changed()
        late = self._clock.now() - order.dial_at
        booking = self._bookings.get(order.booking_id) or _bare_booking(order)
        try:
            call = await self._session.run(lambda driver: offered(driver, Dials).dial(order.address, booking))
        except DriverError as error:
            await self._dial_failed(order, attempt, error)
            return
        told = AttemptState.SENT if self._calls.listed else AttemptState.ANSWERED
        late_ms = round(late.total_seconds() * 1000, 1)
        event = events.DialSent(
            room=attempt.room, booking=order.booking_id, address=order.address.shown, late_ms=late_ms
        )
        await self._rows.write(transition.accepted(attempt, call.id, told, self._clock.now()), event)

    async def _dial_failed(self, order: DialOrder, attempt: Attempt, error: DriverError) -> None:
        cause = error.cause if isinstance(error, DialRefused) and error.cause else str(error)
        if isinstance(error, DialRefused | DeviceBusy) or not error.sent:
            first = all(a.state is not AttemptState.REFUSED for a in self._rows.of(order.key))
            event = self._outcome(events.DialRefused, order, cause) if first else None
            await self._rows.conclude(attempt, AttemptState.REFUSED, cause, event)
        else:
            event = self._outcome(events.DialUnknown, order, cause)
            await self._rows.conclude(attempt, AttemptState.UNKNOWN, cause, event)

    async def _adopt(self, order: DialOrder, step: Adopt) -> None:
        known = step.attempt is not None and step.attempt.call_id is not None
        attempt = step.attempt or await self._begin(order, AttemptState.INTENDED)
        now = self._clock.now()
        adopted = transition.found(attempt, step.call.id, step.state, now, owned=step.owned)
        if step.takes_over is not None:
            adopted = transition.leaves_at(adopted, later(adopted.leave_at, step.takes_over.leave_at))
        handed_over = [] if step.takes_over is None else [transition.left(step.takes_over, "stay", now)]
        await self._rows.write_all([adopted, *handed_over], self._adopted(order, step, known=known))

    def _adopted(self, order: DialOrder, step: Adopt, *, known: bool) -> events.Happened:
        if step.takes_over is not None:
            return self._outcome(events.LeaveStay, order, "the next booking is the same meeting; the call goes on")
        if not step.owned and self._remembers_since is not None and order.dial_at < self._remembers_since:
            why = "nobody can say who made this call before the database was lost; it is left to people"
            return self._outcome(events.CallUnknownOwner, order, why)
        if not step.owned:
            why = "the room is in this meeting already; somebody joined by hand"
            return self._outcome(events.DialNotNeeded, order, why)
        found = events.DialAnswered if known else events.DialAdopted
        return found(room=self._session.room.id, booking=order.booking_id, address=order.address.shown)

    async def _conclude(self, order: DialOrder, step: Conclude) -> None:
        cause = step.cause
        if step.state is AttemptState.MISSED and self._calls.error:
            cause = f"{cause} ({self._calls.error})"
        event = self._outcome(_CONCLUDED[step.state], order, cause)
        if step.attempt is None:
            await self._begin(order, step.state, cause, event)
        else:
            await self._rows.conclude(step.attempt, step.state, cause, event)

    async def _make_room(self, step: HangUpFirst) -> datetime:
        """End the call in the way. Returns when to go on."""
        if not await self._leaver.hung_up((step.call,), finishing=step.attempt is not None):
            return self._clock.now() + timedelta(seconds=2)
        if step.attempt is not None:
            ends_at = self._end_of(step.attempt)
            runs = ends_at is not None and ends_at > self._clock.now() + 2 * HANDOVER
            await self._leaver.left(step.attempt, "switched" if runs else "done", step.why)
        return self._clock.now() + timedelta(milliseconds=200)

    # -------------------------------------------------------------------------------- leaving

    async def _new_address(self, order: DialOrder) -> datetime | None:
        """A running meeting got another address: told once, and changed over by the policy."""
        attempts = self._rows.of(order.key)
        last = attempts[-1] if attempts else None
        if last is None or not last.live or last.state is not AttemptState.ANSWERED:
            return None
        if last.meeting_key == order.meeting_key:
            return None
        change = self._session.room.policy.new_address == "change"
        if (order.key, order.meeting_key) not in self._told:
            self._told.add((order.key, order.meeting_key))
            does = "leaves it for the new one" if change else "stays in it"
            why = f"the meeting has another address now; the room is in a call to the one before and {does}"
            self._recorder.publish(self._outcome(events.CallAddressChanged, order, why))
        return await self._leaver.change_over(last) if change else None

    def _open_orders(self, attempt: Attempt) -> list[DialOrder]:
        if self.paused:
            return []  # none of them is joined: nothing gives way to it
        others = (order for order in self._orders if order.key != attempt.key)
        return [order for order in others if self._open(order) and not displaced(order)]

    def _open(self, order: DialOrder) -> bool:
        attempts = self._rows.of(order.key)
        return not any(a.state in FINAL for a in attempts) or resumes(order, attempts[-1])

    def _end_of(self, attempt: Attempt) -> datetime | None:
        return next((order.ends_at for order in self._planned if order.key == attempt.key), None)

    # -------------------------------------------------------------------------------- lines of the log

    def _outcome(self, kind: type[events.CallOutcome], order: DialOrder, reason: str) -> events.CallOutcome:
        return kind(room=self._session.room.id, booking=order.booking_id, reason=reason)

    def _note_wait(self, order: DialOrder, step: Wait) -> None:
        if step.why == IN_ANOTHER_CALL and self._waiting.get(order.key) != step.why:
            self._recorder.publish(self._outcome(events.DialWaiting, order, f"{step.why}; busy = wait"))
        self._waiting[order.key] = step.why


_MOVED_OR_REMOVED = "the meeting was moved or removed"
_CONCLUDED: dict[AttemptState, type[events.CallOutcome]] = {
    AttemptState.MISSED: events.DialMissed,
    AttemptState.SKIPPED: events.DialSkipped,
    AttemptState.REFUSED: events.DialRefused,
    AttemptState.ENDED: events.DialEnded,
    AttemptState.PRESENT: events.DialNotNeeded,
}


def _bare_booking(order: DialOrder) -> Booking:
    """When the screen does not list the meeting (one_touch_join off): enough for the unit to keep the id."""
    end = order.leave_at or order.planned_start + timedelta(minutes=1)
    return Booking(order.booking_id, "", order.planned_start, max(end, order.planned_start), address=order.address)
