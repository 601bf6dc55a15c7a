"""Tells a link that its text calls an old one: "Old link (do not use): ...", "Alter Link: ...", "... (expired)".

People who move a meeting leave both links in the text. Where the words say which one is over, the room must not dial
it. Only the words right beside the link count: on its line, or on a line above that ends in a colon.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right

from connector.detection.parsed_text import LINK, Link, ParsedText
from connector.detection.unrelated_codes import OF_A_MEETING
from connector.detection.words import INSTEAD_OF, LINK_WORDS, NOT_TO_USE, OUTDATED, OUTDATED_WITHOUT_BLANKS

_LINE = 160  # characters beside the link that are looked at
_INVITES = 40  # characters of a line such as "Join Zoom Meeting"


def _any_of(words: tuple[str, ...]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


def _words(*lists: tuple[str, ...]) -> str:
    return rf"(?<![^\W_])(?:{_any_of(sum(lists, ()))})(?![^\W_])"


_NAMES = rf"(?:[\s\-]{{0,3}}(?:(?:{_any_of(LINK_WORDS)})(?![^\W_])|链接|連結|鏈接|会议|會議|のリンク|リンク|링크|회의))"
_MARKS = r"[\s:()\[\]*_=>|\"'\-]{0,8}"
_NO_SERVICE = r"(?<!zoom)(?<!teams)(?<!webex)"  # "do not use Teams" and "not Webex" speak of something else
_OLD = rf"(?:{_words(OUTDATED)}|{_any_of(OUTDATED_WITHOUT_BLANKS)})"
_OVER = rf"(?:{_words(OUTDATED, NOT_TO_USE)}|{_any_of(OUTDATED_WITHOUT_BLANKS)})"
_BEFORE = re.compile(
    rf"(?:{_OLD}{_NAMES}{{0,6}}|{_words(NOT_TO_USE, INSTEAD_OF)}{_NAMES}{{0,6}}{_NO_SERVICE})"
    rf"{_MARKS}(?:\([^()\n]{{0,60}}\){_MARKS})?$"
)
_WANTED = re.compile(
    r"(?<!not )(?<!n't )(?<!n’t )(?<!\w)(?:use|using|keep|stay with|back to|return to)\W{1,3}(?:the|our|my)\W{1,3}$"
)
_IN_BRACKETS = re.compile(
    rf"(?P<own>[^()\[\]:|{LINK}]{{0,40}}?){_MARKS}[(\[]\W{{0,4}}(?:the\s)?{_OVER}{_NAMES}{{0,4}}{_NO_SERVICE}\W{{0,4}}[)\]]"
)
_BEHIND = re.compile(
    r"[)\]>*_]{0,3}\s?[,:\-]{0,2}\s?(?:(?:is|was|has|hat|ist|est|a|es|ha|è|wurde) (?:been )?)?"
    rf"(?:{_OVER}{_NAMES}{{0,4}}{_NO_SERVICE}\s{{0,3}}(?:[.,;|)\n]|$)"
    r"|(?:replaced|superseded|ersetzt|remplacée?|reemplazad[oa]|sostituit[oa])\b)"
)
_HEAD_OF_LINE = re.compile(rf"[^\w\n]{{0,6}}{_OLD}{_NAMES}{{0,4}}(?:[ \t*_)]{{0,3}}:|[ \t]-)")
_LINE_OF_ITS_OWN = re.compile(
    rf"\W{{0,8}}(?:(?:the|our|der|die|das|le|el|il)\s)?{_OVER}{_NAMES}{{0,4}}{_NO_SERVICE}\W{{0,8}}"
)
_LABEL_ENDS = (":", "(", "[", "-", ">", "=")
_SENTENCE = re.compile(r"[.;!?。！？]\s")


def says_outdated(parsed: ParsedText, at: int) -> bool:
    """``at``: where the link, or the number, stands."""
    before, behind = _before(parsed, at), _behind(parsed, at)
    if _HEAD_OF_LINE.match(before):
        return True
    match = _BEFORE.search(before)
    if match and not _WANTED.search(before, 0, match.start()):
        return True
    brackets = _IN_BRACKETS.match(behind)
    own_text = not parsed.low.startswith(LINK, at)
    return bool((brackets and (own_text or not brackets["own"].strip())) or _BEHIND.match(behind))


def _place(link: Link) -> int:
    return link.at


def _before(parsed: ParsedText, at: int) -> str:
    """The words before the link, up to the beginning of the sentence or the line, or to another link."""
    low = parsed.low
    line = max(low.rfind("\n", max(0, at - _LINE), at) + 1, at - _LINE, 0)
    nearest = bisect_left(parsed.links, at, key=_place) - 1
    other = parsed.links[nearest].at if nearest >= 0 else -1
    if other >= line:
        words = low[other:at]
        if words.startswith(LINK):
            words = words[1:]
        else:  # a link in markup, with its own text behind it: only what ends like a label can be ours
            words = words.rpartition("|")[2] if words.rstrip().endswith(("|", *_LABEL_ENDS)) else ""
        return _SENTENCE.split(words)[-1]
    words = low[line:at]
    if not words.strip(" \t>*•·-_("):
        words = _heading(low[max(0, line - _LINE) : line])
    return _SENTENCE.split(words)[-1]


def _heading(above: str) -> str:
    """The line above that ends like a heading; above "Join Zoom Meeting" and the like, the one before."""
    for line in reversed([line for line in above.split("\n") if line.strip()][-3:]):
        if LINK in line:
            return ""
        if line.rstrip().endswith(":") or _LINE_OF_ITS_OWN.fullmatch(line):
            return line
        if not (len(line) <= _INVITES and OF_A_MEETING.search(line)):
            return ""
    return ""


def _behind(parsed: ParsedText, at: int) -> str:
    """The words behind the link on its line, in markup also the link's own; cut by another link, they end in LINK."""
    own_text = not parsed.low.startswith(LINK, at)
    nearest = bisect_right(parsed.links, at, key=_place)
    end = parsed.links[nearest].at if nearest < len(parsed.links) else len(parsed.low)
    words = parsed.low[at + 1 - own_text : min(end, at + _LINE)]
    words, line_end, _ = words.partition("\n")
    return words + (line_end or ("\n" if own_text and not words.rstrip().endswith(_LABEL_ENDS) else LINK))
