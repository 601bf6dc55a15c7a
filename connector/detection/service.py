"""The one small shape that every meeting service has: a name, its links, and a function from pages to candidates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from connector.detection.hosts import names_a_meeting
from connector.detection.labels import (
    Code,
    foreign_ids,
    number_after,
    occurrences,
    only_digits,
    printed_codes,
    printed_ids,
)
from connector.detection.page import Address, Link, Page
from connector.detection.urls import Url, host_under
from connector.model import Evidence
from device_drivers.api import redact_address

# All for text in lower case. VIDEO: the word in the languages of invitations.
VIDEO = r"vid[eé][oó]|видео|відео|wideo|βίντεο|ビデオ|视频|視頻|視訊|影片|화상|비디오|וידאו|וידיאו|فيديو|वीडियो|วิดีโอ"
DIAL_WORD = re.compile(  # right before an address
    r"(?<!\w)(?:dial|call|wählen(?: sie)?|composez|appelez|marque|marcar|disque|comporre|chiamare|bel|ring)"
    r"[ \t]{0,3}:?[ \t*]{0,4}$"
)
ROOM_SYSTEM = re.compile(r"video[ -]?(?:conferenc|system|device|endpoint)|room system|third-party|\bsip\b")
Order = tuple[int, int, int]  # quoted, rank of the source, place in it: smaller is better


@dataclass(frozen=True, slots=True)
class Found:
    """One candidate meeting. ``sip``/``h323`` as in JoinInfo. Evidence tells of its fields and of what lost."""

    service: str
    where: str
    order: Order
    rule: str  # what made it a candidate, e.g. "zoom.link"
    joinable: bool = True
    reason: str = ""  # a sentence, mostly why it is not joinable or has no address
    meeting_id: str | None = None
    passcode: str | None = field(default=None, repr=False)
    passcode_text: str | None = field(default=None, repr=False)
    join_url: str | None = field(default=None, repr=False)
    sip: tuple[str, ...] = field(default=(), repr=False)
    h323: tuple[str, ...] = field(default=(), repr=False)
    evidence: tuple[Evidence, ...] = ()
    regions: tuple[tuple[str, str], ...] = ()  # as in JoinInfo
    added_by_calendars: bool = False  # calendars put this service's link into every event: it proves little
    for_browsers: bool = False  # rooms reach no meeting of this service, unless the invitation prints an address
    personal: bool = False  # somebody's own room, whose link people also write into signatures
    signature: str = ""  # why it is taken for a signature, where other meetings stand beside it; set by ``detect``
    address_only: bool = False  # an address that nothing calls a meeting's: it may be a room's or a person's own

    @property
    def dialable(self) -> bool:
        return self.joinable and bool(self.sip or self.h323)


@dataclass(frozen=True, slots=True)
class Service:
    """``find`` gets all pages of an event, best source first, and returns its candidates, best first.

    ``domains``, ``schemes`` and ``server`` tell its links from others': no number may be taken for another meeting's.
    """

    name: str
    find: Callable[[tuple[Page, ...]], list[Found]]
    domains: tuple[str, ...] = ()  # hosts of its links, with everything below them
    schemes: tuple[str, ...] = ()  # of links that open its program
    server: str = ""  # a pattern to be found in ``host/path``, for software that anybody runs on a host of their own
    turn: int = 5  # where two meetings stand at the very same place, the smaller number is first


def won(field_name: str, where: str, rule: str, reason: str, shown: str = "") -> Evidence:
    return _evidence(field_name, where, rule, "won", reason, shown)


def lost(field_name: str, where: str, rule: str, reason: str, shown: str = "") -> Evidence:
    return _evidence(field_name, where, rule, "lost", reason, shown)


def note(field_name: str, where: str, rule: str, reason: str, shown: str = "") -> Evidence:
    return _evidence(field_name, where, rule, "note", reason, shown)


def _evidence(
    field_name: str, where: str, rule: str, verdict: Literal["won", "lost", "note"], reason: str, shown: str
) -> Evidence:
    return Evidence(field_name, where, rule, verdict, reason, shown[:160])


def dial_evidence(found: Found, where: str, rule: str, reason: str) -> Found:
    """``found`` with a line of evidence for each address it would dial."""
    lines = [won("sip", where, rule, reason, redact_address(address)) for address in found.sip[:4]]
    lines += [won("h323", where, rule, reason, redact_address(address)) for address in found.h323[:4]]
    return replace(found, evidence=(*found.evidence, *lines))


def links_of(pages: tuple[Page, ...], domains: tuple[str, ...]) -> list[tuple[Page, Link]]:
    """Every link to one of these domains, the one to believe first."""
    hits = [(page, link) for page in pages for link in page.links if host_under(link.url.host, *domains)]
    return sorted(hits, key=lambda hit: hit[0].order(hit[1].at))


def addresses(pages: tuple[Page, ...]) -> Iterator[tuple[Page, Address]]:
    for page in pages:
        for address in page.addresses:
            yield page, address


def unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


_LOOK_BACK = 300  # characters above a link in which its number or code may stand
_LOOK_AHEAD = 1500


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a page that belongs to one meeting: a number or a code outside it is another's."""

    page: Page
    start: int
    end: int
    at: int = 0  # where the meeting's link stands; 0 on a page without it

    def holds(self, at: int) -> bool:
        return self.start <= at < self.end


