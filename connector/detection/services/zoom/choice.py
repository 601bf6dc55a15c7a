"""Which meeting it is: the id of the join link; else of a stated SIP address; else of what is printed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from connector.detection.hosts import service_of_host
from connector.detection.page import Page
from connector.detection.services.zoom.links import DOMAINS, ZoomLink
from connector.detection.services.zoom.reading import Reading
from connector.detection.urls import host_under

_ZOOM_WORD = re.compile(r"(?<![a-z0-9@.\-])zoom(?![a-z0-9])(?! (?:in|out)\b)|줌|ズーム|זום|зум|زوم")
_OTHER_WORD = re.compile(
    r"microsoft teams|webex|腾讯会议|騰訊會議|voov|tencent meeting|ringcentral|gotomeeting|飞书|钉钉|bluejeans"
)


@dataclass(frozen=True, slots=True)
class Choice:
    meeting_id: str
    page: Page
    at: int
    rule: str
    why: str
    personal: ZoomLink | None = None


def choose(reading: Reading) -> Choice | None:
    joins = [z for z in reading.links if z.kind == "join"]
    if joins:
        return Choice(joins[0].meeting_id, joins[0].page, joins[0].at, "zoom.link", "the id stands in the join link")
    if reading.sip:
        stated = reading.sip[0]
        return Choice(stated.meeting_id, stated.page, stated.at, "zoom.sip", "the id stands in the SIP address")
    personal = next((z for z in reading.links if z.kind == "personal"), None)
    return _choose_printed(reading, personal)


def _choose_printed(reading: Reading, personal: ZoomLink | None) -> Choice | None:
    """No link and no SIP address names the meeting: a printed number may, where the text is about Zoom."""
    named = personal is not None or _speaks_of_zoom(reading)
    others = _speaks_of_others(reading.pages)
    if named and not others:
        if reading.h323:
            stated = reading.h323[0]
            return Choice(stated.meeting_id, stated.page, stated.at, "zoom.h323", "the id stands in the H.323 address")
        if reading.taps:
            page, tap = reading.taps[0]
            return Choice(tap.meeting_id, page, tap.at, "zoom.onetap", "the id stands in the one-tap line", personal)
    later = any(z.kind in ("registration", "recording") for z in reading.links) and personal is None
    for page, number in reading.printed:
        if number.digits.startswith("0") or later:  # a number beside a recording or a registration admits nobody
            continue
        if named and (number.grouped_3_4_4 or (not others and (number.strong or personal is not None))):
            return Choice(
                number.digits, page, number.at, "zoom.label", "the id is printed in a text about Zoom", personal
            )
        if not named and not others and number.strong and number.grouped_3_4_4 and _code_near(reading, page, number.at):
            why = "only Zoom prints eleven digits as 3-4-4 with a passcode; the text does not name the service"
            return Choice(number.digits, page, number.at, "zoom.inferred", why)
    return None


def _speaks_of_zoom(reading: Reading) -> bool:
    if any(z.kind != "help" for z in reading.links) or any(_ZOOM_WORD.search(page.low) for page in reading.pages):
        return True
    # Mimecast cannot be undone, but it names the domain behind the link.
    opaque = [link.url for page in reading.pages for link in page.links if link.opaque]
    return any(host_under(url.param("domain") or "", *DOMAINS) for url in opaque)


def _speaks_of_others(pages: tuple[Page, ...]) -> bool:
    if any(_OTHER_WORD.search(page.low) for page in pages):
        return True
    return any(service_of_host(link.url.host) not in (None, "zoom") for page in pages for link in page.links)


def _code_near(reading: Reading, page: Page, at: int) -> bool:
    return any(where is page and 0 < code.at - at < 300 for where, code in reading.codes)
