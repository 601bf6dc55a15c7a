"""Which of two meetings in one text a passcode or a gateway belongs to."""

from __future__ import annotations

from bisect import bisect_right

from connector.detection.labels import foreign_ids
from connector.detection.parsed_text import ParsedText
from connector.detection.services.zoom.extraction import Extraction
from connector.detection.services.zoom.links import SCHEMES
from connector.detection.services.zoom.selection import Selection

_FOLLOWS_WITHIN = 1500  # characters: a passcode stands below the id or link that it belongs to
_PRECEDES_WITHIN = 400
_OTHER = "other"


class Attribution:
    """Says whether what stands at a place belongs to the chosen meeting or to another one in the same text."""

    def __init__(self, extraction: Extraction, selection: Selection) -> None:
        self.chosen = selection.meeting_id
        self.anchors: dict[int, list[tuple[int, str]]] = {id(parsed): [] for parsed in extraction.parsed_texts}
        ids = {z.meeting_id for z in extraction.links if z.kind == "join"}
        ids |= {stated.meeting_id for stated in (*extraction.sip, *extraction.h323)} | {selection.meeting_id}
        printed = {number.digits for _, number in extraction.printed}
        ids |= {tap.meeting_id for _, tap in extraction.taps if tap.meeting_id in printed}
        self.alone = len(ids) == 1
        # An edited invitation may print an id that no link has; next to the true id it is another meeting's.
        printed_known = not ids.isdisjoint(printed)
        edited = _has_an_edited_copy(extraction, selection)
        for z in extraction.links:
            if z.kind == "join" or z.kind in ("recording", "registration"):
                self._add(z.parsed, z.at, z.meeting_id or _OTHER)
            elif z.kind == "personal" and selection.personal is not None:
                self._add(z.parsed, z.at, self.chosen)
        for stated in (*extraction.sip, *extraction.h323):
            self._add(stated.parsed, stated.at, stated.meeting_id)
        for parsed, tap in extraction.taps:
            if tap.meeting_id in ids:
                self._add(parsed, tap.at, tap.meeting_id)
        for parsed, number in extraction.printed:
            if number.digits in ids or (printed_known and number.strong):
                self._add(parsed, number.at, number.digits)
            elif number.strong and selection.personal is None and not edited:
                self._add(parsed, number.at, _OTHER)
        self._add_other_services(extraction.parsed_texts)
        for anchors in self.anchors.values():
            anchors.sort()

    def _add(self, parsed: ParsedText, at: int, key: str) -> None:
        self.anchors[id(parsed)].append((at, key))

    def _add_other_services(self, parsed_texts: tuple[ParsedText, ...]) -> None:
        for parsed in parsed_texts:
            for link in parsed.links:
                zoom = link.service == "zoom" or link.url.scheme in SCHEMES
                if not zoom and link.opens_meeting:
                    self._add(parsed, link.at, _OTHER)
            for at in foreign_ids(parsed, self.chosen):
                self._add(parsed, at, _OTHER)

    def owns(self, parsed: ParsedText, at: int, within: int = _FOLLOWS_WITHIN) -> bool:
        anchors = self.anchors[id(parsed)]
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
            and _leans_on(parsed, before[0], at, after[0])
        ):
            before = None
        owner = before or after
        return owner is not None and owner[1] == self.chosen


_COPY_WITHIN = 200


def _has_an_edited_copy(extraction: Extraction, selection: Selection) -> bool:
    """A printed id that differs from the link's is another meeting's, unless it can be a copy that somebody altered:
    it is the only one, close behind the link, and the link has a passcode, which must be printed somewhere."""
    links = [z for z in extraction.links if z.meeting_id == selection.meeting_id and z.link.url.param("pwd")]
    strong = [(parsed, number) for parsed, number in extraction.printed if number.strong]
    if len({number.digits for _, number in strong}) != 1:
        return False
    return any(z.parsed is parsed and 0 <= number.at - z.at <= _COPY_WITHIN for z in links for parsed, number in strong)


def _leans_on(parsed: ParsedText, before: int, at: int, after: int) -> bool:
    """True where the code belongs to what follows: same line, or same paragraph, and what precedes is not in it."""
    behind, ahead = parsed.text[before:at], parsed.text[at:after]
    return any(mark in behind and mark not in ahead for mark in ("\n", "\n\n"))
