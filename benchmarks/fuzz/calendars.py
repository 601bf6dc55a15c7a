"""The parsers of what calendar servers send."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from benchmarks.fuzz.inputs import bytes_of
from benchmarks.fuzz.seeds import seeds
from benchmarks.fuzz.trying import Parser, plain
from connector.calendars.exchange.items import Item, event_of, read_item
from connector.calendars.google.events import to_snapshot
from connector.calendars.graph.events import fingerprint_of, item_of, localised
from connector.calendars.icalendar_events import events_between
from connector.errors import ConnectorError
from connector.model import Window

_BERLIN = ZoneInfo("Europe/Berlin")
_NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
_WINDOW = Window(_NOW - timedelta(days=1), _NOW + timedelta(days=2))

_ICAL = "components rules series text texts times values vtimezone zones"


def parsers() -> tuple[Parser, ...]:
    folder = "connector.calendars."
    ical = tuple(f"{folder}ical_{name}" for name in _ICAL.split())
    return (
        Parser(
            "iCalendar",
            seeds("ics", line_end="\r\n"),
            plain(_ics),
            (ConnectorError,),
            (*ical, folder + "icalendar_events"),
            limit=1500,  # a meeting costs the libraries 0.7 ms and a series 7, however short; it is read in a thread
        ),
        Parser("Exchange items", seeds("ews_items"), plain(_ews), (), (folder + "exchange.items",)),
        Parser("Graph events", seeds("graph_events"), plain(_json(_graph)), (), (folder + "graph.events",)),
        Parser("Google events", seeds("google_events"), plain(_json(_google)), (), (folder + "google.events",)),
    )


def _json(read: Callable[[Any], object]) -> Callable[[str], object]:
    """Whatever is no JSON, or no object, its transport refuses."""

    def parse(text: str) -> object:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return read(value) if isinstance(value, dict) else None

    return parse


def _graph(value: dict[str, Any]) -> None:
    fingerprint_of(value)
    event = item_of(value).event
    if event is not None:
        localised(event, _BERLIN)


def _google(value: dict[str, Any]) -> None:
    for role in ("reader", "freeBusyReader"):
        to_snapshot([value], "room@example.org", role, _BERLIN)


def _ews(text: str) -> None:
    try:
        data = bytes_of(text)
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return
    item = read_item(root)
    if isinstance(item, Item):
        event_of(item, _BERLIN)


def _ics(text: str) -> None:
    events_between(bytes_of(text), _WINDOW, _BERLIN)
