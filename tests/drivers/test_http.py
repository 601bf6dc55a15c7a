"""The shared HTTP client of drivers, against raw sockets on loopback."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from device_drivers.api import (
    DeviceUnreachable,
    Endpoint,
    NotSupported,
    TlsPolicy,
    UnexpectedReply,
    UntrustedCertificate,
)
from device_drivers.http import UnitHttp, peer_pin, port_of
from device_drivers.testing.certificates import SelfSigned, self_signed
from tests.support import patience
from tests.support.certificates import issue
from tests.support.servers import listening

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass(slots=True)
class Unit:
    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def unit(
    answer: Callable[[int, asyncio.StreamWriter], Awaitable[None]], context: ssl.SSLContext | None = None
) -> AsyncIterator[Unit]:
    """A server that reads one request head (and body) after another and lets ``answer(number, writer)`` reply."""
    seen = Unit(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
                body = await reader.readexactly(length)
            except (asyncio.IncompleteReadError, OSError):
                return  # the client left, as it does after every exchange
            seen.requests.append(head + body)
            await answer(len(seen.requests), writer)

    async with listening(serve, context) as seen.port:
        yield seen


def raw(data: bytes, *, close: bool = False) -> Callable[[int, asyncio.StreamWriter], Awaitable[None]]:
    async def answer(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        if close:
            await writer.drain()
            writer.close()

    return answer


async def silent(_number: int, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def plain(port: int, **options: str) -> Endpoint:
    return Endpoint(
        "r", "127.0.0.1", port=port, tls=TlsPolicy("off"), username="admin", password="s3cret", options=options
    )


def secure(port: int, tls: TlsPolicy, **options: str) -> Endpoint:
    return Endpoint("r", "127.0.0.1", port=port, tls=tls, username="admin", password="s3cret", options=options)


async def get(endpoint: Endpoint, *, timeout: float | None = None, command: bool = False) -> bytes:
    async with UnitHttp(endpoint, default_port=443, timeout=timeout or patience.seconds(2)) as http:
        return (await http.request("GET", "/x?a=%2F", basic_auth=True, command=command)).body


async def test_request_carries_what_was_asked_and_no_more() -> None:
    async with unit(raw(OK)) as seen, UnitHttp(plain(seen.port), default_port=443) as http:
        reply = await http.request("POST", "/p?a=%2F", body="<ä/>", headers={"Content-Type": "text/xml"})
    assert (reply.status, reply.text) == (200, "ok")
    head, _, body = seen.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /p?a=%2F HTTP/1.1\r\n")
    assert body == "<ä/>".encode()
    assert b"Authorization" not in head
    assert b"Expect" not in head
    assert b"Accept-Encoding: identity" in head


async def test_host_header_is_the_configured_name() -> None:
    async with unit(raw(OK)) as seen:
        endpoint = Endpoint("r", "127.0.0.1", host_name="room.example.org", port=seen.port, tls=TlsPolicy("off"))
        await get(endpoint)
    assert f"Host: room.example.org:{seen.port}\r\n".encode() in seen.requests[0]


async def test_basic_credentials_may_hold_any_character() -> None:
    async with unit(raw(OK)) as seen:
        await get(Endpoint("r", "127.0.0.1", port=seen.port, tls=TlsPolicy("off"), username="u", password="pä:ß"))
    assert b"Authorization: Basic dTpww6Q6w58=" in seen.requests[0]


async def test_names_are_never_resolved() -> None:
    with pytest.raises(DeviceUnreachable) as caught:
        await get(Endpoint("r", "localhost", port=1, tls=TlsPolicy("off")))
    assert caught.value.sent is False


async def test_proxies_of_the_environment_are_not_for_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with unit(raw(OK)) as seen:
        assert await get(plain(seen.port)) == b"ok"


async def test_refused_connection_sent_nothing() -> None:
    async with unit(raw(OK)) as seen:
        port = seen.port
    with pytest.raises(DeviceUnreachable) as caught:
        await get(plain(port))
    assert caught.value.sent is False
    assert "(connection refused: nothing listens on that port)" in str(caught.value)
    assert "s3cret" not in str(caught.value)


async def test_no_handshake_in_time_sent_nothing() -> None:
    async def wordless(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with listening(wordless) as port:
        with pytest.raises(DeviceUnreachable) as caught:
            await get(secure(port, TlsPolicy("verify")), timeout=0.2)
    assert caught.value.sent is False


async def test_no_answer_in_time_may_have_been_executed() -> None:
    async with unit(silent) as seen:
        with pytest.raises(DeviceUnreachable) as caught:
            await get(plain(seen.port), timeout=0.2)
    assert caught.value.sent is True


async def test_drip_feed_ends_at_the_deadline() -> None:
    async def drip(_number: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        for _ in range(200):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    started = asyncio.get_running_loop().time()
    async with unit(drip) as seen:
        with pytest.raises(DeviceUnreachable) as caught:
            await get(plain(seen.port), timeout=0.3)
        assert asyncio.get_running_loop().time() - started < patience.seconds(1.5)
    assert caught.value.sent is True


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<a>"], ids=["no reply", "half a reply"]
)
async def test_broken_off_may_have_been_executed(data: bytes) -> None:
    async with unit(raw(data, close=True)) as seen:
        with pytest.raises(DeviceUnreachable) as caught:
            await get(plain(seen.port))
    assert caught.value.sent is True
    assert "_Dropped" not in str(caught.value)


async def test_what_is_not_http_is_an_unexpected_reply() -> None:
    async with unit(raw(b"SSH-2.0-x\r\n\r\n", close=True)) as seen:
        with pytest.raises(UnexpectedReply):
            await get(plain(seen.port))


async def test_body_limit() -> None:
    async with (
        unit(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000)) as seen,
        UnitHttp(plain(seen.port), default_port=443, body_limit=5000) as http,
    ):
        with pytest.raises(UnexpectedReply):
            await http.request("GET", "/")


async def test_compressed_reply_is_not_unpacked() -> None:
    async with unit(raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b")) as seen:
        with pytest.raises(UnexpectedReply):
            await get(plain(seen.port))


async def test_redirects_are_not_followed() -> None:
    data = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with unit(raw(data)) as seen, UnitHttp(plain(seen.port), default_port=443) as http:
        assert (await http.request("GET", "/", basic_auth=True)).status == 302
    assert len(seen.requests) == 1


async def test_cookies_are_told_and_not_kept() -> None:
    data = b"HTTP/1.1 204 No Content\r\nSet-Cookie: SessionId=abc; Path=/; HttpOnly\r\n\r\n"
    async with unit(raw(data)) as seen, UnitHttp(plain(seen.port), default_port=443) as http:
        assert (await http.request("POST", "/")).cookies == {"SessionId": "abc"}
        await http.request("POST", "/")
    assert b"Cookie" not in seen.requests[1]


# ------------------------------------------------------------------------------------ kept-alive connections


async def _close_after_first(number: int, writer: asyncio.StreamWriter) -> None:
    """Answers, and drops the kept-alive connection unread when the next request comes on it."""
    if number == 2:
        writer.transport.abort()
        return
    writer.write(OK)


async def test_a_dropped_kept_alive_connection_is_replaced() -> None:
    async with unit(_close_after_first) as seen, UnitHttp(plain(seen.port), default_port=443) as http:
        await http.request("POST", "/1", body="a")
        assert (await http.request("POST", "/2", body="b")).status == 200
    assert [r.split()[1] for r in seen.requests] == [b"/1", b"/2", b"/2"]
    assert seen.connections == 2


async def test_a_command_takes_a_connection_of_its_own() -> None:
    async with unit(raw(OK)) as seen, UnitHttp(plain(seen.port), default_port=443) as http:
        await http.request("GET", "/1")
        await http.request("GET", "/2")
        await http.request("POST", "/dial", command=True)
        await http.request("POST", "/dial", command=True)
    assert seen.connections == 3


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_command_is_never_sent_twice(method: str) -> None:
    async with unit(raw(b"", close=True)) as seen, UnitHttp(plain(seen.port), default_port=443) as http:
        with pytest.raises(DeviceUnreachable) as caught:
            await http.request(method, "/dial", command=True)
    assert caught.value.sent is True
    assert len(seen.requests) == 1


# ------------------------------------------------------------------------------------ TLS


@pytest.fixture(scope="module")
def certificate() -> SelfSigned:
    return self_signed("127.0.0.1")


async def test_pinned_certificate_is_accepted(certificate: SelfSigned) -> None:
    pin = ":".join(certificate.pin[n : n + 2] for n in range(0, 64, 2)).upper()  # as a unit's page prints it
    async with unit(raw(OK), certificate.context) as seen:
        assert await get(secure(seen.port, TlsPolicy("pin", pin))) == b"ok"


async def test_changed_pin_stops_before_the_password(certificate: SelfSigned) -> None:
    async with unit(raw(OK), certificate.context) as seen:
        for command in (False, True):
            with pytest.raises(UntrustedCertificate) as caught:
                await get(secure(seen.port, TlsPolicy("pin", "00" * 32)), command=command)
            assert caught.value.seen_pin == certificate.pin
            assert certificate.pin in str(caught.value)
            assert "devices probe" in str(caught.value)
            assert caught.value.sent is False
    assert seen.requests == []


async def test_self_signed_is_refused_by_default_and_its_pin_told(certificate: SelfSigned) -> None:
    async with unit(raw(OK), certificate.context) as seen:
        with pytest.raises(UntrustedCertificate) as caught:
            await get(secure(seen.port, TlsPolicy("verify")))
    assert caught.value.seen_pin == certificate.pin
    assert "self-signed" in str(caught.value)
    assert seen.requests == []


def signed(tmp_path: Path, address: str, *, days: int = 30) -> tuple[str, ssl.SSLContext]:
    """A CA file with one self-signed certificate, and what its server needs."""
    made = issue(address, days=days, common_name="unit.example.org")
    file = tmp_path / "ca.pem"
    file.write_bytes(made.pem())
    return str(file), made.server_context()


async def test_named_ca_is_accepted_and_its_file_may_change(tmp_path: Path) -> None:
    for _ in range(2):
        ca, context = signed(tmp_path, "127.0.0.1")
        async with unit(raw(OK), context) as seen:
            assert await get(secure(seen.port, TlsPolicy("ca", ca))) == b"ok"


@pytest.mark.parametrize(("address", "days", "cause"), [("127.0.0.1", -1, "expired"), ("192.0.2.1", 30, "mismatch")])
async def test_what_is_wrong_with_a_certificate_is_told(address: str, days: int, cause: str, tmp_path: Path) -> None:
    ca, context = signed(tmp_path, address, days=days)
    async with unit(raw(OK), context) as seen:
        with pytest.raises(UntrustedCertificate, match=cause) as caught:
            await get(secure(seen.port, TlsPolicy("ca", ca)))
    assert len(caught.value.seen_pin) == 64
    assert seen.requests == []


@pytest.mark.parametrize("tls", [TlsPolicy("ca", "/nonexistent/ca.pem"), TlsPolicy("pin", "abc")], ids=["ca", "pin"])
async def test_unusable_policy_is_a_sentence(tls: TlsPolicy) -> None:
    with pytest.raises(UntrustedCertificate):
        await get(secure(9, tls))


async def test_old_tls_needs_the_option() -> None:
    certificate = self_signed("127.0.0.1")
    context = certificate.context
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1

    def serve_twice(listener: socket.socket) -> None:
        """Blocking, as asyncio's own server resets the connection where units send a TLS alert."""
        for _ in range(2):
            connection, _address = listener.accept()
            with connection, suppress(ssl.SSLError):
                connection.settimeout(patience.seconds(5))
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(4096)
                    secured.sendall(OK)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(patience.seconds(5))
        port = listener.getsockname()[1]
        serving = asyncio.create_task(asyncio.to_thread(serve_twice, listener))
        with pytest.raises(UntrustedCertificate, match="tls_minimum"):
            await get(secure(port, TlsPolicy("pin", certificate.pin)))
        assert await get(secure(port, TlsPolicy("pin", certificate.pin), tls_minimum="1.1")) == b"ok"
        await serving


