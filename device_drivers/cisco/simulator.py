"""A simulated Cisco codec on a real HTTPS socket. See ``device_drivers.testing.simulator`` for what every one offers.

Parts: simulator_service (the socket), simulator_xapi and simulator_bookings (what it understands), simulator_calls (its
phone), simulator_state (what tests assert on); here are the hands in the room and the troubles of the field.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from device_drivers.api import Endpoint, TlsPolicy
from device_drivers.cisco.simulator_calls import Phone
from device_drivers.cisco.simulator_service import Fault, Service
from device_drivers.cisco.simulator_state import FIRMWARE, ListedBooking, Role, State
from device_drivers.cisco.simulator_xapi import Xapi
from device_drivers.sip_agent.api import SipAgent
from device_drivers.testing.certificates import self_signed
from device_drivers.testing.simulator import ScreenLine, SimulatedCall


def _utc_now() -> datetime:
    return datetime.now(UTC)


class CiscoSimulator:
    """One unit. Entering it powers it on; ``port`` 0 takes a free one, which it then keeps.

    ``firmware``: tc7.3, ce9.15, roomos10, roomos11 or roomos26. ``sip``: a started agent, or None for calls that only
    exist on the screen (``answers`` says whether they are connected at once or keep dialling). ``tls`` False is plain
    HTTP.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        firmware: str = "ce9.15",
        sip: SipAgent | None = None,
        unit_id: str = "sim",
        username: str = "admin",
        password: str = "simulated",  # noqa: S107  the default of a unit that does not exist
        name: str = "Simulated room",
        role: Role = "admin",
        serial_number: str = "FOC0000X000",
        product: str = "Cisco Webex Room Kit",
        webex_registered: bool = False,
        teams_mode: bool = False,
        answers: bool = True,
        tls: bool = True,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        if firmware not in FIRMWARE:
            raise ValueError(f"unknown firmware {firmware!r}; there are {', '.join(FIRMWARE)}")
        self.state = State(
            now=now,
            firmware=FIRMWARE[firmware],
            name=name,
            username=username,
            password=password,
            role=role,
            product=product,
            serial_number=serial_number,
            webex_registered=webex_registered,
            teams_mode=teams_mode,
        )
        self.phone = Phone(self.state, sip, answers=answers)
        certificate = self_signed(host) if tls else None
        self.service = Service(self.state, Xapi(self.state, self.phone), host, port, certificate)
        self._unit_id = unit_id

    @property
    def endpoint(self) -> Endpoint:
        """How a driver reaches it as it is now: the present password and certificate."""
        certificate = self.service.certificate
        return Endpoint(
            id=self._unit_id,
            address=self.service.host,
            port=self.service.port or None,
            tls=TlsPolicy("pin", certificate.pin) if certificate else TlsPolicy("off"),
            username=self.state.username,
            password=self.state.password,
            serial_number=self.state.serial_number,
        )

    async def __aenter__(self) -> Self:
        self.state.booted = self.state.now()
        await self.service.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.phone.hang_up_all("the unit was switched off")
        await self.service.stop()

    # -------------------------------------------------------------------------------- what is there

    def screen(self) -> tuple[ScreenLine, ...]:
        return self.state.screen()

    def live_calls(self) -> tuple[SimulatedCall, ...]:
        return tuple(c.seen() for c in self.state.live_calls())

    def call_log(self) -> tuple[SimulatedCall, ...]:
        return tuple(c.seen() for c in self.state.calls)

    def login_attempts(self) -> int:
        return self.state.login_attempts

    def requests(self) -> int:
        return self.state.requests

    # -------------------------------------------------------------------------------- hands in the room

    async def press_join(self, booking_id: str) -> None:
        """LookupError when the screen has no such line, or no button on it yet."""
        button = next((line.button for line in self.screen() if line.booking_id == booking_id), None)
        if button is None:
            raise LookupError(f"no Join button for booking {booking_id}")
        protocol = next(b.protocol for b in self.state.bookings if b.id == booking_id)
        await self.phone.dial(button, protocol, booking_id)

    async def hang_up_by_hand(self) -> None:
        await self.phone.hang_up_all("ended in the room")

    async def start_other_call(self, remote: str = "someone@example.test") -> None:
        self.state.new_call(remote, "SIP", "", outgoing=True, status="Connected").was_connected = True

    # -------------------------------------------------------------------------------- troubles

    async def power(self, on: bool) -> None:
        if on:
            self.state.booted = self.state.now()
            await self.service.start()
            return
        await self._go_down(keeps_list=False)

    async def reboot(self, *, keeps_list: bool = False) -> None:
        await self._go_down(keeps_list=keeps_list)
        await self.power(True)

    async def _go_down(self, *, keeps_list: bool) -> None:
        await self.service.stop()
        await self.phone.hang_up_all("the unit lost power")
        self.state.forget_at_boot(keeps_list=keeps_list)

    def set_password(self, password: str) -> None:
        self.state.password = password
        self.state.sessions.clear()

    def set_latency(self, seconds: float) -> None:
        self.service.latency = seconds

    def set_busy(self, busy: bool) -> None:
        self.service.busy = busy

    def set_fault(self, fault: Fault | None) -> None:
        """From now on, until None; see Fault."""
        self.service.fault = fault

    async def new_certificate(self) -> None:
        """As after a factory reset; what was pinned no longer fits."""
        if self.service.certificate is None:
            raise ValueError("this unit speaks plain HTTP")
        await self.service.stop()
        self.service.certificate = self_signed(self.service.host)
        await self.service.start()

    def clock_skew(self, seconds: float) -> None:
        self.state.skew = timedelta(seconds=seconds)

    def foreign_bookings(self, count: int = 1) -> None:
        """Another manager replaces the list with its own bookings, as happens with two writers."""
        start = self.state.now().replace(microsecond=0) + timedelta(hours=1)
        self.state.bookings = tuple(
            ListedBooking(
                f"foreign-{n}",
                f"Foreign meeting {n}",
                start + timedelta(hours=n),
                start + timedelta(hours=n, minutes=30),
                number=f"foreign{n}@example.test",
            )
            for n in range(count)
        )


simulate = CiscoSimulator
