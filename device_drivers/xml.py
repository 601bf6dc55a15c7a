"""XML from and to units: hardened parsing, and text that cannot break a document.

Units are not trusted: no entities are expanded, no DTD or network is read, and the size is limited. What units send is
not always XML: control characters in names of attached screens are stripped first (seen on Cisco units).
"""

from __future__ import annotations

import re

from lxml import etree

from device_drivers import foreign

PARSE_LIMIT = 1024 * 1024  # bytes
MARKUP_LIMIT = 100_000  # opening brackets: a megabyte of empty elements would cost fifty in memory

# Everything outside the Char production of XML 1.0, lone surrogates included.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ILLEGAL_BYTES = bytes(n for n in range(32) if n not in b"\t\n\r")
_DECLARATION = re.compile(r"^\s*<\?xml\s[^>]{0,200}\?>")
_ENCODING = re.compile(rb"<\?xml\s[^>]{0,150}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_ILLEGAL_REFERENCE = re.compile(rb"&#(?:x0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));")


class MalformedXml(ValueError):
    """The message says where, and quotes nothing of the document."""


def parse(document: bytes | str, *, limit: int = PARSE_LIMIT) -> etree._Element:
    """The root element, or MalformedXml. Comments and processing instructions are dropped."""
    if len(document) > limit:
        raise MalformedXml(f"more than {limit} bytes")
    text = document if isinstance(document, str) else _text_of(document)
    # What is illegal goes first: it could stand within a word that is looked for below.
    data = _DECLARATION.sub("", text, count=1).encode("utf-8", "replace").translate(None, _ILLEGAL_BYTES)
    if data.count(b"<") > MARKUP_LIMIT:
        raise MalformedXml(f"more than {MARKUP_LIMIT} elements")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise MalformedXml("a document type declaration is not accepted")
    data = _ILLEGAL_REFERENCE.sub(b"", data).lstrip()
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise MalformedXml(f"not well formed at line {line}, column {column}") from None
    except ValueError as error:  # an encoding that contradicts the text
        raise MalformedXml("unusable encoding") from error


def _text_of(document: bytes) -> str:
    """By its mark, else by its declaration, in one of the plain charsets: libxml2 knows others, EBCDIC among them, in
    which what is looked for above would look different."""
    named = _ENCODING.search(document[:200])
    try:
        return foreign.decoded_as(document, named[1].decode("ascii") if named else "")
    except LookupError:
        raise MalformedXml("unusable encoding") from None


def clean(text: str) -> str:
    """One line of text that any XML 1.0 parser accepts: illegal characters go, white space runs become one space."""
    return " ".join(_ILLEGAL.sub("", text.replace("\x0b", " ").replace("\x0c", " ")).split())


def escape(text: str) -> str:
    """For element content and double-quoted attributes. Call ``clean`` first on what people typed."""
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&apos;")
    )


def text_of(element: etree._Element | None, path: str = ".") -> str:
    """The stripped text at ``path`` below ``element``; "" when either is missing."""
    found = element.find(path) if element is not None else None
    return (found.text or "").strip() if found is not None else ""


def build(tag: str, *content: str | etree._Element, **attributes: str) -> etree._Element:
    """An element with text or children: ``build("Call", build("CallId", "3"), status="OK")``."""
    element = etree.Element(tag, attributes)
    for part in content:
        if isinstance(part, str):
            element.text = (element.text or "") + part
        else:
            element.append(part)
    return element
