"""Lets a unit go that no room has any more: ends our call on it, takes our list from its screen, and forgets it."""

from __future__ import annotations

from datetime import timedelta

from connector import events
from connector.clock import Clock, sleep, sleep_until
from connector.engine.dialer import Dialer
from connector.engine.driver_session import DriverSession
from connector.engine.recorder import Recorder
from connector.model import UnitState
from connector.retry import backoff
from connector.store.api import StoreApi, UnitLease
from device_drivers.api import BookingList, DriverError, Shows, UnitProtocol, offered

_TRIES = timedelta(hours=12)  # as long as leaving a call is tried
_SLOWEST = timedelta(minutes=5)


class Retirement:
    """One task a unit. It speaks to it with what its row held.

    ``at_once``: another unit has its place now, so our call ends and its list goes. Else the call ends at its time and
    the screen stays as it is: a row that went away may be a mistake.
    """

    def __init__(
        self,
        session: DriverSession,
        dialer: Dialer,
        lease: UnitLease,
        *,
        at_once: bool,
        shows_ours: bool,
        clock: Clock,
        store: StoreApi,
        recorder: Recorder,
    ) -> None:
        """``shows_ours``: its receipt says that it shows bookings of ours."""
        self._session = session
        self._dialer = dialer
        self._lease = lease
        self._at_once = at_once
        self._clears = at_once and shows_ours
        self._clock = clock
        self._store = store
        self._recorder = recorder
        self._give_up_at = clock.now() + _TRIES
        self._told = ""
        self._announced = False

    async def run(self) -> None:
        """Returns when nothing of ours is left on the unit, or nobody can say. StoreError, OwnershipLost."""
        try:
            await self._let_go()
        finally:  # also when it is stopped half-way: a session that stays open is one less on the unit
            await self._session.close()
        now = self._clock.now()
        await self._recorder.write(self._store.save_unit_state(self._lease, UnitState.GONE, now))

    async def _let_go(self) -> None:
        if not (self._dialer.live or self._clears):
            return
        if not self._announced:
            self._announced = True
            self._recorder.publish(events.UnitRetiring(room=self._session.room.id, reason=self._plan()))
        if await self._answers():
            await self._leave()
            await self._clear()

    def _plan(self) -> str:
        if self._at_once:
            return f"another unit has its place: what is ours on {self._where} is ended"
        return f"its row is gone: our call on {self._where} is ended at its time"

    async def _answers(self) -> bool:
        """False when it could not be reached for as long as is tried, or another unit answers in its place."""
        failures = 0
        while self._clock.now() < self._give_up_at:
            try:
                info = await self._session.probe()
            except DriverError as error:
                failures += 1
                self._tell(f"{self._where} cannot be told to let go: {error}")
                await sleep(self._clock, backoff(failures, first=timedelta(seconds=2), slowest=_SLOWEST))
                continue
            if not self._session.is_another(info):
                return True
            await self._dialer.give_up("another unit answers at its address")
            self._tell(f"{self._where} is another one now: what was ours on the one before is not known")
            return False
        return False

    @property
    def _where(self) -> str:
        return f"the unit at {self._session.room.ip_address}"

    async def _leave(self) -> None:
        if self._at_once:
            await self._dialer.leave_now()
        while self._dialer.live:
            again = await self._dialer.step()
            if again is None:
                return  # no attempt has a time to leave: auto_leave is off
            await sleep_until(self._clock, again)

    async def _clear(self) -> None:
        failures = 0
        while self._clears and self._session.facts.can(UnitProtocol.SHOWS):
            try:
                await self._session.run(lambda driver: offered(driver, Shows).push(BookingList()))
                await self._recorder.write(self._store.save_receipt(self._lease, None, self._clock.now()))
                return
            except DriverError as error:
                failures += 1
                if self._clock.now() > self._give_up_at:
                    return
                self._tell(f"{self._where} may still show our buttons: {error}")
            await sleep(self._clock, backoff(failures, first=timedelta(seconds=5), slowest=_SLOWEST))

    def _tell(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            self._recorder.publish(events.UnitLeftBehind(room=self._session.room.id, reason=reason))
