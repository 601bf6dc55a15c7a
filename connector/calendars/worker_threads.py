"""Blocking work of one source, in daemon threads of its own: bounded, with a deadline, replaced where one hangs.

A thread cannot be stopped from outside. One that passes its deadline is left to itself and another takes its place, so
that a disk that does not answer costs its own calendar and no other. The threads are daemons, since the standard
library's pools wait for theirs when the process ends, for ever where one hangs.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from queue import SimpleQueue
from typing import Any, TypeVar

from connector.errors import SourceUnavailable

T = TypeVar("T")

DEADLINE = timedelta(seconds=45)  # of one reading of data that is at hand, or on a disk; the engine gives up after 60
MOST_HANGING = 16  # threads of one source that are left to themselves at one time


class ReadingHangs(SourceUnavailable):
    """It passed its deadline in its thread, or the one before it did and has not ended yet."""


@dataclass(slots=True, eq=False)
class _Job:
    """``what``: whose work it is, for the sentence. ``seconds``: from its beginning to its deadline; 0: without one."""

    work: Callable[[], Any]
    result: asyncio.Future[Any]
    ended: asyncio.Future[None]
    what: str = ""
    seconds: float = 0.0
    timer: asyncio.TimerHandle | None = None


class _Thread:
    """One daemon thread; one job at a time."""

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._inbox: SimpleQueue[tuple[_Job, Callable[..., None]] | None] = SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def give(self, job: _Job, done: Callable[..., None]) -> None:
        """``done(job, thread, value, error)`` is called on the loop when the job has ended."""
        self._inbox.put((job, done))

    def end(self) -> None:
        """As soon as its job has ended; does not wait."""
        self._inbox.put(None)

    def _run(self) -> None:
        while (given := self._inbox.get()) is not None:
            job, done = given
            value, error = None, None
            try:
                value = job.work()
            except BaseException as raised:  # it belongs to whoever waits for the result
                error = raised
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(done, job, self, value, error)
            del given, job, value, error  # or the last reading stays in memory until the next one


@dataclass(slots=True)
class WorkerThreads:
    """At most ``count`` threads at work, and MOST_HANGING more that passed their deadlines.

    For one event loop; every method is called from its thread. ``name``: of the threads. ``deadline``: of ``run``.
    """

    name: str
    count: int
    deadline: timedelta = DEADLINE
    _waiting: deque[_Job] = field(default_factory=deque)
    _idle: list[_Thread] = field(default_factory=list)
    _busy: dict[_Job, _Thread] = field(default_factory=dict)
    _hanging: set[_Job] = field(default_factory=set)
    _last: dict[str, _Job] = field(default_factory=dict)  # by key, while it is under way
    _closed: bool = False

    async def run(self, work: Callable[[], T], *, key: str, what: str) -> T:
        """What ``work`` returns or raises. One piece of work a ``key`` at a time: the next waits for the one before.

        ``what`` begins the sentences ("The calendar office.ics"). Raises ReadingHangs when the deadline passes, which
        counts from when a thread took it, and while that work still hangs; SourceUnavailable where too much hangs.
        Cancelled, the work goes on to its end or its deadline.
        """
        before = self._last.get(key)
        if before is not None and before not in self._hanging:
            await asyncio.wait({before.ended})  # its reader gave up, the thread did not
        if before is not None and before in self._hanging:
            raise _hangs(what, self.deadline.total_seconds())
        job = self._submit(work, what, self.deadline.total_seconds())
        self._last[key] = job
        job.ended.add_done_callback(lambda _: self._forget(key, job))
        result: T = await asyncio.shield(job.result)
        return result

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """For callers with deadlines of their own, who ``abandon`` what passes them. SourceUnavailable as ``run``."""
        return self._submit(work, f"The {self.name} source", 0.0).result

    def abandon(self, future: asyncio.Future[Any]) -> None:
        """The thread that works for this future of ``submit`` is left to itself; another one takes its place."""
        for job in [job for job in self._busy if job.result is future]:
            self._leave(job)

    async def finish(self, patience: float) -> None:
        """Waits at most ``patience`` seconds for what is under way, then closes."""
        self._drop_waiting()
        if self._busy:
            await asyncio.wait({job.ended for job in self._busy}, timeout=patience)
        self.close()

    def close(self) -> None:
        """What is under way is left to itself."""
        self._drop_waiting()
        for thread in (*self._idle, *self._busy.values()):
            thread.end()
        self._idle.clear()

    # -------------------------------------------------------------------------------- jobs

    def _submit(self, work: Callable[[], Any], what: str, seconds: float) -> _Job:
        if self._closed:
            raise SourceUnavailable(f"{what} is not read any more: its source is being closed.")
        if len(self._hanging) >= MOST_HANGING:
            raise SourceUnavailable(
                f"{what} is not read: {MOST_HANGING} readings of its source hang. See that the disks, network drives"
                " and servers that it reads from answer."
            )
        loop = asyncio.get_running_loop()
        job = _Job(work, loop.create_future(), loop.create_future(), what, seconds)
        job.result.add_done_callback(_seen)
        self._waiting.append(job)
        self._dispatch()
        return job

    def _drop_waiting(self) -> None:
        self._closed = True
        for job in self._waiting:
            job.result.cancel()
            job.ended.set_result(None)
        self._waiting.clear()

    def _dispatch(self) -> None:
        while self._waiting and len(self._busy) < self.count:
            job = self._waiting.popleft()
            if job.result.cancelled():
                job.ended.set_result(None)
                continue
            loop = asyncio.get_running_loop()
            thread = self._idle.pop() if self._idle else _Thread(self.name, loop)
            self._busy[job] = thread
            if job.seconds:
                job.timer = loop.call_later(job.seconds, self._overdue, job)
            thread.give(job, self._done)

    def _done(self, job: _Job, thread: _Thread, value: object, error: BaseException | None) -> None:
        if job.timer is not None:
            job.timer.cancel()
        if self._busy.pop(job, None) is not None and not self._closed:
            self._idle.append(thread)
        else:
            self._hanging.discard(job)
            thread.end()
        job.ended.set_result(None)
        if not job.result.done():
            if error is None:
                job.result.set_result(value)
            else:
                job.result.set_exception(error if not isinstance(error, StopIteration) else RuntimeError("stopped"))
        self._dispatch()

    def _overdue(self, job: _Job) -> None:
        self._leave(job)
        if not job.result.done():
            job.result.set_exception(_hangs(job.what, job.seconds))

    def _leave(self, job: _Job) -> None:
        thread = self._busy.pop(job, None)
        if thread is not None:
            self._hanging.add(job)
            self._dispatch()

    def _forget(self, key: str, job: _Job) -> None:
        if self._last.get(key) is job:
            del self._last[key]


def _seen(future: asyncio.Future[Any]) -> None:
    """Who gave up waiting does not look at the error; asyncio would report that."""
    if not future.cancelled():
        future.exception()


def _hangs(what: str, seconds: float) -> ReadingHangs:
    """The same at each try: another sentence would be another line in the log."""
    return ReadingHangs(
        f"{what} was not read within {seconds:.3g} seconds, and that reading still hangs; it is read again when it has"
        " ended. See that the disk or network drive answers, and that no event repeats too often."
    )
