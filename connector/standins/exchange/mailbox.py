"""Mailboxes of the Exchange stand-in: calendars kept as iCalendar, shown as Exchange shows them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]

_HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//stand-in//exchange//EN\r\n"
_FOREVER = timedelta(days=3660)
_WINDOWS_ZONES = {
    "UTC": "UTC",
    "Europe/Berlin": "W. Europe Standard Time",
    "America/New_York": "Eastern Standard Time",
    "Asia/Tokyo": "Tokyo Standard Time",
    "Australia/Melbourne": "AUS Eastern Standard Time",
}
_PROPERTIES = {  # as an add-in would have written them, from words that iCalendar files have
    "URL": "OnlineMeetingExternalLink",
    "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK": "OnlineMeetingExternalLink",
    "X-MICROSOFT-ONLINEMEETINGCONFLINK": "OnlineMeetingConfLink",
    "X-MICROSOFT-SKYPETEAMSMEETINGURL": "SkypeTeamsMeetingUrl",
}
_ANSWERS = {"ACCEPTED": "Accept", "DECLINED": "Decline", "TENTATIVE": "Tentative"}


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One item of a calendar view. ``values``: EWS's element names to their texts, in UTC."""

    id: str
    change_key: str
    uid: str
    start: datetime
    end: datetime
    values: dict[str, str]
    organizer: tuple[str, str] = ("", "")  # name, address
    html: str | None = None
    properties: dict[str, str] = field(default_factory=dict)


class Mailbox:
    """``told`` is called with each change: ("CreatedEvent", item id). ``zone``: of whoever makes all-day events."""

    def __init__(self, address: str, name: str, told: Callable[[str, str, str], None], zone: str = "UTC") -> None:
        self.address = address
        self.name = name
        self.zone = zone
        self.private_hidden = False  # from delegates without the right: items are listed and not given
        self._told = told
        self._stored: dict[str, icalendar.Calendar] = {}
        self._versions: dict[str, int] = {}
        self._counter = 0

    def put(self, uid: str, *components: str) -> None:
        """Adds or replaces what has this UID: VEVENTs as text, or the UID's lines between BEGIN and END."""
        known = uid in self._stored
        calendar = icalendar.Calendar.from_ical(_HEAD + "".join(components) + "END:VCALENDAR\r\n")
        self._stored[uid] = icalendar.Calendar.from_ical(calendar.to_ical())
        self._touch(uid)
        self._told(self.address, "ModifiedEvent" if known else "CreatedEvent", self._id(uid, None))

    def delete(self, uid: str) -> None:
        del self._stored[uid]
        self._told(self.address, "DeletedEvent", self._id(uid, None))

    def view(self, start: datetime, end: datetime) -> list[ShownItem]:
        """What touches the span, recurring meetings one by one; also what ends exactly at its start, as Exchange."""
        found = [
            shown
            for uid in self._stored
            for shown in self._items(uid, start - timedelta(days=2), end + timedelta(days=2))
            if min(shown.start, shown.end) < end and max(shown.start, shown.end) >= start
        ]
        return sorted(found, key=lambda shown: (shown.start, shown.id))

    def item(self, identity: str) -> ShownItem | None:
        """By id, as it is now."""
        try:
            address, uid, original = base64.b64decode(identity, validate=True).decode().split("\x1f")[:3]
        except ValueError:
            return None
        if address != self.address or uid not in self._stored:
            return None
        near = datetime.fromisoformat(original) if original else None
        span = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC) + 10 * _FOREVER)
        if near is not None:
            span = (near - timedelta(days=400), near + timedelta(days=400))
        return next((shown for shown in self._items(uid, *span) if shown.id == identity), None)

    def _touch(self, uid: str) -> None:
        self._counter += 1
        self._versions[uid] = self._counter

    def _id(self, uid: str, original: datetime | None) -> str:
        """Long, opaque and case-sensitive, as the real ones."""
        text = "\x1f".join((self.address, uid, original.isoformat() if original else "", "." * 40))
        return base64.b64encode(text.encode()).decode()

    def _key(self, uid: str) -> str:
        digest = hashlib.sha256(f"{self.address}{uid}{self._versions[uid]}".encode()).digest()
        return base64.b64encode(b"\x01\x00\x00\x00\x16" + digest[:20]).decode()

    def _items(self, uid: str, start: datetime, end: datetime) -> Iterator[ShownItem]:
        calendar = self._stored[uid]
        events = [each for each in calendar.walk("VEVENT") if isinstance(each, icalendar.Event)]
        changed = {_utc(_moment(each, "RECURRENCE-ID"), self._zone(each)) for each in events if "RECURRENCE-ID" in each}
        if not any(name in each for each in events for name in ("RRULE", "RDATE", "EXDATE")) and not changed:
            yield from (self._shown(uid, each, None, changed) for each in events)
            return
        for each in recurring_ical_events.of(calendar).between(start, end):
            original = _utc(_moment(each, "RECURRENCE-ID"), self._zone(each)) if "RECURRENCE-ID" in each else None
            yield self._shown(uid, each, original or _utc(_moment(each, "DTSTART"), self._zone(each)), changed)

    def _zone(self, event: icalendar.Event) -> tzinfo:
        return ZoneInfo(str(getattr(event["DTSTART"], "params", {}).get("TZID") or self.zone))

    def _shown(self, uid: str, event: icalendar.Event, original: datetime | None, changed: set[datetime]) -> ShownItem:
        zone = self._zone(event)
        first = _moment(event, "DTSTART")
        last = _moment(event, "DTEND") if "DTEND" in event else first
        all_day = not isinstance(first, datetime)
        if all_day and last == first:
            last = first + timedelta(days=1)
        start, end = _utc(first, zone), _utc(last, zone)
        kind = "Single" if original is None else "Exception" if original in changed else "Occurrence"
        values = _values(event, self.address) | {
            "UID": uid,
            "Start": _stamp(start),
            "End": _stamp(end),
            "IsAllDayEvent": "true" if all_day else "false",
            "CalendarItemType": kind,
            "IsRecurring": "false" if original is None else "true",
            "StartTimeZoneId": _WINDOWS_ZONES.get(str(zone), "UTC"),
        }
        if original is not None:
            values |= {"RecurrenceId": _stamp(original), "OriginalStart": _stamp(original)}
        return ShownItem(
            id=self._id(uid, original),
            change_key=self._key(uid),
            uid=uid,
            start=start,
            end=end,
            values=values,
            organizer=_organizer(event),
            html=str(event["X-ALT-DESC"]) if "X-ALT-DESC" in event else None,
            properties={name: str(event[word]) for word, name in _PROPERTIES.items() if word in event},
        )


