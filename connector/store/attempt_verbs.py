"""Table ``attempts``: what was dialled and what became of it, under the lease of the unit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast, get_args

from sqlalchemy import Boolean, Delete, String, bindparam, delete, func, insert, select, type_coerce, update

from connector.model import Attempt, AttemptState, DialOrder, Left, RoomId, UnitId
from connector.redaction import foreign_text
from connector.store import tables
from connector.store.api import Change, UnitLease
from connector.store.calendar_verbs import CalendarVerbs
from connector.store.rows import Cells
from connector.store.writer import Write
from connector.vault import VaultError
from connector.wire import WireError

_table = tables.attempts
_ADD = insert(_table)
CHANGE = update(_table).where(_table.c.id == bindparam("attempt"))
_CHANGE = CHANGE.where(_table.c.unit == bindparam("of_unit"))
_WHEN = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*"
_NO_INSTANT = ~func.glob(_WHEN, type_coerce(_table.c.planned_start, String), type_=Boolean)  # damaged
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_LEFT = get_args(Left)


def prune_where(column: Any, name: str) -> Delete:
    """Those planned before; one whose leave order is open stays until it was due before that, too."""
    closed = (_table.c.left != "") | _table.c.leave_at.is_(None) | (_table.c.leave_at < bindparam("before"))
    old = (_table.c.planned_start < bindparam("before")) | (_NO_INSTANT & (_table.c.at < bindparam("before")))
    return delete(_table).where(column == bindparam(name), old, closed)


_PRUNE = prune_where(_table.c.unit, "of_unit")


class AttemptVerbs(CalendarVerbs):
    async def attempts(self, since: datetime, room: RoomId | None = None, unit: UnitId | None = None) -> list[Attempt]:
        """Oldest first; those planned before ``since`` only where a leave order is open."""
        recent = (_table.c.planned_start >= since) | ((_table.c.left == "") & _table.c.leave_at.is_not(None))
        query = select(_table).where(recent | _NO_INSTANT).order_by(_table.c.id)
        if room is not None:
            query = query.where(_table.c.room == room)
        if unit is not None:
            query = query.where(_table.c.unit == unit)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        found = self._damage.readable(rows, self._address)
        # Without its address it still says that this booking was dialled: it is not dialled twice.
        return [await self._attempt(row, address or "") for row, address in found]

    async def _attempt(self, row: Mapping[Any, Any], address: str) -> Attempt:
        cells = Cells(row, "attempts", "id", self._damage)
        planned_start, leave_at = cells.instant("planned_start"), cells.instant("leave_at")
        order = None
        if planned_start is None or (leave_at is None and row["leave_at"] is not None):
            order = await self._order(row)  # the room's plan has the same times, as long as it holds the meeting
        at = cells.instant("at") or planned_start or _NEVER
        return Attempt(
            id=row["id"],
            room=RoomId(cells.text("room")),
            booking_id=cells.text("booking_id"),
            planned_start=planned_start or (order.planned_start if order else at),
            state=_state(row["state"], cells),
            at=at,
            meeting_key=cells.text("meeting_key"),
            address=address,
            call_id=cells.text("call_id") if row["call_id"] is not None else None,
            cause=cells.text("cause"),
            owned=row["owned"],
            leave_at=leave_at or (order.leave_at if order else None),
            left=_left(row["left"], cells),
            left_at=cells.instant("left_at"),
            sent_at=cells.instant("sent_at"),
            unit=UnitId(cells.text("unit")),
        )

    async def _order(self, row: Mapping[Any, Any]) -> DialOrder | None:
        try:
            state = (await self.room_states(row["room"])).get(row["room"])
        except VaultError:
            return None
        orders = state.plan.dial_orders if state is not None and state.plan is not None else ()
        return next((order for order in orders if order.booking_id == row["booking_id"]), None)

    def _address(self, row: Mapping[Any, Any]) -> str:
        try:
            return self._unseal(row["address_sealed"], f"attempt:{row['room']}").decode()
        except UnicodeDecodeError:
            raise WireError("the address of an attempt cannot be read") from None

    async def add_attempt(self, lease: UnitLease, attempt: Attempt, *also: Change) -> int:
        ids: list[int] = []
        sealed = self._sealer.seal(attempt.address.encode(), f"attempt:{attempt.room}")
        values = {"unit": lease.unit, "address_sealed": sealed} | purpose(attempt) | progress(attempt)
        await self.write(Write(_ADD, values, lease.epoch, ids), *also)
        return ids[0]

    def save_attempt(self, lease: UnitLease, attempt: Attempt) -> Write:
        """What an attempt is for never changes; how far it came does."""
        return Write(_CHANGE, {"attempt": attempt.id, "of_unit": lease.unit} | progress(attempt), lease.epoch)

    def prune_attempts(self, lease: UnitLease, before: datetime) -> Write:
        return Write(_PRUNE, {"of_unit": lease.unit, "before": before}, lease.epoch)


def _state(word: object, cells: Cells) -> AttemptState:
    """One that cannot be read is taken for answered: never dialled again, and ended in time if it is there."""
    try:
        return AttemptState(cast(str, word))
    except ValueError:
        return cells.lost("state", AttemptState.ANSWERED)


def _left(word: object, cells: Cells) -> Left:
    """What cannot be read was no open order: that cell is empty, and nothing is in it to be damaged."""
    return cast(Left, word) if word in _LEFT else cells.lost("left", "failed")


def purpose(attempt: Attempt) -> dict[str, Any]:
    return {
        "room": attempt.room,
        "booking_id": attempt.booking_id,
        "planned_start": attempt.planned_start,
        "meeting_key": attempt.meeting_key,
    }


def progress(attempt: Attempt) -> dict[str, Any]:
    return {
        "state": attempt.state.value,
        "at": attempt.at,
        "call_id": attempt.call_id,
        "cause": foreign_text(attempt.cause),  # a unit may quote what it was told to dial
        "owned": attempt.owned,
        "leave_at": attempt.leave_at,
        "left": attempt.left,
        "left_at": attempt.left_at,
        "sent_at": attempt.sent_at,
    }
