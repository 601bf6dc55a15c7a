"""Whose is what: the section of a text that belongs to one meeting, and the codes and numbers in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from connector.detection.labels import (
    Code,
    foreign_ids,
    number_after,
    occurrences,
    only_digits,
    printed_codes,
    printed_ids,
)
from connector.detection.parsed_text import Link, ParsedText
from connector.detection.urls import Url


def links_of(parsed_texts: tuple[ParsedText, ...], service: str) -> list[tuple[ParsedText, Link]]:
    """Every link to this service's domains, the one to believe first."""
    hits = [(parsed, link) for parsed in parsed_texts for link in parsed.links if link.service == service]
    return sorted(hits, key=lambda hit: hit[0].order(hit[1].at))


_LOOK_BACK = 300  # characters above a link in which its number or code may stand
_LOOK_AHEAD = 1500


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a text that belongs to one meeting: a number or a code outside it is another's."""

    parsed: ParsedText
    start: int
    end: int
    at: int = 0  # where the meeting's link stands; 0 in a text without it

    def holds(self, at: int) -> bool:
        return self.start <= at < self.end


def own_section(
    parsed: ParsedText, at: int, mine: Callable[[Link], bool], number: str | None = None, *, telephone: bool = False
) -> Section:
    """Around the link at ``at``: from it (from above it, where no other meeting precedes) to the next other meeting.

    ``mine``: links that begin no other meeting. Of a paragraph that ends in another's link, all is the other's.
    ``number``: the meeting's own; the label of any other begins another meeting, too. ``telephone``: so does the
    number of a telephone conference.
    """
    others = [link.at for link in parsed.links if link.opens_meeting and not mine(link)]
    if telephone:
        others += foreign_ids(parsed, number)
    if number is not None:
        others += [printed.at for printed in printed_ids(parsed) if printed.strong and printed.digits != number]
    before = [other for other in others if other < at]
    after = [other for other in others if other > at]
    end = len(parsed.text) + 1  # a link takes no place in the text: it may stand at its very end
    if after:
        end = min(after)
        paragraph = parsed.text.rfind("\n\n", at + 1, end)
        end = paragraph + 1 if paragraph >= 0 else end
    return Section(parsed, _start(parsed, max(before), at, number) if before else 0, end, at)


def _start(parsed: ParsedText, other: int, at: int, number: str | None) -> int:
    """Below another's number or link: where the meeting's own number stands above its link, else the link."""
    own = re.compile(r"(?<!\d)" + r"[ \-]?".join(number) + r"(?!\d)") if number else None
    match = own.search(parsed.text, other, at) if own else None
    return match.start() if match else at


def sections(
    parsed_texts: tuple[ParsedText, ...],
    parsed: ParsedText,
    link: Link,
    mine: Callable[[Link], bool],
    *,
    number: str | None = None,
    telephone: bool = False,
) -> list[Section]:
    """The meeting's section of its own text first; then of the others: around the same link, or all of a text that
    speaks of no other meeting. ``mine``, ``number`` and ``telephone`` as in ``own_section``."""
    found = [own_section(parsed, link.at, mine, number, telephone=telephone)]
    for other in parsed_texts:
        if other is parsed:
            continue
        again = next((known.at for known in other.links if _leads_to_the_same(known.url, link.url)), None)
        if again is not None or all(mine(known) for known in other.links if known.opens_meeting):
            found.append(own_section(other, again or 0, mine, number, telephone=telephone))
    return found


def _leads_to_the_same(url: Url, own: Url) -> bool:
    return (url.host, url.path, url.query) == (own.host, own.path, own.query)


def code_by(section: Section, at: int, *, numeric: bool = False) -> Code | None:
    """The first printed passcode below a link (or just above it) in the meeting's section.

    ``numeric``: the first one that a room can send.
    """
    above: Code | None = None
    for code in printed_codes(section.parsed):
        if (numeric and code.numeric is None) or not section.holds(code.at):
            continue
        if at - _LOOK_BACK <= code.at < at:
            above = above or code
        elif at <= code.at <= at + _LOOK_AHEAD:
            return code
    return above


def labelled_number(section: Section, labels: tuple[str, ...], shape: re.Pattern[str], *, at: int = 0) -> str | None:
    """The first number of this shape behind one of the labels in the meeting's section, not far above ``at``."""
    hits: list[tuple[int, str]] = []
    for label in labels:
        for place in occurrences(section.parsed.low, label):
            if not section.holds(place) or place < at - _LOOK_BACK:
                continue
            match = number_after(section.parsed.text, place + len(label), shape)
            if match:
                hits.append((match.start(), only_digits(match[0])))
    return min(hits)[1] if hits else None
