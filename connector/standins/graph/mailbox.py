"""A room mailbox of the Graph stand-in: VEVENTs inside, Graph's JSON outside.

Shapes from the Graph v1.0 metadata and the samples of its documentation. Series are expanded by recurring-ical-events.
"""

from __future__ import annotations

import base64
import html
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]

_PARTSTAT = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentativelyAccepted",
    "NEEDS-ACTION": "notResponded",
}
_CLASS = {"PRIVATE": "private", "CONFIDENTIAL": "confidential", "X-PERSONAL": "personal"}
_BUSY = {"FREE": "free", "TENTATIVE": "tentative", "OOF": "oof", "WORKINGELSEWHERE": "workingElsewhere"}
PROPERTIES = "named properties"  # in what a mailbox gives: property_key of an id to value; shown on $expand only
_PUBLIC_STRINGS = "string {00020329-0000-0000-c000-000000000046} name "
_NAMED = ("OnlineMeetingExternalLink", "OnlineMeetingConfLink", "SkypeTeamsMeetingUrl")  # as X-MICROSOFT-...
_numbers = itertools.count(1)


@dataclass(slots=True)
class _Item:
    id: str
    vevents: list[icalendar.Event]
    change_key: str
    changed: datetime


@dataclass(slots=True)
class Mailbox:
    """``told`` is called with (id, created | updated | deleted) after each change.

    The settings are Set-CalendarProcessing's, by their effects: they act on what is put afterwards.
    """

    address: str
    told: Callable[[str, str], None] = lambda item, kind: None
    delete_comments: bool = False
    organizer_as_subject: bool = False
    remove_private_property: bool = False
    _items: dict[str, _Item] = field(default_factory=dict)

    def put(self, *vevents: str, id: str = "") -> str:
        """Adds or replaces one meeting: its VEVENTs (the series and its changed occurrences). Returns its id."""
        text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//stand-in//EN\r\n" + "".join(vevents) + "END:VCALENDAR\r\n"
        components = list(icalendar.Calendar.from_ical(text).events)
        for component in components:
            self._process(component)
        name = id or "AAMkAD" + base64.urlsafe_b64encode(f"{next(_numbers):012d}/{self.address}".encode()).decode()
        kind = "updated" if name in self._items else "created"
        key = base64.b64encode(f"change-{next(_numbers):08d}".encode()).decode()
        self._items[name] = _Item(name, components, key, datetime.now(UTC))
        self.told(name, kind)
        return name

    def remove(self, id: str) -> None:
        del self._items[id]
        self.told(id, "deleted")

    def _process(self, component: icalendar.Event) -> None:
        if self.delete_comments:
            for name in ("DESCRIPTION", "X-ALT-DESC"):
                component.pop(name, None)
        if self.organizer_as_subject:
            component["SUMMARY"] = _person(component.get("ORGANIZER"))["emailAddress"]["name"]
        if self.remove_private_property:
            component.pop("CLASS", None)

    # -------------------------------------------------------------------------------- what Graph shows

    def view(self, start: datetime, end: datetime) -> list[dict[str, Any]]:
        """calendarView: single events, occurrences and exceptions that touch the window, by their start."""
        found = [entry for item in self._items.values() for entry in _expanded(item, start, end)]
        return [self._json(*entry) for entry in sorted(found, key=lambda entry: _utc(entry[1].start))]

    def events(self) -> list[dict[str, Any]]:
        """/events: single events and the masters of series."""
        return [
            self._json(item, item.vevents[0], "seriesMaster" if _is_series(item) else "singleInstance")
            for item in self._items.values()
        ]

    def event(self, id: str) -> dict[str, Any] | None:
        return next((entry for entry in self.events() if entry["id"] == id), None)

    def _json(self, item: _Item, event: icalendar.Event, kind: str) -> dict[str, Any]:
        single = kind in ("singleInstance", "seriesMaster")
        text = str(event.get("DESCRIPTION", ""))
        start, end = event.start, _end(event)
        result = {
            "@odata.etag": f'W/"{item.change_key}"',
            "id": item.id if single else _occurrence_id(item.id, _original(event)),
            "changeKey": item.change_key,
            "createdDateTime": _stamp(item.changed) + "Z",
            "lastModifiedDateTime": _stamp(item.changed) + "Z",
            "iCalUId": str(event["UID"]) + ("" if single else f"{_utc(_original(event)):_%Y%m%d}"),
            "type": kind,
            "seriesMasterId": None if single else item.id,
            "subject": str(event.get("SUMMARY", "")),
            "bodyPreview": text.replace("\n", "\r\n")[:255],
            "body": {"contentType": "html", "content": _body(event, text)},
            "start": {"dateTime": _stamp(start), "timeZone": "UTC"},
            "end": {"dateTime": _stamp(end), "timeZone": "UTC"},
            "isAllDay": not isinstance(start, datetime),
            "isCancelled": str(event.get("STATUS", "")).upper() == "CANCELLED",
            "isOrganizer": False,
            "isOnlineMeeting": "X-MICROSOFT-SKYPETEAMSMEETINGURL" in event,
            "sensitivity": _CLASS.get(str(event.get("CLASS", "")).upper(), "normal"),
            "showAs": _BUSY.get(str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper(), "busy"),
            "organizer": _person(event.get("ORGANIZER")),
            "attendees": list(_attendees(event)),
            "responseStatus": {"response": self._response(event), "time": "0001-01-01T00:00:00Z"},
            "onlineMeetingUrl": str(event["URL"]) if "URL" in event else None,
            "onlineMeeting": _teams(event),
            PROPERTIES: _properties(event),
            **_places(event),
        }
        if not single:
            result["originalStart"] = _stamp(_original(event)) + "Z"
        return result

    def _response(self, event: icalendar.Event) -> str:
        for entry in _attendees(event):
            if entry["emailAddress"]["address"].lower() == self.address.lower():
                return str(entry["status"]["response"])
        return "accepted"


