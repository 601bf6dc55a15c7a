"""An incoming call before its dialog is confirmed: rings, is answered, refused or cancelled."""

from __future__ import annotations

from device_drivers.sip_agent import dialog
from device_drivers.sip_agent.api import SipState
from device_drivers.sip_agent.call import Call, OnOver
from device_drivers.sip_agent.signalling import Signalling
from device_drivers.sip_agent.transactions import ServerTransaction


class IncomingCall(Call):
    """``uri`` is the Request-URI: what the caller dialled. ``invite`` is the transaction of the INVITE."""

    outgoing = False

    def __init__(self, signalling: Signalling, on_over: OnOver, invite: ServerTransaction, body: bytes) -> None:
        """``body`` is our session description for the 200. Raises MalformedMessage."""
        super().__init__(signalling, on_over, invite.ids.call_id, str(invite.request.uri), SipState.CALLING)
        self.invite = invite
        self._body = body
        self.flow = invite.flow
        self.dialog = dialog.as_callee(invite.request, invite.ids, self.local_tag)

    def ring(self) -> None:
        if self._state is SipState.CALLING:
            self.invite.respond(
                180, to_tag=self.local_tag, headers=(("Contact", self._signalling.contact(self.invite.flow)),)
            )
            self.move(SipState.RINGING)

    def accept(self) -> None:
        """Answer 200. A call that is answered or over already: nothing happens."""
        if self._state in (SipState.CALLING, SipState.RINGING):
            self._accept(self.invite, self._body)
            self.move(SipState.CONNECTED)

    async def answer(self) -> None:
        self.accept()

    def refuse(self, code: int, reason: str = "") -> None:
        if self._state in (SipState.CALLING, SipState.RINGING):
            self.invite.respond(code, phrase=reason, to_tag=self.local_tag)
            self.end(code, reason)

    def _abandon(self) -> None:
        self.refuse(603)

    def cancelled(self) -> None:
        """The caller gave up; a CANCEL that comes after the 200 changes nothing (RFC 3261 9.2)."""
        self.refuse(487)

    def _far_end_left(self) -> None:
        self.refuse(487)  # a BYE before the answer also ends the INVITE (RFC 3261 15.1.2)
        super()._far_end_left()
