"""Calendar sources opened beside the daemon: to look, never to subscribe."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from connector.calendars.base import CalendarSource, MemoryState, NoWebhooks, SourceContext
from connector.calendars.registry import open_source
from connector.errors import ConnectorError
from connector.events import Happened
from connector.running.configuration import Configuration, database_file
from connector.settings import Settings, open_vault, secret_reader
from connector.store.store import CalendarRow, Store


@dataclass(frozen=True, slots=True)
class Sources:
    """Entered; ``refused`` are those that cannot be opened, with the reason."""

    opened: dict[str, CalendarSource]
    refused: dict[str, ConnectorError]


@asynccontextmanager
async def sources_aside(settings: Settings, names: Iterable[str]) -> AsyncIterator[Sources]:
    """Without a listener and with an empty memory: a second process must not touch the daemon's subscriptions."""
    reader = secret_reader(settings, os.environ)
    found = Sources({}, {})
    async with AsyncExitStack() as stack:
        for name in names:
            section = settings.calendars[name]
            context = SourceContext(name, reader.secret, settings.base, MemoryState(), NoWebhooks(), _unheard)
            try:
                source = open_source(section.type, section.options, context)
                found.opened[name] = await stack.enter_async_context(source)
            except ConnectorError as error:
                found.refused[name] = error
        yield found


async def stored_calendars(config: Configuration) -> dict[str, CalendarRow] | None:
    """By CalendarId.key; None when no daemon has run here yet."""
    database = database_file(config.settings)
    if not database.exists():
        return None
    store = Store.open_read_only(database, open_vault(config.settings, os.environ))
    try:
        return await store.calendars()
    finally:
        await store.close()


def _unheard(_: Happened) -> None:
    """What happens is told by the daemon; what matters here comes back as an answer or an error."""
