"""The webhook listener of the tests: what the daemon's own does, on loopback and without a certificate."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from connector.calendars.base import Hook, HookReply


class Receiver:
    """``Webhooks`` on a real socket. ``broken``: it answers 500 to everything."""

    def __init__(self) -> None:
        self.handlers: dict[str, Callable[[Hook], HookReply]] = {}
        self.hooks: list[Hook] = []
        self.broken = False
        self.port = 0
        self._runner: web.AppRunner | None = None

    def url(self, path: str) -> str | None:
        return f"http://127.0.0.1:{self.port}/hooks/{path}"

    def serve(self, path: str, handler: Callable[[Hook], HookReply]) -> None:
        self.handlers[path] = handler

    def withdraw(self, path: str) -> None:
        self.handlers.pop(path, None)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/hooks/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        handler = self.handlers.get(request.match_info["path"])
        if self.broken or handler is None:
            return web.Response(status=500 if self.broken else 404)
        hook = Hook(dict(request.query), {k.lower(): v for k, v in request.headers.items()}, await request.read())
        self.hooks.append(hook)
        reply = handler(hook)
        return web.Response(status=reply.status, text=reply.body, content_type=reply.content_type)
