"""A file's content turned into source texts: what kind of file it is, its content tells.

Known kinds: iCalendar, a Graph or Google event as JSON, a mail (MIME), HTML, and plain text or Markdown. Half a
file, a wrong name or a broken encoding still gives its texts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Literal

from connector.model import SourceText

Kind = Literal["icalendar", "graph", "google", "json", "mail", "html", "text"]


@dataclass(frozen=True, slots=True)
class FileTexts:
    kind: Kind
    texts: tuple[SourceText, ...]
    cancelled: bool = False


def read_content(data: bytes) -> FileTexts:
    """The source texts of one file. Never raises."""
    if _is_mail(data):
        return _mail(data)
    return _from_text(_decoded(data))


def _from_text(text: str) -> FileTexts:
    if re.search(r"^BEGIN:(?:VCALENDAR|VEVENT)\s*$", text[:5000], re.MULTILINE | re.IGNORECASE):
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
        except (LookupError, UnicodeError):
            continue
    return data.decode("cp1252", "replace")


# ------------------------------------------------------------------------------------------------ iCalendar

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"(?P<name>[A-Za-z0-9\-]{1,80})(?P<params>(?:;[^\n]{0,2000}?)?):(?P<value>[^\n]*)")
# Where each property's text stands in an event; the rest says nothing of how to join.
_PLACES: dict[str, tuple[str, Literal["text", "html", "url"]]] = {
    "X-GOOGLE-CONFERENCE": ("conference", "url"),
    "CONFERENCE": ("conference", "url"),
    "X-MICROSOFT-SKYPETEAMSMEETINGURL": ("conference", "url"),
    "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK": ("conference", "url"),
    "X-ZOOM-MEETING-URL": ("conference", "url"),
    "LOCATION": ("location", "text"),
    "URL": ("url", "url"),
    "X-ALT-DESC": ("html", "html"),
    "DESCRIPTION": ("description", "text"),
    "CONTACT": ("contact", "text"),
    "COMMENT": ("comment", "text"),
    "SUMMARY": ("title", "text"),
}
_UNESCAPE = re.compile(r"\\([nN,;\\:\"])")


def _icalendar(text: str) -> FileTexts:
    """The first event of the calendar. Read leniently: a file that was cut short still has its description."""
    texts: list[SourceText] = []
    cancelled = False
    depth: list[str] = []
    for name, params, value in _properties(_FOLD.sub("", text.replace("\r\n", "\n"))):
        if name == "BEGIN":
            depth.append(value.strip().upper())
        elif name == "END":
            if value.strip().upper() == "VEVENT":
                break
            del depth[-1:]
        elif (name == "METHOD" and value.strip().upper() == "CANCEL") or (
            name == "STATUS" and value.strip().upper() == "CANCELLED" and depth[-1:] == ["VEVENT"]
        ):
            cancelled = True
        elif name in _PLACES and depth[-1:] in (["VEVENT"], []):
            texts.append(_property_text(name, params, value))
    return FileTexts("icalendar", tuple(texts), cancelled)


def _properties(unfolded: str) -> Iterator[tuple[str, str, str]]:
    for line in unfolded.split("\n"):
        match = _LINE.match(line)
        if match:
            yield match["name"].upper(), _quoted_params(line, match)[0], _quoted_params(line, match)[1]


def _quoted_params(line: str, match: re.Match[str]) -> tuple[str, str]:
    """A colon inside a quoted parameter does not end the parameters."""
    params, value = match["params"], match["value"]
    if params.count('"') % 2:
        head, colon, tail = value.partition('":')
        if colon:
            return f'{params}:{head}"', tail
    return params, value


def _property_text(name: str, params: str, value: str) -> SourceText:
    where, kind = _PLACES[name]
    value = _UNESCAPE.sub(lambda m: "\n" if m[1] in "nN" else m[1], value)
    if "FMTTYPE=TEXT/HTML" in params.upper():
        kind = "html"
    if kind == "url" and "://" not in value:
        kind = "text"
    return SourceText(where, kind, value)


# ------------------------------------------------------------------------------------------------ JSON


def _json(text: str) -> FileTexts | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    for wrapper in ("value", "items"):  # a listing: its first event
        inner = value.get(wrapper) if isinstance(value, dict) else None
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            value = inner[0]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = value[0]
    if not isinstance(value, dict):
        return FileTexts("json", _all_strings(value))
    if "conferenceData" in value or "hangoutLink" in value or str(value.get("kind", "")).startswith("calendar#"):
        return _google(value)
    if isinstance(value.get("body"), dict) or "onlineMeeting" in value or "isOnlineMeeting" in value:
        return _graph(value)
    return FileTexts("json", _all_strings(value)) if "description" not in value else _google(value)


def _graph(event: Mapping[str, object]) -> FileTexts:
    texts: list[SourceText] = []
    meeting = _mapping(event.get("onlineMeeting"))
    _add(texts, "conference", "url", meeting.get("joinUrl"))
    _add(texts, "conference", "url", event.get("onlineMeetingUrl"))
    _add(texts, "conference", "text", meeting.get("videoTeleconferenceId"))
    places = event.get("locations")
    for place in (event.get("location"), *(places if isinstance(places, list) else ())):
        _add(texts, "location", "text", _mapping(place).get("displayName"))
        _add(texts, "location", "text", _mapping(place).get("locationUri"))
    body = _mapping(event.get("body"))
    html = str(body.get("contentType", "")).lower() == "html"
    _add(texts, "html" if html else "body", "html" if html else "text", body.get("content"))
    if not body.get("content"):
        _add(texts, "preview", "text", event.get("bodyPreview"))
    _add(texts, "title", "text", event.get("subject"))
    return FileTexts("graph", tuple(texts), event.get("isCancelled") is True)


def _google(event: Mapping[str, object]) -> FileTexts:
    texts: list[SourceText] = []
    conference = _mapping(event.get("conferenceData"))
    entries = conference.get("entryPoints")
    lines = [_entry_lines(_mapping(entry)) for entry in (entries if isinstance(entries, list) else ())]
    _add(texts, "conference", "text", "\n\n".join(line for line in lines if line))
    _add(texts, "conference", "text", conference.get("notes"))
    _add(texts, "conference", "url", event.get("hangoutLink"))
    _add(texts, "location", "text", event.get("location"))
    _add(texts, "description", "text", event.get("description"))
    _add(texts, "title", "text", event.get("summary"))
    return FileTexts("google", tuple(texts), event.get("status") == "cancelled")


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


def _add(texts: list[SourceText], where: str, kind: Literal["text", "html", "url"], content: object) -> None:
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


def _is_mail(data: bytes) -> bool:
    head = re.split(rb"\r?\n\r?\n", data[:20000].lstrip(), maxsplit=1)[0]
    return re.match(rb"(?:From |[A-Za-z\-]{2,60}:)", head) is not None and _MAIL_HEADER.search(head) is not None


def _mail(data: bytes) -> FileTexts:
    try:
        message = message_from_bytes(data.lstrip())
        parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return _from_text(_decoded(data))
    texts: list[SourceText] = []
    cancelled = False
    for part in sorted(parts, key=lambda part: part.get_content_subtype() != "calendar"):
        read = _part(part)
        texts += read.texts
        cancelled = cancelled or read.cancelled
    subject = str(message.get("Subject", ""))
    if re.match(r"\s*(?:cancel+ed(?: event)?|cancel+ed):", subject, re.IGNORECASE):
        cancelled = True
    return FileTexts("mail", tuple(texts), cancelled)


def _part(part: Message) -> FileTexts:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return FileTexts("text", ())
    text = _decoded(payload, str(part.get_param("charset") or ""))
    subtype = part.get_content_subtype()
    if subtype == "html":
        return FileTexts("html", (SourceText("html", "html", text),))
    return _from_text(text)
