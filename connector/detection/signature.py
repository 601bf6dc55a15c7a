"""Tells a link in somebody's signature from an invitation: beside another meeting, such a link is not dialled.

People write their own room below their name, and mail programs add that below every invitation. A link that reads so
loses against any other live meeting of the event, also against one that no room can dial: no button is a fault, the
wrong meeting is worse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from connector.detection.parsed_text import LINK, MOST_LINKS, Link, ParsedText, Standing, source_rank
from connector.detection.roles import role
from connector.detection.service import Found
from connector.detection.words import CLOSINGS, JOIN_WORDS, OR_WORDS, OWN_WORDS

_BODY = source_rank("description")
_ABOVE = 600  # characters from a signature's beginning to a link in it
_CONTACT_LINES = 4
_LINE = 200
_NAME = 40
_SENTENCE_MARKS = ".,:;!?。、，：！？"

_READS_SO = ": it reads as a signature"
_SEPARATOR = re.compile(r"^[ \t]{0,4}--[ \t]{0,4}$", re.MULTILINE)
_WITH_BLANKS = "\u0590"  # scripts before this one, of Europe, put blanks between words


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_CLOSING = re.compile(
    rf"^[ \t*_]{{0,4}}(?:{_any_of(CLOSINGS)})[ \t]{{0,4}}"
    r"(?:[,.!:;\-–][ \t]{0,4}[^\n]{0,40})?[ \t*_]{0,4}$",
    re.MULTILINE,
)
_JOIN = re.compile(
    rf"(?<!\w)(?:{_any_of(word for word in JOIN_WORDS if word < _WITH_BLANKS)})"
    rf"|{_any_of(word for word in JOIN_WORDS if word >= _WITH_BLANKS)}"
)
_OWN = re.compile(rf"(?<!\w)(?:{_any_of(OWN_WORDS)})(?!\w)")
_OR = re.compile(rf"(?<!\w)(?:{_any_of(OR_WORDS)})[ \t]{{0,4}}:?[ \t]{{0,4}}$")
_PHONE = re.compile(r"(?<![\d,])\+\d[\d ()./\-]{6,20}\d(?!,)|(?<![a-z])(?:tel|phone|mobile|cell|fon|téléphone)[.:]")


def why_signature(parsed: ParsedText, at: int, *, marks: int, personal: bool, others: list[int]) -> str:
    """Why the link at ``at`` reads as a signature; "" where it does not.

    ``marks``: how many of an invitation's own parts the text has for this meeting, such as a labelled id or a passcode.
    ``personal``: the link of somebody's own room. ``others``: the places of other meetings' links in the text.
    """
    if parsed.rank != _BODY or parsed.standing(at) is Standing.WANTED or _calls_into_a_meeting(parsed, at):
        return ""
    start = max(0, at - _ABOVE)
    if marks < 3 and _SEPARATOR.search(parsed.text, start, parsed.text.rfind("\n", start, at) + 1):
        return "a link below a signature's separator" + _READS_SO
    if marks < 2 and _CLOSING.search(parsed.low, start, at):
        return "a lone link below a closing formula" + _READS_SO
    beside = [other for other in others if parsed.quoted(other) <= parsed.quoted(at)]
    own_room = "somebody's own room beside "
    if others and not beside:  # they are only quoted from older mail, which proves little about the new text
        below = personal and not marks and _stands_below_a_name(parsed, at)
        return own_room + "a name, above quoted mail" + _READS_SO if below else ""
    if marks < 2 and personal and _stands_by_contacts(parsed, at):
        return own_room + "a telephone number or a mail address" + _READS_SO
    if marks < 2 and personal and others and any(_OWN.search(text) for text in _words_by(parsed, at)):
        return "a link that is called somebody's own room" + _READS_SO
    if any(other < at for other in beside):
        return "a lone link below another meeting" + _READS_SO if marks < 1 + personal else ""
    lone = personal and not marks and bool(others) and not _opens_the_text(parsed, at)
    return own_room + "another meeting" + _READS_SO if lone else ""


def is_a_persons(parsed: ParsedText, at: int) -> bool:
    """An address in a signature: who dials it has somebody on the line."""
    return bool(why_signature(parsed, at, marks=0, personal=False, others=[]))


def _opens_the_text(parsed: ParsedText, at: int) -> bool:
    """Nothing above its line: a signature has at least a name there."""
    return "\n" not in parsed.text[max(0, at - _ABOVE) : at].strip()


def _stands_below_a_name(parsed: ParsedText, at: int) -> bool:
    """The line above is short and ends neither a sentence nor in a colon; or a mail address stands on the link's line;
    or the link is called the writer's own."""
    words = _words_by(parsed, at)
    if "@" in words[0] or any(_OWN.search(text) for text in words):
        return True
    line = max(parsed.text.rfind("\n", max(0, at - _LINE), at), 0)
    above = parsed.text[max(0, line - _LINE) : line].rstrip().rpartition("\n")[2].strip()
    return 0 < len(above) <= _NAME and above[-1] not in _SENTENCE_MARKS


