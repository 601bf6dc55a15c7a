"""The webhook listener of the tests: what the daemon's own does, on loopback and without a certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from connector.calendars.base import Hook, HookReply
from connector.events import Happened


class Receiver:
    """``Webhooks`` on a real socket below ``root``. ``broken``: it answers 500 to everything."""

    def __init__(self) -> None:
        self.root = ""
        self.handlers: dict[str, Callable[[Hook], HookReply]] = {}
        self.hooks: list[Hook] = []
        self.broken = False
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)

    def url(self, path: str) -> str | None:
        return self.root + path

    def serve(self, path: str, handler: Callable[[Hook], HookReply]) -> None:
        self.handlers[path] = handler

    def withdraw(self, path: str) -> None:
        self.handlers.pop(path, None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.root = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hooks/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        handler = self.handlers.get(request.path.removeprefix("/hooks/"))
        if self.broken or handler is None:
            return web.Response(status=500 if self.broken else 404)
        hook = Hook(dict(request.query), {k.lower(): v for k, v in request.headers.items()}, await request.read())
        self.hooks.append(hook)
        reply = handler(hook)
        return web.Response(status=reply.status, text=reply.body, content_type=reply.content_type)


@dataclass
class Journal:
    """What a source told: name and fields of each event, in order."""

    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, event: Happened) -> None:
        self.notes.append((event.name, event.fields()))

    def names(self) -> list[str]:
        return [name for name, _ in self.notes]
