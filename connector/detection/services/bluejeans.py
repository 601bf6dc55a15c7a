"""BlueJeans: ``id[.code]@bjn.vc``; the service has closed, but its invitations live on in series."""

from __future__ import annotations

import re

from connector.detection.labels import Code
from connector.detection.page import Link, Page
from connector.detection.service import (
    Found,
    Service,
    code_by,
    dial_evidence,
    links_of,
    lost,
    note,
    own_part,
    unique,
    won,
)
from connector.detection.urls import Url, host_under

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


def _find(pages: tuple[Page, ...]) -> list[Found]:
    rooms: list[tuple[Page, Link, re.Match[str]]] = []
    for page, link in links_of(pages, DOMAINS):
        match = _ROOM.match(link.url.path)
        if match:
            rooms.append((page, link, match))
    if not rooms:
        return _named(pages)
    page, link, match = rooms[0]
    number, in_path = match[1], match[2]
    code = code_by(own_part(page, link.at, lambda other: _is_same(other, number), number, telephone=True), link.at)
    code = None if code is not None and code.numeric == number else code
    numeric = in_path or (code.numeric if code else None)
    user, tail = (f"{number}.{numeric}", f"#{numeric}") if numeric else (number, "")
    gateways = [ip for p in pages for ip, _ in p.gateways if ip == _GATEWAY]
    lines = [won("meeting_id", page.where, "bluejeans.link", "the id stands in the link", number)]
    lines += [note("join_url", page.where, f"unwrap.{name}", "a rewritten link was undone") for name in link.wrappers]
    others = dict.fromkeys(m[1] for _, _, m in rooms if m[1] != number)
    lines += [
        lost("meeting_id", page.where, "bluejeans.link", "another meeting stands lower", other)
        for other in list(others)[:5]
    ]
    found = Found(
        service="bluejeans",
        where=page.where,
        order=page.order(link.at),
        rule="bluejeans.link",
        meeting_id=number,
        passcode=numeric,
        passcode_text=_text(code, in_path),
        join_url=link.url.text,
        sip=(f"{user}@bjn.vc",),
        h323=unique([f"{ip}##{number}{tail}" for ip in gateways]),
        evidence=tuple(lines),
    )
    return [dial_evidence(found, page.where, "bluejeans.sip.derived", "meeting id at the service's domain")]


def _is_same(link: Link, number: str) -> bool:
    match = _ROOM.match(link.url.path)
    return host_under(link.url.host, *DOMAINS) and (match is None or match[1] == number)


def _text(code: Code | None, in_path: str | None) -> str | None:
    return code.value if code else in_path


def _named(pages: tuple[Page, ...]) -> list[Found]:
    """A personal name instead of a number: live, nothing to dial."""
    for page, link in links_of(pages, DOMAINS):
        if _is_named(link.url):
            reason = "a personal BlueJeans link holds no number, so there is nothing to dial"
            order = page.order(link.at)
            return [Found("bluejeans", page.where, order, "bluejeans.named", reason=reason, join_url=link.url.text)]
    return []


def _is_named(url: Url) -> bool:
    match = _NAMED.match(url.path)
    return match is not None and match[1].lower() not in _PAGES


service = Service("bluejeans", _find, DOMAINS)
