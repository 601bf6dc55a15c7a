"""Which of two meetings in one text a passcode or a gateway belongs to."""

from __future__ import annotations

from bisect import bisect_right

from connector.detection.hosts import names_a_meeting, service_of_host
from connector.detection.labels import foreign_ids
from connector.detection.page import Page
from connector.detection.services.zoom.choice import Choice
from connector.detection.services.zoom.links import SCHEMES
from connector.detection.services.zoom.reading import Reading

_FOLLOWS_WITHIN = 1500  # characters: a passcode stands below the id or link that it belongs to
_PRECEDES_WITHIN = 400
_OTHER = "other"


class Owners:
    """Says whether what stands at a place belongs to the chosen meeting or to another one in the same text."""

    def __init__(self, reading: Reading, choice: Choice) -> None:
        self.chosen = choice.meeting_id
        self.anchors: dict[int, list[tuple[int, str]]] = {id(page): [] for page in reading.pages}
        ids = {z.meeting_id for z in reading.links if z.kind == "join"}
        ids |= {stated.meeting_id for stated in (*reading.sip, *reading.h323)} | {choice.meeting_id}
        printed = {number.digits for _, number in reading.printed}
        ids |= {tap.meeting_id for _, tap in reading.taps if tap.meeting_id in printed}
        self.alone = len(ids) == 1
        # An edited invitation may print an id that no link has; next to the true id it is another meeting's.
        printed_known = not ids.isdisjoint(printed)
        edited = _has_an_edited_copy(reading, choice)
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
            elif number.strong and choice.personal is None and not edited:
                self._add(page, number.at, _OTHER)
        self._add_other_services(reading.pages)
        for anchors in self.anchors.values():
            anchors.sort()

    def _add(self, page: Page, at: int, key: str) -> None:
        self.anchors[id(page)].append((at, key))

    def _add_other_services(self, pages: tuple[Page, ...]) -> None:
        for page in pages:
            for link in page.links:
                zoom = service_of_host(link.url.host) == "zoom" or link.url.scheme in SCHEMES
                if not zoom and names_a_meeting(link.url):
                    self._add(page, link.at, _OTHER)
            for at in foreign_ids(page, self.chosen):
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


def _has_an_edited_copy(reading: Reading, choice: Choice) -> bool:
    """A printed id that differs from the link's is another meeting's, unless it can be a copy that somebody altered:
    it is the only one, close behind the link, and the link has a passcode, which must be printed somewhere."""
    links = [z for z in reading.links if z.meeting_id == choice.meeting_id and z.link.url.param("pwd")]
    strong = [(page, number) for page, number in reading.printed if number.strong]
    if len({number.digits for _, number in strong}) != 1:
        return False
    return any(z.page is page and 0 <= number.at - z.at <= _COPY_WITHIN for z in links for page, number in strong)


def _leans_on(page: Page, before: int, at: int, after: int) -> bool:
    """True where the code belongs to what follows: same line, or same paragraph, and what precedes is not in it."""
    behind, ahead = page.text[before:at], page.text[at:after]
    return any(mark in behind and mark not in ahead for mark in ("\n", "\n\n"))
