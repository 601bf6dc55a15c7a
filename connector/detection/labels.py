"""What invitations print beside their links: ids, passcodes and one-tap lines, found by label and by shape.

Labels are data, see ``connector.detection.words``. A label alone decides nothing; a value of the right shape must
stand behind it. Searching is by plain substring, label by label, so that the cost stays a straight line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from connector.detection.parsed_text import LINK, MOST, ParsedText
from connector.detection.tables import cell_below
from connector.detection.unrelated_codes import (
    OTHER_CODE,
    OUTDATED_BEFORE,
    WORD_BEFORE,
    below_a_user_name,
    is_a_description,
    is_another_things,
    is_another_things_code,
    opens_something_else,
    says_something_else,
)
from connector.detection.words import (
    MEETING_ID_LABELS as MEETING_ID_LABELS,  # services look for their numbers behind the same words
)
from connector.detection.words import NOT_A_CODE, OTHER_ID_LABELS, PASSCODE_LABELS, PASSCODE_WORDS, VAGUE

# What may stand between a label and its value.
_BETWEEN = re.compile(
    r"(?:,? if (?:asked|needed|required|requested|prompted|necessary)(?: for)?)?[ ]{0,6}#?[ ]{0,2}"
    r"(?:\([^()\n]{0,40}\)|（[^（）\n]{0,40}）)?[ ]{0,6}['\"*_`~\])】]{0,4}[ ]{0,6}"
    r"(?P<mark>[:=|\t]|-{1,2}>?|→|(?:is|ist|est|es|è|är|er|是|为|為|は)(?=[\s:：]))?"
    r"[ \t]{0,6}[:=|]?[ \t]{0,8}['\"*_`~>\[(【「『«‘“„]{0,4}[ \t]{0,8}['\"*_`~\[(]{0,4}"
)
_NEXT_LINE = re.compile(r"(?:[ \t]{0,40}\n){1,3}[ \t|>*•·\-_`]{0,12}")


@dataclass(frozen=True, slots=True)
class Code:
    """A printed passcode. ``numeric``: the digits a room can send; None when the code has letters."""

    value: str = field(repr=False)
    numeric: str | None = field(repr=False)
    at: int
    room_part: bool  # below the H.323/SIP heading of its text
    vague: bool = False  # behind a word that is also used for other numbers, such as "PIN"


def occurrences(low: str, word: str) -> Iterator[int]:
    at = low.find(word)
    while at >= 0:
        yield at
        at = low.find(word, at + len(word))


def _ends(low: str, labels: tuple[str, ...], words: tuple[str, ...] = ()) -> list[tuple[int, int]]:
    """(start, end) of every label, longest first where they overlap, in the order of the text."""
    spans = [(at, at + len(label)) for label in labels if label in low for at in occurrences(low, label)]
    for word in (word for word in words if word in low):
        for at in occurrences(low, word):
            end = at + len(word)
            if not (low[at - 1 : at].isalnum() or low[end : end + 1].isalnum()):
                spans.append((at, end))
    spans.sort(key=lambda span: (span[0], -span[1]))
    kept: list[tuple[int, int]] = []
    for span in spans:
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept


# ------------------------------------------------------------------------------------------------ passcodes

_TOKEN = re.compile(r"[^\s<>\"'’”»{}()\[\]|\\,;`\ufffc\u3000-\u303f\uac00-\ud7a3\u3040-\u30ff\u4e00-\u9fff]{1,60}")
_SPACED_DIGITS = re.compile(r"(\d{2,4})[ \-](\d{2,4})(?:[ \-](\d{2,4}))?(?=[ \t.*_)]{0,4}(?:\n|$))")
_NUMERIC_BESIDE = re.compile(r"[ \t]{0,4}\(\s?(\d{3,12})(?=[\s)#])")
_SHORT_ALONE = re.compile(r"\d{2,3}(?:[,;|)]|[ \t]{0,4}(?:\n|$))")  # "Passcode 55, ..."
_PROSE = re.compile(r" [a-z]{2,}")
_LABELS = (*PASSCODE_LABELS, *MEETING_ID_LABELS)
_ROOM_HEADING = re.compile(r"h\.?323|\bsip\b")


def printed_codes(parsed: ParsedText) -> list[Code]:
    """Every labelled passcode, in the order of the text."""
    heading = _ROOM_HEADING.search(parsed.low)
    room_from = heading.start() if heading else len(parsed.low)
    places = [link.at for link in parsed.links]
    found: list[Code] = []
    for start, end in _ends(parsed.low, PASSCODE_LABELS, PASSCODE_WORDS)[:MOST]:
        if _is_no_label(parsed.low, start, end) or opens_something_else(parsed, places, start):
            continue
        vague = parsed.low[start:end] in VAGUE
        hit = _vague_value(parsed, start, end) if vague else _labelled_value(parsed, start, end)
        if hit is not None and not is_another_things_code(parsed, start, end, _value_start(parsed.text, end)):
            (value, numeric), at = hit
            found.append(Code(value, numeric, at, at > room_from, vague))
    return found


def _value_start(text: str, end: int) -> int:
    between = _BETWEEN.match(text, end)
    return between.end() if between else end


def _is_no_label(low: str, start: int, end: int) -> bool:
    behind = low[end : end + 1]
    if OTHER_CODE.search(low[max(0, start - 24) : start]) or behind in ("-", "@"):
        return True
    if behind == "s" and not low[end + 1 : end + 2].isalpha():
        return True  # passwords, codes: prose
    word = low[max(0, start - 24) : start].rstrip(" -")
    if word and word[-1].isalpha() and OUTDATED_BEFORE.search(low[max(0, start - 24) : start]):
        return True
    # a link's parameter: pwd= is a token, never a code
    return low[start - 1 : start] in ("?", "&") or below_a_user_name(low, start)


_Value = tuple[str, str | None]  # as printed, and the digits a room can send


def _labelled_value(parsed: ParsedText, start: int, end: int) -> tuple[_Value, int] | None:
    value = _value_after(parsed.text, end) or _value_after_phrase(parsed.text, parsed.low, end, vague=False)
    below = _value_below(parsed.text, start, end) if value is None or value[0].isalpha() else None
    return below or (None if value is None else (value, start))


def _vague_value(parsed: ParsedText, start: int, end: int) -> tuple[_Value, int] | None:
    """Not what is longer than such a code is, and not the head of a table's next column."""
    if is_another_things(parsed.low, start):
        return None
    value = _value_after(parsed.text, end) or _value_after_phrase(parsed.text, parsed.low, end, vague=True)
    if value is None or len(value[0]) > 8 or (value[0].isalpha() and parsed.text[end : end + 1] == "\t"):
        return None
    return value, start


