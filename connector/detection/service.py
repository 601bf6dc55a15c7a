"""The one small shape that every meeting service has: a name, its links, and a function from texts to candidates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from connector.detection.parsed_text import Link, ParsedText
from connector.model import Evidence

Order = tuple[int, int, int]  # standing, rank of the source, place in it: smaller is better


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
    sip: tuple[str, ...] = field(default=(), repr=False)
    h323: tuple[str, ...] = field(default=(), repr=False)
    evidence: tuple[Evidence, ...] = ()
    regions: tuple[tuple[str, str], ...] = ()  # as in JoinInfo
    added_by_calendars: bool = False  # calendars put this service's link into every event: it proves little
    for_browsers: bool = False  # rooms reach no meeting of this service, unless the invitation prints an address
    personal: bool = False  # somebody's own room, whose link people also write into signatures
    signature: str = ""  # why it is taken for a signature, where other meetings stand beside it; set by ``detect``
    undecided: str = ""  # why the service itself could not tell which of several meetings counts
    address_only: bool = False  # an address that nothing calls a meeting's: it may be a room's or a person's own

    @property
    def dialable(self) -> bool:
        return self.joinable and bool(self.sip or self.h323)


@dataclass(frozen=True, slots=True)
class Service:
    """``find`` gets all texts of an event, best source first, and returns its candidates, best first.

    ``domains``, ``schemes`` and ``server`` tell its links from others': no number may be taken for another meeting's.
    """

    name: str
    find: Callable[[tuple[ParsedText, ...]], list[Found]]
    domains: tuple[str, ...] = ()  # hosts of its links, with everything below them
    schemes: tuple[str, ...] = ()  # of links that open its program
    server: str = ""  # a pattern to be found in ``host/path``, for software that anybody runs on a host of their own
    # (kind of link, id) of the live meeting behind a link of this service; None for any other link. Links of one kind
    # with different ids are different meetings. Without it, nobody asks what the text says of the service's links.
    key: Callable[[ParsedText, Link], tuple[str, str] | None] | None = None
    added_by_calendars: bool = False  # calendars put its link into every event: it contradicts no other meeting
    turn: int = 5  # where two meetings stand at the very same place, the smaller number is first


def unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
