"""TLS to units as the field has it: names, client certificates, old versions, ports that speak something else (F3, F5
to F7). Servers are blocking ones in a thread: asyncio's own reset the connection where units send an alert."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from device_drivers.api import (
    DeviceUnreachable,
    DriverError,
    Endpoint,
    NameMissing,
    NotHttps,
    TlsNotPossible,
    TlsPolicy,
    UntrustedCertificate,
)
from device_drivers.http import UnitHttp
from device_drivers.testing.certificates import SelfSigned, self_signed
from device_drivers.tls import look, peer_pin
from tests.support import patience
from tests.support.certificates import Certificate, authority, issue

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@dataclass
class Server:
    port: int
    names: list[str | None] = field(default_factory=list)  # asked for, one a handshake
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def server(
    context: ssl.SSLContext | None, *, says: bytes = b"", refuses: Callable[[str | None], int | None] | None = None
) -> Iterator[Server]:
    """Serves one request a connection. ``says``: at once, in the clear. ``refuses``: an alert for a name, or None."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    seen, stop = Server(listener.getsockname()[1]), threading.Event()

    def named(_socket: Any, name: str | None, _context: ssl.SSLContext) -> int | None:
        seen.names.append(name)
        return refuses(name) if refuses else None

    if context is not None:
        context.sni_callback = named

    def serve() -> None:
        while not stop.is_set():
            with suppress(TimeoutError), listener.accept()[0] as connection:
                connection.settimeout(patience.seconds(3))
                with suppress(OSError):
                    one(connection)

    def one(connection: socket.socket) -> None:
        if says:
            connection.sendall(says)
        if context is None:
            connection.recv(4096)
            return
        with context.wrap_socket(connection, server_side=True) as secured:
            data = secured.recv(4096)
            if data:
                seen.requests.append(data)
                secured.sendall(OK)
                with suppress(OSError):
                    secured.recv(1)  # until the client left: closing at once would reset what was written

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
        listener.close()
        if context is not None:
            context.sni_callback = cast(Any, None)


async def get(endpoint: Endpoint) -> int:
    async with UnitHttp(endpoint, default_port=443, timeout=patience.seconds(5)) as http:
        return (await http.request("GET", "/", basic_auth=True)).status


async def fails(endpoint: Endpoint) -> DriverError:
    with pytest.raises(DriverError) as caught:
        await get(endpoint)
    text = str(caught.value)
    assert "s3cret" not in text
    assert "'." not in text and ".," not in text and "..," not in text and ".;" not in text, text
    assert text.endswith("."), text
    return caught.value


@pytest.fixture(scope="module")
def certificate() -> SelfSigned:
    return self_signed("127.0.0.1")


@pytest.fixture(scope="module")
def signer() -> Certificate:
    return authority()


def at(seen: Server, tls: TlsPolicy, *, name: str = "", **options: str) -> Endpoint:
    return Endpoint(
        "r", "127.0.0.1", name, seen.port, tls=tls, username="admin", password="s3cret", options=options
    )  # fmt: skip


def trusting(tmp_path: Path, signer: Certificate) -> TlsPolicy:
    file = tmp_path / "ca.pem"
    file.write_bytes(signer.pem())
    return TlsPolicy("ca", str(file))


# ------------------------------------------------------------------------------------ F5: the name that is asked for


@pytest.mark.parametrize("how", ["row", "option"])
@pytest.mark.parametrize("mode", ["pin", "ca"])
async def test_f5_the_configured_name_is_asked_for_in_every_mode(
    mode: str, how: str, tmp_path: Path, signer: Certificate
) -> None:
    unit = issue("codec.example.org", by=signer)
    context = unit.server_context()
    with server(context, refuses=lambda name: None if name == "codec.example.org" else _NO_NAME) as seen:
        pin = await peer_pin(at(seen, TlsPolicy("off"), name="codec.example.org"), default_port=443)
        tls = TlsPolicy("pin", pin) if mode == "pin" else trusting(tmp_path, signer)
        if how == "row":
            endpoint = at(seen, tls, name="codec.example.org")
        else:
            endpoint = at(seen, tls, tls_name="codec.example.org")
        assert await get(endpoint) == 200
    assert seen.names == ["codec.example.org"] * 2
    assert b"\r\nHost: codec.example.org:%d\r\n" % seen.port in seen.requests[0]


_NO_NAME = ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME


@pytest.mark.parametrize("name", ["", "other.example.org"])
async def test_f5_a_front_that_knows_no_such_name_says_so(name: str, certificate: SelfSigned) -> None:
    with server(_context(certificate), refuses=lambda _: _NO_NAME) as seen:
        error = await fails(at(seen, TlsPolicy("pin", certificate.pin), name=name))
    if name:
        assert isinstance(error, NameMissing), error
        assert name in str(error)
    else:  # a server that is asked for no name at all does not call back: it cannot refuse here
        assert seen.names == [None]
        assert isinstance(error, NameMissing)
    assert "tls_name" in str(error)
    assert seen.requests == []


