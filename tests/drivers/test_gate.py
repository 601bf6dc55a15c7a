"""One gate for a unit's bytes: what they are read with, and what comes of it whatever they are (A9 to A13)."""

from __future__ import annotations

import ast
import asyncio
import random
import time
import unicodedata
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import device_drivers
from device_drivers import foreign, xml
from device_drivers.api import (
    Booking,
    BookingList,
    CallRef,
    CallState,
    CredentialsRejected,
    DeviceInfo,
    DialAddress,
    DriverError,
    Endpoint,
    TlsPolicy,
    UnexpectedReply,
    UnitFacts,
)
from device_drivers.cisco.driver import CiscoDriver
from device_drivers.cisco.session import Pace
from device_drivers.generic_http.description import locate, shipped
from device_drivers.generic_http.driver import open_unit
from device_drivers.http import UnitHttp
from tests.support import patience
from tests.support.servers import listening

ROOT = Path(device_drivers.__file__).parent
# Who opens the gate: everything else gets from them what they let in.
GATE = {"foreign.py", "http.py", "connections.py", "tls.py", "tls_troubles.py", "xml.py", "registry.py"}
# What turns bytes or words into something, each with limits of its own that are not ours.
READERS = {
    "int", "float", "complex", "Decimal", "eval", "exec", "literal_eval", "open_connection", "decode", "fromisoformat",
    "strptime", "fromtimestamp", "utcfromtimestamp", "loads", "load", "fromstring", "XML", "HTML", "iterparse",
    "isdigit", "isdecimal", "isnumeric", "readuntil", "readexactly", "readline", "recv", "iter_any", "iter_chunked",
    "strtobool", "b64decode", "fromhex", "unhexlify", "parsedate_to_datetime", "decompress",
}  # fmt: skip
SOCKETS = {"aiohttp", "socket", "ssl", "http", "urllib", "requests", "httpx2", "asyncssh", "telnetlib3", "gzip", "zlib"}
OURS = {  # what reads an admin's own words, our own values, or what we kept ourselves
    ("cisco/driver.py", "_number"), ("cisco/driver.py", "_read_options"), ("cisco/codec.py", "_put_item"),
    ("cisco/codec.py", "_seconds"), ("cisco/left_behind.py", "_read"), ("generic_http/driver.py", "_timeout"),
    ("generic_http/replies.py", "_pointed"), ("generic_http/driver.py", "open_unit"),
    ("generic_http/patterns.py", "pattern"),
}  # fmt: skip


def _driver_modules() -> Iterator[Path]:
    for path in sorted(ROOT.glob("*/*.py")):
        if path.parent.name in ("api", "testing", "sip_agent", "template"):
            continue
        if path.name.startswith(("simulat", "faces")) or path.name in ("description.py", "templates.py"):
            continue  # units themselves, and what an admin wrote
        yield path
    yield from (path for path in sorted(ROOT.glob("*.py")) if path.name not in GATE)


def outside_the_gate(source: str, name: str = "") -> list[str]:
    """What a driver's module reads for itself."""
    found = []
    for function, node in _nodes(ast.parse(source), ""):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [f"{function}: imports {m}" for m in modules if m.partition(".")[0] in SOCKETS]
        if isinstance(node, ast.Call) and (name, function) not in OURS:
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            found += [f"{function}: calls {called}"] if called in READERS else []
    return found


def _nodes(tree: ast.AST, function: str) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.iter_child_nodes(tree):
        inner = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function
        yield inner, node
        yield from _nodes(node, inner)


@pytest.mark.parametrize("path", [*_driver_modules()], ids=lambda path: str(path.relative_to(ROOT)))
def test_a9_a10_no_driver_reads_a_units_bytes_outside_the_gate(path: Path) -> None:
    assert outside_the_gate(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))) == []


