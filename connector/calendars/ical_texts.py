"""What an event says in words: the places where join information may stand, and who is behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import unquote

from icalendar import Event as VEvent
from icalendar.parser import unescape_backslash

from connector.model import SourceText

_HTML = re.compile(r"<(?:html|body|br|p|div|span|a|b|ul|table)\b[^<>]{0,2000}>", re.IGNORECASE)
_URL = re.compile(r"\s*[a-z][a-z0-9+.-]*:[^\s<>\"]+\s*", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_DATA_HTML = re.compile(r"data:text/html[^,]{0,200},", re.IGNORECASE)

# Of the X- properties only those that can carry an address are taken: the name says so, or the value is one.
_X_NAME = re.compile(r"CONFERENCE|MEETING|CONFLINK|EXTERNALLINK|JOIN|HANGOUT|ZOOM|WEBEX|TEAMS")


def one_line(text: object) -> str:
    """For titles and names: no control characters, no line breaks."""
    return " ".join(_CONTROL.sub(" ", str(text)).split())


def values(event: VEvent, name: str) -> list[object]:
    """All values of a property that may stand several times."""
    value = event.get(name)
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def first(event: VEvent, name: str) -> object:
    """Of a property that may stand once, and stands several times in some files; None when absent."""
    return next(iter(values(event, name)), None)


def source_texts(event: VEvent) -> tuple[SourceText, ...]:
    """Every place where join information may stand, in a fixed order, empty ones left out."""
    found = [*_standard(event), *_extensions(event), *_text(event, "SUMMARY", "title")]
    return tuple(dict.fromkeys(text for text in found if text.content.strip()))


def organizer(event: VEvent) -> str:
    """The organiser's name, else the address."""
    for value in values(event, "ORGANIZER"):
        name = one_line(getattr(value, "params", {}).get("CN", "")).strip("\"'")
        return name or _address(value)
    return ""


def organizer_email(event: VEvent) -> str:
    """The organiser's mail address in lower case, "" when there is none."""
    address = next((_address(value) for value in values(event, "ORGANIZER")), "")
    return address.lower() if "@" in address and " " not in address else ""


def answer_of(event: VEvent, owner: frozenset[str]) -> str:
    """The PARTSTAT of the calendar's owner (lower-case addresses), "" when it cannot be told. Where the owner is not
    known, a lone room among the invited is taken for the one whose calendar it is."""
    attendees = values(event, "ATTENDEE")
    if owner:
        own = [value for value in attendees if _address(value).lower() in owner]
    else:
        own = [value for value in attendees if _parameter(value, "CUTYPE") in ("ROOM", "RESOURCE")]
        own = own if len(own) == 1 else []
    return _parameter(own[0], "PARTSTAT") if own else ""


def _parameter(value: object, name: str) -> str:
    return str(getattr(value, "params", {}).get(name, "")).strip().upper()


def _address(value: object) -> str:
    return re.sub(r"(?i)^mailto:", "", one_line(value))


def _standard(event: VEvent) -> Iterator[SourceText]:
    yield from _text(event, "LOCATION", "location")
    for value in values(event, "CONFERENCE"):
        yield _link("conference", str(value))
    for value in values(event, "URL"):
        yield _link("url", str(value))
    for value in values(event, "DESCRIPTION"):
        content = str(value)
        yield SourceText("description", "html" if _HTML.search(content) else "text", content)
    for value in values(event, "X-ALT-DESC"):
        yield SourceText("html", "html", _unescaped(value))


def _text(event: VEvent, name: str, where: str) -> Iterator[SourceText]:
    """The value, and what its ALTREP points to: a link, or (Thunderbird) the whole text as HTML."""
    for value in values(event, name):
        yield SourceText(where, "text", str(value))
    yield from _alternatives(event, name, where)


def _alternatives(event: VEvent, name: str, where: str) -> Iterator[SourceText]:
    for value in values(event, name):
        other = str(getattr(value, "params", {}).get("ALTREP", ""))
        if match := _DATA_HTML.match(other):
            yield SourceText("html", "html", unquote(other[match.end() :]))
        elif other and not other.lower().startswith(("cid:", "data:")):
            yield _link(where, other)


def _extensions(event: VEvent) -> Iterator[SourceText]:
    yield from _alternatives(event, "DESCRIPTION", "description")
    for name in event:
        if not name.startswith("X-") or name == "X-ALT-DESC":
            continue
        for value in values(event, name):
            content = _unescaped(value)
            if _X_NAME.search(name) or "://" in content or content.lower().startswith(("sip:", "h323:")):
                yield _link("location" if "LOCATION" in name else "conference", content)


def _unescaped(value: object) -> str:
    """X- properties come as written, since nobody declares their type; all that we take are texts."""
    return str(unescape_backslash(str(value)))


def _link(where: str, content: str) -> SourceText:
    kind: Literal["url", "text"] = "url" if _URL.fullmatch(content) else "text"
    return SourceText(where, kind, content.strip())
