"""A stand-in tenant with one room, and sources that read it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from connector.calendars.base import Keep, NoKeep, NoWebhooks, SourceContext, Webhooks
from connector.calendars.graph import GraphSource, plug
from connector.calendars.graph.auth import AppIdentity, Cloud
from connector.standins.graph import GraphStandIn
from tests.calendars.graph.receiver import Receiver
from tests.calendars.ics_text import window

ROOM = "board@example.org"
SECRET = "s3cret-of-the-app~x"
TUESDAY = window("2026-11-10", "2026-11-11")


@dataclass
class Journal:
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, name: str, **more: Any) -> None:
        self.notes.append((name, more))

    def names(self) -> list[str]:
        return [name for name, _ in self.notes]


@dataclass
class House:
    """``open`` gives a source that is not entered yet."""

    graph: GraphStandIn
    receiver: Receiver
    journal: Journal
    keep: Keep = field(default_factory=NoKeep)

    def context(self, webhooks: Webhooks | None = None, secret: str = SECRET) -> SourceContext:
        found = NoWebhooks() if webhooks is None else webhooks
        return SourceContext("office", lambda reference: secret, Path("/"), self.keep, found, self.journal)

    def options(self, **more: object) -> dict[str, object]:
        signin = self.graph.signin
        where = {"login": self.graph.url, "graph": self.graph.url, "ca_file": str(self.graph.ca_file)}
        return {"tenant": signin.tenant, "client_id": signin.client_id, "secret": "env:X", **where, **more}

    def open(self, *, push: bool = False, secret: str = SECRET, **more: object) -> GraphSource:
        return plug(self.options(**more), self.context(self.receiver if push else None, secret))

    def open_pushed(self, silence: float) -> GraphSource:
        """A source that finds a silent subscription after so many seconds."""
        signin = self.graph.signin
        return GraphSource(
            AppIdentity(signin.tenant, signin.client_id, secret=SECRET),
            Cloud(self.graph.url, self.graph.url),
            self.context(self.receiver),
            ca_file=str(self.graph.ca_file),
            silence=timedelta(seconds=silence),
        )


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
