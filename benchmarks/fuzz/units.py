"""The parsers of what units send: replies over HTTP, challenges and other headers, SIP."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lxml import etree
from sipmessage import Request, Response

from benchmarks.fuzz.inputs import bytes_of
from benchmarks.fuzz.seeds import seeds
from benchmarks.fuzz.trying import Parser, plain
from device_drivers import foreign, xml
from device_drivers.api import Booking, DialAddress, DriverError
from device_drivers.cisco import codec as cisco
from device_drivers.generic_http import codec, digest, replies
from device_drivers.generic_http.description import Description, load, locate, shipped
from device_drivers.generic_http.description import Request as Asked
from device_drivers.sip_agent import call, dialog, messages, sdp
from device_drivers.sip_agent import digest as sip_digest

_NOW = datetime(2030, 5, 6, 13, tzinfo=UTC)
_ADDRESS = DialAddress("sip", "81234567890.4321@zoomcrc.com")
_BOOKING = Booking("4711", "Weekly", _NOW, _NOW + timedelta(hours=1), "Ada", _ADDRESS)
_LIMIT = 1024 * 1024


_CISCO_SENT = (
    "_command_xml", "dial", "unusable", "disconnect", "put_bookings", "_put_item", "_platform", "_dial_info_xml",
    "build",
)  # fmt: skip


def parsers() -> tuple[Parser, ...]:
    http, sip = "device_drivers.generic_http.", "device_drivers.sip_agent."
    return (
        Parser(
            "Cisco replies",
            seeds("cisco"),
            plain(_cisco),
            (xml.MalformedXml, DriverError),
            ("device_drivers.xml", "device_drivers.cisco.codec"),
            _CISCO_SENT,
        ),
        Parser(
            "described units' replies",
            seeds("described"),
            plain(_described()),
            modules=(http + "replies", http + "codec"),
            without=(
                "build",
                "build_dial",
                "build_push",
                "receipt",
                "_template",
                "_booking",
                "_worded",
            ),  # what we send
        ),
        Parser(
            "units' headers and words",
            seeds("words"),
            plain(_words),
            modules=("device_drivers.foreign", http + "digest"),
        ),
        Parser(
            "SIP messages",
            tuple(map(_whole, seeds("sip", line_end="\r\n"))),
            plain(_sip),
            (messages.MalformedMessage,),
            (sip + "messages", sip + "digest", sip + "dialog"),
        ),
        Parser("session descriptions", seeds("sdp"), plain(_session), (sdp.NotAcceptable,), (sip + "sdp",)),
    )


def _cisco(text: str) -> None:
    root = xml.parse(bytes_of(text))
    cisco.is_status(root)
    for read in (cisco.system_unit, cisco.system_time, _cisco_calls, _cisco_version):
        with suppress(DriverError):
            read(root)
    for result in cisco.results(root):
        with suppress(DriverError):
            cisco.listed_ids(result, _NOW)
        cisco.call_number(result.text("CallId"))
    cisco.sample(text)
    cisco.hide(text, _ADDRESS)


def _cisco_calls(root: etree._Element) -> None:
    for found in cisco.calls(root, root):
        cisco.call_number(found.id)


def _cisco_version(root: etree._Element) -> None:
    cisco.profile_of(cisco.system_unit(root).software)


# ------------------------------------------------------------------------------------ units by a description


def _described() -> Callable[[str], None]:
    """By every description that is shipped: the first line of an input is the status."""
    units = [load(path) for path in (*map(locate, shipped()), Path(__file__).parent / "seeds" / "unit.toml")]

    def read(text: str) -> None:
        first, _, body = text.partition("\n")
        status = int(first) if first.isascii() and first.isdigit() and len(first) == 3 else 200
        data = bytes_of(body)
        answer = codec.Answer(status, foreign.decoded(data, "", _LIMIT), foreign.is_web_page(data, ""))
        for unit in units:
            _by_description(unit, answer)

    return read


def _by_description(unit: Description, answer: codec.Answer) -> None:
    for request in (unit.probe, unit.dial, unit.hang_up, unit.calls, unit.shown):
        if request is not None:
            codec.problem(unit, request, answer, ("4321",))
    for value in _values(unit, answer):
        with suppress(replies.NotReadable, DriverError):
            value()


def _values(unit: Description, answer: codec.Answer) -> list[Callable[[], object]]:
    def known(request: Asked | None, read: Callable[[Asked], object]) -> Callable[[], object]:
        return lambda: read(request) if request is not None else None

    return [
        lambda: codec.device_info(unit, answer),
        lambda: codec.dialled(unit.dial, answer, _ADDRESS, _BOOKING, True),
        known(unit.calls, lambda request: codec.calls(request, answer)),
        known(unit.shown, lambda request: codec.shown_ids(request, answer, _NOW)),
    ]


# ------------------------------------------------------------------------------------ headers and words


def _words(text: str) -> None:
    data = bytes_of(text)
    digest.answer(text, method="GET", uri="/", username="u", password="p", client_nonce="n")
    foreign.header_text(text)
    foreign.header_text(data.decode("utf-8", "surrogateescape"))
    foreign.retry_after(text)
    foreign.decoded(data, text, _LIMIT)
    with suppress(LookupError):
        foreign.decoded_as(data, text.partition("=")[2][:40])
    foreign.sentence(text, "secret", text[:5])
    foreign.is_web_page(data, text)
    foreign.codes_of(text)
    foreign.is_digits(text)
    for read in (foreign.bounded_int, foreign.bounded_number, foreign.bounded_span, foreign.moment, foreign.epoch):
        with suppress(DriverError):
            read(text, "its word")
    with suppress(ValueError):
        foreign.json_document(text)


# ------------------------------------------------------------------------------------ SIP


def _whole(text: str) -> str:
    """A composed message with the length that its body has."""
    head, _, body = text.partition("\r\n\r\n")
    return re.sub(r"(?<=Content-Length: )[1-9]\d+", str(len(body)), head) + "\r\n\r\n" + body


def _sip(text: str) -> None:
    message, ids = messages.parse(bytes_of(text))
    messages.one_line(text)
    if isinstance(message, Request):
        _request(message, ids)
    else:
        _response(message)


def _request(message: Request, ids: messages.Ids) -> None:
    source = ("127.0.0.1", 5070)
    made = dialog.as_callee(message, ids, "t")
    made.request("BYE", contact="<sip:a@127.0.0.1>")
    made.next_hop()
    made.refresh(message)
    call.dtmf_digit(message)
    with messages.reading():
        bytes(messages.response(message, 200, source=source, to_tag="t", body=b"v=0", content_type="application/sdp"))
        messages.answer_goes_to(ids, message, source)
        messages.shown_name(message.from_address)


def _response(message: Response) -> None:
    who = sip_digest.Credentials("room", "s3cret")
    sip_digest.answer_challenge(message, "INVITE", "sip:1@127.0.0.1", who)
    asked = messages.request("INVITE", messages.dialled("sip:1@127.0.0.1"), _OURS)
    dialog.as_caller(asked, message).next_hop()


_OURS = (("From", "<sip:a@127.0.0.1>;tag=1"), ("To", "<sip:b@127.0.0.1>"), ("Call-ID", "c"), ("CSeq", "1 INVITE"))


def _session(text: str) -> None:
    sdp.answer(bytes_of(text), "127.0.0.1")
