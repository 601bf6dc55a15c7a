"""What a spreadsheet program has made of a cell that was typed rightly: the likely mistake, and what to do about it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from connector.settings.messages import shown
from connector.settings.spreadsheet import INVISIBLE, is_formula_error

_AS_TEXT = "format the column as text and type the value again."
_UNSEEN = re.compile(rf"[{INVISIBLE}\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_QUOTES = "\"'`´‘’‚‛“”„‟«»‹›′″"
_TEXT_FORMULA = re.compile(r"=\s*\"([^\"]*)\"")  # ="007", by which Excel is told to leave a text alone
_SHORTENED = re.compile(r"[+-]?\d+(?:[.,]\d+E[+-]?\d+|E\+\d+)", re.IGNORECASE)
_MONTH = (
    "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|march|april|june|july|sept"  # English
    "|jän|mär|mrz|märz|mai|juni|juli|okt|dez|janv|févr|mars|avr|juin|juil|août|déc"  # German, French
    "|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|mrt|mei|fev|out)"  # Spanish, Italian, Dutch, Portuguese
)
_DATE = re.compile(
    r"\d{1,2}([./-])\d{1,2}\1(?:19|20)\d\d|\d{1,2}/\d{1,2}(?:/\d\d)?|(?:19|20)\d\d([./-])\d{1,2}\2\d{1,2}"
    rf"|\d{{1,2}}[./\- ]{{1,2}}{_MONTH}(?:[./\- ]{{1,2}}(?:\d{{4}}|\d\d))?\.?|{_MONTH}[./\- ]{{1,2}}(?:\d{{4}}|\d\d)",
    re.IGNORECASE,
)
_TIME = re.compile(r"[ T]?\d{1,2}:\d\d(?::\d\d)?(?: ?[AP]M)?", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"{_MONTH}\b.*", re.IGNORECASE)
_DAY_NUMBER = re.compile(r"[3-5]\d{4}(?:[.,]\d+)?")  # days since 1900, for dates of 1982 to 2064

_TAKES_ALL = frozenset({"id", "ip_address", "calendar", "serial_number", "connector", "credential"})
_PATHS = frozenset({"calendar", "tls", "connector", "template"})  # quotes may be part of a name
_FOR_PEOPLE = frozenset({"name", "site"})


def mistake_in_refused(column: str, text: str) -> str | None:
    """For a cell that its column refuses: the rest of a sentence, where a spreadsheet program explains the refusal."""
    if column == "credential":  # what was typed may be a password
        return _unseen(column, text)
    if column == "calendar" and _is_link(text):
        return _in_link(text)
    found = _damage(text) or _unseen(column, text) or _quoted(column, text)
    if found:
        return found
    if _DATE.fullmatch(text) or _TIME.fullmatch(_DATE.sub("", text, count=1)):
        return f"{shown(text)} is a date or a time that the spreadsheet program has made of what was typed; {_AS_TEXT}"
    if _DAY_NUMBER.fullmatch(text) and column != "port":
        return f"{shown(text)} is a number, perhaps what the spreadsheet program keeps for a date; {_AS_TEXT}"
    return None


def mistake_in_accepted(column: str, text: str) -> str | None:
    """For a cell that its column takes: the rest of a sentence where it can still not be what was typed."""
    if column not in _TAKES_ALL:
        return None
    if column == "credential":
        return _unseen(column, text)
    if column == "ip_address" and _DATE.fullmatch(text) and not _MONTH_FIRST.fullmatch(text):
        return mistake_in_refused(column, text)
    if column == "calendar" and _is_link(text):
        return _in_link(text)
    return _damage(text) or _unseen(column, text) or _quoted(column, text)


def doubt(column: str, text: str) -> str | None:
    """For a cell that is taken: the rest of a warning. Ids and names may look like dates and be meant so."""
    if column in _FOR_PEOPLE and (is_formula_error(text) or _SHORTENED.fullmatch(text)):
        return _damage(text)
    if (column in _FOR_PEOPLE or column in ("id", "serial_number", "calendar")) and _DATE.fullmatch(text):
        return f"{shown(text)} looks like a date that the spreadsheet program has made of it; if so, {_AS_TEXT}"
    return None


def _is_link(text: str) -> bool:
    """Any part of a calendar's link may be its secret: such a cell is never repeated."""
    return re.search(r":/|//", _UNSEEN.sub("", text).replace("\\", "/")) is not None


