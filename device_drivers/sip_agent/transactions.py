"""SIP transactions (RFC 3261 17, with the Accepted states of RFC 6026): retransmission, matching, time-outs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sipmessage import Request, Response

from device_drivers.sip_agent import messages
from device_drivers.sip_agent.messages import BRANCH_COOKIE, Ids
from device_drivers.sip_agent.transport import Flow, UdpFlow


@dataclass(frozen=True, slots=True)
class Timers:
    """RFC 3261's timer values in seconds. A smaller ``t1`` makes tests of a silent peer short."""

    t1: float = 0.5  # estimate of the round trip
    t2: float = 4.0  # longest pause between retransmissions
    t4: float = 5.0  # how long a message may stay in the network

    @property
    def give_up(self) -> float:
        return 64 * self.t1  # timers B, D, F, H, J, L and M


OnResponse = Callable[[Response, str], None]  # the response and its To tag


class ClientTransaction:
    """One request that we sent. ``on_response`` gets every provisional answer and the final one; silence is told
    as a 408 and a lost connection as a 503 (RFC 3261 8.1.3.1)."""

    __slots__ = (
        "_data", "_interval", "_on_response", "_owner", "_resend", "_timeout", "ack", "branch", "flow", "request",
        "state",
    )  # fmt: skip

    def __init__(self, owner: Transactions, request: Request, branch: str, flow: Flow, on_response: OnResponse) -> None:
        self._owner, self._on_response, self.branch = owner, on_response, branch
        self.request, self.flow = request, flow
        self.state: Literal["calling", "proceeding", "completed", "accepted", "terminated"] = "calling"
        self.ack: bytes = b""  # what repeats the acknowledgement of a refusal
        self._data = bytes(request)
        self._interval = owner.timers.t1
        self._resend: asyncio.TimerHandle | None = None
        self._timeout: asyncio.TimerHandle | None = None

    @property
    def invite(self) -> bool:
        return self.request.method == "INVITE"

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._timeout = loop.call_later(self._owner.timers.give_up, self.fail, 408)
        if self.flow.transport == "udp":
            self._resend = loop.call_later(self._interval, self._retransmit)  # timer A or E
        self.flow.send(self._data)

    def _retransmit(self) -> None:
        self.flow.send(self._data)
        doubled = self._interval * 2
        self._interval = doubled if self.invite else min(doubled, self._owner.timers.t2)
        self._resend = asyncio.get_running_loop().call_later(self._interval, self._retransmit)

    def give_up_after(self, seconds: float) -> None:
        """A cancelled INVITE is not waited for without end (RFC 3261 9.1)."""
        if self.state in ("calling", "proceeding"):
            _cancel(self._timeout)
            self._timeout = asyncio.get_running_loop().call_later(seconds, self.fail, 408)

    def fail(self, code: int) -> None:
        """No answer will come: tell it as the status that stands for it."""
        if self.state in ("calling", "proceeding"):
            self._terminate()
            self._on_response(Response(code, messages.PHRASES[code]), "")
        else:
            self._terminate()

    def receive(self, response: Response, to_tag: str) -> None:
        if self.state == "completed":
            if self.ack and response.code >= 300:
                self.flow.send(self.ack)
        elif self.state == "accepted":
            if 200 <= response.code < 300:
                self._on_response(response, to_tag)
        elif self.state != "terminated":
            self._advance(response)
            self._on_response(response, to_tag)

    def _advance(self, response: Response) -> None:
        timers, udp = self._owner.timers, self.flow.transport == "udp"
        if response.code < 200:
            self.state = "proceeding"
            if self.invite:
                self._stop()
            else:
                self._interval = timers.t2
        elif self.invite and response.code >= 300:
            self._acknowledge(response)
            self._linger("completed", timers.give_up if udp else 0)  # timer D
        elif self.invite:
            self._linger("accepted", timers.give_up)  # timer M
        else:
            self._linger("completed", timers.t4 if udp else 0)  # timer K

    def _acknowledge(self, response: Response) -> None:
        """The ACK of a refusal belongs to this transaction: same branch, same Request-URI (RFC 3261 17.1.1.3)."""
        sent = self.request.headers
        ack = Request(method="ACK", uri=self.request.uri)
        for name in ("Via", "Max-Forwards", "Route", "From", "Call-ID"):
            for value in sent.getlist(name):
                ack.headers.add(name, value)
        ack.headers.add("To", response.headers["To"])
        ack.headers.add("CSeq", f"{self.request.cseq.sequence} ACK")
        ack.headers.add("Content-Length", "0")
        self.ack = bytes(ack)
        self.flow.send(self.ack)

    def _linger(self, state: Literal["completed", "accepted"], seconds: float) -> None:
        self._stop()
        self.state = state
        self._owner.finished(self)
        if seconds:
            self._timeout = asyncio.get_running_loop().call_later(seconds, self._terminate)
        else:
            self._terminate()

    def _stop(self) -> None:
        _cancel(self._resend)
        _cancel(self._timeout)

    def _terminate(self) -> None:
        self._stop()
        self.state = "terminated"
        self._owner.forget_client(self.branch, self)


