"""What a unit may say of numbers, times, charsets and words, and that nothing of it stops the daemon (A9 to A12)."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_drivers import foreign, xml
from device_drivers.api import CallRef, CallState, DeviceUnreachable, DialRefused, UnexpectedReply, clean_text
from device_drivers.cisco import codec as cisco
from device_drivers.generic_http import codec as generic
from device_drivers.generic_http import digest
from device_drivers.generic_http.description import load, locate
from device_drivers.generic_http.replies import NotReadable, matches, read
from device_drivers.http import BODY_LIMIT, Reply

_CHARSETS = ("punycode", "undefined", "idna", "hex", "unicode_escape", "raw-unicode-escape", "utf-7", "rot13", "mbcs")


def _reply(body: bytes, content_type: str) -> Reply:
    return Reply(200, {"Content-Type": content_type}, body, {})


# ------------------------------------------------------------------------------------ A9: bodies and charsets


@pytest.mark.parametrize("charset", [*_CHARSETS, "no such", "", "x" * 5000, "..", "\u00b2", "zlib"])
@pytest.mark.parametrize("body", [b"<Status/>", b"\xff\xfe-" * 300_000, b"a-" * 500_000])
def test_a9_no_charset_is_slow_or_breaks(charset: str, body: bytes) -> None:
    began = time.process_time()
    text = _reply(body, f'text/xml; charset="{charset}"').text
    assert time.process_time() - began < 1
    assert text.startswith(body[:2].decode("utf-8", "replace"))


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("utf-8", "caf\u00e9".encode()),
        ('"UTF-8"', "caf\u00e9".encode()),
        ("ISO-8859-1", "caf\u00e9".encode("latin-1")),
        ("windows-1252", "caf\u00e9".encode("cp1252")),
        ("utf-16", "caf\u00e9".encode("utf-16")),
        ("gb2312", "caf\u00e9".encode("gb18030")),
        ("", b"\xef\xbb\xbfcaf\xc3\xa9"),
    ],
)
def test_a9_the_plain_charsets_are_read(charset: str, body: bytes) -> None:
    assert _reply(body, f"text/plain; charset={charset}").text == "caf\u00e9"


def test_a9_what_is_decoded_is_cut_first() -> None:
    assert len(_reply(b"x" * (8 * BODY_LIMIT), "text/plain").text) == BODY_LIMIT


@pytest.mark.parametrize(
    "body", ['status="success"' * 60_000, "callinfo:1:" * 90_000, "<apicommands>" * 70_000, ":" * 900_000]
)
def test_a9_expressions_of_descriptions_are_linear(body: str) -> None:
    """The kind: an expression that looks twice at each byte of an answer holds the event loop as well."""
    unit = load(locate("polycom_hdx"))
    assert unit.calls is not None
    began = time.process_time()
    assert not matches(unit.calls.success, "text", 200, body)
    with suppress(NotReadable):
        assert generic.calls(unit.calls, generic.Answer(200, body)) == ()
    assert time.process_time() - began < 3


def test_a9_a_challenge_is_read_once() -> None:
    began = time.process_time()
    challenge = "Digest " + "a" * 100_000
    assert digest.answer(challenge, method="GET", uri="/", username="u", password="p", client_nonce="n") is None
    assert time.process_time() - began < 1


# ------------------------------------------------------------------------------------ A11: documents


def test_a11_a_document_of_empty_elements_is_refused_before_it_is_built() -> None:
    with pytest.raises(xml.MalformedXml, match="more than"):
        xml.parse(b"<r>" + b"<a/>" * 250_000 + b"</r>")
    with pytest.raises(xml.MalformedXml, match="bytes"):
        xml.parse(b"<r>" + b"x" * BODY_LIMIT + b"</r>")
    assert len(xml.parse(b"<r>" + b"<a/>" * 20_000 + b"</r>")) == 20_000


@pytest.mark.parametrize("kind", ["json", "text"])
def test_a11_endless_lists_are_refused(kind: str) -> None:
    with pytest.raises(NotReadable, match="more than 1000"):
        if kind == "json":
            read("json", "[" + "0," * 5000 + "0]").items("")
        else:
            read("text", "c\n" * 5000).items("^c$")


# ------------------------------------------------------------------------------------ A10: numbers and times

_NO_NUMBERS = (
    *("\u00b2", "\u0663", "9" * 25, "9" * 5000, "-1", "--1", "+"),
    *("0x10", "1_000", "inf", "nan", "1e999", "five"),
)


@pytest.mark.parametrize("word", [*_NO_NUMBERS, "1.5", "+1"])
def test_a10_whole_numbers(word: str) -> None:
    with pytest.raises(UnexpectedReply, match="its calls"):
        foreign.bounded_int(word, "its calls")


@pytest.mark.parametrize("word", _NO_NUMBERS)
def test_a10_spans(word: str) -> None:
    with pytest.raises(UnexpectedReply, match="its uptime"):
        foreign.bounded_span(word, "its uptime")


def test_a10_numbers_that_are_some() -> None:
    assert foreign.bounded_int(" 007 ", "x") == 7
    assert foreign.bounded_span("1234.5", "x") == timedelta(seconds=1234.5)
    assert foreign.bounded_span("1.2e3", "x") == timedelta(seconds=1200)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3", 3), ("0", 0), ("9" * 5000, 600), ("99999999999", 600), ("", 5), ("\u00b2", 5), ("-1", 5), ("soon", 5)],
)
def test_a10_retry_after(text: str, seconds: int) -> None:
    assert foreign.retry_after(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "word", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00", "1066-10-14T09:00:00Z"]
)
def test_a10_times_out_of_range(word: str) -> None:
    with pytest.raises(UnexpectedReply, match="its clock"):
        foreign.moment(word, "its clock")


def test_a10_times() -> None:
    assert foreign.moment("2030-05-06T13:00:00+0000", "x") == datetime(2030, 5, 6, 13, tzinfo=UTC)
    assert foreign.moment("1970-01-01T00:00:00+14:00", "x") == datetime(1969, 12, 31, 10, tzinfo=UTC)
    assert [foreign.moment(word, "x") for word in ("", "soon", "2030-13-01T00:00:00Z", "2" * 5000)] == [None] * 4
    assert foreign.epoch("1900000000", "x") == datetime.fromtimestamp(1_900_000_000, UTC)


@given(st.text(max_size=60) | st.from_regex(r"[0-9]{1,30}(\.[0-9]{1,30})?|[0-9-]{1,10}T[0-9:]{1,8}[+-][0-9]{4}"))
def test_a10_whatever_a_unit_says_only_unexpected_reply_is_raised(word: str) -> None:
    for reader in (foreign.bounded_int, foreign.bounded_number, foreign.bounded_span, foreign.moment, foreign.epoch):
        try:
            reader(word, "x")
        except UnexpectedReply as error:
            assert str(error).isprintable()
    foreign.retry_after(word)


_SYSTEM_UNIT = (
    "<Status><SystemUnit><Uptime>{}</Uptime><State><NumberOfActiveCalls>{}</NumberOfActiveCalls></State></SystemUnit>"
    "</Status>"
)


@pytest.mark.parametrize("word", ["\u00b2", "9" * 25, "9" * 5000])
def test_a10_a_cisco_status_out_of_range(word: str) -> None:
    for values in ((word, "0"), ("5", word)):
        with pytest.raises(UnexpectedReply):
            cisco.system_unit(xml.parse(_SYSTEM_UNIT.format(*values)))
    assert cisco.call_number(word) is None
    assert cisco.profile_of(f"ce{word}.1") in (cisco.CE9, cisco.CE_OLD, cisco.ROOMOS26)


def test_a10_a_cisco_clock_and_list_out_of_range() -> None:
    odd = "0001-01-01T00:00:00+14:00"
    with pytest.raises(UnexpectedReply, match="its clock"):
        cisco.system_time(xml.parse(f"<Status><Time><SystemTime>{odd}</SystemTime></Time></Status>"))
    times = (
        (odd, "0"),
        ("2030-01-01T00:00:00Z", "9" * 25),
        ("2030-01-01T00:00:00Z", "\u00b2"),
    )
    for end, buffer in times:
        listed = f"<Time><EndTime>{end}</EndTime><EndTimeBuffer>{buffer}</EndTimeBuffer></Time>"
        document = f'<Command><R status="OK"><Booking><Id>1</Id>{listed}</Booking></R></Command>'
        with pytest.raises(UnexpectedReply, match="of a booking"):
            cisco.listed_ids(cisco.results(xml.parse(document))[0], datetime(2029, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("key", "word"),
    [
        *(("uptime", word) for word in ('"nan"', "1e999", "9" * 400, '"\u00b2"')),
        *(("time", word) for word in ("9" * 30, '"0001-01-01T00:00:00+14:00"', '"\u0663"')),
    ],
)
def test_a10_a_described_units_probe_out_of_range(key: str, word: str) -> None:
    unit = load(locate("room_controller"))
    answer = generic.Answer(200, f'{{"model": "M", "{key}": {word}}}')
    with pytest.raises((UnexpectedReply, NotReadable)):
        generic.device_info(unit, answer)


# ------------------------------------------------------------------------------------ A12, A13: words

_NASTY = "Room\x9b31mKit\u202e\x1b[2J\r\nPro\u2066\x00\u200f\ufeff\ud800 \U000e0041!"


def test_a12_foreign_text_is_cleaned_at_the_wall() -> None:
    unit = load(locate("room_controller"))
    body = {"model": _NASTY, "version": "1\n2", "serialNumber": "S\x07"}
    info = generic.device_info(unit, generic.Answer(200, json.dumps(body)))
    assert (info.product, info.software, info.serial_number) == ("Room31mKit[2J Pro !", "1 2", "S")
    for error in (DeviceUnreachable(_NASTY), DialRefused(_NASTY, cause=_NASTY), UnexpectedReply("x", sample=_NASTY)):
        assert f"{error}{getattr(error, 'cause', '')}{getattr(error, 'sample', '')}".isprintable()
    call = CallRef("7\n", CallState.ENDED, remote=_NASTY, cause=_NASTY)
    assert (call.id, call.remote, call.cause) == ("7", "Room31mKit[2J Pro !", "Room31mKit[2J Pro !")


@given(st.text(max_size=900))
def test_a12_cleaned_text_is_one_short_line(text: str) -> None:
    cleaned = clean_text(text)
    assert len(cleaned) <= 200
    assert not set(cleaned) & set("\x00\x1b\x7f\x85\x9b\u2028\u202e\u2066\ufeff\n\r\t")
    assert cleaned == clean_text(cleaned)


def test_a12_what_people_read_stays() -> None:
    persian = "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    for text in ("Caf\u00e9 Z\u00fcrich", "\u05d9\u05e9\u05d9\u05d1\u05d4", "\u65e5\u672c\u8a9e", persian):
        assert clean_text(text) == text
    assert clean_text("x" * 10**7).endswith("x\u2026")


@pytest.mark.parametrize("rest", ["", " is unknown", "\n" * 3000])
def test_a13_a_refusal_that_quotes_a_passcode_is_masked(rest: str) -> None:
    for said in (
        "81920374655.004618@zoomcrc.com",
        "198.51.100.7##81920374655#004618",
        "198.51.100.7##81920374655##004618",
    ):
        assert "004618" not in foreign.sentence(f"cannot dial {said}{rest}")
    assert foreign.sentence(" " * 790 + "s3cret-word", "s3cret-word") == "***"
    assert "s3cr" not in foreign.sentence(" " * 808 + "s3cret-word and more", "s3cret-word")
    cause = "<Cause>81920374655.004618@zoomcrc.com is busy</Cause>"
    document = f'<Command><DialResult status="Error">{cause}</DialResult></Command>'
    assert cisco.results(xml.parse(document))[0].reason == "81920374655.***@zoomcrc.com is busy"
