"""Servers that do on the wire what a test writes, on loopback; they leave nothing open."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A port; ``serve`` is called once a connection. What is still going on at the end is cut off."""
    tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks[task] = writer
        with suppress(ConnectionError, asyncio.IncompleteReadError):  # the client may leave while it is answered
            await serve(reader, writer)

    server = await asyncio.start_server(run, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for _ in range(5):
            await asyncio.sleep(0)  # who was let in just now gets a handler first
        for task, writer in tasks.items():
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*tasks, *(writer.wait_closed() for writer in tasks.values()), return_exceptions=True)
        await server.wait_closed()


@asynccontextmanager
async def raw_server(answer: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """The URL of its root. ``answer`` is called once a connection, after the request."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        if length:  # what is left unread resets the connection, and with it what the client has not taken yet
            await reader.readexactly(int(length[1]))
        await answer(writer)
        await writer.drain()
        writer.close()

    async with listening(serve) as port:
        yield f"http://127.0.0.1:{port}/"


async def drip(writer: asyncio.StreamWriter, status: bytes = b"200 OK") -> None:
    """An answer that never ends, a byte at a time."""
    writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Type: text/xml\r\nContent-Length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await asyncio.sleep(0.02)


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on, for a program that is told where to listen."""
    with socket.create_server((host, 0)) as free:
        return int(free.getsockname()[1])
