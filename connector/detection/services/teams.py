"""Microsoft Teams: a room can dial in only where the invitation has a Cloud Video Interop (CVI) block.

The block prints a tenant key address and a conference id; the vendor behind the domain decides how the two
become one address (the vendors' own alternate instruction links carry the parts by name). Dialling the tenant key
alone reaches a voice menu, so it is only used where nothing better is printed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from connector.detection.labels import only_digits
from connector.detection.page import Address, Link, Page
from connector.detection.service import (
    VIDEO,
    Found,
    Part,
    Service,
    code_by,
    dial_evidence,
    labelled_number,
    links_of,
    lost,
    note,
    own_part,
    parts,
    won,
)
from connector.detection.urls import Url, host_under
from connector.detection.words import MEETING_ID_LABELS, PASSCODE_LABELS
from connector.model import Evidence

DOMAINS = (
    "teams.microsoft.com",
    "teams.live.com",
    "teams.cloud.microsoft",
    "teams.microsoft.us",
    "teams.microsoftonline.cn",
)
_JOIN = re.compile(
    r"/meetup-join/|^/+meet/\d|^/+(?:v2|_)/?.{0,40}meetingjoin=true|/dl/launcher/|/light-meetings/launch|/meet/\d", re.I
)
_MEET_NUMBER = re.compile(r"/meet/(\d{8,18})")
_MEETING_ID = re.compile(r"\d{3}(?:[ \-]?\d{3}){2,4}(?:[ \-]?\d{1,3})?(?!\d)")
_LABELS = (
    *(label for label in MEETING_ID_LABELS if "conference" not in label),
    "会議id",
    "id de réunion",
    "id de la réunion",
    "kokouksen tunnus",
    "id схода",
)
# In whatever language: Teams prints its id in threes behind a colon, and the passcode below it.
_IN_THREES = re.compile(
    r"(?m)^(?P<label>[^\d\n+@\ufffc]{2,60}):[ \t*_]{0,6}(?P<id>\d{3}(?: \d{3}){2,4}(?: \d{1,2})?)[ \t*_]{0,6}$"
    r"(?:\n{1,2}[^\d\n@\ufffc]{2,60}:[ \t*_]{0,6}(?P<code>[A-Za-z0-9]{6,10})[ \t*_]{0,6}$)?"
)


def _is_join(url: Url) -> bool:
    return (
        _JOIN.search(url.path) is not None or _JOIN.search("/" + url.fragment) is not None or "meetingjoin" in url.query
    )


def _find(pages: tuple[Page, ...]) -> list[Found]:
    hits = links_of(pages, DOMAINS)
    joins = [(page, link) for page, link in hits if _is_join(link.url)]
    if not joins:
        return _without_link(pages)
    page, link = joins[0]
    paths = _paths(pages, link.url.path)

    def mine(other: Link) -> bool:
        return _is_same(other.url, paths)

    own = parts(pages, page, link, mine)
    number = _MEET_NUMBER.search(link.url.path) or _MEET_NUMBER.search(link.url.fragment)
    meeting_id = number[1] if number else next(filter(None, (_printed_id(part, part.at) for part in own)), None)
    below = parts(pages, page, link, mine, telephone=True)
    code = next(filter(None, (code_by(part, part.at) for part in below)), None)
    text_code = code.value if code else None
    if meeting_id is None or text_code is None:
        block = _block_in_threes(page, max(own[0].start, link.at - 300), min(own[0].end, link.at + 1500), meeting_id)
        if block:
            meeting_id, text_code = only_digits(block["id"]), text_code or _as_printed(page, block)
    found = Found(
        service="teams",
        where=page.where,
        order=page.order(link.at),
        rule="teams.link",
        meeting_id=meeting_id,
        passcode_text=text_code,
        join_url=link.url.text,
        evidence=tuple(_evidence(joins, meeting_id, paths)),
        added_by_calendars=True,
    )
    return [_with_dial(found, own)]


def _block_in_threes(page: Page, start: int, end: int, meeting_id: str | None) -> re.Match[str] | None:
    """The first block of an id and its passcode; ``meeting_id``: its id, where that is known."""
    blocks = _IN_THREES.finditer(page.low, start, end)
    block = next((block for block in blocks if not _DEVICE_WORDS.search(block["label"])), None)
    if block is None or not 11 <= len(only_digits(block["id"])) <= 15:
        return None
    return block if meeting_id in (None, only_digits(block["id"])) else None


def _as_printed(page: Page, block: re.Match[str]) -> str | None:
    return page.text[slice(*block.span("code"))] if block["code"] else None


_REFERENCE = re.compile(r"\|\s{0,4}[^|\d:@]{0,60}$")  # "Need help? | System reference"
_BY_ID = "the number Teams prints for joining by id"
_BLOCK = 1500  # characters from an invitation's first link to its last


def _paths(pages: tuple[Page, ...], own: str) -> set[str]:
    """The paths of all links to this meeting: below a short link, Teams prints a long one as its system reference."""
    found = {own}
    for page in pages:
        joins = [link for link in page.links if host_under(link.url.host, *DOMAINS) and _is_join(link.url)]
        for short, long in pairwise(joins):
            if own in (short.url.path, long.url.path) and _is_reference(page, short, long):
                found |= {short.url.path, long.url.path}
    return found


def _is_reference(page: Page, short: Link, long: Link) -> bool:
    if not _MEET_NUMBER.search(short.url.path) or "/meetup-join/" not in long.url.path:
        return False
    near = long.at - short.at <= _BLOCK and page.quoted(short.at) == page.quoted(long.at)
    return near and _REFERENCE.search(page.text[max(short.at, long.at - 80) : long.at]) is not None


def _printed_id(part: Part, at: int) -> str | None:
    number = labelled_number(part, _LABELS, _MEETING_ID, at=at)
    return number if number and 11 <= len(number) <= 15 else None


def _without_link(pages: tuple[Page, ...]) -> list[Found]:
    """The text of a mail that lost its links, or a link to a vendor's instructions alone."""
    blocks = [(page, at, cvi) for page in pages for at, cvi in _blocks(page)]
    if not blocks:
        return _by_number(pages)
    page, at, cvi = min(blocks, key=lambda block: block[0].order(block[1]))
    part = own_part(page, at, lambda other: _from_instruction(other.url) is not None)
    code = code_by(own_part(page, at, lambda other: _from_instruction(other.url) is not None, telephone=True), at)
    meeting_id = _printed_id(part, at)
    block = _block_in_threes(page, max(part.start, at - _BLOCK), at, meeting_id) if meeting_id else None
    passcode = code.value if code else _as_printed(page, block) if block else None
    lines = [won("meeting_id", page.where, "teams.id", _BY_ID, meeting_id or "")]
    found = Found(
        service="teams",
        where=page.where,
        order=page.order(at),
        rule=cvi.rule if cvi else "teams.block",
        meeting_id=meeting_id,
        passcode_text=passcode if meeting_id else None,
        evidence=tuple(lines) if meeting_id else (),
        added_by_calendars=True,
    )
    if cvi is None:
        return [replace(found, reason="the block's domain is not known, and the text has no link of the Teams meeting")]
    return [_dialled(found, cvi)]


