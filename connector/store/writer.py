"""The one writer: it commits what is queued in one transaction, and only what acts under a lease that is not lost."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Delete, Insert, Update, select, text
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from connector.events import Happened, StoreFailed, StoreRecovered
from connector.store import tables
from connector.store.api import Change as Change
from connector.store.api import OwnershipLost as OwnershipLost
from connector.store.api import StoreError as StoreError

_GONE = "the database file is another one, or gone"
_EPOCH = select(tables.owner.c.epoch)
_LAST = text("SELECT seq FROM sqlite_sequence WHERE name = :of_table")
Work = Callable[[AsyncConnection], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Write(Change):
    """A prepared statement and its values: to build and compile one anew for each row costs more than to run it."""

    statement: Insert | Update | Delete
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)  # empty: the statement holds its own
    epoch: int | None = None  # of the lease that it acts under; None: the process's own
    ids: list[int] | None = None  # of a new row: the commit puts the number here that the database gives it


@dataclass(slots=True, eq=False)
class _Job:
    writes: tuple[Write, ...]
    done: asyncio.Future[None] | None
    work: Work | None = None  # instead of writes: what must read before it writes


class Writer:
    """``write`` and ``post`` are refused, or do nothing, before ``start`` and after ``close``."""

    def __init__(self, engine: AsyncEngine, epoch: int | None) -> None:
        self._engine = engine
        self._epoch = epoch
        self._queue: asyncio.Queue[_Job | None] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._trouble = ""  # why nothing can be written now: one line in the log a change
        self._path = str(engine.url.database or "")
        self._inode = _inode(self._path)

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

    async def run(self, work: Work) -> None:
        """``work`` in a transaction of its own, after what was queued before. Returns when committed."""
        if self._task is None or self._task.done():
            raise OwnershipLost("the store is closed")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Job((), done, work))
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
            for _, together in groupby((job for job in batch if job is not None), key=lambda job: job.work):
                await self._commit(list(together))

    async def _commit(self, jobs: list[_Job]) -> None:
        if not any(job.writes or job.work for job in jobs):
            _settle(jobs, None)  # somebody only waits for what was queued before
            return
        try:
            async with self._engine.begin() as conn:
                await _execute(conn, jobs)
                # Looked at behind the rows: from the first of them on, nobody else can take the database over.
                epoch = (await conn.execute(_EPOCH)).scalar()
                held = [job for job in jobs if self._holds(job, epoch)]
                if len(held) < len(jobs):
                    raise OwnershipLost(f"another daemon took over this database (epoch {epoch}, ours {self._epoch})")
        except OwnershipLost as lost:
            _settle([job for job in jobs if job not in held], lost)
            await self._commit(held)
        except Exception as error:
            if len(jobs) > 1:
                for job in jobs:  # one bad statement must not fail its neighbours
                    await self._commit([job])
            else:
                _settle(jobs, self._troubled(error) if _is_trouble(error) else error)
        else:
            if not self._file_is_gone():
                self._mended()
            _settle(jobs, None)

    def _file_is_gone(self) -> bool:
        """SQLite goes on writing to a file that was deleted or replaced: all of it is lost when the process ends."""
        found = _inode(self._path)
        if found == self._inode:
            return False
        if self._trouble != _GONE:
            self._trouble = _GONE
            self._say_gone(found is not None)
        return True

    def _say_gone(self, replaced: bool) -> None:
        what = "was replaced by another one" if replaced else "was deleted"
        reason = (
            f"The database file {what} while the daemon has it open. Rooms work on, and what they do is lost when the"
            " daemon ends. Put a backup in its place, where there is one, and restart the connector: it goes on from"
            " there. Without one it plans everything anew, and leaves calls where it can tell that they are ours."
        )
        say(StoreFailed(database=self._path, reason=reason))

    def _holds(self, job: _Job, epoch: int | None) -> bool:
        """Whether each lease that the job acts under is of the present owner."""
        if job.work is not None:
            return self._epoch == epoch
        return all((self._epoch if write.epoch is None else write.epoch) == epoch for write in job.writes)

    def _troubled(self, error: Exception) -> StoreError:
        cause = cause_of(error)
        if cause != self._trouble:
            self._trouble = cause
            reason = (
                f"The database cannot be written ({cause}). No room dials by itself until it can, because a dial that"
                " is not written down could be made twice. Screens are kept as usual."
            )
            say(StoreFailed(database=str(self._engine.url.database), reason=reason))
        return StoreError(f"the database cannot be written ({cause})")

    def _mended(self) -> None:
        if self._trouble:
            self._trouble = ""
            say(StoreRecovered(database=str(self._engine.url.database)))


def _inode(path: str) -> tuple[int, int] | None:
    """Which file stands there; None when none does."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def say(event: Happened) -> None:
    """To the log alone: what the database is in trouble with has no row in its history."""
    import structlog  # here: a command that only reads has no use for it, and it is slow to load

    getattr(structlog.get_logger("connector"), event.level)(event.name, **event.fields())


async def _execute(conn: AsyncConnection, jobs: list[_Job]) -> None:
    for job in jobs:
        if job.work is not None:
            await job.work(conn)
    for statement, writes in _runs(jobs):
        if len(writes) == 1 and writes[0].ids is not None:
            key = (await conn.execute(statement, writes[0].values)).inserted_primary_key
            writes[0].ids[:] = list(key or ())
            continue
        values = await _numbered(conn, writes)
        if any(values):
            await conn.execute(statement, values)
        else:  # rare ones, such as a wipe, that hold their own
            await conn.execute(statement)


async def _numbered(conn: AsyncConnection, writes: list[Write]) -> list[Mapping[str, Any]]:
    """Rows that ask for a number get the next ones of their table. SQLite keeps the last it gave, and this transaction
    alone may write: asked so, a thousand rows are still one call. (With RETURNING they would be a thousand.)"""
    asking = [write.ids for write in writes if write.ids is not None]
    if len(asking) < len(writes):
        return [write.values for write in writes]
    last = (await conn.execute(_LAST, {"of_table": writes[0].statement.table.description})).scalar() or 0
    for number, ids in enumerate(asking, last + 1):
        ids[:] = [number]
    return [{"id": ids[0], **write.values} for ids, write in zip(asking, writes, strict=True)]


def _runs(jobs: Iterable[_Job]) -> Iterator[tuple[Insert | Update | Delete, list[Write]]]:
    """Neighbours with one statement become one call. Tables are taken apart: no row refers to another table's."""
    by_table: dict[str, list[Write]] = {}
    for job in jobs:
        for write in job.writes:
            by_table.setdefault(write.statement.table.description, []).append(write)
    for writes in by_table.values():
        for _, run in groupby(writes, key=lambda write: id(write.statement)):
            found = list(run)
            yield found[0].statement, found


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
