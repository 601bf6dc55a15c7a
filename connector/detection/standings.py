"""Which of an event's meetings its texts call new, main, a reserve or over: told once, before the services look.

Each place where a meeting's link stands gets its ``Standing``; ``ParsedText.order`` sorts by it, so that every service
takes the meeting that counts. Where the event has one meeting only, nothing is asked: "the old link" is still its link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from connector.detection.parsed_text import Link, ParsedText, Standing
from connector.detection.roles import role

# (service, kind of its links, id): two of one service and kind with different ids are two meetings.
Key = tuple[str, str, str]
KeyOf = Callable[[ParsedText, Link], Key | None]
_MOST = 60  # links with words beside them that are asked; the rest of a long list are plain
STRUCTURED = (0, 2)  # ranks of conference data and of the location, see ``source_rank``

CONTRADICTED = "the event's own place for the meeting names one, and its text calls another one the new one"


@dataclass(frozen=True, slots=True)
class Sighting:
    parsed: ParsedText
    link: Link
    key: Key


def sightings(texts: tuple[ParsedText, ...], key_of: KeyOf) -> list[Sighting]:
    """Every link of a live meeting, where they lead to more than one place."""
    places = {(link.url.host, link.url.path, link.url.query) for t in texts for link in t.links if link.opens_meeting}
    if len(places) < 2:
        return []
    found = ((parsed, link, key_of(parsed, link)) for parsed in texts for link in parsed.links if link.opens_meeting)
    return [Sighting(parsed, link, key) for parsed, link, key in found if key is not None]


def with_standings(
    texts: tuple[ParsedText, ...], key_of: KeyOf, by_calendars: frozenset[str]
) -> tuple[tuple[ParsedText, ...], str]:
    """The texts with what is said of their meetings, and a sentence where they contradict each other.

    ``by_calendars``: services whose links calendars add by themselves; such a link contradicts nobody.
    """
    seen = sightings(texts, key_of)
    if len({sighting.key for sighting in seen}) < 2:
        return texts, ""
    standing = _by_meeting(seen)
    structured = {s.key for s in seen if s.parsed.rank in STRUCTURED}
    doubt = ""
    if any(standing[key] is Standing.PLAIN and key[0] not in by_calendars for key in structured):
        called = [key for key, value in standing.items() if value is Standing.WANTED and key not in structured]
        standing |= dict.fromkeys(called, Standing.PLAIN)
        doubt = CONTRADICTED if called else ""
    if set(standing.values()) == {Standing.PLAIN}:
        return texts, doubt
    places: dict[int, dict[int, Standing]] = {}
    for s in seen:
        value = standing[s.key]
        if s.parsed.quoted(s.link.at):
            value = max(value, Standing.QUOTED)
        places.setdefault(id(s.parsed), {})[s.link.at] = value
    return tuple(replace(t, standings=places[id(t)]) if id(t) in places else t for t in texts), doubt


def _by_meeting(seen: list[Sighting]) -> dict[Key, Standing]:
    """Of all that is said of a meeting, what is not quoted counts; but what is only quoted may be called over, too."""
    said: dict[Key, tuple[list[Standing], list[Standing]]] = {}
    for index, s in enumerate(seen):
        value = role(s.parsed, s.link.at) if index < _MOST else Standing.PLAIN
        said.setdefault(s.key, ([], []))[s.parsed.quoted(s.link.at)].append(value)
    return {key: _of_one(new or quoted) for key, (new, quoted) in said.items()}


def _of_one(said: list[Standing]) -> Standing:
    return Standing.WANTED if Standing.WANTED in said else max(said)
