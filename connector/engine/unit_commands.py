"""What people ask of a room's unit: push its list, join, leave, dial for a test, and be left alone for a while."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from connector import events
from connector.clock import Clock
from connector.engine.asked import AskedDial, AskedEnd, Tell
from connector.engine.lanes import InUse, Lanes
from connector.engine.recorder import DAEMON, Recorder
from connector.model import DialOrder, RoomId, RoomPlan
from connector.planning.address import call_target, dial_allowed
from connector.store.api import Command, Pause, StoreApi, StoreError
from device_drivers.api import Booking, DialAddress

TEST_CALL = timedelta(seconds=60)
_SOON = timedelta(minutes=30)  # a meeting that begins within this may be joined
_TRIED = timedelta(seconds=15)  # somebody waits for the answer
KINDS = ("pause", "resume", "push", "dial", "hang-up", "test-dial")


class UnitCommands:
    """``recall`` before the rooms get their lanes, ``look`` once a second."""

    def __init__(self, lanes: Lanes, *, clock: Clock, store: StoreApi, recorder: Recorder) -> None:
        self._lanes = lanes
        self._clock = clock
        self._store = store
        self._recorder = recorder
        self._lease = store.calendar_lease(DAEMON)
        self._pauses: dict[RoomId, Pause] = {}
        self._do: Mapping[str, Callable[[InUse, Command, Tell], None]] = MappingProxyType(
            {"push": self._push, "dial": self._dial, "hang-up": self._hang_up, "test-dial": self._test_dial}
        )

    async def recall(self) -> None:
        """The pauses of a run before this one. StoreError."""
        self._pauses = await self._store.pauses()
        for key, pause in self._pauses.items():
            self._lanes.pause(key, pause)

    async def look(self) -> None:
        """Pauses end at their time."""
        now = self._clock.now()
        for key in [key for key, pause in self._pauses.items() if pause.until is not None and pause.until <= now]:
            await self._end_pause(key, "its pause is over")

    async def carry_out(self, command: Command, tell: Tell) -> None:
        """``tell`` is called when something became of it, now or later."""
        key = RoomId(command.target.removeprefix("room:"))
        in_use = self._lanes.of(key)
        if in_use is None:
            tell(f"There is no room {key}, or its unit is not managed.", True)
        elif command.kind == "pause":
            await self._begin_pause(key, command.words, tell)
        elif command.kind == "resume":
            known = key in self._pauses
            if await self._end_pause(key, "somebody asked for it"):
                tell(f"{key} is served again." if known else f"{key} was not paused.", False)
            else:
                tell("The database cannot be written: the room stays as it is.", True)
        else:
            self._do[command.kind](in_use, command, tell)

    # -------------------------------------------------------------------------------- pauses

    async def _begin_pause(self, key: RoomId, words: Mapping[str, str], tell: Tell) -> None:
        until = datetime.fromisoformat(words["until"]).astimezone(UTC) if words.get("until") else None
        pause = Pause(key, self._clock.now(), until, clears=words.get("clear") == "yes")
        event = events.RoomPaused(room=key, until=until, clears=pause.clears or None)
        try:
            await self._recorder.write(self._store.save_pause(self._lease, pause), tells=[event])
        except StoreError:
            tell("The database cannot be written: the room is not paused.", True)
            return
        self._pauses[key] = pause
        self._lanes.pause(key, pause)
        how = "its screen is emptied" if pause.clears else "its screen stays as it is"
        tell(f"{key} is paused: {how}, and it does not dial by itself. A call that is up is left at its time.", False)

    async def _end_pause(self, key: RoomId, why: str) -> bool:
        """False when the database cannot be written: it is tried again."""
        tells = [events.RoomResumed(room=key, reason=why)] if key in self._pauses else []
        try:
            await self._recorder.write(self._store.drop_pause(self._lease, key), tells=tells)
        except StoreError:
            return False
        self._pauses.pop(key, None)
        self._lanes.pause(key, None)
        return True

    # -------------------------------------------------------------------------------- screen and calls

    def _push(self, in_use: InUse, command: Command, tell: Tell) -> None:
        in_use.pusher.push_now(tell)

    def _hang_up(self, in_use: InUse, command: Command, tell: Tell) -> None:
        take = self._store.take(in_use.lease, command, self._clock.now())
        in_use.dialer.ask(AskedEnd(command.words.get("any") == "yes", take, tell))

    def _dial(self, in_use: InUse, command: Command, tell: Tell) -> None:
        now = self._clock.now()
        booking = _to_join(in_use.plan, now)
        if booking is None or booking.address is None:
            minutes = round(_SOON.total_seconds() / 60)
            tell(f"No meeting that can be dialled runs, or begins within {minutes} minutes.", True)
            return
        key = f"{booking.service}:{booking.meeting_id}" if booking.service and booking.meeting_id else ""
        leave_at = booking.end + in_use.room.policy.leave_after
        order = _order(booking.id, booking.address, now, leave_at, key, booking.end)
        self._ask(in_use, command, order, lambda sentence, failed: tell(f"{booking.title}: {sentence}", failed))

    def _test_dial(self, in_use: InUse, command: Command, tell: Tell) -> None:
        now, text = self._clock.now(), command.words.get("address", "")
        address = address_of(text)
        allowed, why = dial_allowed(address.address, in_use.room.policy)
        if not allowed:
            tell(f"It was not dialled: {why}.", True)
            return
        seconds = round(TEST_CALL.total_seconds())
        order = _order(f"9{command.id:017d}"[:18], address, now, now + TEST_CALL, "", now + TEST_CALL)

        def told(sentence: str, failed: bool) -> None:
            tell(sentence if failed else f"{sentence} It is ended {seconds} s after its dial.", failed)

        self._ask(in_use, command, order, told)

    def _ask(self, in_use: InUse, command: Command, order: DialOrder, tell: Tell) -> None:
        in_use.dialer.ask(AskedDial(order, self._store.take(in_use.lease, command, self._clock.now()), tell))


def address_of(text: str) -> DialAddress:
    """``sip:…``, ``h323:…``, or the bare address: with an @ it is SIP."""
    scheme, colon, rest = text.strip().partition(":")
    if colon and scheme.lower() in ("sip", "sips"):
        return DialAddress("sip", rest)
    if colon and scheme.lower() == "h323":
        return DialAddress("h323", rest)
    return DialAddress("sip" if "@" in text else "h323", text.strip())


def _order(
    booking: str, address: DialAddress, now: datetime, leave_at: datetime, meeting_key: str, end: datetime
) -> DialOrder:
    """Its key is of this moment: what the plan did with the same booking is another matter."""
    number, host = call_target(address.address)
    return DialOrder(
        booking_id=booking,
        planned_start=now,
        dial_at=now,
        give_up_at=now + _TRIED,
        leave_at=leave_at,
        address=address,
        meeting_key=meeting_key or f"{number}@{host}",
        end=end,
    )


def _to_join(plan: RoomPlan | None, now: datetime) -> Booking | None:
    """The one that runs and began last, else the next that begins soon."""
    known = [b for b in (plan.bookings.bookings if plan is not None else ()) if b.address is not None and b.end > now]
    running = [booking for booking in known if booking.start <= now]
    if running:
        return max(running, key=lambda booking: (booking.start, booking.id))
    soon = [booking for booking in known if booking.start <= now + _SOON]
    return min(soon, key=lambda booking: (booking.start, booking.id), default=None)
