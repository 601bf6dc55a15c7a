"""Building and reading messages, descriptions and digests, without sockets."""

from __future__ import annotations

import pytest
from sipmessage import AuthCredentials, Request, Response

from device_drivers.sip_agent import dialog, messages, sdp
from device_drivers.sip_agent.call import dtmf_digit, redact_uri
from device_drivers.sip_agent.digest import Credentials, answer_challenge

from .test_bridge import invite_to


def read_request(data: bytes) -> tuple[Request, messages.Ids]:
    message, ids = messages.parse(data)
    assert isinstance(message, Request)
    return message, ids


def test_compact_and_folded_headers_are_read() -> None:
    data = invite_to("1").replace(b"Call-ID: one", b"i:\r\n  one").replace(b"Via: ", b"v : ")
    assert read_request(data)[1].call_id == "one"


@pytest.mark.parametrize(
    "change",
    [
        (b"Call-ID: one\r\n", b""), (b"Via: ", b"Vie: "), (b"1 INVITE", b"1 INFO"),
        (b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia"), (b"Content-Length: ", b"Content-Length: 9"),
        (b"Content-Length: ", b"Content-Length: -"), (b"\r\n\r\n", b"\r\n"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_not_read(change: tuple[bytes, bytes]) -> None:
    with pytest.raises(messages.MalformedMessage):
        messages.parse(invite_to("123456789.4321").replace(*change))


def test_a_response_goes_back_the_way_it_came() -> None:
    """RFC 3581: rport and received are filled in; the other Vias come back as they were."""
    data = invite_to("1").replace(b"From:", b"Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKz;x=y\r\nFrom:", 1)
    request, ids = read_request(data)
    answer = messages.response(request, 200, source=("127.0.0.9", 6000), to_tag="mine")
    assert answer.headers.getlist("Via") == [
        "SIP/2.0/UDP 127.0.0.1:5999;rport=6000;branch=z9hG4bKa;received=127.0.0.9",
        "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKz;x=y",
    ]
    assert answer.headers["To"] == "<sip:x@127.0.0.1>;tag=mine"
    assert messages.answer_goes_to(ids, request, ("127.0.0.9", 6000)) == ("127.0.0.9", 6000)


def test_without_rport_a_response_goes_to_the_port_of_the_via() -> None:
    request, ids = read_request(invite_to("1").replace(b";rport", b""))
    assert messages.answer_goes_to(ids, request, ("127.0.0.9", 6000)) == ("127.0.0.9", 5999)


def test_a_strict_router_gets_its_own_address_as_request_uri() -> None:
    """RFC 3261 12.2.1.1: no lr, so the target goes to the end of the Route."""
    data = invite_to("1").replace(b"Max-", b"Record-Route: <sip:127.0.0.7>\r\nRecord-Route: <sip:127.0.0.8;lr>\r\nMax-")
    talk = dialog.as_callee(*read_request(data), "mine")
    bye = talk.request("BYE")
    assert str(bye.uri) == "sip:127.0.0.7"
    assert bye.headers.getlist("Route") == ["<sip:127.0.0.8;lr>", "<sip:me@127.0.0.1:5999>"]
    assert talk.next_hop() == ("127.0.0.7", 5060)


@pytest.mark.parametrize("host", ["192.0.2.1", "zoomcrc.com", "localhost"])
def test_there_is_no_hop_off_the_machine(host: str) -> None:
    data = invite_to("1").replace(b"<sip:me@127.0.0.1:5999>\r\nMax", f"<sip:me@{host}>\r\nMax".encode())
    assert dialog.as_callee(*read_request(data), "mine").next_hop() is None


def test_an_offer_is_answered_stream_by_stream() -> None:
    offer = sdp.offer("127.0.0.3")
    assert b"c=IN IP4 127.0.0.3" in offer
    answer = sdp.answer(offer + b"m=application 9 UDP/BFCP *\r\n", "127.0.0.1").decode()
    assert [line for line in answer.split("\r\n") if line.startswith("m=")] == [
        "m=audio 9 RTP/AVP 0 8 101",
        "m=video 9 RTP/AVP 97",
        "m=application 0 UDP/BFCP *",
    ]
    assert answer.count("a=inactive") == 2


def test_a_secure_offer_is_answered_with_a_key_of_our_own() -> None:
    given = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40
    offer = f"v=0\r\nm=audio 9 RTP/SAVP 0\r\n{given}\r\nm=video 9 RTP/SAVP 97\r\n".encode()
    answer = sdp.answer(offer, "::1").decode().split("\r\n")
    keys = [line for line in answer if line.startswith("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:")]
    assert len(keys) == 1 and keys[0] != given and len(keys[0]) == len(given)
    assert "m=video 0 RTP/SAVP 97" in answer and "c=IN IP6 ::1" in answer


@pytest.mark.parametrize(
    ("kind", "body", "digit"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay;x=y", b"signal= #", "#"),
        ("Application/DTMF", b" a\r\n", "A"),
        ("application/dtmf", b"12", None),
        ("text/plain", b"Signal=5", None),
        ("", b"5", None),
    ],
)
def test_digits_are_read_from_both_forms(kind: str, body: bytes, digit: str | None) -> None:
    info = read_request(invite_to("1").replace(b"INVITE", b"INFO"))[0]
    info.headers.set("Content-Type", kind)
    info.body = body
    assert dtmf_digit(info) == digit


def challenge(text: str) -> Response:
    refusal = Response(401, "Unauthorized")
    refusal.headers.add("WWW-Authenticate", text)
    return refusal


def test_the_digest_of_rfc_2617() -> None:
    """The example of RFC 2617 3.5 without qop, computed by hand from its HA1 and HA2."""
    text = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"'
    header = answer_challenge(challenge(text), "GET", "/dir/index.html", Credentials("Mufasa", "Circle Of Life"))
    assert header and header[0] == "Authorization"
    given = AuthCredentials.parse(header[1]).parameters
    assert given and given["response"] == "670fd8c2df070c60b045671b8b24ff02"
    assert "Circle" not in header[1] and "Circle" not in repr(Credentials("Mufasa", "Circle Of Life"))


def test_sha_256_is_answered_and_what_we_cannot_do_is_not() -> None:
    who = Credentials("room", "example")
    header = answer_challenge(
        challenge('Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth"'), "INVITE", "x", who
    )
    assert header
    given = AuthCredentials.parse(header[1]).parameters
    assert given and len(given["response"]) == 64 and given["nc"] == "00000001"
    for text in ('Digest realm="r", nonce="n", algorithm=MD5-sess', 'Basic realm="r"', "Digest"):
        assert answer_challenge(challenge(text), "INVITE", "x", who) is None


def test_names_and_addresses_in_headers() -> None:
    assert messages.one_line("Room\r\nX: y") == "Room X: y"
    assert str(messages.sip_uri("Room 1", ("::1", 5060), "tcp")) == "sip:Room%201@[::1]:5060;transport=tcp"
    assert redact_uri("sip:123456789.4321@zoomcrc.com") == "sip:123456789.***@zoomcrc.com"
