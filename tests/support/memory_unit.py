"""A room system in memory: the Driver contract without a socket, with every trouble a dial can meet."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from connector.clock import Clock
from device_drivers.api import (
    Booking,
    BookingList,
    CallRef,
    CallState,
    CredentialsRejected,
    DeviceInfo,
    DeviceUnreachable,
    DialAddress,
    DialRefused,
    DriverError,
    DriverManifest,
    DriverPlug,
    Endpoint,
    Receipt,
    UnitFacts,
    UnitProtocol,
)

ALL = UnitFacts(
    frozenset(UnitProtocol) - {UnitProtocol.ARMABLE}, sip=True, h323=True, shows_without_button=True, longest_title=128
)


def without(*protocols: UnitProtocol) -> UnitFacts:
    """Of a unit that can all but these."""
    return replace(ALL, protocols=ALL.protocols - set(protocols))


@dataclass(slots=True)
class MemoryUnit:
    """The state a test asserts on. ``dialled``: (when, address, booking id) of every call ever placed."""

    clock: Clock
    facts: UnitFacts = ALL
    password: str = "right"
    serial_number: str = "S1"
    screen: BookingList = field(default_factory=BookingList)
    calls: dict[str, CallRef] = field(default_factory=dict)
    began: dict[str, datetime] = field(default_factory=dict)
    tells_duration: bool = True
    ended: list[CallRef] = field(default_factory=list)
    dialled: list[tuple[datetime, str, str]] = field(default_factory=list)
    hung_up: list[tuple[datetime, str]] = field(default_factory=list)
    pushes: list[tuple[datetime, BookingList]] = field(default_factory=list)
    logins: int = 0
    on: bool = True
    booted: datetime | None = None
    connects: bool = True  # dialled calls are answered at once
    lose_reply: bool = False  # the next dial takes effect and its answer is lost
    lose_command: bool = False  # the next dial is lost on the way, after it may have left
    refuse_dials: int = 0
    calls_unreadable: bool = False
    push_error: DriverError | None = None
    hold_push: asyncio.Event | None = None
    clock_skew: timedelta = timedelta(0)
    bare: bool = False  # says that it is in a call, and nothing else: no id, no far end, no booking
    most_live: int = 0
    _next: int = 3

    # hands in the room

    def hang_up_by_hand(self) -> None:
        for call in self.calls.values():
            self.ended.append(replace(call, state=CallState.ENDED, by_person=True, cause="LocalDisconnect"))
        self.calls.clear()

    def other_call(self) -> str:
        return self._add("someone@example.test", None).id

    def join_by_hand(self, booking: Booking) -> None:
        assert booking.address is not None
        self._add(booking.address.address, booking.id)

    def late_dial(self, address: str, booking_id: str) -> None:
        """A command that was taken for lost is carried out."""
        self._add(address, booking_id)

    def answer_all(self) -> None:
        self.calls = {k: replace(c, state=CallState.CONNECTED) for k, c in self.calls.items()}

    def far_end_refuses(self, cause: str) -> None:
        for call in self.calls.values():
            self.ended.append(replace(call, state=CallState.ENDED, by_person=False, cause=cause))
        self.calls.clear()

    def reboot(self) -> None:
        self.screen = BookingList()
        self.calls.clear()
        self.booted = self.clock.now()

    def live_of(self, booking_id: str) -> list[CallRef]:
        return [c for c in self.calls.values() if c.booking_id == booking_id]

    def dials_of(self, booking_id: str) -> int:
        return sum(b == booking_id for _, _, b in self.dialled)

    def _add(self, remote: str, booking_id: str | None) -> CallRef:
        self._next += 1
        state = CallState.CONNECTED if self.connects else CallState.DIALLING
        call = CallRef(str(self._next), state, f"sip:{remote}", booking_id)
        self.calls[call.id] = call
        self.began[call.id] = self.clock.now()
        self.most_live = max(self.most_live, len(self.calls))
        return call

    # the plug

    def plug(self) -> DriverPlug:
        manifest = DriverManifest("memory", "In memory", self.facts)
        return DriverPlug(manifest, lambda endpoint: _Driver(self, endpoint))


class _Driver:
    def __init__(self, unit: MemoryUnit, endpoint: Endpoint) -> None:
        self._unit = unit
        self._endpoint = endpoint
        self._logged_in = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._logged_in = False

    async def _reach(self) -> MemoryUnit:
        await asyncio.sleep(0)
        if not self._unit.on:
            raise DeviceUnreachable("connection refused", sent=False)
        if not self._logged_in:
            self._unit.logins += 1
            if self._endpoint.password != self._unit.password:
                raise CredentialsRejected("the unit refused the password")
            self._logged_in = True
        return self._unit

    async def probe(self) -> DeviceInfo:
        unit = await self._reach()
        now = unit.clock.now()
        uptime = now - unit.booted if unit.booted else now - datetime(2030, 1, 1, tzinfo=now.tzinfo)
        return DeviceInfo(
            "Memory", "1.0", unit.serial_number, unit.facts, now + unit.clock_skew, uptime, bool(unit.calls)
        )

    async def push(self, bookings: BookingList) -> Receipt:
        unit = await self._reach()
        if unit.hold_push is not None:
            await unit.hold_push.wait()
        if unit.push_error is not None:
            raise unit.push_error
        unit.screen = bookings
        unit.pushes.append((unit.clock.now(), bookings))
        return Receipt(bookings.digest, bookings.ids)

    async def shown(self) -> frozenset[str]:
        unit = await self._reach()
        return frozenset(b.id for b in unit.screen.bookings if b.end > unit.clock.now())

    async def dial(self, address: DialAddress, booking: Booking) -> CallRef:
        unit = await self._reach()
        if unit.refuse_dials:
            unit.refuse_dials -= 1
            raise DialRefused("the unit refused", cause="busy")
        if unit.lose_command:
            unit.lose_command = False
            raise DeviceUnreachable("no answer")
        unit.dialled.append((unit.clock.now(), address.address, booking.id))
        call = unit._add(address.address, booking.id)
        if unit.lose_reply:
            unit.lose_reply = False
            raise DeviceUnreachable("no answer")
        return replace(call, id="current", remote="", booking_id=None) if unit.bare else call

    async def hang_up(self, call: CallRef) -> None:
        unit = await self._reach()
        unit.hung_up.append((unit.clock.now(), call.id))
        if unit.bare:
            unit.calls.clear()
        unit.calls.pop(call.id, None)

    async def calls(self) -> tuple[CallRef, ...]:
        unit = await self._reach()
        if unit.calls_unreadable:
            raise DeviceUnreachable("no answer")
        if unit.bare:
            return tuple(CallRef("current", call.state) for call in list(unit.calls.values())[:1])
        now = unit.clock.now()
        lasting = (replace(c, duration=now - unit.began[c.id]) for c in unit.calls.values())
        return (*(lasting if unit.tells_duration else unit.calls.values()), *unit.ended)
