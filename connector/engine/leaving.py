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
from connector.planning import attempts as transition
from connector.planning.dialing import Done, Gone, HangUp, ReadCalls, Stay, Wait, leave_step
from connector.planning.whose_call import Calls
from connector.retry import backoff
from device_drivers.api import CallRef, CallState, Driver, DriverError, HangsUp, offered

_TRIES = timedelta(hours=12)  # after that a call that cannot be ended is left to people
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
        await self._rows.write(transition.left(attempt, how, self._clock.now()), event)

    def _calls_of(self, attempt: Attempt) -> Calls | None:
        """A unit that cannot list calls is told to end the one it gave us an id for."""
        if self._calls.listed:
            return self._calls.fresh()
        return self._calls.stated(
            CallRef(attempt.call_id or "", CallState.CONNECTED, attempt.address, attempt.booking_id)
        )

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
