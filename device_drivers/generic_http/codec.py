"""What leaves for a unit and what its answers mean, after its description. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from device_drivers import foreign
from device_drivers.api import (
    Booking,
    BookingList,
    CallRef,
    CallState,
    CredentialsRejected,
    DeviceBusy,
    DeviceInfo,
    DialAddress,
    DialRefused,
    DriverError,
    Receipt,
    UnexpectedReply,
)
from device_drivers.generic_http import replies, templates
from device_drivers.generic_http.description import BodyType, Description, Match, Push, Request

# The id of a call on a unit that gives none: there is one call, or it is told apart by its far end.
THE_CALL = "current"

_CONTENT_TYPES: Mapping[BodyType, str] = {
    "json": "application/json",
    "xml": "text/xml; charset=utf-8",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
}
_YES = ("true", "yes", "1", "on", "outgoing", "out")  # the last two where a unit names a direction
_NO = ("false", "no", "0", "off", "", "incoming", "in")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request, ready to send."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str
    page: bool = False  # HTML


# ------------------------------------------------------------------------------------ requests


def build(request: Request, values: Mapping[str, str], *, ready: Mapping[str, str] | None = None) -> Outgoing:
    """Fill a request in. ``ready`` values are escaped already and stand in the body only."""
    body = templates.fill(request.body, request.body_type, values, ready=ready) if request.body else None
    headers = dict(request.headers)
    if body is not None and "content-type" not in {key.lower() for key in headers}:
        headers["Content-Type"] = _CONTENT_TYPES[request.body_type]
    return Outgoing(request.method, templates.fill(request.path, "form", values), headers, body)


def build_dial(request: Request, unit: str, address: DialAddress, booking: Booking) -> Outgoing:
    return build(request, _worded(request, {"unit": unit} | templates.dial_values(address, booking)))


def build_push(push: Push, unit: str, bookings: BookingList) -> Outgoing:
    """The whole list; bookings that the unit cannot show are left out, see ``receipt``."""
    lines = (_booking(push, unit, booking) for booking in bookings.bookings)
    return build(push.request, {"unit": unit}, ready={"bookings": push.separator.join(filter(None, lines))})


def receipt(push: Push, bookings: BookingList) -> Receipt:
    """What a push that the unit took amounts to."""
    left_off = tuple(
        (b.id, "The unit cannot show a booking without a Join button.")
        for b in bookings.bookings
        if not _template(push, b)
    )
    return Receipt(bookings.digest, bookings.ids - {id_ for id_, _ in left_off}, left_off, push.request.path)


def _template(push: Push, booking: Booking) -> str:
    has_button = booking.address is not None and booking.address.protocol in push.protocols
    return push.booking if has_button else push.booking_without_button


def _booking(push: Push, unit: str, booking: Booking) -> str:
    values = _worded(push.request, {"unit": unit} | templates.booking_values(booking))
    return templates.fill(_template(push, booking), push.request.body_type, values)


def _worded(request: Request, values: dict[str, str]) -> dict[str, str]:
    """``protocol`` as the unit spells it."""
    if values["protocol"] in request.words:
        values["protocol"] = request.words[values["protocol"]][0]
    return values


# ------------------------------------------------------------------------------------ what an answer means


def problem(unit: Description, request: Request, answer: Answer, secrets: tuple[str, ...] = ()) -> DriverError | None:
    """None when the unit did what it was asked; else what the caller should raise."""
    if _is(request.also.get("gone"), request, answer):
        return None
    if replies.matches(unit.wrong_credentials, "text", answer.status, answer.text):
        return CredentialsRejected(f"The unit refused its user name and password (HTTP {answer.status}).")
    if replies.matches(unit.busy, "text", answer.status, answer.text):
        return DeviceBusy(
            f"The unit says that it is too busy (HTTP {answer.status}).", retry_after=timedelta(seconds=5)
        )
    if _is(request.also.get("refused"), request, answer):
        cause = redacted(_optional(request, answer, "cause") or f"HTTP {answer.status}", secrets)
        return DialRefused(f"The unit refused to dial: {cause}", cause=cause)
    if answer.page and answer.status < 400 and not (request.success.contains or request.success.where):
        return unexpected(
            "The answer is a web page: something else may answer at the unit's address. Where the unit itself answers "
            "with pages, the description's success has to name what stands in them.",
            answer,
            secrets,
        )
    if replies.matches(request.success, request.reply, answer.status, answer.text):
        return None
    return unexpected(f"The answer is not what the description calls success (HTTP {answer.status}).", answer, secrets)


def unexpected(sentence: str, answer: Answer, secrets: tuple[str, ...] = ()) -> UnexpectedReply:
    return UnexpectedReply(sentence, sample=redacted(answer.text, secrets))


def redacted(text: str, secrets: tuple[str, ...] = ()) -> str:
    """For errors: without the given secrets, without passcodes in addresses, on one line."""
    return foreign.sentence(text, *secrets)


def _is(match: Match | None, request: Request, answer: Answer) -> bool:
    return match is not None and replies.matches(match, request.reply, answer.status, answer.text)


def _optional(request: Request, answer: Answer, name: str) -> str | None:
    if name not in request.read:
        return None
    try:
        return replies.read(request.reply, answer.text).value(request.read[name])
    except replies.NotReadable:
        return None


# ------------------------------------------------------------------------------------ reading answers
# All of these raise replies.NotReadable with a sentence.


def device_info(unit: Description, answer: Answer) -> DeviceInfo:
    get = _getter(unit.probe, answer)
    product = get("product") if "product" in unit.probe.read else unit.label
    if not product:
        raise replies.NotReadable("The answer names no product where the description says it stands.")
    uptime, clock, in_call = get("uptime_seconds"), get("clock"), get("in_call")
    return DeviceInfo(
        product=product,
        software=get("software") or "",
        serial_number=get("serial_number") or "",
        facts=unit.facts,
        clock=None if clock is None else _moment(clock, "its clock"),
        uptime=None if uptime is None else foreign.bounded_span(uptime, "its uptime"),
        in_call=None if in_call is None else _truth(in_call),
        notes=(unit.status,) if unit.status else (),
    )


def dialled(request: Request, answer: Answer, address: DialAddress, booking: Booking, knows_booking: bool) -> CallRef:
    """The call that a dial began. ``knows_booking``: the unit was told the booking's id and keeps it."""
    call_id = _optional(request, answer, "call_id")
    if call_id is None and "call_id" in request.read:
        raise replies.NotReadable("The unit took the dial command but named no call.")
    booking_id = booking.id if knows_booking else None
    return CallRef(call_id or THE_CALL, CallState.DIALLING, f"{address.protocol}:{address.address}", booking_id)


