"""SIP messages (RFC 3261): reading what identifies them, building requests and responses. No I/O.

The grammar is sipmessage's. Headers that must come back unchanged (Via, From, To, Record-Route) are copied as
text, so that a peer finds its own bytes again.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sipmessage import URI, Address, Message, Parameters, Request, Response

BRANCH_COOKIE = "z9hG4bK"  # RFC 3261 8.1.1.7
ALLOW = "INVITE, ACK, BYE, CANCEL, INFO, OPTIONS"
KNOWN_METHODS = frozenset(ALLOW.replace(",", "").split()) | {
    "MESSAGE", "NOTIFY", "PRACK", "PUBLISH", "REFER", "REGISTER", "SUBSCRIBE", "UPDATE",
}  # fmt: skip
PHRASES = {
    100: "Trying", 180: "Ringing", 200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 415: "Unsupported Media Type", 420: "Bad Extension",
    480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 486: "Busy Here",
    487: "Request Terminated", 488: "Not Acceptable Here", 500: "Server Internal Error", 501: "Not Implemented",
    503: "Service Unavailable", 603: "Decline",
}  # fmt: skip

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_FOLDED = re.compile(rb"\r\n[ \t]+")
_SPACE_BEFORE_COLON = re.compile(rb"^([!-9;-~]+)[ \t]+:", re.MULTILINE)
_RPORT = re.compile(r";\s*rport(?=\s*(?:;|$))", re.IGNORECASE)


class MalformedMessage(ValueError):
    """Not a SIP message, or one without what every SIP message must carry."""


@dataclass(frozen=True, slots=True)
class Ids:
    """What tells transactions and dialogs apart."""

    branch: str
    sent_by: tuple[str, int | None]
    call_id: str
    sequence: int
    method: str  # of the CSeq
    from_tag: str
    to_tag: str


@contextmanager
def reading() -> Iterator[None]:
    """Whatever sipmessage raises on bad text becomes MalformedMessage, without the text: it may hold a passcode."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:  # TypeError: a parameter that is called "self"
        raise MalformedMessage(f"unreadable SIP message ({type(error).__name__})") from None


def parse(data: bytes) -> tuple[Request | Response, Ids]:
    """Read one whole message. Raises MalformedMessage and nothing else, whatever the bytes."""
    with reading():
        message = Message.parse(_unfold(data))
        ids = _read_ids(message)
        length = message.content_length
    if isinstance(message, Request) and message.method != ids.method:
        raise MalformedMessage("the method of the CSeq is not the request's")
    if isinstance(message, Response) and not 100 <= message.code <= 699:
        raise MalformedMessage("no such status code")
    if length is not None:
        if not 0 <= length <= len(message.body):
            raise MalformedMessage("the body is shorter than its Content-Length")
        message.body = message.body[:length]
    return message, ids


def _unfold(data: bytes) -> bytes:
    head, separator, body = data.partition(b"\r\n\r\n")
    return _SPACE_BEFORE_COLON.sub(rb"\1:", _FOLDED.sub(b" ", head)) + separator + body


def _read_ids(message: Request | Response) -> Ids:
    vias = message.via
    if not vias or not message.call_id:
        raise MalformedMessage("no Via or no Call-ID")
    cseq = message.cseq
    return Ids(
        branch=vias[0].parameters.get("branch") or "",
        sent_by=(vias[0].host, vias[0].port),
        call_id=message.call_id,
        sequence=cseq.sequence,
        method=cseq.method,
        from_tag=message.from_address.parameters.get("tag") or "",
        to_tag=message.to_address.parameters.get("tag") or "",
    )


def new_branch() -> str:
    return BRANCH_COOKIE + secrets.token_hex(12)


def new_tag() -> str:
    return secrets.token_hex(8)


def host_port(address: tuple[str, int]) -> str:
    """``127.0.0.1:5060``, ``[::1]:5060``."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """True for a loopback IP literal only; a name is never resolved, so it is never loopback."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def sip_uri(user: str, address: tuple[str, int] | str, transport: str = "udp") -> URI:
    host, port = (address, None) if isinstance(address, str) else address
    parameters = Parameters() if transport == "udp" else Parameters(transport=transport)
    return URI(scheme="sip", user=user, host=f"[{host}]" if ":" in host else host, port=port, parameters=parameters)


def dialled(text: str) -> URI:
    """``sip:user@domain``, read. Raises ValueError, which does not quote the text: it may hold a passcode."""
    with suppress(ValueError):
        uri = URI.parse(text)
        if uri.scheme in ("sip", "sips") and uri.user:
            return uri
    raise ValueError("what is dialled must read sip:user@domain")


def one_line(text: str) -> str:
    """A display name that cannot start another header."""
    return _CONTROL.sub(" ", text)


def via(transport: str, local: tuple[str, int], branch: str) -> str:
    return f"SIP/2.0/{transport.upper()} {host_port(local)};rport;branch={branch}"


def request(
    method: str,
    uri: URI,
    headers: Iterable[tuple[str, str]],
    *,
    body: bytes = b"",
    content_type: str = "",
) -> Request:
    """A request with the given headers in order; the transaction that sends it fills the Via."""
    made = Request(method=method, uri=uri, body=body)
    made.headers.add("Via", "")
    made.headers.add("Max-Forwards", "70")
    _fill(made, headers, content_type)
    return made


def response(
    to: Request,
    code: int,
    *,
    phrase: str = "",
    source: tuple[str, int],
    to_tag: str = "",
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    content_type: str = "",
) -> Response:
    """An answer to a request that came from ``source`` (RFC 3261 8.2.6, RFC 3581)."""
    made = Response(code=code, phrase=phrase or PHRASES.get(code, "Answer"), body=body)
    made.headers.setlist("Via", _stamped_vias(to.headers.getlist("Via"), source))
    if 180 <= code < 300:
        for route in to.headers.getlist("Record-Route"):
            made.headers.add("Record-Route", route)
    made.headers.add("From", to.headers["From"])
    remote = to.headers["To"]
    if to_tag and code > 100 and "tag" not in to.to_address.parameters:
        remote += f";tag={to_tag}"
    made.headers.add("To", remote)
    made.headers.add("Call-ID", to.headers["Call-ID"])
    made.headers.add("CSeq", to.headers["CSeq"])
    _fill(made, headers, content_type)
    return made


def _fill(message: Request | Response, headers: Iterable[tuple[str, str]], content_type: str) -> None:
    for name, value in headers:
        message.headers.add(name, value)
    if message.body:
        message.headers.add("Content-Type", content_type)
    message.headers.add("Content-Length", str(len(message.body)))


def _stamped_vias(vias: list[str], source: tuple[str, int]) -> list[str]:
    """The topmost Via with where the request really came from; the others untouched."""
    top, comma, rest = vias[0].partition(",")
    host, port = source
    stamped, wanted = _RPORT.subn(f";rport={port}", top)
    if wanted or f" {host}" not in top:
        stamped += f";received={host}"
    return [stamped + comma + rest, *vias[1:]]


def answer_goes_to(ids: Ids, request: Request, source: tuple[str, int]) -> tuple[str, int]:
    """Over UDP: back to the source port where the peer asked for it (RFC 3581), else to the Via's port."""
    if "rport" in request.via[0].parameters:
        return source
    return source[0], ids.sent_by[1] or 5060


def shown_name(address: Address) -> str:
    """The display name, else the user part: what a list of participants shows."""
    return address.name or address.uri.user or address.uri.host
