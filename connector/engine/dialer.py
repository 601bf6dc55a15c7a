"""The call lane of one room: dial on the second, never twice, and leave."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from connector.clock import WakeUp, sleep_until
from connector.engine.driver_session import DriverSession, Tools
from connector.model import FINAL, Attempt, AttemptState, DialOrder, RoomPlan
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
    Wait,
    decide,
    later_leave,
    leave_step,
)
from connector.retry import backoff
from device_drivers.api import (
    Booking,
    CallRef,
    CallState,
    Capability,
    DeviceBusy,
    DialRefused,
    DriverError,
)

# Is the unit free? Read this long before the dial, at most twice as long: people press Join in these very seconds.
_CHECK_BEFORE = timedelta(seconds=0.75)
_COMMIT_BEFORE = timedelta(milliseconds=500)  # the row says "sent" this long before the bytes leave
_READ_SLOWEST = timedelta(seconds=5)
_LEAVE_TRIES = timedelta(minutes=10)  # after that a call that cannot be ended is reported and left to people


class Dialer:
    """One task. ``offer`` a plan; attempts are written through to the store before anything leaves."""

    def __init__(self, unit: DriverSession, attempts: Sequence[Attempt], tools: Tools) -> None:
        self._unit = unit
        self._tools = tools
        self._attempts: dict[int, Attempt] = {a.id: a for a in attempts}
        self._orders: tuple[DialOrder, ...] = ()
        self._bookings: dict[str, Booking] = {}
        self._armed: set[tuple[str, datetime]] = set()
        self._wake_up = WakeUp(tools.clock)
        # Many rooms dial at one instant. What can be done before is spread, by room, so that the instant is free.
        share = zlib.crc32(unit.room.id.encode()) / 2**32
        self._arm_before = tools.options.arm_before * (1 + 2 * share)
        self._check_before = _CHECK_BEFORE * (1 + share)
        self._calls: tuple[CallRef, ...] | None = None
        self._read_at: datetime | None = None
        self._read_failures = 0
        self._read_error = ""
        self._retry_read_at: datetime | None = None
        self._waiting: dict[tuple[str, datetime], str] = {}  # why an order waits: one log line per change

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        return tuple(self._attempts.values())

    def offer(self, plan: RoomPlan) -> None:
        if plan.dial_orders != self._orders:
            self._orders = plan.dial_orders
            self._wake_up.ring()
        self._bookings = {b.id: b for b in plan.bookings.bookings}

    async def run(self) -> None:
        while True:
            await self._wake_up.wait(await self._step())

    # -------------------------------------------------------------------------------- one walk

    async def _step(self) -> datetime | None:
        """Act on what is due until nothing is; returns when to wake again."""
        await self._follow_the_plan()
        wakes: list[datetime] = []
        for order in self._orders:
            _add(wakes, await self._advance(order))
        for attempt in [a for a in self._attempts.values() if a.live and a.leave_at is not None]:
            _add(wakes, await self._leave(attempt))
        self._forget()
        return min(wakes, default=None)

    async def _follow_the_plan(self) -> None:
        """Later ends move leave orders; intentions whose order went away are withdrawn."""
        keys = {(o.booking_id, o.planned_start) for o in self._orders}
        ends = {o.booking_id: o.leave_at for o in self._orders}
        for attempt in list(self._attempts.values()):
            if attempt.state is AttemptState.INTENDED and (attempt.booking_id, attempt.planned_start) not in keys:
                await self._change(attempt, state=AttemptState.WITHDRAWN, cause="the meeting was moved or removed")
            elif attempt.live and attempt.booking_id in ends:
                leave_at = later_leave(attempt.leave_at, ends[attempt.booking_id])
                if leave_at != attempt.leave_at:
                    await self._change(attempt, leave_at=leave_at)
                    self._tools.journal.note(
                        "leave.planned", self._unit.room.id, booking=attempt.booking_id, leave_at=leave_at
                    )

    def _forget(self) -> None:
        """Keep what a current order or an open leave needs; the store keeps the rest."""
        keys = {(o.booking_id, o.planned_start) for o in self._orders}
        horizon = self._tools.clock.now() - timedelta(hours=1)
        for attempt in list(self._attempts.values()):
            key = (attempt.booking_id, attempt.planned_start)
            if key not in keys and not (attempt.live and attempt.leave_at) and attempt.at < horizon:
                del self._attempts[attempt.id]
        self._armed &= keys
        self._waiting = {key: why for key, why in self._waiting.items() if key in keys}

    # -------------------------------------------------------------------------------- dialling

    async def _advance(self, order: DialOrder) -> datetime | None:
        """Take the order as far as it goes now; returns when to look at it again."""
        for _ in range(20):  # each turn acts; a bug must not spin
            now = self._tools.clock.now()
            if now < order.dial_at and not self._in_flight(order):
                arm_at = order.dial_at - self._arm_before
                if now < arm_at:
                    return arm_at
                await self._arm(order)
                if self._tools.clock.now() < order.dial_at - self._check_before:
                    return order.dial_at - self._check_before
            step = decide(
                order,
                self._of(order),
                self._calls_for(order),
                ours=self._ours(order),
                busy=self._unit.room.policy.busy,
                now=max(self._tools.clock.now(), order.dial_at),
                settle=self._tools.options.settle,
                unreadable=self._read_failures > 0 or Capability.CALLS not in self._unit.capabilities,
            )
            match step:
                case Done():
                    return None
                case Wait():
                    self._note_wait(order, step)
                    return step.until
                case ReadCalls():
                    if Capability.CALLS not in self._unit.capabilities:
                        return max(order.give_up_at, now + self._tools.options.settle) + timedelta(milliseconds=1)
                    again = await self._read_calls()
                    if again is not None:
                        over = order.give_up_at + timedelta(milliseconds=1)
                        return min(again, over) if now < over else again
                case Dial():
                    await self._dial(order, step)
                case Adopt():
                    await self._adopt(order, step)
                case HangUpFirst():
                    again = await self._make_room(step)
                    if again is not None:
                        return again
                case Conclude():
                    await self._conclude(order, step)
        return self._tools.clock.now() + timedelta(seconds=1)

    def _of(self, order: DialOrder) -> list[Attempt]:
        key = (order.booking_id, order.planned_start)
        return [a for a in self._attempts.values() if (a.booking_id, a.planned_start) == key]

    def _ours(self, order: DialOrder) -> list[Attempt]:
        key = (order.booking_id, order.planned_start)
        return [a for a in self._attempts.values() if a.live and (a.booking_id, a.planned_start) != key]

    def _in_flight(self, order: DialOrder) -> bool:
        """Something left already, or it is over: the dial time no longer matters."""
        attempts = self._of(order)
        return bool(attempts) and attempts[-1].state in FINAL | {AttemptState.SENT, AttemptState.UNKNOWN}

    def _calls_for(self, order: DialOrder) -> tuple[CallRef, ...] | None:
        """A unit that cannot list calls is taken to be free, but what it did with a command stays unknown."""
        if Capability.CALLS not in self._unit.capabilities:
            return None if self._in_flight(order) else ()
        return self._fresh_calls()

    async def _arm(self, order: DialOrder) -> None:
        """Write the intention and open the connection, so that the command can leave on the second."""
        key = (order.booking_id, order.planned_start)
        if key in self._armed:
            return
        self._armed.add(key)
        if not self._of(order):
            await self._add(order, AttemptState.INTENDED)
        if await self._read_calls() is None:
            with suppress(DriverError):  # the dial opens a connection of its own then, and tells
                await self._unit.arm()

    async def _dial(self, order: DialOrder, step: Dial) -> None:
        if step.absent is not None:
            await self._change(step.absent, state=AttemptState.ABSENT, cause="the unit was read and has no such call")
        attempt = next((a for a in self._of(order) if a.state is AttemptState.INTENDED), None)
        if attempt is None:
            attempt = await self._add(order, AttemptState.INTENDED)
        allowed, why = dial_allowed(order.address.address, self._unit.room.policy)
        if not allowed:
            await self._change(attempt, state=AttemptState.SKIPPED, cause=why)
            self._note("dial.policy_refused", order, reason=why)
            return
        await sleep_until(self._tools.clock, order.dial_at - _COMMIT_BEFORE)
        if order not in self._orders:
            return  # edited in the last second; the next walk withdraws the intention
        attempt = await self._change(attempt, state=AttemptState.SENT)
        await sleep_until(self._tools.clock, order.dial_at)
        if order not in self._orders:
            await self._change(attempt, state=AttemptState.WITHDRAWN, cause="the meeting was moved or removed")
            return
        await self._send(order, attempt)

    async def _send(self, order: DialOrder, attempt: Attempt) -> None:
        self._calls = None
        late = self._tools.clock.now() - max(order.dial_at, attempt.at)
        booking = self._bookings.get(order.booking_id) or _bare_booking(order)
        try:
            call = await self._unit.run(lambda driver: driver.dial(order.address, booking))
        except DriverError as error:
            await self._dial_failed(order, attempt, error)
            return
        told = AttemptState.SENT if Capability.CALLS in self._unit.capabilities else AttemptState.ANSWERED
        await self._change(attempt, call_id=call.id, state=told)
        self._note("dial.sent", order, address=order.address.shown, late_ms=round(late.total_seconds() * 1000, 1))

    async def _dial_failed(self, order: DialOrder, attempt: Attempt, error: DriverError) -> None:
        cause = error.cause if isinstance(error, DialRefused) and error.cause else str(error)
        if isinstance(error, DialRefused | DeviceBusy) or not error.sent:
            first = sum(a.state is AttemptState.REFUSED for a in self._of(order)) == 0
            await self._change(attempt, state=AttemptState.REFUSED, cause=cause)
            if first:
                self._note("dial.refused", order, reason=cause)
        else:
            await self._change(attempt, state=AttemptState.UNKNOWN, cause=cause)
            self._note("dial.unknown", order, reason=cause)

    async def _adopt(self, order: DialOrder, step: Adopt) -> None:
        values = {"state": step.state, "owned": step.owned, "call_id": step.call.id, "cause": ""}
        adopted = step.attempt is None or step.attempt.call_id is None
        attempt = step.attempt or await self._add(order, AttemptState.INTENDED)
        await self._change(attempt, **values)
        if step.takes_over is not None:
            now = self._tools.clock.now()
            await self._change(step.takes_over, left="stay", left_at=now)
            self._note("leave.stay", order, reason="the next booking is the same meeting; the call goes on")
        elif not step.owned:
            self._note("dial.not_needed", order, reason="the room is in this meeting already; somebody joined by hand")
        else:
            self._note("dial.adopted" if adopted else "dial.answered", order, address=order.address.shown)

    async def _conclude(self, order: DialOrder, step: Conclude) -> None:
        cause = step.cause
        if step.state is AttemptState.MISSED and self._read_error:
            cause = f"{cause} ({self._read_error})"
        attempt = step.attempt
        if attempt is None:
            await self._add(order, step.state, cause=cause)
        else:
            await self._change(attempt, state=step.state, cause=cause)
        self._note(_CONCLUDED[step.state], order, reason=cause)

    async def _make_room(self, step: HangUpFirst) -> datetime | None:
        """End the call in the way. Returns when to try again if that failed."""
        try:
            await self._unit.run(lambda driver: driver.hang_up(step.call))
        except DriverError as error:
            self._read_error = str(error)
            return self._tools.clock.now() + timedelta(seconds=2)
        finally:
            self._calls = None
        if step.attempt is not None:
            await self._left(step.attempt, "done", step.why)
        return self._tools.clock.now() + timedelta(milliseconds=200)

    # -------------------------------------------------------------------------------- leaving

    async def _leave(self, attempt: Attempt) -> datetime | None:
        for _ in range(5):
            now = self._tools.clock.now()
            step = leave_step(attempt, self._open_orders(attempt), self._calls_of(attempt), now)
            match step:
                case Done():
                    return None
                case Wait() | Stay():
                    return max(step.until, now + timedelta(milliseconds=100))
                case Gone():
                    await self._left(attempt, "gone", "the call had ended already")
                    return None
                case ReadCalls():
                    again = await self._read_calls()
                    if again is not None:
                        return await self._leave_later(attempt, again)
                case HangUp():
                    try:
                        await self._unit.run(lambda driver, call=step.call: driver.hang_up(call))  # type: ignore[misc]
                    except DriverError as error:
                        self._read_error = str(error)
                        return await self._leave_later(attempt, now + timedelta(seconds=2))
                    finally:
                        self._calls = None
                    await self._left(attempt, "done", "the meeting is over")
                    return None
        return self._tools.clock.now() + timedelta(seconds=1)

    def _calls_of(self, attempt: Attempt) -> tuple[CallRef, ...] | None:
        """A unit that cannot list calls is told to end the one it gave us an id for."""
        if Capability.CALLS in self._unit.capabilities:
            return self._fresh_calls()
        return (CallRef(attempt.call_id or "", CallState.CONNECTED, attempt.address, attempt.booking_id),)

    async def _leave_later(self, attempt: Attempt, again: datetime) -> datetime | None:
        if attempt.leave_at is not None and self._tools.clock.now() > attempt.leave_at + _LEAVE_TRIES:
            await self._left(attempt, "failed", self._read_error)
            return None
        return again

    async def _left(self, attempt: Attempt, how: str, why: str) -> None:
        now = self._tools.clock.now()
        changed = await self._change(attempt, left=how, left_at=now)
        event = {"done": "leave.done", "gone": "leave.already_gone"}.get(how, "leave.failed")
        self._tools.journal.note(event, self._unit.room.id, booking=changed.booking_id, reason=why)

    def _open_orders(self, attempt: Attempt) -> list[DialOrder]:
        return [
            order
            for order in self._orders
            if (order.booking_id, order.planned_start) != (attempt.booking_id, attempt.planned_start)
            and not any(a.state in FINAL for a in self._of(order))
        ]

    # -------------------------------------------------------------------------------- the unit's calls

    def _fresh_calls(self) -> tuple[CallRef, ...] | None:
        """What was read within the last second."""
        now = self._tools.clock.now()
        if self._calls is None or self._read_at is None or now - self._read_at > timedelta(milliseconds=950):
            return None
        return self._calls

    async def _read_calls(self) -> datetime | None:
        """None when there is a reading now, else when to try again."""
        now = self._tools.clock.now()
        if Capability.CALLS not in self._unit.capabilities or self._fresh_calls() is not None:
            return None
        if self._retry_read_at is not None and now < self._retry_read_at:
            return self._retry_read_at
        try:
            self._calls = await self._unit.run(lambda driver: driver.calls())
        except DriverError as error:
            self._calls = None
            self._read_failures += 1
            self._read_error = str(error)
            pause = backoff(self._read_failures, first=timedelta(seconds=1), slowest=_READ_SLOWEST)
            self._retry_read_at = self._tools.clock.now() + pause
            return self._retry_read_at
        self._read_at = self._tools.clock.now()
        self._read_failures, self._read_error, self._retry_read_at = 0, "", None
        return None

    # -------------------------------------------------------------------------------- rows and lines

    async def _add(self, order: DialOrder, state: AttemptState, cause: str = "") -> Attempt:
        attempt = Attempt(
            id=self._tools.store.new_attempt_id(),
            room=self._unit.room.id,
            booking_id=order.booking_id,
            planned_start=order.planned_start,
            state=state,
            at=self._tools.clock.now(),
            meeting_key=order.meeting_key,
            address=order.address.address,
            cause=cause,
            leave_at=order.leave_at,
        )
        await self._tools.store.write(self._tools.store.add_attempt(attempt))
        self._attempts[attempt.id] = attempt
        return attempt

    async def _change(self, attempt: Attempt, **values: object) -> Attempt:
        """Committed before it counts."""
        current = self._attempts.get(attempt.id, attempt)
        if "state" in values and values["state"] is not current.state:
            values["at"] = self._tools.clock.now()
        changed = replace(current, **values)  # type: ignore[arg-type]  # field names of Attempt, checked by tests
        await self._tools.store.write(self._tools.store.change_attempt(changed))
        self._attempts[attempt.id] = changed
        return changed

    def _note(self, event: str, order: DialOrder, **detail: object) -> None:
        self._tools.journal.note(event, self._unit.room.id, booking=order.booking_id, **detail)

    def _note_wait(self, order: DialOrder, step: Wait) -> None:
        key = (order.booking_id, order.planned_start)
        if step.why == "the room is in another call" and self._waiting.get(key) != step.why:
            self._note("dial.waiting", order, reason=f"{step.why}; busy = wait")
        self._waiting[key] = step.why


_CONCLUDED = {
    AttemptState.MISSED: "dial.missed",
    AttemptState.SKIPPED: "dial.skipped",
    AttemptState.REFUSED: "dial.refused",
    AttemptState.ENDED: "dial.ended",
    AttemptState.PRESENT: "dial.not_needed",
}


def _bare_booking(order: DialOrder) -> Booking:
    """When the screen does not list the meeting (one_touch_join off): enough for the unit to keep the id."""
    end = order.leave_at or order.planned_start + timedelta(minutes=1)
    return Booking(order.booking_id, "", order.planned_start, max(end, order.planned_start), address=order.address)


def _add(wakes: list[datetime], wake: datetime | None) -> None:
    if wake is not None:
        wakes.append(wake)
