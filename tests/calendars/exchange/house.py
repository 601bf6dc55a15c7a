"""What the tests of the Exchange source need: a stand-in, and a source that reads it through exchangelib."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from connector.calendars.base import Keep, NoKeep, NoWebhooks, SourceContext
from connector.calendars.exchange.client import Server
from connector.calendars.exchange.mailboxes import Access
from connector.calendars.exchange.source import ExchangeSource
from connector.calendars.exchange.streams import Pace
from connector.standins.exchange import ExchangeStandIn

PASSWORD = "stand-in-password"
ROOM = "Room.O'Brien@example.org"  # apostrophes are legal in addresses, and have broken other products
SOON = timedelta(seconds=0.1)
QUICK = Pace(first_wait=0.05, denied_wait=0.2, broken_wait=0.2, farewell=1.0)


def access_to(exchange: ExchangeStandIn, **changes: Any) -> Access:
    auth = {"basic": "basic", "ntlm": "NTLM", "gssapi": "gssapi"}[exchange.auth]
    usual = Access(exchange.account, PASSWORD, auth=auth, ca_file=str(exchange.ca_file), timeout=5.0)
    return replace(usual, **changes)


def source_of(
    exchange: ExchangeStandIn,
    *,
    access: Access | None = None,
    pace: Pace | None = None,
    keep: Keep | None = None,
    told: list[tuple[str, str]] | None = None,
    poll_every: timedelta = SOON,
    deadline: float = 10.0,
    pause: float = 10.0,
) -> ExchangeSource:
    news: list[tuple[str, str]] = [] if told is None else told
    return ExchangeSource(
        Server(access or access_to(exchange), url=exchange.url, deadline=deadline, pause=pause),
        keep=keep or NoKeep(),
        tell=lambda event, reason="": news.append((event, reason)),
        poll_every=poll_every,
        pace=pace,
    )


@asynccontextmanager
async def standing(**options: Any) -> AsyncIterator[ExchangeStandIn]:
    async with ExchangeStandIn(**options) as exchange:
        exchange.add_mailbox(ROOM, "Room O'Brien", room_list="building-1@example.org")
        yield exchange


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Waits for something that another thread or the server does."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def context(base: Path, secrets: dict[str, str] | None = None) -> SourceContext:
    return SourceContext("exchange", (secrets or {}).__getitem__, base, NoKeep(), NoWebhooks(), lambda *_, **__: None)
