"""Tells a link that its text calls an old one: "Old link (do not use): ...", "Alter Link: ...", "... (expired)".

People who move a meeting leave both links in the text. Where the words say which one is over, the room must not dial
it. Only the words right beside the link count: on its line, or on a line above that ends in a colon.
"""

from __future__ import annotations

import re

from connector.detection.beside import any_of, whole_words
from connector.detection.parsed_text import LINK, ParsedText
from connector.detection.words import INSTEAD_OF, LINK_WORDS, NOT_TO_USE, OUTDATED, OUTDATED_WITHOUT_BLANKS

NAMES = rf"(?:[\s\-]{{0,3}}(?:(?:{any_of(LINK_WORDS)})(?![^\W_])|链接|連結|鏈接|会议|會議|のリンク|リンク|링크|회의))"
MARKS = r"[\s:()\[\]*_=>|\"'\-]{0,8}"
_NO_SERVICE = r"(?<!zoom)(?<!teams)(?<!webex)"  # "do not use Teams" and "not Webex" speak of something else
_OLD = rf"(?:{whole_words(OUTDATED)}|{any_of(OUTDATED_WITHOUT_BLANKS)})"
_OVER = rf"(?:{whole_words(OUTDATED, NOT_TO_USE)}|{any_of(OUTDATED_WITHOUT_BLANKS)})"
_BEFORE = re.compile(
    rf"(?:{_OLD}{NAMES}{{0,6}}|{whole_words(NOT_TO_USE, INSTEAD_OF)}{NAMES}{{0,6}}{_NO_SERVICE})"
    rf"{MARKS}(?:\([^()\n]{{0,60}}\){MARKS})?$"
)
_WANTED = re.compile(
    r"(?<!not )(?<!n't )(?<!n’t )(?<!\w)(?:use|using|keep|stay with|back to|return to)\W{1,3}(?:the|our|my)\W{1,3}$"
)
_IN_BRACKETS = re.compile(
    rf"(?P<own>[^()\[\]:|{LINK}]{{0,40}}?){MARKS}[(\[]\W{{0,4}}(?:the\s)?{_OVER}{NAMES}{{0,4}}{_NO_SERVICE}\W{{0,4}}[)\]]"
)
_BEHIND = re.compile(
    r"[)\]>*_]{0,3}\s?[,:\-]{0,2}\s?(?:(?:is|was|has|hat|ist|est|a|es|ha|è|wurde) (?:been )?)?"
    r"(?:(?:the|an|der|die|das|le|la|el|il|o|de|den|det) )?"
    rf"(?:{_OVER}{NAMES}{{0,4}}{_NO_SERVICE}\s{{0,3}}(?:[.,;|)\n]|$)"
    r"|(?:replaced|superseded|ersetzt(?= durch| von| worden|\W{0,4}(?:[.,;)\n]|$))|remplacée?|reemplazad[oa]"
    r"|sostituit[oa])\b)"
)
_HEAD_OF_LINE = re.compile(rf"[^\w\n]{{0,6}}{_OLD}{NAMES}{{0,4}}(?:[ \t*_)]{{0,3}}:|[ \t]-)")
LINE_OF_ITS_OWN = re.compile(
    rf"\W{{0,8}}(?:(?:the|our|der|die|das|le|el|il)\s)?{_OVER}{NAMES}{{0,4}}{_NO_SERVICE}\W{{0,8}}"
)


def over_by_its_words(parsed: ParsedText, at: int, before: str, behind: str) -> bool:
    """``at``: where the link, or the number, stands. ``before``, ``behind``: the words beside it, see ``beside``."""
    if _HEAD_OF_LINE.match(before):
        return True
    match = _BEFORE.search(before)
    if match and not _WANTED.search(before, 0, match.start()):
        return True
    brackets = _IN_BRACKETS.match(behind)
    own_text = not parsed.low.startswith(LINK, at)
    return bool((brackets and (own_text or not brackets["own"].strip())) or _BEHIND.match(behind))
