"""Mail that is quoted without ``>``: what stands below Outlook's header block, or below "On ... wrote:", is older.

Such a mark counts only where a meeting stands above it. A body that is nothing but a forwarded invitation is the
event's own, with or without a word of greeting above it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from connector.detection.labels import one_taps, printed_ids
from connector.detection.parsed_text import ParsedText

_LINE = 400  # a longer line is no header
_BLOCK = 12  # lines of a header block that are looked at
_MARKS = 20  # marks that are tried: below the first one with a meeting above it, all is quoted

# The labels of a header block as mail programs write them: en de fr es it pt nl sv da no fi pl cs hu ro ru uk tr el
# ja zh ko he ar. All lower case.
_SENDER = (
    "from|von|de|da|van|från|fra|lähettäjä|od|feladó|de la|от|від|kimden|gönderen|από|差出人|送信者|发件人|寄件者"
    "|寄件人|보낸 사람|보낸사람|מאת|من"
)
_DATE = (
    "sent|date|gesendet|datum|envoyé|envoyé le|date d'envoi|enviado|enviado el|enviado em|enviada em|fecha|data"
    "|inviato|verzonden|skickat|sendt|dato|lähetetty|päivämäärä|päiväys|wysłano|odesláno|elküldve|dátum|trimis"
    "|отправлено|дата|надіслано|gönderildi|gönderilme tarihi|tarih|στάλθηκε|ημερομηνία|送信日時|日付|发送时间|寄件日期"
    "|日期|보낸 날짜|날짜|נשלח|תאריך|تاريخ الإرسال|تم الإرسال|التاريخ"
)
_TO = (
    "to|cc|an|kopie|à|pour|para|a|per|aan|till|til|kopi|vastaanottaja|kopio|do|komu|dw|címzett|către|кому|копия|копія"
    "|kime|alıcı|bilgi|προς|κοιν|宛先|收件人|抄送|收件者|副本|받는 사람|받는사람|참조|אל|לכבוד|עותק|إلى|نسخة"
)
_SUBJECT = (
    "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|emne|aihe|temat|předmět|predmet|tárgy|subiect|тема"
    "|konu|θέμα|件名|主题|主題|제목|נושא|الموضوع"
)
_HEADER = re.compile(
    rf"[ \t*_]{{0,8}}(?:(?P<sender>{_SENDER})|(?P<date>{_DATE})|(?P<to>{_TO})|(?P<subject>{_SUBJECT}))"
    r"[ \t*_]{0,4}:(?P<value>.*)"
)
_TIME = re.compile(r"[ \t*_]{0,8}\d{1,2}\s?(?:[:.h]\d\d|uhr\b|am\b|pm\b|$)")
_RULE = re.compile(
    r"[ \t*_]{0,8}-{3,40}[ \t]?(?:original message|original appointment|forwarded message"
    r"|urspr.ngliche nachricht|originalnachricht|urspr.nglicher termin|weitergeleitete nachricht"
    r"|message d'origine|message d’origine|message original|rendez-vous d'origine|message transféré|message transf.r."
    r"|mensaje original|cita original|mensaje reenviado|messaggio originale|appuntamento originale|messaggio inoltrato"
    r"|mensagem original|compromisso original|mensagem encaminhada|oorspronkelijk bericht|oorspronkelijke afspraak"
    r"|doorgestuurd bericht|ursprungligt meddelande|oprindelig meddelelse|opprinnelig melding|alkuperäinen viesti"
    r"|wiadomość oryginalna|oryginalna wiadomość|původní zpráva|eredeti üzenet|исходное сообщение"
    r"|пересылаемое сообщение|оригінальне повідомлення|özgün ileti|orijinal mesaj"
    r"|元のメッセージ|原始邮件|原始郵件|원본 메시지)[ \t]?-{3,40}"
)
# "On Mon, 6 Apr 2026 at 14:12, Kim <kim@example.org> wrote:", over two lines at most.
_WROTE = re.compile(
    r"(?:\bwrote|\bschrieb\b.{0,120}|\ba écrit|\bescribió|\bha scritto|\bescreveu|\bschreef\b.{0,120}|\bskrev\b.{0,120}"
    r"|\bkirjoitti|\bnapisał\(a\)|\bnapisała?|\bnapsala?|\bnapsal\(a\)|\bírta|\ba scris|\bпишет|\bнаписала?|\bпише"
    r"|\bписала?|\bşunu yazdı|\byazdı|\bέγραψε|写道|寫道|のメール|書きました|작성)[ \t]?:[ \t*_]{0,4}$"
)
_DATED = re.compile(r"\b(?:19|20)\d\d\b|\d{1,2}[:.]\d\d|@")


# The same block on one line, or on two, as texts have it that lost their line ends.
_SUBJECT_WORDS = tuple(_SUBJECT.split("|"))
_LABEL = r"(?<![^\s*_>;])(?:{})[ \t*_]{{0,4}}:"
_SENDER_ON_LINE, _DATE_ON_LINE, _SUBJECT_ON_LINE = (
    re.compile(_LABEL.format(words)) for words in (_SENDER, _DATE, _SUBJECT)
)


def below_headers(parsed: ParsedText) -> ParsedText:
    """``parsed`` with all below the first header block that has a meeting above it marked as quoted."""
    starts = sorted([*_starts(parsed), *_starts_on_a_line(parsed), *_wrote_on_a_line(parsed)])
    if not starts:
        return parsed
    meeting = _first_meeting(parsed)
    start = next((start for start in starts if meeting is not None and meeting < start), None)
    if start is None:
        return parsed
    turns = [turn for turn in parsed.quoted_lines if turn <= start]
    return replace(parsed, quoted_lines=(*turns, start))


def _first_meeting(parsed: ParsedText) -> int | None:
    """Where the first meeting stands that is not quoted by ``>``: its link, its printed number, or a dial address."""
    places = [link.at for link in parsed.links if link.opens_meeting or link.opaque]
    places += [number.at for number in printed_ids(parsed) if number.strong]
    places += [tap.at for tap in one_taps(parsed)]
    places += [a.at for a in parsed.addresses if a.scheme in ("sip", "sips", "h323") or a.user[:5].isdecimal()]
    return min((at for at in places if not parsed.quoted(at)), default=None)


def _starts(parsed: ParsedText) -> Iterator[int]:
    """Where marks of quoting begin, up to ``_MARKS``. A part that has ``>`` needs no other mark."""
    lines = _lines(parsed.low)
    kinds = [_kind(line) for _, line in lines]
    found = 0
    index = 0
    while index < len(lines) and found < _MARKS:
        at, line = lines[index]
        length = _mark_length(lines, kinds, index) if len(line) <= _LINE else 0
        follows = lines[index + length][0] if index + length < len(lines) else at
        if length and not parsed.quoted(at) and not parsed.quoted(follows):
            found += 1
            wrapped = _wrapped_wrote(lines, index) and not parsed.quoted(lines[index - 1][0])
            yield lines[index - 1][0] if wrapped else at
        index += length or 1


def _starts_on_a_line(parsed: ParsedText) -> Iterator[int]:
    """Where header blocks on one line begin, up to ``_MARKS``: sender, who is no time of day, then date and subject."""
    if not any(word in parsed.low for word in _SUBJECT_WORDS):
        return
    found = 0
    for match in _SENDER_ON_LINE.finditer(parsed.low):
        rest = "\n".join(parsed.low[match.end() : match.end() + _LINE].split("\n", 2)[:2])
        if _TIME.match(rest) or not (_DATE_ON_LINE.search(rest) and _SUBJECT_ON_LINE.search(rest)):
            continue
        if not parsed.quoted(match.start()):
            yield match.start()
        found += 1
        if found == _MARKS:
            return


_WROTE_WORDS = (
    *("wrote", "schrieb", "a écrit", "escribió", "ha scritto", "escreveu", "schreef", "skrev", "kirjoitti", "napisał"),
    *("napisała", "пишет", "написал", "написала"),
)
_WROTE_ON_LINE = re.compile(rf"(?<!\w)(?:{'|'.join(_WROTE_WORDS)})[ \t]?:(?=[ \t])")


def _wrote_on_a_line(parsed: ParsedText) -> Iterator[int]:
    """Behind "On ... wrote:" in the middle of a line, up to ``_MARKS``."""
    if not any(word in parsed.low for word in _WROTE_WORDS):
        return
    for match in islice(_WROTE_ON_LINE.finditer(parsed.low), _MARKS):
        at = match.start()
        if _DATED.search(parsed.low, max(0, at - 120), at) and not parsed.quoted(at):
            yield match.end()


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines that are not blank, with their offsets."""
    found: list[tuple[int, str]] = []
    at = 0
    for line in text.split("\n"):
        if line.strip():
            found.append((at, line))
        at += len(line) + 1
    return found


