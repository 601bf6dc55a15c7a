"""Which of the rulings on an event holds in a room: the first that names the room, or names none. Pure."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

from connector.model import Meeting, Room, Ruling


def ruled(meeting: Meeting, room: Room) -> tuple[Meeting, str | None]:
    """The meeting as this room sees it, and the sentence of a rule that leaves it out altogether."""
    for ruling in meeting.rulings:
        if not holds(ruling, str(room.id), room.site):
            continue
        if ruling.action == "ignore":
            return meeting, f"the rule {ruling.rule!r} leaves it out"
        if ruling.join is not None:
            return replace(meeting, join=ruling.join), None
    return meeting, None


def holds(ruling: Ruling, room: str, site: str) -> bool:
    """Rooms by id, sites by name, without regard to case; a rule that names both needs both."""
    rooms = not ruling.rooms or any(fnmatchcase(room.casefold(), name.casefold()) for name in ruling.rooms)
    return rooms and (not ruling.sites or site.casefold() in {name.casefold() for name in ruling.sites})
