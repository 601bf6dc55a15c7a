"""Which known unit a room's configured one is. Pure, so that every backend decides alike."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.model import RoomId, Unit, UnitId, UnitState, same_unit


def adopted(room: RoomId) -> UnitId:
    """The unit that a room has before a configured one was claimed for it."""
    return UnitId(f"room:{room}")


def adopted_from(unit: UnitId) -> RoomId:
    """The room that ``adopted`` was asked for; "" for a unit with an id of its own."""
    return RoomId(unit.removeprefix("room:") if unit.startswith("room:") else "")


@dataclass(slots=True)
class Claims:
    """``units``: what changes, as it is afterwards. ``rooms``: the unit of each room that was named.
    ``bereft``: rooms that were not named, and whose unit another room has now."""

    units: dict[UnitId, Unit] = field(default_factory=dict)
    rooms: dict[RoomId, UnitId] = field(default_factory=dict)
    bereft: tuple[RoomId, ...] = ()


def claim(
    known: Iterable[Unit], served: Mapping[RoomId, UnitId], wanted: Mapping[RoomId, Unit], at: datetime
) -> Claims:
    """``served``: the unit that each room has now. See ``Units.claim_units``."""
    free = {unit.id: unit for unit in known}
    claims = Claims()
    for exact in (True, False):  # by serial number first: a unit that moved is not taken by who moved to its address
        for room, unit in wanted.items():
            if room in claims.rooms:
                continue
            found = _of(room, unit, served.get(room), free.values(), exact)
            if found is None and exact:
                continue
            before = free.pop(found.id) if found is not None else Unit(UnitId(uuid.uuid4().hex), "", "")
            claims.units[before.id] = _claimed(before, room, unit, at)
            claims.rooms[room] = before.id
    taken = set(claims.rooms.values())
    claims.bereft = tuple(room for room, unit in served.items() if room not in wanted and unit in taken)
    after = {**served, **claims.rooms}
    for room in wanted:
        old = free.get(served.get(room, UnitId("")))
        if old is not None and old.id not in after.values():
            claims.units[old.id] = replace(old, state=UnitState.RETIRING, since=at)
    return claims


def _of(room: RoomId, wanted: Unit, has: UnitId | None, free: Iterable[Unit], exact: bool) -> Unit | None:
    """Of several the one that the room has, then one that it had, then one in use."""
    fits = [unit for unit in free if _fits(room, unit, wanted, exact)]
    return min(
        fits,
        key=lambda unit: (unit.id != has, unit.room != room, unit.state is not UnitState.IN_USE, unit.id),
        default=None,
    )


def _fits(room: RoomId, unit: Unit, wanted: Unit, exact: bool) -> bool:
    if exact:
        return bool(wanted.serial_number) and unit.serial_number == wanted.serial_number
    both = unit.serial_number and wanted.serial_number
    return same_unit(unit, wanted) or (not unit.driver and unit.id == adopted(room) and not both)


def _claimed(unit: Unit, room: RoomId, wanted: Unit, at: datetime) -> Unit:
    new = unit.state is not UnitState.IN_USE or not unit.driver
    return replace(
        wanted,
        id=unit.id,
        serial_number=wanted.serial_number or unit.serial_number,
        state=UnitState.IN_USE,
        since=at if new else unit.since,
        room=room,
    )
