"""The call lane of one unit: dial on the second, never twice, and leave."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from connector import events
from connector.clock import Clock, WakeUp, sleep_until
from connector.engine.driver_session import DriverSession
from connector.engine.options import Options
from connector.engine.recorder import Recorder
from connector.engine.unit_calls import UnitCalls
from connector.model import FINAL, Attempt, AttemptKey, AttemptState, DialOrder, RoomPlan
from connector.planning import attempts as transition
from connector.planning.address import dial_allowed
from connector.planning.dialing import (
    Adopt,
    Conclude,
    Dial,
    Done,
    Gone,
    HangUp,
    HangUpFirst,
    ReadCalls,
    Stay,
    Step,
    Wait,
    decide,
    later_leave,
    leave_step,
)
from connector.planning.whose_call import Calls
from connector.retry import backoff
from connector.store.api import StoreApi, UnitLease
from device_drivers.api import (
    Booking,
    CallRef,
    CallState,
    DeviceBusy,
    DialRefused,
    Dials,
    Driver,
    DriverError,
    HangsUp,
    offered,
)

# Is the unit free? Read this long before the dial, at most twice as long: people press Join in these very seconds.
_CHECK_BEFORE = timedelta(seconds=0.75)
_COMMIT_BEFORE = timedelta(milliseconds=500)  # the row says "sent" this long before the bytes leave
_LEAVE_TRIES = timedelta(hours=12)  # after that a call that cannot be ended is left to people
_LEAVE_SLOWEST = timedelta(seconds=30)  # a unit that comes back with our call up leaves within this


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
        clock: Clock,
        store: StoreApi,
        recorder: Recorder,
        options: Callable[[], Options],
    ) -> None:
        """``takes_over``: the meetings that the room's unit before was in when this one came into its place.
        ``remembers_since``: the database was lost, and of what was dialled before nothing is known."""
        self._session = session
        self._clock = clock
        self._store = store
        self._recorder = recorder
        self._options = options
        self._lease = lease
        self._takes_over = frozenset(takes_over)
        self._remembers_since = remembers_since
        self._attempts: dict[int, Attempt] = {a.id: a for a in attempts}
        self._orders: tuple[DialOrder, ...] = ()
        self._bookings: dict[str, Booking] = {}
        self._armed: set[AttemptKey] = set()
        self._waiting: dict[AttemptKey, str] = {}  # why an order waits: one log line per change
        self._wake_up = WakeUp(clock)
        # Many rooms dial at one instant. What can be done before is spread, by room, so that the instant is free.
        self._share = zlib.crc32(session.room.id.encode()) / 2**32
        self._calls = UnitCalls(session, clock=clock, options=options)
        self._leave_failures = 0
        self._leave_error = ""  # the log has it: one line for one trouble

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return tuple(self._attempts.values())

    @property
    def live(self) -> bool:
        """Whether a call may be up that is ours to end."""
        return any(attempt.live for attempt in self._attempts.values())

    def offer(self, plan: RoomPlan) -> None:
        orders = tuple(map(self._taken_over, plan.dial_orders))
        if orders != self._orders:
            self._orders = orders
            self._wake_up.ring()
        self._bookings = {b.id: b for b in plan.bookings.bookings}

    def _taken_over(self, order: DialOrder) -> DialOrder:
        """The unit before was in this meeting: the grace of this one lasts as long as the meeting does."""
        if order.key not in self._takes_over or order.leave_at is None:
            return order
        return replace(order, give_up_at=max(order.give_up_at, order.leave_at))

    async def run(self) -> None:
        while True:
            await self._wake_up.wait(await self.step())

    async def leave_now(self) -> None:
        """End what is ours on this unit, whatever its meetings say. StoreError, OwnershipLost."""
        now = self._clock.now()
        for attempt in [a for a in self._attempts.values() if a.live]:
            await self._write(transition.leaves_at(attempt, now))

    async def give_up(self, why: str) -> None:
        """What was ours here cannot be ended any more. StoreError, OwnershipLost."""
        for attempt in [a for a in self._attempts.values() if a.live]:
            await self._left(attempt, "failed", why)

    # -------------------------------------------------------------------------------- one walk

    async def step(self) -> datetime | None:
        """Act on what is due until nothing is; returns when to wake again."""
        await self._follow_the_plan()
        wakes = [await self._advance(order) for order in self._orders]
        for attempt in [a for a in self._attempts.values() if a.live and a.leave_at is not None]:
            wakes.append(await self._leave(attempt))
        self._forget()
        return min((wake for wake in wakes if wake is not None), default=None)

    async def _follow_the_plan(self) -> None:
        """Later ends move leave orders; intentions whose order went away are withdrawn."""
        keys = {order.key for order in self._orders}
        ends = {order.booking_id: order.leave_at for order in self._orders}
        for attempt in list(self._attempts.values()):
            if attempt.state is AttemptState.INTENDED and attempt.key not in keys:
                await self._conclude_row(attempt, AttemptState.WITHDRAWN, _MOVED_OR_REMOVED)
            elif attempt.live and attempt.booking_id in ends:
                await self._follow_the_end(attempt, later_leave(attempt.leave_at, ends[attempt.booking_id]))

    async def _follow_the_end(self, attempt: Attempt, leave_at: datetime | None) -> None:
        if leave_at != attempt.leave_at:
            event = events.LeavePlanned(room=attempt.room, booking=attempt.booking_id, leave_at=leave_at)
            await self._write(transition.leaves_at(attempt, leave_at), event)

    def _forget(self) -> None:
        """Keep what a current order or an open leave needs; the store keeps the rest."""
        keys = {order.key for order in self._orders}
        horizon = self._clock.now() - timedelta(hours=1)
        for attempt in list(self._attempts.values()):
            if attempt.key not in keys and not (attempt.live and attempt.leave_at) and attempt.at < horizon:
                del self._attempts[attempt.id]
        self._armed &= keys
        self._waiting = {key: why for key, why in self._waiting.items() if key in keys}

    # -------------------------------------------------------------------------------- dialling

    async def _advance(self, order: DialOrder) -> datetime | None:
        """Take the order as far as it goes now; returns when to look at it again."""
        for _ in range(20):  # each turn acts; a bug must not spin
            early = await self._prepare(order)
            if early is not None:
                return early
            match self._decide(order):
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
                case HangUpFirst() as step:
                    return await self._make_room(step)
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

    def _decide(self, order: DialOrder) -> Step:
        return decide(
            order,
            self._of(order),
            self._calls_for(order),
            ours=self._ours(order),
            busy=self._session.room.policy.busy,
            now=max(self._clock.now(), order.dial_at),
            settle=self._options().settle,
            unreadable=self._calls.unreadable,
            remembers_since=self._remembers_since,
        )

    async def _read_for(self, order: DialOrder) -> datetime | None:
        """None when there is a reading now, else when to look at the order again."""
        now, over = self._clock.now(), order.give_up_at + timedelta(milliseconds=1)
        if not self._calls.listed:
            return max(order.give_up_at, now + self._options().settle) + timedelta(milliseconds=1)
        again = await self._calls.read()
        if again is None:
            return None
        return min(again, over) if now < over else again

    def _of(self, order: DialOrder) -> list[Attempt]:
        return [a for a in self._attempts.values() if a.key == order.key]

    def _ours(self, order: DialOrder) -> list[Attempt]:
        return [a for a in self._attempts.values() if a.live and a.key != order.key]

    def _in_flight(self, order: DialOrder) -> bool:
        """Something left already, or it is over: the dial time no longer matters."""
        attempts = self._of(order)
        return bool(attempts) and attempts[-1].state in FINAL | {AttemptState.SENT, AttemptState.UNKNOWN}

    def _calls_for(self, order: DialOrder) -> Calls | None:
        """A unit that cannot list calls is taken to be free, but what it did with a command stays unknown."""
        if self._calls.listed:
            return self._calls.fresh()
        return None if self._in_flight(order) else self._listing()

    def _listing(self, *calls: CallRef) -> Calls:
        return Calls(calls, self._clock.now(), self._options().settle)

    async def _arm(self, order: DialOrder) -> None:
        """Write the intention and open the connection, so that the command can leave on the second."""
        if order.key in self._armed:
            return
        self._armed.add(order.key)
        if not self._of(order):
            await self._begin(order, AttemptState.INTENDED)
        if await self._calls.read() is None:
            with suppress(DriverError):  # the dial opens a connection of its own then, and tells
                await self._session.arm()

    async def _dial(self, order: DialOrder, step: Dial) -> None:
        if step.absent is not None:
            await self._conclude_row(step.absent, AttemptState.ABSENT, "the unit was read and has no such call")
        attempt = next((a for a in self._of(order) if a.state is AttemptState.INTENDED), None)
        if attempt is None:
            attempt = await self._begin(order, AttemptState.INTENDED)
        allowed, why = dial_allowed(order.address.address, self._session.room.policy)
        if not allowed:
            event = self._outcome(events.DialPolicyRefused, order, why)
            await self._conclude_row(attempt, AttemptState.SKIPPED, why, event)
            return
        await sleep_until(self._clock, order.dial_at - _COMMIT_BEFORE)
        if order not in self._orders:
            return  # edited in the last second; the next walk withdraws the intention
        attempt = await self._write(transition.sent(attempt, self._clock.now()))
        await sleep_until(self._clock, order.dial_at)
        if order not in self._orders:
            await self._conclude_row(attempt, AttemptState.WITHDRAWN, _MOVED_OR_REMOVED)
            return
        await self._send(order, attempt)

    async def _send(self, order: DialOrder, attempt: Attempt) -> None:
        self._calls.changed()
        late = self._clock.now() - max(order.dial_at, attempt.at)
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
        await self._write(transition.accepted(attempt, call.id, told, self._clock.now()), event)

    async def _dial_failed(self, order: DialOrder, attempt: Attempt, error: DriverError) -> None:
        cause = error.cause if isinstance(error, DialRefused) and error.cause else str(error)
        if isinstance(error, DialRefused | DeviceBusy) or not error.sent:
            first = all(a.state is not AttemptState.REFUSED for a in self._of(order))
            event = self._outcome(events.DialRefused, order, cause) if first else None
            await self._conclude_row(attempt, AttemptState.REFUSED, cause, event)
        else:
            event = self._outcome(events.DialUnknown, order, cause)
            await self._conclude_row(attempt, AttemptState.UNKNOWN, cause, event)

    async def _adopt(self, order: DialOrder, step: Adopt) -> None:
        known = step.attempt is not None and step.attempt.call_id is not None
        attempt = step.attempt or await self._begin(order, AttemptState.INTENDED)
        now = self._clock.now()
        adopted = transition.found(attempt, step.call.id, step.state, now, owned=step.owned)
        handed_over = [] if step.takes_over is None else [transition.left(step.takes_over, "stay", now)]
        await self._write_all([adopted, *handed_over], self._adopted(order, step, known=known))

    def _adopted(self, order: DialOrder, step: Adopt, *, known: bool) -> events.Happened:
        if step.takes_over is not None:
            return self._outcome(events.LeaveStay, order, "the next booking is the same meeting; the call goes on")
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
            await self._conclude_row(step.attempt, step.state, cause, event)

    async def _make_room(self, step: HangUpFirst) -> datetime:
        """End the call in the way. Returns when to go on."""
        if not await self._hung_up((step.call,), finishing=step.attempt is not None):
            return self._clock.now() + timedelta(seconds=2)
        if step.attempt is not None:
            await self._left(step.attempt, "done", step.why)
        return self._clock.now() + timedelta(milliseconds=200)

    # -------------------------------------------------------------------------------- leaving

    async def _leave(self, attempt: Attempt) -> datetime | None:
        for _ in range(5):
            now = self._clock.now()
            lost = [a for a in self._attempts.values() if a.key == attempt.key and a.state is AttemptState.ABSENT]
            match leave_step(attempt, lost, self._open_orders(attempt), self._calls_of(attempt), now):
                case Done():
                    return None
                case Wait() | Stay() as step:
                    return max(step.until, now + timedelta(milliseconds=100))
                case Gone():
                    await self._left(attempt, "gone", "the call had ended already")
                    return None
                case ReadCalls():
                    if await self._calls.read(finishing=True) is not None:
                        return await self._leave_later(attempt)
                case HangUp() as step:
                    if not await self._hung_up(step.calls):
                        return await self._leave_later(attempt)
                    await self._left(attempt, "done", "the meeting is over")
                    return None
        return self._clock.now() + timedelta(seconds=1)

    async def _hung_up(self, calls: Sequence[CallRef], *, finishing: bool = True) -> bool:
        """``finishing``: they are ours. Somebody else's is never ended on a unit that is to be left alone."""
        try:
            for call in calls:
                await self._session.run(partial(_hang_up, call), finishing=finishing)
        except DriverError as error:
            self._calls.error = str(error)
            return False
        finally:
            self._calls.changed()
        return True

    def _calls_of(self, attempt: Attempt) -> Calls | None:
        """A unit that cannot list calls is told to end the one it gave us an id for."""
        if self._calls.listed:
            return self._calls.fresh()
        return self._listing(CallRef(attempt.call_id or "", CallState.CONNECTED, attempt.address, attempt.booking_id))

    async def _leave_later(self, attempt: Attempt) -> datetime | None:
        """The unit does not answer, or does not hang up: that is told once, and tried until it does."""
        now, why = self._clock.now(), self._calls.error
        if attempt.leave_at is not None and now > attempt.leave_at + _LEAVE_TRIES:
            await self._left(attempt, "failed", f"{why}; it is not tried any more")
            return None
        if why != self._leave_error:
            self._leave_error = why
            self._recorder.publish(events.LeaveFailed(room=attempt.room, booking=attempt.booking_id, reason=why))
        self._leave_failures += 1
        return now + backoff(self._leave_failures, first=timedelta(seconds=2), slowest=_LEAVE_SLOWEST)

    async def _left(self, attempt: Attempt, how: transition.Left, why: str) -> None:
        self._leave_failures, self._leave_error = 0, ""
        event = _LEFT[how](room=attempt.room, booking=attempt.booking_id, reason=why)
        await self._write(transition.left(attempt, how, self._clock.now()), event)

    def _open_orders(self, attempt: Attempt) -> list[DialOrder]:
        others = (order for order in self._orders if order.key != attempt.key)
        return [order for order in others if not any(a.state in FINAL for a in self._of(order))]

    # -------------------------------------------------------------------------------- rows and lines

    async def _begin(
        self, order: DialOrder, state: AttemptState, cause: str = "", tells: events.Happened | None = None
    ) -> Attempt:
        attempt = transition.begun(order, self._session.room.id, state, self._clock.now(), cause)
        attempt = await self._recorder.begin(self._lease, attempt, tells=_some(tells))
        self._attempts[attempt.id] = attempt
        return attempt

    async def _conclude_row(
        self, attempt: Attempt, state: AttemptState, cause: str, tells: events.Happened | None = None
    ) -> None:
        await self._write(transition.concluded(attempt, state, self._clock.now(), cause), tells)

    async def _write(self, changed: Attempt, tells: events.Happened | None = None) -> Attempt:
        """Committed before it counts."""
        await self._write_all([changed], tells)
        return changed

    async def _write_all(self, changed: Sequence[Attempt], tells: events.Happened | None) -> None:
        """All or none: a call that goes on as another booking's must never be two bookings' to end."""
        await self._recorder.write(
            *(self._store.save_attempt(self._lease, each) for each in changed), tells=_some(tells)
        )
        self._attempts |= {attempt.id: attempt for attempt in changed}

    def _outcome(self, kind: type[events.CallOutcome], order: DialOrder, reason: str) -> events.CallOutcome:
        return kind(room=self._session.room.id, booking=order.booking_id, reason=reason)

    def _note_wait(self, order: DialOrder, step: Wait) -> None:
        if step.why == "the room is in another call" and self._waiting.get(order.key) != step.why:
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
_LEFT: dict[transition.Left, type[events.CallOutcome]] = {
    "done": events.LeaveDone,
    "gone": events.LeaveAlreadyGone,
    "stay": events.LeaveStay,
    "failed": events.LeaveFailed,
}


async def _hang_up(call: CallRef, driver: Driver) -> None:
    await offered(driver, HangsUp).hang_up(call)


def _some(event: events.Happened | None) -> tuple[events.Happened, ...]:
    return () if event is None else (event,)


def _bare_booking(order: DialOrder) -> Booking:
    """When the screen does not list the meeting (one_touch_join off): enough for the unit to keep the id."""
    end = order.leave_at or order.planned_start + timedelta(minutes=1)
    return Booking(order.booking_id, "", order.planned_start, max(end, order.planned_start), address=order.address)
