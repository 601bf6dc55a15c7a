"""The organisation's Zoom account: asked for room passcodes while the settings name one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack

from connector import events
from connector.calendars.base import Webhooks
from connector.clock import Clock
from connector.engine.reader import Reader
from connector.errors import ConnectorError
from connector.events import Publish
from connector.running.configuration import Configuration
from connector.running.secrets import Secrets
from connector.running.source_state import StoredState
from connector.settings.schema import ZoomSection
from connector.store.api import StoreApi
from connector.zoom_account import codes, notices
from connector.zoom_account.api import ZoomApi


class ZoomAccount:
    """A part. Without an account, what was cached of one is wiped."""

    name = "zoom"

    def __init__(
        self, reader: Reader, secrets: Secrets, *, webhooks: Webhooks, clock: Clock, store: StoreApi, publish: Publish
    ) -> None:
        self._reader = reader
        self._secrets = secrets
        self._webhooks = webhooks
        self._clock = clock
        self._store = store
        self._publish = publish
        self._stack = AsyncExitStack()

    def slice(self, config: Configuration) -> object:
        zoom = config.settings.zoom
        references = [text for text in (zoom.client_secret, zoom.webhook_token) if text]
        return zoom, self._secrets.fingerprints(references)

    async def apply(self, config: Configuration) -> Sequence[str]:
        zoom = config.settings.zoom
        await self.close()
        if not zoom.account_id:
            await self._store.write(self._store.drop_source_values(self._store.calendar_lease(codes.STATE)))
            return ()
        try:
            await self._open(zoom)
        except ConnectorError as error:
            self._publish(events.ZoomFailed(reason=str(error)))
        return ()

    async def _open(self, zoom: ZoomSection) -> None:
        secret = self._secrets.secret(zoom.client_secret)
        token = self._secrets.secret(zoom.webhook_token) if zoom.webhook_token else ""
        api = ZoomApi(
            zoom.account_id,
            zoom.client_id,
            secret,
            api_url=zoom.api_url,
            login_url=zoom.login_url,
            rate=zoom.requests_per_second,
        )
        state = StoredState(self._store, codes.STATE)
        changed = self._reader.trigger_meeting
        found = await self._stack.enter_async_context(codes.RoomCodes(api, state, self._clock, self._publish, changed))

        def noticed(meeting_id: str) -> None:
            found.stale(meeting_id)
            changed(meeting_id)

        if token:
            self._webhooks.serve(notices.PATH, notices.Notices(token, self._clock, self._publish, noticed).handle)
        self._reader.use_enrich(found.enrich)

    async def close(self) -> None:
        self._webhooks.withdraw(notices.PATH)
        self._reader.use_enrich(None)
        await self._stack.aclose()
        self._stack = AsyncExitStack()
