"""Table ``attempts``: what was dialled and what became of it, under the lease of the unit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast, get_args

from sqlalchemy import Boolean, String, bindparam, delete, func, insert, select, type_coerce, update

from connector.model import NEVER_UP, Attempt, AttemptState, DialOrder, Left, RoomId, UnitId, UnitState
from connector.redaction import foreign_text
from connector.store import tables
from connector.store.api import Change, Lease, Outcome, UnitLease
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
_STATES = frozenset(AttemptState)


def _closed(before: Any) -> Any:
    return (_table.c.left != "") | _table.c.leave_at.is_(None) | (_table.c.leave_at < before)


def _old(before: Any) -> Any:
    """Those planned before; one whose leave order is open stays until it was due before that, too."""
    planned = (_table.c.planned_start < before) | (_NO_INSTANT & (_table.c.at < before))
    return planned & _closed(before)


def _over(before: Any) -> Any:
    """No call of it can be up, since before. What cannot be read is never taken to be over."""
    states = [state.value for state in NEVER_UP]
    ended = (_table.c.left != "") | _table.c.state.in_(states)
    return ended & (_table.c.at < before) & (func.coalesce(_table.c.left_at, _table.c.at) < before) & _closed(before)


_PRUNE = delete(_table).where(_table.c.unit == bindparam("of_unit"), _old(bindparam("before")))
_PRUNE_OF_GONE = delete(_table).where(
    _table.c.unit.in_(select(tables.units.c.id).where(tables.units.c.state == UnitState.GONE.value)),
    _old(bindparam("before")),
)
# An address that was wiped is an empty cell: what is sealed never is one.
_WIPED = b""
_WITH_ADDRESS = func.length(_table.c.address_sealed) > 0
_WIPE_OVER = update(_table).where(_WITH_ADDRESS, _over(bindparam("over"))).values(address_sealed=_WIPED)
_WIPE_OLD = (
    update(_table)
    .where(_WITH_ADDRESS | (_table.c.meeting_key != "") | _table.c.call_id.is_not(None), _old(bindparam("old")))
    .values(address_sealed=_WIPED, meeting_key="", call_id=None)
)


class AttemptVerbs(CalendarVerbs):
    async def attempts(self, since: datetime, room: RoomId | None = None, unit: UnitId | None = None) -> list[Attempt]:
        """Oldest first; those planned before ``since`` only where a leave order is open, until they are wiped."""
        to_leave = (_table.c.left == "") & _table.c.leave_at.is_not(None) & _WITH_ADDRESS
        recent = (_table.c.planned_start >= since) | to_leave
        query = select(_table).where(recent | _NO_INSTANT).order_by(_table.c.id)
        if room is not None:
            query = query.where(_table.c.room == room)
        if unit is not None:
            query = query.where(_table.c.unit == unit)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        # Wiped ones apart: that they can be "read" says nothing of whether the key is lost.
        found = self._damage.readable([row for row in rows if row["address_sealed"] != _WIPED], self._address)
        addresses = {row["id"]: address for row, address in found}
        # Without its address it still says that this booking was dialled: it is not dialled twice.
        return [await self._attempt(row, addresses.get(row["id"]) or "") for row in rows]

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

    def prune_attempts_of_gone(self, lease: Lease, before: datetime) -> Write:
        return Write(_PRUNE_OF_GONE, {"before": before}, lease.epoch)

    def wipe_attempts(self, lease: Lease, over: datetime, old: datetime) -> tuple[Write, ...]:
        return Write(_WIPE_OVER, {"over": over}, lease.epoch), Write(_WIPE_OLD, {"old": old}, lease.epoch)

    # -------------------------------------------------------------------------------- without addresses

    async def outcomes(self, since: datetime) -> list[Outcome]:
        query = select(*_OUTCOME).where(_table.c.at >= since).order_by(_table.c.id)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).all()
        return [_outcome(*row) for row in rows]

    async def last_outcomes(self) -> dict[RoomId, Outcome]:
        newest = select(func.max(_table.c.id)).group_by(_table.c.room)
        query = select(*_OUTCOME).where(_table.c.id.in_(newest))
        async with self.reading() as conn:
            rows = (await conn.execute(query)).all()
        return {RoomId(row[0]): _outcome(*row) for row in rows}


_OUTCOME = [_table.c[name] for name in ("room", "booking_id", "planned_start", "state", "at", "sent_at")]


def _outcome(room: Any, booking_id: str, planned: Any, state: str, at: Any, sent_at: Any) -> Outcome:
    """Damaged cells are told by who plans with them; here they are left out."""
    known = AttemptState(state) if state in _STATES else AttemptState.ANSWERED
    start, changed, sent = (value if isinstance(value, datetime) else None for value in (planned, at, sent_at))
    return Outcome(RoomId(str(room)), booking_id, start or changed or _NEVER, known, changed or start or _NEVER, sent)


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
