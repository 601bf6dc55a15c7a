"""A Google source over the stand-in, and a webhook listener as small as can be."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connector.calendars.base import Hook, HookReply, Keep, NoKeep, NoWebhooks, SourceContext, Webhooks
from connector.calendars.google.http import GoogleApi
from connector.calendars.google.key import ServiceKey
from connector.calendars.google.source import GoogleSource, Settings
from connector.standins.google import GoogleStandIn

ROOM = "c_boardroom@resource.calendar.google.com"
OTHER = "c_other@resource.calendar.google.com"
ADMIN = "admin@example.org"


class Hooks:
    """Webhooks on a loopback socket, without TLS."""

    def __init__(self) -> None:
        self.root = ""
        self.handlers: dict[str, Callable[[Hook], HookReply]] = {}
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.root = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def url(self, path: str) -> str | None:
        return self.root + path

    def serve(self, path: str, handler: Callable[[Hook], HookReply]) -> None:
        self.handlers[path] = handler

    def withdraw(self, path: str) -> None:
        self.handlers.pop(path, None)

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        handler = self.handlers.get(request.path.strip("/"))
        if handler is None:
            return web.Response(status=404)
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = handler(Hook(dict(request.query), headers, await request.read()))
        return web.Response(status=reply.status, text=reply.body, content_type=reply.content_type)


@dataclass
class Journal:
    lines: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def note(self, event: str, **fields: object) -> None:
        self.lines.append((event, fields))

    def names(self) -> list[str]:
        return [name for name, _ in self.lines]


def context(journal: Journal, *, keep: Keep | None = None, webhooks: Webhooks | None = None) -> SourceContext:
    return SourceContext(
        "office",
        secret=lambda reference: reference,
        base=Path("/nonexistent"),
        keep=keep or NoKeep(),
        webhooks=webhooks or NoWebhooks(),
        tell=journal.note,
    )


def make_source(
    google: GoogleStandIn,
    journal: Journal,
    *,
    settings: Settings | None = None,
    keep: Keep | None = None,
    webhooks: Webhooks | None = None,
    root: str = "",
    deadline: float = 5,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> GoogleSource:
    api = GoogleApi(root=root or google.url, deadline=timedelta(seconds=deadline), concurrency=4)
    key = ServiceKey(google.key_file, "office", plain_http=True)
    return GoogleSource(context(journal, keep=keep, webhooks=webhooks), key, api, settings, now=now)


@dataclass
class House:
    google: GoogleStandIn
    hooks: Hooks
    journal: Journal
    source: GoogleSource


@asynccontextmanager
async def house(
    settings: Settings | None = None, *, push: bool = False, deadline: float = 5, keep: Keep | None = None
) -> AsyncIterator[House]:
    """A stand-in with the calendar ROOM, and an entered source."""
    async with AsyncExitStack() as stack:
        google = await stack.enter_async_context(GoogleStandIn())
        hooks = await stack.enter_async_context(Hooks())
        google.add_calendar(ROOM, "Boardroom")
        journal = Journal()
        source = make_source(
            google, journal, settings=settings, webhooks=hooks if push else None, deadline=deadline, keep=keep
        )
        await stack.enter_async_context(source)
        yield House(google, hooks, journal, source)


async def until(condition: Callable[[], bool], what: str, within: float = 8) -> None:
    try:
        async with asyncio.timeout(within):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {within} s: {what}") from None


def local_authority(folder: Path) -> tuple[ssl.SSLContext, tuple[Path, Path]]:
    """(what trusts it, the files of a certificate for localhost)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return ssl.create_default_context(cafile=str(cert_file)), (cert_file, key_file)
