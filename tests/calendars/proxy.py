"""A wire that can be counted, cut and blocked: stands between a source and its server, on loopback."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self


class Proxy:
    """``mode``: pass; cut (half of each answer's bytes, then the connection ends); down (connections end at once)."""

    def __init__(self, port: int) -> None:
        self._target = port
        self.mode = "pass"
        self.received = 0  # bytes that came from the server
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.drop()
        await self._server.wait_closed()
        while self._writers:
            await asyncio.sleep(0.01)

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
        out_reader, out_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, out_writer}
        forward = asyncio.create_task(self._pump(reader, out_writer))
        with suppress(ConnectionError):
            while data := await out_reader.read(65536):
                self.received += len(data)
                if self.mode == "cut" and b"HTTP/1" in data[:10] and not data.startswith(b"HTTP/1.1 40"):
                    head, blank, body = data.partition(b"\r\n\r\n")
                    writer.write(head + blank + body[: len(body) // 2])
                    await writer.drain()
                    break
                writer.write(data)
                await writer.drain()
        forward.cancel()
        await asyncio.gather(forward, return_exceptions=True)
        for each in (writer, out_writer):
            each.close()
            with suppress(ConnectionError):
                await each.wait_closed()
        self._writers -= {writer, out_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.close()