def _by_number(pages: tuple[Page, ...]) -> list[Found]:
    """The mail lost all its links: Teams is named, and prints an id with its passcode. Nothing to dial."""
    for page in pages:
        number = _printed_id(Part(page, 0, len(page.text) + 1), 0) if "microsoft teams" in page.low else None
        place = re.search(r"[ \-]?".join(number), page.text) if number and len(number) >= 12 else None
        code = code_by(own_part(page, place.start(), lambda other: False), place.start()) if place else None
        if place and code:
            return [
                Found(
                    service="teams",
                    where=page.where,
                    order=page.order(place.start()),
                    rule="teams.id",
                    reason="the text has no link of the Teams meeting, and no block for video conferencing devices",
                    meeting_id=number,
                    passcode_text=code.value,
                    evidence=(won("meeting_id", page.where, "teams.id", _BY_ID, number or ""),),
                    added_by_calendars=True,
                )
            ]
    return []


def _blocks(page: Page) -> Iterator[tuple[int, _Cvi | None]]:
    """Instruction links, and printed keys with their conference id. None: at a domain whose form is not known."""
    for link in page.links:
        cvi = _from_instruction(link.url)
        if cvi is not None:
            yield link.at, cvi
    named = "microsoft teams" in page.low
    for address in page.addresses:
        known = host_under(address.host, *_KNOWN)
        if not known and (address.scheme == "mailto" or not named):
            continue
        conference = _conference_id(Part(page, 0, len(page.text) + 1), address, known=False)
        if conference is not None and not _is_thread(address):
            yield address.at, _combined(address, conference) if known else None


