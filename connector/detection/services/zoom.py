"""Zoom: every link form, stated SIP and H.323 addresses, one-tap lines, printed ids and passcodes.

What decides the meeting: the id of the join link; else of a stated SIP or H.323 address; else of a one-tap line or
a printed label, where the text speaks of Zoom. The room's passcode is a number: the ``pwd=`` value of a link is an
encrypted token that no room can dial.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from connector.detection.hosts import DOMAINS, names_a_meeting, service_of_host
from connector.detection.labels import (
    Code,
    OneTap,
    PrintedId,
    code_below,
    foreign_ids,
    one_taps,
    only_digits,
    printed_codes,
    printed_ids,
)
from connector.detection.page import LINK, Link, Page
from connector.detection.services.base import Found, Service, dial_evidence, lost, note, unique, won
from connector.detection.urls import host_under
from connector.model import Evidence

BRIDGE = "zoomcrc.com"  # the commercial cloud's SIP domain; Zoom for Government has another one
GOVERNMENT = "zoomgov.com"

# ------------------------------------------------------------------------------------------------ links

# Help pages, images, statistics: never a meeting.
_NOT_MEETINGS = frozenset(
    [
        "support",
        "status",
        "marketplace",
        "blog",
        "blogs",
        "explore",
        "learn",
        "learning",
        "community",
        "developers",
        "devforum",
        "devsupport",
        "success",
        "trust",
        "partner",
        "partners",
        "investors",
        "careers",
        "brand",
        "assets",
        "st1",
        "st2",
        "st3",
        "file",
        "file-paa",
        "logfiles",
        "us06st1",
        "us06st2",
        "us06st3",
    ]
)
_JOIN_PATH = re.compile(
    r"^/+(?:j|w|s|wc/join|wc|skype|meeting|meetings)/+(?P<id>\d[\d \-]{0,20})(?P<rest>.*)$", re.I | re.S
)
_PERSONAL = re.compile(r"^/+(?:my|wc/my)/+[^/]+", re.I)
_ID_MISSING = re.compile(r"^/+(?:j|w|s|wc/join)/*$", re.I)
_PAGES = (
    (re.compile(r"^/+rec(?:ording)?(?:/|$)", re.I), "recording", "the link leads to a recording"),
    (re.compile(r"/register(?:/|$)", re.I), "registration", "the link leads to a registration; its id comes later"),
    (re.compile(r"^/+(?:ejl|ev|e)/", re.I), "events", "a Zoom Events lobby is personal; a room cannot dial it"),
    (re.compile(r"^/+u/", re.I), "numbers", "the link leads to a list of phone numbers"),
    (re.compile(r"^/+launch/", re.I), "launch", "the link opens a chat or a document, not a meeting"),
    (re.compile(r"/(?:ical|ics|calendar)(?:/|$)", re.I), "calendar", "the link is a calendar download"),
)
# Which of several links to one meeting is shown as its join link: smaller is better.
_FORM_RANK = {"j": 0, "w": 0, "join": 1, "wc": 2, "meeting": 2, "s": 3, "skype": 9}


@dataclass(frozen=True, slots=True)
class _ZoomLink:
    kind: str  # join, personal, or the kind of page that is no meeting
    page: Page
    link: Link
    meeting_id: str = ""
    form: str = ""
    shown_url: str = field(default="", repr=False)
    why: str = ""

    @property
    def at(self) -> int:
        return self.link.at

    @property
    def government(self) -> bool:
        return host_under(self.link.url.host, GOVERNMENT)

    @property
    def preference(self) -> tuple[int, int]:
        """A whole link with its token before a cut one, the plain form before the browser's or the host's."""
        has_token = any(word in self.link.url.text for word in ("pwd=", "tk=", "password="))
        return (_FORM_RANK.get(self.form, 5), 0 if has_token else 1)


def _classify(page: Page, link: Link) -> _ZoomLink | None:
    url = link.url
    app = url.scheme in ("zoommtg", "zoomus")
    if not app and not host_under(url.host, *DOMAINS["zoom"]):
        return None
    if url.host.partition(".")[0] in _NOT_MEETINGS:
        return _ZoomLink("help", page, link, why="a help or status page of Zoom")
    for pattern, kind, why in _PAGES:
        if pattern.search(url.path):
            return _ZoomLink(kind, page, link, why=why)
    number = url.param("confno", "confid") if (app or "join" in url.path or "start" in url.path) else None
    if number and 9 <= len(only_digits(number)) <= 11:
        return _ZoomLink("join", page, link, only_digits(number), "join", url.text)
    match = _JOIN_PATH.match(url.path)
    if match:
        return _join_link(page, link, match)
    if _ID_MISSING.match(url.path):
        return _completed(page, link, "")
    if _PERSONAL.match(url.path):
        return _ZoomLink("personal", page, link, form="my", shown_url=url.text)
    return _ZoomLink("page", page, link, why="a page of Zoom without a meeting")


def _join_link(page: Page, link: Link, match: re.Match[str]) -> _ZoomLink:
    digits = only_digits(match["id"])
    segment = link.url.segments[0].lower()
    if len(digits) < 9:
        return _completed(page, link, digits)
    if len(digits) > 11:
        return _ZoomLink("page", page, link, why="the number in the link is too long for a meeting id")
    text = link.url.text
    if match["rest"] and match["rest"][0] not in "/?#":  # the "?" before pwd= is missing, or a word is glued on
        cut = text.find(match["id"].rstrip()) if match["id"].rstrip() in text else -1
        text = text[: cut + len(match["id"].rstrip())] if cut >= 0 else text
    return _ZoomLink("join", page, link, digits, segment, text)


_TOKEN = re.compile(r"\?[A-Za-z0-9._~=&%\-]{1,200}")
_REST_OF_ID = re.compile(r"[ \n\-]{0,3}\d{1,11}(?:[ \-]\d{3,4}){0,2}(?!\d)")


def _completed(page: Page, link: Link, digits: str) -> _ZoomLink:
    """The id was cut off by a space or a line wrap: its rest stands right behind the link."""
    after = link.at + 1 if page.text[link.at : link.at + 1] == LINK else link.at
    match = _REST_OF_ID.match(page.text, after)
    whole = digits + only_digits(match[0]) if match else digits
    if match is None or not 9 <= len(whole) <= 11 or link.url.query:
        return _ZoomLink("page", page, link, why="the link holds no whole meeting id")
    token = _TOKEN.match(page.text, match.end())
    base = link.url.text[: len(link.url.text) - len(digits)] if digits else link.url.text.rstrip("/") + "/"
    return _ZoomLink(
        "join",
        page,
        link,
        whole,
        link.url.segments[0].lower() if link.url.segments else "j",
        base + whole + (token[0] if token else ""),
    )


# ------------------------------------------------------------------------------- stated SIP and H.323 addresses

_REGIONAL = re.compile(r"(?:^|\.)zm[a-z0-9]{2}\.us$")
_DIAL_STRING = re.compile(
    r"(?<![\d.])(?P<ip>\d{1,3}(?:\.\d{1,3}){3}) ?## ?(?P<id>\d{9,11})(?:#(?P<code>\d{1,10})?)?(?!\d)"
)


def is_bridge(host: str) -> bool:
    return host_under(host, BRIDGE, GOVERNMENT) or _REGIONAL.search(host) is not None


@dataclass(frozen=True, slots=True)
class _Stated:
    """``id[.code[.layout[.hostkey]]]@bridge`` or ``IP##id[#code]``; layout and host key are left behind."""

    page: Page
    at: int
    meeting_id: str
    host: str
    code: str | None = field(default=None, repr=False)