def signature_of(found: Found, parsed_texts: tuple[ParsedText, ...]) -> str:
    """``why_signature`` for a candidate that would be dialled, or is somebody's own room; for all: called outdated."""
    at, parsed = found.order[2], text_of(found, parsed_texts)
    if parsed is None:
        return ""
    if _is_over(parsed, at):
        return "a link that the text calls outdated"
    if not (found.dialable or found.personal):
        return ""
    owners = {_owner(link) for link in parsed.links if link.at == at} | {found.service}
    rivals = (link.at for link in parsed.links if link.opens_meeting and _owner(link) not in owners)
    others = [other for other in rivals if not _is_over(parsed, other)]
    return why_signature(parsed, at, marks=_marks(found, parsed), personal=found.personal, others=others)


def text_of(found: Found, parsed_texts: tuple[ParsedText, ...]) -> ParsedText | None:
    at = found.order[2]
    same = [parsed for parsed in parsed_texts if parsed.where == found.where and parsed.order(at) == found.order]
    return next((parsed for parsed in same if any(link.at == at for link in parsed.links)), same[0] if same else None)


def parts_of(found: Found, parsed_texts: tuple[ParsedText, ...]) -> int:
    """How many of an invitation's own parts its text has, as ``_marks``, but for tokens: 0 is a bare link."""
    parsed = text_of(found, parsed_texts)
    return _printed_parts(found, parsed) if parsed is not None else 0


def _is_over(parsed: ParsedText, at: int) -> bool:
    """Links were asked when the event was read, see ``standings``; a printed number is asked here."""
    if at in parsed.standings or any(link.at == at for link in parsed.links[:MOST_LINKS]):
        return parsed.standing(at) is Standing.OVER
    return role(parsed, at) is Standing.OVER


def _owner(link: Link) -> str:
    return link.service or link.url.host


def _marks(found: Found, parsed: ParsedText) -> int:
    """Its number where it is printed, an address that is stated, a passcode; and a link with a meeting's own token."""
    token = not found.personal and "pwd=" in (found.join_url or "")
    return _printed_parts(found, parsed) + token


def _printed_parts(found: Found, parsed: ParsedText) -> int:
    without_code = {f"{found.meeting_id}@{address.partition('@')[2]}" for address in found.sip}
    stated = any(
        f"{a.user}@{a.host}" in found.sip or f"{a.user}@{a.host}" in without_code
        for a in parsed.addresses
        if a.scheme != "mailto"
    )
    return times_printed(parsed, found.meeting_id) + stated + (found.passcode_text is not None)


def times_printed(parsed: ParsedText, number: str | None) -> int:
    """0, 1 or 2: how often the number stands in the text, with or without blanks, and not as a part of an address."""
    if not number or not number.isdecimal():
        return 0
    shape = re.compile(r"(?<!\d)" + r"[ \-]?".join(number) + r"(?![\d@]|\.\d{1,10}@)")
    return sum(1 for _ in islice(shape.finditer(parsed.text), 2))


def _calls_into_a_meeting(parsed: ParsedText, at: int) -> bool:
    """Words of joining beside the link, and not into the writer's own room."""
    before, behind, above = _words_by(parsed, at)
    if _OR.search(before) or (not before.strip() and _OR.search(above)):
        return True
    return any(_JOIN.search(text) and not _OWN.search(text) for text in (before, behind, above))


def _words_by(parsed: ParsedText, at: int) -> tuple[str, str, str]:
    """What stands before and behind the link on its line, and on the line above, up to the next link."""
    low = parsed.low
    line = max(low.rfind("\n", max(0, at - _LINE), at) + 1, low.rfind(LINK, max(0, at - _LINE), at) + 1, at - _LINE, 0)
    end = low.find("\n", at, at + _LINE)
    behind = low[at + low.startswith(LINK, at) : end if end >= 0 else at + _LINE].partition(LINK)[0]
    above = low[max(0, line - _LINE) : line].rstrip()
    above = "" if line and low[line - 1] != "\n" else above[above.rfind("\n") + 1 :].rpartition(LINK)[2]
    return low[line:at], behind, above


def _stands_by_contacts(parsed: ParsedText, at: int) -> bool:
    start = at
    for _ in range(_CONTACT_LINES + 1):
        start = max(parsed.text.rfind("\n", max(0, start - _LINE), start), 0)
    end = parsed.text.find("\n", at, at + _LINE)
    end = end if end >= 0 else at + _LINE
    if any(start <= a.at < end and a.scheme in ("", "mailto") for a in parsed.addresses):
        return True
    return _PHONE.search(parsed.low, start, at) is not None
