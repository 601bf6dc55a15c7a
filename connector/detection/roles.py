"""What a text says of one of its links beside others: new, main, kept in reserve, or over.

"New link: B" below an old invitation, "was A and is now B", "B replaces A", "Backup: A / Main: B", "Last week: A". The
words count on either side of the link, in all languages of ``role_words``; words of age, see ``outdated``, count as
much. Asked only where a text holds more than one meeting.
"""

from __future__ import annotations

import re

from connector.detection import role_words as w
from connector.detection.beside import any_of, before, behind, whole_words
from connector.detection.outdated import LINE_OF_ITS_OWN, MARKS, NAMES, over_by_its_words
from connector.detection.parsed_text import LINK, ParsedText, Standing
from connector.detection.words import INSTEAD_OF, JOIN_WORDS


def _either(words: tuple[str, ...], without_blanks: tuple[str, ...]) -> str:
    return rf"(?:{whole_words(words)}|{any_of(without_blanks)})"


_NEW = _either(w.NEW, w.NEW_WITHOUT_BLANKS)
_MAIN = _either(w.MAIN, w.MAIN_WITHOUT_BLANKS)
_RESERVE = _either(w.BACKUP, w.BACKUP_WITHOUT_BLANKS)
_ALTERNATIVE = _either(w.ALTERNATIVE, w.ALTERNATIVE_WITHOUT_BLANKS)
_BACKUP = rf"(?:{_RESERVE}|{_ALTERNATIVE})"
_PAST = _either(w.PAST, w.PAST_WITHOUT_BLANKS)
_CHANGED = _either(w.CHANGED, w.CHANGED_WITHOUT_BLANKS)
_REPLACES = _either(w.REPLACES, w.REPLACES_WITHOUT_BLANKS)
_USE_THIS = _either(w.USE_THIS, w.USE_THIS_WITHOUT_BLANKS)
_ARTICLES = (
    *(
        "the",
        "our",
        "my",
        "a",
        "an",
        "as",
        "this",
        "is",
        "der",
        "die",
        "das",
        "den",
        "unser",
        "als",
        "le",
        "la",
        "notre",
    ),
    *("en", "el", "il", "lo", "o", "os", "de", "het", "den", "det", "som", "ten", "az", "a"),
)
_ARTICLE = rf"(?:(?:{any_of(_ARTICLES)})[ \t]{{1,3}}|l['’])"
_PLACES = (
    r"link|url|address|room\b|zoom|teams|webex|meet|invit|details|number|besprech|sitzung|termin|lien|r[ée]uni|enlace"
    r"|liga\b|convite|invito|collegament|länk|lenke|linkki|möte|møde|spotkan|odkaz|schůz|hivatkoz|întâln|veza"
    r"|poveznic"
    r"|ссылк|встреч|конфер|посилан|зустріч|връзк|линк|срещ|bağlant|toplantı|σύνδεσμ|συνάντ|liên kết|tautan|rapat"
    r"|קישור|פגישה|رابط|اجتماع|链接|連結|鏈接|会议|會議|リンク|会議|ミーティング|링크|회의|ลิงก์"
)
_TAIL = rf"{MARKS}(?:\([^()\n]{{0,60}}\){MARKS}|（[^（）\n]{{0,60}}）{MARKS})?$"
_LINE_ABOVE = re.compile(
    rf"\W{{0,8}}{_ARTICLE}?(?:{_NEW}|{_MAIN}|{_BACKUP}|{_PAST}|{_CHANGED}){NAMES}{{0,5}}\W{{0,8}}"
    rf"|{LINE_OF_ITS_OWN.pattern}"
)


def _head(words: str) -> re.Pattern[str]:
    """At the beginning of what stands before the link, as a label has it: "Backup link (if that fails): "."""
    return re.compile(
        rf"\W{{0,8}}{_ARTICLE}?{words}(?:{NAMES}{{1,6}}[^:\n{LINK}]{{0,60}}"
        rf"|[^\w:\n]{{0,4}}(?:\([^()\n]{{0,60}}\))?[^\w\n]{{0,4}})[:\-→]"
    )


def _tail(words: str) -> re.Pattern[str]:
    """Right before the link, with only words for links in between."""
    return re.compile(rf"{words}{NAMES}{{0,6}}{_TAIL}")


def _bracket(words: str) -> re.Pattern[str]:
    """Behind the link, in brackets or behind a dash."""
    return re.compile(
        rf"[^\w\n{LINK}]{{0,4}}[(\[\-–<←]\W{{0,4}}{_ARTICLE}?{words}{NAMES}{{0,4}}(?:\W{{0,4}}[)\]]|\W{{0,4}}(?:\n"
        rf"|$)|[ ,;]{{1,3}}\()"
    )


