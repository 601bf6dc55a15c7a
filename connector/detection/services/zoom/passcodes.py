"""The room's passcode is a number: the ``pwd=`` value of a link is an encrypted token that no room can dial."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.detection.labels import Code, code_below
from connector.detection.page import Page
from connector.detection.service import lost, note, won
from connector.detection.services.zoom.choice import Choice
from connector.detection.services.zoom.owners import Owners
from connector.detection.services.zoom.reading import Reading
from connector.model import Evidence


@dataclass(frozen=True, slots=True)
class Passcode:
    numeric: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    evidence: tuple[Evidence, ...] = ()


def passcode_of(reading: Reading, choice: Choice, owners: Owners) -> Passcode:
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


def _in_unknown_language(reading: Reading, choice: Choice, owners: Owners) -> list[tuple[Page, Code]]:
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


def _weighed(candidates: list[tuple[str, str, str, str]], printed: list[tuple[Page, Code]]) -> Passcode:
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
