"""The calendar sources of connector.toml: each is opened by its own section, and opened anew only when that, or a
secret that it names, changed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from connector import events
from connector.calendars.base import SourceContext, Webhooks
from connector.calendars.registry import open_source
from connector.engine.reader import Reader
from connector.engine.recorder import DAEMON
from connector.errors import ConnectorError
from connector.events import Publish
from connector.running.configuration import Configuration
from connector.running.removed_sources import BRIEF, DEADLINE, Integrations, Section, texts
from connector.running.secrets import Secrets
from connector.running.source_state import StoredState
from connector.settings import Settings, effective, is_reference
from connector.store.store import Store


@dataclass(frozen=True, slots=True)
class _Slice:
    section: Section
    secrets: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Opened:
    slice: _Slice
    stack: AsyncExitStack


class CalendarSources:
    """A part. A source that cannot be had with its new section keeps the old one."""

    name = "calendars"

    def __init__(
        self, reader: Reader, secrets: Secrets, *, base: Path, webhooks: Webhooks, store: Store, publish: Publish
    ) -> None:
        self._reader = reader
        self._secrets = secrets
        self._base = base
        self._webhooks = webhooks
        self._store = store
        self._publish = publish
        self._opened: dict[str, _Opened] = {}
        self._wanted: dict[str, _Slice] = {}
        self._gone: dict[str, Section] = {}  # taken out of the settings, and not taken down yet
        self._removals: set[asyncio.Task[None]] = set()
        self._integrations = Integrations(store, secrets.store, self._context, publish)

    def _context(self, name: str) -> SourceContext:
        state = StoredState(self._store, name)
        return SourceContext(name, self._secrets.secret, self._base, state, self._webhooks, self._publish)

    # -------------------------------------------------------------------------------- as a part

    def slice(self, config: Configuration) -> Mapping[str, _Slice]:
        sections = config.settings.calendars.items()
        return {name: self._slice(Section(section.type, dict(section.options))) for name, section in sections}

    def _slice(self, section: Section) -> _Slice:
        references = sorted({text for text in texts(section.options) if is_reference(text)})
        return _Slice(section, self._secrets.fingerprints(references))

    async def apply(self, config: Configuration) -> Sequence[str]:
        self._wanted = dict(self.slice(config))
        sections = {name: wanted.section for name, wanted in self._wanted.items()}
        if not config.loaded.empty:  # a file that is away is nobody's decision to remove anything
            self._gone |= await self._integrations.compare(sections)
        retyped = [name for name in self._gone if name in sections]
        for name in retyped:  # the same name for something else: the old one ends first
            await self._close(name)
            await asyncio.wait({self._start_removal(name, references_in_use(config), BRIEF)})
        if retyped:
            await self._integrations.compare(sections)
        problems = [await self._follow(name, wanted) for name, wanted in self._wanted.items()]
        return [problem for problem in problems if problem]

    async def _follow(self, name: str, wanted: _Slice) -> str:
        opened = self._opened.get(name)
        if opened is None or opened.slice != wanted:
            return await self._open(name, wanted)
        return ""

    async def _open(self, name: str, wanted: _Slice) -> str:
        """A sentence when the source goes on as it was."""
        before = self._opened.get(name)
        try:
            source = open_source(wanted.section.type, wanted.section.options, self._context(name))
        except ConnectorError as error:  # nothing was touched yet
            return self._not_opened(name, error, kept=before is not None)
        await self._close(name)
        stack = AsyncExitStack()
        try:
            await stack.enter_async_context(source)
        except ConnectorError as error:
            kept = before is not None and await self._enter_again(name, before.slice)
            return self._not_opened(name, error, kept=kept)
        self._opened[name] = _Opened(wanted, stack)
        self._reader.open(name, source)
        return ""

    async def _enter_again(self, name: str, old: _Slice) -> bool:
        """With the section of before, and the secrets of now."""
        stack = AsyncExitStack()
        try:
            source = open_source(old.section.type, old.section.options, self._context(name))
            await stack.enter_async_context(source)
        except ConnectorError:
            return False
        self._opened[name] = _Opened(old, stack)
        self._reader.open(name, source)
        return True

    def _not_opened(self, name: str, error: ConnectorError, *, kept: bool) -> str:
        if kept:
            return f"calendars.{name}: {error} The source works on as it was."
        self._publish(events.CalendarSourceFailed(source=name, reason=str(error)))
        return ""

    async def reopen(self, names: Collection[str]) -> None:
        """As they are: credentials that were refused are tried once more."""
        for name in names:
            if name in self._wanted:
                await self._open(name, self._wanted[name])

    async def _close(self, name: str) -> None:
        opened = self._opened.pop(name, None)
        if opened is not None:
            await self._reader.close(name)
            await opened.stack.aclose()

    # -------------------------------------------------------------------------------- sources that are gone

    async def take_down(self, config: Configuration) -> None:
        """Close what is in the settings no more, and end beside the work what it held at its provider."""
        for name in [name for name in self._opened if name not in self._wanted]:
            await self._close(name)
        gone, self._gone = self._gone, {}
        if not gone:
            return
        await self._store.write(
            self._store.drop_plans(self._store.calendar_lease(DAEMON), (room.id for room in config.rooms.rooms))
        )
        for name, section in gone.items():
            if name not in self._wanted:
                self._gone[name] = section
                self._start_removal(name, references_in_use(config), DEADLINE)

    def _start_removal(self, name: str, used: Collection[str], deadline: timedelta) -> asyncio.Task[None]:
        removal = self._integrations.remove(name, self._gone.pop(name), used, deadline=deadline)
        task = asyncio.create_task(removal, name=f"remove-{name}")
        self._removals.add(task)
        task.add_done_callback(self._removals.discard)
        return task

    async def close(self) -> None:
        """A removal that is cut off here is done at the next start."""
        for task in self._removals:
            task.cancel()
        await asyncio.gather(*self._removals, return_exceptions=True)
        for name in list(self._opened):
            await self._close(name)


class RemovedSources:
    """A part, after the rooms: when they are gone, so may be the sources that they used."""

    name = "calendars removed"

    def __init__(self, sources: CalendarSources) -> None:
        self._sources = sources

    def slice(self, config: Configuration) -> object:
        return {name: section.type for name, section in config.settings.calendars.items()}

    async def apply(self, config: Configuration) -> Sequence[str]:
        await self._sources.take_down(config)
        return ()


def references_in_use(config: Configuration) -> set[str]:
    """All references to secrets that settings and rooms have."""
    return {room.credential for room in config.rooms.rooms} | _references(config.settings)


def _references(settings: Settings) -> set[str]:
    return {str(value) for _, value in effective(settings) if is_reference(value)}
