"""An outgoing call before it is connected: INVITE, digest challenge, CANCEL, and answers that cross a CANCEL."""

from __future__ import annotations

from sipmessage import URI, Request, Response

from device_drivers.sip_agent import dialog, digest, messages, sdp
from device_drivers.sip_agent.api import SipState
from device_drivers.sip_agent.call import Call, OnOver
from device_drivers.sip_agent.signalling import Signalling
from device_drivers.sip_agent.transactions import ClientTransaction
from device_drivers.sip_agent.transport import Flow


class OutgoingCall(Call):
    outgoing = True

    def __init__(self, signalling: Signalling, on_over: OnOver, uri: URI, call_id: str) -> None:
        super().__init__(signalling, on_over, call_id, str(uri), SipState.CALLING)
        self._target = uri
        self._sequence = 0
        self._invite: ClientTransaction | None = None
        self._provisional = False  # a CANCEL may not leave before (RFC 3261 9.1)
        self._ack: Request | None = None

    def invite(self, flow: Flow) -> None:
        """Send the INVITE over ``flow``. A call that was hung up meanwhile sends nothing."""
        self.flow = flow
        if self._state is not SipState.ENDED:
            self._send_invite()

    def no_way(self, reason: str) -> None:
        """The bridge could not be reached: as good as a 503 (RFC 3261 8.1.3.1)."""
        self.end(503, reason)

    def _send_invite(self, credentials: tuple[tuple[str, str], ...] = ()) -> None:
        assert self.flow is not None
        self._sequence += 1
        self._provisional = False
        headers = [
            ("From", self._signalling.from_header(self.local_tag)),
            ("To", f"<{self._target}>"),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._sequence} INVITE"),
            ("Contact", self._signalling.contact(self.flow)),
            ("Allow", messages.ALLOW),
            ("User-Agent", self._signalling.product),
            *credentials,
        ]
        body = sdp.offer(self._signalling.address)
        request = messages.request("INVITE", self._target, headers, body=body, content_type=sdp.CONTENT_TYPE)
        self._invite = self._signalling.transactions.send(request, self.flow, self._invite_answered)

    def _invite_answered(self, response: Response, to_tag: str) -> None:
        code = response.code
        if code < 200:
            self._progress(code)
        elif code < 300:
            self._accepted(response, to_tag)
        elif code in (401, 407) and self._state is not SipState.ENDED and self._answer_challenge(response):
            return
        else:
            self.end(code, response.phrase)

    def _progress(self, code: int) -> None:
        first, self._provisional = not self._provisional, True
        if self._state is SipState.ENDED:
            if first:
                self._cancel()
        elif code > 100 and self._state is SipState.CALLING:
            self.move(SipState.RINGING)

    def _accepted(self, response: Response, to_tag: str) -> None:
        if self._ack is not None and self.dialog and to_tag == self.dialog.remote_tag:
            self._send_ack(self.dialog, self._ack)  # our ACK was lost: the 2xx came again
            return
        assert self._invite is not None
        try:
            answered = dialog.as_caller(self._invite.request, response)
        except messages.MalformedMessage:
            self.end(500, "unreadable answer")
            return
        ack = self._ack_of(answered)
        if self.dialog is None:
            self.dialog, self._ack = answered, ack
            self._send_ack(answered, ack)
            if self._state is SipState.ENDED:
                self._bye()  # hung up while the answer was on its way
            else:
                self.move(SipState.CONNECTED)
        else:
            self._leave_fork(answered, ack)

    def _ack_of(self, answered: dialog.Dialog) -> Request:
        """Numbered as the INVITE, with the same credentials (RFC 3261 13.2.2.4, 22.1)."""
        assert self._invite is not None
        ack = answered.request("ACK", sequence=self._sequence)
        for name in ("Authorization", "Proxy-Authorization"):
            for value in self._invite.request.headers.getlist(name):
                ack.headers.add(name, value)
        return ack

    def _answer_challenge(self, response: Response) -> bool:
        """Once only: a second challenge means that the password is wrong."""
        credentials = self._signalling.credentials
        if credentials is None or self._sequence > 1:
            return False
        header = digest.answer_challenge(response, "INVITE", self._uri, credentials)
        if header is None:
            return False
        self._send_invite((header,))
        return True

    def _abandon(self) -> None:
        """Over for this side at once; the CANCEL leaves as soon as it may."""
        self.end(487)
        if self._provisional:
            self._cancel()

    def _cancel(self) -> None:
        """Same branch, Request-URI, To, From, Call-ID and number as the INVITE (RFC 3261 9.1)."""
        invite = self._invite
        if invite is None or invite.state != "proceeding":
            return
        sent = invite.request.headers
        headers = [("Route", route) for route in sent.getlist("Route")]
        headers += [(name, sent[name]) for name in ("From", "To", "Call-ID")]
        headers.append(("CSeq", f"{self._sequence} CANCEL"))
        cancel = messages.request("CANCEL", self._target, headers)
        self._signalling.transactions.send(cancel, invite.flow, lambda response, tag: None, branch=invite.branch)
        invite.give_up_after(self._signalling.timers.give_up)
