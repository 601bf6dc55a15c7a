"""A simulated unit for the shipped descriptions, on a real socket.

State: what tests assert on. UseCases: hands in the room and troubles of the field. Service: the listener. The three
interfaces themselves are in faces.py. SIP calls go through the agent that is given; without one, and for H.323, a call
is connected at once and nothing is signalled.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from device_drivers.api import CallState, Endpoint, TlsPolicy
from device_drivers.sip_agent.api import DialNotAllowed, SipAgent, SipCall, SipState
from device_drivers.testing.certificates import SelfSigned, self_signed
from device_drivers.testing.simulator import ScreenLine, SimulatedCall


class DialFailed(Exception):
    """The unit says no to a dial; the message is its cause."""


@dataclass(slots=True)
class Call:
    call_id: str
    remote: str  # with its scheme
    booking_id: str | None
    outgoing: bool = True
    state: CallState = CallState.DIALLING
    status: int = 0
    reason: str = ""
    sip: SipCall | None = None

    def follow(self, sip: SipCall) -> None:
        """Take over what became of the SIP dialog."""
        self.sip = sip
        self.status, self.reason = sip.status, sip.reason
        if sip.state is SipState.CONNECTED:
            self.state = CallState.CONNECTED
        elif sip.state is SipState.ENDED:
            self.state = CallState.ENDED

    def seen(self) -> SimulatedCall:
        return SimulatedCall(self.call_id, self.remote, self.state, self.booking_id, self.status, self.reason)


@dataclass(frozen=True, slots=True)
class ShownBooking:
    line: ScreenLine
    join: Mapping[str, Any] | None  # address and protocol, as they were pushed


@dataclass(slots=True)
class State:
    """Everything that a unit remembers."""

    serial_number: str
    booted: datetime
    bookings: dict[str, ShownBooking] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def live(self) -> list[Call]:
        return [call for call in self.calls if call.state is not CallState.ENDED]


class SimulatedHttpUnit:
    """See ``device_drivers.testing.simulator.SimulatedUnit``. Made by ``simulate``."""

    def __init__(
        self,
        face: Callable[[SimulatedHttpUnit], web.Application],
        *,
        description: str,
        host: str,
        port: int,
        sip: SipAgent | None,
        unit_id: str,
        username: str,
        password: str,
        now: Callable[[], datetime],
    ) -> None:
        self.host = host
        self.port = port
        self.unit_id = unit_id
        self.username = username
        self.password = password
        self.state = State(f"SIM{unit_id}", now())
        self.refused_logins = 0
        self._description = description
        self._face = face
        self._sip = sip
        self.now = now
        self._skew = timedelta(0)
        self._latency = 0.0
        self._busy = False
        self._requests = 0
        self._certificate: SelfSigned = self_signed(host)
        self._runner: web.AppRunner | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # -------------------------------------------------------------------------------- Service

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(
            id=self.unit_id,
            address=self.host,
            port=self.port,
            tls=TlsPolicy("pin", self._certificate.pin),
            username=self.username,
            password=self.password,
            serial_number=self.state.serial_number,
            options={"description": self._description},
        )

    async def __aenter__(self) -> Self:
        await self._listen()
        if self._sip is not None:
            self._sip.on_incoming = self._ring
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end_all_calls()
        await self._close()
        for task in self._tasks:
            task.cancel()

    async def _listen(self) -> None:
        application = self._face(self)
        application.middlewares.insert(0, self._troubles)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        listener = socket.create_server((self.host, self.port))
        self.port = listener.getsockname()[1]
        await web.SockSite(self._runner, listener, ssl_context=self._certificate.context).start()

    async def _close(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @web.middleware
    async def _troubles(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        """What happens to every request before the interface sees it, and how long its answer takes."""
        self._requests += 1
        await request.read()
        if self._busy:
            return web.Response(status=503, text="too busy")
        answer: web.StreamResponse = await handler(request)
        await asyncio.sleep(self._latency)
        return answer

    # -------------------------------------------------------------------------------- State

    def screen(self) -> tuple[ScreenLine, ...]:
        lines = [shown.line for shown in self.state.bookings.values() if shown.line.end > self.clock()]
        return tuple(sorted(lines, key=lambda line: (line.start, line.booking_id)))

    def live_calls(self) -> tuple[SimulatedCall, ...]:
        return tuple(call.seen() for call in self.state.live())

    def call_log(self) -> tuple[SimulatedCall, ...]:
        return tuple(call.seen() for call in self.state.calls)

    def login_attempts(self) -> int:
        return self.refused_logins

    def requests(self) -> int:
        return self._requests

    def clock(self) -> datetime:
        return self.now() + self._skew

    # -------------------------------------------------------------------------------- UseCases: calls

    async def dial(self, address: str, protocol: str, booking_id: str | None = None) -> Call:
        """Place a call as the unit itself would. Raises DialFailed; a call in another call is a second call."""
        call = Call(str(len(self.state.calls) + 1), f"{protocol}:{address}", booking_id)
        if protocol == "sip" and self._sip is not None:
            try:
                sip = await self._sip.dial(f"sip:{address}", call.follow)
            except DialNotAllowed as error:
                raise DialFailed("no bridge is configured") from error
            call.follow(sip)
        else:
            call.state = CallState.CONNECTED
        self.state.calls.append(call)
        return call

    def show(self, pushed: Iterable[tuple[ScreenLine, Mapping[str, Any] | None]]) -> None:
        """Replace the whole list."""
        self.state.bookings = {line.booking_id: ShownBooking(line, join) for line, join in pushed}

    async def end(self, call: Call) -> None:
        if call.sip is not None:
            await call.sip.hang_up()
        call.state = CallState.ENDED

    async def press_join(self, booking_id: str) -> None:
        join = self.state.bookings[booking_id].join
        if join is None:
            raise LookupError(f"booking {booking_id} has no Join button")
        await self.dial(str(join["address"]), str(join["protocol"]).lower(), booking_id)

    async def hang_up_by_hand(self) -> None:
        await self._end_all_calls()

    async def start_other_call(self, remote: str = "someone@example.test") -> None:
        number = str(len(self.state.calls) + 1)
        self.state.calls.append(Call(number, f"sip:{remote}", None, state=CallState.CONNECTED))

    def _ring(self, sip: SipCall) -> None:
        """A room system answers by itself here: there is nobody to do it."""
        call = Call(str(len(self.state.calls) + 1), sip.uri, None, outgoing=False)
        self.state.calls.append(call)
        call.follow(sip)
        sip.on_change = call.follow
        task = asyncio.ensure_future(sip.answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end_all_calls(self) -> None:
        for call in self.state.live():
            await self.end(call)

    # -------------------------------------------------------------------------------- UseCases: troubles

    async def power(self, on: bool) -> None:
        if on and self._runner is None:
            self.state.booted = self.now()
            await self._listen()
        elif not on:
            await self._end_all_calls()
            await self._close()

    async def reboot(self, *, keeps_list: bool = False) -> None:
        await self.power(False)
        if not keeps_list:
            self.state.bookings.clear()
        await self.power(True)

    def set_password(self, password: str) -> None:
        self.password = password

    def set_latency(self, seconds: float) -> None:
        self._latency = seconds

    def set_busy(self, busy: bool) -> None:
        self._busy = busy

    async def new_certificate(self) -> None:
        self._certificate = self_signed(self.host)
        if self._runner is not None:
            await self._close()
            await self._listen()

    def clock_skew(self, seconds: float) -> None:
        self._skew = timedelta(seconds=seconds)
