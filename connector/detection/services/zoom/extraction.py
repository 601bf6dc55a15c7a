"""All that the texts of an event hold for Zoom, in the order of precedence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from connector.detection.labels import Code, OneTap, PrintedId, one_taps, printed_codes, printed_ids
from connector.detection.parsed_text import ParsedText
from connector.detection.services.zoom.links import ZoomLink, classify, is_placeholder
from connector.detection.services.zoom.printed_addresses import PrintedAddress, printed_h323, printed_sip


@dataclass(frozen=True, slots=True)
class Extraction:
    """All that the texts hold for Zoom, in the order of precedence."""

    parsed_texts: tuple[ParsedText, ...]
    links: tuple[ZoomLink, ...]
    sip: tuple[PrintedAddress, ...]
    h323: tuple[PrintedAddress, ...]
    taps: tuple[tuple[ParsedText, OneTap], ...]
    printed: tuple[tuple[ParsedText, PrintedId], ...]
    codes: tuple[tuple[ParsedText, Code], ...]


def extract(parsed_texts: tuple[ParsedText, ...]) -> Extraction:
    links = [z for parsed in parsed_texts for link in parsed.links if (z := classify(parsed, link)) is not None]
    return Extraction(
        parsed_texts,
        tuple(sorted(links, key=lambda z: z.parsed.order(z.at))),
        tuple(sorted((s for parsed in parsed_texts for s in printed_sip(parsed)), key=lambda s: s.parsed.order(s.at))),
        tuple(sorted((s for parsed in parsed_texts for s in printed_h323(parsed)), key=lambda s: s.parsed.order(s.at))),
        _ordered(
            (parsed, tap) for parsed in parsed_texts for tap in one_taps(parsed) if not is_placeholder(tap.meeting_id)
        ),
        _ordered((parsed, number) for parsed in parsed_texts for number in printed_ids(parsed)),
        _ordered((parsed, code) for parsed in parsed_texts for code in printed_codes(parsed)),
    )


_Printed = TypeVar("_Printed", OneTap, PrintedId, Code)


def _ordered(hits: Iterable[tuple[ParsedText, _Printed]]) -> tuple[tuple[ParsedText, _Printed], ...]:
    return tuple(sorted(hits, key=lambda hit: hit[0].order(hit[1].at)))
