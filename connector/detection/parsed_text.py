"""One source text of an event, read once: visible text, links in place, addresses, gateways, what is quoted.

All services look at the same ``ParsedText``; offsets are positions in ``ParsedText.text``. In the text a printed web
link is replaced by ``LINK``, so its digits cannot be taken for a meeting id, a phone number or a passcode.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from connector.detection.urls import Url

LINK = "\ufffc"
# Of each kind of thing, this many are looked at in one text, from its beginning. No invitation has as many; without a
# bound, a text made of nothing else would cost a hundred times what prose costs.
MOST_LINKS = 300
MOST = 120  # labels, numbers, addresses


class Standing(IntEnum):
    """What a text says of one of its meetings beside others: smaller is believed first."""

    WANTED = 0  # called new, current, or the main one
    PLAIN = 1  # nothing is said of it
    CHOICE = 2  # called an alternative
    RESERVE = 3  # for the case that another one fails
    QUOTED = 4  # in an older mail
    OVER = 5


@dataclass(frozen=True, slots=True)
class Link:
    """``service``: whose host it leads to, as the table of hosts says. ``opens_meeting``: a link of any meeting system,
    also of one that runs on hosts of its own."""

    url: Url  # unwrapped
    at: int
    service: str | None = None
    opens_meeting: bool = False
    wrappers: tuple[str, ...] = ()
    opaque: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """``user@host`` as printed or linked. ``scheme``: sip, sips, h323, mailto or "" for bare text."""

    user: str = field(repr=False)
    host: str
    at: int
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class ParsedText:
    where: str
    rank: int  # smaller is believed first, see source_rank
    text: str = field(repr=False)
    low: str = field(repr=False)  # lower case, same offsets
    links: tuple[Link, ...] = field(repr=False, default=())
    addresses: tuple[Address, ...] = field(repr=False, default=())
    gateways: tuple[tuple[str, int], ...] = ()  # printed IPv4 addresses
    tel: tuple[tuple[str, int], ...] = field(repr=False, default=())  # tel: links, decoded
    hidden: str = field(repr=False, default="")  # what stands in comments: nobody sees it
    quoted_lines: tuple[int, ...] = field(repr=False, default=())  # offsets where quoting starts, ends, starts ...
    standings: Mapping[int, Standing] = field(
        repr=False, default_factory=dict
    )  # of places with more to say than quoting

    def quoted(self, at: int) -> bool:
        return bisect_right(self.quoted_lines, at) % 2 == 1

    def standing(self, at: int) -> Standing:
        known = self.standings.get(at)
        return known if known is not None else Standing.QUOTED if self.quoted(at) else Standing.PLAIN

    def order(self, at: int) -> tuple[int, int, int]:
        """Sort key of a sighting: by what the text says of it, then the better source, then what stands higher."""
        return (self.standing(at), self.rank, at)


def source_rank(where: str) -> int:
    """The one precedence of the places of an event, and the words that calendars use for them in ``SourceText.where``:

    ``conference``   structured data of the calendar: Google's conferenceData and hangoutLink, Graph's onlineMeeting and
                     onlineMeetingUrl, iCalendar's CONFERENCE, EWS's JoinOnlineMeetingUrl
    ``online``       hidden properties that a client added: X- properties, extended and named properties; they may be
                     older than what people see
    ``location``     every location, its display name and its URI
    ``url``          the event's own link (iCalendar's URL, Google's source)
    ``description``, ``html``   the body as text and as HTML; any other word counts as body, too
    ``title``        the subject

    A number may follow a word (``location2``). Earlier is believed first where two of them name different meetings.
    """
    name = where.lower()
    for rank, word in enumerate(("conference", "online", "location", "url")):
        if name.startswith(word):
            return rank
    return 5 if is_title(where) else 4


def is_title(where: str) -> bool:
    return where.lower().startswith(("title", "summary", "subject"))
