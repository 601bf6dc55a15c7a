"""The screen lane of one room: keep what the unit shows equal to the plan."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from connector import events
from connector.clock import Clock, WakeUp
from connector.engine.asked import Tell
from connector.engine.driver_session import DriverSession, NotAllowed
from connector.engine.limiter import PriorityLimiter
from connector.engine.options import Options
from connector.engine.recorder import Recorder
from connector.model import RoomPlan
from connector.planning.reconcile import Push, reconcile
from connector.redaction import foreign_text
from connector.retry import backoff
from connector.store.api import Pause, StoreApi, StoreError, UnitLease
from device_drivers.api import (
    BookingList,
    CredentialsRejected,
    DeviceBusy,
    DeviceInfo,
    DeviceUnreachable,
    DriverError,
    NotSupported,
    Receipt,
    Shows,
    TellsShown,
    UnexpectedReply,
    UnitProtocol,
    UntrustedCertificate,
    offered,
)

_SLOWEST_UNREACHABLE = timedelta(seconds=30)  # a unit that comes back is served within this
_REFUSED = timedelta(seconds=30)  # how often a corrected secret is looked for; the unit itself is not asked


class Pusher:
    """One task. ``offer`` a plan, ``look`` to verify now; everything else follows from clock and unit."""

    def __init__(
        self,
        session: DriverSession,
        receipt: Receipt | None,
        lease: UnitLease,
        limiter: PriorityLimiter,
        *,
        clock: Clock,
        store: StoreApi,
        recorder: Recorder,
        options: Callable[[], Options],
    ) -> None:
        """``receipt``: what the unit acknowledged last, as the store has it."""
        self._session = session
        self._lease = lease
        self._limiter = limiter
        self._clock = clock
        self._store = store
        self._recorder = recorder
        self._options = options
        self._plan: RoomPlan | None = None
        self.receipt = receipt
        self._wake_up = WakeUp(clock)
        self._verify_at = clock.now()  # what the unit shows is unknown after a start
        self._retry_at: datetime | None = None
        self._failures = 0
        self._failing = ""  # the class of the last failure: one log line per change
        self._differed = False
        self._paused: Pause | None = None
        self._asked: list[Tell] = []

    def offer(self, plan: RoomPlan) -> None:
        if self._plan is None or plan.digest != self._plan.digest:
            if self._failing == "DeviceUnreachable":
                self._retry_at = None  # news is worth a try
            self._wake_up.ring()
        self._plan = plan

    def pause(self, pause: Pause | None) -> None:
        """Nothing is pushed meanwhile, but for the one empty list where the pause clears the screen."""
        self._paused = pause
        self._retry_at = None
        self._wake_up.ring()

    def push_now(self, asked: Tell) -> None:
        """Somebody wants the whole list pushed, whatever the unit acknowledged before."""
        self._asked.append(asked)
        self.receipt = None
        self.look()

    def look(self) -> None:
        """Verify now: somebody said that the unit changed."""
        self._verify_at = self._clock.now()
        self._retry_at = None
        self._wake_up.ring()

    async def run(self) -> None:
        try:
            while True:
                await self._wake_up.wait(await self._step())
        finally:
            self._answer("The room's row or unit was changed meanwhile.", True)

    def _answer(self, sentence: str, failed: bool) -> None:
        asked, self._asked = self._asked, []
        for tell in asked:
            tell(sentence, failed)

    async def _step(self) -> datetime | None:
        """Do what is due; returns when to wake again."""
        if self._retry_at is not None and self._clock.now() < self._retry_at:
            return self._retry_at
        try:
            async with self._limiter.taken(id(self), urgent=False):
                await self._work()
        except DriverError as error:
            self._retry_at = self._clock.now() + self._pause(error)
            self._note_failure(error)
            self._answer(f"The unit did not take its list: {error}", True)
            return self._retry_at
        self._failures, self._failing, self._retry_at = 0, "", None
        self._answer(*self._pushed())
        return self._verify_at

    async def _work(self) -> None:
        now = self._clock.now()
        verify = now >= self._verify_at
        shown = None
        if verify:
            before = self._session.info
            await self._session.probe()
            self._forget_after_reboot(before)
            shown = await self._shown()
        plan = self._plan
        if self._paused is not None:
            await self._leave_alone(self._paused)
        if plan is None or self._paused is not None or not self._shows_bookings():
            self._verify_at = now + self._options().verify_every if verify else self._verify_at
            return
        action = reconcile(plan, self.receipt, shown, now)
        if isinstance(action, Push):
            await self._push(plan, action, shown)
        elif verify:
            self._verified(now, asked=shown is not None)

    def _pushed(self) -> tuple[str, bool]:
        if self._paused is not None:
            return "The room is paused: nothing was pushed.", True
        if not self._shows_bookings():
            return "The unit shows no list of ours.", True
        if self.receipt is None:
            return "There is no plan yet: its calendar was not read.", True
        return f"The unit has its list: {len(self.receipt.accepted)} meetings.", False

    def _shows_bookings(self) -> bool:
        """With one_touch_join off the screen is somebody else's, once the buttons that we put there are gone."""
        if not self._session.facts.can(UnitProtocol.SHOWS):
            return False
        return self._session.room.policy.one_touch_join or bool(self.receipt and self.receipt.accepted)

    async def _leave_alone(self, pause: Pause) -> None:
        """A screen that is to be empty is emptied once."""
        if pause.clears and self.receipt is not None and self.receipt.accepted:
            self.receipt = await self._session.run(lambda driver: offered(driver, Shows).push(BookingList()))
            await self._store.write(self._store.save_receipt(self._lease, None, self._clock.now()))

    def _forget_after_reboot(self, before: DeviceInfo | None) -> None:
        if self._session.rebooted(before):
            self.receipt = None
            self._recorder.publish(events.UnitRebooted(room=self._session.room.id))

    async def _shown(self) -> frozenset[str] | None:
        if self.receipt is None or not self._session.facts.can(UnitProtocol.TELLS_SHOWN):
            return None
        return await self._session.run(lambda driver: offered(driver, TellsShown).shown())

    async def _push(self, plan: RoomPlan, action: Push, shown: frozenset[str] | None) -> None:
        room, options = self._session.room.id, self._options()
        if action.reason == "differs" and not self._differed:
            self._recorder.publish(events.ScreenDiffers(room=room, reason=action.detail))
        with suppress(StoreError):  # who killed us before that would see an older list come back for a moment
            await self._store.write()
        receipt = fit_to_keep(await self._session.run(lambda driver: offered(driver, Shows).push(action.bookings)))
        now = self._clock.now()
        self.receipt = receipt
        pushed = events.ScreenPushed(
            room=room,
            reason=action.reason,
            bookings=len(receipt.accepted),
            left_off=len(receipt.left_off),
            how=receipt.note,
        )
        self._recorder.post(self._store.save_receipt(self._lease, receipt, now), tells=[pushed])
        # A unit that keeps showing something else is told every verify_every, not in a tight loop.
        repeated = action.reason == "differs" and self._differed
        self._differed = action.reason == "differs"
        self._verify_at = now + (options.verify_every if repeated else options.verify_after_push)

    def _verified(self, now: datetime, *, asked: bool) -> None:
        self._verify_at = now + self._options().verify_every
        if asked:
            room = self._session.room.id
            again = [events.ScreenVerified(room=room)] if self._differed else []
            self._recorder.post(self._store.save_verified(self._lease, now), tells=again)
        self._differed = False

    def _pause(self, error: DriverError) -> timedelta:
        self._failures += 1
        match error:
            case DeviceBusy():
                return max(error.retry_after, timedelta(seconds=1))
            case CredentialsRejected() | NotAllowed():
                return _REFUSED
            case UntrustedCertificate():
                return backoff(self._failures, first=timedelta(seconds=30))
            case NotSupported():
                return timedelta(hours=1)
            case UnexpectedReply():
                return backoff(self._failures, first=timedelta(seconds=10))
            case DeviceUnreachable() | _:
                return backoff(self._failures, slowest=_SLOWEST_UNREACHABLE)

    def _note_failure(self, error: DriverError) -> None:
        kind = type(error).__name__
        if kind != self._failing:
            self._failing = kind
            told = str(error) == self._session.detail  # by the unit's own event, a moment ago
            if told and not isinstance(error, UnexpectedReply | NotSupported):
                return  # the unit cannot be spoken to: one cause, one warning
            reason = "the unit's state says why; its last list stays" if told else str(error)
            self._recorder.publish(events.ScreenPushFailed(room=self._session.room.id, error=kind, reason=reason))


def fit_to_keep(receipt: Receipt) -> Receipt:
    """Why a unit did not take a meeting is its own sentence."""
    left_off = tuple((booking, foreign_text(reason)) for booking, reason in receipt.left_off)
    return replace(receipt, left_off=left_off, note=foreign_text(receipt.note))
