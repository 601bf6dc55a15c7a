"""Which meeting it is: the id of the join link; else of a stated SIP address; else of what is printed."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice

from connector.detection.labels import OneTap
from connector.detection.parsed_text import ParsedText, Standing
from connector.detection.roles import role
from connector.detection.services.zoom.evidence import is_anothers, names_another, names_zoom
from connector.detection.services.zoom.extraction import Extraction
from connector.detection.services.zoom.links import DOMAINS, ZoomLink, is_placeholder
from connector.detection.signature import times_printed, why_signature
from connector.detection.urls import host_under

_OTHER_WORD = re.compile(
    r"microsoft teams|webex|腾讯会议|騰訊會議|voov|tencent meeting|ringcentral|gotomeeting|飞书|钉钉|bluejeans"
)
# Zoom's own lines, which no other service's invitations have, in the languages of its templates.
_TEMPLATE = re.compile(
    r"#,{2,8}\*\d{1,10}#|#,{4,8}0#,,\d{1,10}#"
    r"|one tap mobile|dial by your location|find your local number|schnelleinwahl mobil"
    r"|einwahl nach aktuellem standort"
    r"|ortseinwahl suchen|touchez l['’]écran|une seule touche sur l['’]appareil|composez un numéro en fonction de"
    r"|trouvez votre numéro local|móvil con un toque|marque según su ubicación|busque su número local"
    r"|un tocco su dispositivo|componi in base alla tua posizione|trova il tuo numero locale|toque único no celular"
    r"|discagem pelo seu local|localizar seu número local|ワンタップモバイル|所在地でダイヤル|市内番号を検索"
    r"|手机一键拨号|根据您的位置拨号|查找本地号码|手機一鍵撥號|根據您的位置撥號|원탭 모바일|내 위치로 전화"
    r"|현지 번호 찾기"
    r"|мобильный вызов одним|вызов по вашему местоположению|найдите свой местный номер"
)


@dataclass(frozen=True, slots=True)
class Selection:
    """``undecided``: a sentence where several printed numbers stand, and nothing tells which one counts."""

    meeting_id: str
    parsed: ParsedText
    at: int
    rule: str
    why: str
    personal: ZoomLink | None = None
    undecided: str = ""


def select(extraction: Extraction) -> Selection | None:
    """What the text calls outdated gives way to any other meeting, also to one that no room can dial."""
    current = _not_outdated(extraction)
    if current is None:
        return _newest(extraction)
    selection = _newest(current)
    if selection is not None:
        return replace(selection, why=f"{selection.why}; the text calls another one outdated")
    return None if any(z.kind == "personal" for z in current.links) else _newest(extraction)


def _newest(extraction: Extraction) -> Selection | None:
    """What is not quoted first, even a printed id: a link in an older mail is another meeting's."""
    new = _not_quoted(extraction)
    selection = _select(new, extraction) if new is not None else None
    return selection or _select(extraction, extraction)


def _select(part: Extraction, extraction: Extraction) -> Selection | None:
    """The meeting of ``part``, which may be all of ``extraction``."""
    joins = [z for z in part.links if z.kind == "join"]
    if joins:
        link, why = _not_in_a_signature(extraction, [z for z in extraction.links if z.kind == "join"])
        return Selection(link.meeting_id, link.parsed, link.at, "zoom.link", why)
    if part.sip:
        stated = part.sip[0]
        return Selection(stated.meeting_id, stated.parsed, stated.at, "zoom.sip", "the id stands in the SIP address")
    personal = next((z for z in part.links if z.kind == "personal"), None)
    return _select_printed(part, personal, extraction)