async def test_f5_a_handshake_that_fails_without_a_name_hints_at_one(certificate: SelfSigned) -> None:
    failure = ssl.AlertDescription.ALERT_DESCRIPTION_HANDSHAKE_FAILURE
    with server(_context(certificate), refuses=lambda _: failure) as seen:
        error = await fails(at(seen, TlsPolicy("pin", certificate.pin)))
    assert isinstance(error, TlsNotPossible)
    assert "tls_name" in str(error) and "tls_minimum" in str(error)


def _context(certificate: SelfSigned) -> ssl.SSLContext:
    """One of the test's own: a server sets its callbacks on it."""
    return certificate.context


# ------------------------------------------------------------------------------------ F5: client certificates


def demanding(unit: Certificate, clients: Certificate, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = unit.server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=clients.pem().decode())
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("given", ["none", "wrong", "right"])
async def test_f5_a_client_certificate_is_asked_for(
    given: str, version: ssl.TLSVersion, tmp_path: Path, signer: Certificate
) -> None:
    unit = issue("127.0.0.1", by=signer)
    context = demanding(unit, signer, version)
    options = {}
    if given != "none":
        ours = issue("connector.example.org", by=signer if given == "right" else authority())
        file = tmp_path / "ours.pem"
        file.write_bytes(ours.pem() + ours.key_pem())
        options["tls_client_certificate"] = str(file)
    with server(context) as seen:
        endpoint = at(seen, trusting(tmp_path, signer), **options)
        if given == "right":
            assert await get(endpoint) == 200
            return
        error = await fails(endpoint)
    assert isinstance(error, TlsNotPossible), error
    assert "client certificate" in str(error) and "tls_client_certificate" in str(error)
    assert "old unit" not in str(error)
    assert error.sent is False
    assert seen.requests == []


@pytest.mark.parametrize("content", [b"", b"-----BEGIN CERTIFICATE-----\n"], ids=["missing", "odd"])
async def test_f5_an_unusable_client_certificate_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "ours.pem"
    if content:
        file.write_bytes(content)
    endpoint = Endpoint("r", "127.0.0.1", port=9, options={"tls_client_certificate": str(file)})
    assert isinstance(await fails(endpoint), UntrustedCertificate)


async def test_f5_a_sealed_key_asks_nobody(tmp_path: Path) -> None:
    ours = issue("connector.example.org")
    file = tmp_path / "ours.pem"
    file.write_bytes(ours.pem() + ours.key_pem(b"phrase"))
    endpoint = Endpoint("r", "127.0.0.1", port=9, options={"tls_client_certificate": str(file)})
    assert isinstance(await fails(endpoint), UntrustedCertificate)


# ------------------------------------------------------------------------------------ F6: pins of old units


def old(version: ssl.TLSVersion) -> tuple[SelfSigned, ssl.SSLContext]:
    made = self_signed("127.0.0.1")
    made.context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        made.context.minimum_version = made.context.maximum_version = version
    return made, made.context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=["1.0", "1.1"])
async def test_f6_the_pin_of_an_old_unit_is_read_where_its_options_allow_it(version: ssl.TLSVersion) -> None:
    made, context = old(version)
    oldest = "1.0" if version is ssl.TLSVersion.TLSv1 else "1.1"
    with server(context) as seen:
        assert await peer_pin(at(seen, TlsPolicy(), tls_minimum=oldest), default_port=443) == made.pin
        assert await peer_pin(at(seen, TlsPolicy()), default_port=443) == ""
        found = await look(at(seen, TlsPolicy()), default_port=443, minimum="1.0")
    assert (found.version, found.speaks_tls, found.pin) == (oldest, True, made.pin)
    assert seen.requests == []


# ------------------------------------------------------------------------------------ F7: by what is to be done


@pytest.mark.parametrize(
    "says",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-unit\r\n",
        b"\xff\xfb\x01login: ",
        b"220 mail.example.org ESMTP\r\n",
    ],
    ids=["http", "ssh", "telnet", "smtp"],
)
async def test_f7_a_port_that_speaks_something_else(says: bytes) -> None:
    with server(None, says=says) as seen:
        error = await fails(at(seen, TlsPolicy()))
    assert isinstance(error, NotHttps), error
    assert "does not speak HTTPS" in str(error)


async def test_f7_a_server_that_answers_in_the_clear_after_it_was_spoken_to() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"<html>This is an HTTPS-less place</html>")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listening:
        error = await fails(Endpoint("r", "127.0.0.1", port=listening.sockets[0].getsockname()[1]))
    assert isinstance(error, NotHttps)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=["1.0", "1.1"])
