"""All that the pages of an event hold for Zoom, in the order of precedence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from connector.detection.labels import Code, OneTap, PrintedId, one_taps, printed_codes, printed_ids
from connector.detection.page import Page
from connector.detection.services.zoom.links import ZoomLink, classify, is_placeholder
from connector.detection.services.zoom.stated import Stated, stated_h323, stated_sip


@dataclass(frozen=True, slots=True)
class Reading:
    """All that the pages hold for Zoom, in the order of precedence."""

    pages: tuple[Page, ...]
    links: tuple[ZoomLink, ...]
    sip: tuple[Stated, ...]
    h323: tuple[Stated, ...]
    taps: tuple[tuple[Page, OneTap], ...]
    printed: tuple[tuple[Page, PrintedId], ...]
    codes: tuple[tuple[Page, Code], ...]


def read(pages: tuple[Page, ...]) -> Reading:
    links = [z for page in pages for link in page.links if (z := classify(page, link)) is not None]
    return Reading(
        pages,
        tuple(sorted(links, key=lambda z: z.page.order(z.at))),
        tuple(sorted((s for page in pages for s in stated_sip(page)), key=lambda s: s.page.order(s.at))),
        tuple(sorted((s for page in pages for s in stated_h323(page)), key=lambda s: s.page.order(s.at))),
        _ordered((page, tap) for page in pages for tap in one_taps(page) if not is_placeholder(tap.meeting_id)),
        _ordered((page, number) for page in pages for number in printed_ids(page)),
        _ordered((page, code) for page in pages for code in printed_codes(page)),
    )


_Printed = TypeVar("_Printed", OneTap, PrintedId, Code)


def _ordered(hits: Iterable[tuple[Page, _Printed]]) -> tuple[tuple[Page, _Printed], ...]:
    return tuple(sorted(hits, key=lambda hit: hit[0].order(hit[1].at)))
