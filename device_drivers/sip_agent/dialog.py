"""A SIP dialog (RFC 3261 12): who talks to whom, where in-dialog requests go, in which order they are numbered."""

from __future__ import annotations

from dataclasses import dataclass, field

from sipmessage import URI, Address, Request, Response

from device_drivers.sip_agent import messages
from device_drivers.sip_agent.messages import Ids


@dataclass(slots=True)
class Dialog:
    call_id: str
    local: str  # our From header, tag included
    remote: str  # the peer's, as text, so that it is sent back unchanged
    remote_tag: str
    target: URI  # the peer's Contact
    routes: list[Address] = field(default_factory=list)
    sequence: int = 0
    remote_sequence: int = 0

    def request(
        self, method: str, *, sequence: int = 0, contact: str = "", body: bytes = b"", content_type: str = ""
    ) -> Request:
        """The next request of this dialog. An ACK gives the ``sequence`` of what it acknowledges."""
        if not sequence:
            self.sequence += 1
        uri, routes = self._routed()
        headers = [("Route", str(route)) for route in routes]
        headers += [("From", self.local), ("To", self.remote), ("Call-ID", self.call_id)]
        headers.append(("CSeq", f"{sequence or self.sequence} {method}"))
        if contact:
            headers.append(("Contact", contact))
        return messages.request(method, uri, headers, body=body, content_type=content_type)

    def _routed(self) -> tuple[URI, list[Address]]:
        """Request-URI and Route headers: loose routing, and strict routing for an old first hop (12.2.1.1)."""
        if not self.routes:
            return self.target, []
        first = self.routes[0].uri
        if "lr" in first.parameters:
            return self.target, self.routes
        return first, [*self.routes[1:], Address(uri=self.target)]

    def next_hop(self) -> tuple[str, int] | None:
        """Where the next request goes by the book; None when that is not a loopback address."""
        uri = self.routes[0].uri if self.routes else self.target
        if not messages.is_loopback(uri.host):
            return None
        return uri.host.strip("[]"), uri.port or (5061 if uri.parameters.get("transport") == "tls" else 5060)

    def refresh(self, message: Request | Response) -> None:
        """A re-INVITE may move the peer (12.2). Raises MalformedMessage."""
        with messages.reading():
            self.target = _target(message, self.target)


def as_caller(sent: Request, answer: Response) -> Dialog:
    """From our INVITE and its 2xx. Raises MalformedMessage."""
    with messages.reading():
        return Dialog(
            call_id=sent.call_id,
            local=sent.headers["From"],
            remote=answer.headers["To"],
            remote_tag=answer.to_address.parameters.get("tag") or "",
            target=_target(answer, sent.uri),
            routes=answer.record_route[::-1],
            sequence=sent.cseq.sequence,
        )


def as_callee(received: Request, ids: Ids, local_tag: str) -> Dialog:
    """From an INVITE that came in. Raises MalformedMessage."""
    with messages.reading():
        return Dialog(
            call_id=ids.call_id,
            local=f"{received.headers['To']};tag={local_tag}",
            remote=received.headers["From"],
            remote_tag=ids.from_tag,
            target=_target(received, received.from_address.uri),
            routes=received.record_route,
            remote_sequence=ids.sequence,
        )


def _target(message: Request | Response, otherwise: URI) -> URI:
    contacts = message.contact
    return contacts[0].uri if contacts else otherwise
