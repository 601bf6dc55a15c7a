"""An HTTP server that answers what a test says and remembers what it was asked. Loopback, plain HTTP."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from device_drivers.api import Endpoint, TlsPolicy
from tests.support import patience


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Script:
    port: int = 0
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[Asked], str] | None = None

    def endpoint(self, description: str, **options: str) -> Endpoint:
        return Endpoint(
            id="room-7",
            address="127.0.0.1",
            port=self.port,
            tls=TlsPolicy("off"),
            username="av",
            password="s3cret-Passw0rd",
            options={"description": description, "timeout": str(patience.seconds(5)), **options},
        )


@asynccontextmanager
async def scripted() -> AsyncIterator[Script]:
    script = Script()

    async def serve(request: web.BaseRequest) -> web.Response:
        asked = Asked(request.method, request.raw_path, dict(request.headers), await request.text())
        script.asked.append(asked)
        body = script.answer(asked) if script.answer else script.body
        return web.Response(status=script.status, text=body, headers=script.headers)

    runner = web.ServerRunner(web.Server(serve, access_log=None), shutdown_timeout=0.05)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    script.port = listener.getsockname()[1]
    await web.SockSite(runner, listener).start()
    try:
        yield script
    finally:
        await runner.cleanup()
