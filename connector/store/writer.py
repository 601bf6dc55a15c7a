"""The one writer: it commits what is queued in one transaction, and only while this process owns the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import Delete, Insert, Update, select
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.errors import ConnectorError
from connector.store import tables

_log = structlog.get_logger("connector")  # what cannot be written has no line in the history


class OwnershipLost(Exception):
    """Another process took this database over; this one must stop commanding units."""


class StoreError(ConnectorError):
    """The database cannot be opened, read or written. What failed changed nothing; a write may be tried again."""


@dataclass(frozen=True, slots=True)
class Write:
    """A prepared statement and its values: to build and compile one anew for each row costs more than to run it."""

    statement: Insert | Update | Delete
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)  # empty: the statement holds its own


@dataclass(slots=True)
class _Job:
    writes: tuple[Write, ...]
    done: asyncio.Future[None] | None


class Writer:
    """``write`` and ``post`` are refused, or do nothing, before ``start`` and after ``close``."""

    def __init__(self, engine: AsyncEngine, epoch: int | None) -> None:
        self._engine = engine
        self._epoch = epoch
        self._queue: asyncio.Queue[_Job | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._trouble = ""  # why nothing can be written now: one line in the log a change

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="store-writer")

    async def close(self) -> None:
        """Everything posted so far is committed first."""
        if self._task is not None:
            self._queue.put_nowait(None)
            await self._task

    async def write(self, *writes: Write) -> None:
        """Returns when committed. Writes queued by others meanwhile share the transaction."""
        if self._task is None or self._task.done():
            raise OwnershipLost("the store is closed")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Job(writes, done))
        await done

    def post(self, *writes: Write) -> None:
        """Committed with the next transaction; nobody waits. For what may be lost in a crash."""
        if self._task is not None and not self._task.done():
            self._queue.put_nowait(_Job(writes, None))

    async def _run(self) -> None:
        closing = False
        while not closing:
            batch = [await self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get_nowait())
            closing = None in batch
            jobs = [job for job in batch if job is not None]
            if jobs:
                await self._commit(jobs)

    async def _commit(self, jobs: list[_Job]) -> None:
        if not any(job.writes for job in jobs):
            _settle(jobs, None)  # somebody only waits for what was queued before
            return
        try:
            async with self._engine.begin() as conn:
                epoch = (await conn.execute(select(tables.owner.c.epoch))).scalar()
                if epoch != self._epoch:
                    raise OwnershipLost(f"another daemon took over this database (epoch {epoch}, ours {self._epoch})")
                for statement, values in _runs(jobs):
                    if any(values):
                        await conn.execute(statement, values)
                    else:  # rare ones, such as a wipe, that hold their own
                        await conn.execute(statement)
        except Exception as error:
            if len(jobs) > 1 and not isinstance(error, OwnershipLost):
                for job in jobs:  # one bad statement must not fail its neighbours
                    await self._commit([job])
                return
            _settle(jobs, self._troubled(error) if _is_trouble(error) else error)
        else:
            self._mended()
            _settle(jobs, None)

    def _troubled(self, error: Exception) -> StoreError:
        cause = cause_of(error)
        if cause != self._trouble:
            self._trouble = cause
            _log.error(
                "store.failed",
                database=self._engine.url.database,
                reason=f"The database cannot be written ({cause}). No room dials by itself until it can, because a dial"
                " that is not written down could be made twice. Screens are kept as usual.",
            )
        return StoreError(f"the database cannot be written ({cause})")

    def _mended(self) -> None:
        if self._trouble:
            self._trouble = ""
            _log.info("store.recovered", database=self._engine.url.database)


def _runs(jobs: Iterable[_Job]) -> Iterator[tuple[Insert | Update | Delete, list[Mapping[str, Any]]]]:
    """Neighbours with one statement become one call. Tables are taken apart: no row refers to another table's."""
    by_table: dict[str, list[Write]] = {}
    for job in jobs:
        for write in job.writes:
            by_table.setdefault(write.statement.table.description, []).append(write)
    for writes in by_table.values():
        for _, run in groupby(writes, key=lambda write: id(write.statement)):
            found = list(run)
            yield found[0].statement, [write.values for write in found]


def _settle(jobs: Iterable[_Job], error: Exception | None) -> None:
    for job in jobs:
        if job.done is None or job.done.done():
            continue
        if error is None:
            job.done.set_result(None)
        else:
            job.done.set_exception(error)


def _is_trouble(error: Exception) -> bool:
    """The disk's or the file's, not the statement's."""
    mistakes = IntegrityError | ProgrammingError | DataError
    return isinstance(error, OSError | DatabaseError) and not isinstance(error, mistakes)


def cause_of(error: Exception) -> str:
    """Without the statement and its values, which SQLAlchemy puts into the message."""
    return str(getattr(error, "orig", None) or error)