def _stated_sip(page: Page) -> list[_Stated]:
    found = []
    for address in page.addresses:
        if not is_bridge(address.host):
            continue
        number, _, rest = address.user.partition(".")
        code = rest.partition(".")[0]
        if number.isdigit() and 9 <= len(number) <= 11:
            found.append(_Stated(page, address.at, number, address.host, code if _is_code(code) else None))
    return found


def _stated_h323(page: Page) -> list[_Stated]:
    if "##" not in page.text:
        return []
    return [_Stated(page, m.start(), m["id"], m["ip"], m["code"]) for m in _DIAL_STRING.finditer(page.text)]


def _is_code(text: str | None) -> bool:
    return bool(text) and text is not None and text.isdigit() and len(text) <= 10


# ------------------------------------------------------------------------------------------- reading the pages


@dataclass(frozen=True, slots=True)
class _Reading:
    """All that the pages hold for Zoom, in the order of precedence."""

    pages: tuple[Page, ...]
    links: tuple[_ZoomLink, ...]
    sip: tuple[_Stated, ...]
    h323: tuple[_Stated, ...]
    taps: tuple[tuple[Page, OneTap], ...]
    printed: tuple[tuple[Page, PrintedId], ...]
    codes: tuple[tuple[Page, Code], ...]


def _read(pages: tuple[Page, ...]) -> _Reading:
    links = [z for page in pages for link in page.links if (z := _classify(page, link)) is not None]
    return _Reading(
        pages,
        tuple(sorted(links, key=lambda z: z.page.order(z.at))),
        tuple(sorted((s for page in pages for s in _stated_sip(page)), key=lambda s: s.page.order(s.at))),
        tuple(sorted((s for page in pages for s in _stated_h323(page)), key=lambda s: s.page.order(s.at))),
        _ordered((page, tap) for page in pages for tap in one_taps(page)),
        _ordered((page, number) for page in pages for number in printed_ids(page)),
        _ordered((page, code) for page in pages for code in printed_codes(page)),
    )


