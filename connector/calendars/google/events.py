"""Google Calendar's event resource to our Event. Pure: no I/O, no clock.

Field names and values: the discovery document of calendar v3 (schema Event), revision 20261030.

* ``iCalUID`` names an event or a whole series; ``originalStartTime`` names the occurrence and stays when it moves.
* The room's own answer is the attendee with ``self`` (the calendar that is read) or whose address is the calendar.
  ``maxAttendees=1`` makes Google leave out everybody else, which is also all that we want to know of them. Google calls
  the one who is left "the participant": where that is not the room, see ``answer_left_out``.
* Who may only see free/busy gets events without any details: "Busy", never "no meetings".
* Events marked "free" (transparency) are meetings all the same and are kept, with that mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, tzinfo
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from connector.model import NO_SERIES, Event, Snapshot, SourceText, Unreadable, Window

Item = Mapping[str, object]

# Partial response: what is not named here never leaves Google.
FIELDS = (
    "kind,etag,updated,timeZone,accessRole,nextPageToken,"
    "items(id,iCalUID,recurringEventId,originalStartTime,status,eventType,visibility,transparency,summary,description,location,"
    "start,end,organizer(displayName,email,self),attendees(email,self,responseStatus),attendeesOmitted,hangoutLink,"
    "conferenceData(entryPoints(entryPointType,uri,meetingCode,passcode,password,accessCode,pin),notes))"
)
FREE_BUSY = "freeBusyReader"
PRIVATE_HIDDEN = ("reader", "writerWithoutPrivateAccess")  # private events come without details

_NO_MEETINGS = ("birthday", "workingLocation")
_HTML = re.compile(r"<(?:html|body|br|p|div|span|a|b|i|u|ul|ol|li|table)\b[^<>]{0,2000}>", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


class _Broken(Exception):
    """The text says what is wrong, as the end of a sentence."""


def to_snapshot(items: Iterable[Item], calendar: str, role: str, zone: tzinfo) -> Snapshot:
    """``zone``: where days without a time begin. Cancelled events are left out: to us they are gone."""
    events: dict[str, Event] = {}
    unreadable: list[Unreadable] = []
    for item in items:
        if item.get("status") == "cancelled" or item.get("eventType") in _NO_MEETINGS:
            continue
        try:
            event = _event(item, calendar, role, zone)
        except _Broken as problem:
            uid = _uid(item)
            unreadable.append(Unreadable(uid, f"The event {uid[:200] or 'without an id'} {problem}."))
            continue
        events.setdefault(event.key, event)
    return Snapshot(tuple(sorted(events.values(), key=lambda e: (e.start, e.key))), tuple(unreadable))


def within(snapshot: Snapshot, window: Window) -> Snapshot:
    """Those that touch the window; one without length counts at its instant."""
    return Snapshot(
        tuple(e for e in snapshot.events if e.start < window.end and (e.end > window.start or window.start <= e.start)),
        snapshot.unreadable,
    )


def _event(item: Item, calendar: str, role: str, zone: tzinfo) -> Event:
    start, all_day = _moment(item.get("start"), zone, "start")
    end, _ = _moment(item.get("end"), zone, "end")
    if end < start:
        raise _Broken("ends before it begins")
    hidden = role == FREE_BUSY
    answer = _answer(item, calendar)
    return Event(
        series_uid=_uid(item),
        original_start=_original(item, zone),
        start=start,
        end=end,
        title="Busy" if hidden else _one_line(item.get("summary")),
        organizer="" if hidden else _organizer(item),
        organizer_email="" if hidden else _one_line(_mapping(item.get("organizer")).get("email")).lower(),
        all_day=all_day,
        private=item.get("visibility") in ("private", "confidential"),
        declined=answer == "declined",
        tentative=answer == "tentative" or item.get("status") == "tentative",
        free=item.get("transparency") == "transparent",
        texts=() if hidden else tuple(dict.fromkeys(_texts(item))),
    )


def _uid(item: Item) -> str:
    for name in ("iCalUID", "recurringEventId", "id"):
        if isinstance(value := item.get(name), str) and value:
            return value
    return ""


def _original(item: Item, zone: tzinfo) -> datetime:
    if not item.get("recurringEventId"):
        return NO_SERIES
    return _moment(item.get("originalStartTime"), zone, "original start")[0]


def _moment(value: object, zone: tzinfo, name: str) -> tuple[datetime, bool]:
    """(UTC, is a whole day). ``dateTime`` carries an offset; where it does not, ``timeZone`` tells."""
    parts = _mapping(value)
    text, day = parts.get("dateTime"), parts.get("date")
    try:
        if isinstance(text, str):
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=_zone(parts.get("timeZone")) or zone)
            return moment.astimezone(UTC), False
        if isinstance(day, str):
            midnight = datetime.combine(datetime.fromisoformat(day).date(), time(), zone)
            return midnight.astimezone(UTC), True
    except (ValueError, OverflowError):
        raise _Broken(f"has no usable {name}") from None
    raise _Broken(f"has no {name}")


def _zone(name: object) -> tzinfo | None:
    return zone_of(name) if isinstance(name, str) else None


def zone_of(name: str) -> tzinfo | None:
    """None for what is no zone of the IANA database."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def _answer(item: Item, calendar: str) -> str:
    for person in _mappings(item.get("attendees")):
        if person.get("self") is True or str(person.get("email", "")).lower() == calendar.lower():
            return str(person.get("responseStatus", ""))
    return ""


