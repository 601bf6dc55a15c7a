"""What a room dials: the stated hosts, else Zoom's bridge; the printed gateways, and the regions beside them."""

from __future__ import annotations

import re

from connector.detection.parsed_text import ParsedText
from connector.detection.services.zoom.attribution import Attribution
from connector.detection.services.zoom.extraction import Extraction
from connector.detection.services.zoom.links import GOVERNMENT
from connector.detection.services.zoom.printed_addresses import BRIDGE
from connector.detection.services.zoom.selection import Selection
from connector.detection.urls import host_under


def addresses(
    extraction: Extraction, selection: Selection, attribution: Attribution, passcode: str | None
) -> tuple[list[str], list[str]]:
    user = f"{selection.meeting_id}.{passcode}" if passcode else selection.meeting_id
    hosts = [stated.host for stated in extraction.sip if stated.meeting_id == selection.meeting_id]
    if _is_government(extraction, selection):
        hosts = [host for host in hosts if host_under(host, GOVERNMENT)]
    else:
        hosts.append(BRIDGE)
    tail = f"#{passcode}" if passcode else ""
    gateways = [stated.host for stated in extraction.h323 if stated.meeting_id == selection.meeting_id]
    gateways += _printed_gateways(extraction.parsed_texts, attribution)
    return [f"{user}@{host}" for host in hosts], [f"{ip}##{selection.meeting_id}{tail}" for ip in gateways]


def _is_government(extraction: Extraction, selection: Selection) -> bool:
    links = [z for z in extraction.links if z.meeting_id == selection.meeting_id or z is selection.personal]
    if (
        not links
    ):  # the number is only printed: a page of the government's cloud tells whose it is, and so does its name
        links = [z for z in extraction.links if z.government]
        if any(_GOVERNMENT_NAME.search(parsed.low) for parsed in extraction.parsed_texts):
            return True
    return any(z.government for z in links[:1]) or any(
        stated.meeting_id == selection.meeting_id and host_under(stated.host, GOVERNMENT) for stated in extraction.sip
    )


_GOVERNMENT_NAME = re.compile(r"(?<![a-z0-9])zoom ?gov(?![a-z])|zoom for government|zoomgov\.com")
_H323_HEADING = re.compile(r"h\.?323")
_MAX_GATEWAYS = 40
_LIST_WITHIN = 4000  # characters from the meeting to an entry of its list: gateway lists are long


def _printed_gateways(parsed_texts: tuple[ParsedText, ...], attribution: Attribution) -> list[str]:
    """The addresses listed below an H.323 heading. There are at least two generations of them, so none is built in."""
    found: list[str] = []
    for parsed in parsed_texts:
        heading = _H323_HEADING.search(parsed.low)
        if heading is None:
            continue
        previous = heading.end()
        for ip, at in parsed.gateways:
            if at < heading.start() or len(found) >= _MAX_GATEWAYS:
                continue
            if at - previous > 400:
                break  # the list is over
            previous = at
            if parsed.text[at + len(ip) : at + len(ip) + 2] != "##" and attribution.owns(parsed, at, _LIST_WITHIN):
                found.append(ip)
    return found


_REGION = re.compile(r"[ \t]{0,4}[(（\-:][ \t]{0,3}(?P<name>[^\d\n()（）@:]{2,40})[)）\n]")


def regions(parsed_texts: tuple[ParsedText, ...], gateways: set[str]) -> tuple[tuple[str, str], ...]:
    """What stands behind each address of the list: ``192.0.2.37 (US West)``."""
    found: dict[str, str] = {}
    for parsed in parsed_texts:
        for ip, at in parsed.gateways:
            label = _REGION.match(parsed.text, at + len(ip)) if ip in gateways else None
            if label:
                found.setdefault(ip, label["name"].strip())
    return tuple(found.items())
