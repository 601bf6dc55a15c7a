"""What a room dials: the stated hosts, else Zoom's bridge; the printed gateways, and the regions beside them."""

from __future__ import annotations

import re

from connector.detection.page import Page
from connector.detection.services.zoom.choice import Choice
from connector.detection.services.zoom.links import GOVERNMENT
from connector.detection.services.zoom.owners import Owners
from connector.detection.services.zoom.reading import Reading
from connector.detection.services.zoom.stated import BRIDGE
from connector.detection.urls import host_under


def addresses(reading: Reading, choice: Choice, owners: Owners, passcode: str | None) -> tuple[list[str], list[str]]:
    user = f"{choice.meeting_id}.{passcode}" if passcode else choice.meeting_id
    hosts = [stated.host for stated in reading.sip if stated.meeting_id == choice.meeting_id]
    if _is_government(reading, choice):
        hosts = [host for host in hosts if host_under(host, GOVERNMENT)]
    else:
        hosts.append(BRIDGE)
    tail = f"#{passcode}" if passcode else ""
    gateways = [stated.host for stated in reading.h323 if stated.meeting_id == choice.meeting_id]
    gateways += _printed_gateways(reading.pages, owners)
    return [f"{user}@{host}" for host in hosts], [f"{ip}##{choice.meeting_id}{tail}" for ip in gateways]


def _is_government(reading: Reading, choice: Choice) -> bool:
    links = [z for z in reading.links if z.meeting_id == choice.meeting_id or z is choice.personal]
    return any(z.government for z in links[:1]) or any(
        stated.meeting_id == choice.meeting_id and host_under(stated.host, GOVERNMENT) for stated in reading.sip
    )


_H323_HEADING = re.compile(r"h\.?323")
_MAX_GATEWAYS = 40
_LIST_WITHIN = 4000  # characters from the meeting to an entry of its list: gateway lists are long


def _printed_gateways(pages: tuple[Page, ...], owners: Owners) -> list[str]:
    """The addresses listed below an H.323 heading. There are at least two generations of them, so none is built in."""
    found: list[str] = []
    for page in pages:
        heading = _H323_HEADING.search(page.low)
        if heading is None:
            continue
        previous = heading.end()
        for ip, at in page.gateways:
            if at < heading.start() or len(found) >= _MAX_GATEWAYS:
                continue
            if at - previous > 400:
                break  # the list is over
            previous = at
            if page.text[at + len(ip) : at + len(ip) + 2] != "##" and owners.owns(page, at, _LIST_WITHIN):
                found.append(ip)
    return found


_REGION = re.compile(r"[ \t]{0,4}[(（\-:][ \t]{0,3}(?P<name>[^\d\n()（）@:]{2,40})[)）\n]")


def regions(pages: tuple[Page, ...], gateways: set[str]) -> tuple[tuple[str, str], ...]:
    """What stands behind each address of the list: ``192.0.2.37 (US West)``."""
    found: dict[str, str] = {}
    for page in pages:
        for ip, at in page.gateways:
            label = _REGION.match(page.text, at + len(ip)) if ip in gateways else None
            if label:
                found.setdefault(ip, label["name"].strip())
    return tuple(found.items())