def _value_after(text: str, end: int) -> _Value | None:
    between = _BETWEEN.match(text, end)
    if between is None:  # pragma: no cover - every part of it is optional
        return None
    at = between.end()
    marked = between["mark"] is not None
    on_next_line = _NEXT_LINE.match(text, at)
    if on_next_line:
        at = on_next_line.end()
    token = _TOKEN.match(text, at)
    if token is None:
        return None
    spaced = _SPACED_DIGITS.match(text, at)
    if spaced and marked:
        digits = "".join(part for part in spaced.groups() if part)
        return (digits, digits) if len(digits) <= 8 else None  # in groups, more digits are a meeting's number
    value = _tidy(text, end, token)
    if is_a_description(text[token.start() : token.start() + 32].lower()):
        return None
    if _is_no_code(text, token, value) or (on_next_line and not _alone_in_line(text, token.end())):
        return None
    if value.isalpha() and on_next_line and on_next_line[0].count("\n") > 1:
        return None  # nothing was filled in: what comes after the gap is a heading
    if not _plausible(value, marked or on_next_line is not None or _SHORT_ALONE.match(text, token.start()) is not None):
        return None
    if value.isalpha() and (between["mark"] or "").isalpha():
        return None  # "the password is on the board"
    if value.isalpha() and value.islower() and _PROSE.match(text, token.end()):
        return None  # "Password: same as last week"
    if len(value) > 10 and between["mark"] == "=":
        return None  # a link's parameter that was copied: a token, never a code
    if value.isascii() and value.isdigit():
        return (value, value) if len(value) <= 10 else None
    beside = _NUMERIC_BESIDE.match(text, token.end())
    return value, beside[1] if beside else None


_NEXT_GROUP = re.compile(r"[ \-]\d{1,4}(?![\d:]|\.\d)")


