"""Tables ``history`` and ``commands``: what happened, and what people ask of the daemon from another process."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Delete, bindparam, delete, func, insert, select, union_all, update

from connector.model import RoomId
from connector.store import kept, tables
from connector.store.api import Answer, Command, HistoryRow, Lease, Pause, Span
from connector.store.database import Database, put
from connector.store.rows import Cells
from connector.store.writer import Write
from connector.vault import VaultError
from connector.wire import WireError, dump_detail, load_detail

WORDS = "command"  # what a command's words are sealed for
_commands = tables.commands
_HAPPENED = insert(tables.history)
ANSWER = (
    update(_commands)
    .where(_commands.c.id == bindparam("number"))
    .values(outcome=bindparam("new_outcome"), failed=bindparam("has_failed"))
)
_TAKE = update(_commands).where(_commands.c.id == bindparam("number")).values(taken_at=bindparam("at_that_time"))
_PAUSE = put(tables.pauses, "room", "since", "until", "clears")
_RESUME = delete(tables.pauses).where(tables.pauses.c.room == bindparam("of_room"))


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

    async def ask(
        self, kind: str, target: str, now: datetime, valid_for: timedelta, words: Mapping[str, str] | None = None
    ) -> int:
        """Its number. Written beside the owner: nothing else of the database is touched. StoreError."""
        sealed = self._sealer.seal(json.dumps(dict(words)).encode(), WORDS) if words else None
        values = {
            "kind": kind,
            "target": target,
            "at": now,
            "expires_at": now + valid_for,
            "words_sealed": sealed,
            "failed": False,
        }
        async with self.aside() as conn:
            await conn.execute(delete(_commands).where(_commands.c.expires_at < now - kept.ANSWERS))
            added = await conn.execute(insert(_commands).values(**values).returning(_commands.c.id))
            return int(added.scalar_one())

    async def pending(self, now: datetime) -> tuple[Command, ...]:
        """Oldest first; those that expired before anybody took them are never carried out."""
        unanswered = _commands.c.outcome.is_(None)
        query = (
            select(_commands)
            .where(unanswered, (_commands.c.expires_at > now) | _commands.c.taken_at.is_not(None))
            .order_by(_commands.c.id)
        )
        async with self.reading() as conn:
            rows = (await conn.execute(query)).mappings().all()
        return tuple(
            Command(row["id"], row["kind"], row["target"], self._words(row), row["taken_at"] is not None)
            for row in rows
        )

    def _words(self, row: Mapping[Any, Any]) -> Mapping[str, str]:
        try:
            found = json.loads(self._unseal(row["words_sealed"], WORDS)) if row["words_sealed"] else {}
        except (VaultError, ValueError):
            return {}
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}

    def take(self, lease: Lease, command: Command, at: datetime) -> Write:
        return Write(_TAKE, {"number": command.id, "at_that_time": at}, lease.epoch)

    def answer(self, lease: Lease, command: Command, outcome: str, *, failed: bool = False) -> Write:
        return Write(ANSWER, {"number": command.id, "new_outcome": outcome, "has_failed": failed}, lease.epoch)

    async def outcome(self, number: int) -> Answer | None:
        """What the daemon says; None while it has not carried out the command."""
        query = select(_commands.c.outcome, _commands.c.failed).where(_commands.c.id == number)
        async with self.reading() as conn:
            row = (await conn.execute(query)).first()
        return None if row is None or row[0] is None else Answer(row[0], bool(row[1]))

    # -------------------------------------------------------------------------------- pauses

    async def pauses(self) -> dict[RoomId, Pause]:
        async with self.reading() as conn:
            rows = (await conn.execute(select(tables.pauses))).mappings().all()
        return {RoomId(row["room"]): self._pause(row) for row in rows}

    def _pause(self, row: Mapping[Any, Any]) -> Pause:
        """A time that cannot be read: the pause lasts until somebody ends it."""
        cells = Cells(row, "pauses", "room", self._damage)
        since = cells.instant("since") or datetime.now(UTC)
        return Pause(RoomId(row["room"]), since, cells.instant("until"), bool(row["clears"]))

    def save_pause(self, lease: Lease, pause: Pause) -> Write:
        values = {"room": pause.room, "since": pause.since, "until": pause.until, "clears": pause.clears}
        return Write(_PAUSE, values, lease.epoch)

    def drop_pause(self, lease: Lease, room: RoomId) -> Write:
        return Write(_RESUME, {"of_room": room}, lease.epoch)
