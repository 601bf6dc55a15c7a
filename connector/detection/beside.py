"""The words beside a link or a number: what stands before it and behind it, as far as they can be said of it.

Only the words right beside it count: on its line, or on a line above that ends like a heading.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from connector.detection.parsed_text import LINK, Link, ParsedText
from connector.detection.unrelated_codes import OF_A_MEETING

LINE = 160  # characters beside the link that are looked at
_INVITES = 40  # characters of a line such as "Join Zoom Meeting"
LABEL_ENDS = (":", "(", "[", "-", ">", "=")
SENTENCE = re.compile(r"[.;!?]\s|[。！？]")


def any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


def whole_words(*lists: tuple[str, ...]) -> str:
    return rf"(?<![^\W_])(?:{any_of(sum(lists, ()))})(?![^\W_])"


def place(link: Link) -> int:
    return link.at


def before(parsed: ParsedText, at: int, is_heading: re.Pattern[str]) -> str:
    """The words before the link, up to the beginning of the sentence or the line, or to another link.

    ``is_heading``: a whole line above the link that is said of it though it does not end in a colon.
    """
    low = parsed.low
    line = max(low.rfind("\n", max(0, at - LINE), at) + 1, at - LINE, 0)
    nearest = bisect_left(parsed.links, at, key=place) - 1
    other = parsed.links[nearest].at if nearest >= 0 else -1
    if other >= line:
        words = low[other:at]
        if words.startswith(LINK):
            words = words[1:]
        else:  # a link in markup, with its own text behind it: only what ends like a label can be ours
            words = words.rpartition("|")[2] if words.rstrip().endswith(("|", *LABEL_ENDS)) else ""
        return SENTENCE.split(words)[-1]
    words = low[line:at]
    if not words.strip(" \t>*•·-_("):
        # what stands on the line of another link is said of that one
        start = max(0, line - LINE, low.find("\n", other, line) + 1 if other >= 0 else 0)
        words = _heading(low[start:line], is_heading)
    return SENTENCE.split(words)[-1]


def _heading(above: str, is_heading: re.Pattern[str]) -> str:
    """The line above that ends like a heading; above "Join Zoom Meeting" and the like, the one before."""
    for line in reversed([line for line in above.split("\n") if line.strip()][-3:]):
        if LINK in line:
            return ""
        if line.rstrip().endswith((":", "：")) or is_heading.fullmatch(line):
            return line
        if not (len(line) <= _INVITES and OF_A_MEETING.search(line)):
            return ""
    return ""


def behind(parsed: ParsedText, at: int) -> str:
    """The words behind the link on its line, in markup also the link's own; cut by another link, they end in LINK."""
    own_text = not parsed.low.startswith(LINK, at)
    nearest = bisect_right(parsed.links, at, key=place)
    end = parsed.links[nearest].at if nearest < len(parsed.links) else len(parsed.low)
    words = parsed.low[at + 1 - own_text : min(end, at + LINE)]
    words, line_end, _ = words.partition("\n")
    return words + (line_end or ("\n" if own_text and not words.rstrip().endswith(LABEL_ENDS) else LINK))