def _is_no_code(text: str, token: re.Match[str], value: str) -> bool:
    """The beginning of a meeting's number in groups, what a wrap may have cut in two, or the next label."""
    if value.isdigit():
        number = _ID.match(text, token.start())
        in_groups = (number is not None and number.end() > token.end()) or (
            len(value) <= 4 and _NEXT_GROUP.match(text, token.end()) is not None
        )
        return in_groups or _goes_on(text, token.end())
    rest = text[token.start() : token.start() + 40].partition("\n")[0]
    return value.isalpha() and ":" in rest and rest.lower().startswith(_LABELS)


# A label may go on in words before its colon: "Mot de passe du meeting : ...".
_CODE_PHRASE = re.compile(r"[ ](?P<words>[^\W\d_][^\d\n:|\t.,;?!=/@\ufffc]{0,40}?)[ ]?(?=[:|])")


def _value_after_phrase(text: str, low: str, end: int, *, vague: bool) -> _Value | None:
    phrase = _CODE_PHRASE.match(text, end)
    if phrase is None or says_something_else(low, phrase.start(), phrase.end(), vague=vague):
        return None
    between = _BETWEEN.match(text, phrase.end())
    token = _TOKEN.match(text, between.end()) if between else None
    if token is None or not _alone_in_line(text, token.end()):
        return None
    return _value_after(text, phrase.end())


def _value_below(text: str, start: int, end: int) -> tuple[_Value, int] | None:
    """Only digits: a word below a head may be anything."""
    cell = cell_below(text, start, end)
    value = text[cell[0] : cell[1]].strip(" *_`") if cell else ""
    if cell is None or not (value.isascii() and value.isdigit() and len(value) <= 10):
        return None
    return (value, value), cell[0]


def _alone_in_line(text: str, at: int) -> bool:
    rest = text[at : at + 40].split("\n", 1)[0].strip(" \t*_`|.)")
    return rest == "" or rest.startswith((LINK, "("))


# Texts that lost their line ends: the next line's first word sticks to the code.
_GLUED = re.compile(r"(\d{3,10})(?:One|Dial|Find|Join|Meeting|Phone|Host|Click|SIP|H\.323)")


def _tidy(text: str, label_end: int, token: re.Match[str]) -> str:
    """Without sentence marks, and without emphasis marks; a lone ``*`` or ``_`` at an end is a part of the code."""
    value = token[0].rstrip(".:。")
    start = max(0, label_end - 80)
    before = text[max(start, text.rfind("\n", start, label_end)) : token.start()]
    for mark in "*_~":
        if before.count(mark) == 1 and before.endswith(mark) and not value.endswith(mark):
            value = mark + value
        elif mark in before:
            value = value.strip(mark)
    glued = _GLUED.match(value)
    if glued:
        return glued[1]
    bare = value.rstrip("#!-./")
    return bare if bare.isdigit() else value


def _plausible(value: str, marked: bool) -> bool:
    if not value.isascii() or len(value) < 1 or value.lower() in NOT_A_CODE:
        return False
    if not any(c.isalnum() for c in value) or "://" in value or value.endswith(":"):
        return False
    if not marked:  # prose such as "password 123456" or "password Kim5b", but not "password needs to be"
        digits = sum(c.isdigit() for c in value)
        return 4 <= len(value) <= 10 and (digits == len(value) or (digits > 0 and value.isalnum()))
    return not set(value) <= set("*xX.#-") and "***" not in value


# ------------------------------------------------------------------------------------------------ meeting ids

