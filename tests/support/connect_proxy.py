"""A forward proxy as companies have them, on loopback: CONNECT, and plain http by absolute addresses."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class ConnectProxy:
    """``targets``: the ``host:port`` of each request that came, in order."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses  # it wants a password
        self.targets: list[str] = []
        self._relays: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for relay in self._relays:
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    @property
    def environment(self) -> dict[str, str]:
        url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        return dict.fromkeys(names, url) | {"no_proxy": "", "NO_PROXY": ""}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._relays.add(task)
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            if self.refuses:
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                writer.close()
                return
            if method == "CONNECT":
                there = await self._open(target)
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                url = urlsplit(target)
                there = await self._open(url.netloc)
                there[1].write(head.replace(target.encode(), (url.path or "/").encode(), 1))
            await asyncio.gather(_copy(reader, there[1]), _copy(there[0], writer))
        writer.close()
        self._relays.discard(task)

    async def _open(self, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.targets.append(target)
        host, _, port = target.rpartition(":")
        return await asyncio.open_connection(host, int(port))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
