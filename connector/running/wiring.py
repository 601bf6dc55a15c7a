"""What a generation of the daemon has around the engine: listener, calendar sources, the Zoom account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack

from connector.calendars.base import CalendarSource, NoWebhooks, SourceContext, Webhooks
from connector.calendars.registry import open_source
from connector.engine.driver_session import Tools
from connector.errors import ConnectorError, UserError
from connector.model import Room
from connector.running.removed_sources import BRIEF, DEADLINE, Integrations, Section
from connector.running.source_state import StoredKeep
from connector.serving.webhooks import Listener
from connector.settings import SecretReader, Settings, effective, is_reference
from connector.store import source_state
from connector.vault import SecretStore, Vault, VaultError
from connector.zoom_account import codes, notices
from connector.zoom_account.api import ZoomApi

_SEALED = "sealed"  # no hash is that


class Wiring:
    """Each part is entered on the caller's stack; one that cannot be had is reported, and the others work."""

    def __init__(self, settings: Settings, tools: Tools, reader: SecretReader, vault: Vault) -> None:
        self._settings = settings
        self._tools = tools
        self._reader = reader
        self._vault = vault
        self._note = tools.journal.note
        self._hooks: Webhooks = NoWebhooks()

    async def open_webhooks(self, stack: AsyncExitStack) -> None:
        """Before the sources: a service calls back while a subscription is being made."""
        hooks, base = self._settings.webhooks, self._settings.base
        if not hooks.public_url:
            return
        cert_file, key_file = (base / name if name else None for name in (hooks.cert_file, hooks.key_file))
        listener = Listener(hooks.public_url, hooks.listen, self._note, cert_file=cert_file, key_file=key_file)
        try:
            self._hooks = await stack.enter_async_context(listener)
            self._note("webhooks.listening", address=hooks.listen, public=hooks.public_url)
        except UserError as error:
            self._note("webhooks.failed", reason=str(error))

    def secrets_print(self) -> tuple[str, ...]:
        """Keyed hashes of the secrets that the settings refer to: equal while none was replaced. Sources read theirs
        when they are opened."""
        references = [str(value) for _, value in effective(self._settings) if is_reference(value)]
        return tuple(self._secret_print(reference) for reference in references)

    def secrets_changed(self, before: tuple[str, ...]) -> bool:
        """One that cannot be unsealed now tells nothing: sources go on with what they were opened with."""
        return any(now not in (_SEALED, old) for now, old in zip(self.secrets_print(), before, strict=True))

    def _secret_print(self, reference: str) -> str:
        try:
            return self._vault.hmac(b"reference\0" + self._reader.secret(reference).encode())
        except VaultError:
            return _SEALED
        except ConnectorError:
            return ""

    async def open_sources(self, stack: AsyncExitStack) -> dict[str, CalendarSource]:
        sources: dict[str, CalendarSource] = {}
        for name, section in self._settings.calendars.items():
            try:
                source = open_source(section.type, section.options, self._context(name))
                sources[name] = await stack.enter_async_context(source)
            except ConnectorError as error:
                self._note("calendar.source_failed", source=name, reason=str(error))
        return sources

    def _context(self, name: str) -> SourceContext:
        keep = StoredKeep(self._tools.store, name)
        return SourceContext(name, self._reader.secret, self._settings.base, keep, self._hooks, self._note)

    async def remove_integrations(self, stack: AsyncExitStack, rooms: Iterable[Room]) -> None:
        """Sources that are gone are taken down beside the work, except where another one has the name already."""
        settings, store, managed = self._settings, self._tools.store, tuple(rooms)
        secrets = SecretStore(settings.secrets_file, self._vault)
        integrations = Integrations(store, secrets, self._context, self._note)
        sections = {name: Section(section.type, section.options) for name, section in settings.calendars.items()}
        gone = await integrations.compare(sections)
        if not gone:
            return
        await store.write(store.forget_plans(room.id for room in managed))
        used = {room.credential for room in managed}
        used |= {str(value) for _, value in effective(settings) if is_reference(value)}
        for name, section in gone.items():
            deadline = BRIEF if name in sections else DEADLINE
            removal = asyncio.create_task(
                integrations.remove(name, section, used, deadline=deadline), name=f"remove-{name}"
            )
            stack.push_async_callback(_finish, removal)
            if name in sections:
                await asyncio.wait({removal})
        if gone.keys() & sections.keys():
            await integrations.compare(sections)

    async def open_zoom(self, stack: AsyncExitStack, changed: Callable[[str], None]) -> codes.RoomCodes | None:
        """None when no account is configured: what was cached of one is then wiped. ``changed``: a meeting id."""
        zoom, store, clock = self._settings.zoom, self._tools.store, self._tools.clock
        if not zoom.account_id:
            await store.write(source_state.wipe(codes.KEEP))
            return None
        try:
            secret = self._reader.secret(zoom.client_secret)
            token = self._reader.secret(zoom.webhook_token) if zoom.webhook_token else ""
        except ConnectorError as error:
            self._note("zoom.failed", reason=str(error))
            return None
        api = ZoomApi(
            zoom.account_id,
            zoom.client_id,
            secret,
            api_url=zoom.api_url,
            login_url=zoom.login_url,
            rate=zoom.requests_per_second,
        )
        keep = StoredKeep(store, codes.KEEP)
        found = await stack.enter_async_context(codes.RoomCodes(api, keep, clock, self._note, changed))

        def noticed(meeting_id: str) -> None:
            found.stale(meeting_id)
            changed(meeting_id)

        if token:
            self._hooks.serve(notices.PATH, notices.Notices(token, clock, self._note, noticed).handle)
        return found


async def _finish(task: asyncio.Task[None]) -> None:
    """What is cut off here is done at the next start."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