_ID = re.compile(r"\d{3}[ \-.·\t]{0,3}\d{3,4}[ \-.·\t]{0,3}\d{3,4}(?![ \-]?\d)")
_ID_11 = re.compile(r"\d{3}[ \-.·]{1,3}\d{4}[ \-.·]{1,3}\d{4}(?!\d)")
# Eleven digits that a line wrap cut before the last group, which has a line of its own and is no year. No other break
# is put together: what stands alone on the next line may be a passcode or a phone number.
_ID_BROKEN = re.compile(
    r"\d{3}[ \-.·]{1,3}\d{4}[ \t]{0,4}\n[ \t]{0,4}(?!19|20)\d{4}(?=[ \t]{0,8}(?:\n|$))"
    r"|\d{3}[ \t]{0,4}\n[ \t]{0,4}\d{4}[ \-.·]\d{4}(?!\d)"  # cut behind its first group, which is nothing by itself
)
# Groups that a scheduler or a hand made, all with the same mark: 3-3-5. Two groups with a space may be a number and its
# code; 4-3-4 is how Webex prints its numbers.
_ID_ODD = re.compile(
    r"(?!\d{4}[ \-.·]\d{3}[ \-.·]\d{4}(?!\d))"
    r"(?:\d{3,6}(?P<mark>[ \-.·])\d{3,6}(?P=mark)\d{3,6}|\d{4,6}-\d{4,6})(?![ \-.·]?\d|[:,@#])"
)
# Between a word such as "zoom" and a number: the number is another thing's, or stands in another sentence.
_FOREIGN_NUMBER = re.compile(
    r"[^\W\d_]{4}[.!?;]\s|account|login|log-in|konto|账号|帳號|账户|アカウント|계정"
    r"|аккаунт|логин|compte|cuenta|invoice|ticket|phone|\btel\b|\bfax|mobile|whatsapp|call me|office(?! hours)|booking"
    r"|(?:customer|account|order|user|member|client|student|employee|serial|product|case|tax)s?[ \-]?"
    r"(?:id|no|nr|number)\b"
    r"|reserv|referen|konto|kunde|rechnung|bestell|licen[cs]|\biban|\bvat\b"
)
_MORE_DIGITS = re.compile(r"(?:[ \t]{1,8}|(?:[ \t*_]{0,8}\n){1,3}[ \t>*_•·\-]{0,8})\d{1,8}[ \t*_]{0,8}(?:\n|$)")
_PHRASE = re.compile(r"[^\d\n:|\t\ufffc]{0,40}(?=[:|\t\n])")


@dataclass(frozen=True, slots=True)
class PrintedId:
    digits: str
    at: int
    strong: bool  # its label can only mean a meeting
    grouped_3_4_4: bool = False  # the way Zoom, and nobody else, prints eleven digits


def printed_ids(parsed: ParsedText) -> list[PrintedId]:
    """Labelled numbers of 9 to 11 digits, in the order of the text."""
    found: dict[int, PrintedId] = {}
    for labels, words, strong in ((MEETING_ID_LABELS, (), True), ((), ("id", "zoom", "meeting"), False)):
        for start, end in _ends(parsed.low, labels, words)[:MOST]:
            word = None if strong else WORD_BEFORE.search(parsed.low, max(0, start - 24), start)
            if word and word[1] not in ("meeting", "zoom", "webinar", "the", "join"):
                continue  # "office id", "tax id"
            shapes = (_ID, _ID_BROKEN, _ID_ODD) if strong else (_ID,)
            match = next(filter(None, (number_after(parsed.text, end, shape) for shape in shapes)), None)
            cell = cell_below(parsed.text, start, end) if match is None else None
            match = _ID.match(parsed.text, _first_digit(parsed.text, *cell)) if cell else match
            if match is None or match.start() in found or (cell and match.end() > cell[1]):
                continue
            if not strong and _FOREIGN_NUMBER.search(parsed.low, end, match.start()):
                continue
            digits = only_digits(match[0])
            if len(digits) < 11 and _goes_on(parsed.text, match.end()):
                continue
            if 9 <= len(digits) <= 11:
                grouped = match.re is _ID_BROKEN or _ID_11.match(parsed.text, match.start()) is not None
                found[match.start()] = PrintedId(digits, match.start(), strong, grouped)
    return sorted(found.values(), key=lambda printed: printed.at)


def _first_digit(text: str, start: int, end: int) -> int:
    return start + len(text[start:end]) - len(text[start:end].lstrip(" *_`"))


def _goes_on(text: str, end: int) -> bool:
    """The rest of the line, or the next line, is digits and nothing else: a wrap may have cut the number in two."""
    return _MORE_DIGITS.match(text, end) is not None


_ANY_NUMBER = re.compile(r"\d[\d \-]{4,18}\d")


