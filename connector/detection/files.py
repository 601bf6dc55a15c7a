"""A file's content turned into source texts: what kind of file it is, its content tells.

Known kinds: iCalendar (also vCalendar 1.0, and a part of a file), a Graph or Google event as JSON, a mail (MIME), HTML,
and plain text or Markdown. Half a file, a wrong name or a broken encoding still gives its texts. Of several events the
first live meeting counts. The names of the places are those of ``connector.detection.parsed_text.source_rank``.
"""

from __future__ import annotations

import base64
import binascii
import json
import quopri
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from typing import Literal
from urllib.parse import unquote

from connector.detection.detect import detect
from connector.model import SourceText

Kind = Literal["icalendar", "graph", "google", "json", "mail", "html", "text"]
_TextKind = Literal["text", "html", "url"]


@dataclass(frozen=True, slots=True)
class FileTexts:
    """``organizer``: name and address, as far as the file tells."""

    kind: Kind
    texts: tuple[SourceText, ...]
    cancelled: bool = False
    organizer: str = ""


def read_content(data: bytes) -> FileTexts:
    """The source texts of one file. Never raises."""
    if _is_mail(data):
        return _mail(data)
    part = _BOUNDARY.match(data.lstrip()[:200])
    if part:  # a multipart body whose own header was lost
        return _mail(b'Content-Type: multipart/mixed; boundary="' + part["mark"].strip() + b'"\n\n' + data.lstrip())
    return _from_text(_decoded(data))


def _from_text(text: str) -> FileTexts:
    if _BEGIN.search(text[:5000]) or _is_part_of_a_calendar(text[:20_000]):
        return _icalendar(text)
    if text.lstrip()[:1] in ("{", "["):
        event = _json(text)
        if event is not None:
            return event
    if re.match(
        r"\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype html|html|head|body|meta)\b", text, re.IGNORECASE | re.DOTALL
    ):
        return FileTexts("html", (SourceText("html", "html", text),))
    return FileTexts("text", (SourceText("text", "text", text),))


def _decoded(data: bytes, charset: str = "") -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    for name in (charset, "utf-8-sig"):
        try:
            return data.decode(name) if name else data.decode("utf-8-sig")
        except (LookupError, ValueError):  # a charset that does not exist or is no name at all, or other bytes
            continue
    return data.decode("cp1252", "replace")


# ------------------------------------------------------------------------------------------------ iCalendar

_BEGIN = re.compile(r"^(?P<indent>[ \t]{0,16})BEGIN:(?:VCALENDAR|VEVENT)\s*$", re.MULTILINE | re.IGNORECASE)
_SAYS = re.compile(r"^(?:DESCRIPTION|LOCATION|SUMMARY|X-ALT-DESC)[;:]", re.MULTILINE)
_DATES = re.compile(
    r"^(?:DTSTART|DTEND|DTSTAMP|UID|SEQUENCE|LAST-MODIFIED|END:VEVENT|STATUS:CONFIRMED)(?:[;:]|\s*$)", re.MULTILINE
)
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"(?P<name>[A-Za-z0-9\-]{1,80})(?P<params>(?:;[^\n]{0,2000}?)?):(?P<value>[^\n]*)")
# Where each property's text stands in an event; the rest says nothing of how to join.
_PLACES: dict[str, tuple[str, _TextKind]] = {
    "X-GOOGLE-CONFERENCE": ("conference", "url"),
    "CONFERENCE": ("conference", "url"),
    "LOCATION": ("location", "text"),
    "URL": ("url", "url"),
    "X-ALT-DESC": ("html", "html"),
    "DESCRIPTION": ("description", "text"),
    "CONTACT": ("contact", "text"),
    "COMMENT": ("comment", "text"),
    "SUMMARY": ("title", "text"),
}
_UNESCAPE = re.compile(r"\\([nN,;\\:\"])")
_MAX_EVENTS = 50  # of one file, when the first ones have no meeting


def _is_part_of_a_calendar(text: str) -> bool:
    return _SAYS.search(text) is not None and _DATES.search(text) is not None


def _icalendar(text: str) -> FileTexts:
    """Read leniently: a file that was cut short still has its description."""
    begin = _BEGIN.search(text[:5000])
    if begin and begin["indent"]:
        text = textwrap.dedent(text)
    return _first_live(_calendar_events(_FOLD.sub("", text.replace("\r\n", "\n"))), "icalendar")


def _first_live(events: Iterable[FileTexts], kind: Kind) -> FileTexts:
    """The first with a live meeting, else the first that names one, else the first."""
    first = named = None
    for event, _ in zip(events, range(_MAX_EVENTS), strict=False):
        first = first or event
        join = detect(event.texts, cancelled=event.cancelled)
        if join.joinable:
            return event
        named = named or (event if join.service else None)
    return named or first or FileTexts(kind, ())


