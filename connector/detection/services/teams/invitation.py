"""The invitation itself: its link, its id and passcode, and whose block for devices is whose."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from connector.detection.evidence import lost, note, won
from connector.detection.labels import only_digits
from connector.detection.parsed_text import Link, ParsedText
from connector.detection.sections import Section, code_by, labelled_number, links_of, own_section, sections
from connector.detection.service import Found
from connector.detection.services.teams.cvi import DEVICE_WORDS, dialled, from_instruction, printed_blocks, with_dial
from connector.detection.urls import Url
from connector.detection.words import MEETING_ID_LABELS
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


def find(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    hits = links_of(parsed_texts, "teams")
    joins = [(parsed, link) for parsed, link in hits if _is_join(link.url)]
    if not joins:
        return _without_link(parsed_texts)
    parsed, link = joins[0]
    paths = _paths(parsed_texts, link.url.path)

    def mine(other: Link) -> bool:
        return _is_same(other, paths)

    own = sections(parsed_texts, parsed, link, mine)
    number = _MEET_NUMBER.search(link.url.path) or _MEET_NUMBER.search(link.url.fragment)
    meeting_id = (
        number[1] if number else next(filter(None, (_printed_id(section, section.at) for section in own)), None)
    )
    below = sections(parsed_texts, parsed, link, mine, telephone=True)
    code = next(filter(None, (code_by(section, section.at) for section in below)), None)
    text_code = code.value if code else None
    if meeting_id is None or text_code is None:
        block = _block_in_threes(parsed, max(own[0].start, link.at - 300), min(own[0].end, link.at + 1500), meeting_id)
        if block:
            meeting_id, text_code = only_digits(block["id"]), text_code or _as_printed(parsed, block)
    found = Found(
        service="teams",
        where=parsed.where,
        order=parsed.order(link.at),
        rule="teams.link",
        meeting_id=meeting_id,
        passcode_text=text_code,
        join_url=link.url.text,
        evidence=tuple(_evidence(joins, meeting_id, paths)),
        added_by_calendars=True,
    )
    return [with_dial(found, own)]


def _block_in_threes(parsed: ParsedText, start: int, end: int, meeting_id: str | None) -> re.Match[str] | None:
    """The first block of an id and its passcode; ``meeting_id``: its id, where that is known."""
    blocks = _IN_THREES.finditer(parsed.low, start, end)
    block = next((block for block in blocks if not DEVICE_WORDS.search(block["label"])), None)
    if block is None or not 11 <= len(only_digits(block["id"])) <= 15:
        return None
    return block if meeting_id in (None, only_digits(block["id"])) else None


def _as_printed(parsed: ParsedText, block: re.Match[str]) -> str | None:
    return parsed.text[slice(*block.span("code"))] if block["code"] else None


_REFERENCE = re.compile(r"\|\s{0,4}[^|\d:@]{0,60}$")  # "Need help? | System reference"
_BY_ID = "the number Teams prints for joining by id"
_BLOCK = 1500  # characters from an invitation's first link to its last


def _paths(parsed_texts: tuple[ParsedText, ...], own: str) -> set[str]:
    """The paths of all links to this meeting: below a short link, Teams prints a long one as its system reference."""
    found = {own}
    for parsed in parsed_texts:
        joins = [link for link in parsed.links if link.service == "teams" and _is_join(link.url)]
        for short, long in pairwise(joins):
            if own in (short.url.path, long.url.path) and _is_reference(parsed, short, long):
                found |= {short.url.path, long.url.path}
    return found


def key(_: ParsedText, link: Link) -> tuple[str, str] | None:
    """The meeting behind a link, see ``Service.key``. Its long link is one of another kind, as both may be printed."""
    if not _is_join(link.url):
        return None
    number = _MEET_NUMBER.search(link.url.path) or _MEET_NUMBER.search(link.url.fragment)
    return ("short", number[1]) if number else ("long", link.url.path)


def _is_reference(parsed: ParsedText, short: Link, long: Link) -> bool:
    if not _MEET_NUMBER.search(short.url.path) or "/meetup-join/" not in long.url.path:
        return False
    near = long.at - short.at <= _BLOCK and parsed.quoted(short.at) == parsed.quoted(long.at)
    return near and _REFERENCE.search(parsed.text[max(short.at, long.at - 80) : long.at]) is not None


def _printed_id(section: Section, at: int) -> str | None:
    number = labelled_number(section, _LABELS, _MEETING_ID, at=at)
    return number if number and 11 <= len(number) <= 15 else None


def _without_link(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    """The text of a mail that lost its links, or a link to a vendor's instructions alone."""
    blocks = [(parsed, at, cvi) for parsed in parsed_texts for at, cvi in printed_blocks(parsed)]
    if not blocks:
        return _by_number(parsed_texts)
    parsed, at, cvi = min(blocks, key=lambda block: block[0].order(block[1]))
    section = own_section(parsed, at, lambda other: from_instruction(other.url) is not None)
    code = code_by(own_section(parsed, at, lambda other: from_instruction(other.url) is not None, telephone=True), at)
    meeting_id = _printed_id(section, at)
    block = _block_in_threes(parsed, max(section.start, at - _BLOCK), at, meeting_id) if meeting_id else None
    passcode = code.value if code else _as_printed(parsed, block) if block else None
    lines = [won("meeting_id", parsed.where, "teams.id", _BY_ID, meeting_id or "")]
    found = Found(
        service="teams",
        where=parsed.where,
        order=parsed.order(at),
        rule=cvi.rule if cvi else "teams.block",
        meeting_id=meeting_id,
        passcode_text=passcode if meeting_id else None,
        evidence=tuple(lines) if meeting_id else (),
        added_by_calendars=True,
    )
    if cvi is None:
        return [replace(found, reason="the block's domain is not known, and the text has no link of the Teams meeting")]
    return [dialled(found, cvi)]