_BACKUP_HEAD, _BACKUP_TAIL, _BACKUP_BRACKET = _head(_BACKUP), _tail(_BACKUP), _bracket(_BACKUP)
_MAIN_HEAD, _MAIN_TAIL, _MAIN_BRACKET = _head(_MAIN), _tail(_MAIN), _bracket(_MAIN)
_NEW_HEAD, _NEW_TAIL, _NEW_BRACKET = _head(_NEW), _tail(_NEW), _bracket(_NEW)
_RESERVED = re.compile(_RESERVE)
_AS_BACKUP = re.compile(rf"\W{{0,4}}(?:\w{{1,12}} ){{0,2}}{_ARTICLE}{{1,3}}{_BACKUP}")
_PLAIN_NEGATIONS = ("nicht", "niet", "inte", "ikke", "không")
_FAILING = rf"(?:{whole_words(w.IF)}[^.\n{LINK}]{{0,80}}?{whole_words(w.FAILS)}|{any_of(w.FAILING_WITHOUT_BLANKS)})"
_FAILING_BEFORE, _FAILING_BEHIND = (
    re.compile(_FAILING),
    re.compile(rf"[^\n.{LINK}]{{0,20}}?[(\[,\-–]?[^\n.{LINK}]{{0,20}}?{_FAILING}"),
)
_MAIN_PLACE = re.compile(rf"{_MAIN}{NAMES}{{1,6}}")
_BACKUP_PLACE = re.compile(rf"{_BACKUP}{NAMES}{{1,6}}")
_FAILS = re.compile(whole_words(tuple(word for word in w.FAILS if word not in _PLAIN_NEGATIONS)))
_NOW = re.compile(rf"{_either(w.NOW, w.NOW_WITHOUT_BLANKS)}[^{LINK}\n]{{0,60}}$")
_THIS_ONE = re.compile(rf"[^\w\n{LINK}]{{0,6}}{_USE_THIS}{NAMES}{{0,3}}\W{{0,4}}(?:$|[.,;!)\]\n])")
_JOIN = re.compile(
    any_of(word for word in JOIN_WORDS if word not in ("instead", "we use", "will use", "use this link", "stattdessen"))
)
_PAST_HEAD = re.compile(rf"\W{{0,8}}(?:\w{{1,4}}\W{{1,2}})?{_PAST}")
_PAST_LINK = re.compile(rf"(?:{_PLACES})[^{LINK}\n]{{0,40}}{_PAST}")
_PAST_BRACKET = re.compile(rf"[^\w\n{LINK}]{{0,4}}[(\[]\W{{0,4}}(?:\w{{1,12}} ){{0,2}}{_PAST}")
_NOTES = re.compile(
    r"\W{0,8}(?:minutes|notes|recap|follow|review|recording|summary|protokoll|notizen|compte|acta|verbale|запись)"
)
_WAS = re.compile(rf"{whole_words(w.WAS)}\W{{0,6}}$")
_NOT_BEFORE = re.compile(
    rf"{whole_words(INSTEAD_OF, ('no', 'kein', 'keine', 'nicht', 'pas', 'non', 'não', 'не', 'nie'))}"
    rf"\W{{0,3}}{_ARTICLE}?$"
)
_REPLACES_BEFORE = re.compile(rf"{_REPLACES}[^{LINK}\n]{{0,60}}$")
_BY_THIS = re.compile(r"(?<!\w)(?:with|by|through|mit|durch|par|avec|por|con|da|door|met|av|med|na|за|на|ile)\W{0,4}$")
_REPLACES_BEHIND = re.compile(rf"[^\w\n{LINK}]{{0,4}}(?:\w{{2,6}} )?{_REPLACES}")
_REPLACED_BY = whole_words(w.REPLACED_BY)
_REPLACED_BEHIND = re.compile(rf"[^\w\n{LINK}]{{0,4}}(?:\w{{1,12}} ){{0,3}}{_REPLACED_BY}")
_REPLACED_BEFORE = re.compile(rf"{_REPLACED_BY}{NAMES}{{0,6}}{MARKS}$")
_MOVED_FROM = re.compile(
    r"(?:chang|mov|switch|migrat|geänder|gewechsel|verleg|cambi|mud|alter|wijzig|ändra|ændre|endre|zmien|změn|измен"
    r"|перен|змін)"
    rf"[^{LINK}\n]{{0,40}}(?<!\w)(?:from|von|vom|de|du|da|dal|del|do|van|från|fra|z|ze|из|с|со|від|з|dari"
    rf"|từ)\W{{0,4}}$"
)
_ARROW = re.compile(rf"\s{{0,4}}(?:→|⇒|➜|➡|-{{1,3}}>|={{1,2}}>)\s{{0,4}}{LINK}?$")
_UPDATE_HEAD = re.compile(rf"\W{{0,8}}{_CHANGED}[^\w\n]{{0,4}}(?:[:!\-–]|$|\d|\()")
_CHANGED_WORD = re.compile(_CHANGED)
_PLACE = re.compile(_PLACES)
_NEW_LINE = re.compile(rf"{_NEW}{NAMES}{{1,6}}\W{{0,4}}$")
_OF_TIME = re.compile(_either(w.NOT_THE_PLACE, ("时间", "時間", "시간", "日期", "议程")))
_ABOVE = 220  # characters above a link in which a sentence may tell that the link was changed
_SENTENCES = re.compile(r"[.;!?]\s|[。！？\n]")


