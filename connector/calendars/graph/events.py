"""Graph's JSON to events. No I/O.

Property names as in the Graph v1.0 metadata (event, location, onlineMeetingInfo). What Graph leaves open: all-day
events have no zone (they come as midnights), and what is stable for a series is not the iCalUId but the master's id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Literal

from connector.calendars.ical_texts import one_line
from connector.model import NO_SERIES, Event, SourceText, Unreadable

# For "did anything change?": what is compared, and nothing that a busy calendar would make long.
LIGHT = "id,changeKey,start,end"
FULL = (
    "id,iCalUId,changeKey,subject,bodyPreview,body,start,end,isAllDay,isCancelled,organizer,location,locations,"
    "onlineMeeting,onlineMeetingUrl,sensitivity,showAs,responseStatus,type,seriesMasterId,originalStart"
)
# Named properties in which Outlook, its add-ins and Skype keep a meeting's link, of the set PS_PUBLIC_STRINGS.
# learn.microsoft.com, "Get singleValueLegacyExtendedProperty": the form of the ids and of the filter.
_PUBLIC_STRINGS = "{00020329-0000-0000-C000-000000000046}"
EXPAND = "singleValueExtendedProperties($filter={})".format(
    " or ".join(
        f"id eq 'String {_PUBLIC_STRINGS} Name {name}'"
        for name in ("OnlineMeetingExternalLink", "OnlineMeetingConfLink", "SkypeTeamsMeetingUrl")
    )
)
_WHOLE_PREVIEW = 200  # characters; a preview is cut at 255, a shorter one is the whole text
_URL = re.compile(r"\s*[a-z][a-z0-9+.-]*:[^\s<>\"]+\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a listing: an event, or why it is none."""

    id: str
    print: str  # equal prints are the same content; "" is equal to none
    event: Event | None
    unreadable: Unreadable | None = None


def fingerprint_of(raw: object) -> tuple[str, str]:
    """(id, print) of a light or a full entry; ("", "") where it has none."""
    entry = _mapping(raw)
    key = entry.get("@odata.etag") or entry.get("changeKey")
    name = entry.get("id")
    if not isinstance(name, str) or not isinstance(key, str):
        return "", ""
    ends = [str(_mapping(entry.get(end)).get("dateTime")) for end in ("start", "end")]
    return name, "\x1f".join((key, *ends))


def item_of(raw: object) -> Item:
    """Never raises for what a calendar may hold."""
    name, fingerprint = fingerprint_of(raw)
    entry = _mapping(raw)
    uid = _series(entry)
    try:
        return Item(name, fingerprint, _event(entry, uid))
    except ValueError as error:
        shown = one_line(entry.get("iCalUId") or uid)[:120] or "without an id"
        return Item(name, fingerprint, None, Unreadable(uid, f"The event {shown} {error}."))


def localised(event: Event, zone: tzinfo) -> Event:
    """All-day events come as midnights without a zone: here they become the room's days."""
    if not event.all_day or event.start.time() != time() or event.end.time() != time():
        return event
    start, end = (moment.replace(tzinfo=zone).astimezone(UTC) for moment in (event.start, event.end))
    original = event.original_start
    if original != NO_SERIES and original.time() == time():
        original = original.replace(tzinfo=zone).astimezone(UTC)
    return replace(event, start=start, end=end, original_start=original)


def _event(entry: Mapping[str, Any], uid: str) -> Event:
    if not uid:
        raise ValueError("cannot be told from others")
    start, end = _moment(entry.get("start"), "start"), _moment(entry.get("end"), "end")
    if end < start:
        raise ValueError("ends before it starts")
    answer = _mapping(entry.get("responseStatus")).get("response")
    organizer = _mapping(_mapping(entry.get("organizer")).get("emailAddress"))
    return Event(
        series_uid=uid,
        original_start=_original(entry, start),
        start=start,
        end=end,
        title=one_line(entry.get("subject") or ""),
        organizer=one_line(organizer.get("name") or organizer.get("address") or ""),
        organizer_email=one_line(organizer.get("address") or "").lower(),
        all_day=entry.get("isAllDay") is True,
        private=str(entry.get("sensitivity") or "normal").lower() != "normal",  # an unknown word hides, too
        cancelled=entry.get("isCancelled") is True,
        declined=answer == "declined",
        tentative=answer == "tentativelyAccepted" or entry.get("showAs") == "tentative",
        free=entry.get("showAs") == "free",
        texts=tuple(dict.fromkeys(text for text in _texts(entry) if text.content.strip())),
    )


