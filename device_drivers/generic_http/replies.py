"""Reads values out of replies: JSON by pointer (RFC 6901), XML by XPath, text by regular expression. Pure."""

from __future__ import annotations

from itertools import islice
from typing import Any, Protocol

from lxml import etree

from device_drivers import foreign
from device_drivers.generic_http.description import Match, ReplyType
from device_drivers.generic_http.patterns import pattern
from device_drivers.xml import MalformedXml, parse

MOST_TEXT = 10_000  # characters of one value; no word of a unit is as long
MOST_ITEMS = 1000  # of a list; no unit has so many calls or bookings


class NotReadable(ValueError):
    """The reply is not what its type says, or a value does not stand where it should. A sentence."""


class Document(Protocol):
    """A reply, or one item of a list in it."""

    def value(self, where: str) -> str | None:
        """The value as text (true and false for JSON booleans); None when there is none."""
        ...

    def items(self, each: str) -> list[Document]: ...


def read(kind: ReplyType, text: str) -> Document:
    """Raises NotReadable."""
    if kind == "json":
        try:
            return _Json(foreign.json_document(text))
        except ValueError as error:
            raise NotReadable("The reply is not JSON.") from error
    if kind == "xml":
        try:
            return _Xml(parse(text))
        except MalformedXml as error:
            raise NotReadable(f"The reply is not XML: {error}.") from None
    return _Text(text)


def matches(match: Match, kind: ReplyType, status: int, text: str) -> bool:
    """Whether everything holds that the match names; an unreadable reply has no values."""
    if match == Match():
        return False
    if match.status and status not in match.status:
        return False
    if match.contains not in text:
        return False
    if not match.where:
        return True
    try:
        value = read(kind, text).value(match.where)
    except NotReadable:
        return False
    return value in match.equals if match.equals else value is not None


class _Json:
    def __init__(self, data: object) -> None:
        self._data = data

    def value(self, where: str) -> str | None:
        found = _pointed(self._data, where)
        if isinstance(found, bool):
            return "true" if found else "false"
        return str(found)[:MOST_TEXT] if isinstance(found, str | int | float) else None

    def items(self, each: str) -> list[Document]:
        found = _pointed(self._data, each)
        if not isinstance(found, list):
            raise NotReadable(f"The reply holds no list at {each or 'its top'!r}.")
        return [_Json(item) for item in _few(found)]


def _pointed(data: object, pointer: str) -> object:
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and key.isdecimal() and int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return data


class _Xml:
    def __init__(self, element: etree._Element) -> None:
        self._element = element

    def value(self, where: str) -> str | None:
        found = _xpath(self._element, where)
        if isinstance(found, list):
            found = found[0] if found else None
        if isinstance(found, bool):
            return "true" if found else "false"
        if isinstance(found, float):
            return f"{found:g}"
        if isinstance(found, etree._Element):
            return _inner_text(found).strip()
        return None if found is None else str(found)[:MOST_TEXT]

    def items(self, each: str) -> list[Document]:
        found = _xpath(self._element, each)
        nodes = found if isinstance(found, list) else []
        return [_Xml(node) for node in _few(nodes) if isinstance(node, etree._Element)]


class _Text:
    def __init__(self, text: str) -> None:
        self._text = text

    def value(self, where: str) -> str | None:
        found = pattern(where).search(self._text)
        return found[1][:MOST_TEXT] if found and found[1] is not None else None

    def items(self, each: str) -> list[Document]:
        found = list(islice(pattern(each).finditer(self._text), MOST_ITEMS + 1))
        return [_Text(one[0]) for one in _few(found)]


def _inner_text(element: etree._Element) -> str:
    """Of the element and all below it; no more than MOST_TEXT, as items may lie in one another."""
    parts, length = [], 0
    for part in element.itertext():
        parts.append(str(part))
        length += len(part)
        if length > MOST_TEXT:
            break
    return "".join(parts)[:MOST_TEXT]


def _few(items: list[Any]) -> list[Any]:
    if len(items) > MOST_ITEMS:
        raise NotReadable(f"The reply lists more than {MOST_ITEMS} items.")
    return items


def _xpath(element: etree._Element, where: str) -> object:
    try:
        return element.xpath(where)
    except etree.XPathError:  # a prefix or a function that only the evaluation finds missing
        raise NotReadable(f"{where!r} cannot be looked for in the reply.") from None
