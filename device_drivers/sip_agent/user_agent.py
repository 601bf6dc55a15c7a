"""A SIP user agent, signalling only: what the light agent and the simulated bridge are both made of.

UDP, TCP and TLS on one loopback address (RFC 3261, 3581 rport, 6026). Not done: media, registration, 100rel,
session timers, REFER, name resolution. It sends to loopback addresses and to nothing else: a Contact or a Route
that points elsewhere is answered over the way that the dialog came in.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from sipmessage import Address, Parameters, Request

from device_drivers.sip_agent import messages, sdp, tls
from device_drivers.sip_agent.api import BridgeAddress, OnChange
from device_drivers.sip_agent.call import Call
from device_drivers.sip_agent.dialog import Dialog
from device_drivers.sip_agent.digest import Credentials
from device_drivers.sip_agent.incoming import IncomingCall
from device_drivers.sip_agent.messages import Ids
from device_drivers.sip_agent.outgoing import OutgoingCall
from device_drivers.sip_agent.transactions import OnResponse, ServerTransaction, Timers, Transactions
from device_drivers.sip_agent.transport import Flow, Sockets

OnInvite = Callable[[IncomingCall], None]


class UserAgent:
    """``on_invite`` gets each new incoming call and must ring, accept or refuse it, at once or later.

    While ``silent`` is true, whatever arrives is dropped unread and counted: a peer that is switched off.
    """

    def __init__(
        self,
        address: str,
        on_invite: OnInvite,
        *,
        user: str,
        display_name: str = "",
        product: str,
        timers: Timers,
        credentials: Credentials | None = None,
    ) -> None:
        self.address, self.product, self.timers, self.credentials = address, product, timers, credentials
        self.silent, self.dropped = False, 0
        self._user, self._display_name = user, messages.one_line(display_name)
        self._on_invite = on_invite
        self.transactions = Transactions(timers, self._on_request, self._on_ack)
        self.sockets = Sockets(address, self._receive, self.transactions.lost)
        self._calls: dict[tuple[str, str], Call] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._ca_file = ""  # of the bridge that was dialled last

    # ------------------------------------------------------------------------------------------ outgoing calls

    def dial(self, uri: str, bridge: BridgeAddress, on_change: OnChange) -> OutgoingCall:
        """INVITE ``uri`` by way of ``bridge``. Raises ValueError when the text is no SIP URI."""
        target = messages.dialled(uri)
        call = OutgoingCall(self, target, f"{secrets.token_hex(12)}@{self.address}")
        call.on_change = on_change
        self._calls[call.call_id, call.local_tag] = call
        self._ca_file = bridge.ca_file
        flow = self.sockets.udp_flow((bridge.host, bridge.port)) if bridge.transport == "udp" else None
        if flow:
            call.invite(flow)
        else:
            self._spawn(self._connect(call, bridge))
        return call

    async def _connect(self, call: OutgoingCall, bridge: BridgeAddress) -> None:
        try:
            context = self._context(bridge.ca_file) if bridge.transport == "tls" else None
            flow = await self.sockets.flow_to(bridge.transport, (bridge.host, bridge.port), context)
        except OSError as error:  # refused, timed out, untrusted certificate, unreadable ca_file
            call.no_way(f"{type(error).__name__}: {error}")
        else:
            call.invite(flow)

    def _context(self, ca_file: str) -> ssl.SSLContext:
        if ca_file not in self._contexts:
            self._contexts[ca_file] = tls.client_context(ca_file)
        return self._contexts[ca_file]

    def from_header(self, tag: str) -> str:
        uri = messages.sip_uri(self._user, self.address)
        return str(Address(uri=uri, name=self._display_name, parameters=Parameters(tag=tag)))

    def contact(self, flow: Flow) -> str:
        return f"<{messages.sip_uri(self._user, flow.local, flow.transport)}>"

    # ------------------------------------------------------------------------------------------- in the dialog

    def send_in_dialog(self, call: Call, request: Request, on_response: OnResponse) -> None:
        self._with_flow(call, call.dialog, lambda flow: self.transactions.send(request, flow, on_response))

    def send_ack(self, call: Call, ack: Request) -> None:
        """The ACK of a 2xx is a transaction of its own, without an answer."""
        self._with_flow(call, call.dialog, lambda flow: _send_once(ack, flow))

    def leave_fork(self, call: Call, fork: Dialog, ack: Request) -> None:
        """A second 2xx from another branch behind a proxy: acknowledge it and leave (RFC 3261 13.2.2.4)."""
        bye = fork.request("BYE")
        self._with_flow(call, fork, lambda flow: _send_once(ack, flow))
        self._with_flow(call, fork, lambda flow: self.transactions.send(bye, flow, lambda response, tag: None))

    def _with_flow(self, call: Call, dialog: Dialog | None, use: Callable[[Flow], object]) -> None:
        """By the route set over UDP; over streams on the call's connection, or a new one when that is gone."""
        assert call.flow is not None and dialog is not None
        hop = dialog.next_hop() or call.flow.remote
        udp = self.sockets.udp_flow(hop) if call.flow.transport == "udp" else None
        if udp:
            use(udp)
        elif not call.flow.closed:
            use(call.flow)
        else:
            self._spawn(self._reconnect(call, hop, use))

    async def _reconnect(self, call: Call, hop: tuple[str, int], use: Callable[[Flow], object]) -> None:
        assert call.flow is not None
        try:
            context = self._context(self._ca_file) if call.flow.transport == "tls" else None
            call.flow = await self.sockets.flow_to(call.flow.transport, hop, context)
        except OSError:
            call.end()  # nobody is there any more
        else:
            use(call.flow)

    # ---------------------------------------------------------------------------------------- what comes in

    def _receive(self, data: bytes, flow: Flow) -> None:
        if self.silent:
            self.dropped += 1
        else:
            self.transactions.receive(data, flow)

    def _on_ack(self, ids: Ids) -> None:
        if call := self._call_of(ids):
            call.acknowledged()

    def _call_of(self, ids: Ids) -> Call | None:
        call = self._calls.get((ids.call_id, ids.to_tag))
        return call if call and call.dialog and call.dialog.remote_tag == ids.from_tag else None

    def _on_request(self, server: ServerTransaction) -> None:
        method, ids = server.request.method, server.ids
        if method == "CANCEL":
            self._cancelled(server)
        elif ids.to_tag or method in ("BYE", "INFO"):
            if call := self._call_of(ids):
                call.receive(server)
            else:
                server.respond(481, to_tag=messages.new_tag())
        elif method == "INVITE":
            self._invited(server)
        else:
            self.answer_other(server)

    def answer_other(self, server: ServerTransaction) -> None:
        """OPTIONS, and methods that are not ours."""
        method = server.request.method
        tag, allow = messages.new_tag(), ("Allow", messages.ALLOW)
        if method == "OPTIONS":
            server.respond(200, to_tag=tag, headers=(allow, ("Accept", sdp.CONTENT_TYPE)))
        elif method in messages.KNOWN_METHODS:
            server.respond(405, to_tag=tag, headers=(allow,))
        else:
            server.respond(501, to_tag=tag)

    def _cancelled(self, server: ServerTransaction) -> None:
        invite = self.transactions.cancelled_by(server.ids)
        server.respond(200 if invite else 481, to_tag=messages.new_tag())
        if invite is None:
            return
        for call in list(self._calls.values()):
            if isinstance(call, IncomingCall) and call.invite is invite:
                call.cancelled()

    def _invited(self, server: ServerTransaction) -> None:
        tag = messages.new_tag()
        server.respond(100)
        wanted = server.request.headers.getlist("Require")
        if any(text.strip() for text in wanted):
            server.respond(420, to_tag=tag, headers=(("Unsupported", ", ".join(wanted)),))
            return
        try:
            call = IncomingCall(self, server, self.session(server))
        except messages.MalformedMessage:
            server.respond(400, to_tag=tag)
        except sdp.NotAcceptable:
            server.respond(488, to_tag=tag)
        else:
            self._calls[call.call_id, call.local_tag] = call
            self._on_invite(call)

    def session(self, server: ServerTransaction) -> bytes:
        """Our description: the answer to an offer, or an offer when the INVITE has none. Raises sdp.NotAcceptable."""
        request = server.request
        if not request.body:
            return sdp.offer(self.address)
        kind = (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        if kind != sdp.CONTENT_TYPE:
            raise sdp.NotAcceptable("the body is not a session description")
        return sdp.answer(request.body, self.address)

    # -------------------------------------------------------------------------------------------------- the end

    def forget(self, call: Call) -> None:
        self._calls.pop((call.call_id, call.local_tag), None)

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(self._calls.values())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self, patience: float) -> None:
        """Hang up every call, wait ``patience`` seconds at most for the answers, close all sockets."""
        for call in self.calls:
            await call.hang_up()
        await self.transactions.drain(patience)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call in self.calls:
            call.drop()
        self.transactions.close()
        await self.sockets.close()


def _send_once(request: Request, flow: Flow) -> None:
    request.headers.set("Via", messages.via(flow.transport, flow.local, messages.new_branch()))
    flow.send(bytes(request))
