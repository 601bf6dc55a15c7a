"""A call once its dialog stands: what outgoing and incoming calls share."""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import Callable

from sipmessage import Request, Response

from device_drivers.api import redact_address
from device_drivers.sip_agent import messages, sdp
from device_drivers.sip_agent.api import OnChange, SipState
from device_drivers.sip_agent.dialog import Dialog
from device_drivers.sip_agent.signalling import Signalling
from device_drivers.sip_agent.transactions import OnResponse, ServerTransaction, Timers
from device_drivers.sip_agent.transport import Flow

DIGITS = re.compile(r"[0-9*#A-Da-d]*")
_DTMF_RELAY = "application/dtmf-relay"
_SIGNAL = re.compile(rb"Signal\s*=\s*([0-9*#A-Da-d])", re.IGNORECASE)
_PLAIN_SIGNAL = re.compile(rb"\s*([0-9*#A-Da-d])\s*")


class Call(ABC):
    """State moves forward only, and ``on_change`` is told of each move. A call ends here as soon as either side
    says so; the messages that tell the other side follow by themselves. ``on_over`` is told once, when no message of
    this call is awaited any more."""

    outgoing: bool

    def __init__(self, signalling: Signalling, on_over: OnOver, call_id: str, uri: str, state: SipState) -> None:
        self._signalling = signalling
        self._on_over: OnOver | None = on_over
        self._call_id, self._uri = call_id, uri
        self._state, self._status, self._reason = state, 0, ""
        self.local_tag = messages.new_tag()
        self.on_change: OnChange | None = None
        self.on_digit: Callable[[str], None] | None = None
        self.dialog: Dialog | None = None
        self.flow: Flow | None = None
        self._repeated: RepeatedAnswer | None = None  # a 2xx of ours that waits for its ACK

    @property
    def call_id(self) -> str:
        return self._call_id

    @property
    def uri(self) -> str:
        return self._uri

    @property
    def state(self) -> SipState:
        return self._state

    @property
    def status(self) -> int:
        """The final answer of a call that ended before it was connected; else 0."""
        return self._status

    @property
    def reason(self) -> str:
        return self._reason

    @property
    def _over(self) -> bool:
        return self._state is SipState.ENDED

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {redact_uri(self._uri)} {self._state}>"

    def move(self, state: SipState) -> None:
        self._state = state
        if self.on_change:
            self.on_change(self)

    def end(self, status: int = 0, reason: str = "") -> None:
        if self._state is not SipState.ENDED:
            self._status, self._reason = status, reason or messages.PHRASES.get(status, "")
            if self._repeated is None:
                self._tell_over()
            self.move(SipState.ENDED)

    def _tell_over(self) -> None:
        """The agent is told once."""
        on_over, self._on_over = self._on_over, None
        if on_over:
            on_over(self)

    async def hang_up(self) -> None:
        """CANCEL, BYE or a refusal, whichever the state asks for. Ended already: nothing happens."""
        self.leave()

    def leave(self) -> None:
        if self._state is SipState.CONNECTED:
            self.end()
            if self._repeated is None:
                self._bye()
            # else: a callee's BYE waits for the ACK (RFC 3261 15), see acknowledged()
        elif self._state is not SipState.ENDED:
            self._abandon()

    @abstractmethod
    def _abandon(self) -> None:
        """End a call that is not connected."""

    def _bye(self) -> None:
        self._send("BYE", lambda response, tag: None)  # whatever the answer is, the call is over (RFC 3261 15.1.1)

    async def answer(self) -> None:
        raise RuntimeError("an outgoing call is answered by the far end")

    async def send_digits(self, digits: str) -> None:
        """DTMF by SIP INFO, each digit after the answer to the one before. A call that has ended takes no more.

        Raises ValueError for what is no DTMF digit, RuntimeError before the call is connected, ConnectionError when
        the far end does not take a digit.
        """
        if not DIGITS.fullmatch(digits):
            raise ValueError("a DTMF digit is one of 0-9 * # A-D")
        if self._state in (SipState.CALLING, SipState.RINGING):
            raise RuntimeError("the call is not connected")
        for digit in digits.upper():
            if self._state is SipState.CONNECTED:
                await self._send_digit(digit)

    async def _send_digit(self, digit: str) -> None:
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def answered(response: Response, tag: str) -> None:
            if response.code >= 200 and not done.done():
                done.set_result(response.code)

        body = f"Signal={digit}\r\nDuration=160\r\n".encode()
        self._send("INFO", answered, body=body, content_type=_DTMF_RELAY)
        code = await done
        if code in (408, 481):  # the far end knows nothing of this call any more (RFC 3261 12.2.1.2)
            self.end()
        elif code >= 300 and not self._over:
            raise ConnectionError(f"the far end answered {code} to a digit")

    def _send(self, method: str, on_response: OnResponse, *, body: bytes = b"", content_type: str = "") -> None:
        assert self.dialog is not None
        request = self.dialog.request(method, body=body, content_type=content_type)
        self._on_flow(self.dialog, lambda flow: self._signalling.transactions.send(request, flow, on_response))

    def _send_ack(self, dialog: Dialog, ack: Request) -> None:
        self._on_flow(dialog, lambda flow: self._signalling.send_once(ack, flow))

    def _leave_fork(self, fork: Dialog, ack: Request) -> None:
        """A second 2xx from another branch behind a proxy: acknowledge it and leave (RFC 3261 13.2.2.4)."""
        bye = fork.request("BYE")
        self._send_ack(fork, ack)
        self._on_flow(fork, lambda flow: self._signalling.transactions.send(bye, flow, lambda response, tag: None))

    def _on_flow(self, dialog: Dialog, use: Callable[[Flow], object]) -> None:
        """By the route set over UDP; over streams on the call's connection, or a new one when that is gone."""
        assert self.flow is not None
        hop = dialog.next_hop() or self.flow.remote
        udp = self._signalling.sockets.udp_flow(hop) if self.flow.transport == "udp" else None
        if udp:
            use(udp)
        elif not self.flow.closed:
            use(self.flow)
        else:
            self._signalling.spawn(self._reconnect(self.flow, hop, use))

    async def _reconnect(self, lost: Flow, hop: tuple[str, int], use: Callable[[Flow], object]) -> None:
        try:
            self.flow = await self._signalling.flow_to(lost.transport, hop)
        except OSError:
            self.end()  # nobody is there any more
        else:
            use(self.flow)

    # ------------------------------------------------------------------------- what the far end asks in the dialog

    def receive(self, server: ServerTransaction) -> None:
        """A request of this dialog."""
        assert self.dialog is not None
        if server.ids.sequence < self.dialog.remote_sequence:
            server.respond(500, phrase="Out of order")
            return
        self.dialog.remote_sequence = server.ids.sequence
        method = server.request.method
        if method == "BYE":
            server.respond(200)
            self._far_end_left()
        elif self._state is SipState.ENDED:
            server.respond(481)
        elif method == "INFO":
            self._take_info(server)
        elif method == "INVITE":
            self._take_reinvite(server)
        else:
            self._signalling.answer_other(server)

    def _far_end_left(self) -> None:
        self._stop_repeating()
        self._tell_over()
        self.end()

    def _take_info(self, server: ServerTransaction) -> None:
        digit = dtmf_digit(server.request)
        if digit is None:
            server.respond(415, headers=(("Accept", f"{_DTMF_RELAY}, application/dtmf"),))
            return
        server.respond(200)
        if self.on_digit:
            self.on_digit(digit)

    def _take_reinvite(self, server: ServerTransaction) -> None:
        """The session does not change: every stream stays inactive."""
        assert self.dialog is not None
        try:
            self.dialog.refresh(server.request)
            body = self._signalling.session(server)
        except messages.MalformedMessage:
            server.respond(400)
        except sdp.NotAcceptable:
            server.respond(488)
        else:
            self._accept(server, body)

    def _accept(self, server: ServerTransaction, body: bytes) -> None:
        """Send a 2xx to an INVITE, again and again until its ACK comes (RFC 3261 13.3.1.4)."""
        self._stop_repeating()
        headers = (("Contact", self._signalling.contact(server.flow)), ("Allow", messages.ALLOW))
        data = server.respond(200, to_tag=self.local_tag, headers=headers, body=body, content_type=sdp.CONTENT_TYPE)
        self._repeated = RepeatedAnswer(server, data, self._signalling.timers, self._never_acknowledged)

    def acknowledged(self) -> None:
        """The far end has our 2xx."""
        if self._repeated is None:
            return
        self._stop_repeating()
        if self._state is SipState.ENDED:
            self._tell_over()
            self._bye()

    def _never_acknowledged(self) -> None:
        self._repeated = None
        self._tell_over()
        self.end()
        self._bye()

    def _stop_repeating(self) -> None:
        if self._repeated:
            self._repeated.stop()
            self._repeated = None

    def drop(self) -> None:
        """The agent closes: no timer stays behind."""
        self._stop_repeating()


