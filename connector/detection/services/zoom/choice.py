"""Which meeting it is: the id of the join link; else of a stated SIP address; else of what is printed."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from connector.detection.hosts import service_of_host
from connector.detection.outdated import says_outdated
from connector.detection.page import Page
from connector.detection.services.zoom.links import DOMAINS, ZoomLink, is_placeholder
from connector.detection.services.zoom.reading import Reading
from connector.detection.signature import times_printed, why_signature
from connector.detection.urls import host_under

_ZOOM_WORD = re.compile(r"(?<![a-z0-9@.\-])zoom(?![a-z0-9])(?! (?:in|out)\b)|줌|ズーム|זום|зум|زوم")
_OTHER_WORD = re.compile(
    r"microsoft teams|webex|腾讯会议|騰訊會議|voov|tencent meeting|ringcentral|gotomeeting|飞书|钉钉|bluejeans"
)
# A bare name says little beside Zoom's own; where Zoom is not named, it forbids to guess.
_OTHER_NAME = re.compile(
    r"(?<![a-z0-9@.\-])(?:teams|webex|skype|lync|goto|google meet|hangouts?|meet\.google|voov|tencent|lark|feishu"
    r"|dingtalk|whereby|jitsi|chime|lifesize|starleaf|pexip|dialpad|zoho|jiomeet|discord|slack|bigbluebutton|vidyo"
    r"|livestorm|clickmeeting|adobe connect|blackboard)(?![a-z0-9])"
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
    """What the text calls outdated gives way to any other meeting, also to one that no room can dial."""
    current = _not_outdated(reading)
    if current is None:
        return _newest(reading)
    choice = _newest(current)
    if choice is not None:
        return replace(choice, why=f"{choice.why}; the text calls another one outdated")
    return None if any(z.kind == "personal" for z in current.links) else _newest(reading)


def _newest(reading: Reading) -> Choice | None:
    """What is not quoted first, even a printed id: a link in an older mail is another meeting's."""
    new = _not_quoted(reading)
    choice = _choose(new, reading) if new is not None else None
    return choice or _choose(reading, reading)


def _choose(part: Reading, reading: Reading) -> Choice | None:
    """The meeting of ``part``, which may be all of ``reading``."""
    joins = [z for z in part.links if z.kind == "join"]
    if joins:
        link, why = _not_in_a_signature(reading, [z for z in reading.links if z.kind == "join"])
        return Choice(link.meeting_id, link.page, link.at, "zoom.link", why)
    if part.sip:
        stated = part.sip[0]
        return Choice(stated.meeting_id, stated.page, stated.at, "zoom.sip", "the id stands in the SIP address")
    personal = next((z for z in part.links if z.kind == "personal"), None)
    return _choose_printed(part, personal, reading)


def _not_outdated(reading: Reading) -> Reading | None:
    """None where there is no other meeting, or none is called outdated."""
    numbers = {z.meeting_id for z in reading.links if z.kind in ("join", "personal")}
    if len(numbers | {number.digits for _, number in reading.printed if number.strong}) < 2:
        return None
    old = {z.meeting_id for z in reading.links if z.kind == "join" and says_outdated(z.page, z.at)}
    old |= {number.digits for page, number in reading.printed if number.strong and says_outdated(page, number.at)}
    if not old:
        return None
    return replace(
        reading,
        links=tuple(z for z in reading.links if z.meeting_id not in old),
        sip=tuple(s for s in reading.sip if s.meeting_id not in old),
        h323=tuple(s for s in reading.h323 if s.meeting_id not in old),
        taps=tuple((page, tap) for page, tap in reading.taps if tap.meeting_id not in old),
        printed=tuple((page, number) for page, number in reading.printed if number.digits not in old),
    )


def _not_quoted(reading: Reading) -> Reading | None:
    """None where nothing is quoted."""
    if not any(page.quoted_lines for page in reading.pages):
        return None
    return replace(
        reading,
        links=tuple(z for z in reading.links if not z.page.quoted(z.at)),
        sip=tuple(s for s in reading.sip if not s.page.quoted(s.at)),
        h323=tuple(s for s in reading.h323 if not s.page.quoted(s.at)),
        taps=tuple((page, tap) for page, tap in reading.taps if not page.quoted(tap.at)),
        printed=tuple((page, n) for page, n in reading.printed if n.strong and not page.quoted(n.at)),
    )


_LOOK_AT = 5  # further meetings of the event that are asked


def _not_in_a_signature(reading: Reading, joins: list[ZoomLink]) -> tuple[ZoomLink, str]:
    """The first link; but where it reads as a signature, the first one below it that reads as an invitation.

    Only somebody's own room gives way to a link that is quoted.
    """
    first = joins[0]
    others = {z.meeting_id: z for z in reversed(joins[1:]) if z.meeting_id != first.meeting_id and z.at > first.at}
    below = [z for z in reversed(others.values()) if z.page is first.page]
    alike = [z for z in below if first.page.quoted(z.at) == first.page.quoted(first.at)]
    older = [z for z in below if first.page.quoted(z.at) > first.page.quoted(first.at)] if first.personal_room else []
    for places, rivals in (([], alike), ([z.at for z in older], older)):
        signature = _why_signature(reading, first, places) if rivals else ""
        for other in rivals[:_LOOK_AT] if signature else []:
            if not _why_signature(reading, other, [first.at]):
                return other, f"the id stands in the join link; another one is {signature}"
    return first, "the id stands in the join link"


def _why_signature(reading: Reading, link: ZoomLink, others: list[int]) -> str:
    stated = any(stated.meeting_id == link.meeting_id for stated in reading.sip)
    token = not link.personal_room and link.link.url.param("pwd") is not None
    marks = times_printed(link.page, link.meeting_id) + stated + token
    return why_signature(link.page, link.at, marks=marks, personal=link.personal_room, others=others)


def _choose_printed(part: Reading, personal: ZoomLink | None, reading: Reading) -> Choice | None:
    """No link and no SIP address names the meeting: a printed number may, where the text is about Zoom."""
    named = personal is not None or _speaks_of_zoom(reading)
    others = _speaks_of_others(reading.pages)
    if named and not others:
        if part.h323:
            stated = part.h323[0]
            return Choice(stated.meeting_id, stated.page, stated.at, "zoom.h323", "the id stands in the H.323 address")
        if part.taps:
            page, tap = part.taps[0]
            return Choice(tap.meeting_id, page, tap.at, "zoom.onetap", "the id stands in the one-tap line", personal)
    later = any(z.kind in ("registration", "recording") for z in reading.links) and personal is None
    for page, number in part.printed:
        # A number beside a recording or a registration admits nobody.
        if later or number.digits.startswith("0") or is_placeholder(number.digits):
            continue
        if named and (number.grouped_3_4_4 or (not others and (number.strong or personal is not None))):
            return Choice(
                number.digits, page, number.at, "zoom.label", "the id is printed in a text about Zoom", personal
            )
        unnamed = not named and not others and not _names_others(reading.pages)
        if unnamed and number.strong and number.grouped_3_4_4 and _code_near(reading, page, number.at):
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


def _names_others(pages: tuple[Page, ...]) -> bool:
    return any(_OTHER_NAME.search(page.low) for page in pages)


def _code_near(reading: Reading, page: Page, at: int) -> bool:
    return any(where is page and 0 < code.at - at < 300 for where, code in reading.codes)
