"""RingCentral Video: ``id.numericcode@sip.rcv.com``; the ``pw=`` of a link is a hash that no room can dial."""

from __future__ import annotations

import re
from dataclasses import replace

from connector.detection.evidence import dial_evidence, note, won
from connector.detection.parsed_text import Link, ParsedText
from connector.detection.sections import code_by, links_of, own_section
from connector.detection.service import Found, Service
from connector.detection.urls import host_under

DOMAINS = ("v.ringcentral.com", "meetings.ringcentral.com", "video.ringcentral.com")
_ID = re.compile(r"^/+(?:join|j|meetings?|conf/on)/+(\d{9,12})(?:/|$)")
_OLDER = "meetings.ringcentral.com"  # ran on Zoom; how a room dials it is not known from any public invitation
BRIDGE = "sip.rcv.com"


def _find(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    for parsed, link in links_of(parsed_texts, "ringcentral"):
        match = _ID.match(link.url.path)
        if match:
            return [_meeting(parsed_texts, parsed, link, match[1])]
    return []


def _meeting(parsed_texts: tuple[ParsedText, ...], parsed: ParsedText, link: Link, number: str) -> Found:
    section = own_section(parsed, link.at, lambda other: _is_same(other, number), number, telephone=True)
    code = code_by(section, link.at)
    code = None if code is not None and code.numeric == number else code
    digits = code_by(section, link.at, numeric=True)
    lines = [won("meeting_id", parsed.where, "ringcentral.link", "the id stands in the link", number)]
    lines += [note("join_url", parsed.where, f"unwrap.{name}", "a rewritten link was undone") for name in link.wrappers]
    stated = [(a.user, a.host) for p in parsed_texts for a in p.addresses if a.user.partition(".")[0] == number]
    stated = [(user, host) for user, host in stated if host_under(host, "rcv.com", "ringcentral.com", "zoomcrc.com")]
    numeric = digits.numeric if digits and digits.numeric != number else None
    for user, _ in stated:
        numeric = user.partition(".")[2].partition(".")[0] or numeric
    found = Found(
        service="ringcentral",
        where=parsed.where,
        order=parsed.order(link.at),
        rule="ringcentral.link",
        meeting_id=number,
        passcode=numeric,
        passcode_text=code.value if code else numeric,
        join_url=link.url.text,
        evidence=tuple(lines),
    )
    user = f"{number}.{numeric}" if numeric else number
    if stated:
        found = replace(found, sip=(f"{user}@{stated[0][1]}",))
        return dial_evidence(found, parsed.where, "ringcentral.sip.stated", "the invitation states the address")
    if link.url.host == _OLDER:
        return replace(found, reason="the older RingCentral Meetings print their room address, or none is known")
    if numeric is None and (link.url.param("pw") or code is not None):
        return replace(found, reason="the meeting has a password, but no numeric one is printed that a room could dial")
    found = replace(found, sip=(f"{user}@{BRIDGE}",))
    return dial_evidence(found, parsed.where, "ringcentral.sip.derived", "meeting id at the service's bridge")


def _is_same(link: Link, number: str) -> bool:
    match = _ID.match(link.url.path)
    return link.service == "ringcentral" and (match is None or match[1] == number)


def _key(_: ParsedText, link: Link) -> tuple[str, str] | None:
    match = _ID.match(link.url.path)
    return ("id", match[1]) if match else None


service = Service("ringcentral", _find, DOMAINS, key=_key)
