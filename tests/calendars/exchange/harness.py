"""What the tests of the Exchange source need: a stand-in, and a source that reads it through exchangelib."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from connector.calendars.base import MemoryState, NoWebhooks, SourceContext, SourceState
from connector.calendars.exchange.client import Server
from connector.calendars.exchange.mailboxes import Access
from connector.calendars.exchange.push import StreamTimings
from connector.calendars.exchange.source import ExchangeSource
from connector.standins.exchange import ExchangeStandIn
from tests.support import patience

PASSWORD = "stand-in-password"
ROOM = "Room.O'Brien@example.org"  # apostrophes are legal in addresses, and have broken other products
SOON = timedelta(seconds=0.1)
QUICK = StreamTimings(
    first_wait=0.05, denied_wait=0.2, broken_wait=0.2, subscribe=patience.seconds(5), teardown=patience.seconds(2)
)


def access_to(exchange: ExchangeStandIn, **changes: Any) -> Access:
    auth = {"basic": "basic", "ntlm": "NTLM", "gssapi": "gssapi"}[exchange.auth]
    usual = Access(exchange.account, PASSWORD, auth=auth, ca_file=str(exchange.ca_file), timeout=patience.seconds(5))
    return replace(usual, **changes)


def source_of(
    exchange: ExchangeStandIn,
    *,
    access: Access | None = None,
    timings: StreamTimings | None = None,
    source_state: SourceState | None = None,
    told: list[tuple[str, str]] | None = None,
    poll_every: timedelta = SOON,
    deadline: float = 10.0,
    pause: float = 10.0,
) -> ExchangeSource:
    news: list[tuple[str, str]] = [] if told is None else told
    return ExchangeSource(
        Server(access or access_to(exchange), url=exchange.url, deadline=patience.seconds(deadline), pause=pause),
        source_state=source_state or MemoryState(),
        publish=lambda event: news.append((event.name, str(event.fields()["reason"]))),
        poll_every=poll_every,
        timings=timings,
    )


@asynccontextmanager
async def standing(**options: Any) -> AsyncIterator[ExchangeStandIn]:
    async with ExchangeStandIn(**options) as exchange:
        exchange.add_mailbox(ROOM, "Room O'Brien", room_list="building-1@example.org")
        yield exchange


def context(base: Path, secrets: dict[str, str] | None = None) -> SourceContext:
    return SourceContext("exchange", (secrets or {}).__getitem__, base, MemoryState(), NoWebhooks(), lambda _: None)