class ServerTransaction:
    """One request that we received, answered by ``respond``."""

    __slots__ = ("_interval", "_key", "_last", "_owner", "_resend", "_timeout", "flow", "ids", "request", "state")

    def __init__(self, owner: Transactions, key: _ServerKey, request: Request, ids: Ids, flow: Flow) -> None:
        self._owner, self._key = owner, key
        self.request, self.ids, self.flow = request, ids, flow
        self.state: Literal["proceeding", "completed", "confirmed", "accepted", "terminated"] = "proceeding"
        self._last = b""
        self._interval = owner.timers.t1
        self._resend: asyncio.TimerHandle | None = None
        self._timeout: asyncio.TimerHandle | None = None

    def respond(
        self,
        code: int,
        *,
        phrase: str = "",
        to_tag: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        content_type: str = "",
    ) -> bytes:
        """Send an answer; a second final one is dropped. Returns the bytes, for a 2xx that its call repeats."""
        if self.state != "proceeding":
            return b""
        answer = messages.response(
            self.request, code, phrase=phrase, source=self.flow.remote, to_tag=to_tag,
            headers=headers, body=body, content_type=content_type,
        )  # fmt: skip
        self._last = bytes(answer)
        if code >= 200:
            self._complete(code)
        self.send(self._last)
        return self._last

    def send(self, data: bytes) -> None:
        flow = self.flow
        if isinstance(flow, UdpFlow):
            flow = flow.to(messages.answer_goes_to(self.ids, self.request, flow.remote))
        flow.send(data)

    def _complete(self, code: int) -> None:
        timers, udp = self._owner.timers, self.flow.transport == "udp"
        if self.request.method != "INVITE":
            self._linger("completed", timers.give_up if udp else 0)  # timer J
        elif code < 300:
            self._linger("accepted", timers.give_up)  # timer L; the call repeats its 2xx itself
        else:
            self._linger("completed", timers.give_up)  # timer H
            if udp:
                self._resend = asyncio.get_running_loop().call_later(self._interval, self._retransmit)  # timer G

    def _retransmit(self) -> None:
        self.send(self._last)
        self._interval = min(self._interval * 2, self._owner.timers.t2)
        self._resend = asyncio.get_running_loop().call_later(self._interval, self._retransmit)

    def repeated(self) -> None:
        """The request came again: so does the answer, except a 2xx to INVITE."""
        if self._last and self.state in ("proceeding", "completed"):
            self.send(self._last)

    def acknowledged(self) -> bool:
        """An ACK of a refusal ends here (True); one of a 2xx is for the call (False)."""
        if self.state == "completed":
            _cancel(self._resend)
            self._linger("confirmed", self._owner.timers.t4 if self.flow.transport == "udp" else 0)  # timer I
        return self.state != "accepted"

    def _linger(self, state: Literal["completed", "confirmed", "accepted"], seconds: float) -> None:
        _cancel(self._timeout)
        self.state = state
        if seconds:
            self._timeout = asyncio.get_running_loop().call_later(seconds, self.terminate)
        else:
            self.terminate()

    def terminate(self) -> None:
        _cancel(self._resend)
        _cancel(self._timeout)
        self.state = "terminated"
        self._owner.forget_server(self._key)