def _is_same(url: Url, own: set[str]) -> bool:
    """A page of Teams that is no meeting, another link to the same one, or a vendor's dialling instructions."""
    return _from_instruction(url) is not None or (
        host_under(url.host, *DOMAINS) and (not _is_join(url) or url.path in own)
    )


def _evidence(joins: list[tuple[Page, Link]], meeting_id: str | None, paths: set[str]) -> list[Evidence]:
    page, link = joins[0]
    lines = [won("join_url", page.where, "teams.link", "the meeting's link", link.url.host)]
    lines += [note("join_url", page.where, f"unwrap.{name}", "a rewritten link was undone") for name in link.wrappers]
    if meeting_id:
        lines.append(won("meeting_id", page.where, "teams.id", _BY_ID, meeting_id))
    if any(other.url.path not in paths for _, other in joins[1:]):
        lines.append(lost("join_url", page.where, "teams.link", "another Teams meeting stands lower"))
    return lines


# ------------------------------------------------------------------------------------------------ CVI


@dataclass(frozen=True, slots=True)
class _Cvi:
    rule: str
    sip: str = field(repr=False)
    h323: str | None = field(default=None, repr=False)
    reason: str = ""


def _with_dial(found: Found, own: list[Part]) -> Found:
    cvi = _instruction_link(own) or next(filter(None, map(_printed_block, own)), None)
    if cvi is None:
        return replace(found, reason="the Teams invitation has no block for video conferencing devices")
    return _dialled(found, cvi)


def _dialled(found: Found, cvi: _Cvi) -> Found:
    h323 = (cvi.h323,) if cvi.h323 else ()
    return dial_evidence(replace(found, sip=(cvi.sip,), h323=h323), found.where, cvi.rule, cvi.reason)


_PLAIN = re.compile(r"[A-Za-z0-9._+\-]{1,80}")
_HOST = re.compile(r"(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z0-9\-]{1,63}")
_NUMBER = re.compile(r"\d{3,15}")
_PEXIP_NUMBER = re.compile(r"(?:[A-Za-z0-9]{1,20}\.)?\d{3,15}")  # a key may stand before the conference id


def _instruction_link(own: list[Part]) -> _Cvi | None:
    for part in own:
        for link in part.page.links:
            cvi = _from_instruction(link.url) if part.holds(link.at) else None
            if cvi is not None:
                return cvi
    return None


def _from_instruction(url: Url) -> _Cvi | None:
    segments = url.segments
    if not segments or segments[0].lower() not in ("teams", "msteams"):
        return None
    if host_under(url.host, "webex.com"):
        conference, key, domain = url.param("confid"), url.param("tenantkey"), url.param("domain") or "m.webex.com"
        ok = _all(_NUMBER, conference) and _all(_PLAIN, key) and _all(_HOST, domain)
        return _Cvi("teams.cvi.webex", f"{conference}.{key}@{domain}", reason=_BY_LINK) if ok else None
    if (
        host_under(url.host, "pexip.me")
        and len(segments) >= 3
        and _all(_HOST, segments[1])
        and _all(_NUMBER, segments[2])
    ):
        return _Cvi("teams.cvi.pexip", f"{segments[2]}@{segments[1]}", reason=_BY_LINK)
    if host_under(url.host, "bluejeans.com", "bjn.vc") and len(segments) >= 3:
        key, conference = segments[1], segments[2]
        ok = _all(_PLAIN, key) and _all(_NUMBER, conference)
        return _Cvi("teams.cvi.bluejeans", f"{key}.{conference}@teams.bjn.vc", reason=_BY_LINK) if ok else None
    return _poly_or_pexip(url)


