"""A SIP user agent, signalling only: what the light agent and the simulated bridge are both made of.

UDP, TCP and TLS on one loopback address (RFC 3261, 3581 rport, 6026). Not done: media, registration, 100rel,
session timers, REFER, name resolution. It sends to loopback addresses and to nothing else: a Contact or a Route
that points elsewhere is answered over the way that the dialog came in.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from device_drivers.sip_agent import messages, sdp
from device_drivers.sip_agent.api import BridgeAddress, OnChange
from device_drivers.sip_agent.call import Call
from device_drivers.sip_agent.digest import Credentials
from device_drivers.sip_agent.incoming import IncomingCall
from device_drivers.sip_agent.messages import Ids
from device_drivers.sip_agent.outgoing import OutgoingCall
from device_drivers.sip_agent.signalling import Signalling
from device_drivers.sip_agent.transactions import ServerTransaction, Timers

OnInvite = Callable[[IncomingCall], None]


class UserAgent:
    """``on_invite`` gets each new incoming call and must ring, accept or refuse it, at once or later.

    While its ``signalling`` is silent, whatever arrives is dropped unread and counted: a peer that is switched off.
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
        self._on_invite = on_invite
        self._calls: dict[tuple[str, str], Call] = {}
        self.signalling = Signalling(
            address,
            user=user,
            display_name=display_name,
            product=product,
            timers=timers,
            credentials=credentials,
            on_request=self._on_request,
            on_ack=self._on_ack,
        )
        self.sockets = self.signalling.sockets

    # ------------------------------------------------------------------------------------------ outgoing calls

    def dial(self, uri: str, bridge: BridgeAddress, on_change: OnChange) -> OutgoingCall:
        """INVITE ``uri`` by way of ``bridge``. Raises ValueError when the text is no SIP URI."""
        target = messages.dialled(uri)
        call_id = f"{secrets.token_hex(12)}@{self.signalling.address}"
        call = OutgoingCall(self.signalling, self._forget, target, call_id)
        call.on_change = on_change
        self._calls[call.call_id, call.local_tag] = call
        self.signalling.ca_file = bridge.ca_file
        flow = self.sockets.udp_flow((bridge.host, bridge.port)) if bridge.transport == "udp" else None
        if flow:
            call.invite(flow)
        else:
            self.signalling.spawn(self._connect(call, bridge))
        return call

    async def _connect(self, call: OutgoingCall, bridge: BridgeAddress) -> None:
        try:
            flow = await self.signalling.flow_to(bridge.transport, (bridge.host, bridge.port), bridge.ca_file)
        except OSError as error:  # refused, timed out, untrusted certificate, unreadable ca_file
            call.no_way(f"{type(error).__name__}: {error}")
        else:
            call.invite(flow)

    # ---------------------------------------------------------------------------------------- what comes in

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
            self.signalling.answer_other(server)

    def _cancelled(self, server: ServerTransaction) -> None:
        invite = self.signalling.transactions.cancelled_by(server.ids)
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
            call = IncomingCall(self.signalling, self._forget, server, self.signalling.session(server))
        except messages.MalformedMessage:
            server.respond(400, to_tag=tag)
        except sdp.NotAcceptable:
            server.respond(488, to_tag=tag)
        else:
            self._calls[call.call_id, call.local_tag] = call
            self._on_invite(call)

    # -------------------------------------------------------------------------------------------------- the end

    def _forget(self, call: Call) -> None:
        """A call is over: the one thing that it tells."""
        self._calls.pop((call.call_id, call.local_tag), None)

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(self._calls.values())

    async def close(self, patience: float) -> None:
        """Hang up every call, wait ``patience`` seconds at most for the answers, close all sockets."""
        for call in self.calls:
            await call.hang_up()
        await self.signalling.stop(patience, self._drop)

    def _drop(self) -> None:
        for call in self.calls:
            call.drop()