def role(parsed: ParsedText, at: int) -> Standing:
    """What the words beside the link, or the number, at ``at`` say of it. Quoting is not asked here."""
    ahead, after = before(parsed, at, _LINE_ABOVE), behind(parsed, at)
    if over_by_its_words(parsed, at, ahead, after) or _is_over(ahead, after):
        return Standing.OVER
    if _MAIN_HEAD.match(ahead):
        return Standing.WANTED
    heading = _block_heading(parsed, at)
    if _MAIN_PLACE.search(heading):
        return Standing.WANTED
    if _is_reserve(ahead, after) or _BACKUP_PLACE.search(heading):
        words = ahead + after
        return Standing.RESERVE if _RESERVED.search(words) or _FAILING_BEFORE.search(words) else Standing.CHOICE
    if _is_wanted(ahead, after) or _is_announced(parsed, at):
        return Standing.WANTED
    return Standing.PLAIN


def _block_heading(parsed: ParsedText, at: int) -> str:
    """The nearest line above that ends in a colon, below any other link: "Dial info for the main room:"."""
    low = parsed.low
    line = low.rfind("\n", max(0, at - _ABOVE), at)
    start = max(0, at - _ABOVE, low.rfind(LINK, max(0, at - _ABOVE), at) + 1)
    lines = low[start : max(line, start)].split("\n")
    return next((text for text in reversed(lines) if text.rstrip(" *_").endswith(":")), "")


def _is_over(ahead: str, after: str) -> bool:
    if _WAS.search(ahead) or _MOVED_FROM.search(ahead) or _REPLACED_BEHIND.match(after) or _ARROW.match(after):
        return True
    replaced = _REPLACES_BEFORE.search(ahead)
    if replaced and not _BY_THIS.search(ahead):
        return True
    if not _NOTES.match(ahead) and not _NOW.search(ahead) and (_PAST_HEAD.match(ahead) or _PAST_LINK.search(ahead)):
        return True
    match = _NEW_TAIL.search(ahead)
    return bool(match and _NOT_BEFORE.search(ahead, 0, match.start())) or _PAST_BRACKET.match(after) is not None


def _is_reserve(ahead: str, after: str) -> bool:
    if _BACKUP_HEAD.match(ahead) or _BACKUP_TAIL.search(ahead) or _FAILING_BEFORE.search(ahead):
        return True
    return any(pattern.match(after) for pattern in (_BACKUP_BRACKET, _AS_BACKUP, _FAILING_BEHIND))


def _is_wanted(ahead: str, after: str) -> bool:
    if _FAILS.search(ahead):  # "the new one fails: ..."
        return False
    if _NEW_HEAD.match(ahead) or _NEW_TAIL.search(ahead) or _MAIN_TAIL.search(ahead) or _REPLACED_BEFORE.search(ahead):
        return True
    if _UPDATE_HEAD.match(ahead) or _ARROW.match(ahead):
        return True
    if _NOW.search(ahead) and not _JOIN.search(ahead):
        return True
    return any(p.match(after) for p in (_NEW_BRACKET, _MAIN_BRACKET, _THIS_ONE, _REPLACES_BEHIND))


def _is_announced(parsed: ParsedText, at: int) -> bool:
    """A sentence right above says that the place of the meeting was changed, or is headed as an update."""
    low = parsed.low
    start = max(0, at - _ABOVE, low.rfind(LINK, max(0, at - _ABOVE), at) + 1)
    if start and low[start - 1] == LINK:  # what stands beside the other link is said of that one
        start = max(low.find("\n", start, at), start)
    for sentence in _SENTENCES.split(low[start:at]):
        if _NEW_LINE.search(sentence):
            return True
        match = _CHANGED_WORD.search(sentence)
        if match is None or _OF_TIME.search(sentence):
            continue
        if _UPDATE_HEAD.match(sentence) or _PLACE.search(sentence):
            return True
    return False
