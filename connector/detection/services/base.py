"""The one small shape that every meeting service has: a name and a function from pages to candidates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from connector.detection.hosts import DOMAINS, service_of_host
from connector.detection.labels import Code, number_after, occurrences, only_digits, printed_codes
from connector.detection.page import Address, Link, Page
from connector.detection.urls import host_under
from connector.model import Evidence
from device_drivers.api import redact_address

Order = tuple[int, int, int]  # quoted, rank of the source, place in it: smaller is better


@dataclass(frozen=True, slots=True)
class Found:
    """One candidate meeting. ``sip``/``h323`` as in JoinInfo. Evidence tells of its fields and of what lost."""

    service: str
    where: str
    order: Order
    rule: str  # what made it a candidate, e.g. "zoom.link"
    joinable: bool = True
    reason: str = ""  # a sentence, mostly why it is not joinable or has no address
    meeting_id: str | None = None
    passcode: str | None = field(default=None, repr=False)
    passcode_text: str | None = field(default=None, repr=False)
    join_url: str | None = field(default=None, repr=False)
    join_shown: str = ""
    sip: tuple[str, ...] = field(default=(), repr=False)
    h323: tuple[str, ...] = field(default=(), repr=False)
    evidence: tuple[Evidence, ...] = ()

    @property
    def dialable(self) -> bool:
        return self.joinable and bool(self.sip or self.h323)


@dataclass(frozen=True, slots=True)
class Service:
    """``find`` gets all pages of an event, best source first, and returns its candidates, best first."""

    name: str
    find: Callable[[tuple[Page, ...]], list[Found]]


def won(field_name: str, where: str, rule: str, reason: str, shown: str = "") -> Evidence:
    return _evidence(field_name, where, rule, "won", reason, shown)


def lost(field_name: str, where: str, rule: str, reason: str, shown: str = "") -> Evidence:
    return _evidence(field_name, where, rule, "lost", reason, shown)


def note(field_name: str, where: str, rule: str, reason: str, shown: str = "") -> Evidence:
    return _evidence(field_name, where, rule, "note", reason, shown)


def _evidence(
    field_name: str, where: str, rule: str, verdict: Literal["won", "lost", "note"], reason: str, shown: str
) -> Evidence:
    return Evidence(field_name, where, rule, verdict, reason, shown[:160])


def dial_evidence(found: Found, where: str, rule: str, reason: str) -> Found:
    """``found`` with a line of evidence for each address it would dial."""
    lines = [won("sip", where, rule, reason, _shown(address)) for address in found.sip[:4]]
    lines += [won("h323", where, rule, reason, _shown(address)) for address in found.h323[:4]]
    return replace(found, evidence=(*found.evidence, *lines))


def _shown(address: str) -> str:
    """Redacted; some bridges write the code behind dollar signs: ``id$$code@host``."""
    return redact_address(re.sub(r"\$[^@]*", "$***", address))


def links_of(pages: tuple[Page, ...], service: str) -> list[tuple[Page, Link]]:
    """Every link to one of the service's domains, the one to believe first."""
    domains = DOMAINS[service]
    hits = [(page, link) for page in pages for link in page.links if host_under(link.url.host, *domains)]
    return sorted(hits, key=lambda hit: hit[0].order(hit[1].at))


def addresses(pages: tuple[Page, ...]) -> Iterator[tuple[Page, Address]]:
    for page in pages:
        for address in page.addresses:
            yield page, address


def unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def code_by(page: Page, at: int, service: str, *, numeric: bool = False) -> Code | None:
    """The printed passcode that stands nearest below a link (or just above it), unless another service is between.

    ``numeric``: the nearest one that a room can send.
    """
    below: Code | None = None
    above: Code | None = None
    for code in printed_codes(page):
        if numeric and code.numeric is None:
            continue
        if at - 300 <= code.at < at:
            above = code
        elif at <= code.at <= at + 1500:
            below = code
            break
    for code in filter(None, (below, above)):
        low, high = sorted((at, code.at))
        between = (service_of_host(link.url.host) for link in page.links if low <= link.at <= high)
        if all(name in (None, service) for name in between):
            return code
    return None


def labelled_number(page: Page, labels: tuple[str, ...], shape: re.Pattern[str], *, start: int = 0) -> str | None:
    """The first number of this shape that stands behind one of the labels, as digits only."""
    hits: list[tuple[int, str]] = []
    for label in labels:
        for at in occurrences(page.low, label):
            if at < start:
                continue
            match = number_after(page.text, at + len(label), shape)
            if match:
                hits.append((match.start(), only_digits(match[0])))
    return min(hits)[1] if hits else None