async def test_f7_an_old_unit_is_told_apart_from_a_wrong_certificate(version: ssl.TLSVersion) -> None:
    made, context = old(version)
    with server(context) as seen:
        error = await fails(at(seen, TlsPolicy("pin", made.pin)))
    assert isinstance(error, TlsNotPossible), error
    assert "tls_minimum" in str(error)


async def test_f7_no_common_cipher(certificate: SelfSigned) -> None:
    made = self_signed("127.0.0.1")
    made.context.maximum_version = ssl.TLSVersion.TLSv1_2
    made.context.set_ciphers("PSK")
    with server(made.context) as seen:
        error = await fails(at(seen, TlsPolicy("pin", made.pin)))
    assert isinstance(error, TlsNotPossible), error


@pytest.mark.parametrize("name", ["", "codec.example.org"])
async def test_f7_a_certificate_for_another_name(name: str, tmp_path: Path, signer: Certificate) -> None:
    unit = issue("room-7.example.org", "192.0.2.77", by=signer)
    with server(unit.server_context()) as seen:
        error = await fails(at(seen, trusting(tmp_path, signer), name=name))
    assert isinstance(error, NameMissing), error
    assert (name or "127.0.0.1") in str(error)
    assert "room-7.example.org, 192.0.2.77" in str(error)
    assert len(error.seen_pin) == 64
    assert seen.requests == []


@pytest.mark.parametrize("case", ["expired", "self-signed", "unknown CA", "pin"])
async def test_f7_a_wrong_certificate_stays_one(case: str, tmp_path: Path, signer: Certificate) -> None:
    unit = issue(
        "127.0.0.1",
        by=None if case == "self-signed" else authority() if case == "unknown CA" else signer,
        days=-1 if case == "expired" else 1,
    )
    with server(unit.server_context()) as seen:
        tls = TlsPolicy("pin", "ab" * 32) if case == "pin" else trusting(tmp_path, signer)
        error = await fails(at(seen, tls))
    assert type(error) is UntrustedCertificate, error
    assert len(error.seen_pin) == 64
    assert seen.requests == []


async def test_f7_a_unit_that_hangs_up_in_the_handshake_is_only_unreachable() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.close()

    listening = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with listening:
        error = await fails(Endpoint("r", "127.0.0.1", port=listening.sockets[0].getsockname()[1]))
    assert isinstance(error, DeviceUnreachable)


# ------------------------------------------------------------------------------------ F3: each address in turn


@pytest.mark.parametrize("tls", ["off", "pin"])
@pytest.mark.parametrize("dead", ["refused", "refused IPv6", "two"])
async def test_f3_the_next_address_is_tried(dead: str, tls: str, certificate: SelfSigned) -> None:
    addresses = {"refused": ("127.0.0.9", "127.0.0.1"), "refused IPv6": ("::1", "127.0.0.1")}.get(
        dead, ("::1", "127.0.0.9", "127.0.0.1")
    )

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
            await writer.drain()
        writer.close()

    context = certificate.context if tls == "pin" else None
    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        policy = TlsPolicy("pin", certificate.pin) if tls == "pin" else TlsPolicy("off")
        endpoint = Endpoint(
            "r", addresses[0], "codec.example.org", port, tls=policy, others=addresses[1:], options={"timeout": "2"}
        )
        assert await get(endpoint) == 200
        async with UnitHttp(endpoint, default_port=443) as http:
            await http.open_ahead()
            assert (await http.request("POST", "/dial", command=True)).status == 200
        if tls == "pin":
            assert await peer_pin(endpoint, default_port=443) == certificate.pin


async def test_f3_an_address_that_swallows_everything_costs_little() -> None:
    with _swallowing() as dead:
        listening = await asyncio.start_server(_answer, "127.0.0.1", dead)
        async with listening:
            endpoint = Endpoint("r", "127.0.0.7", "u.example.org", dead, tls=TlsPolicy("off"), others=("127.0.0.1",))
            began = asyncio.get_running_loop().time()
            assert await get(endpoint) == 200
            assert asyncio.get_running_loop().time() - began < patience.seconds(2)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(OK)
    await writer.drain()
    writer.close()


@contextmanager
def _swallowing() -> Iterator[int]:
    """A port of 127.0.0.7 whose queue is full: who connects gets no answer at all."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.7", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        try:
            for one in waiting:
                one.setblocking(False)
                with suppress(BlockingIOError):
                    one.connect(("127.0.0.7", port))
            yield port
        finally:
            for one in waiting:
                one.close()


async def test_f3_a_wrong_certificate_at_every_address_gets_no_password(certificate: SelfSigned) -> None:
    with server(_context(certificate)) as seen:
        endpoint = replace(at(seen, TlsPolicy("pin", "ab" * 32), name="u.example.org"), others=("127.0.0.1",))
        error = await fails(endpoint)
    assert type(error) is UntrustedCertificate
    assert seen.requests == []
