"""The listener: what it passes on, what it refuses, and that nobody can hold it up."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connector.calendars.base import PING, PONG, Hook, HookReply
from connector.errors import UserError
from connector.events import Happened
from connector.serving import webhooks
from connector.serving.webhooks import Listener
from tests.support import patience
from tests.support.certificates import authority, issue

PUBLIC = "https://rooms.example.org/connector"


class Desk:
    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.heard: list[Hook] = []
        self.listener = Listener(PUBLIC, "127.0.0.1:0", self._publish)

    def _publish(self, event: Happened) -> None:
        self.told.append((event.name, event.fields()))

    def hear(self, hook: Hook) -> HookReply:
        self.heard.append(hook)
        return HookReply()

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.listener.port}/{path}"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    async with desk.listener:
        yield desk


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=patience.seconds(10)) as client:
        yield client


async def test_a_call_reaches_its_handler(desk: Desk, http: httpx2.AsyncClient) -> None:
    desk.listener.serve("office/events", desk.hear)
    answer = await http.post(desk.at("office/events?validationToken=a%20b"), content=b"{}", headers={"X-Goog-A": "1"})
    assert (answer.status_code, answer.text) == (202, "")
    (hook,) = desk.heard
    assert (hook.query, hook.body, hook.headers["x-goog-a"]) == ({"validationToken": "a b"}, b"{}", "1")
    assert "{}" not in repr(hook)


async def test_what_a_handler_answers_is_sent(desk: Desk, http: httpx2.AsyncClient) -> None:
    desk.listener.serve("office", lambda hook: HookReply(200, hook.query["validationToken"], "text/plain"))
    answer = await http.post(desk.at("office"), params={"validationToken": "täken <b>"})
    assert (answer.status_code, answer.text) == (200, "täken <b>")
    assert answer.headers["content-type"].startswith("text/plain")


async def test_the_public_address(desk: Desk, http: httpx2.AsyncClient) -> None:
    """A reverse proxy may leave the path of the public address on, or take it away."""
    assert desk.listener.url("office/events") == f"{PUBLIC}/office/events"
    assert Listener("", "127.0.0.1:0", desk._publish).url("office") is None
    desk.listener.serve("office", desk.hear)
    for path in ("office", "connector/office"):
        assert (await http.post(desk.at(path))).status_code == 202
    assert (await http.post(desk.at("connectoroffice"))).status_code == 404


async def test_only_what_is_served_is_answered(desk: Desk, http: httpx2.AsyncClient) -> None:
    desk.listener.serve("office", desk.hear)
    assert (await http.post(desk.at("other"))).status_code == 404
    assert (await http.post(desk.at("office/"))).status_code == 404
    assert (await http.post(desk.at("ping"))).status_code == 404
    assert (await http.get(desk.at("office"))).status_code == 405
    desk.listener.serve("office", lambda _: HookReply(204))
    assert (await http.post(desk.at("office"))).status_code == 204
    desk.listener.withdraw("office")
    desk.listener.withdraw("office")
    assert (await http.post(desk.at("office"))).status_code == 404
    assert desk.heard == []


async def test_the_ping_tells_that_the_address_leads_here(desk: Desk, http: httpx2.AsyncClient) -> None:
    assert (await http.get(desk.at(PING))).text == PONG


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_large_body_is_refused(desk: Desk, http: httpx2.AsyncClient, chunked: bool) -> None:
    desk.listener.serve("office", desk.hear)
    size = webhooks._LARGEST + 1

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(size // 1000 + 1):
            yield b"x" * 1000

    try:
        answer = await http.post(desk.at("office"), content=parts() if chunked else b"x" * size)
        assert answer.status_code == 413
    except httpx2.TransportError:
        pass  # the connection may be closed before all of it was sent
    assert desk.heard == []
    assert (await http.post(desk.at("office"), content=b"x" * webhooks._LARGEST)).status_code == 202


async def test_a_body_that_does_not_come_is_not_waited_for(
    desk: Desk, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_BODY_WITHIN", 0.2)
    desk.listener.serve("office", desk.hear)
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.listener.port)
    writer.write(b"POST /office HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12")
    async with patience.timeout(5):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()
    assert desk.heard == []


async def test_many_slow_bodies_leave_the_others_alone(
    desk: Desk, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_AT_ONCE", 3)
    desk.listener.serve("office", desk.hear)
    slow = [await asyncio.open_connection("127.0.0.1", desk.listener.port) for _ in range(3)]
    for _, writer in slow:
        writer.write(b"POST /office HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
    async with patience.timeout(5):
        while (answer := await http.post(desk.at("office"))).status_code == 202:
            await asyncio.sleep(0.01)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    for _, writer in slow:
        writer.write(b"12345")
    async with patience.timeout(5):
        for reader, writer in slow:
            assert (await reader.readline()).startswith(b"HTTP/1.1 202")
            writer.close()


async def test_a_handler_with_a_mistake_is_told_of_without_what_it_was_sent(
    desk: Desk, http: httpx2.AsyncClient
) -> None:
    def mistake(hook: Hook) -> HookReply:
        raise ValueError(hook.body)

    desk.listener.serve("office", mistake)
    assert (await http.post(desk.at("office"), content=b"hunter2")).status_code == 500
    assert desk.told == [("webhooks.handler_failed", {"path": "office", "reason": "ValueError"})]


async def test_garbage_is_survived(desk: Desk, http: httpx2.AsyncClient) -> None:
    for line in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"POST / HTTP/9\r\n\r\n", b"\r\n" * 50):
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.listener.port)
        writer.write(line)
        writer.write_eof()
        async with patience.timeout(5):
            await reader.read()
        writer.close()
    assert (await http.get(desk.at(PING))).status_code == 200


GZIP = b"Content-Encoding: gzip\r\n"
MALFORMED = (
    b"POST /office HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    b"POST /office HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    b"POST /office HTTP/1.1\r\nHost: x\r\n" + GZIP + b"Content-Length: 5\r\n\r\nabcde",
    b"POST /office HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nab",
    b"POST /office?a=%ff HTTP/1.1\r\nHost: \xff\r\nContent-Length: 2\r\n\r\n{}",
    b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
)


@pytest.mark.parametrize("request_bytes", MALFORMED)
async def test_strangers_cannot_fill_the_log(
    desk: Desk, http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture, request_bytes: bytes
) -> None:
    desk.listener.serve("office", desk.hear)
    for aborted in (True, False):
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.listener.port)
        writer.write(request_bytes)
        await writer.drain()
        if aborted:
            await asyncio.sleep(0)
            writer.transport.abort()
        else:
            writer.write_eof()
            async with patience.timeout(8):
                await reader.read()
            writer.close()
    assert (await http.get(desk.at(PING))).status_code == 200
    assert [record.getMessage() for record in caplog.records if record.name.startswith("aiohttp")] == []
    assert desk.told == []


async def test_a_body_is_taken_as_it_was_sent(desk: Desk, http: httpx2.AsyncClient) -> None:
    """A signature is over the bytes of the wire, and a compressed body would be larger here than its bound says."""
    desk.listener.serve("office", desk.hear)
    packed = gzip.compress(b"0" * 10_000_000)
    answer = await http.post(desk.at("office"), content=packed, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 202
    assert desk.heard[0].body == packed


async def test_a_mistake_in_a_handler_is_told_once_in_a_while(desk: Desk, http: httpx2.AsyncClient) -> None:
    def mistake(hook: Hook) -> HookReply:
        raise ValueError

    desk.listener.serve("office", mistake)
    desk.listener.serve("other", mistake)
    for _ in range(20):
        assert (await http.post(desk.at("office"))).status_code == 500
    assert (await http.post(desk.at("other"))).status_code == 500
    assert [detail["path"] for _, detail in desk.told] == ["office", "other"]


@pytest.mark.parametrize("sent", [b"", b"POST /office HT", b"POST /office HTTP/1.1\r\nHost: x\r\nX-A: "])
async def test_a_connection_that_asks_nothing_is_closed(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(webhooks, "_IDLE", 0.2)
    desk = Desk()
    async with desk.listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.listener.port)
        writer.write(sent)
        async with patience.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def test_open_connections_are_bounded(
    desk: Desk, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each costs a file descriptor, and the units need those, too."""
    monkeypatch.setattr(webhooks, "_CONNECTIONS", 3)
    idle = [await asyncio.open_connection("127.0.0.1", desk.listener.port) for _ in range(3)]
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.listener.port)
    async with patience.timeout(5):
        with suppress(ConnectionError):
            assert await reader.read() == b""
    for _, each in (*idle, (reader, writer)):
        each.close()
    desk.listener.serve("office", desk.hear)
    async with patience.timeout(5):
        while not desk.heard:
            with suppress(httpx2.TransportError):
                await http.post(desk.at("office"))


