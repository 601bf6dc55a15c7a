"""uvicorn inside our own event loop: on a loopback address, signals left to the caller."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from connector.errors import UserError


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The demo ends the daemon, the units and this server in its own order: signals are its business."""
        yield


@asynccontextmanager
async def serve(app: FastAPI, host: str, port: int) -> AsyncIterator[str]:
    """Serve ``app`` and yield its URL; port 0 takes a free one. UserError when the address cannot be had."""
    listener = _listen(host, port)
    settings = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2, server_header=False
    )
    server = _Server(settings)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="demo page")
    try:
        bound = listener.getsockname()
        yield f"http://{f'[{bound[0]}]' if ':' in bound[0] else bound[0]}:{bound[1]}/"
    finally:
        server.should_exit = True
        await task
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise UserError(f"--host takes a loopback address such as 127.0.0.1, not {host!r}.") from None
    if not address.is_loopback:
        raise UserError(f"The demo page has no login and is for this machine only; {host} is not a loopback address.")
    listener = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise UserError(f"The demo page cannot use {host} port {port}: {error.strerror}.") from None
    return listener
