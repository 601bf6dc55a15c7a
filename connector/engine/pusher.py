"""The screen lane of one room: keep what the unit shows equal to the plan."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from connector import events
from connector.clock import Clock, WakeUp
from connector.engine.driver_session import DriverSession, NotAllowed
from connector.engine.limiter import PriorityLimiter
from connector.engine.options import Options
from connector.engine.recorder import Recorder
from connector.model import RoomPlan
from connector.planning.reconcile import Push, reconcile
from connector.redaction import foreign_text
from connector.retry import backoff
from connector.store.api import StoreApi, StoreError, UnitLease
from device_drivers.api import (
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

    def offer(self, plan: RoomPlan) -> None:
        if self._plan is None or plan.digest != self._plan.digest:
            if self._failing == "DeviceUnreachable":
                self._retry_at = None  # news is worth a try
            self._wake_up.ring()
        self._plan = plan

    def look(self) -> None:
        """Verify now: somebody said that the unit changed."""
        self._verify_at = self._clock.now()
        self._retry_at = None
        self._wake_up.ring()

    async def run(self) -> None:
        while True:
            await self._wake_up.wait(await self._step())

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
            return self._retry_at
        self._failures, self._failing, self._retry_at = 0, "", None
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
        if plan is None or not self._shows_bookings():
            self._verify_at = now + self._options().verify_every if verify else self._verify_at
            return
        action = reconcile(plan, self.receipt, shown, now)
        if isinstance(action, Push):
            await self._push(plan, action, shown)
        elif verify:
            self._verified(now, asked=shown is not None)

    def _shows_bookings(self) -> bool:
        """With one_touch_join off the screen is somebody else's, once the buttons that we put there are gone."""
        if not self._session.facts.can(UnitProtocol.SHOWS):
            return False
        return self._session.room.policy.one_touch_join or bool(self.receipt and self.receipt.accepted)

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
            reason = "the unit's state says why; its last list stays" if told else str(error)
            failed = events.ScreenPushFailed(room=self._session.room.id, error=kind, reason=reason)
            self._recorder.publish(failed)


def fit_to_keep(receipt: Receipt) -> Receipt:
    """Why a unit did not take a meeting is its own sentence."""
    left_off = tuple((booking, foreign_text(reason)) for booking, reason in receipt.left_off)
    return replace(receipt, left_off=left_off, note=foreign_text(receipt.note))