def own_part(
    page: Page, at: int, mine: Callable[[Link], bool], number: str | None = None, *, telephone: bool = False
) -> Part:
    """Around the link at ``at``: from it (from above it, where no other meeting precedes) to the next other meeting.

    ``mine``: links that begin no other meeting. Of a paragraph that ends in another's link, all is the other's.
    ``number``: the meeting's own; the label of any other begins another meeting, too. ``telephone``: so does the
    number of a telephone conference.
    """
    others = [link.at for link in page.links if names_a_meeting(link.url) and not mine(link)]
    if telephone:
        others += foreign_ids(page, number)
    if number is not None:
        others += [printed.at for printed in printed_ids(page) if printed.strong and printed.digits != number]
    before = [other for other in others if other < at]
    after = [other for other in others if other > at]
    end = len(page.text) + 1  # a link takes no place in the text: it may stand at its very end
    if after:
        end = min(after)
        paragraph = page.text.rfind("\n\n", at + 1, end)
        end = paragraph + 1 if paragraph >= 0 else end
    return Part(page, _start(page, max(before), at, number) if before else 0, end, at)


def _start(page: Page, other: int, at: int, number: str | None) -> int:
    """Below another's number or link: where the meeting's own number stands above its link, else the link."""
    own = re.compile(r"(?<!\d)" + r"[ \-]?".join(number) + r"(?!\d)") if number else None
    match = own.search(page.text, other, at) if own else None
    return match.start() if match else at


def parts(
    pages: tuple[Page, ...],
    page: Page,
    link: Link,
    mine: Callable[[Link], bool],
    *,
    number: str | None = None,
    telephone: bool = False,
) -> list[Part]:
    """The meeting's part of its own page first; then of the others: around the same link, or all of a page that speaks
    of no other meeting. ``mine``, ``number`` and ``telephone`` as in ``own_part``."""
    found = [own_part(page, link.at, mine, number, telephone=telephone)]
    for other in pages:
        if other is page:
            continue
        again = next((known.at for known in other.links if _leads_to_the_same(known.url, link.url)), None)
        if again is not None or all(mine(known) for known in other.links if names_a_meeting(known.url)):
            found.append(own_part(other, again or 0, mine, number, telephone=telephone))
    return found


def _leads_to_the_same(url: Url, own: Url) -> bool:
    return (url.host, url.path, url.query) == (own.host, own.path, own.query)


def code_by(part: Part, at: int, *, numeric: bool = False) -> Code | None:
    """The first printed passcode below a link (or just above it) in the meeting's part.

    ``numeric``: the first one that a room can send.
    """
    above: Code | None = None
    for code in printed_codes(part.page):
        if (numeric and code.numeric is None) or not part.holds(code.at):
            continue
        if at - _LOOK_BACK <= code.at < at:
            above = above or code
        elif at <= code.at <= at + _LOOK_AHEAD:
            return code
    return above


def labelled_number(part: Part, labels: tuple[str, ...], shape: re.Pattern[str], *, at: int = 0) -> str | None:
    """The first number of this shape behind one of the labels in the meeting's part, not far above ``at``."""
    hits: list[tuple[int, str]] = []
    for label in labels:
        for place in occurrences(part.page.low, label):
            if not part.holds(place) or place < at - _LOOK_BACK:
                continue
            match = number_after(part.page.text, place + len(label), shape)
            if match:
                hits.append((match.start(), only_digits(match[0])))
    return min(hits)[1] if hits else None
