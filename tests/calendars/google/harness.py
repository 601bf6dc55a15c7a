"""A Google source over the stand-in, and a webhook listener as small as can be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.calendars.base import MemoryState, NoWebhooks, SourceContext, SourceState, Webhooks
from connector.calendars.google.http import GoogleApi
from connector.calendars.google.key import ServiceKey
from connector.calendars.google.source import GoogleSource, Settings
from connector.standins.google import GoogleStandIn
from tests.calendars.receiver import Journal, Receiver
from tests.support import patience

ROOM = "c_boardroom@resource.calendar.google.com"
OTHER = "c_other@resource.calendar.google.com"
ADMIN = "admin@example.org"


def context(
    journal: Journal, *, source_state: SourceState | None = None, webhooks: Webhooks | None = None
) -> SourceContext:
    return SourceContext(
        "office",
        secret=lambda reference: reference,
        base=Path("/nonexistent"),
        source_state=source_state or MemoryState(),
        webhooks=webhooks or NoWebhooks(),
        publish=journal,
    )


def make_source(
    google: GoogleStandIn,
    journal: Journal,
    *,
    settings: Settings | None = None,
    source_state: SourceState | None = None,
    webhooks: Webhooks | None = None,
    root: str = "",
    deadline: float = 5,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> GoogleSource:
    api = GoogleApi(root=root or google.url, deadline=timedelta(seconds=patience.seconds(deadline)), concurrency=4)
    key = ServiceKey(google.key_file, "office", plain_http=True)
    return GoogleSource(context(journal, source_state=source_state, webhooks=webhooks), key, api, settings, now=now)


@dataclass
class Harness:
    google: GoogleStandIn
    hooks: Receiver
    journal: Journal
    source: GoogleSource


@asynccontextmanager
async def house(
    settings: Settings | None = None,
    *,
    push: bool = False,
    deadline: float = 5,
    source_state: SourceState | None = None,
) -> AsyncIterator[Harness]:
    """A stand-in with the calendar ROOM, and an entered source."""
    async with AsyncExitStack() as stack:
        google = await stack.enter_async_context(GoogleStandIn())
        hooks = await stack.enter_async_context(Receiver())
        google.add_calendar(ROOM, "Boardroom")
        journal = Journal()
        source = make_source(
            google,
            journal,
            settings=settings,
            webhooks=hooks if push else None,
            deadline=deadline,
            source_state=source_state,
        )
        await stack.enter_async_context(source)
        yield Harness(google, hooks, journal, source)