def _calendar_events(unfolded: str) -> Iterator[FileTexts]:
    """One for each VEVENT; what stands before the first BEGIN belongs to the first, as in a file that was cut."""
    texts: list[SourceText] = []
    cancelled = all_cancelled = False
    organizer = ""
    depth: list[str] = []
    for name, params, value in _properties(unfolded):
        if name == "BEGIN":
            depth.append(value.strip().upper())
        elif name == "END":
            if value.strip().upper() == "VEVENT":
                yield FileTexts("icalendar", tuple(texts), cancelled or all_cancelled, organizer)
                texts, cancelled, organizer = [], False, ""
            del depth[-1:]
        elif name == "METHOD" and value.strip().upper() == "CANCEL":
            all_cancelled = True
        elif depth[-1:] in (["VEVENT"], []):
            if name == "STATUS" and value.strip().upper() == "CANCELLED":
                cancelled = True
            elif name == "ORGANIZER":
                organizer = _organizer(params, value)
            texts += _property_texts(name, params, value)
    if texts:
        yield FileTexts("icalendar", tuple(texts), cancelled or all_cancelled, organizer)


def _organizer(params: str, value: str) -> str:
    name = re.search(r';CN=(?:"([^"]{0,200})"|([^;:"]{0,200}))', params, re.IGNORECASE)
    return f"{(name[1] or name[2] or '') if name else ''} {re.sub('(?i)^mailto:', '', value.strip())}".strip()


def _properties(unfolded: str) -> Iterator[tuple[str, str, str]]:
    """(name, parameters, value as written, encodings of vCalendar 1.0 undone)."""
    lines = iter(unfolded.split("\n"))
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        params, value = _quoted_params(match)
        if "QUOTED-PRINTABLE" in params.upper():
            while value.endswith("="):  # a soft line break, not a fold
                value = value[:-1] + next(lines, "")
            value = _decoded(quopri.decodestring(value.encode("utf-8", "replace"))).replace("\r\n", "\n")
        elif re.search(r";ENCODING=(?:B|BASE64)(?:;|$)", params, re.IGNORECASE):
            value = _unbase64(value)
        yield match["name"].upper(), params, value


def _unbase64(value: str) -> str:
    try:
        return _decoded(base64.b64decode(value.encode("ascii", "ignore"), validate=False))
    except (binascii.Error, ValueError):
        return value


def _quoted_params(match: re.Match[str]) -> tuple[str, str]:
    """A colon inside a quoted parameter does not end the parameters."""
    params, value = match["params"], match["value"]
    if params.count('"') % 2:
        head, colon, tail = value.partition('":')
        if colon:
            return f'{params}:{head}"', tail
    return params, value


_ALTREP = re.compile(r';ALTREP="([^"]{1,16000})"', re.IGNORECASE)


def _property_texts(name: str, params: str, value: str) -> Iterator[SourceText]:
    value = _UNESCAPE.sub(lambda m: "\n" if m[1] in "nN" else m[1], value)
    if name in _PLACES:
        where, kind = _PLACES[name]
    elif name.startswith("X-") and ("://" in value or value.lower().startswith(("sip:", "sips:", "h323:"))):
        where, kind = "online", "url"
    else:
        return
    if "FMTTYPE=TEXT/HTML" in params.upper():
        kind = "html"
    if kind == "url" and ("://" not in value or " " in value.strip()):
        kind = "text"
    if value.strip():
        yield SourceText(where, kind, value)
    alternative = _ALTREP.search(params)
    if alternative and alternative[1].lower().startswith("data:text/html"):
        yield SourceText("html", "html", unquote(alternative[1].partition(",")[2]))
    elif alternative and "://" in alternative[1]:
        yield SourceText(where, "url", alternative[1])


# ------------------------------------------------------------------------------------------------ JSON


def _json(text: str) -> FileTexts | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict):
        value = next((value[key] for key in ("value", "items") if _is_listing(value.get(key))), value)
    if _is_listing(value):
        return _first_live((_json_event(item) for item in value if isinstance(item, dict)), "json")
    return _json_event(value) if isinstance(value, dict) else FileTexts("json", _all_strings(value))


