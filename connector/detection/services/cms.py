"""Cisco Meeting Server's web links, on any host: the room's address is only what the invitation prints."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice

from connector.detection.evidence import dial_evidence, won
from connector.detection.parsed_text import Address, Link, ParsedText
from connector.detection.sections import Section, sections
from connector.detection.service import Found, Service, unique
from connector.detection.stated import imitates_a_bridge, is_called_a_persons

_ID = re.compile(r"[A-Za-z0-9._\-]{2,60}")


def _call_id(link: Link) -> str | None:
    url = link.url
    if link.service is not None:
        return None
    path = url.path.lower()
    number: str | None = None
    if path.endswith("/invited.sf") or (path.endswith("/index.html") and url.param("secret")):
        number = url.param("id")
    elif url.param("secret") and len(url.segments) >= 2 and url.segments[-2].lower() == "meeting":
        number = url.segments[-1]
    return number if number and _ID.fullmatch(number) else None


def _find(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    hits = [(parsed, link, number) for parsed in parsed_texts for link in parsed.links if (number := _call_id(link))]
    if not hits:
        return []
    parsed, link, number = min(hits, key=lambda hit: hit[0].order(hit[1].at))
    found = Found(
        service="cms",
        where=parsed.where,
        order=parsed.order(link.at),
        rule="cms.link",
        meeting_id=number,
        join_url=link.url.text,
        evidence=(won("meeting_id", parsed.where, "cms.link", "the call id stands in the link", number),),
    )
    printed = _stated(parsed_texts, parsed, link, number)
    if not printed:
        return [replace(found, reason="the link does not tell the call bridge's SIP domain, and no address is printed")]
    found = replace(found, sip=unique(printed))
    return [dial_evidence(found, parsed.where, "cms.sip.stated", "the invitation states the address")]


_CALL_LABEL = re.compile(
    r"(?<![a-z])(?:dial|video call to|video address|video system|sip(?: uri| address)?)[ \t]{0,3}:?[ \t*]{0,4}$"
)


def _stated(parsed_texts: tuple[ParsedText, ...], parsed: ParsedText, link: Link, number: str) -> list[str]:
    """The call id's own addresses; else the first one in the meeting's section that is said to be called."""
    ids = [f"{a.user}@{a.host}" for p in parsed_texts for a in p.addresses if a.user == number and a.scheme != "mailto"]
    if ids:
        return ids
    own = sections(parsed_texts, parsed, link, lambda other: _call_id(other) == number)
    called = (f"{a.user}@{a.host}" for section in own for a in section.parsed.addresses if _is_called(section, a))
    return list(islice(called, 1))


def _is_called(section: Section, address: Address) -> bool:
    if not section.holds(address.at) or address.host.startswith("thread."):
        return False
    if is_called_a_persons(section.parsed, address) or imitates_a_bridge(address.host):
        return False
    if address.scheme in ("sip", "sips"):
        return True
    return (
        not address.scheme and _CALL_LABEL.search(section.parsed.low[max(0, address.at - 30) : address.at]) is not None
    )


def _key(_: ParsedText, link: Link) -> tuple[str, str] | None:
    number = _call_id(link)
    return ("call", f"{number}@{link.url.host}") if number else None


service = Service("cms", _find, key=_key, server=r"/invited\.sf")
