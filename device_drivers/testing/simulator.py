"""What every simulator offers, whatever the vendor: a real socket, a screen, hands, and known troubles.

A driver's simulator is built from three parts (Service: the socket; State: what tests assert on;
UseCases: what people and the field do to it). This protocol is the vendor-free view of them that the
conformance suite, the demo and the benchmarks use.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from device_drivers.api import CallState, Endpoint


@dataclass(frozen=True, slots=True)
class ScreenLine:
    """One line that a person in the room sees."""

    booking_id: str
    title: str
    start: datetime
    end: datetime
    button: str | None  # what the Join button dials; None: no button


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    call_id: str
    remote: str
    state: CallState
    booking_id: str | None
    status: int = 0  # final SIP status when it ended unanswered
    reason: str = ""


class SimulatedUnit(Protocol):
    """Started by entering, stopped by leaving. ``endpoint`` is how a driver reaches it."""

    @property
    def endpoint(self) -> Endpoint: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    # State
    def screen(self) -> tuple[ScreenLine, ...]: ...

    def live_calls(self) -> tuple[SimulatedCall, ...]: ...

    def call_log(self) -> tuple[SimulatedCall, ...]:
        """Every call ever placed or received, live ones included: "never dial twice" is asserted on it."""
        ...

    # UseCases: hands in the room
    async def press_join(self, booking_id: str) -> None: ...

    async def hang_up_by_hand(self) -> None: ...

    async def start_other_call(self, remote: str = "someone@example.test") -> None:
        """The room is busy in a call of its own (no SIP needed)."""
        ...

    # UseCases: troubles
    async def power(self, on: bool) -> None:
        """Off: connections are refused and calls drop. On: back with the same address and certificate."""
        ...

    async def reboot(self, *, keeps_list: bool = False) -> None: ...

    def set_password(self, password: str) -> None:
        """The unit's password changes; what a driver was given becomes stale."""
        ...

    def set_latency(self, seconds: float) -> None:
        """Every reply waits this long."""
        ...

    def set_busy(self, busy: bool) -> None:
        """Every request is answered "too busy" (503 or the vendor's form)."""
        ...

    async def new_certificate(self) -> None: ...

    def clock_skew(self, seconds: float) -> None: ...

    def login_attempts(self) -> int:
        """Requests that carried credentials the unit refused."""
        ...

    def requests(self) -> int:
        """All requests served so far."""
        ...
