"""What the stand-in's calendars hold: VEVENTs, told as Google tells them.

Series are expanded by recurring-ical-events, which shares nothing with our own reading of Google's answers.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]

Item = dict[str, object]

_AROUND = timedelta(days=2)  # expanded around what is asked for: days without a time begin in the calendar's zone
_HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//stand-in//google//EN\r\n"


@dataclass(slots=True)
class Calendar:
    """``shared``: who has which role; somebody who is not in it does not even see that the calendar exists."""

    id: str
    name: str
    zone: str = "UTC"
    shared: dict[str, str] = field(default_factory=dict)
    version: int = 1
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    _events: dict[str, list[icalendar.Event]] = field(default_factory=dict)
    _items: dict[str, Item] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        return f'"p{self.version:08d}"'

    def put(self, uid: str, *components: str) -> None:
        """``components``: the VEVENTs of one meeting, as text."""
        parsed = icalendar.Calendar.from_ical(_HEAD + "".join(components) + "END:VCALENDAR\r\n")
        self._events[uid] = [c for c in parsed.walk("VEVENT") if isinstance(c, icalendar.Event)]
        self.touch()

    def insert(self, item: Mapping[str, object]) -> None:
        """A single event in Google's own form, under its ``id``."""
        self._items[str(item["id"])] = {"kind": "calendar#event", "status": "confirmed", **item}
        self.touch()

    def delete(self, uid: str) -> None:
        self._events.pop(uid, None)
        self._items.pop(uid, None)
        self.touch()

    def touch(self) -> None:
        """As if something had been edited: the tag changes."""
        self.version += 1
        self.updated = datetime.now(UTC)

    def between(self, start: datetime, end: datetime, *, deleted: bool = False) -> list[Item]:
        """Single events and occurrences that end after ``start`` and begin before ``end`` (both exclusive)."""
        zone = ZoneInfo(self.zone)
        found = [item for item in self._items.values() if _touches(item, start, end, zone)]
        for events in self._events.values():
            for event in _expanded(events, start - _AROUND, end + _AROUND):
                item = self._told(event)
                if _touches(item, start, end, zone):
                    found.append(item)
        return [item for item in found if deleted or item["status"] != "cancelled"]

    # -------------------------------------------------------------------------------- one event

    def _told(self, event: icalendar.Event) -> Item:
        uid = str(event["UID"])
        name = _id(uid)
        start = _when(event["DTSTART"])
        end = _when(event["DTEND"]) if "DTEND" in event else start + _length(event, start)
        item: Item = {
            "kind": "calendar#event",
            "etag": self.etag,
            "id": name,
            "status": str(event.get("STATUS", "confirmed")).lower(),
            "htmlLink": f"https://www.google.com/calendar/event?eid={name}",
            "created": _rfc3339(self.updated),
            "updated": _rfc3339(self.updated),
            "creator": {"email": _mail(event.get("ORGANIZER")) or self.id},
            "organizer": self._person(event.get("ORGANIZER")),
            "start": _moment(start),
            "end": _moment(end),
            "iCalUID": uid,
            "sequence": int(event.get("SEQUENCE", 0)),
            "eventType": "default",
            **_words(event),
        }
        if original := event.get("RECURRENCE-ID"):
            item |= {"id": f"{name}_{_stamp(_when(original))}", "recurringEventId": name}
            item["originalStartTime"] = _moment(_when(original))
        if people := [self._attendee(value) for value in _values(event, "ATTENDEE")]:
            item["attendees"] = people
        return item

    def _person(self, value: object) -> Item:
        mail = _mail(value) or self.id
        name = str(getattr(value, "params", {}).get("CN", ""))
        return {"email": mail} | ({"displayName": name} if name else {}) | ({"self": True} if mail == self.id else {})

    def _attendee(self, value: object) -> Item:
        answers = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}
        params = getattr(value, "params", {})
        person = self._person(value)
        if person.get("self"):
            person["resource"] = True
        return person | {"responseStatus": answers.get(str(params.get("PARTSTAT", "")).upper(), "needsAction")}