def foreign_ids(parsed: ParsedText, own: str | None = None) -> list[int]:
    """Where the number of a telephone conference stands: a code behind it is that conference's.

    ``own``: the meeting's number, which people call a conference's, too.
    """
    hits = ((end, number_after(parsed.text, end, _ANY_NUMBER)) for _, end in _ends(parsed.low, OTHER_ID_LABELS)[:MOST])
    return [end for end, match in hits if match is not None and only_digits(match[0]) != own]


def number_after(text: str, end: int, shape: re.Pattern[str]) -> re.Match[str] | None:
    """A number of this shape right behind a label that ends at ``end``, on its line or the next."""
    for start in (end, _phrase_end(text, end)):
        between = _BETWEEN.match(text, start)
        at = between.end() if between else start
        on_next_line = _NEXT_LINE.match(text, at)
        match = shape.match(text, on_next_line.end() if on_next_line else at)
        if match:
            return match
    return None


def _phrase_end(text: str, end: int) -> int:
    """A label may go on in words: ``ID de la reunión:``."""
    phrase = _PHRASE.match(text, end)
    return phrase.end() if phrase else end


def only_digits(text: str) -> str:
    return "".join(c for c in text if "0" <= c <= "9")


_LABELLED_LINE = re.compile(
    r"[ \t>*•·|\-_]{0,12}(?P<label>[^\d\n:@/\ufffc]{2,40}?)[ \t]{0,2}[:|][ \t*_`]{0,6}"
    r"(?P<value>\S{4,10})[ \t*_`|]{0,6}(?:\n|$)"
)
_NO_CODE_LABEL = re.compile(
    r"host|start|begin|dauer|duration|dur[ée]e|duraci[óo]n|durata|platz|seat|\bort\b|place|lieu|lugar|luogo|phone|tel|fax|mobile|date|time|datum|zeit|hora|fecha|heure|room|raum|salle|wi-?fi|door|cost|price|year|zip"
    r"|\b(?:id|no|nr)\b|order|invoice|ticket|slides|deck|files?\b|folder|download|quiz|survey|locker|parking|vpn"
)


def code_below(parsed: ParsedText, digits: str) -> tuple[str, int] | None:
    """What stands in the line below a printed id behind a label of any language, where it has the form of a passcode.

    For languages whose word for "passcode" is not in the table. The caller must know that there is a passcode.
    """
    grouped = re.compile(r":[ \t*_`]{0,6}" + r"[ \-]?".join(digits) + r"[ \t*_`|]{0,6}\n(?:[ \t]{0,20}\n){0,2}")
    for match in grouped.finditer(parsed.text):
        line = _LABELLED_LINE.match(parsed.text, match.end())
        if line is None or _NO_CODE_LABEL.search(line["label"].lower()) or _goes_on(parsed.text, line.end("value")):
            continue
        value = line["value"]
        mixed = any(c.isalpha() for c in value) and any(not c.isalpha() for c in value)
        if value.isascii() and "://" not in value and (value.isdigit() or (mixed and value[-1] not in ".:,;")):
            return value, line.start("value")
    return None


# ------------------------------------------------------------------------------------------------ one-tap lines


@dataclass(frozen=True, slots=True)
class OneTap:
    """``+phone,,id#,,,,*code#``: what stands before the first comma is a phone number, never an id."""

    meeting_id: str
    code: str | None = field(repr=False)
    at: int


_ONE_TAP = re.compile(r",{1,6}[ ]?(\d{3}[ \-]?\d{3,4}[ \-]?\d{3,4})[ ]?#(?P<tail>[,*#\d x]{0,80})")
_TAIL_CODE = re.compile(r"(?:^|[,*])(\d{1,12})#")


def one_taps(parsed: ParsedText) -> list[OneTap]:
    found = [_one_tap(match, match.start()) for match in islice(_ONE_TAP.finditer(parsed.text), MOST)]
    for target, at in parsed.tel[:MOST]:
        found += [_one_tap(match, at) for match in _ONE_TAP.finditer(target)]
    return sorted((tap for tap in found if 9 <= len(tap.meeting_id) <= 11), key=lambda tap: tap.at)


def _one_tap(match: re.Match[str], at: int) -> OneTap:
    # "0#" only skips the participant id; the last code is the numeric passcode.
    codes = [code for code in _TAIL_CODE.findall(match["tail"]) if code != "0" and len(code) <= 10]
    return OneTap(only_digits(match[1]), codes[-1] if codes else None, at)
