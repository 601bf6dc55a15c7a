"""A meeting service that is nothing but data: which links are its rooms, and what a room dials, or why it cannot.

Most services have no address that a standards-based room can dial. They are named and shown without a button.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from connector.detection.hosts import service_of_host
from connector.detection.page import Address, Link, Page
from connector.detection.service import Found, Part, Service, dial_evidence, note, parts, unique, won
from connector.detection.signature import is_a_persons
from connector.detection.urls import Url, host_under

_USER = re.compile(r"[A-Za-z0-9._+\-]{1,80}")  # what may stand before the @ of an address we make


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    links: tuple[tuple[str, re.Pattern[str]], ...]  # domain, pattern of the path
    server: re.Pattern[str] | None
    not_rooms: frozenset[str]
    dial: str
    printed: tuple[str, ...] | None
    reason: str


def plain(
    name: str,
    links: Mapping[str, str],
    *,
    server: str = "",
    not_rooms: Iterable[str] = (),
    dial: str = "",
    printed: tuple[str, ...] | None = None,
    reason: str = "",
) -> Service:
    """The service whose meetings are told by their links alone.

    ``links``: domain to pattern. The pattern fits the whole path of a meeting's link (``/room``, without a slash at its
    end), or the whole of path, query and fragment as they are written. Its first group is the meeting's id; without a
    group the meeting has none. All links to the domain count as the service's, also those that are no meetings.
    ``server``: the same for ``host/path`` on any host, for software that people run themselves, and for domains whose
    other links have nothing to do with meetings.
    ``not_rooms``: first words of paths that are pages of the service.
    ``dial``: the address a room dials, where it is known to work for every meeting: ``{id}@sip.example.com``.
    ``printed``: domains at which a printed address with the meeting's id is the meeting's. None: any ``sip:`` address
    in the meeting's part of the invitation is. ``()``: none is. Without a link and without ``dial``, a number
    printed at such a domain is a meeting, unless the event has another.
    ``reason``: a sentence for people, why a room cannot dial.
    """
    patterns = tuple((domain, re.compile(pattern, re.IGNORECASE)) for domain, pattern in links.items())
    here = re.compile(server, re.IGNORECASE) if server else None
    row = _Row(name, patterns, here, frozenset(not_rooms), dial, printed, reason)

    def find(pages: tuple[Page, ...]) -> list[Found]:
        hits = [
            (page, link, room) for page in pages for link in page.links if (room := _room(row, link.url)) is not None
        ]
        if not hits:
            return _by_address(row, pages)
        page, link, room = min(hits, key=lambda hit: hit[0].order(hit[1].at))
        return [_with_dial(row, _meeting(row, page, link, room), pages, page, link, room)]

    turn = 5 if dial or printed else 8
    return Service(name, find, tuple(links), server=f"^(?:{server})$" if server else "", turn=turn)


def _room(row: _Row, url: Url) -> str | None:
    """The id of the meeting behind the link, ``""`` where it has none; None for a link that is no meeting."""
    owner = service_of_host(url.host)
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


def _meeting(row: _Row, page: Page, link: Link, room: str) -> Found:
    lines = [won("meeting_id", page.where, f"{row.name}.link", "it stands in the link", room)] if room else []
    lines += [note("join_url", page.where, f"unwrap.{rule}", "a rewritten link was undone") for rule in link.wrappers]
    return Found(
        service=row.name,
        where=page.where,
        order=page.order(link.at),
        rule=f"{row.name}.link",
        meeting_id=room or None,
        join_url=link.url.text,
        evidence=tuple(lines),
        for_browsers=not (row.dial or row.printed),
    )


def _with_dial(row: _Row, found: Found, pages: tuple[Page, ...], page: Page, link: Link, room: str) -> Found:
    own = parts(pages, page, link, lambda other: _is_same(row, other.url, room))
    printed = [f"{a.user}@{a.host}" for part in own for a in part.page.addresses if _is_own(row, part, a, room)]
    if printed:
        found = replace(found, sip=unique(printed))
        return dial_evidence(found, page.where, f"{row.name}.sip.stated", "the invitation states the address")
    if row.dial and _USER.fullmatch(room):
        found = replace(found, sip=(row.dial.format(id=room),))
        return dial_evidence(found, page.where, f"{row.name}.sip.derived", "the meeting's id at the service's domain")
    return replace(found, reason=row.reason)


_NUMBER = re.compile(r"(\d{4,12})(?:\.\d{1,12})?")


def _by_address(row: _Row, pages: tuple[Page, ...]) -> list[Found]:
    """No link, but ``number@domain`` is printed, at a domain that only has the service's own addresses."""
    hits = [
        (page, address, number[1])
        for page in pages
        for address in page.addresses
        if row.printed
        and not row.dial
        and host_under(address.host, *row.printed)
        and (number := _NUMBER.fullmatch(address.user))
    ]
    if not hits:
        return []
    page, address, room = min(hits, key=lambda hit: hit[0].order(hit[1].at))
    line = won("meeting_id", page.where, f"{row.name}.sip", "it stands in the printed address", room)
    found = Found(
        service=row.name,
        where=page.where,
        order=page.order(address.at),
        rule=f"{row.name}.sip",
        meeting_id=room,
        sip=(f"{address.user}@{address.host}",),
        evidence=(line,),
        address_only=True,
    )
    return [dial_evidence(found, page.where, f"{row.name}.sip.stated", "the invitation states the address")]


def _is_same(row: _Row, url: Url, room: str) -> bool:
    """Another link to the same meeting, or a page of the service."""
    return _room(row, url) in ((None, room) if service_of_host(url.host) == row.name else (room,))


def _is_own(row: _Row, part: Part, address: Address, room: str) -> bool:
    if not part.holds(address.at):
        return False
    if row.printed is None:
        return address.scheme in ("sip", "sips") and not is_a_persons(part.page, address.at)
    return address.user.partition(".")[0] == room and host_under(address.host, *row.printed)
