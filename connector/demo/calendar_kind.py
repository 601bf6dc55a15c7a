"""Where the demo's calendars may be. Apart from those services, because each start of the command reads it."""

from __future__ import annotations

from enum import StrEnum


class CalendarKind(StrEnum):
    ICS = "ics"
    GRAPH = "graph"
    GOOGLE = "google"
    EXCHANGE = "exchange"
