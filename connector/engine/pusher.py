"""The screen lane of one room: keep what the unit shows equal to the plan."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from connector.clock import WakeUp
from connector.engine.driver_session import DriverSession, NotAllowed, Tools
from connector.model import RoomPlan
from connector.planning.reconcile import Push, reconcile
from connector.retry import backoff
from connector.store.store import RoomRow
from connector.store.writer import StoreError
from device_drivers.api import (
    Capability,
    CredentialsRejected,
    DeviceBusy,
    DeviceInfo,
    DeviceUnreachable,
    DriverError,
    NotSupported,
    Receipt,
    UnexpectedReply,
    UntrustedCertificate,
)

_SLOWEST_UNREACHABLE = timedelta(seconds=30)  # a unit that comes back is served within this
_REFUSED = timedelta(seconds=30)  # how often a corrected secret is looked for; the unit itself is not asked


class Pusher:
    """One task. ``offer`` a plan, ``look`` to verify now; everything else follows from clock and unit."""

    def __init__(self, unit: DriverSession, row: RoomRow, tools: Tools, limiter: asyncio.Semaphore) -> None:
        self._unit = unit
        self._tools = tools
        self._limiter = limiter
        self._plan: RoomPlan | None = None
        self.receipt: Receipt | None = row.receipt
        self._wake_up = WakeUp(tools.clock)
        self._verify_at = tools.clock.now()  # what the unit shows is unknown after a start
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
        self._verify_at = self._tools.clock.now()
        self._retry_at = None
        self._wake_up.ring()

    async def run(self) -> None:
        while True:
            await self._wake_up.wait(await self._step())

    async def _step(self) -> datetime | None:
        """Do what is due; returns when to wake again."""
        if self._retry_at is not None and self._tools.clock.now() < self._retry_at:
            return self._retry_at
        try:
            async with self._limiter:
                await self._work()
        except DriverError as error:
            self._retry_at = self._tools.clock.now() + self._pause(error)
            self._note_failure(error)
            return self._retry_at
        self._failures, self._failing, self._retry_at = 0, "", None
        return self._verify_at

    async def _work(self) -> None:
        now = self._tools.clock.now()
        verify = now >= self._verify_at
        shown = None
        if verify:
            before = self._unit.info
            await self._unit.probe()
            self._forget_after_reboot(before)
            shown = await self._shown()
        plan = self._plan
        if plan is None or not self._shows_bookings():
            self._verify_at = now + self._tools.options.verify_every if verify else self._verify_at
            return
        action = reconcile(plan, self.receipt, shown, now)
        if isinstance(action, Push):
            await self._push(plan, action, shown)
        elif verify:
            self._verified(now, asked=shown is not None)

    def _shows_bookings(self) -> bool:
        """With one_touch_join off the screen is somebody else's, once the buttons that we put there are gone."""
        if Capability.PUSH not in self._unit.capabilities:
            return False
        return self._unit.room.policy.one_touch_join or bool(self.receipt and self.receipt.accepted)

    def _forget_after_reboot(self, before: DeviceInfo | None) -> None:
        if self._unit.rebooted(before):
            self.receipt = None
            self._tools.journal.note("unit.rebooted", self._unit.room.id)

    async def _shown(self) -> frozenset[str] | None:
        if self.receipt is None or Capability.SHOWN not in self._unit.capabilities:
            return None
        return await self._unit.run(lambda driver: driver.shown())

    async def _push(self, plan: RoomPlan, action: Push, shown: frozenset[str] | None) -> None:
        room, store, options = self._unit.room.id, self._tools.store, self._tools.options
        if action.reason == "differs" and not self._differed:
            self._tools.journal.note("screen.differs", room, reason=action.detail)
        with suppress(StoreError):  # who killed us before that would see an older list come back for a moment
            await store.write()
        receipt = await self._unit.run(lambda driver: driver.push(action.bookings))
        now = self._tools.clock.now()
        self.receipt = receipt
        store.post(store.received(room, receipt, now))
        self._tools.journal.note(
            "screen.pushed",
            room,
            reason=action.reason,
            bookings=len(receipt.accepted),
            left_off=len(receipt.left_off),
            how=receipt.note,
        )
        # A unit that keeps showing something else is told every verify_every, not in a tight loop.
        repeated = action.reason == "differs" and self._differed
        self._differed = action.reason == "differs"
        self._verify_at = now + (options.verify_every if repeated else options.verify_after_push)

    def _verified(self, now: datetime, *, asked: bool) -> None:
        self._verify_at = now + self._tools.options.verify_every
        if self._differed and asked:
            self._tools.journal.note("screen.verified", self._unit.room.id)
        self._differed = False
        if asked:
            self._tools.store.post(self._tools.store.verified(self._unit.room.id, now))

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
            told = str(error) == self._unit.detail  # by the unit's own event, a moment ago
            reason = "the unit's state says why; its last list stays" if told else str(error)
            self._tools.journal.note("screen.push_failed", self._unit.room.id, error=kind, reason=reason)