@pytest.mark.parametrize(
    "line",
    ["int(x)", "x.body.decode('ascii')", "json.loads(x)", "import socket", "from urllib.request import urlopen",
     "datetime.fromisoformat(x)", "x.isdigit()", "await asyncio.open_connection(x, 1)"],
)  # fmt: skip
def test_a9_the_test_above_sees_it(line: str) -> None:
    assert outside_the_gate(f"async def read(x):\n    {line}\n") != []


async def test_a9_no_driver_takes_the_clients_own_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor at run time: aiohttp's own would decode and inflate without limits."""

    def refused(self: object, *_: object, **__: object) -> Any:
        raise AssertionError("a body was read outside the gate")

    for name in ("text", "json", "read"):
        monkeypatch.setattr(aiohttp.ClientResponse, name, refused)
    async with spoken(lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>") as endpoint:
        for act in ACTS.values():
            async with driver_for("cisco", endpoint) as driver:
                with suppress(DriverError):
                    await act(driver)


# ------------------------------------------------------------------------------------ whatever is on the wire


def spoken(answer: Callable[[], bytes]) -> Any:
    """A unit that answers each request with the bytes that ``answer`` makes, and leaves."""

    class Speaking:
        async def __aenter__(self) -> Endpoint:
            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                with suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                    await reader.readexactly(int(length[0].partition(b":")[2]) if length else 0)
                    writer.write(answer())
                    await writer.drain()
                writer.close()

            self.server = listening(serve)
            port = await self.server.__aenter__()
            return Endpoint("r", "127.0.0.1", port=port, tls=TlsPolicy("off"), username="admin", password="s3cret")

        async def __aexit__(self, *error: Any) -> None:
            await self.server.__aexit__(*error)

    return Speaking()


def driver_for(kind: str, endpoint: Endpoint) -> Any:
    if kind == "cisco":
        driver = CiscoDriver(replace(endpoint, options={"timeout": "2"}))
        driver._session._basic_pace = driver._session._session_pace = Pace(1000, burst=100)
        return driver
    return open_unit(replace(endpoint, options={"timeout": "2", "description": kind}))


ADDRESS = DialAddress("sip", "93344455566.80417355@vc.example.test")
START = datetime(2030, 5, 6, 13, tzinfo=UTC)
BOOKING = Booking("4711", "Weekly", START, START + timedelta(hours=1), "Ada", ADDRESS)
ACTS: dict[str, Callable[[Any], Awaitable[object]]] = {
    "probe": lambda d: d.probe(),
    "push": lambda d: d.push(BookingList((BOOKING,))),
    "shown": lambda d: d.shown(),
    "calls": lambda d: d.calls(),
    "dial": lambda d: d.dial(ADDRESS, BOOKING),
    "hang_up": lambda d: d.hang_up(CallRef("3", CallState.CONNECTED)),
}
UNITS = ["cisco", "digest", *shipped()]

_ODD = [
    b"", b" ", b"\x00", b"\x80\xff", b"\xe2\x80\xae", b"\x1b[2J", b"9" * 5000, b"-1", b"1e999", b"nan", "²".encode(),
    b"a" * 8000, b"a" * 9000, b";", b"=", b'"', b"\t", b"text/xml; charset=punycode", b"text/xml; charset=utf-7",
    b'Digest realm="a", nonce="\xc3\xa9", qop="auth", opaque="\x80"', b'Digest nonce="a", algorithm=SHA-256',
    b"gzip", b"chunked", b"chunked, chunked", b"identity", b"Digest", b'Digest nonce="\xff", realm="\xfe"',
    b'Digest realm="' + b"a" * 4000, b"SessionId=\xff; Path=/", b"SessionId=" + b"a" * 5000, b"SecureSessionId=a\tb",
    b"/web/signin", b"//evil.example", b"Mon, 01 Jan 0001 00:00:00 GMT", b"close", b"keep-alive", b"0", b"+5", b"5, 5",
]  # fmt: skip
_NAMES = [
    b"Content-Type", b"Content-Length", b"Content-Encoding", b"Transfer-Encoding", b"Set-Cookie", b"Location",
    b"Retry-After", b"WWW-Authenticate", b"Connection", b"X\xff", b"Trailer", b"Upgrade", b"",
]  # fmt: skip
_STATUSES = [b"200", b"201", b"204", b"301", b"302", b"304", b"400", b"401", b"403", b"404", b"429", b"500", b"503",
             b"999", b"099", b"1", b"abc", b"\xb2\xb2\xb2", b"100", b"101", b"-200", b"2000"]  # fmt: skip
_BODIES = [
    b"", b"<Status/>", b"<Command><DialResult status='OK'><CallId>" + b"9" * 5000 + b"</CallId></DialResult></Command>",
    b"<Status><SystemUnit><Uptime>" + b"9" * 25 + b"</Uptime></SystemUnit></Status>", b"{}", b"[" * 5000, b"\xff\xfe",
    b'{"product": "x", "uptime_seconds": 1e999, "clock": "0001-01-01T00:00:00+14:00", "calls": [{"id": "\\ud800"}]}',
    b"<html>", b"4\r\nab\r\n", b"ffffffffffffffff\r\n", b"0\r\n\r\n", b"\x1f\x8b\x08", b"<a>&nbsp;</a>", b"7" * 5000,
]  # fmt: skip


def odd_answer(chance: random.Random) -> bytes:
    lines = [
        b"HTTP/1."
        + chance.choice([b"1", b"1", b"1", b"0", b"9", b"\xb2"])
        + b" "
        + chance.choice([b"401", *_STATUSES])
        + b" x"
    ]
    body = chance.choice(_BODIES)
    if chance.random() < 0.7:
        lines.append(b"Content-Length: %d" % len(body))
    lines += [chance.choice(_NAMES) + b": " + chance.choice(_ODD) for _ in range(chance.randrange(4))]
    data = b"\r\n".join(lines) + b"\r\n\r\n" + body
    if chance.random() < 0.1:
        data = data[: chance.randrange(len(data))]
    return data


@pytest.mark.parametrize("unit", UNITS)
async def test_a10_whatever_is_on_the_wire_only_the_contracts_errors_come_of_it(unit: str, tmp_path: Path) -> None:
    chance = random.Random(unit)
    if unit == "digest":
        text = locate("room_controller").read_text(encoding="utf-8")
        assert 'kind = "basic"' in text
        (tmp_path / "digest.toml").write_text(text.replace('kind = "basic"', 'kind = "digest"'), encoding="utf-8")
        unit = str(tmp_path / "digest.toml")
    answer = b""

    def next_answer() -> bytes:
        nonlocal answer
        answer = odd_answer(chance)
        return answer

    async with spoken(next_answer) as endpoint:
        for _ in range(60):
            for name, act in ACTS.items():
                async with driver_for(unit, endpoint) as driver:
                    try:
                        await act(driver)
                    except DriverError as error:
                        assert "s3cret" not in str(error) and "80417355" not in str(error)
                    except Exception as error:
                        raise AssertionError(f"{name} of {unit} on {answer[:300]!r}: {error!r}") from error


@pytest.mark.parametrize(
    "challenge",
    [
        b'Digest realm="\xff", nonce="\xfe"',
        b'Digest realm="a", nonce="b\xc2\x85c", qop="auth"',
        b'Digest nonce="\xed\xa0\x80"',
    ],
)
async def test_a10_a_challenge_that_is_no_text_is_answered_or_refused(challenge: bytes, tmp_path: Path) -> None:
    text = locate("room_controller").read_text(encoding="utf-8").replace('kind = "basic"', 'kind = "digest"')
    (tmp_path / "digest.toml").write_text(text, encoding="utf-8")
    answer = b"HTTP/1.1 401 x\r\nContent-Length: 0\r\nWWW-Authenticate: " + challenge + b"\r\n\r\n"
    async with spoken(lambda: answer) as endpoint, driver_for(str(tmp_path / "digest.toml"), endpoint) as driver:
        with pytest.raises(CredentialsRejected):
            await driver.probe()


@pytest.mark.parametrize("value", ["\udcff", "\ud800", "\udcc3\udca9", "a\x85b", "é", "\x00", "plain", "\u2028"])
def test_a10_a_headers_value_can_be_sent_back(value: str) -> None:
    shown = foreign.header_text(value)
    assert shown.encode()
    assert shown.isprintable() or "\ufffd" in shown


@pytest.mark.parametrize(
    "flood",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 500_000,
        b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 4_000_000,
        b"HTTP/1.1 " + b"2" * 4_000_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 600_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1;" + b"x" * 4_000_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-A: b\r\n" * 500_000,
        b"HTTP/1.1 200 OK\r\n" + b"Set-Cookie: a=\"" + b"\\" * 7000 + b"\r\n" + b"Set-Cookie: b=c\r\n" * 100_000,
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=punycode\r\n\r\n" + b"a-" * 4_000_000,
    ],
    ids=["headers", "header", "status", "continue", "chunks", "extension", "trailers", "cookies", "body"],
)  # fmt: skip
async def test_a9_no_flood_holds_the_loop(flood: bytes) -> None:
    """Others work meanwhile: the loop is never away for long, whatever one unit sends."""
    slowest = 0.0

    async def others() -> None:
        nonlocal slowest
        while True:
            began, worked = asyncio.get_running_loop().time(), time.thread_time()
            await asyncio.sleep(0.005)
            # a busy machine keeps the loop from running, too: only what it worked itself counts
            gap = min(asyncio.get_running_loop().time() - began, time.thread_time() - worked)
            slowest = max(slowest, gap)

    async with spoken(lambda: flood) as endpoint, UnitHttp(endpoint, default_port=443, timeout=3) as http:
        working = asyncio.create_task(others())
        with suppress(DriverError):
            reply = await http.request("GET", "/")
            assert len(reply.text) <= 1024 * 1024
        working.cancel()
    assert slowest < patience.seconds(0.25)