def _expanded(item: _Item, start: datetime, end: datetime) -> Iterator[tuple[_Item, icalendar.Event, str]]:
    if not _is_series(item):
        event = item.vevents[0]
        first, last = _utc(event.start), _utc(_end(event))
        if (first < end and last > start) or start <= first < end:
            yield item, event, "singleInstance"
        return
    calendar = icalendar.Calendar()
    for event in item.vevents:
        calendar.add_component(event)
    changed = {_original(event) for event in item.vevents[1:]}
    for event in recurring_ical_events.of(calendar).between(start, end):
        if _utc(event.start) < end and _utc(event.end) > start:
            yield item, event, "exception" if _original(event) in changed else "occurrence"


def _is_series(item: _Item) -> bool:
    return len(item.vevents) > 1 or "RRULE" in item.vevents[0]


def _end(event: icalendar.Event) -> date:
    """As it is written, also before the start: some calendars hold such meetings."""
    value: Any = event.get("DTEND")
    moment: date = event.start if value is None else value.dt
    return moment


def _original(event: icalendar.Event) -> date:
    value: Any = event["RECURRENCE-ID"]
    moment: date = value.dt
    return _utc(moment) if isinstance(moment, datetime) else moment


def _occurrence_id(master: str, original: date) -> str:
    return f"{master}.{original:%Y%m%d%H%M}"


def _utc(moment: date) -> datetime:
    if not isinstance(moment, datetime):
        return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)  # midnight in the zone that was asked for
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _stamp(moment: date) -> str:
    """Seven digits of a second and no zone, as Exchange writes them."""
    return _utc(moment).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0"


def _body(event: icalendar.Event, text: str) -> str:
    if "X-ALT-DESC" in event:
        return str(event["X-ALT-DESC"])
    if not text:
        return ""
    lines = html.escape(text).replace("\n", "<br>\r\n")
    return f'<html><head></head><body><div class="PlainText">{lines}</div></body></html>'


def _person(value: Any) -> dict[str, Any]:
    address = str(value or "").removeprefix("mailto:").removeprefix("MAILTO:")
    name = str(getattr(value, "params", {}).get("CN", address))
    return {"emailAddress": {"name": name, "address": address}}


def _attendees(event: icalendar.Event) -> Iterator[dict[str, Any]]:
    value = event.get("ATTENDEE")
    for one in value if isinstance(value, list) else [value] if value is not None else []:
        params = getattr(one, "params", {})
        response = _PARTSTAT.get(str(params.get("PARTSTAT", "")).upper(), "none")
        room = str(params.get("CUTYPE", "")).upper() in ("ROOM", "RESOURCE")
        status = {"response": response, "time": "0001-01-01T00:00:00Z"}
        yield {**_person(one), "type": "resource" if room else "required", "status": status}


def _teams(event: icalendar.Event) -> dict[str, Any] | None:
    url = event.get("X-MICROSOFT-SKYPETEAMSMEETINGURL")
    return {"joinUrl": str(url)} if url else None


def _properties(event: icalendar.Event) -> dict[str, str]:
    found = {name: str(event.get(f"X-MICROSOFT-{name.upper()}", "")) for name in _NAMED}
    return {f"{_PUBLIC_STRINGS}{name}": value for name, value in found.items() if value}


def property_key(id: str) -> str:
    """The set may be written in any case, the name may not (learn.microsoft.com, "Get singleValueLegacy...")."""
    place, word, name = id.partition(" Name ")
    return f"{place}{word}".lower() + name


def _places(event: icalendar.Event) -> dict[str, Any]:
    """``LOCATION`` with ";" in it becomes several locations, as Outlook does it."""
    names = [name.strip() for name in str(event.get("LOCATION", "")).split(";") if name.strip()]
    places = [_place(name) for name in names]
    first = {"displayName": "; ".join(names), "locationType": "default", "uniqueIdType": "unknown", "address": {}}
    return {
        "location": {**first, "uniqueId": names[0], "uniqueIdType": "private"} if names else first,
        "locations": places,
    }


def _place(name: str) -> dict[str, Any]:
    return {"displayName": name, "locationType": "default", "uniqueId": name, "uniqueIdType": "private"}
