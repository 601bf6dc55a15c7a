"""The daemon: opens the parts, follows edits of what it was told, and closes the parts. No logic of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from connector import __version__, events
from connector.calendars.base import NoWebhooks, Webhooks
from connector.clock import Clock, Steps, SystemClock
from connector.engine.commands import Commands
from connector.engine.gc_schedule import collect_between_dials
from connector.engine.lanes import Lanes
from connector.engine.planner import Planner
from connector.engine.reader import Reader
from connector.engine.recorder import Recorder
from connector.engine.report import RoomReport, room_report
from connector.engine.unit_commands import UnitCommands
from connector.errors import UserError
from connector.model import CalendarId, Room
from connector.observe.sinks import LogSink, Watcher, WatcherSink
from connector.running.calendar_sources import CalendarSources, RemovedSources
from connector.running.configuration import (
    Configuration,
    database_file,
    engine_options,
    find_plug,
    pace_of,
    read_configuration,
)
from connector.running.engine_parts import AdminRules, ConfigureLog, Log, Pace, Rooms
from connector.running.follow import Follower
from connector.running.lock import FolderLocks
from connector.running.parts import Part, Parts
from connector.running.secrets import Secrets
from connector.running.watchdog import Watchdog
from connector.running.zoom import ZoomAccount
from connector.serving.webhooks import Listener
from connector.settings import Settings, open_vault
from connector.store.api import StoreError
from connector.store.store import Store
from connector.vault import Vault

_LOOK_FOR_EDITS = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class _Process:
    """What outlives every edit."""

    clock: Clock
    locks: FolderLocks
    vault: Vault
    store: Store
    recorder: Recorder
    secrets: Secrets
    remembers_since: datetime | None  # the database was lost: of what was dialled before nothing is known


class Connector:
    """The daemon. ``run`` until ``stop`` is set; ``watcher`` is told of each event, redacted."""

    def __init__(
        self,
        config: Path | None,
        *,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        watcher: Watcher | None = None,
        configure_log: ConfigureLog | None = None,
        watch_loop: bool = False,
    ) -> None:
        """``watch_loop``: the event loop is this daemon's alone, and who holds it for long is told of."""
        self._path = config
        self._environ = os.environ if environ is None else environ
        self._clock = clock or SystemClock()
        self._watcher = watcher
        self._configure_log = configure_log
        self._watch_loop = watch_loop
        self._store: Store | None = None
        self._config: Configuration | None = None
        self._reread = asyncio.Event()

    # -------------------------------------------------------------------------------- running

    async def run(self, stop: asyncio.Event) -> None:
        """UserError when the configuration cannot be used or another daemon owns the data folder."""
        config = self._config = read_configuration(self._path, self._environ)
        settings = config.settings
        with FolderLocks() as locks:
            lived_before = locks.take(settings.data_dir)
            vault = await asyncio.to_thread(open_vault, settings, self._environ)
            lost = lived_before and not database_file(settings).exists()
            store = self._store = await Store.open(database_file(settings), vault, self._clock.now())
            try:
                async with self._recording(store) as recorder:
                    secrets = Secrets(settings, self._environ, vault)
                    since = self._clock.now() if lost else None
                    process = _Process(self._clock, locks, vault, store, recorder, secrets, since)
                    recorder.publish(events.DaemonStarted(version=__version__, data_dir=str(settings.data_dir)))
                    await self._serve(stop, config, process)
                    recorder.publish(events.DaemonStopped())
            finally:
                await store.close()

    @asynccontextmanager
    async def _recording(self, store: Store) -> AsyncIterator[Recorder]:
        """With all who listen. On leaving they have had everything."""
        with LogSink() as log:
            if self._watcher is None:
                yield Recorder(self._clock, store, log)
                return
            watcher = WatcherSink(self._watcher, lambda event: recorder.publish(event))
            recorder = Recorder(self._clock, store, log, watcher)
            try:
                yield recorder
            finally:
                watcher.flush()

    def reread(self) -> None:
        """Look at all input files now, as after an edit (SIGHUP)."""
        self._reread.set()

    async def _serve(self, stop: asyncio.Event, config: Configuration, process: _Process) -> None:
        clock, store, recorder, publish = process.clock, process.store, process.recorder, process.recorder.publish
        follower = Follower(
            config, self._path, self._environ, process.locks, publish
        )  # an edit during the start counts
        failures: list[BaseException] = []
        broken = asyncio.Event()

        def fatal(error: BaseException) -> None:
            failures.append(error)
            broken.set()

        async with AsyncExitStack() as stack:
            webhooks = await _listen(stack, config.settings, publish)
            pace = Pace(engine_options(config.settings))
            planner = Planner(
                {key: state.plan for key, state in (await store.room_states()).items() if state.plan is not None},
                lambda key, plan: lanes.offer(key, plan),
                clock=clock,
                store=store,
                recorder=recorder,
            )
            reader = Reader(
                await store.calendars(),
                planner.took,
                clock=clock,
                store=store,
                recorder=recorder,
                options=pace.options,
            )
            lanes = Lanes(
                clock=clock,
                store=store,
                recorder=recorder,
                options=pace.options,
                remembers_since=process.remembers_since,
                secrets=process.secrets,
                find_plug=find_plug,
                learned=planner.learned,
                fatal=fatal,
            )
            pace.of(reader, lanes)
            sources = CalendarSources(
                reader,
                process.secrets,
                base=config.settings.base,
                webhooks=webhooks,
                store=store,
                publish=publish,
            )
            zoom = ZoomAccount(reader, process.secrets, webhooks=webhooks, clock=clock, store=store, publish=publish)
            log = [Log(self._configure_log)] if self._configure_log is not None else []
            rooms = Rooms(reader, planner, lanes, publish)
            ordered: list[Part] = [
                *log,
                pace,
                AdminRules(reader, publish),
                zoom,
                sources,
                rooms,
                RemovedSources(sources),
            ]
            parts = Parts(ordered, publish)
            stack.push_async_callback(sources.close)
            stack.push_async_callback(zoom.close)
            stack.callback(planner.close)
            stack.push_async_callback(lanes.close)
            asked = UnitCommands(lanes, clock=clock, store=store, recorder=recorder)
            await asked.recall()
            await parts.apply(config)
            rooms.announce(config)
            if self._watch_loop:  # from now on it serves: what is read and imported at the start holds up nobody
                stack.enter_context(Watchdog(publish))
            tasks = [
                asyncio.create_task(reader.run(), name="reader"),
                asyncio.create_task(collect_between_dials(clock, planner.next_dial), name="gc"),
            ]
            stack.push_async_callback(_cancel, tasks)
            commands = Commands(
                reader, lanes.try_again, sources.reopen, clock=clock, store=store, recorder=recorder, units=asked
            )
            steps = Steps(clock)
            while not (stop.is_set() or broken.is_set()):
                await self._wait(stop, broken)
                _raise_what_ended(tasks)
                if (by := steps.look()) is not None:
                    publish(events.ClockStepped(seconds=round(by.total_seconds())))
                    reader.stepped(by)
                    try:
                        await lanes.stepped(by)
                    except StoreError:  # the store has said so; the rooms get their lanes when it works again
                        parts.again(rooms)
                    planner.plan_anew()
                    await sources.reopen([*config.settings.calendars])
                await commands.look(self._calendar_of)
                if not process.vault.ready():  # after a rotation: the new key first
                    continue
                fresh = follower.look(at_once=self._reread.is_set())
                self._reread.clear()
                if fresh is None and parts.unfinished:
                    await _finish(parts, planner, config)
                if fresh is not None:
                    config = self._config = fresh
                    await parts.apply(fresh)
                    rooms.announce(fresh)
                    lanes.look_at_refused()
        if failures:
            raise failures[0]

    async def _wait(self, *wake: asyncio.Event) -> None:
        waits = [asyncio.create_task(event.wait()) for event in (*wake, self._reread)]
        try:
            await asyncio.wait(waits, timeout=_LOOK_FOR_EDITS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(waits)

    # -------------------------------------------------------------------------------- looking

    async def room_report(self, room_id: str) -> RoomReport:
        """KeyError when there is no such room."""
        assert self._store is not None and self._config is not None
        room = {str(r.id): r for r in self._config.rooms.rooms}[room_id]
        pace = pace_of(self._config.settings.sync)
        return await room_report(self._store, room, self._config.calendar_of(room), self._clock.now(), pace=pace)

    @property
    def rooms(self) -> tuple[Room, ...]:
        return self._config.rooms.rooms if self._config is not None else ()

    def _calendar_of(self, room_id: str) -> CalendarId | None:
        assert self._config is not None
        room = next((room for room in self.rooms if room.id == room_id), None)
        return self._config.calendar_of(room) if room is not None else None


async def _listen(stack: AsyncExitStack, settings: Settings, publish: events.Publish) -> Webhooks:
    """Before the sources: a service calls back while a subscription is being made."""
    hooks, base = settings.webhooks, settings.base
    if not hooks.public_url:
        return NoWebhooks()
    cert_file, key_file = (base / name if name else None for name in (hooks.cert_file, hooks.key_file))
    listener = Listener(hooks.public_url, hooks.listen, publish, cert_file=cert_file, key_file=key_file)
    try:
        opened = await stack.enter_async_context(listener)
    except UserError as error:
        publish(events.WebhooksFailed(reason=str(error)))
        return NoWebhooks()
    publish(events.WebhooksListening(address=hooks.listen, public=hooks.public_url))
    return opened


async def _finish(parts: Parts, planner: Planner, config: Configuration) -> None:
    """What broke off is tried again; lanes that begin late have no plan yet."""
    await parts.apply(config)
    if not parts.unfinished:
        planner.plan_anew()


def _raise_what_ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task.done():
            task.result()


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def running(connector: Connector) -> AsyncIterator[Connector]:
    """A daemon in the background of this process, stopped cleanly on leaving: for the demo and tests."""
    stop = asyncio.Event()
    task = asyncio.create_task(connector.run(stop), name="connector")
    try:
        yield connector
    finally:
        stop.set()
        await task