def _is_listing(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _json_event(event: Mapping[str, object]) -> FileTexts:
    if "conferenceData" in event or "hangoutLink" in event or str(event.get("kind", "")).startswith("calendar#"):
        return _google(event)
    if isinstance(event.get("body"), dict) or "onlineMeeting" in event or "isOnlineMeeting" in event:
        return _graph(event)
    return FileTexts("json", _all_strings(event)) if "description" not in event else _google(event)


def _graph(event: Mapping[str, object]) -> FileTexts:
    texts: list[SourceText] = []
    meeting = _mapping(event.get("onlineMeeting"))
    _add(texts, "conference", "url", meeting.get("joinUrl"))
    _add(texts, "conference", "url", event.get("onlineMeetingUrl"))
    _add(texts, "conference", "text", meeting.get("videoTeleconferenceId"))
    for item in _items(event.get("singleValueExtendedProperties")):
        _add_hidden(texts, item.get("value"))
    places = event.get("locations")
    for place in (event.get("location"), *(places if isinstance(places, list) else ())):
        _add(texts, "location", "text", _mapping(place).get("displayName"))
        _add(texts, "location", "text", _mapping(place).get("locationUri"))
    body = _mapping(event.get("body"))
    html = str(body.get("contentType", "")).lower() == "html"
    _add(texts, "html" if html else "description", "html" if html else "text", body.get("content"))
    if not body.get("content"):
        _add(texts, "description", "text", event.get("bodyPreview"))
    _add(texts, "title", "text", event.get("subject"))
    address = _mapping(_mapping(event.get("organizer")).get("emailAddress"))
    return FileTexts(
        "graph", _unique(texts), event.get("isCancelled") is True, _person(address.get("name"), address.get("address"))
    )


def _google(event: Mapping[str, object]) -> FileTexts:
    texts: list[SourceText] = []
    conference = _mapping(event.get("conferenceData"))
    lines = [_entry_lines(entry) for entry in _items(conference.get("entryPoints"))]
    _add(texts, "conference", "text", "\n\n".join(line for line in lines if line))
    _add(texts, "conference", "text", conference.get("notes"))
    _add(texts, "conference", "url", event.get("hangoutLink"))
    for scope in _mapping(event.get("extendedProperties")).values():
        for value in _mapping(scope).values():
            _add_hidden(texts, value)
    _add(texts, "location", "text", event.get("location"))
    _add(texts, "url", "url", _mapping(event.get("source")).get("url"))
    _add(texts, "description", "text", event.get("description"))
    _add(texts, "title", "text", event.get("summary"))
    organizer = _mapping(event.get("organizer"))
    who = _person(organizer.get("displayName"), organizer.get("email"))
    return FileTexts("google", _unique(texts), event.get("status") == "cancelled", who)


def _person(name: object, address: object) -> str:
    return " ".join(part for part in (name, address) if isinstance(part, str) and part)


def _items(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _unique(texts: list[SourceText]) -> tuple[SourceText, ...]:
    return tuple(dict.fromkeys(texts))


def _add_hidden(texts: list[SourceText], value: object) -> None:
    """A client's own property counts where it holds an address."""
    if isinstance(value, str) and ("://" in value or value.lower().startswith(("sip:", "sips:", "h323:"))):
        _add(texts, "online", "text", value)


def _entry_lines(entry: Mapping[str, object]) -> str:
    """One entry point as an invitation would print it, so that one reader understands both."""
    kind, uri = entry.get("entryPointType"), entry.get("uri")
    lines = [str(uri)] if uri else []
    if kind == "phone":
        return f"<{uri}>" if uri else ""  # its pin belongs to the phone number
    if entry.get("meetingCode"):
        lines.append(f"Meeting ID: {entry['meetingCode']}")
    code = entry.get("passcode") or entry.get("password") or entry.get("accessCode") or entry.get("pin")
    if code:
        lines.append(f"Passcode: {code}")
    return "\n".join(lines)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _add(texts: list[SourceText], where: str, kind: _TextKind, content: object) -> None:
    if isinstance(content, str) and content.strip():
        texts.append(SourceText(where, kind, content))


def _all_strings(value: object) -> tuple[SourceText, ...]:
    """JSON of no known shape: every string in it, one a line."""
    found: list[str] = []
    pending: list[object] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            pending.extend(reversed(item.values()))
        elif isinstance(item, list):
            pending.extend(reversed(item))
    return (SourceText("json", "text", "\n".join(found)),)


# ------------------------------------------------------------------------------------------------ mail

_MAIL_HEADER = re.compile(
    rb"^(?:content-type|content-transfer-encoding|mime-version|message-id|received|dkim-signature):", re.I | re.M
)


_BOUNDARY = re.compile(rb"--(?P<mark>[^\r\n]{1,70})\r?\nContent-", re.IGNORECASE)


def _is_mail(data: bytes) -> bool:
    head = re.split(rb"\r?\n\r?\n", data[:20000].lstrip(), maxsplit=1)[0]
    return re.match(rb"(?:From |[A-Za-z\-]{2,60}:)", head) is not None and _MAIL_HEADER.search(head) is not None


def _mail(data: bytes) -> FileTexts:
    try:
        message = message_from_bytes(data.lstrip())
        parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
        subject, sender = _header(message, "Subject"), _header(message, "From")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return _from_text(_decoded(data))
    read = [_part(part) for part in sorted(parts, key=lambda part: part.get_content_subtype() != "calendar")]
    texts = [text for part in read for text in part.texts]
    if subject:
        texts.append(SourceText("title", "text", subject))
    cancelled = any(part.cancelled for part in read)
    organizer = next((part.organizer for part in read if part.organizer), sender)
    return FileTexts("mail", _unique(texts), cancelled, organizer)


def _header(message: Message, name: str) -> str:
    raw = str(message.get(name, ""))
    try:
        return str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, ValueError):
        return raw


def _part(part: Message) -> FileTexts:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return FileTexts("text", ())
    text = _decoded(payload, str(part.get_param("charset") or ""))
    subtype = part.get_content_subtype()
    if subtype == "html":
        return FileTexts("html", (SourceText("html", "html", text),))
    return _from_text(text)