def _not_outdated(extraction: Extraction) -> Extraction | None:
    """None where there is no other meeting, or none is called outdated."""
    numbers = {z.meeting_id for z in extraction.links if z.kind in ("join", "personal")}
    if len(numbers | {number.digits for _, number in extraction.printed if number.strong}) < 2:
        return None
    old = {z.meeting_id for z in extraction.links if z.kind == "join" and z.parsed.standing(z.at) is Standing.OVER}
    strong = ((parsed, number) for parsed, number in extraction.printed if number.strong)
    old |= {number.digits for parsed, number in islice(strong, _ASKED) if _is_over(parsed, number.at)}
    if not old:
        return None
    return replace(
        extraction,
        links=tuple(z for z in extraction.links if z.meeting_id not in old),
        sip=tuple(s for s in extraction.sip if s.meeting_id not in old),
        h323=tuple(s for s in extraction.h323 if s.meeting_id not in old),
        taps=tuple((parsed, tap) for parsed, tap in extraction.taps if tap.meeting_id not in old),
        printed=tuple((parsed, number) for parsed, number in extraction.printed if number.digits not in old),
    )


_ASKED = 40  # printed numbers whose words are read


def _is_over(parsed: ParsedText, at: int) -> bool:
    return role(parsed, at) is Standing.OVER


def _not_quoted(extraction: Extraction) -> Extraction | None:
    """None where nothing is quoted."""
    if not any(parsed.quoted_lines for parsed in extraction.parsed_texts):
        return None
    return replace(
        extraction,
        links=tuple(z for z in extraction.links if not z.parsed.quoted(z.at)),
        sip=tuple(s for s in extraction.sip if not s.parsed.quoted(s.at)),
        h323=tuple(s for s in extraction.h323 if not s.parsed.quoted(s.at)),
        taps=tuple((parsed, tap) for parsed, tap in extraction.taps if not parsed.quoted(tap.at)),
        printed=tuple((parsed, n) for parsed, n in extraction.printed if n.strong and not parsed.quoted(n.at)),
    )


_LOOK_AT = 5  # further meetings of the event that are asked


def _not_in_a_signature(extraction: Extraction, joins: list[ZoomLink]) -> tuple[ZoomLink, str]:
    """The first link; but where it reads as a signature, the first one below it that reads as an invitation.

    Only somebody's own room gives way to a link that is quoted.
    """
    first = _complete_before_bare(extraction, joins)
    others = {z.meeting_id: z for z in reversed(joins[1:]) if z.meeting_id != first.meeting_id and z.at > first.at}
    below = [z for z in reversed(others.values()) if z.parsed is first.parsed]
    alike = [z for z in below if first.parsed.quoted(z.at) == first.parsed.quoted(first.at)]
    older = (
        [z for z in below if first.parsed.quoted(z.at) > first.parsed.quoted(first.at)] if first.personal_room else []
    )
    for places, rivals in (([], alike), ([z.at for z in older], older)):
        signature = _why_signature(extraction, first, places) if rivals else ""
        for other in rivals[:_LOOK_AT] if signature else []:
            if not _why_signature(extraction, other, [first.at]):
                return other, f"the id stands in the join link; another one is {signature}"
    return first, "the id stands in the join link"


def _complete_before_bare(extraction: Extraction, joins: list[ZoomLink]) -> ZoomLink:
    """A link with nothing of an invitation about it gives way to a complete one in the same kind of place."""
    first = joins[0]
    place = first.parsed.order(first.at)[:2]
    others = {z.meeting_id: z for z in joins if z.meeting_id != first.meeting_id and z.parsed.order(z.at)[:2] == place}
    if not others or _parts(extraction, first):
        return first
    return next((z for z in islice(others.values(), _LOOK_AT) if _parts(extraction, z) >= 2), first)


def _parts(extraction: Extraction, link: ZoomLink) -> int:
    """How many of an invitation's own parts stand about the link: its number, a passcode, addresses, one-tap lines."""
    number = link.meeting_id
    below = (z.at for z in extraction.links if z.parsed is link.parsed and z.meeting_id not in ("", number))
    end = min((at for at in below if at > link.at), default=len(link.parsed.text))
    code = any(parsed is link.parsed and link.at <= code.at < end for parsed, code in extraction.codes)
    stated = any(s.meeting_id == number for s in (*extraction.sip, *extraction.h323))
    tap = any(tap.meeting_id == number for _, tap in extraction.taps)
    return times_printed(link.parsed, number) + code + stated + tap


