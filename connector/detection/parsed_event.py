"""The texts of one event, each read once: detection and the admin's rules look at the same parsed texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from connector.detection.parsed_text import ParsedText, is_title
from connector.detection.quoting import below_headers
from connector.detection.services import BY_CALENDARS, HOSTS, key_of
from connector.detection.standings import with_standings
from connector.detection.text_parser import parse_text
from connector.model import SourceText

# Characters of one text that are read: its first and its last million. Reading costs about a second a megabyte, and a
# calendar that is full of pasted books must not hold up the others; invitations stand at the beginning or at the end.
MAX_TEXT = 2_000_000

# What clients put before the title of an event that was called off; not all of them set the flag, too.
_CALLED_OFF = re.compile(
    r"\s{0,4}(?:cancel+ed(?: event)?|abgesagt|annulé[e]?|cancelad[oa]|annullat[oa]|geannuleerd|inställt|avlyst|aflyst"
    r"|peruutettu|odwołane|anulowane|zrušeno|отменено|скасовано|iptal edildi"
    r"|キャンセル済み|取り消し済み|취소됨|已取消)\s?[:：]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ParsedEvent:
    """``texts``: best place first. ``called_off``: the title says that the event is cancelled. ``doubt``: a sentence
    where the texts contradict each other. ``cut``: places whose text was too long to be read whole."""

    texts: tuple[ParsedText, ...]
    called_off: bool
    doubt: str = ""
    cut: tuple[str, ...] = ()


def parse(texts: tuple[SourceText, ...] | ParsedEvent) -> ParsedEvent:
    """Pure and total: no input raises. What is parsed already is given back."""
    if isinstance(texts, ParsedEvent):
        return texts
    cut = tuple(text.where for text in texts if len(text.content) > MAX_TEXT)
    parsed = (below_headers(parse_text(_ends(text), HOSTS)) for text in texts)
    ordered = tuple(sorted(parsed, key=lambda text: text.rank))
    told, doubt = with_standings(ordered, key_of, BY_CALENDARS)
    return ParsedEvent(told, _called_off(texts), doubt, cut)


def _ends(text: SourceText) -> SourceText:
    """Of a very long text its beginning and its end."""
    if len(text.content) <= MAX_TEXT:
        return text
    half = MAX_TEXT // 2
    return replace(text, content=f"{text.content[:half]}\n{text.content[-half:]}")


def _called_off(texts: Iterable[SourceText]) -> bool:
    """Some clients leave it in the title."""
    return any(is_title(text.where) and _CALLED_OFF.match(text.content) is not None for text in texts)