def calls(request: Request, answer: Answer) -> tuple[CallRef, ...]:
    document = replies.read(request.reply, answer.text)
    if request.each:
        return tuple(_call(request, item) for item in document.items(request.each))
    return (_call(request, document),) if _is(request.also.get("in_call"), request, answer) else ()


def shown_ids(request: Request, answer: Answer, now: datetime) -> frozenset[str]:
    """Ids on the screen, those that are over left out where the unit says when they end."""
    found = set()
    for item in replies.read(request.reply, answer.text).items(request.each):
        booking_id = item.value(request.read["booking_id"])
        if booking_id is None:
            raise replies.NotReadable("The unit lists a booking without an id.")
        end = item.value(request.read["end"]) if "end" in request.read else None
        if end is None or _moment(end, "the end of a booking") > now:
            found.add(booking_id)
    return frozenset(found)


def same_far_end(one: str, other: str) -> bool:
    """Whether two spellings name one address: schemes, parameters and case do not count."""
    return _bare(one) == _bare(other)


def _bare(address: str) -> str:
    return re.sub(r"^(sips?|h323):", "", address.strip().lower()).partition(";")[0]


def _call(request: Request, item: replies.Document) -> CallRef:
    def get(name: str) -> str | None:
        return item.value(request.read[name]) if name in request.read else None

    call_id = get("call_id")
    if call_id is None and "call_id" in request.read and request.each:
        raise replies.NotReadable("The unit lists a call without an id.")
    outgoing = get("outgoing")
    return CallRef(
        id=call_id or THE_CALL,
        state=_state(request, get("state")),
        remote=get("remote") or "",
        booking_id=get("booking_id") or None,
        outgoing=True if outgoing is None else _truth(outgoing),
    )


def _state(request: Request, word: str | None) -> CallState:
    if "state" not in request.read:
        return CallState.CONNECTED
    for ours, theirs in request.words.items():
        if word is not None and word.lower() in (w.lower() for w in theirs):
            return CallState(ours)
    shown = foreign.sentence(word or "", limit=40)
    raise replies.NotReadable(f"The unit reports the call state {shown!r}, which the description does not name.")


def _getter(request: Request, answer: Answer) -> _Get:
    return _Get(request, replies.read(request.reply, answer.text))


@dataclass(frozen=True, slots=True)
class _Get:
    """Values of one reply by our names."""

    request: Request
    document: replies.Document

    def __call__(self, name: str) -> str | None:
        return self.document.value(self.request.read[name]) if name in self.request.read else None


def _truth(word: str) -> bool:
    if word.strip().lower() in _YES:
        return True
    if word.strip().lower() in _NO:
        return False
    raise replies.NotReadable(f"The unit says {foreign.sentence(word, limit=40)!r} where yes or no was expected.")


def _moment(word: str, what: str) -> datetime:
    """ISO 8601 (UTC when it names no zone), or seconds since 1970."""
    if foreign.is_digits(word):
        return foreign.epoch(word, what)
    found = foreign.moment(word, what)
    if found is None:
        raise replies.NotReadable(f"The unit says {foreign.sentence(word, limit=40)!r} where a time was expected.")
    return found
