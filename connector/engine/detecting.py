"""Detection of a whole reading. Runs in a thread, and changes nothing that it was given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.detection.detect import detect
from connector.detection.parsed_event import parse
from connector.detection.rules import Rules, rulings
from connector.model import Event, JoinInfo, Meeting, Ruling


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in the texts of one event. ``fingerprint``: of what was searched, within this process."""

    fingerprint: int
    join: JoinInfo
    rulings: tuple[Ruling, ...]


Memory = Mapping[str, Found]  # by the event's key


def detect_all(events: Iterable[Event], memory: Memory, rules: Rules) -> tuple[list[Meeting], Memory]:
    """The meetings, and the memory for the next reading: an event whose texts are the same is not searched again."""
    found = {event.key: (event, _found(event, memory.get(event.key), rules)) for event in events}
    meetings = [Meeting.of(event, each.join, each.rulings) for event, each in found.values()]
    return meetings, {key: each for key, (_, each) in found.items()}


def _found(event: Event, known: Found | None, rules: Rules) -> Found:
    fingerprint = hash((event.texts, event.cancelled, event.organizer, event.organizer_email))
    if known is not None and known.fingerprint == fingerprint:
        return known
    parsed = parse(event.texts)
    join = detect(parsed, cancelled=event.cancelled)
    ruled = rulings(
        parsed,
        join,
        rules,
        organizer=event.organizer,
        organizer_email=event.organizer_email,
        cancelled=event.cancelled,
    )
    return Found(fingerprint, join, ruled)