_Printed = TypeVar("_Printed", OneTap, PrintedId, Code)


def _ordered(hits: Iterable[tuple[Page, _Printed]]) -> tuple[tuple[Page, _Printed], ...]:
    return tuple(sorted(hits, key=lambda hit: hit[0].order(hit[1].at)))


# ------------------------------------------------------------------------------------------ which meeting it is

_ZOOM_WORD = re.compile(r"(?<![a-z0-9@.\-])zoom(?![a-z0-9])(?! (?:in|out)\b)|줌|ズーム|זום|зум|زوم")
_OTHER_WORD = re.compile(
    r"microsoft teams|webex|腾讯会议|騰訊會議|voov|tencent meeting|ringcentral|gotomeeting|飞书|钉钉|bluejeans"
)


@dataclass(frozen=True, slots=True)
class _Choice:
    meeting_id: str
    page: Page
    at: int
    rule: str
    why: str
    personal: _ZoomLink | None = None


def _choose(reading: _Reading) -> _Choice | None:
    joins = [z for z in reading.links if z.kind == "join"]
    if joins:
        return _Choice(joins[0].meeting_id, joins[0].page, joins[0].at, "zoom.link", "the id stands in the join link")
    if reading.sip:
        stated = reading.sip[0]
        return _Choice(stated.meeting_id, stated.page, stated.at, "zoom.sip", "the id stands in the SIP address")
    personal = next((z for z in reading.links if z.kind == "personal"), None)
    return _choose_printed(reading, personal)


def _choose_printed(reading: _Reading, personal: _ZoomLink | None) -> _Choice | None:
    """No link and no SIP address names the meeting: a printed number may, where the text is about Zoom."""
    named = personal is not None or _speaks_of_zoom(reading)
    others = _speaks_of_others(reading.pages)
    if named and not others:
        if reading.h323:
            stated = reading.h323[0]
            return _Choice(stated.meeting_id, stated.page, stated.at, "zoom.h323", "the id stands in the H.323 address")
        if reading.taps:
            page, tap = reading.taps[0]
            return _Choice(tap.meeting_id, page, tap.at, "zoom.onetap", "the id stands in the one-tap line", personal)
    later = any(z.kind in ("registration", "recording") for z in reading.links) and personal is None
    for page, number in reading.printed:
        if number.digits.startswith("0") or later:  # a number beside a recording or a registration admits nobody
            continue
        if named and (number.grouped_3_4_4 or (not others and (number.strong or personal is not None))):
            return _Choice(
                number.digits, page, number.at, "zoom.label", "the id is printed in a text about Zoom", personal
            )
        if not named and not others and number.strong and number.grouped_3_4_4 and _code_near(reading, page, number.at):
            why = "only Zoom prints eleven digits as 3-4-4 with a passcode; the text does not name the service"
            return _Choice(number.digits, page, number.at, "zoom.inferred", why)
    return None


def _speaks_of_zoom(reading: _Reading) -> bool:
    if any(z.kind != "help" for z in reading.links) or any(_ZOOM_WORD.search(page.low) for page in reading.pages):
        return True
    # Mimecast cannot be undone, but it names the domain behind the link.
    opaque = [link.url for page in reading.pages for link in page.links if link.opaque]
    return any(host_under(url.param("domain") or "", *DOMAINS["zoom"]) for url in opaque)


def _speaks_of_others(pages: tuple[Page, ...]) -> bool:
    if any(_OTHER_WORD.search(page.low) for page in pages):
        return True
    return any(service_of_host(link.url.host) not in (None, "zoom") for page in pages for link in page.links)


def _code_near(reading: _Reading, page: Page, at: int) -> bool:
    return any(where is page and 0 < code.at - at < 300 for where, code in reading.codes)


# ------------------------------------------------------------------------------------------- what belongs to it

