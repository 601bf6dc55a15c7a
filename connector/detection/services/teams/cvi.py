"""Cloud Video Interop: the block that lets a room dial into a Teams meeting.

The block prints a tenant key address and a conference id; the vendor behind the domain decides how the two
become one address (the vendors' own alternate instruction links carry the parts by name). Dialling the tenant key
alone reaches a voice menu, so it is only used where nothing better is printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from connector.detection.dial_words import VIDEO
from connector.detection.evidence import dial_evidence
from connector.detection.labels import only_digits
from connector.detection.parsed_text import Address, ParsedText
from connector.detection.sections import Section
from connector.detection.service import Found
from connector.detection.urls import Url, host_under
from connector.detection.words import MEETING_ID_LABELS, PASSCODE_LABELS


@dataclass(frozen=True, slots=True)
class Cvi:
    rule: str
    sip: str = field(repr=False)
    h323: str | None = field(default=None, repr=False)
    reason: str = ""


def with_dial(found: Found, own: list[Section]) -> Found:
    cvi = _instruction_link(own) or next(filter(None, map(_printed_block, own)), None)
    if cvi is None:
        return replace(found, reason="the Teams invitation has no block for video conferencing devices")
    return dialled(found, cvi)


def dialled(found: Found, cvi: Cvi) -> Found:
    h323 = (cvi.h323,) if cvi.h323 else ()
    return dial_evidence(replace(found, sip=(cvi.sip,), h323=h323), found.where, cvi.rule, cvi.reason)


_PLAIN = re.compile(r"[A-Za-z0-9._+\-]{1,80}")
_HOST = re.compile(r"(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z0-9\-]{1,63}")
_NUMBER = re.compile(r"\d{3,15}")
_PEXIP_NUMBER = re.compile(r"(?:[A-Za-z0-9]{1,20}\.)?\d{3,15}")  # a key may stand before the conference id


def _instruction_link(own: list[Section]) -> Cvi | None:
    for section in own:
        for link in section.parsed.links:
            cvi = from_instruction(link.url) if section.holds(link.at) else None
            if cvi is not None:
                return cvi
    return None


def from_instruction(url: Url) -> Cvi | None:
    segments = url.segments
    if not segments or segments[0].lower() not in ("teams", "msteams"):
        return None
    if host_under(url.host, "webex.com"):
        conference, key, domain = url.param("confid"), url.param("tenantkey"), url.param("domain") or "m.webex.com"
        ok = _all(_NUMBER, conference) and _all(_PLAIN, key) and _all(_HOST, domain)
        return Cvi("teams.cvi.webex", f"{conference}.{key}@{domain}", reason=_BY_LINK) if ok else None
    if (
        host_under(url.host, "pexip.me")
        and len(segments) >= 3
        and _all(_HOST, segments[1])
        and _all(_NUMBER, segments[2])
    ):
        return Cvi("teams.cvi.pexip", f"{segments[2]}@{segments[1]}", reason=_BY_LINK)
    if host_under(url.host, "bluejeans.com", "bjn.vc") and len(segments) >= 3:
        key, conference = segments[1], segments[2]
        ok = _all(_PLAIN, key) and _all(_NUMBER, conference)
        return Cvi("teams.cvi.bluejeans", f"{key}.{conference}@teams.bjn.vc", reason=_BY_LINK) if ok else None
    return _poly_or_pexip(url)


def _poly_or_pexip(url: Url) -> Cvi | None:
    conference = url.param("conf")
    if conference is None or not _all(_PEXIP_NUMBER, conference):
        return None
    key = url.param("key")
    if host_under(url.host, "plcm.vc") and _all(_NUMBER, conference) and key is not None and _all(_PLAIN, key):
        return Cvi("teams.cvi.poly", f"{key}.{conference}@t.plcm.vc", reason=_BY_LINK)
    domain, ip = url.param("d"), url.param("ip")
    prefix = url.param("prefix") or ""
    if prefix and (url.param("ivr") or "").startswith(prefix + "."):
        prefix += "."  # at the link's end it was taken for a sentence's full stop
    if not _all(_HOST, domain) or (prefix and not _all(_PLAIN, prefix)):
        return None
    h323 = f"{conference}@{ip}" if ip and _all(_HOST, ip) else None
    return Cvi("teams.cvi.pexip", f"{prefix}{conference}@{domain}", h323, _BY_LINK)


_BY_LINK = "the parts stand in the link to the vendor's own dialling instructions"


def _all(pattern: re.Pattern[str], text: str | None) -> bool:
    return text is not None and pattern.fullmatch(text) is not None


# Domains whose shape of address is known: tenant key first, or conference id first.
_KEY_FIRST = ("plcm.vc", "teams.bjn.vc")
_CONFERENCE_FIRST = ("m.webex.com",)
_CONFERENCE_ONLY = ("onpexip.com",)
_KNOWN = (*_KEY_FIRST, *_CONFERENCE_FIRST, *_CONFERENCE_ONLY)
DEVICE_WORDS = re.compile(rf"vtc|tenant|visioconf|{VIDEO}")
# A label and its number, on one line, in the cells of a table, or one below the other. Never a part of a longer number,
# nor one that a telephone asks for with a "#".
_CONFERENCE_ID = re.compile(
    r"(?P<label>[^\d\n:|\t@]{2,60}?)[ *_`]{0,6}(?P<mark>[:|\t])?[ \t|*_`>]{0,12}(?P<below>(?:\n[ \t|>*_`]{0,12}){0,3})"
    r"(?P<id>\d(?:[ \t\-]{0,2}\d){7,11}+)(?![ \t]{0,3}[\d#]|@|\.\w)"
)
_ADDRESS = re.compile(r"[\w.+\-]{1,64}@[\w.\-]{1,80}")
_PHONE_WORDS = re.compile(r"phone|\btel|\bfax|mobil|téléph|電話|电话|전화|телеф")
_BELOW = 240  # characters from the tenant key to the conference id
_ABOVE = 120
_ADDRESSES = 40  # that are asked whether they are a key


def _printed_block(section: Section) -> Cvi | None:
    """The first key with its conference id; a key alone only where no other has one."""
    parsed = section.parsed
    menu: Cvi | None = None
    for address in islice((a for a in parsed.addresses if section.holds(a.at)), _ADDRESSES):
        if _is_thread(address):
            continue
        known = host_under(address.host, *_KNOWN)
        around = parsed.low[max(0, address.at - _ABOVE) : address.at + _BELOW]
        if not known and (address.scheme == "mailto" or not DEVICE_WORDS.search(around)):
            continue
        conference = _conference_id(section, address, known)
        if conference is not None:
            return _combined(address, conference)
        if known and menu is None:
            menu = _combined(address, None)
    return menu


def known_block(section: Section) -> Cvi | None:
    """A printed key with its conference id at a vendor's domain whose form is known."""
    cvi = _instruction_link([section]) or _printed_block(section)
    return cvi if cvi is not None and cvi.rule != "teams.cvi.menu" else None