def _why_signature(extraction: Extraction, link: ZoomLink, others: list[int]) -> str:
    stated = any(stated.meeting_id == link.meeting_id for stated in extraction.sip)
    token = not link.personal_room and link.link.url.param("pwd") is not None
    marks = times_printed(link.parsed, link.meeting_id) + stated + token
    return why_signature(link.parsed, link.at, marks=marks, personal=link.personal_room, others=others)


def _select_printed(part: Extraction, personal: ZoomLink | None, extraction: Extraction) -> Selection | None:
    """No link and no SIP address names the meeting: a printed number may, where the text is about Zoom."""
    if not (part.h323 or part.taps or part.printed):
        return None
    named = personal is not None or _speaks_of_zoom(extraction)
    others = _speaks_of_others(extraction.parsed_texts)
    if named and not others:
        if part.h323:
            stated = part.h323[0]
            return Selection(
                stated.meeting_id, stated.parsed, stated.at, "zoom.h323", "the id stands in the H.323 address"
            )
        if part.taps and not is_anothers(*_place_of(part.taps[0])):
            parsed, tap = part.taps[0]
            return Selection(
                tap.meeting_id, parsed, tap.at, "zoom.onetap", "the id stands in the one-tap line", personal
            )
    later = any(z.kind in ("registration", "recording") for z in extraction.links) and personal is None
    for parsed, number in part.printed:
        # A number beside a recording or a registration admits nobody.
        if later or number.digits.startswith("0") or is_placeholder(number.digits):
            continue
        if not named or is_anothers(parsed, number.at):
            continue
        if number.grouped_3_4_4 or (not others and (number.strong or personal is not None)):
            return Selection(
                number.digits, parsed, number.at, "zoom.label", "the id is printed in a text about Zoom", personal
            )
    return None if named or others or later else _in_its_template(part, extraction)


_LINK_ABOVE, _CODE_BELOW = 200, 120  # characters


def _in_its_template(part: Extraction, extraction: Extraction) -> Selection | None:
    """Zoom's own block, whose name stood only in its link, which a link shortener hides: link, id in groups of 3, 4 and
    4, passcode, in this order. Any other service's name in the event forbids it."""
    for parsed, number in part.printed[:_ASKED]:
        hidden = any(link.opaque and 0 <= number.at - link.at <= _LINK_ABOVE for link in parsed.links)
        below = any(where is parsed and 0 < code.at - number.at < _CODE_BELOW for where, code in extraction.codes)
        if number.strong and number.grouped_3_4_4 and hidden and below and not is_placeholder(number.digits):
            if any(names_another(other) for other in extraction.parsed_texts):
                return None
            why = (
                "Zoom's own block of link, id in groups of 3, 4 and 4, and passcode; its link is hidden by a shortener"
            )
            return Selection(number.digits, parsed, number.at, "zoom.template", why)
    return None


def _place_of(hit: tuple[ParsedText, OneTap]) -> tuple[ParsedText, int]:
    return hit[0], hit[1].at


def _speaks_of_zoom(extraction: Extraction) -> bool:
    if any(z.kind != "help" for z in extraction.links) or any(
        names_zoom(parsed) or _TEMPLATE.search(parsed.low) for parsed in extraction.parsed_texts
    ):
        return True
    # Mimecast cannot be undone, but it names the domain behind the link.
    opaque = [link.url for parsed in extraction.parsed_texts for link in parsed.links if link.opaque]
    return any(host_under(url.param("domain") or "", *DOMAINS) for url in opaque)


def _speaks_of_others(parsed_texts: tuple[ParsedText, ...]) -> bool:
    if any(_OTHER_WORD.search(parsed.low) for parsed in parsed_texts):
        return True
    return any(link.service not in (None, "zoom") for parsed in parsed_texts for link in parsed.links)