_FOLLOWS_WITHIN = 1500  # characters: a passcode stands below the id or link that it belongs to
_PRECEDES_WITHIN = 400
_LIST_WITHIN = 4000  # gateway lists are long
_OTHER = "other"
_NO_NUMBER = "personal"


class _Owners:
    """Says whether what stands at a place belongs to the chosen meeting or to another one in the same text."""

    def __init__(self, reading: _Reading, choice: _Choice) -> None:
        self.chosen = choice.meeting_id
        self.anchors: dict[int, list[tuple[int, str]]] = {id(page): [] for page in reading.pages}
        ids = {z.meeting_id for z in reading.links if z.kind == "join"}
        ids |= {stated.meeting_id for stated in (*reading.sip, *reading.h323)} | {choice.meeting_id}
        printed = {number.digits for _, number in reading.printed}
        ids |= {tap.meeting_id for _, tap in reading.taps if tap.meeting_id in printed}
        self.alone = len(ids) == 1
        # An edited invitation may print an id that no link has; next to the true id it is another meeting's.
        printed_known = not ids.isdisjoint(printed)
        for z in reading.links:
            if z.kind == "join" or z.kind in ("recording", "registration"):
                self._add(z.page, z.at, z.meeting_id or _OTHER)
            elif z.kind == "personal" and choice.personal is not None:
                self._add(z.page, z.at, self.chosen)
        for stated in (*reading.sip, *reading.h323):
            self._add(stated.page, stated.at, stated.meeting_id)
        for page, tap in reading.taps:
            if tap.meeting_id in ids:
                self._add(page, tap.at, tap.meeting_id)
        for page, number in reading.printed:
            if number.digits in ids or (printed_known and number.strong):
                self._add(page, number.at, number.digits)
            elif number.strong and choice.personal is None and not _may_be_edited(reading, choice, page, number.at):
                self._add(page, number.at, _OTHER)
        self._add_other_services(reading.pages)
        for anchors in self.anchors.values():
            anchors.sort()

    def _add(self, page: Page, at: int, key: str) -> None:
        self.anchors[id(page)].append((at, key))

    def _add_other_services(self, pages: tuple[Page, ...]) -> None:
        for page in pages:
            for link in page.links:
                zoom = service_of_host(link.url.host) == "zoom" or link.url.scheme in ("zoommtg", "zoomus")
                if not zoom and names_a_meeting(link.url):
                    self._add(page, link.at, _OTHER)
            for at in foreign_ids(page):
                self._add(page, at, _OTHER)

    def owns(self, page: Page, at: int, within: int = _FOLLOWS_WITHIN) -> bool:
        anchors = self.anchors[id(page)]
        if not anchors:
            return self.alone  # the link is in the location, the passcode in the body
        place = bisect_right(anchors, (at, "\uffff"))
        before = anchors[place - 1] if place else None
        after = anchors[place] if place < len(anchors) else None
        if before is not None and at - before[0] > within:
            before = None
        if after is not None and after[0] - at > _PRECEDES_WITHIN:
            after = None
        if (
            before is not None
            and after is not None
            and before[1] != after[1]
            and _leans_on(page, before[0], at, after[0])
        ):
            before = None
        owner = before or after
        return owner is not None and owner[1] == self.chosen


_COPY_WITHIN = 200


def _may_be_edited(reading: _Reading, choice: _Choice, page: Page, at: int) -> bool:
    """A printed id that differs from the link's is another meeting's, unless it can be a copy that somebody altered:
    it is the only one, close behind the link, and the link has a passcode, which must be printed somewhere."""
    links = [z for z in reading.links if z.meeting_id == choice.meeting_id and z.link.url.param("pwd")]
    printed = {number.digits for _, number in reading.printed if number.strong}
    return len(printed) == 1 and any(z.page is page and 0 <= at - z.at <= _COPY_WITHIN for z in links)


def _leans_on(page: Page, before: int, at: int, after: int) -> bool:
    """True where the code belongs to what follows: same line, or same paragraph, and what precedes is not in it."""
    behind, ahead = page.text[before:at], page.text[at:after]
    return any(mark in behind and mark not in ahead for mark in ("\n", "\n\n"))


# ------------------------------------------------------------------------------------------------ passcodes


@dataclass(frozen=True, slots=True)
class _Passcode:
    numeric: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    evidence: tuple[Evidence, ...] = ()