def answer_left_out(item: Item, calendar: str) -> bool:
    """The room may have been invited and have declined: nobody can tell, as attendees are missing."""
    own_meeting = _mapping(item.get("organizer")).get("self") is True
    return item.get("attendeesOmitted") is True and not own_meeting and not _answer(item, calendar)


def _organizer(item: Item) -> str:
    organizer = _mapping(item.get("organizer"))
    return _one_line(organizer.get("displayName")) or _one_line(organizer.get("email"))


# ------------------------------------------------------------------------------------ where join information stands


def _texts(item: Item) -> Iterator[SourceText]:
    yield from _text("location", item.get("location"))
    conference = _mapping(item.get("conferenceData"))
    entries = "\n\n".join(filter(None, (_entry(entry) for entry in _mappings(conference.get("entryPoints")))))
    yield from _text("conference", entries)
    yield from _text("conference", conference.get("notes"))
    link = item.get("hangoutLink")
    if isinstance(link, str) and link.strip():
        yield SourceText("conference", "url", link.strip())
    yield from _text("description", item.get("description"))
    yield from _text("title", item.get("summary"))


def _text(where: str, content: object) -> Iterator[SourceText]:
    """Descriptions and notes are HTML when somebody formatted them, and plain text otherwise; nothing says which."""
    if isinstance(content, str) and content.strip():
        kind: Literal["html", "text"] = "html" if where != "title" and _HTML.search(content) else "text"
        yield SourceText(where, kind, content)


def _entry(entry: Item) -> str:
    """As an invitation would print it. A phone's codes are for that phone number alone: they are left out."""
    kind, uri = entry.get("entryPointType"), str(entry.get("uri") or "")
    if kind == "phone":
        return f"<{uri}>" if uri else ""
    if kind == "more":  # a page about the meeting; tel.meet puts the phone's PIN into its query
        return uri.partition("?")[0] if _host(uri) == "tel.meet" else uri
    lines = [uri] if uri else []
    if code := entry.get("meetingCode"):
        lines.append(f"Meeting ID: {code}")
    if secret := entry.get("passcode") or entry.get("password") or entry.get("accessCode") or entry.get("pin"):
        lines.append(f"Passcode: {secret}")
    return "\n".join(lines)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _one_line(text: object) -> str:
    return " ".join(_CONTROL.sub(" ", text).split()) if isinstance(text, str) else ""


def _mapping(value: object) -> Item:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[Item]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
