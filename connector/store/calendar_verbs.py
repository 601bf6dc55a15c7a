"""Tables ``calendars`` and ``rooms``: readings and plans, under the lease of the calendar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from connector.model import Meeting, RoomId, RoomPlan, UnitId
from connector.redaction import foreign_text
from connector.store import tables
from connector.store.api import CalendarLease, CalendarRow, RoomState
from connector.store.database import Database, put
from connector.store.rows import Cells, keyed
from connector.store.writer import Write
from connector.wire import dump_meetings, dump_plan, load_meetings, load_plan

_NO_ERROR: Mapping[str, Any] = {"error": "", "error_since": None}
_READ = put(tables.calendars, "calendar", "read_at", "error", "error_since", "meetings_sealed")
_UNCHANGED = put(tables.calendars, "calendar", "read_at", "error", "error_since")
_FAILED = put(tables.calendars, "calendar", "error", "error_since")
_PLANNED = put(tables.rooms, "room", "plan_sealed", "plan_digest", "planned_at")


class CalendarVerbs(Database):
    async def calendars(self, key: str | None = None) -> dict[str, CalendarRow]:
        """One that is damaged is as if it had never been read."""
        query = select(tables.calendars)
        if key is not None:
            query = query.where(tables.calendars.c.calendar == key)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        found = self._damage.readable(keyed(rows, "calendars", "calendar", self._damage), self._calendar_row)
        return {row["calendar"]: whole for row, whole in found if whole is not None}

    def _calendar_row(self, row: Mapping[Any, Any]) -> CalendarRow:
        key, sealed = row["calendar"], row["meetings_sealed"]
        cells = Cells(row, "calendars", "calendar", self._damage)
        return CalendarRow(
            key,
            load_meetings(self._unseal(sealed, f"calendar:{key}")) if sealed else (),
            cells.instant("read_at"),
            cells.text("error"),
            cells.instant("error_since"),
        )

    def save_reading(self, lease: CalendarLease, key: str, meetings: Iterable[Meeting], at: datetime) -> Write:
        sealed = self._sealer.seal(dump_meetings(meetings), f"calendar:{key}")
        values = {"calendar": key, "read_at": at, **_NO_ERROR, "meetings_sealed": sealed}
        return Write(_READ, values, lease.epoch)

    def save_unchanged(self, lease: CalendarLease, key: str, at: datetime) -> Write:
        return Write(_UNCHANGED, {"calendar": key, "read_at": at, **_NO_ERROR}, lease.epoch)

    def save_failure(self, lease: CalendarLease, key: str, error: str, since: datetime) -> Write:
        return Write(
            _FAILED, {"calendar": key, "error": foreign_text(error, lines=True), "error_since": since}, lease.epoch
        )

    def drop_calendars(self, lease: CalendarLease) -> Write:
        table, start = tables.calendars, f"{lease.source}:"
        of_source = func.substr(table.c.calendar, 1, len(start)) == start  # LIKE has wildcards
        return Write(delete(table).where(of_source), epoch=lease.epoch)

    # -------------------------------------------------------------------------------- rooms

    async def room_states(self, room: RoomId | None = None) -> dict[RoomId, RoomState]:
        query = select(tables.rooms)
        if room is not None:
            query = query.where(tables.rooms.c.room == room)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        found = self._damage.readable(keyed(rows, "rooms", "room", self._damage), self._plan)
        return {RoomId(row["room"]): self._room_state(row, plan) for row, plan in found}

    def _plan(self, row: Mapping[Any, Any]) -> RoomPlan | None:
        sealed = row["plan_sealed"]
        return load_plan(self._unseal(sealed, f"plan:{row['room']}")) if sealed else None

    def _room_state(self, row: Mapping[Any, Any], plan: RoomPlan | None) -> RoomState:
        unit = Cells(row, "rooms", "room", self._damage).text("unit") if row["unit"] is not None else ""
        return RoomState(RoomId(row["room"]), plan, UnitId(unit) if unit else None)

    def save_plan(self, lease: CalendarLease, plan: RoomPlan) -> Write:
        sealed = self._sealer.seal(dump_plan(plan), f"plan:{plan.room}")
        values = {"plan_sealed": sealed, "plan_digest": plan.digest, "planned_at": plan.computed_at}
        return Write(_PLANNED, {"room": plan.room, **values}, lease.epoch)

    def drop_plans(self, lease: CalendarLease, of_others_than: Iterable[RoomId]) -> Write:
        table = tables.rooms
        dropped = update(table).where(table.c.room.not_in(list(of_others_than))).values(plan_sealed=None)
        return Write(dropped, epoch=lease.epoch)