def _passcode(reading: _Reading, choice: _Choice, owners: _Owners) -> _Passcode:
    """The room's numeric code, by reliability: stated in an address, H.323/SIP part, all-digit web code, one-tap."""
    printed = [(p, c) for p, c in reading.codes if c.value != choice.meeting_id and owners.owns(p, c.at)]
    printed = printed or _in_unknown_language(reading, choice, owners)
    printed.sort(key=lambda hit: hit[0] is not choice.page)  # stable: first where the meeting was found
    candidates: list[tuple[str, str, str, str]] = []  # code, where, rule, reason
    for stated in (*reading.sip, *reading.h323):
        if stated.meeting_id == choice.meeting_id and stated.code:
            candidates.append((stated.code, stated.page.where, "zoom.passcode.stated", "in the stated dial address"))
    numeric = [(p, c, c.numeric) for p, c in printed if c.numeric]
    candidates += [
        (digits, p.where, "zoom.passcode.room", "in the H.323/SIP part") for p, c, digits in numeric if c.room_part
    ]
    if printed and printed[0][1].numeric:
        page, code = printed[0]
        candidates.append((code.numeric or "", page.where, "zoom.passcode.label", "the printed passcode is all digits"))
    for page, tap in reading.taps:
        if tap.meeting_id == choice.meeting_id and tap.code:
            candidates.append((tap.code, page.where, "zoom.passcode.onetap", "the last code of the one-tap line"))
    candidates += [(digits, p.where, "zoom.passcode.label", "a later all-digit passcode") for p, _, digits in numeric]
    return _weighed(candidates, printed)


def _in_unknown_language(reading: _Reading, choice: _Choice, owners: _Owners) -> list[tuple[Page, Code]]:
    """The link's token tells that there is a passcode, and Zoom prints it right below the id."""
    if not owners.alone or not any(
        z.meeting_id == choice.meeting_id and z.link.url.param("pwd") for z in reading.links
    ):
        return []
    for page in reading.pages:
        below = code_below(page, choice.meeting_id)
        if below is not None:
            value, at = below
            return [(page, Code(value, value if value.isdigit() else None, at, False))]
    return []


def _weighed(candidates: list[tuple[str, str, str, str]], printed: list[tuple[Page, Code]]) -> _Passcode:
    text = printed[0][1].value if printed else (candidates[0][0] if candidates else None)
    if not candidates:
        if text is None:
            return _Passcode(evidence=(note("passcode", "", "zoom.passcode", "no passcode is printed"),))
        reason = "the printed passcode has letters and no numeric one is given: the room must be asked for it"
        return _Passcode(None, text, (note("passcode", printed[0][0].where, "zoom.passcode", reason, "***"),))
    best = candidates[0]
    lines = [won("passcode", best[1], best[2], best[3], "***")]
    different = {c[0]: c for c in reversed(candidates) if c[0] != best[0]}
    lines += [lost("passcode", c[1], c[2], f"another code, {c[3]}", "***") for c in list(different.values())[:4]]
    return _Passcode(best[0], text, tuple(lines))


# ------------------------------------------------------------------------------------------------ addresses


def _addresses(
    reading: _Reading, choice: _Choice, owners: _Owners, passcode: str | None
) -> tuple[list[str], list[str]]:
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


def _is_government(reading: _Reading, choice: _Choice) -> bool:
    links = [z for z in reading.links if z.meeting_id == choice.meeting_id or z is choice.personal]
    return any(z.government for z in links[:1]) or any(
        stated.meeting_id == choice.meeting_id and host_under(stated.host, GOVERNMENT) for stated in reading.sip
    )


_H323_HEADING = re.compile(r"h\.?323")
_MAX_GATEWAYS = 40


def _printed_gateways(pages: tuple[Page, ...], owners: _Owners) -> list[str]:
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


def _regions(pages: tuple[Page, ...], gateways: set[str]) -> tuple[tuple[str, str], ...]:
    """What stands behind each address of the list: ``192.0.2.37 (US West)``."""
    found: dict[str, str] = {}
    for page in pages:
        for ip, at in page.gateways:
            label = _REGION.match(page.text, at + len(ip)) if ip in gateways else None
            if label:
                found.setdefault(ip, label["name"].strip())
    return tuple(found.items())


# ------------------------------------------------------------------------------------------------ the candidate


