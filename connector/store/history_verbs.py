"""Tables ``history`` and ``commands``: what happened, and what people ask of the daemon from another process."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Delete, bindparam, delete, func, insert, select, union_all, update

from connector.model import RoomId
from connector.store import kept, tables
from connector.store.api import Command, HistoryRow, Lease, Span
from connector.store.database import Database
from connector.store.rows import Cells
from connector.store.writer import Write
from connector.wire import WireError, dump_detail, load_detail

_commands = tables.commands
_HAPPENED = insert(tables.history)
ANSWER = update(_commands).where(_commands.c.id == bindparam("number")).values(outcome=bindparam("new_outcome"))


def _prune_history() -> Delete:
    table = tables.history
    newest = select(table.c.id).where(table.c.room == bindparam("of_room"))
    newest = newest.order_by(table.c.id.desc()).limit(kept.HISTORY_PER_ROOM)
    return delete(table).where(table.c.room == bindparam("of_room"), table.c.id.not_in(newest))


_PRUNE = _prune_history()


class HistoryVerbs(Database):
    async def history(self, room: str, limit: int = 50) -> list[HistoryRow]:
        """Newest first."""
        table = tables.history
        query = select(table).where(table.c.room == room).order_by(table.c.id.desc()).limit(limit)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return [row for _, row in self._damage.readable(rows, self._history_row) if row is not None]

    async def events(self, names: Collection[str], since: datetime) -> list[HistoryRow]:
        table = tables.history
        query = select(table).where(table.c.event.in_(names), table.c.at >= since).order_by(table.c.id)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return [row for _, row in self._damage.readable(rows, self._history_row) if row is not None]

    async def history_spans(self) -> dict[RoomId, Span]:
        table = tables.history
        spans = (
            select(func.min(table.c.id).label("first"), func.count().label("rows")).group_by(table.c.room).subquery()
        )
        query = select(table.c.room, table.c.at, spans.c.rows).join(spans, table.c.id == spans.c.first)
        async with self.reading() as conn:
            rows = (await conn.execute(query)).all()
        return {RoomId(room): Span(at if isinstance(at, datetime) else None, count) for room, at, count in rows}

    async def begins(self) -> datetime | None:
        both = union_all(*(select(func.min(table.c.at).label("at")) for table in (tables.history, tables.attempts)))
        async with self.reading() as conn:
            found = (await conn.execute(both)).scalars().all()
        return min((at for at in found if isinstance(at, datetime)), default=None)

    def _history_row(self, row: Mapping[Any, Any]) -> HistoryRow:
        cells = Cells(row, "history", "id", self._damage)
        if not isinstance(row["at"], datetime):
            raise WireError(f"table history, row {row['id']}, has no time")
        return HistoryRow(row["at"], RoomId(row["room"]), cells.text("event"), cells.json("detail", load_detail) or {})

    def save_event(self, lease: Lease, room: str, event: str, at: datetime, detail: Mapping[str, Any]) -> Write:
        """``detail`` must be redacted already."""
        return Write(_HAPPENED, {"room": room, "event": event, "at": at, "detail": dump_detail(detail)}, lease.epoch)

    def prune_history(self, lease: Lease, room: str) -> Write:
        return Write(_PRUNE, {"of_room": room}, lease.epoch)

    # -------------------------------------------------------------------------------- commands

    async def ask(self, kind: str, target: str, now: datetime, valid_for: timedelta) -> int:
        """Its number. Written beside the owner: nothing else of the database is touched. StoreError."""
        values = {"kind": kind, "target": target, "at": now, "expires_at": now + valid_for}
        async with self.aside() as conn:
            await conn.execute(delete(_commands).where(_commands.c.expires_at < now - kept.ANSWERS))
            added = await conn.execute(insert(_commands).values(**values).returning(_commands.c.id))
            return int(added.scalar_one())

    async def pending(self, now: datetime) -> tuple[Command, ...]:
        """Oldest first; those that expired before anybody took them are never carried out."""
        query = (
            select(_commands.c.id, _commands.c.kind, _commands.c.target)
            .where(_commands.c.outcome.is_(None), _commands.c.expires_at > now)
            .order_by(_commands.c.id)
        )
        async with self.reading() as conn:
            return tuple(Command(*row) for row in (await conn.execute(query)).all())

    def answer(self, lease: Lease, command: Command, outcome: str) -> Write:
        return Write(ANSWER, {"number": command.id, "new_outcome": outcome}, lease.epoch)

    async def outcome(self, number: int) -> str | None:
        """The daemon's sentence; None while it has not taken the command."""
        query = select(_commands.c.outcome).where(_commands.c.id == number)
        async with self.reading() as conn:
            found: str | None = (await conn.execute(query)).scalar()
        return found
