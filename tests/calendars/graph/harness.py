"""A stand-in tenant with one room, and sources that read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from connector.calendars.base import MemoryState, NoWebhooks, SourceContext, SourceState, Webhooks
from connector.calendars.graph import GraphSource, plug
from connector.calendars.graph.auth import AppIdentity, Cloud
from connector.standins.graph import GraphStandIn
from tests.calendars.ics_text import window
from tests.calendars.receiver import Journal, Receiver

ROOM = "board@example.org"
SECRET = "s3cret-of-the-app~x"
TUESDAY = window("2026-11-10", "2026-11-11")


@dataclass
class Harness:
    """``open`` gives a source that is not entered yet."""

    graph: GraphStandIn
    receiver: Receiver
    journal: Journal
    source_state: SourceState = field(default_factory=MemoryState)

    def context(self, webhooks: Webhooks | None = None, secret: str = SECRET) -> SourceContext:
        found = NoWebhooks() if webhooks is None else webhooks
        return SourceContext("office", lambda reference: secret, Path("/"), self.source_state, found, self.journal)

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