def hide(item: Item, role: str) -> Item:
    """What a reader of that role sees of an event (ACL roles in the discovery document)."""
    kept = ("kind", "etag", "id", "status", "start", "end", "iCalUID", "recurringEventId", "originalStartTime")
    if role == "freeBusyReader":
        return {name: item[name] for name in kept if name in item} | {"visibility": "private"}
    if role in ("reader", "writerWithoutPrivateAccess") and item.get("visibility") in ("private", "confidential"):
        return {name: item[name] for name in (*kept, "visibility", "attendees") if name in item}
    return item


def _words(event: icalendar.Event) -> Item:
    item: Item = {}
    for name, key in (("SUMMARY", "summary"), ("LOCATION", "location"), ("DESCRIPTION", "description")):
        if text := str(event.get(name, "")):
            item[key] = text
    visibility = str(event.get("CLASS", "public")).lower()
    if visibility in ("private", "confidential"):
        item["visibility"] = visibility
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        item["transparency"] = "transparent"
    entries = [
        {"entryPointType": "video", "uri": str(value)}
        for name in ("URL", "CONFERENCE")
        for value in _values(event, name)
    ]
    if entries:
        item["conferenceData"] = {"entryPoints": entries, "conferenceSolution": {"key": {"type": "addOn"}}}
    if link := str(event.get("X-GOOGLE-CONFERENCE", "")):
        item["hangoutLink"] = link
    return item


def _expanded(events: list[icalendar.Event], start: datetime, end: datetime) -> Iterator[icalendar.Event]:
    if len(events) == 1 and not any(name in events[0] for name in ("RRULE", "RDATE", "RECURRENCE-ID")):
        yield events[0]
        return
    calendar = icalendar.Calendar()
    for event in events:
        calendar.add_component(event)
    yield from recurring_ical_events.of(calendar, components=["VEVENT"]).between(start, end)


def _touches(item: Mapping[str, object], start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    begins, ends = (_instant(item[name], zone) for name in ("start", "end"))
    if ends <= begins:  # it lasts no time, or is broken
        return start <= begins < end
    return ends > start and begins < end


def _instant(value: object, zone: ZoneInfo) -> datetime:
    parts = value if isinstance(value, dict) else {}
    if "date" in parts:
        return datetime.combine(date.fromisoformat(parts["date"]), time(), zone)
    return datetime.fromisoformat(parts["dateTime"])


def _moment(value: date) -> dict[str, str]:
    if not isinstance(value, datetime):
        return {"date": value.isoformat()}
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    zone = getattr(aware.tzinfo, "key", "UTC")
    return {"dateTime": _rfc3339(aware), "timeZone": zone}


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _stamp(value: date) -> str:
    return value.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") if isinstance(value, datetime) else value.strftime("%Y%m%d")


def _when(value: object) -> date:
    """Of a property that holds a date or a time."""
    found = getattr(value, "dt", None)
    if not isinstance(found, date):
        raise ValueError("a VEVENT without a usable time")
    return found


def _length(event: icalendar.Event, start: date) -> timedelta:
    length = getattr(event.get("DURATION"), "dt", None)
    if isinstance(length, timedelta):
        return length
    return timedelta(0) if isinstance(start, datetime) else timedelta(days=1)


def _id(uid: str) -> str:
    """Google's ids are written in base32hex, lower case."""
    return base64.b32hexencode(hashlib.sha256(uid.encode()).digest()[:16]).decode().rstrip("=").lower()


def _mail(value: object) -> str:
    return str(value or "").removeprefix("mailto:").removeprefix("MAILTO:")


def _values(event: icalendar.Event, name: str) -> Iterable[object]:
    value = event.get(name)
    return value if isinstance(value, list) else [] if value is None else [value]
