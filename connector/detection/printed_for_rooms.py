"""What an invitation prints for room systems counts, also where nobody knows how its service is dialled."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from connector.detection.evidence import dial_evidence
from connector.detection.labels import number_after, occurrences, only_digits
from connector.detection.parsed_text import Link, ParsedText
from connector.detection.sections import Section, sections
from connector.detection.service import Found, unique
from connector.detection.services import key_of
from connector.detection.services.teams.cvi import known_block
from connector.detection.signature import is_a_persons, text_of
from connector.detection.stated import is_stated_for_rooms

_H323_BEFORE = re.compile(r"h\.?323[^\n\ufffc]{0,60}$")
_GATEWAY = re.compile(
    r"video[ \-]?gateway[^\n:]{0,20}:[ \t]{0,4}(?P<host>(?:[a-z0-9\-]{1,63}\.){1,6}[a-z0-9\-]{2,63})(?![\w@.\-])"
)
_CONFERENCE = ("conference id", "konferenz-id", "id de conférence", "id de conferencia", "id conferenza", "vtc id")
_NUMBER = re.compile(r"\d{4,12}(?!\d)")


def with_printed_address(found: Found, texts: tuple[ParsedText, ...]) -> Found:
    """``found`` with the address that its part of the text states for room systems, where it has none yet."""
    if not found.joinable or found.dialable or found.address_only or found.service == "zoom":  # Zoom reads its own
        return found
    parsed = text_of(found, texts)
    link = next((link for link in parsed.links if link.at == found.order[2]), None) if parsed is not None else None
    if parsed is None or link is None:
        return found
    own = sections(texts, parsed, link, _mine(parsed, link))
    known = next(filter(None, map(known_block, own)), None) if found.service == "skype" else None
    printed = [known.sip] if known is not None else _stated(found, own) or _at_a_gateway(own)
    if not printed:
        return found
    h323 = _h323(found, own) if any(address.partition("@")[0] == found.meeting_id for address in printed) else []
    found = replace(found, sip=unique(printed[:2]), h323=unique(h323), reason="")
    return dial_evidence(
        found, parsed.where, f"{found.service}.sip.stated", "the invitation states it for room systems"
    )


def _mine(parsed: ParsedText, own: Link) -> Callable[[Link], bool]:
    key = key_of(parsed, own)
    return lambda other: key_of(parsed, other) in (None, key)


def _stated(found: Found, own: list[Section]) -> list[str]:
    """The addresses with the meeting's own id; else the first."""
    headings = found.service != "teams"  # its heading stands above a key, which needs the conference id
    hits = [
        address
        for section in own
        for address in section.parsed.addresses
        if section.holds(address.at)
        and is_stated_for_rooms(section.parsed, address, headings=headings)
        and not is_a_persons(section.parsed, address.at)
    ]
    named = [address for address in hits if address.user.partition(".")[0] == found.meeting_id]
    return [f"{address.user}@{address.host}" for address in named or hits[:1]]


def _at_a_gateway(own: list[Section]) -> list[str]:
    """ "Video gateway: vc.example.net", "Conference ID: 12345"."""
    for section in own:
        low = section.parsed.low
        gateway = _GATEWAY.search(low, section.start, min(section.end, len(low)))
        places = [at + len(label) for label in _CONFERENCE for at in occurrences(low, label) if section.holds(at)]
        number = next(filter(None, (number_after(low, end, _NUMBER) for end in sorted(places))), None)
        if gateway is not None and number is not None:
            return [f"{only_digits(number[0])}@{gateway['host']}"]
    return []


def _h323(found: Found, own: list[Section]) -> list[str]:
    return [
        f"{ip}##{found.meeting_id}"
        for section in own
        for ip, at in section.parsed.gateways
        if section.holds(at) and _H323_BEFORE.search(section.parsed.low, max(0, at - 80), at)
    ]
