"""Services that are recognised by their link alone: most have no address that a room can dial."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from connector.detection.hosts import DOMAINS
from connector.detection.page import Link, Page
from connector.detection.services.base import Found, Order, Service, dial_evidence, note, unique, won
from connector.detection.urls import Url, host_under


@dataclass(frozen=True, slots=True)
class _Room:
    """One row: which links are rooms, and what a room dials. ``domain``: where ``id@domain`` is known to work."""

    name: str
    is_room: Callable[[Url], str | None]
    reason: str = ""
    domain: str = ""
    printed: tuple[str, ...] = ()  # domains whose printed ``id@domain`` belongs to the meeting


def _segment(pattern: str, *, index: int = 0, count: int = 1) -> Callable[[Url], str | None]:
    shape = re.compile(pattern)

    def room(url: Url) -> str | None:
        parts = url.segments
        return parts[index] if count <= len(parts) <= count + 1 and shape.fullmatch(parts[index]) else None

    return room


_WHEREBY_PAGES = frozenset(["information", "blog", "user", "org", "about", "pricing", "login", "signup", "embed"])


def _whereby(url: Url) -> str | None:
    parts = url.segments
    return parts[0] if len(parts) == 1 and parts[0].lower() not in _WHEREBY_PAGES else None


def _jitsi(url: Url) -> str | None:
    parts = url.segments
    if host_under(url.host, "8x8.vc"):
        return "/".join(parts[:3]) if len(parts) >= 2 else None
    return parts[-1] if 1 <= len(parts) <= 2 and parts[0] not in ("static", "images", "css", "libs") else None


def _skype(url: Url) -> str | None:
    return url.segments[-1] if len(url.segments) >= (3 if host_under(url.host, "meet.lync.com") else 1) else None


ROOMS = (
    _Room("jitsi", _jitsi, "Jitsi has no address that a room can dial, unless its owner runs a gateway and prints it"),
    _Room("whereby", _whereby, "Whereby has no address that a room can dial"),
    _Room(
        "chime", _segment(r"\d{10,13}|[a-z][a-z0-9\-]{3,40}"), "Amazon Chime's room address is not known for certain"
    ),
    _Room("skype", _skype, "Skype for Business meetings cannot be dialled by a standards-based room"),
    _Room("lifesize", _segment(r"\d{4,10}"), domain="lifesizecloud.com", printed=("lifesizecloud.com",)),
    _Room("starleaf", _segment(r"\d{6,12}"), "the StarLeaf address is not printed", printed=("call.sl",)),
)


def _is_jitsi_host(url: Url) -> bool:
    return "jitsi" in url.host.split(".")[:-2] or url.host.startswith("jitsi")


def _finder(room: _Room) -> Callable[[tuple[Page, ...]], list[Found]]:
    def find(pages: tuple[Page, ...]) -> list[Found]:
        hits: list[tuple[Order, Page, Link, str]] = []
        for page in pages:
            for link in page.links:
                known = host_under(link.url.host, *DOMAINS[room.name])
                if (known or (room.name == "jitsi" and _is_jitsi_host(link.url))) and (name := room.is_room(link.url)):
                    hits.append((page.order(link.at), page, link, name))
        if not hits:
            return []
        order, page, link, name = min(hits, key=lambda hit: hit[0])
        return [_meeting(room, pages, page, link, name, order)]

    return find


def _meeting(room: _Room, pages: tuple[Page, ...], page: Page, link: Link, name: str, order: Order) -> Found:
    lines = [won("meeting_id", page.where, f"{room.name}.link", "the room's name stands in the link", name)]
    lines += [note("join_url", page.where, f"unwrap.{rule}", "a rewritten link was undone") for rule in link.wrappers]
    found = Found(
        service=room.name,
        where=page.where,
        order=order,
        rule=f"{room.name}.link",
        meeting_id=name,
        join_url=link.url.text,
        join_shown=link.url.shown,
        evidence=tuple(lines),
    )
    printed = [
        f"{a.user}@{a.host}"
        for p in pages
        for a in p.addresses
        if (room.printed and a.user.partition(".")[0] == name and host_under(a.host, *room.printed))
        or (not room.printed and a.scheme in ("sip", "sips") and room.name != "skype")
    ]
    if printed:
        found = replace(found, sip=unique(printed))
        return dial_evidence(found, page.where, f"{room.name}.sip.stated", "the invitation states the address")
    if room.domain:
        found = replace(found, sip=(f"{name}@{room.domain}",))
        return dial_evidence(found, page.where, f"{room.name}.sip.derived", "extension at the service's domain")
    return replace(found, reason=room.reason)


SERVICES = tuple(Service(room.name, _finder(room)) for room in ROOMS)
