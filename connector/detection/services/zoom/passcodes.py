"""The room's passcode is a number: the ``pwd=`` value of a link is an encrypted token that no room can dial."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from connector.detection.evidence import lost, note, won
from connector.detection.labels import Code, code_below
from connector.detection.parsed_text import ParsedText
from connector.detection.services.zoom.attribution import Attribution
from connector.detection.services.zoom.extraction import Extraction
from connector.detection.services.zoom.selection import Selection
from connector.model import Evidence


@dataclass(frozen=True, slots=True)
class Passcode:
    numeric: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    evidence: tuple[Evidence, ...] = ()


_Hit = tuple[ParsedText, Code]
_Candidate = tuple[str, str, str, str]  # code, where, rule, reason


def passcode_of(extraction: Extraction, selection: Selection, attribution: Attribution) -> Passcode:
    """The room's numeric code, by reliability: stated in an address, H.323/SIP part, all-digit web code, one-tap.

    A label's code below a printed id of another number stands behind the one-tap line, which holds id and code in one.
    """
    printed = [(p, c) for p, c in extraction.codes if c.value != selection.meeting_id and attribution.owns(p, c.at)]
    printed = _without_vague(printed) or _in_unknown_language(extraction, selection, attribution)
    printed.sort(
        key=lambda hit: (hit[1].vague, hit[0] is not selection.parsed)
    )  # stable: first where the meeting was found
    candidates: list[_Candidate] = []
    for stated in (*extraction.sip, *extraction.h323):
        if stated.meeting_id == selection.meeting_id and stated.code:
            candidates.append((stated.code, stated.parsed.where, "zoom.passcode.stated", "in the stated dial address"))
    doubtful = _below_another_id(extraction, selection, printed)
    sure = [hit for index, hit in enumerate(printed) if index not in doubtful]
    candidates += _in_room_part([hit for hit in sure if not hit[1].vague])
    if 0 not in doubtful:
        candidates += _by_label(printed[:1], "the printed passcode is all digits")
    for parsed, tap in extraction.taps:
        if tap.meeting_id == selection.meeting_id and tap.code:
            candidates.append((tap.code, parsed.where, "zoom.passcode.onetap", "the last code of the one-tap line"))
    believed = [hit for index, hit in enumerate(printed) if _may_be_altered(doubtful.get(index), *hit)]
    candidates += _in_room_part(believed) + _by_label(believed, "a later all-digit passcode")
    if printed and not candidates and not believed:
        reason = "the printed passcode stands below another meeting's number: it is not taken"
        return Passcode(evidence=(note("passcode", printed[0][0].where, "zoom.passcode", reason, "***"),))
    return _weighed(candidates, printed)


def _without_vague(printed: list[_Hit]) -> list[_Hit]:
    """Beside a passcode, a "PIN" is another thing's, unless it stands in the room systems' part."""
    if all(code.vague for _, code in printed):
        return printed
    return [(parsed, code) for parsed, code in printed if not code.vague or code.room_part]


def _in_room_part(hits: list[_Hit]) -> list[_Candidate]:
    return [
        (code.numeric, parsed.where, "zoom.passcode.room", "in the H.323/SIP part")
        for parsed, code in hits
        if code.room_part and code.numeric
    ]


def _by_label(hits: list[_Hit], reason: str) -> list[_Candidate]:
    return [(code.numeric, parsed.where, "zoom.passcode.label", reason) for parsed, code in hits if code.numeric]


_BELOW = 300  # characters from a printed id to the passcode of the same block


def _below_another_id(extraction: Extraction, selection: Selection, printed: list[_Hit]) -> dict[int, int]:
    """Places in ``printed`` where the nearest id above the code is another number, and where that one stands:
    another meeting's, or a copy that somebody altered."""
    ids: dict[int, list[tuple[int, str]]] = {}
    for parsed, number in extraction.printed:
        if number.strong:
            ids.setdefault(id(parsed), []).append((number.at, number.digits))
    for places in ids.values():
        places.sort()
    found = {}
    for index, (parsed, code) in enumerate(printed):
        places = ids.get(id(parsed), [])
        above = bisect_left(places, (code.at, "")) - 1
        if above >= 0 and code.at - places[above][0] < _BELOW and places[above][1] != selection.meeting_id:
            found[index] = places[above][0]
    return found


def _may_be_altered(above: int | None, parsed: ParsedText, code: Code) -> bool:
    """A copy that somebody altered has Zoom's own lines: ``Meeting ID: ...``, and the code on a line below. A number
    with words of its own, or with its code beside it, is another meeting's."""
    if above is None:
        return True
    before = parsed.text[max(0, above - 80) : above].rpartition("\n")[2]
    return before.count(":") <= 1 and "\n" in parsed.text[above : code.at]


def _in_unknown_language(extraction: Extraction, selection: Selection, attribution: Attribution) -> list[_Hit]:
    """Zoom prints the passcode right below the id. That there is one is told by the link's token, or taken from the
    block being Zoom's: a labelled id in its groups of 3, 4 and 4, where there is no link at all."""
    if not attribution.alone:
        return []
    token = any(z.meeting_id == selection.meeting_id and z.link.url.param("pwd") for z in extraction.links)
    grouped = any(n.digits == selection.meeting_id and n.strong and n.grouped_3_4_4 for _, n in extraction.printed)
    if not (token or (selection.rule == "zoom.label" and grouped and selection.personal is None)):
        return []
    for parsed in extraction.parsed_texts:
        below = code_below(parsed, selection.meeting_id)
        if below is not None:
            value, at = below
            return [(parsed, Code(value, value if value.isdigit() else None, at, False))]
    return []


def _weighed(candidates: list[_Candidate], printed: list[_Hit]) -> Passcode:
    text = printed[0][1].value if printed else (candidates[0][0] if candidates else None)
    if not candidates:
        if text is None:
            return Passcode(evidence=(note("passcode", "", "zoom.passcode", "no passcode is printed"),))
        reason = "the printed passcode has letters and no numeric one is given: the room must be asked for it"
        return Passcode(None, text, (note("passcode", printed[0][0].where, "zoom.passcode", reason, "***"),))
    best = candidates[0]
    lines = [won("passcode", best[1], best[2], best[3], "***")]
    different = {c[0]: c for c in reversed(candidates) if c[0] != best[0]}
    lines += [lost("passcode", c[1], c[2], f"another code, {c[3]}", "***") for c in list(different.values())[:4]]
    return Passcode(best[0], text, tuple(lines))