# ------------------------------------------------------------------------------------ charsets and markup


@pytest.mark.parametrize("charset", ["utf-16", "utf-16le", "utf-16be", "utf-8", "utf-8-sig"])
def test_a11_a_document_is_judged_in_the_charset_that_it_is_read_in(charset: str) -> None:
    """What is refused is refused whatever it is written in."""
    declared = "utf-16" if "16" in charset else "utf-8"
    for content in ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<r>" + "<a/>" * 100_001 + "</r>"):
        document = f'<?xml version="1.0" encoding="{declared}"?>{content}'.encode(charset)
        with pytest.raises(xml.MalformedXml):
            xml.parse(document)


@pytest.mark.parametrize(
    "charset", ["IBM037", "UTF-7", "ISO-2022-JP", "UCS-4", "punycode", "undefined", "rot13", "x" * 39]
)
def test_a9_a_document_in_an_odd_charset_is_none(charset: str) -> None:
    with pytest.raises(xml.MalformedXml, match="encoding"):
        xml.parse(f'<?xml version="1.0" encoding="{charset}"?><a/>'.encode())


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "US-ASCII"])
def test_a9_the_plain_ones_are_read(charset: str) -> None:
    text = "Konferenz" if "ASCII" in charset else "Besprechung Köln"
    document = f'<?xml version="1.0" encoding="{charset}"?>\n<a>{text}</a>'
    assert xml.text_of(xml.parse(document.encode(charset))) == text
    assert xml.text_of(xml.parse(document)) == text  # decoded already: what it says of its encoding does not count