async def test_an_address_in_use_is_a_sentence(desk: Desk) -> None:
    with pytest.raises(UserError, match=r"webhooks\.listen: 127\.0\.0\.1:\d+ cannot be used"):
        async with Listener(PUBLIC, f"127.0.0.1:{desk.listener.port}", desk._publish):
            raise AssertionError("two listeners on one port")


async def test_it_listens_again_at_once_after_a_reload() -> None:
    desk = Desk()
    async with desk.listener:
        port = desk.listener.port
        with socket.create_connection(("127.0.0.1", port)):
            pass
    async with Listener(PUBLIC, f"127.0.0.1:{port}", desk._publish) as again:
        assert again.port == port


# ------------------------------------------------------------------------------------ TLS


async def test_its_own_certificate_and_a_renewed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_LOOK_FOR_CERTIFICATE", 0.05)
    ours = authority()
    first = issue("127.0.0.1", by=ours)
    files = first.write(tmp_path)
    told: list[str] = []
    listener = Listener(
        PUBLIC, "127.0.0.1:0", lambda event: told.append(event.name), cert_file=files[0], key_file=files[1]
    )
    async with listener:
        assert await _serial(listener.port, ours.client_context()) == first.serial
        second = issue("127.0.0.1", by=ours)
        second.write(tmp_path)
        async with patience.timeout(10):
            while await _serial(listener.port, ours.client_context()) != second.serial:
                await asyncio.sleep(0.05)
        files[0].write_text("not a certificate")
        async with patience.timeout(10):
            while "webhooks.certificate_rejected" not in told:
                await asyncio.sleep(0.02)
        assert await _serial(listener.port, ours.client_context()) == second.serial


async def test_a_bad_certificate_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("x")
    for cert in ("cert.pem", "none.pem"):
        listener = Listener(
            PUBLIC, "127.0.0.1:0", lambda _: None, cert_file=tmp_path / cert, key_file=tmp_path / "cert.pem"
        )
        with pytest.raises(UserError, match=r"webhooks\.cert_file and webhooks\.key_file cannot be used"):
            async with listener:
                raise AssertionError("no certificate, and it listens")


async def _serial(port: int, context: ssl.SSLContext) -> int:
    from cryptography import x509

    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    await writer.wait_closed()
    return x509.load_der_x509_certificate(found).serial_number
