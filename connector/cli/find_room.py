"""The room that a person names."""

from __future__ import annotations

from connector.errors import UserError
from connector.model import Room
from connector.settings import RoomsResult
from connector.settings.messages import did_you_mean, shown


def find_room(wanted: str, rooms: RoomsResult) -> Room:
    """By id or name. UserError also tells the problems of the file: they may be why the room is not there."""
    found = next((r for r in rooms.rooms if wanted == r.id), None)
    found = found or next((r for r in rooms.rooms if wanted.casefold() == r.name.casefold()), None)
    if found:
        return found
    if wanted in rooms.refused:
        problem = (
            f"The row of the room {shown(wanted)} has a mistake; a running daemon goes on with what it was before."
        )
    else:
        names = [word for room in rooms.rooms for word in (room.id, room.name)]
        problem = f"There is no room {shown(wanted)} in rooms.csv{did_you_mean(wanted, names)}"
    raise UserError(problem, *rooms.problems)
