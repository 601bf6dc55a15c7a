"""Addresses that a text states for room systems, and those that are somebody's own.

"Cisco system: team@vc.example" is the place to join, whatever is known of the service. "Reach me at sip:kim@..." is
not, nor is an address at a host that imitates a service's bridge.
"""

from __future__ import annotations

import re

from connector.detection.dial_words import PERSON, ROOM, TO_JOIN
from connector.detection.parsed_text import LINK, Address, ParsedText
from connector.detection.urls import host_under

_LINE = 160
_PERSON, _ROOM, _TO_JOIN = re.compile(PERSON), re.compile(ROOM), re.compile(TO_JOIN)
# "Jane Doe <sip:...>", "Jane Doe (sip:...)"
_NAME_BEFORE = re.compile(r"[^\W\d_a-z][\w'’.\-]{0,30}[ ,][ ]?[^\W\d_a-z][\w'’.\-]{1,30} ?[<(]\s?$")
_FIRST_AND_LAST = re.compile(r"[a-z]{2,20}[._\-][a-z]{2,30}", re.IGNORECASE)
_OWNED = re.compile(
    r"(?:\w['’]s|(?<!\w)(?:my|his|her|mein\w{0,2}|mon|ma|mi|mio|mia|meu|minha|mijn|min|mitt|minun|mój|můj|мой|мій))"
    r" (?:[\w\-]{2,14} ){0,2}[\w.\-]{2,14}[ :=\-]{0,4}$"
)
_LABEL_END = re.compile(r"[:=>(→][\s*_<(]{0,4}(?:sips?:|h323:)?$")
_BRIDGES = (
    *("zoomcrc.com", "zoomgov.com", "zoom.us", "webex.com", "bjn.vc", "plcm.vc", "lifesizecloud.com", "onpexip.com"),
    *("pexip.me", "rcv.com", "ringcentral.com", "chime.in", "call.sl", "vidyocloud.com", "teams.microsoft.com"),
)


def imitates_a_bridge(host: str) -> bool:
    """``zoomcrc.com.evil.example``, ``zoomcrc-com.example``: the name of a service's bridge at somebody else's host."""
    if host_under(host, *_BRIDGES):
        return False
    return "zoomcrc" in host or any(
        host.startswith((f"{bridge}.", bridge.replace(".", "-"))) or f".{bridge}." in host for bridge in _BRIDGES
    )


def is_called_a_persons(parsed: ParsedText, address: Address) -> bool:
    """Words of contact stand nearer to the address than words of joining; or it reads as a name, and nothing says that
    one joins there."""
    before, behind = _line(parsed, address.at)
    words = before if before.strip(" \t<(*•-:") else _above(parsed, address.at)
    person, join = _last(_PERSON, words), _last(_TO_JOIN, words)
    if person > join or _OWNED.search(words):
        return True
    if join >= 0:
        return False
    if _NAME_BEFORE.search(parsed.text, max(0, address.at - 64), address.at) or _PERSON.match(behind.lstrip(" >)(,-–")):
        return True
    return parsed.rank > 2 and _FIRST_AND_LAST.fullmatch(address.user) is not None and _last(_ROOM, words) < 0


def is_stated_for_rooms(parsed: ParsedText, address: Address, *, headings: bool = True) -> bool:
    """The words before the address, on its line or, where none are, on the line above, speak of room systems."""
    if address.scheme in ("mailto", "xmpp", "conf:sip") or imitates_a_bridge(address.host):
        return False
    before, _ = _line(parsed, address.at)
    words = before
    if not before.strip(" \t<(*•-:"):
        words = _above(parsed, address.at) if headings else ""
    elif not _LABEL_END.search(before) and _last(_TO_JOIN, before) < 0:
        return False  # "the room system is broken, ticket 4711@..."
    return _last(_ROOM, words) >= 0 and not is_called_a_persons(parsed, address)


def _line(parsed: ParsedText, at: int) -> tuple[str, str]:
    low = parsed.low
    start = max(low.rfind("\n", max(0, at - _LINE), at) + 1, low.rfind(LINK, max(0, at - _LINE), at) + 1, at - _LINE, 0)
    end = low.find("\n", at, at + _LINE)
    line = low[at : end if end >= 0 else at + _LINE]
    return low[start:at], line.partition("@")[2].partition(" ")[2][:60]


def _above(parsed: ParsedText, at: int) -> str:
    line = max(parsed.low.rfind("\n", max(0, at - _LINE), at), 0)
    above = parsed.low[max(0, line - _LINE) : line].rstrip().rpartition("\n")[2]
    return "" if LINK in above or "@" in above else above


def _last(pattern: re.Pattern[str], words: str) -> int:
    place = -1
    for match in pattern.finditer(words):
        place = match.start()
    return place