OnOver = Callable[[Call], None]


class RepeatedAnswer:
    """A 2xx to INVITE that is sent until its ACK stops it: over every transport, for there may be proxies."""

    def __init__(self, server: ServerTransaction, data: bytes, timers: Timers, on_silence: Callable[[], None]) -> None:
        self._server, self._data, self._on_silence = server, data, on_silence
        self._interval, self._longest = timers.t1, timers.t2
        loop = asyncio.get_running_loop()
        self._ends = loop.time() + timers.give_up
        self._timer = loop.call_later(self._interval, self._repeat)

    def _repeat(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() >= self._ends:
            self._on_silence()
            return
        self._server.send(self._data)
        self._interval = min(self._interval * 2, self._longest)
        self._timer = loop.call_at(min(loop.time() + self._interval, self._ends), self._repeat)

    def stop(self) -> None:
        self._timer.cancel()


def dtmf_digit(info: Request) -> str | None:
    """The digit of an INFO: ``Signal=5`` of application/dtmf-relay, or the bare digit of application/dtmf."""
    kind = (info.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    match = None
    if kind == _DTMF_RELAY:
        match = _SIGNAL.search(info.body)
    elif kind == "application/dtmf":
        match = _PLAIN_SIGNAL.fullmatch(info.body)
    return match[1].decode().upper() if match else None


def redact_uri(uri: str) -> str:
    """``sip:123456789.4321@zoomcrc.com`` -> ``sip:123456789.***@zoomcrc.com``."""
    scheme, colon, address = uri.partition(":")
    return scheme + colon + redact_address(address)
