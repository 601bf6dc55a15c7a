"""A meeting service that is nothing but data: which links are its rooms, and what a room dials, or why it cannot.

Most services have no address that a standards-based room can dial. They are named and shown without a button.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from connector.detection.evidence import dial_evidence, note, won
from connector.detection.parsed_text import Address, Link, ParsedText
from connector.detection.sections import Section, labelled_number, sections
from connector.detection.service import Found, Service, unique
from connector.detection.signature import is_a_persons
from connector.detection.stated import imitates_a_bridge, is_called_a_persons
from connector.detection.urls import Url, host_under
from connector.detection.words import MEETING_ID_LABELS

_USER = re.compile(r"[A-Za-z0-9._+\-]{1,80}")  # what may stand before the @ of an address we make


@dataclass(frozen=True, slots=True)
class LinkOnly:
    """A service whose meetings are told by their links alone.

    ``name``: lower case; it stands in the evidence. ``label``: what people call it.
    ``links``: domain to pattern. The pattern fits the whole path of a meeting's link (``/room``, without a slash at its
    end), or the whole of path, query and fragment as they are written. Its first group is the meeting's id; without a
    group the meeting has none. All links to the domain count as the service's, also those that are no meetings.
    ``server``: the same for ``host/path`` on any host, for software that people run themselves, and for domains whose
    other links have nothing to do with meetings.
    ``not_rooms``: first words of paths that are pages of the service.
    ``dial``: the address a room dials, where it is known to work for every meeting: ``{id}@sip.example.com``.
    ``printed``: domains at which a printed address with the meeting's id is the meeting's. None: any ``sip:`` address
    in the meeting's section of the invitation is. ``()``: none is. Without a link and without ``dial``, a number
    printed at such a domain is a meeting, unless the event has another.
    ``numbered``: a pattern of the meeting's number, where invitations print it beside a link that does not hold it.
    ``reason``: a sentence for people, why a room cannot dial.
    """

    name: str
    label: str
    links: Mapping[str, str]
    server: str = ""
    not_rooms: tuple[str, ...] = ()
    dial: str = ""
    printed: tuple[str, ...] | None = None
    reason: str = ""
    numbered: str = ""

    @property
    def for_browsers(self) -> bool:
        """No meeting of it is dialled, unless the invitation prints a ``sip:`` address."""
        return not (self.dial or self.printed)


@dataclass(frozen=True, slots=True)
class _Row:
    """A ``LinkOnly`` with its patterns made ready."""

    name: str
    links: tuple[tuple[str, re.Pattern[str]], ...]  # domain, pattern of the path
    server: re.Pattern[str] | None
    not_rooms: frozenset[str]
    dial: str
    printed: tuple[str, ...] | None
    reason: str
    for_browsers: bool
    numbered: re.Pattern[str] | None


def service_of(words: LinkOnly) -> Service:
    """Raises ``re.error`` for a pattern that is none."""
    row = _ready(words)

    def find(parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
        hits = [
            (parsed, link, room)
            for parsed in parsed_texts
            for link in parsed.links
            if (room := _room(row, link)) is not None
        ]
        if not hits:
            return _by_address(row, parsed_texts)
        parsed, link, room = min(hits, key=lambda hit: hit[0].order(hit[1].at))
        return [_with_dial(row, _meeting(row, parsed, link, room), parsed_texts, parsed, link, room)]

    def key(_: ParsedText, link: Link) -> tuple[str, str] | None:
        room = _room(row, link)
        return ("link", room or link.url.raw_path) if room is not None else None

    server = f"^(?:{words.server})$" if words.server else ""
    turn = 8 if words.for_browsers else 5
    return Service(words.name, find, tuple(words.links), server=server, key=key, turn=turn)


def _ready(words: LinkOnly) -> _Row:
    return _Row(
        name=words.name,
        links=tuple((domain, re.compile(pattern, re.IGNORECASE)) for domain, pattern in words.links.items()),
        server=re.compile(words.server, re.IGNORECASE) if words.server else None,
        not_rooms=frozenset(words.not_rooms),
        dial=words.dial,
        printed=words.printed,
        reason=words.reason,
        for_browsers=words.for_browsers,
        numbered=re.compile(words.numbered) if words.numbered else None,
    )


def _room(row: _Row, link: Link) -> str | None:
    """The id of the meeting behind the link, ``""`` where it has none; None for a link that is no meeting."""
    url, owner = link.url, link.service
    if owner is not None and owner != row.name:
        return None
    if owner is None:  # asked by each service about each link: cheap things first
        match = row.server.fullmatch(url.host + url.path.rstrip("/")) if row.server else None
        return _first_group(match) if match and not _is_page(row, url.segments) else None
    segments = url.segments
    if not segments or _is_page(row, segments):
        return None
    pattern = next(pattern for domain, pattern in row.links if host_under(url.host, domain))
    return _first_group(pattern.fullmatch("/" + "/".join(segments)) or pattern.fullmatch(_written(url)))


def _is_page(row: _Row, segments: tuple[str, ...]) -> bool:
    return bool(segments) and segments[0].lower() in row.not_rooms


def _written(url: Url) -> str:
    query = f"?{url.query}" if url.query else ""
    return url.raw_path + query + (f"#{url.fragment}" if url.fragment else "")


def _first_group(match: re.Match[str] | None) -> str | None:
    return next(filter(None, match.groups()), "") if match else None


def _meeting(row: _Row, parsed: ParsedText, link: Link, room: str) -> Found:
    lines = [won("meeting_id", parsed.where, f"{row.name}.link", "it stands in the link", room)] if room else []
    lines += [note("join_url", parsed.where, f"unwrap.{rule}", "a rewritten link was undone") for rule in link.wrappers]
    return Found(
        service=row.name,
        where=parsed.where,
        order=parsed.order(link.at),
        rule=f"{row.name}.link",
        meeting_id=room or None,
        join_url=link.url.text,
        evidence=tuple(lines),
        for_browsers=row.for_browsers,
    )


def _with_dial(
    row: _Row, found: Found, parsed_texts: tuple[ParsedText, ...], parsed: ParsedText, link: Link, room: str
) -> Found:
    own = sections(parsed_texts, parsed, link, lambda other: _is_same(row, other, room))
    number = _printed_number(row, own) if row.numbered else None
    if number is not None:
        line = won("meeting_id", found.where, f"{row.name}.number", "the printed meeting number", number)
        found = replace(found, meeting_id=number, evidence=(line, *found.evidence[1:]))
    printed = [
        f"{a.user}@{a.host}" for section in own for a in section.parsed.addresses if _is_own(row, section, a, room)
    ]
    if printed:
        found = replace(found, sip=unique(printed))
        return dial_evidence(found, parsed.where, f"{row.name}.sip.stated", "the invitation states the address")
    if row.dial and _USER.fullmatch(room):
        found = replace(found, sip=(row.dial.format(id=room),))
        return dial_evidence(found, parsed.where, f"{row.name}.sip.derived", "the meeting's id at the service's domain")
    return replace(found, reason=row.reason)


def _printed_number(row: _Row, own: list[Section]) -> str | None:
    assert row.numbered is not None
    found = (labelled_number(section, MEETING_ID_LABELS, row.numbered, at=section.at) for section in own)
    return next(filter(None, found), None)


_NUMBER = re.compile(r"(\d{4,12})(?:\.\d{1,12})?")


def _by_address(row: _Row, parsed_texts: tuple[ParsedText, ...]) -> list[Found]:
    """No link, but ``number@domain`` is printed, at a domain that only has the service's own addresses."""
    if not row.printed or row.dial:
        return []
    hits = [
        (parsed, address, number[1])
        for parsed in parsed_texts
        for address in parsed.addresses
        if host_under(address.host, *row.printed) and (number := _NUMBER.fullmatch(address.user))
    ]
    if not hits:
        return []
    parsed, address, room = min(hits, key=lambda hit: hit[0].order(hit[1].at))
    line = won("meeting_id", parsed.where, f"{row.name}.sip", "it stands in the printed address", room)
    found = Found(
        service=row.name,
        where=parsed.where,
        order=parsed.order(address.at),
        rule=f"{row.name}.sip",
        meeting_id=room,
        sip=(f"{address.user}@{address.host}",),
        evidence=(line,),
        address_only=True,
    )
    return [dial_evidence(found, parsed.where, f"{row.name}.sip.stated", "the invitation states the address")]


def _is_same(row: _Row, link: Link, room: str) -> bool:
    """Another link to the same meeting, or a page of the service."""
    return _room(row, link) in ((None, room) if link.service == row.name else (room,))


def _is_somebodys(parsed: ParsedText, address: Address) -> bool:
    return is_a_persons(parsed, address.at) or is_called_a_persons(parsed, address) or imitates_a_bridge(address.host)


def _is_own(row: _Row, section: Section, address: Address, room: str) -> bool:
    if not section.holds(address.at):
        return False
    if row.printed is None:
        return address.scheme in ("sip", "sips") and not _is_somebodys(section.parsed, address)
    return address.user.partition(".")[0] == room and host_under(address.host, *row.printed)