def _mark_length(lines: list[tuple[int, str]], kinds: list[str], index: int) -> int:
    """How many lines the mark of quoting has that begins here; 0 where none does."""
    line = lines[index][1]
    if "---" in line and _RULE.match(line) is not None:
        return 1
    if _ends_in_a_colon(line) and _says_wrote(line) and (_DATED.search(line) or _wrapped_wrote(lines, index)):
        return 1
    return _block_length(kinds, index)


def _wrapped_wrote(lines: list[tuple[int, str]], index: int) -> bool:
    """The second line of "On ... wrote:": the date stands on the first."""
    line = lines[index][1]
    if index == 0 or not _ends_in_a_colon(line) or not _says_wrote(line) or _HAS_YEAR.search(line):
        return False
    above = lines[index - 1][1]
    return (
        len(above) <= _LINE and lines[index][0] - lines[index - 1][0] == len(above) + 1 and bool(_DATED.search(above))
    )


_HAS_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def _ends_in_a_colon(line: str) -> bool:
    return line.rstrip(" \t*_").endswith(":")


# A part of each word of ``_WROTE``: cheap to look for, and most lines have none.
_WROTE_PARTS = (
    *("wrote", "schrieb", "écrit", "escribi", "scritto", "escrev", "schreef", "skrev", "kirjoitti", "napis", "naps"),
    *("írta", "scris", "пишет", "писал", "пише", "yazdı", "έγραψε", "写道", "寫道", "のメール", "書きました", "작성"),
)


def _says_wrote(line: str) -> bool:
    return any(part in line for part in _WROTE_PARTS) and _WROTE.search(line) is not None


def _kind(line: str) -> str:
    """sender, date, to, subject; "more" for what may go on with a list of receivers; "" for any other line."""
    if len(line) > _LINE:
        return ""
    match = _HEADER.fullmatch(line) if ":" in line else None
    if match is None:
        return "more" if "@" in line or ";" in line else ""
    if match["sender"] and (_TIME.match(match["value"]) or not match["value"].strip()):
        return ""
    return next(name for name in ("sender", "date", "to", "subject") if match[name])


def _block_length(kinds: list[str], index: int) -> int:
    """A header block: the sender, who is no time of day, and two more of date, receiver and subject.

    "From: 10:00, To: 11:00" of an agenda is none, nor is "From: Berlin, To: Hamburg".
    """
    if kinds[index] in ("", "more"):
        return 0
    block = kinds[index : index + _BLOCK]
    block = block[: block.index("")] if "" in block else block
    return len(block) if "sender" in block and len({*block} - {"more"}) >= 3 else 0
