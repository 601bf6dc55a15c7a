"""From what Exchange says of a calendar item to an Event. No I/O.

Read from the XML itself: exchangelib's items give a default where the server said nothing, so that a private meeting
would look public, and turn all-day events into dates of the machine's own zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from exchangelib.winzone import MS_TIMEZONE_TO_IANA_MAP  # type: ignore[import-untyped]
from lxml import etree

from connector.calendars.ical_texts import one_line
from connector.model import NO_SERIES, Event, SourceText, Window

TYPES = "{http://schemas.microsoft.com/exchange/services/2006/types}"

_URL = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"]+", re.IGNORECASE)
_FRACTION = re.compile(r"(\.\d{6})\d+")
# MS-OXOCAL 2.2.1.27: a global object id in hexadecimal; digits 32 to 39 hold the day of one occurrence, zero for all.
_OBJECT_ID = re.compile(r"040000008200E00074C5B7101A82E008[0-9A-F]{48,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a listing, before it is put into a room's zone. Times are UTC."""

    uid: str
    original: datetime  # NO_SERIES for a single event
    start: datetime
    end: datetime
    days: tuple[date, date] | None  # an all-day event: first day, and the day after the last; None: not known
    all_day: bool
    title: str
    organizer: str
    organizer_email: str
    private: bool
    cancelled: bool
    declined: bool
    tentative: bool
    free: bool
    attended: bool  # somebody invited the room: an empty body is then suspicious
    texts: tuple[SourceText, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Broken:
    """Listed, but not usable. ``uid`` is "" when not even that is known."""

    uid: str
    reason: str  # a sentence


def read_item(element: etree._Element) -> Item | Broken | None:
    """None for what is no calendar item: a mail that somebody dropped into the calendar."""
    if element.tag != f"{TYPES}CalendarItem":
        return None
    uid = series_uid(_text(element, "UID").strip())
    name = one_line(uid)[:200] or "without an id"
    try:
        return _item(element, uid)
    except ValueError as problem:
        return Broken(uid, f"The event {name} {problem}.")


def _item(element: etree._Element, uid: str) -> Item:
    start, end = _moment(element, "Start"), _moment(element, "End")
    if start is None or end is None:
        raise ValueError("has no start or no end that can be read")
    if end < start:
        raise ValueError("ends before it starts")
    all_day = _text(element, "IsAllDayEvent") == "true"
    answer = _text(element, "MyResponseType")
    return Item(
        uid=uid or f"item-{_id(element)}",
        original=_original(element, start),
        start=start,
        end=end,
        days=_days(element, start, end) if all_day else None,
        all_day=all_day,
        title=one_line(_text(element, "Subject")),
        organizer=_organizer(element),
        organizer_email=_organizer_email(element),
        private=_text(element, "Sensitivity") not in ("", "Normal"),
        cancelled=_text(element, "IsCancelled") == "true",
        declined=answer == "Decline",
        tentative="Tentative" in (answer, _text(element, "LegacyFreeBusyStatus")),
        free=_text(element, "LegacyFreeBusyStatus") == "Free",
        attended=answer not in ("", "Unknown", "Organizer"),
        texts=tuple(dict.fromkeys(text for text in _texts(element) if text.content.strip())),
    )


def event_of(item: Item, zone: tzinfo) -> Event:
    """All-day events last whole days of ``zone``, wherever they were made."""
    start, end = item.start, item.end
    days = item.days or (_midnights(start, end, zone) if item.all_day else None)
    if days is not None:
        start, end = (datetime.combine(day, time.min, zone).astimezone(UTC) for day in days)
    return Event(
        series_uid=item.uid,
        original_start=item.original,
        start=start,
        end=end,
        title=item.title,
        organizer=item.organizer,
        organizer_email=item.organizer_email,
        all_day=item.all_day,
        private=item.private,
        cancelled=item.cancelled,
        declined=item.declined,
        tentative=item.tentative,
        free=item.free,
        texts=item.texts,
    )


def touches(event: Event, window: Window) -> bool:
    """Half-open on both sides; a meeting of no length counts at its instant. Exchange lists what ends at the start."""
    if event.start == event.end:
        return window.start <= event.start < window.end
    return event.start < window.end and event.end > window.start


def series_uid(uid: str) -> str:
    """The id of the whole series: Outlook's ids may carry the day of one occurrence."""
    return uid[:32] + "00000000" + uid[40:] if _OBJECT_ID.fullmatch(uid) else uid


# ------------------------------------------------------------------------------------ values


def _text(element: etree._Element, name: str) -> str:
    return element.findtext(f"{TYPES}{name}") or ""


def _id(element: etree._Element) -> str:
    found = element.find(f"{TYPES}ItemId")
    return "" if found is None else found.get("Id", "")


def _moment(element: etree._Element, name: str) -> datetime | None:
    """xs:dateTime; without a zone it is UTC, since our requests say so. Raises ValueError for anything else."""
    text = _text(element, name).strip()
    if not text:
        return None
    try:
        value = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"has a {name} that cannot be read") from None


def _original(element: etree._Element, start: datetime) -> datetime:
    original = _moment(element, "RecurrenceId") or _moment(element, "OriginalStart")
    kind = _text(element, "CalendarItemType")
    if kind in ("Occurrence", "Exception"):
        return original or start
    return NO_SERIES if kind == "Single" or original is None else original


def _days(element: etree._Element, start: datetime, end: datetime) -> tuple[date, date] | None:
    """In the zone it was made in, where Exchange keeps all-day events from midnight to midnight."""
    name = MS_TIMEZONE_TO_IANA_MAP.get(_text(element, "StartTimeZoneId"))
    return _midnights(start, end, ZoneInfo(name)) if name else None


def _midnights(start: datetime, end: datetime, zone: tzinfo) -> tuple[date, date] | None:
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.time() != time.min or last.time() != time.min:
        return None
    return first.date(), max(last.date(), first.date() + timedelta(days=1))


def _organizer(element: etree._Element) -> str:
    mailbox = element.find(f"{TYPES}Organizer/{TYPES}Mailbox")
    if mailbox is None:
        return ""
    return one_line(_text(mailbox, "Name")) or one_line(_text(mailbox, "EmailAddress"))


def _organizer_email(element: etree._Element) -> str:
    """Empty where Exchange gives a colleague's directory name (routing type EX, ``/O=...``) and no mail address."""
    mailbox = element.find(f"{TYPES}Organizer/{TYPES}Mailbox")
    address = "" if mailbox is None else one_line(_text(mailbox, "EmailAddress")).lower()
    return address if "@" in address else ""


def _texts(element: etree._Element) -> Iterator[SourceText]:
    """Every place where join information may stand, the best first."""
    yield from _links(element)
    yield SourceText("location", "text", _text(element, "Location"))
    body = element.find(f"{TYPES}Body")
    html = body is not None and body.get("BodyType") == "HTML"
    plain = _text(element, "TextBody") or ("" if body is None or html else body.text or "")
    yield SourceText("description", "text", plain)
    if body is not None and html:
        yield SourceText("html", "html", body.text or "")
    yield SourceText("title", "text", _text(element, "Subject"))


def _links(element: etree._Element) -> Iterator[SourceText]:
    """What add-ins and Skype or Teams left behind; it survives where a room strips the body of its meetings."""
    values = [_text(element, "JoinOnlineMeetingUrl")]
    values += [_text(found, "Value") for found in element.findall(f"{TYPES}ExtendedProperty")]
    for value in values:
        yield SourceText("online", "url" if _URL.fullmatch(value.strip()) else "text", value.strip())
