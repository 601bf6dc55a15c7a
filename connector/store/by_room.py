"""A room with what is known of its unit of now, in one row: for listings and ``explain``. A room without a claimed unit
has the one adopted from it (see ``claims.adopted``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from connector.model import RoomId, RoomPlan, UnitId
from connector.store import tables
from connector.store.api import RoomState, UnitRow
from connector.store.attempt_verbs import AttemptVerbs
from connector.store.claims import adopted, adopted_from
from connector.store.history_verbs import HistoryVerbs
from connector.store.rows import keyed
from connector.store.unit_verbs import UnitVerbs
from connector.wire import PlannedMeeting, load_planned_meetings
from device_drivers.api import DeviceInfo, Receipt


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A room's plan, and what is known of its unit."""

    room: RoomId
    plan: RoomPlan | None = None
    receipt: Receipt | None = None
    receipt_at: datetime | None = None
    verified_at: datetime | None = None
    info: DeviceInfo | None = None
    info_at: datetime | None = None
    state: str = "new"
    detail: str = ""
    since: datetime | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a listing of many rooms shows of each."""

    state: str = "new"
    meetings: tuple[PlannedMeeting, ...] = ()
    pushed_at: datetime | None = None


_GLANCED = ("id", "contact", "receipt_at")


class ByRoom(AttemptVerbs, UnitVerbs, HistoryVerbs):
    async def rooms(self, room: RoomId | None = None) -> dict[RoomId, RoomRow]:
        """Each room that is planned, or whose unit told something."""
        states, units = await self.room_states(room), await self.units(room)
        for key in filter(None, map(adopted_from, units)):
            states.setdefault(key, RoomState(key))
        return {key: _room_row(state, units.get(state.unit or adopted(key))) for key, state in states.items()}

    async def glances(self) -> dict[RoomId, Glance]:
        """The same rooms in short: thousands in a second. Raises StoreError; VaultError when the key is gone."""
        rooms, units = tables.rooms.c, tables.units.c
        columns = (units[name] for name in _GLANCED)
        async with self.reading() as conn:
            planned = (await conn.execute(select(rooms.room, rooms.unit, rooms.plan_sealed))).mappings().all()
            told = (await conn.execute(select(*columns, units.receipt.is_not(None).label("pushed")))).mappings().all()
        by_unit = {row["id"]: row for row in told}
        opened = self._damage.readable(keyed(planned, "rooms", "room", self._damage), self._meetings)
        found = {row["room"]: (row["unit"], meetings or ()) for row, meetings in opened}
        for key in filter(None, map(adopted_from, map(UnitId, filter(_is_text, by_unit)))):
            found.setdefault(key, (None, ()))
        return {RoomId(key): _glance(by_unit.get(unit or adopted(key)), has) for key, (unit, has) in found.items()}

    def _meetings(self, row: Mapping[Any, Any]) -> tuple[PlannedMeeting, ...]:
        sealed = row["plan_sealed"]
        return load_planned_meetings(self._unseal(sealed, f"plan:{row['room']}")) if sealed else ()


def _glance(unit: Mapping[Any, Any] | None, meetings: tuple[PlannedMeeting, ...]) -> Glance:
    if unit is None:
        return Glance(meetings=meetings)
    pushed = unit["receipt_at"] if unit["pushed"] else None
    return Glance(str(unit["contact"]), meetings, pushed if isinstance(pushed, datetime) else None)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _room_row(state: RoomState, row: UnitRow | None) -> RoomRow:
    if row is None:
        return RoomRow(state.room, state.plan)
    return RoomRow(
        state.room,
        state.plan,
        receipt=row.receipt,
        receipt_at=row.receipt_at,
        verified_at=row.verified_at,
        info=row.info,
        info_at=row.info_at,
        state=row.contact,
        detail=row.contact_detail,
        since=row.contact_since,
        refused=row.refused,
    )