_ServerKey = tuple[str, ...]


OnRequest = Callable[[ServerTransaction], None]
OnAck = Callable[[Ids], None]


class Transactions:
    """All transactions of one agent. ``on_request`` gets each new request once, ``on_ack`` each ACK of a 2xx."""

    def __init__(
        self,
        timers: Timers,
        on_request: OnRequest,
        on_ack: OnAck,
    ) -> None:
        self.timers = timers
        self.malformed = 0  # messages dropped unread
        self._on_request, self._on_ack = on_request, on_ack
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: dict[_ServerKey, ServerTransaction] = {}
        self._unfinished: set[ClientTransaction] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    def send(self, request: Request, flow: Flow, on_response: OnResponse, *, branch: str = "") -> ClientTransaction:
        """Put a Via on the request and send it. A CANCEL gives the ``branch`` of what it cancels."""
        branch = branch or messages.new_branch()
        request.headers.set("Via", messages.via(flow.transport, flow.local, branch))
        client = ClientTransaction(self, request, branch, flow, on_response)
        self._clients[branch, request.method] = client
        self._unfinished.add(client)
        self._idle.clear()
        client.start()
        return client

    def receive(self, data: bytes, flow: Flow) -> None:
        """One message from the wire. What cannot be read is counted and dropped; nothing is raised."""
        if not data.strip(b"\r\n\0 "):
            return  # keep-alive
        try:
            message, ids = messages.parse(data)
        except messages.MalformedMessage:
            self.malformed += 1
            return
        if isinstance(message, Request):
            self._receive_request(message, ids, flow)
        elif client := self._clients.get((ids.branch, ids.method)):
            client.receive(message, ids.to_tag)

    def _receive_request(self, request: Request, ids: Ids, flow: Flow) -> None:
        known = self._servers.get(_server_key(ids, request.method))
        if request.method == "ACK":
            if known is None or not known.acknowledged():
                self._on_ack(ids)
        elif known:
            known.repeated()
        else:
            key = _server_key(ids, request.method)
            self._servers[key] = server = ServerTransaction(self, key, request, ids, flow)
            self._on_request(server)

    def cancelled_by(self, ids: Ids) -> ServerTransaction | None:
        """The INVITE that a CANCEL is about."""
        return self._servers.get(_server_key(ids, "INVITE"))

    def lost(self, flow: Flow) -> None:
        """A connection is gone: requests that wait for an answer on it get none."""
        for client in [c for c in self._unfinished if c.flow is flow]:
            client.fail(503)

    def finished(self, client: ClientTransaction) -> None:
        self._unfinished.discard(client)
        if not self._unfinished:
            self._idle.set()

    def forget_client(self, branch: str, client: ClientTransaction) -> None:
        self._clients.pop((branch, client.request.method), None)
        self.finished(client)

    def forget_server(self, key: _ServerKey) -> None:
        self._servers.pop(key, None)

    async def drain(self, seconds: float) -> None:
        """Wait until every request has its final answer, but no longer than this."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return  # a silent peer: the caller closes the sockets anyway

    def close(self) -> None:
        """Stop all timers. Requests that still wait end as if the connection was lost."""
        for client in list(self._clients.values()):
            client.fail(503)
        for server in list(self._servers.values()):
            server.terminate()


def _server_key(ids: Ids, method: str) -> _ServerKey:
    """RFC 3261 17.2.3; without the magic cookie the peer is an RFC 2543 one and the branch means nothing."""
    asked = "INVITE" if method == "ACK" else method
    host, port = ids.sent_by
    if ids.branch.startswith(BRANCH_COOKIE):
        return ids.branch, host, str(port), asked
    return ids.call_id, ids.from_tag, str(ids.sequence), host, str(port), asked


def _cancel(handle: asyncio.TimerHandle | None) -> None:
    if handle:
        handle.cancel()
