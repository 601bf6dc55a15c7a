"""GoTo Meeting: nine-digit ids, dialled at the gateway that the invitation prints; named rooms hold no number.

Most invitations print no gateway, and such meetings cannot be dialled: no address is made up for them. Who knows that
their account has room connectors writes a rule with ``{meeting_id}@67.217.95.2``, see docs/how-to/admin-rules.md.
"""

from __future__ import annotations

import re
from dataclasses import replace

from connector.detection.evidence import dial_evidence, note, won
from connector.detection.parsed_text import Link, ParsedText
from connector.detection.sections import Section, labelled_number, links_of, own_section
from connector.detection.service import Found, Service, unique
from connector.detection.urls import Url, host_under

DOMAINS = ("gotomeeting.com", "gotomeet.me", "gotomeet.com", "meet.goto.com", "app.goto.com")
_ID = re.compile(r"^/+(?:(?:[a-z]{2}(?:-[a-z]{2})?/+)?(?:join|meeting/join|meeting)/+)?(\d{9})(?:/|$)", re.IGNORECASE)
_NAMED = re.compile(
    r"^/+(?:meet/+|meeting/+|room/+)?([A-Za-z][A-Za-z0-9._\-]{1,60})(?:/+[A-Za-z][A-Za-z0-9._\-]{0,60})?/*$"
)
_PAGES = frozenset(["join", "meeting", "install", "support", "numbers", "features", "pricing", "login", "try"])
_LABELS = (
    "access code",
    "zugangscode",
    "zugriffscode",
    "code d'accès",
    "código de acceso",
    "codice accesso",
    "meeting id",
)
_NUMBER = re.compile(r"\d{3}[ \-]?\d{3}[ \-]?\d{3}(?![ \-]?\d)")
_NETWORKS = ("67.217.", "68.64.", "78.108.", "216.115.", "202.173.")  # LogMeIn's, now GoTo's
_NAMES = ("inroomlink.goto.com",)


def _find(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    for parsed, link in links_of(parsed_texts, "gotomeeting"):
        match = _ID.match(link.url.path)
        named = match is None and _is_room_name(link.url)
        if match is None and not named:
            continue
        number = match[1] if match else labelled_number(_section(parsed, link), _LABELS, _NUMBER, at=link.at)
        return [_meeting(parsed_texts, parsed, link, number)]
    return []


def _section(parsed: ParsedText, link: Link) -> Section:
    return own_section(parsed, link.at, lambda other: other.service == "gotomeeting")


def _is_room_name(url: Url) -> bool:
    if not host_under(url.host, "gotomeet.me", "gotomeet.com", "meet.goto.com"):
        return False
    match = _NAMED.match(url.path)
    return match is not None and match[1].lower() not in _PAGES


def _meeting(parsed_texts: tuple[ParsedText, ...], parsed: ParsedText, link: Link, number: str | None) -> Found:
    lines = [won("join_url", parsed.where, "gotomeeting.link", "the meeting's link", link.url.shown)]
    lines += [note("join_url", parsed.where, f"unwrap.{name}", "a rewritten link was undone") for name in link.wrappers]
    found = Found(
        service="gotomeeting",
        where=parsed.where,
        order=parsed.order(link.at),
        rule="gotomeeting.link",
        meeting_id=number,
        join_url=link.url.text,
        evidence=tuple(lines),
    )
    if number is None:
        return replace(found, reason="a named GoTo room holds no number, so there is nothing to dial")
    stated = [
        f"{a.user}@{a.host}" for p in parsed_texts for a in p.addresses if a.user == number and a.host[0].isdigit()
    ]
    printed = [
        ip
        for p in parsed_texts
        for ip, at in p.gateways
        if p.text[at + len(ip) : at + len(ip) + 2 + len(number)] == f"##{number}"
    ]
    gateways = [*printed, *_gateways(parsed_texts)]
    sip = unique(stated) or unique([f"{number}@{gateway}" for gateway in gateways])[:1]
    if not sip:
        return replace(found, reason="the invitation prints no gateway for room systems, and none is made up")
    found = replace(found, sip=sip, h323=unique([f"{ip}##{number}" for ip in printed]))
    return dial_evidence(found, parsed.where, "gotomeeting.sip.stated", "the invitation states the gateway")


def _gateways(parsed_texts: tuple[ParsedText, ...]) -> list[str]:
    """GoTo's own, where it is printed: by number, or by name."""
    numbers = [ip for parsed in parsed_texts for ip, _ in parsed.gateways if ip.startswith(_NETWORKS)]
    names = [name for parsed in parsed_texts for name in _NAMES if name in parsed.low]
    return numbers or names


def _key(_: ParsedText, link: Link) -> tuple[str, str] | None:
    match = _ID.match(link.url.path)
    return ("id", match[1]) if match else ("named", link.url.path.lower()) if _is_room_name(link.url) else None


service = Service("gotomeeting", _find, DOMAINS, key=_key)
