"""The table ``commands``: what people ask of the daemon from another process. It expires; the daemon answers in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from connector.store.store import Store
from connector.store.tables import commands
from connector.store.writer import Write

_KEPT = timedelta(days=1)  # answers may be read that long


@dataclass(frozen=True, slots=True)
class Command:
    id: int
    kind: str  # "sync" or "release"
    target: str  # of sync: "" all, "room:ID" or "source:NAME"; of release: a source's name


async def ask(store: Store, kind: str, target: str, now: datetime, valid_for: timedelta) -> int:
    """Its number. Written beside the owner: nothing else of the database is touched. StoreError."""
    values = {"kind": kind, "target": target, "at": now, "expires_at": now + valid_for}
    async with store.aside() as conn:
        await conn.execute(delete(commands).where(commands.c.expires_at < now - _KEPT))
        added = await conn.execute(insert(commands).values(**values).returning(commands.c.id))
        return int(added.scalar_one())


async def pending(store: Store, now: datetime) -> tuple[Command, ...]:
    """Oldest first; those that expired before anybody took them are never carried out."""
    query = (
        select(commands.c.id, commands.c.kind, commands.c.target)
        .where(commands.c.outcome.is_(None), commands.c.expires_at > now)
        .order_by(commands.c.id)
    )
    async with store.reading() as conn:
        return tuple(Command(*row) for row in (await conn.execute(query)).all())


def done(command: Command, outcome: str) -> Write:
    return Write(update(commands).where(commands.c.id == command.id).values(outcome=outcome))


async def outcome(store: Store, number: int) -> str | None:
    """The daemon's sentence; None while it has not taken the command."""
    async with store.reading() as conn:
        found: str | None = (await conn.execute(select(commands.c.outcome).where(commands.c.id == number))).scalar()
    return found
