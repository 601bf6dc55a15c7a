"""Google Meet: named and shown; a room can dial in only through an interop gateway that the invitation prints."""

from __future__ import annotations

import re
from dataclasses import replace

from connector.detection.dial_words import ROOM_SYSTEM
from connector.detection.evidence import dial_evidence, note, won
from connector.detection.parsed_text import Address, Link, ParsedText
from connector.detection.sections import links_of
from connector.detection.service import Found, Service, unique
from connector.detection.signature import is_a_persons
from connector.detection.stated import is_called_a_persons
from connector.detection.urls import Url, host_under

DOMAINS = ("meet.google.com", "tel.meet")
_CODE = re.compile(r"^/+(?:lookup/+)?([a-z]{3}-[a-z]{4}-[a-z]{3})", re.IGNORECASE)
_LOOKUP = re.compile(r"^/+(?:lookup/+)([A-Za-z0-9_\-]{4,60})|^/+([a-z0-9][a-z0-9\-]{5,60})/*$", re.IGNORECASE)
_NOT_ROOMS = frozenset(("linkredirect", "whoops", "landing", "about", "download", "calendar", "settings", "hangouts"))
_INTEROP_ID = re.compile(r"\d{9,15}")
_MAIL_WORD = re.compile(r"(?:mail|write|contact|kontakt|ask|questions?)(?: to| us| at| an)?[ \t]?[:?]?[ \t]?$")
_INTEROP = ("onpexip.com", "pexip.me", "pexip.com")


def _code(url: Url) -> tuple[str | None, str] | None:
    """(meeting code, join link), or None for a page of Meet that is no room."""
    match = _CODE.match(url.path)
    if match:
        cut = url.text.lower().find(match[1].lower()) + len(match[1])
        clean = url.text[:cut] if url.text[cut : cut + 1] not in ("?", "#", "/", "") else url.text
        return match[1].lower(), clean
    lookup = _LOOKUP.match(url.path)
    if lookup and url.segments[0].lower() not in _NOT_ROOMS:
        return (lookup[1] or lookup[2]), url.text
    return None


def _find(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    for parsed, link in links_of(parsed_texts, "meet"):
        room = _code(link.url)
        if room is None:
            continue
        code, join_url = room
        phone_only = link.url.host == "tel.meet"  # its list of phone numbers carries the code too
        lines = [won("meeting_id", parsed.where, "meet.link", "the code in the link", code or "")]
        lines += [
            note("join_url", parsed.where, f"unwrap.{name}", "a rewritten link was undone") for name in link.wrappers
        ]
        found = Found(
            service="meet",
            where=parsed.where,
            order=parsed.order(link.at),
            rule="meet.link",
            meeting_id=code,
            join_url=f"https://meet.google.com/{code}" if phone_only else join_url,
            evidence=tuple(lines),
            added_by_calendars=True,
        )
        if not phone_only or len(links_of(parsed_texts, "meet")) == 1:
            return [_with_dial(found, parsed_texts)]
    return []


def _labelled(parsed: ParsedText, address: Address) -> bool:
    """An interop id at the customer's own domain: digits, and a word for room systems just before. A mail address may
    be digits too, but nobody calls it a video system."""
    if not _INTEROP_ID.fullmatch(address.user):
        return False
    before = parsed.low[max(address.at - 120, 0) : address.at]
    return ROOM_SYSTEM.search(before) is not None and _MAIL_WORD.search(before) is None


def _with_dial(found: Found, parsed_texts: tuple[ParsedText, ...]) -> Found:
    links = (link for parsed in parsed_texts for link in parsed.links if link.opens_meeting)
    alone = all(link.service == "meet" for link in links)  # else it may be the neighbour's
    printed = [
        f"{address.user}@{address.host}"
        for parsed in parsed_texts
        for address in parsed.addresses
        if (
            address.scheme in ("sip", "sips")
            and not is_a_persons(parsed, address.at)
            and not is_called_a_persons(parsed, address)
        )
        or host_under(address.host, *_INTEROP)
        or (alone and _labelled(parsed, address))
    ]
    if not printed:
        return replace(found, reason="Google Meet without an interop gateway has no address that a room can dial")
    return dial_evidence(replace(found, sip=unique(printed)), found.where, "meet.interop", "a printed interop address")


def _key(_: ParsedText, link: Link) -> tuple[str, str] | None:
    room = _code(link.url)
    return ("code", room[0].lower()) if room is not None and room[0] else None


service = Service("meet", _find, DOMAINS, key=_key, added_by_calendars=True)
