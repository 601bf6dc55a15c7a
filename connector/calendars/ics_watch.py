"""Watches the files and folders of all local calendars with one kernel watcher."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

from watchfiles import Change, awatch

from connector.calendars.ics_local import Signature, is_calendar_file, signatures
from connector.calendars.worker_threads import WorkerThreads
from connector.errors import SourceUnavailable

T = TypeVar("T")

_STEP = 50  # ms without a further change that end a group of changes
_DEBOUNCE = 400  # ms that a group lasts at most
LOOK = 5_000  # ms: then the files are compared even if the kernel said nothing (network drives, swapped links)


class LocalWatch:
    """Calls ``changed(path)`` for paths in use, first when it begins to watch one that exists: what happened before is
    not known. A folder may vanish and come back, a file be replaced.
    """

    def __init__(self, threads: WorkerThreads, changed: Callable[[Path], None], *, look: int = LOOK) -> None:
        self._threads = threads
        self._changed = changed
        self._look = look
        self._seen: dict[Path, tuple[Signature, ...] | None] = {}  # None: never looked at
        self._above: frozenset[Path] = frozenset()  # every folder above a calendar
        self._some = asyncio.Event()
        self._stop = asyncio.Event()

    def add(self, path: Path) -> None:
        if path not in self._seen:
            self._seen[path] = None
            self._some.set()
            self._stop.set()  # the watcher starts again, with this path

    def discard(self, path: Path) -> None:
        self._seen.pop(path, None)
        if not self._seen:
            self._some.clear()
        self._stop.set()

    async def run(self) -> None:
        """Until cancelled."""
        pause = _STEP
        while True:
            await self._some.wait()
            self._stop = asyncio.Event()
            self._above = frozenset(parent for path in self._seen for parent in path.parents)
            folders = await self._folders()
            try:
                await self._watch(folders)
                pause = _STEP
            except (OSError, RuntimeError):
                # A folder went away between looking and watching; or the kernel has no watches left (its limit is
                # fs.inotify.max_user_watches): then looking now and then has to do.
                await asyncio.sleep(pause / 1000)
                pause = min(2 * pause, self._look)
                await self._look_for_changes(list(self._seen))

    async def _watch(self, folders: frozenset[Path]) -> None:
        changes = awatch(
            *folders,
            watch_filter=self._matters,
            step=_STEP,
            debounce=_DEBOUNCE,
            rust_timeout=self._look,
            yield_on_timeout=True,
            stop_event=self._stop,
            recursive=False,
        )
        group = asyncio.ensure_future(anext(changes, None))
        try:
            await asyncio.sleep(0)  # from here on the kernel watches; what happened before shows in the files
            await self._look_for_changes(list(self._seen))
            if folders != await self._folders():
                return
            while (found := await group) is not None:
                group = asyncio.ensure_future(anext(changes, None))
                touched = {Path(name) for _, name in found}
                calendars = {calendar for path in touched for calendar in self._calendars_of(path)}
                await self._look_for_changes(list(calendars if touched else self._seen), calendars)
                if touched & folders:
                    return  # a folder was removed or replaced: watch what is there now
                moved = not touched or touched & self._above
                if moved and folders != await self._folders():
                    return
        finally:
            group.cancel()
            await asyncio.gather(group, return_exceptions=True)
            await changes.aclose()

    def _matters(self, change: Change, name: str) -> bool:
        path = Path(name)
        return path in self._above or bool(self._calendars_of(path))

    def _calendars_of(self, path: Path) -> list[Path]:
        found = [path] if path in self._seen else []
        if path.parent in self._seen and is_calendar_file(path.name):
            found.append(path.parent)
        return found

    async def _look_for_changes(self, calendars: Iterable[Path], surely: Collection[Path] = ()) -> None:
        """Announces what differs from the last look, and ``surely``; after looking, so that nothing falls between."""
        found = await self._by_folder(calendars, lambda paths: {path: _look_at(path) for path in paths})
        for path, seen in (item for looked in found for item in looked.items()):
            before = self._seen.get(path) or ()
            if path in self._seen:
                self._seen[path] = seen
            if seen != before or path in surely:
                self._changed(path)

    async def _folders(self) -> frozenset[Path]:
        return frozenset[Path]().union(*await self._by_folder(list(self._seen), _folders))

    async def _by_folder(self, calendars: Iterable[Path], work: Callable[[list[Path]], T]) -> list[T]:
        """Results of those folders that answer: one on a network drive that hangs must not blind us for the others."""
        groups: dict[Path, list[Path]] = {}
        for path in calendars:
            groups.setdefault(path.parent, []).append(path)
        asked = (
            self._threads.run(partial(work, paths), key=f"watch {folder}", what=f"The folder {folder.name}")
            for folder, paths in groups.items()
        )
        results = await asyncio.gather(*asked, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, SourceUnavailable):
                raise result
        return [result for result in results if not isinstance(result, BaseException)]


def _look_at(path: Path) -> tuple[Signature, ...]:
    try:
        return signatures(path)
    except OSError:
        return ()


def _folders(paths: Iterable[Path]) -> frozenset[Path]:
    """What to watch: each folder itself, and the nearest existing folder above, which tells when it comes or goes."""
    found: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found.add(path)
        found.add(next(parent for parent in path.parents if parent.is_dir()))
    return frozenset(found)
