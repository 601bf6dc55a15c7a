"""Ends our calls on one unit: at their time, for as long as it takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from connector import events
from connector.clock import Clock
from connector.engine.attempt_rows import AttemptRows
from connector.engine.driver_session import DriverSession
from connector.engine.recorder import Recorder
from connector.engine.unit_calls import UnitCalls
from connector.model import Attempt, AttemptState, DialOrder, Left
from connector.planning.dialing import Done, Gone, HangUp, ReadCalls, Stay, Wait, leave_step
from connector.planning.whose_call import Calls, of_meeting, ours
from connector.retry import backoff
from device_drivers.api import CallRef, CallState, Driver, DriverError, HangsUp, offered

_TRIES = timedelta(hours=12)  # after that a call that cannot be ended is left to people
_LINGERS = timedelta(minutes=1)  # people may take their leave: after that a call that they joined overruns
_JOINED_TRIES = timedelta(minutes=30)  # how long a unit is asked for a call that is not ours
_SLOWEST = timedelta(seconds=30)  # a unit that comes back with our call up leaves within this


class Leaver:
    """``StoreError`` and ``OwnershipLost`` come out of every verb; what a unit answers never does."""

    def __init__(
        self, session: DriverSession, calls: UnitCalls, rows: AttemptRows, *, clock: Clock, recorder: Recorder
    ) -> None:
        self._session = session
        self._calls = calls
        self._rows = rows
        self._clock = clock
        self._recorder = recorder
        self._failures = 0
        self._error = ""  # the log has it: one line for one trouble

    async def leave(
        self, attempt: Attempt, next_orders: Sequence[DialOrder], ends_at: datetime | None
    ) -> datetime | None:
        """As far as it goes now; returns when to come again. ``next_orders``, ``ends_at``: as for ``leave_step``."""
        for _ in range(5):
            now = self._clock.now()
            lost = [each for each in self._rows.of(attempt.key) if each.state is AttemptState.ABSENT]
            match leave_step(attempt, lost, next_orders, self._calls_of(attempt), now, ends_at=ends_at):
                case Done():
                    return None
                case Wait() | Stay() as step:
                    return max(step.until, now + timedelta(milliseconds=100))
                case Gone():
                    await self.left(attempt, "gone", "the call had ended already")
                    return None
                case ReadCalls():
                    if await self._calls.read(finishing=True) is not None:
                        return await self._later(attempt)
                case HangUp() as step:
                    if not await self.hung_up(step.calls):
                        return await self._later(attempt)
                    await self.left(attempt, step.how, step.why)
                    return None
        return self._clock.now() + timedelta(seconds=1)

    async def hung_up(self, calls: Sequence[CallRef], *, finishing: bool = True) -> bool:
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

    async def left(self, attempt: Attempt, how: Left, why: str) -> None:
        self._failures, self._error = 0, ""
        event = _LEFT[how](room=attempt.room, booking=attempt.booking_id, reason=why)
        await self._rows.leave(attempt, how, event)

    async def joined(self, attempt: Attempt, *, ends_it: bool) -> datetime | None:
        """A call that somebody made in a booking of ours, at its end: ended by the policy (``ends_it``), else told of
        when it stays. Returns when to come again."""
        now = self._clock.now()
        if attempt.leave_at is None or now < attempt.leave_at:
            return attempt.leave_at
        calls = await self._read(attempt.leave_at + _JOINED_TRIES)
        if isinstance(calls, datetime):
            return calls
        call = _still_up(calls, attempt) if calls is not None else None
        if call is None:
            await self._rows.leave(attempt, "gone")
            return None
        if ends_it:
            if not await self.hung_up((call,), finishing=False):
                return await self._later(attempt)
            await self.left(attempt, "done", "the meeting is over, and leave_joined = booked")
            return None
        if now < attempt.leave_at + _LINGERS:
            return attempt.leave_at + _LINGERS
        await self.left(
            attempt, "overran", "somebody joined by hand, and the call is still up; later dials wait for it"
        )
        return None

    async def change_over(self, attempt: Attempt) -> datetime | None:
        """Leave the call of a meeting that has another address now. Returns when to come again."""
        calls = await self._read(self._clock.now() + _JOINED_TRIES)
        if isinstance(calls, datetime):
            return calls
        own = ours(calls, (attempt,)) if calls is not None else ()
        if not own and calls is not None:
            await self.left(attempt, "gone", "the call had ended already")
        elif await self.hung_up(own or (self._stated(attempt),)):
            await self.left(attempt, "moved", "the meeting has another address now, and new_address = change")
        else:
            return await self._later(attempt)
        return None

    async def end_now(self, *, anybodys: bool) -> tuple[str, bool]:
        """Somebody asks for it: our call, and with ``anybodys`` each other one. The sentence, and whether it failed."""
        self._calls.changed()
        calls = None
        if self._calls.listed:
            await self._calls.read(finishing=True)
            calls = self._calls.fresh()
            if calls is None:
                return f"The unit's calls cannot be read: {self._calls.error}", True
        ended = 0
        for attempt in self._rows.live:
            own = ours(calls, (attempt,)) if calls is not None else (self._stated(attempt),)
            if own and not await self.hung_up(own):
                return f"The unit did not hang up: {self._calls.error}", True
            await self.left(attempt, "done" if own else "gone", "somebody asked for it")
            ended += len(own)
        ids = {call.id for call in ours(calls, self._rows.all)} if calls is not None and ended else set()
        others = [call for call in calls.live if call.id not in ids] if calls is not None else []
        if others and not anybodys:
            also = "The room is in a call that is not ours; --any ends it, too."
            return (f"Our call is ended. {also}", False) if ended else (also, True)
        if others and not await self.hung_up(others, finishing=False):
            return f"The unit did not hang up: {self._calls.error}", True
        count = ended + len(others)
        words = {0: "The room is in no call.", 1: "The call is ended."}
        return words.get(count, f"{count} calls are ended."), False

    async def _read(self, until: datetime) -> Calls | datetime | None:
        """The calls, or when to try again; None when they cannot be had, or were not until then."""
        if not self._calls.listed:
            return None
        again = await self._calls.read(finishing=True)
        if again is not None and self._clock.now() < until:
            return max(again, self._clock.now() + timedelta(seconds=1))
        return self._calls.fresh()

    def _calls_of(self, attempt: Attempt) -> Calls | None:
        """A unit that cannot list calls is told to end the one it gave us an id for."""
        if self._calls.listed:
            return self._calls.fresh()
        return self._calls.stated(self._stated(attempt))

    def _stated(self, attempt: Attempt) -> CallRef:
        return CallRef(attempt.call_id or "", CallState.CONNECTED, attempt.address, attempt.booking_id)

    async def _later(self, attempt: Attempt) -> datetime | None:
        """The unit does not answer, or does not hang up: that is told once, and tried until it does."""
        now, why = self._clock.now(), self._calls.error
        if attempt.leave_at is not None and now > attempt.leave_at + _TRIES:
            await self.left(attempt, "failed", f"{why}; it is not tried any more")
            return None
        if why != self._error:
            self._error = why
            self._recorder.publish(events.LeaveFailed(room=attempt.room, booking=attempt.booking_id, reason=why))
        self._failures += 1
        return now + backoff(self._failures, first=timedelta(seconds=2), slowest=_SLOWEST)


def _still_up(calls: Calls, attempt: Attempt) -> CallRef | None:
    """The call that somebody joined; one that began after the meeting's end is for another time of it."""
    call = of_meeting(calls, attempt.booking_id, attempt.address)
    began = calls.began(call) if call is not None else None
    return None if began is not None and attempt.leave_at is not None and began > attempt.leave_at else call


_LEFT: dict[Left, type[events.CallOutcome]] = {
    "done": events.LeaveDone,
    "gone": events.LeaveAlreadyGone,
    "stay": events.LeaveStay,
    "failed": events.LeaveFailed,
    "switched": events.LeaveSwitched,
    "moved": events.LeaveMoved,
    "overran": events.CallOverruns,
}


async def _hang_up(call: CallRef, driver: Driver) -> None:
    await offered(driver, HangsUp).hang_up(call)