def _poly_or_pexip(url: Url) -> _Cvi | None:
    conference = url.param("conf")
    if conference is None or not _all(_PEXIP_NUMBER, conference):
        return None
    key = url.param("key")
    if host_under(url.host, "plcm.vc") and _all(_NUMBER, conference) and key is not None and _all(_PLAIN, key):
        return _Cvi("teams.cvi.poly", f"{key}.{conference}@t.plcm.vc", reason=_BY_LINK)
    domain, ip = url.param("d"), url.param("ip")
    prefix = url.param("prefix") or ""
    if prefix and (url.param("ivr") or "").startswith(prefix + "."):
        prefix += "."  # at the link's end it was taken for a sentence's full stop
    if not _all(_HOST, domain) or (prefix and not _all(_PLAIN, prefix)):
        return None
    h323 = f"{conference}@{ip}" if ip and _all(_HOST, ip) else None
    return _Cvi("teams.cvi.pexip", f"{prefix}{conference}@{domain}", h323, _BY_LINK)


_BY_LINK = "the parts stand in the link to the vendor's own dialling instructions"


def _all(pattern: re.Pattern[str], text: str | None) -> bool:
    return text is not None and pattern.fullmatch(text) is not None


# Domains whose shape of address is known: tenant key first, or conference id first.
_KEY_FIRST = ("plcm.vc", "teams.bjn.vc")
_CONFERENCE_FIRST = ("m.webex.com",)
_CONFERENCE_ONLY = ("onpexip.com",)
_KNOWN = (*_KEY_FIRST, *_CONFERENCE_FIRST, *_CONFERENCE_ONLY)
_DEVICE_WORDS = re.compile(rf"vtc|tenant|visioconf|{VIDEO}")
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


def _printed_block(part: Part) -> _Cvi | None:
    """The first key with its conference id; a key alone only where no other has one."""
    page = part.page
    menu: _Cvi | None = None
    for address in page.addresses:
        if not part.holds(address.at) or _is_thread(address):
            continue
        known = host_under(address.host, *_KNOWN)
        around = page.low[max(0, address.at - _ABOVE) : address.at + _BELOW]
        if not known and (address.scheme == "mailto" or not _DEVICE_WORDS.search(around)):
            continue
        conference = _conference_id(part, address, known)
        if conference is not None:
            return _combined(address, conference)
        if known and menu is None:
            menu = _combined(address, None)
    return menu


def _is_thread(address: Address) -> bool:
    """The ``thread.v2`` parts of Teams links hold an @ and are no address."""
    return address.host.startswith("thread.") or "meeting_" in address.user


def _conference_id(part: Part, address: Address, known: bool) -> str | None:
    """The labelled number below the address, else the one just above it; behind another address it is that one's.

    Only a label that speaks of video is believed everywhere: a mail address above a phone number must not become a
    dial string. Below a known key, a label in a language that is not in the table will do, with its number on its line.
    """
    text = part.page.text
    own = f"{address.user}@{address.host}".lower()
    start, end = max(part.start, address.at - _ABOVE), min(part.end, address.at + _BELOW)
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
    if _DEVICE_WORDS.search(label):
        return match["mark"] is not None or label.endswith("id")
    if not known or match["mark"] != ":" or match["below"]:
        return False
    return not any(word in label for word in MEETING_ID_LABELS)


def _combined(address: Address, conference: str | None) -> _Cvi:
    key, domain = address.user, address.host
    if conference and host_under(domain, *_KEY_FIRST):
        return _Cvi("teams.cvi.printed", f"{key}.{conference}@{domain}", reason="printed tenant key and conference id")
    if conference and host_under(domain, *_CONFERENCE_FIRST):
        return _Cvi("teams.cvi.printed", f"{conference}.{key}@{domain}", reason="printed conference id and tenant key")
    if conference and host_under(domain, *_CONFERENCE_ONLY):
        return _Cvi("teams.cvi.printed", f"{conference}@{domain}", reason="printed conference id, and the key's domain")
    reason = "the vendor's form of address is not known: this reaches its menu, which asks for the conference id"
    return _Cvi("teams.cvi.menu", f"{key}@{domain}", reason=reason)


service = Service("teams", _find, DOMAINS, schemes=("msteams",), turn=1)