@pytest.mark.parametrize(
    "body",
    [b"<!-- " + b"-->x<!--" * 12_000, b"<?a?>" * 20_000, b"<!---->" * 14_000, b" " * 100_000, b"<" * 100_000,
     b"<!--" * 25_000, b"<?" * 50_000, b"\xef\xbb\xbf" * 30_000],
)  # fmt: skip
def test_a9_a_page_is_told_in_no_time(body: bytes) -> None:
    began = asyncio.new_event_loop()
    try:
        start = began.time()
        foreign.is_web_page(body, "text/xml")
        assert began.time() - start < patience.seconds(0.05)
    finally:
        began.close()


# ------------------------------------------------------------------------------------ A12, A13: words


def _unseen() -> str:
    """Every character that drives a terminal, turns text, or cannot be seen; but the joiners that languages need."""
    found = [chr(n) for n in range(0x11_0000) if unicodedata.category(chr(n)) in ("Cc", "Cf", "Zl", "Zp", "Cs")]
    return "".join(c for c in found if c not in _NEEDED)


# The joiners; and signs of scripts, shorthand and music that are of the same category, and are seen.
_NEEDED = {chr(n) for n in (0x200C, 0x200D, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD)}
_NEEDED |= {
    chr(n) for first, end in ((0x600, 0x606), (0x13430, 0x13440), (0x1BCA0, 0x1BCA4)) for n in range(first, end)
}
_NEEDED |= {chr(n) for n in range(0x1D173, 0x1D17B)}