def _by_number(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    """The mail lost all its links: Teams is named, and prints an id with its passcode. Nothing to dial."""
    for parsed in parsed_texts:
        number = _printed_id(Section(parsed, 0, len(parsed.text) + 1), 0) if "microsoft teams" in parsed.low else None
        place = re.search(r"[ \-]?".join(number), parsed.text) if number and len(number) >= 12 else None
        code = code_by(own_section(parsed, place.start(), lambda other: False), place.start()) if place else None
        if place and code:
            return [
                Found(
                    service="teams",
                    where=parsed.where,
                    order=parsed.order(place.start()),
                    rule="teams.id",
                    reason="the text has no link of the Teams meeting, and no block for video conferencing devices",
                    meeting_id=number,
                    passcode_text=code.value,
                    evidence=(won("meeting_id", parsed.where, "teams.id", _BY_ID, number or ""),),
                    added_by_calendars=True,
                )
            ]
    return []


def _is_same(link: Link, own: set[str]) -> bool:
    """A page of Teams that is no meeting, another link to the same one, or a vendor's dialling instructions."""
    return from_instruction(link.url) is not None or (
        link.service == "teams" and (not _is_join(link.url) or link.url.path in own)
    )


def _evidence(joins: list[tuple[ParsedText, Link]], meeting_id: str | None, paths: set[str]) -> list[Evidence]:
    parsed, link = joins[0]
    lines = [won("join_url", parsed.where, "teams.link", "the meeting's link", link.url.host)]
    lines += [note("join_url", parsed.where, f"unwrap.{name}", "a rewritten link was undone") for name in link.wrappers]
    if meeting_id:
        lines.append(won("meeting_id", parsed.where, "teams.id", _BY_ID, meeting_id))
    if any(other.url.path not in paths for _, other in joins[1:]):
        lines.append(lost("join_url", parsed.where, "teams.link", "another Teams meeting stands lower"))
    return lines
