"""A room with what is known of its unit of now, in one row: for listings and ``explain``. A room without a claimed unit
has the one adopted from it (see ``claims.adopted``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.model import RoomId, RoomPlan
from connector.store.api import RoomState, UnitRow
from connector.store.attempt_verbs import AttemptVerbs
from connector.store.claims import adopted, adopted_from
from connector.store.history_verbs import HistoryVerbs
from connector.store.unit_verbs import UnitVerbs
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


class ByRoom(AttemptVerbs, UnitVerbs, HistoryVerbs):
    async def rooms(self, room: RoomId | None = None) -> dict[RoomId, RoomRow]:
        """Each room that is planned, or whose unit told something."""
        states, units = await self.room_states(room), await self.units(room)
        for key in filter(None, map(adopted_from, units)):
            states.setdefault(key, RoomState(key))
        return {key: _room_row(state, units.get(state.unit or adopted(key))) for key, state in states.items()}


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
