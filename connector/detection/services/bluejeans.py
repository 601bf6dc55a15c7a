"""BlueJeans: ``id[.code]@bjn.vc``; the service has closed, but its invitations live on in series."""

from __future__ import annotations

import re

from connector.detection.evidence import dial_evidence, lost, note, won
from connector.detection.labels import Code
from connector.detection.parsed_text import Link, ParsedText
from connector.detection.sections import code_by, links_of, own_section
from connector.detection.service import Found, Service, unique
from connector.detection.urls import Url

DOMAINS = ("bluejeans.com",)
_ROOM = re.compile(r"^/+(\d{6,15})(?:/+(\d{3,10}))?(?:/|$)")
_NAMED = re.compile(r"^/+([A-Za-z][A-Za-z0-9._\-]{2,60})/*$")
_PAGES = frozenset(
    [
        "numbers",
        "premium-numbers",
        "blog",
        "support",
        "downloads",
        "pricing",
        "login",
        "products",
        "features",
        "about",
        "s",
    ]
)
_GATEWAY = "199.48.152.152"


def _find(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    rooms: list[tuple[ParsedText, Link, re.Match[str]]] = []
    for parsed, link in links_of(parsed_texts, "bluejeans"):
        match = _ROOM.match(link.url.path)
        if match:
            rooms.append((parsed, link, match))
    if not rooms:
        return _named(parsed_texts)
    parsed, link, match = rooms[0]
    number, in_path = match[1], match[2]
    code = code_by(own_section(parsed, link.at, lambda other: _is_same(other, number), number, telephone=True), link.at)
    code = None if code is not None and code.numeric == number else code
    numeric = in_path or (code.numeric if code else None)
    user, tail = (f"{number}.{numeric}", f"#{numeric}") if numeric else (number, "")
    gateways = [ip for p in parsed_texts for ip, _ in p.gateways if ip == _GATEWAY]
    lines = [won("meeting_id", parsed.where, "bluejeans.link", "the id stands in the link", number)]
    lines += [note("join_url", parsed.where, f"unwrap.{name}", "a rewritten link was undone") for name in link.wrappers]
    others = dict.fromkeys(m[1] for _, _, m in rooms if m[1] != number)
    lines += [
        lost("meeting_id", parsed.where, "bluejeans.link", "another meeting stands lower", other)
        for other in list(others)[:5]
    ]
    found = Found(
        service="bluejeans",
        where=parsed.where,
        order=parsed.order(link.at),
        rule="bluejeans.link",
        meeting_id=number,
        passcode=numeric,
        passcode_text=_text(code, in_path),
        join_url=link.url.text,
        sip=(f"{user}@bjn.vc",),
        h323=unique([f"{ip}##{number}{tail}" for ip in gateways]),
        evidence=tuple(lines),
    )
    return [dial_evidence(found, parsed.where, "bluejeans.sip.derived", "meeting id at the service's domain")]


def _is_same(link: Link, number: str) -> bool:
    match = _ROOM.match(link.url.path)
    return link.service == "bluejeans" and (match is None or match[1] == number)


def _text(code: Code | None, in_path: str | None) -> str | None:
    return code.value if code else in_path


def _named(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    """A personal name instead of a number: live, nothing to dial."""
    for parsed, link in links_of(parsed_texts, "bluejeans"):
        if _is_named(link.url):
            reason = "a personal BlueJeans link holds no number, so there is nothing to dial"
            order = parsed.order(link.at)
            return [Found("bluejeans", parsed.where, order, "bluejeans.named", reason=reason, join_url=link.url.text)]
    return []


def _is_named(url: Url) -> bool:
    match = _NAMED.match(url.path)
    return match is not None and match[1].lower() not in _PAGES


def _key(_: ParsedText, link: Link) -> tuple[str, str] | None:
    match = _ROOM.match(link.url.path)
    return ("room", match[1]) if match else ("named", link.url.path.lower()) if _is_named(link.url) else None


service = Service("bluejeans", _find, DOMAINS, key=_key)