def _in_link(text: str) -> str | None:
    """The same mistakes as elsewhere, of a cell that may not be shown."""
    if text.startswith("="):
        return "is a formula, which nothing works out here; paste the link itself (it is not shown here)."
    if found := _UNSEEN.search(text):
        name = unicodedata.name(found[0], f"U+{ord(found[0]):04X}").lower()
        return f"the link has a character in it that cannot be seen ({name}); paste it again (it is not shown here)."
    if text[0] in _QUOTES or text[-1] in "“”„‘’«»":  # a straight one may end a link
        return "the link has quotation marks around it; take them away (it is not shown here)."
    return None


def _damage(text: str) -> str | None:
    if is_formula_error(text):
        return f"{shown(text)} is what a formula shows when it fails; type the value itself."
    if text.startswith("="):
        inner = _TEXT_FORMULA.fullmatch(text)
        remedy = f"did you mean {shown(inner[1])}?" if inner else "type the value itself."
        return f"{shown(text)} is a formula, which nothing works out here; {remedy}"
    if _SHORTENED.fullmatch(text):
        return f"{shown(text)} is a long number that the spreadsheet program has shortened; {_AS_TEXT}"
    return None


def _unseen(column: str, text: str) -> str | None:
    """Characters that look like nothing or like a blank; a ``pin:`` is read without them."""
    found = _UNSEEN.search(text)
    if not found:
        return None
    name = unicodedata.name(found[0], f"U+{ord(found[0]):04X}").lower()
    value, again = ("the value", "") if column == "credential" else (shown(text), f" as {shown(_seen(column, text))}")
    return f"{value} has a character in it that cannot be seen ({name}); type it again{again}."


def _seen(column: str, text: str) -> str:
    blank = {"id": "-", "ip_address": "", "port": "", "serial_number": ""}.get(column, " ")
    seen = _UNSEEN.sub(lambda found: blank if found[0].isspace() else "", text)
    return re.sub(r" *([/:]) *", r"\1", seen) if column in ("timezone", "tls") else seen


def _quoted(column: str, text: str) -> str | None:
    bare = text.strip(_QUOTES) if column in _PATHS else re.sub(f"[{_QUOTES}]", "", text)
    if bare == text or (column in _PATHS and not (text[0] in _QUOTES and text[-1] in _QUOTES)):
        return None
    return f"{shown(text)} has quotation marks in it; did you mean {shown(bare.strip())}?"


def lost_zeros(rooms: Iterable[tuple[int, Mapping[str, str]]]) -> Iterator[tuple[int, str]]:
    """(row, the rest of a warning) for ids of digits only that had zeros in front, as their rows or other ids tell.

    ``rooms``: row number and cells.
    """
    numbered = [(row, cells) for row, cells in rooms if re.fullmatch("[0-9]+", cells.get("id", ""))]
    padded = {len(cells["id"]): cells["id"] for _, cells in numbered if cells["id"].startswith("0")}
    for row, cells in numbered:
        text = cells["id"]
        beside = re.compile(rf"(?<![0-9.])0+{text}(?![0-9])")
        found = (
            match for column in ("calendar", "name", "credential") if (match := beside.search(cells.get(column, "")))
        )
        whole = next((match[0] for match in found), None)
        width = min((width for width in padded if width > len(text)), default=0)
        if whole:
            yield row, f"{shown(text)} has perhaps lost zeros in front, as the row also says {shown(whole)}; {_AS_TEXT}"
        elif width and not text.startswith("0"):
            other = shown(padded[width])
            yield row, f"{shown(text)} has perhaps lost zeros in front, as there is also the id {other}; {_AS_TEXT}"
