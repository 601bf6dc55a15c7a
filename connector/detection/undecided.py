"""Where several live meetings stand in an event and nothing decides: the first has the button, no room joins by itself.

What decides: structured data, words beside a link, quoting, a signature, a complete invitation beside a bare link.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from connector.detection.called_off import SENTENCE, says_called_off
from connector.detection.labels import printed_codes
from connector.detection.parsed_event import ParsedEvent
from connector.detection.parsed_text import ParsedText
from connector.detection.service import Found
from connector.detection.services import key_of
from connector.detection.services.zoom.links import PERSONAL_DIGITS
from connector.detection.signature import parts_of, signature_of
from connector.detection.standings import Sighting, sightings

SEVERAL = "several live meetings stand in the event and nothing tells which one counts: no room joins by itself"
_ASKED = 20  # rivals of the same service that are looked at


def why_undecided(best: Found, others: list[Found], event: ParsedEvent) -> str:
    """The sentence, or "" where something decides. ``others``: the other candidates, with their signatures."""
    if not best.dialable:
        return ""
    if any(says_called_off(parsed) for parsed in event.texts):
        return SENTENCE
    if best.address_only:
        return ""
    if event.doubt:
        return f"{event.doubt}: no room joins by itself"
    if best.undecided:
        return best.undecided
    if any(_is_equal(best, other, event.texts) for other in others) or any(_rivals(best, event)):
        return SEVERAL
    return ""


def _is_equal(best: Found, other: Found, texts: tuple[ParsedText, ...]) -> bool:
    """Another service's meeting that a room could dial as well, in the same kind of place."""
    if not other.dialable or other.address_only or other.signature or other.order[:2] != best.order[:2]:
        return False
    return not is_bare_beside(other, best, texts)


def is_bare_beside(bare: Found, whole: Found, texts: tuple[ParsedText, ...]) -> bool:
    """A link with nothing of an invitation about it, beside a complete one."""
    stated = any(
        line.rule.endswith((".stated", ".interop", "pexip.sip")) or ".cvi." in line.rule for line in bare.evidence
    )
    return not stated and parts_of(bare, texts) == 0 and parts_of(whole, texts) >= 2


def _rivals(best: Found, event: ParsedEvent) -> Iterator[Sighting]:
    """Other meetings of the same service, in the same kind of place, that no word and no signature puts behind."""
    seen = sightings(event.texts, key_of)
    own = next((s for s in seen if s.parsed.order(s.link.at) == best.order), None)
    if own is None:
        return
    rivals = (s for s in seen if s.key != own.key and s.key[:2] == own.key[:2])
    equal = (s for s in rivals if s.parsed.order(s.link.at)[:2] == best.order[:2])
    for rival in islice(equal, _ASKED):
        found = _as_found(best, rival)
        if not is_bare_beside(found, best, event.texts) and not signature_of(found, event.texts):
            yield rival


def _as_found(best: Found, rival: Sighting) -> Found:
    """The rival as its service would have found it, as far as it is asked here."""
    kind, number = rival.key[1], rival.key[2]
    personal = kind == "room" or (best.service == "zoom" and len(number) == PERSONAL_DIGITS)
    code = next((c for c in printed_codes(rival.parsed) if rival.link.at <= c.at < _next(rival)), None)
    return replace(
        best,
        where=rival.parsed.where,
        order=rival.parsed.order(rival.link.at),
        meeting_id=number if number.isdecimal() else None,
        join_url=rival.link.url.text,
        passcode_text=code.value if code else None,
        personal=personal,
        sip=tuple(f"{number}@{address.partition('@')[2]}" for address in best.sip if number.isdecimal()),
        h323=(),
        evidence=(),
    )


def _next(rival: Sighting) -> int:
    """Where the next meeting's link stands."""
    return min(
        (link.at for link in rival.parsed.links if link.opens_meeting and link.at > rival.link.at),
        default=len(rival.parsed.text),
    )