_TEXTS = ["product", "software", "serial", "note", "cause", "remote", "id", "message", "sample"]


@pytest.mark.parametrize("where", _TEXTS)
def test_a12_every_text_of_a_unit_is_cleaned(where: str) -> None:
    for odd in _unseen():
        text = f"A{odd}B"
        shown = _at_the_wall(where, text)
        assert odd not in shown, f"U+{ord(odd):04X} stays in {where}"
        assert "\n" not in shown


def _at_the_wall(where: str, text: str) -> str:
    info = DeviceInfo(text, text, text, UnitFacts(), notes=(text,))
    call = CallRef(text, CallState.CONNECTED, text, cause=text)
    error = UnexpectedReply(text, sample=text)
    return {
        "product": info.product, "software": info.software, "serial": info.serial_number, "note": info.notes[0],
        "cause": call.cause, "remote": call.remote, "id": call.id, "message": str(error), "sample": error.sample,
    }[where]  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        "Cannot dial 93344455566.80417355@zoomcrc.com",
        "sip:93344455566.80417355@zoomcrc.com is busy",
        "93344455566.80417355.2.556677@zoomcrc.com",
        "93344455566.8041\u200b7355@zoomcrc.com",
        "93344455566.80417355%40zoomcrc.com",
        "192.0.2.10##93344455566#80417355 no route",
        "192.0.2.10##93344455566##80417355",
        "93344455566$$80417355@vc.example.test",
        "passcode 80417355 is wrong",
        "<Number>93344455566.80417355@vc.example.test</Number>",
        "number=93344455566.80417355",
        "x" * 790 + "93344455566.80417355@vc.example.test",
        "x" * 180 + "93344455566.80417355@vc.example.test",
    ],
)
def test_a13_no_words_of_a_unit_tell_a_passcode(said: str) -> None:
    told = foreign.sentence(said, *foreign.codes_of("93344455566.80417355.2.556677@zoomcrc.com"))
    assert "80417355" not in told.replace("\u200b", "")
    assert "556677" not in told


@pytest.mark.parametrize(
    ("address", "codes"),
    [
        ("93344455566.80417355@zoomcrc.com", ("80417355",)),
        ("93344455566.80417355.2.556677@zoomcrc.com", ("80417355", "556677")),
        ("192.0.2.10##93344455566#80417355", ("80417355",)),
        ("192.0.2.10##93344455566##80417355", ("80417355",)),
        ("93344455566$$80417355@vc.example.test", ("80417355",)),
        ("93344455566@zoomcrc.com", ()),
        ("192.0.2.10", ()),
    ],
)
def test_a13_the_codes_of_an_address(address: str, codes: tuple[str, ...]) -> None:
    if address != "192.0.2.10":  # of an address alone nothing is secret, and nothing is looked for that matters
        assert foreign.codes_of(address) == codes
