"""What a simulated Cisco unit is and remembers. No sockets here: tests assert on this."""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from device_drivers.api import CallState
from device_drivers.sip_agent.api import SipCall
from device_drivers.testing.simulator import ScreenLine, SimulatedCall

_NEVER = datetime.min.replace(tzinfo=UTC)

Role = Literal["admin", "user", "integrator", "roomcontrol"]


@dataclass(frozen=True, slots=True)
class Firmware:
    """How one family differs, as far as the driver can notice."""

    version: str  # as Software/Version says it
    sessions: bool  # TC: the session path leads to the login page
    put: bool
    put_needs_webex: bool  # CE 9.15's and RoomOS 10's wording
    teams: bool  # knows Status/MicrosoftTeams
    rate_limit: bool  # documented for RoomOS 10 and later
    lock_out: bool  # from 26.2: five failures, five minutes
    command_attribute: bool  # command="True" required
    empty_reply_for_unknown_argument: bool
    bookings_reply: str  # body of a successful POST /bookingsputxml


FIRMWARE = {
    "tc7.3": Firmware("TC7.3.9.0a1b2c3", False, False, False, False, False, False, True, True, ""),
    "ce9.15": Firmware("ce9.15.17.4.0a1b2c3d4e5", True, True, True, False, False, False, False, False, ""),
    "roomos10": Firmware("ce10.19.4.2.0a1b2c3d4e5", True, True, True, False, True, False, False, False, "<success/>"),
    "roomos11": Firmware("ce11.24.4.1.0a1b2c3d4e5", True, True, False, True, True, False, False, False, "<success/>"),
    "roomos26": Firmware("ce26.4.1.0.0a1b2c3d4e5", True, True, False, True, True, True, False, False, "<success/>"),
}

LOCK_OUT_FAILURES = 5
LOCK_OUT = timedelta(minutes=5)
MAX_SESSIONS = 20  # MaxTotalSessions and MaxSessionsPerUser


@dataclass(frozen=True, slots=True)
class ListedBooking:
    """As a codec stores it. ``number`` is "" for a booking without a call."""

    id: str
    title: str
    start: datetime
    end: datetime
    start_buffer: int = 300  # seconds
    end_buffer: int = 0  # seconds
    number: str = ""
    protocol: str = "SIP"
    private: bool = False


@dataclass(slots=True)
class Call:
    """``status`` is xAPI's word (Dialling, Ringing, Connected, ...); "" once the call is gone."""

    id: int
    remote: str
    protocol: str
    booking_id: str
    outgoing: bool
    status: str
    started: datetime
    sip: SipCall | None = None
    sip_status: int = 0
    reason: str = ""
    was_connected: bool = False

    @property
    def live(self) -> bool:
        return bool(self.status)

    def seen(self) -> SimulatedCall:
        state = CallState.ENDED
        if self.live:
            state = CallState.CONNECTED if self.status in ("Connected", "OnHold") else CallState.DIALLING
        return SimulatedCall(str(self.id), self.remote, state, self.booking_id or None, self.sip_status, self.reason)


@dataclass(slots=True)
class State:
    """``now`` is the world's clock; the unit's own is ``skew`` away from it."""

    now: Callable[[], datetime]
    firmware: Firmware
    name: str
    username: str
    password: str = field(repr=False)
    role: Role = "admin"
    product: str = "Cisco Webex Room Kit"
    serial_number: str = "FOC0000X000"
    webex_registered: bool = False
    teams_mode: bool = False
    skew: timedelta = timedelta(0)
    bookings: tuple[ListedBooking, ...] = ()
    calls: list[Call] = field(default_factory=list)  # every call ever, live ones included
    sessions: set[str] = field(default_factory=set)
    sessions_begun: int = 0
    failures: deque[datetime] = field(default_factory=lambda: deque(maxlen=LOCK_OUT_FAILURES))
    login_attempts: int = 0  # refused ones
    requests: int = 0
    seen: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=50))  # (method, path), the last ones
    booted: datetime = _NEVER
    next_call: int = 3  # real ids grow and do not begin at 1

    @property
    def clock(self) -> datetime:
        return self.now() + self.skew

    # -------------------------------------------------------------------------------- signing in

    @property
    def locked(self) -> bool:
        full = len(self.failures) == LOCK_OUT_FAILURES
        return self.firmware.lock_out and full and self.now() - self.failures[-1] < LOCK_OUT

    def accepts(self, username: str, password: str) -> bool:
        """Counts a refusal; a locked account refuses the right password too."""
        if not self.locked and (username, password) == (self.username, self.password):
            self.failures.clear()
            return True
        if not self.locked:
            self.failures.append(self.now())
        self.login_attempts += 1
        return False

    # -------------------------------------------------------------------------------- what is seen and pressed

    def screen(self) -> tuple[ScreenLine, ...]:
        """Bookings that are not over by the unit's own clock, by start; the button appears with the start buffer."""
        now = self.clock
        lines = []
        for b in sorted(self.bookings, key=lambda b: (b.start, b.id)):
            opens, closes = b.start - timedelta(seconds=b.start_buffer), b.end + timedelta(seconds=b.end_buffer)
            if now < closes:
                button = b.number if b.number and opens <= now else None
                lines.append(ScreenLine(b.id, b.title, b.start, b.end, button))
        return tuple(lines)

    def live_calls(self) -> list[Call]:
        return [c for c in self.calls if c.live]

    def new_call(self, remote: str, protocol: str, booking_id: str, *, outgoing: bool, status: str) -> Call:
        call = Call(self.next_call, remote, protocol, booking_id, outgoing, status, self.clock)
        self.next_call += 1
        self.calls.append(call)
        return call

    def end_call(self, call: Call, reason: str, *, sip_status: int = 0) -> None:
        if call.live:
            call.status, call.reason, call.sip_status = "", reason, sip_status

    def forget_at_boot(self, *, keeps_list: bool) -> None:
        """Sessions and calls never survive; whether bookings do is not documented, in the field they are lost."""
        if not keeps_list:
            self.bookings = ()
        self.sessions.clear()
        for call in self.live_calls():
            self.end_call(call, "the unit lost power")


class Budget:
    """A unit's own rate limit: it serves ``per_second`` and lets ``queue`` requests wait; the next one gets 503."""

    def __init__(self, per_second: int, queue: int) -> None:
        self._interval = 1 / per_second
        self._longest = queue * self._interval
        self._free_at = -math.inf

    def wait(self, now: float) -> float | None:
        """Seconds until this request is served, None when the queue is full."""
        start = max(self._free_at, now)
        if start - now > self._longest:
            return None
        self._free_at = start + self._interval
        return start - now


_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


def stamp(text: str) -> datetime:
    """UTC as the xAPI writes it; ValueError for anything else."""
    if not _STAMP.fullmatch(text):
        raise ValueError(f"not a UTC time: {text}")
    return datetime.fromisoformat(re.sub(r"\.\d+", "", text))