# ------------------------------------------------------------------------------------ identity and time


def _series(entry: Mapping[str, Any]) -> str:
    """A series is its master's id. A single event is its iCalUId: it stays when the invitation is sent again."""
    kind = entry.get("type")
    master = entry.get("seriesMasterId")
    if kind in ("occurrence", "exception") and isinstance(master, str) and master:
        return master
    name = entry.get("iCalUId") or entry.get("id")
    return name if isinstance(name, str) else ""


def _original(entry: Mapping[str, Any], start: datetime) -> datetime:
    kind = entry.get("type")
    if kind not in ("occurrence", "exception"):
        return NO_SERIES
    original = entry.get("originalStart")
    if isinstance(original, str):
        return _parse(original, "original start")
    if kind == "occurrence":
        return start  # not moved, or it would be an exception
    raise ValueError("is a moved occurrence that does not tell where it was")


def _moment(value: object, name: str) -> datetime:
    stamp = _mapping(value)
    if str(stamp.get("timeZone") or "UTC").upper() not in ("UTC", "GMT", "ETC/UTC"):
        raise ValueError(f"has its {name} in another time zone than was asked for")
    return _parse(stamp.get("dateTime"), name)


def _parse(text: object, name: str) -> datetime:
    """Graph writes seven digits of a second and often no zone: then it is UTC, as we ask for."""
    if not isinstance(text, str):
        raise ValueError(f"has no {name}")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"has a {name} that is no time") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if not datetime(1601, 1, 2, tzinfo=UTC) <= moment <= datetime(9990, 1, 1, tzinfo=UTC):
        raise ValueError(f"has a {name} that is no time")  # and could not be moved into another zone
    return moment


ALL_DAY_MARGIN = timedelta(hours=14)  # how far a zone can be from UTC, in which the service judges all-day events


# ------------------------------------------------------------------------------------ texts


def _texts(entry: Mapping[str, Any]) -> Iterator[SourceText]:
    """Every place where join information may stand. Room systems often strip bodies: then the first ones remain."""
    meeting = _mapping(entry.get("onlineMeeting"))
    yield _text("conference", meeting.get("joinUrl"))
    yield _text("conference", entry.get("onlineMeetingUrl"))
    for named in _list(entry.get("singleValueExtendedProperties")):
        yield _text("online", _mapping(named).get("value"))
    for place in (entry.get("location"), *_list(entry.get("locations"))):
        for name in ("displayName", "locationUri", "uniqueId"):
            value = _mapping(place).get(name)
            if name != "uniqueId" or "://" in str(value):  # an address typed by hand is repeated there; others are ids
                yield _text("location", value)
    yield from _body(entry)
    yield _text("title", entry.get("subject"))


def _body(entry: Mapping[str, Any]) -> Iterator[SourceText]:
    body = _mapping(entry.get("body"))
    if str(body.get("contentType") or "").lower() == "html":
        content = body.get("content")
        yield SourceText("html", "html", content if isinstance(content, str) else "")
        preview = entry.get("bodyPreview")
        if isinstance(preview, str) and len(preview) < _WHOLE_PREVIEW:
            yield SourceText("description", "text", preview.replace("\r\n", "\n"))
    elif isinstance(body.get("content"), str):
        yield SourceText("description", "text", str(body["content"]).replace("\r\n", "\n"))


def _text(where: str, value: object) -> SourceText:
    content = value if isinstance(value, str) else ""
    kind: Literal["url", "text"] = "url" if _URL.fullmatch(content) else "text"
    return SourceText(where, kind, content)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