async def test_unknown_tls_minimum_is_a_sentence() -> None:
    with pytest.raises(NotSupported, match="tls_minimum"):
        await get(secure(9, TlsPolicy("verify"), tls_minimum="2"))


async def test_plain_http_on_a_tls_port_is_told() -> None:
    async def plain_text(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with listening(plain_text) as port:
        with pytest.raises(UntrustedCertificate, match="plain HTTP"):
            await get(secure(port, TlsPolicy("verify")))


async def test_peer_pin_sends_no_request(certificate: SelfSigned) -> None:
    async with unit(raw(OK), certificate.context) as seen:
        assert await peer_pin(secure(seen.port, TlsPolicy("verify")), default_port=443) == certificate.pin
        port = seen.port
    assert seen.requests == []
    assert await peer_pin(secure(port, TlsPolicy("verify")), default_port=443) == ""


def test_default_port() -> None:
    assert port_of(Endpoint("r", "192.0.2.1"), 443) == 443
    assert port_of(Endpoint("r", "192.0.2.1", tls=TlsPolicy("off")), 443) == 80
    assert port_of(Endpoint("r", "192.0.2.1", tls=TlsPolicy("off"), port=8080), 443) == 8080
    assert port_of(Endpoint("r", "192.0.2.1", tls=TlsPolicy("off")), 8443) == 8443


# ------------------------------------------------------------------------------------ A9: what one unit can cost


@pytest.mark.parametrize("charset", ["punycode", "undefined"])
async def test_a9_an_answer_in_an_odd_charset_holds_nothing(charset: str) -> None:
    """Status 500 with 8 MB: it is not read to its end, and what is read is decoded in no time."""
    for size, expected in ((8_000_000, None), (1_000_000, 500)):
        head = f"HTTP/1.1 500 No\r\nContent-Type: text/xml; charset={charset}\r\nContent-Length: {size}\r\n\r\n"
        answer = raw(head.encode() + b"a-" * (size // 2))
        async with unit(answer) as seen, UnitHttp(plain(seen.port), default_port=443) as http:
            if expected is None:
                with pytest.raises(UnexpectedReply, match="more than 1048576 bytes"):
                    await http.request("GET", "/")
                continue
            reply = await http.request("GET", "/")
            assert reply.status == expected
            began = asyncio.get_running_loop().time()
            assert len(reply.text) == size
            assert asyncio.get_running_loop().time() - began < 1