def _values(event: icalendar.Event, address: str) -> dict[str, str]:
    status = str(event.get("STATUS", "")).upper()
    busy = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "BUSY")).capitalize()
    sensitivity = str(event.get("CLASS", "PUBLIC")).upper()
    values = {
        "Subject": str(event.get("SUMMARY", "")),
        "Sensitivity": {"PRIVATE": "Private", "CONFIDENTIAL": "Confidential"}.get(sensitivity, "Normal"),
        "LegacyFreeBusyStatus": "Tentative" if status == "TENTATIVE" else busy,
        "IsCancelled": "true" if status == "CANCELLED" else "false",
        "MyResponseType": _answer(event, address),
    }
    optional = {"Location": "LOCATION", "TextBody": "DESCRIPTION", "JoinOnlineMeetingUrl": "X-JOIN-URL"}
    return values | {name: str(event[word]) for name, word in optional.items() if word in event}


def _answer(event: icalendar.Event, address: str) -> str:
    found = event.get("ATTENDEE", [])
    for attendee in found if isinstance(found, list) else [found]:
        if str(attendee).lower().removeprefix("mailto:") == address.lower():
            return _ANSWERS.get(str(attendee.params.get("PARTSTAT", "")).upper(), "NoResponseReceived")
    return "Unknown"


def _organizer(event: icalendar.Event) -> tuple[str, str]:
    value = event.get("ORGANIZER")
    if value is None:
        return "", ""
    address = str(value)
    return str(value.params.get("CN", "")), address[7:] if address.lower().startswith("mailto:") else address


def _moment(event: icalendar.Event, name: str) -> date:
    value = getattr(event[name], "dt", None)
    if not isinstance(value, date):
        raise ValueError(f"{name} is no moment")
    return value


def _utc(value: date, zone: tzinfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
