"""What stands between a client and its server, on loopback: a wire that can be cut, and a company's forward proxy."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.support.servers import listening


class _Relay:
    """Listens on ``port`` while it is entered."""

    def __init__(self) -> None:
        self.port = 0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.port = await self._stack.enter_async_context(listening(self._serve))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


class Wire(_Relay):
    """To one server. ``received``: bytes that came from it.

    ``mode``: pass; cut (half of each answer's bytes, then the connection ends); down (connections end at once).
    """

    def __init__(self, port: int) -> None:
        super().__init__()
        self._target = port
        self.mode = "pass"
        self.received = 0
        self._writers: set[asyncio.StreamWriter] = set()

    def set(self, mode: str) -> None:
        self.mode = mode
        self.drop()

    def drop(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "down":
            writer.close()
            return
        back, there = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, there}
        forward = asyncio.create_task(_copy(reader, there))
        try:
            await self._answer(back, writer)
        finally:
            forward.cancel()
            writer.close()
            there.close()
            await asyncio.gather(forward, writer.wait_closed(), there.wait_closed(), return_exceptions=True)
            self._writers -= {writer, there}

    async def _answer(self, back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await back.read(65536):
            self.received += len(data)
            if self.mode == "cut" and b"HTTP/1" in data[:10] and not data.startswith(b"HTTP/1.1 40"):
                head, blank, body = data.partition(b"\r\n\r\n")
                writer.write(head + blank + body[: len(body) // 2])
                await writer.drain()
                return
            writer.write(data)
            await writer.drain()


class ConnectProxy(_Relay):
    """CONNECT, and plain http by absolute addresses. ``targets``: the ``host:port`` of each request, in order."""

    def __init__(self, *, refuses: bool = False) -> None:
        super().__init__()
        self.refuses = refuses  # it wants a password
        self.targets: list[str] = []

    @property
    def environment(self) -> dict[str, str]:
        url = f"http://127.0.0.1:{self.port}"
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        return dict.fromkeys(names, url) | {"no_proxy": "", "NO_PROXY": ""}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        if self.refuses:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        url = urlsplit(target)
        address = target if method == "CONNECT" else url.netloc
        self.targets.append(address)
        host, _, port = address.rpartition(":")
        try:
            back, there = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.close()
            return
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            there.write(head.replace(target.encode(), (url.path or "/").encode(), 1))
        try:
            await asyncio.gather(_copy(reader, there), _copy(back, writer))
        finally:
            there.close()
            writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()