def _find(pages: tuple[Page, ...]) -> list[Found]:
    reading = _read(pages)
    choice = _choose(reading)
    if choice is None:
        return _without_number(reading)
    owners = _Owners(reading, choice)
    code = _passcode(reading, choice, owners)
    sip, h323 = _addresses(reading, choice, owners, code.numeric)
    link = _join_link_of(reading, choice)
    evidence = (
        won("meeting_id", choice.page.where, choice.rule, choice.why, choice.meeting_id),
        *_losing_ids(reading, choice),
        *_link_evidence(link),
        *code.evidence,
    )
    found = Found(
        service="zoom",
        regions=_regions(reading.pages, {address.partition("##")[0] for address in h323}),
        where=choice.page.where,
        order=choice.page.order(choice.at),
        rule=choice.rule,
        meeting_id=choice.meeting_id,
        passcode=code.numeric,
        passcode_text=code.text,
        join_url=link.shown_url if link else None,
        join_shown=link.link.url.shown if link else "",
        sip=unique(sip),
        h323=unique(h323),
        evidence=evidence,
    )
    return [_explained(found, reading, choice)]


def _explained(found: Found, reading: _Reading, choice: _Choice) -> Found:
    if not found.sip:
        reason = "Zoom for Government has a bridge of its own, and the invitation prints no SIP address"
        return dial_evidence(replace(found, reason=reason), choice.page.where, "zoom.h323.stated", "printed gateway")
    stated = any(s.meeting_id == choice.meeting_id for s in reading.sip)
    rule = "zoom.sip.stated" if stated else "zoom.sip.derived"
    why = "the invitation states the address" if stated else f"id and passcode at {BRIDGE}"
    return dial_evidence(found, choice.page.where, rule, why)


def _join_link_of(reading: _Reading, choice: _Choice) -> _ZoomLink | None:
    if choice.personal is not None:
        return choice.personal
    links = [z for z in reading.links if z.meeting_id == choice.meeting_id and z.form != "skype"]
    return min(links, key=lambda z: (z.page.quoted(z.at), z.preference), default=None)


def _link_evidence(link: _ZoomLink | None) -> list[Evidence]:
    if link is None:
        return []
    lines = [won("join_url", link.page.where, "zoom.link", "the meeting's link", link.link.url.shown)]
    return lines + [
        note("join_url", link.page.where, f"unwrap.{name}", "a rewritten link was undone")
        for name in link.link.wrappers
    ]


def _losing_ids(reading: _Reading, choice: _Choice) -> list[Evidence]:
    """One line for each other number that could have been the meeting."""
    seen = {choice.meeting_id: ""}
    lines: list[Evidence] = []
    others = [
        (z.page, z.meeting_id, "zoom.link", "another meeting's link stands lower")
        for z in reading.links
        if z.meeting_id
    ]
    others += [(s.page, s.meeting_id, "zoom.sip", "a stated address of another meeting") for s in reading.sip]
    others += [(p, t.meeting_id, "zoom.onetap", "a one-tap line with another id") for p, t in reading.taps]
    others += [(p, n.digits, "zoom.label", "printed, but what people join has another id") for p, n in reading.printed]
    for page, number, rule, why in others:
        if number not in seen and len(lines) < 8:
            seen[number] = ""
            lines.append(lost("meeting_id", page.where, rule, why, number))
    rejected = [z for z in reading.links if z.kind not in ("join", "personal")]
    lines += [lost("join_url", z.page.where, f"zoom.{z.kind}", z.why, z.link.url.shown) for z in rejected[:6]]
    return lines


def _without_number(reading: _Reading) -> list[Found]:
    """A personal link (a live meeting that no room can dial), or pages of Zoom that are no meeting."""
    links = [z for z in reading.links if z.kind != "help"]
    if not links:
        return []
    best = min(links, key=lambda z: z.kind != "personal")
    live = best.kind == "personal"
    reason = "a personal link holds no number, so there is nothing to dial" if live else best.why
    lines = [lost("meeting_id", z.page.where, f"zoom.{z.kind}", z.why or reason, z.link.url.shown) for z in links[:8]]
    codes = _Owners(reading, _Choice(_NO_NUMBER, best.page, best.at, "", "", best)) if live else None
    code = next((c for p, c in reading.codes if codes is not None and codes.owns(p, c.at)), None)
    return [
        Found(
            service="zoom",
            where=best.page.where,
            order=best.page.order(best.at),
            rule=f"zoom.{best.kind}",
            joinable=live,
            reason=reason,
            passcode=code.numeric if code else None,
            passcode_text=code.value if code else None,
            join_url=best.shown_url if live else None,
            join_shown=best.link.url.shown if live else "",
            evidence=tuple(lines),
        )
    ]


service = Service("zoom", _find)