def _is_thread(address: Address) -> bool:
    """The ``thread.v2`` parts of Teams links hold an @ and are no address."""
    return address.host.startswith("thread.") or "meeting_" in address.user


def _conference_id(section: Section, address: Address, known: bool) -> str | None:
    """The labelled number below the address, else the one just above it; behind another address it is that one's.

    Only a label that speaks of video is believed everywhere: a mail address above a phone number must not become a
    dial string. Below a known key, a label in a language that is not in the table will do, with its number on its line.
    """
    text = section.parsed.text
    own = f"{address.user}@{address.host}".lower()
    start, end = max(section.start, address.at - _ABOVE), min(section.end, address.at + _BELOW)
    for other in _ADDRESS.finditer(text, start, end):
        if other[0].lower().rstrip(".") == own:
            continue
        if other.end() <= address.at:
            start = other.end()
        elif other.start() > address.at:
            end = other.start()
            break
    vendors = host_under(address.host, *_KNOWN)
    for match in _CONFERENCE_ID.finditer(text, address.at, end):
        if (vendors or _is_right_below(text, address, match)) and _labels_a_conference(match, known):
            return only_digits(match["id"])
    if not vendors:
        return None  # below a number stands anybody's mail address
    above = _CONFERENCE_ID.finditer(text, start, address.at)
    numbers = [only_digits(match["id"]) for match in above if _labels_a_conference(match, known=False)]
    return numbers[-1] if numbers else None


_NO_KEY = re.compile(r"organi[sz]|veranstalter|host|contact|kontakt|mail|question|fragen|help|support|from|von|owner")


def _is_right_below(text: str, address: Address, match: re.Match[str]) -> bool:
    """Nothing else stands between an address and the labelled number, and it is not called a person's."""
    line = text[max(text.rfind("\n", 0, address.at) + 1, address.at - _ABOVE) : address.at]
    between = text[address.at + len(f"{address.user}@{address.host}") : match.start()]
    return not between.strip(" \t\n|*_<>") and _NO_KEY.search(line.lower()) is None


def _labels_a_conference(match: re.Match[str], known: bool) -> bool:
    label = match["label"].lower().rstrip(" *_`")
    if _PHONE_WORDS.search(label) or any(word in label for word in PASSCODE_LABELS):
        return False
    if DEVICE_WORDS.search(label):
        return match["mark"] is not None or label.endswith("id")
    if not known or match["mark"] != ":" or match["below"]:
        return False
    return not any(word in label for word in MEETING_ID_LABELS)


def _combined(address: Address, conference: str | None) -> Cvi:
    key, domain = address.user, address.host
    if conference and host_under(domain, *_KEY_FIRST):
        return Cvi("teams.cvi.printed", f"{key}.{conference}@{domain}", reason="printed tenant key and conference id")
    if conference and host_under(domain, *_CONFERENCE_FIRST):
        return Cvi("teams.cvi.printed", f"{conference}.{key}@{domain}", reason="printed conference id and tenant key")
    if conference and host_under(domain, *_CONFERENCE_ONLY):
        return Cvi("teams.cvi.printed", f"{conference}@{domain}", reason="printed conference id, and the key's domain")
    reason = "the vendor's form of address is not known: this reaches its menu, which asks for the conference id"
    return Cvi("teams.cvi.menu", f"{key}@{domain}", reason=reason)


def printed_blocks(parsed: ParsedText) -> Iterator[tuple[int, Cvi | None]]:
    """Instruction links, and printed keys with their conference id. None: at a domain whose form is not known."""
    for link in parsed.links:
        cvi = from_instruction(link.url)
        if cvi is not None:
            yield link.at, cvi
    named = "microsoft teams" in parsed.low
    for address in parsed.addresses[:_ADDRESSES]:
        known = host_under(address.host, *_KNOWN)
        if not known and (address.scheme == "mailto" or not named):
            continue
        conference = _conference_id(Section(parsed, 0, len(parsed.text) + 1), address, known=False)
        if conference is not None and not _is_thread(address):
            yield address.at, _combined(address, conference) if known else None
