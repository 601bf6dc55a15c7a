"""Composition root: builds the parts, wires them, follows edits of the configuration. No logic of its own."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from connector import __version__
from connector.clock import Clock, SystemClock
from connector.detection.rules import Rules
from connector.engine.commands import Commands
from connector.engine.driver_session import Login, Tools
from connector.engine.gc_schedule import collect_between_dials
from connector.engine.journal import Journal, Watcher
from connector.engine.options import Options
from connector.engine.report import RoomReport, room_report
from connector.engine.supervisor import Supervisor
from connector.engine.sync import Sync
from connector.errors import UserError
from connector.model import CalendarId, Room, RoomId, Window
from connector.running.wiring import Wiring
from connector.settings import (
    Credential,
    Inputs,
    LoadedSettings,
    RoomsResult,
    SecretReader,
    Settings,
    fingerprint,
    input_files,
    load_rooms,
    load_settings,
    open_vault,
    resolve_calendar,
    secret_reader,
    shown_calendar,
)
from connector.store.store import Store
from connector.vault import Vault
from device_drivers import registry
from device_drivers.api import DriverPlug, NotSupported

_LOOK_FOR_EDITS = 1.0  # seconds
_ATTEMPTS_KEPT = timedelta(days=2)


class _Secrets:
    """Settings and vault, as the engine needs them."""

    def __init__(self, reader: SecretReader, vault: Vault) -> None:
        self._reader = reader
        self._vault = vault

    def resolve(self, reference: str) -> Credential:
        return self._reader.credential(reference)

    def fingerprint(self, login: Login, /) -> str:
        return fingerprint(Credential(login.username, login.password), self._vault.hmac)


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the files say now."""

    loaded: LoadedSettings
    rooms: RoomsResult

    @property
    def settings(self) -> Settings:
        return self.loaded.settings

    def calendar_of(self, room: Room) -> CalendarId:
        source, name = resolve_calendar(room.calendar, self.settings)
        return CalendarId(source, name, room.timezone, shown_calendar(room.calendar))


def read_configuration(path: Path | None, environ: Mapping[str, str]) -> Configuration:
    """UserError with one sentence a mistake; bad rows are in ``rooms.problems`` and stop nothing."""
    loaded = load_settings(path, environ)
    known = [record.name for record in registry.records()]
    return Configuration(loaded, load_rooms(loaded.settings.rooms_file, loaded.settings, known_drivers=known))


def engine_options(settings: Settings) -> Options:
    return Options(
        poll_every=timedelta(seconds=settings.sync.poll_every),
        debounce=timedelta(seconds=settings.sync.debounce),
        read_again_after=timedelta(seconds=settings.sync.read_again_after),
        read_concurrency=settings.sync.concurrency,
        verify_every=timedelta(seconds=settings.engine.verify_every),
        push_concurrency=settings.engine.push_concurrency,
        deadline=timedelta(seconds=settings.engine.deadline),
        settle=timedelta(seconds=settings.engine.settle),
        arm_before=timedelta(seconds=settings.engine.arm_before),
        guard_rooms=settings.guard.rooms,
        guard_share=settings.guard.share,
        guard_hold=timedelta(minutes=settings.guard.hold),
        private_networks=settings.private_networks,
    )


def find_plug(name: str) -> DriverPlug:
    try:
        record = registry.find(name)
    except registry.UnknownDriver as error:
        raise NotSupported(str(error)) from None
    if record.plug is None:
        raise NotSupported(f"the driver {name} could not be loaded: {record.reason}")
    return record.plug


def database_file(settings: Settings) -> Path:
    return settings.data_dir / "connector.db"


_Served = dict[RoomId, tuple[Room, CalendarId]]


class Connector:
    """The daemon. ``run`` until ``stop`` is set; ``watcher`` is told of each event, redacted."""

    def __init__(
        self,
        config: Path | None,
        *,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self._path = config
        self._environ = os.environ if environ is None else environ
        self._clock = clock
        self._watcher = watcher
        self._store: Store | None = None
        self._config: Configuration | None = None

    # -------------------------------------------------------------------------------- running

    async def run(self, stop: asyncio.Event) -> None:
        """UserError when the configuration cannot be used or another daemon owns the data folder."""
        config = self._config = read_configuration(self._path, self._environ)
        clock = self._clock or SystemClock()
        data = config.settings.data_dir
        try:
            data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"connector.data_dir: the folder {data} cannot be made ({error.strerror}).") from None
        with _only_one(data / "connector.lock"):
            vault = await asyncio.to_thread(open_vault, config.settings, self._environ)
            store = self._store = await Store.open(database_file(config.settings), vault, clock.now())
            try:
                journal = Journal(clock, store, self._watcher)
                journal.note("daemon.started", version=__version__, data_dir=str(data))
                await self._run_generations(stop, config, clock, vault, store, journal)
                journal.note("daemon.stopped")
            finally:
                await store.close()

    async def _run_generations(
        self, stop: asyncio.Event, config: Configuration, clock: Clock, vault: Vault, store: Store, journal: Journal
    ) -> None:
        """One generation a connector.toml; edits of rooms.csv alone are applied within it."""
        served: _Served = {}
        while not stop.is_set():
            generation = _Generation(config, clock, vault, store, journal, self._environ, served)
            config = self._config = await generation.run(stop, self._path)
            served = generation.served

    # -------------------------------------------------------------------------------- looking

    async def room_report(self, room_id: str) -> RoomReport:
        """KeyError when there is no such room."""
        assert self._store is not None and self._config is not None
        room = {str(r.id): r for r in self._config.rooms.rooms}[room_id]
        clock = self._clock or SystemClock()
        return await room_report(self._store, room, self._config.calendar_of(room), clock.now())

    @property
    def rooms(self) -> tuple[Room, ...]:
        return self._config.rooms.rooms if self._config is not None else ()


class _Generation:
    """The parts that one reading of connector.toml asks for."""

    def __init__(
        self,
        config: Configuration,
        clock: Clock,
        vault: Vault,
        store: Store,
        journal: Journal,
        environ: Mapping[str, str],
        served: _Served,
    ) -> None:
        self.served = served  # at first by the generation before
        self._config = config
        self._store = store
        self._journal = journal
        self._environ = environ
        settings = config.settings
        self._reader = secret_reader(settings, environ, vault)
        self._vault = vault
        self._tools = Tools(clock, store, journal, engine_options(settings), _Secrets(self._reader, vault), find_plug)

    async def run(self, stop: asyncio.Event, path: Path | None) -> Configuration:
        """Until ``stop``, or until connector.toml changed: returns the configuration to go on with."""
        await self._store.write()  # what the generation before posted is read below
        now = self._tools.clock.now()
        rows, attempts = await self._store.rooms(), await self._store.attempts(now - _ATTEMPTS_KEPT)
        calendars = await self._store.calendars()
        broken = asyncio.Event()
        failure: list[BaseException] = []

        def fatal(error: BaseException) -> None:
            failure.append(error)
            broken.set()

        async with AsyncExitStack() as stack:
            wiring = Wiring(self._config.settings, self._tools, self._reader, self._vault)
            prints = wiring.secrets_print()
            await wiring.open_webhooks(stack)
            if not self._config.loaded.empty:  # a file that is away is nobody's decision to remove anything
                await wiring.remove_integrations(stack, self._config.rooms.rooms)
            sources = await wiring.open_sources(stack)
            sync: Sync | None = None
            supervisor: Supervisor | None = None

            def told(calendar: CalendarId) -> None:
                if supervisor is not None:
                    supervisor.calendar_changed(calendar)

            def meeting_changed(meeting_id: str) -> None:
                if sync is not None:
                    for calendar in sync.holding(meeting_id):
                        sync.trigger(calendar)

            codes = await wiring.open_zoom(stack, meeting_changed)
            enrich = codes.enrich if codes else None
            sync = Sync(sources, calendars, self._window, self._tools, told, self._rules(), enrich)
            supervisor = Supervisor(self._tools, rows, attempts, sync.meetings, fatal)
            stack.push_async_callback(supervisor.close)
            await self._apply(self._config, sync, supervisor)
            reading = asyncio.create_task(sync.run(), name="sync")
            collecting = asyncio.create_task(collect_between_dials(self._tools.clock, supervisor.next_dial), name="gc")
            try:
                config = await self._follow(
                    stop, broken, path, sync, supervisor, reading, lambda: wiring.secrets_changed(prints)
                )
            finally:
                reading.cancel()
                collecting.cancel()
                await asyncio.gather(reading, collecting, return_exceptions=True)
        if failure:
            raise failure[0]
        return config

    def _window(self, now: datetime) -> Window:
        sync = self._config.settings.sync
        return Window(now - timedelta(hours=sync.window_back_hours), now + timedelta(hours=sync.window_ahead_hours))

    def _rules(self) -> Rules:
        """A rule with a mistake is reported; the others work."""
        rules = self._config.settings.compiled_rules
        for problem in rules.problems:
            self._journal.note("rules.rejected", reason=problem)
        return rules

    def _calendar_of(self, room_id: str) -> CalendarId | None:
        room = next((room for room in self._config.rooms.rooms if room.id == room_id), None)
        return self._config.calendar_of(room) if room is not None else None

    async def _apply(self, config: Configuration, sync: Sync, supervisor: Supervisor) -> None:
        rooms: _Served = {}
        for key in config.rooms.refused & self.served.keys():
            if self.served[key][1].source in config.settings.calendars:
                rooms[key] = self.served[key]  # a typing mistake in a row takes no room out of service
        for room in config.rooms.rooms:
            rooms[room.id] = (room, config.calendar_of(room))
        for problem in config.rooms.problems:
            self._journal.note("rooms.rejected", reason=problem)
        self.served = rooms
        sync.use({calendar for _, calendar in rooms.values()})
        await supervisor.apply(rooms)
        supervisor.look_at_refused()
        self._journal.note("rooms.loaded", rooms=len(rooms), problems=len(config.rooms.problems))

    async def _follow(
        self,
        stop: asyncio.Event,
        broken: asyncio.Event,
        path: Path | None,
        sync: Sync,
        supervisor: Supervisor,
        reading: asyncio.Task[None],
        secrets_changed: Callable[[], bool],
    ) -> Configuration:
        """Look at the input files every second: hashing a few small files costs less than a watcher per folder."""
        config = self._config
        inputs = seen = Inputs.of(input_files(config.loaded, config.rooms.rooms))
        commands = Commands(sync, supervisor.try_again, self._tools)
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_FOR_EDITS):
                    await stop.wait()
            if stop.is_set() or broken.is_set():
                return config
            if reading.done():
                reading.result()  # raises what ended it
            await commands.look(self._calendar_of)
            if commands.reopen:
                return config
            if not self._vault.ready() or not inputs.changed():  # after a rotation: the new key first
                continue
            last, seen = seen, Inputs.of(inputs.stamps)
            if seen != last:
                continue  # it may be half written: what two looks see is believed
            try:
                fresh = read_configuration(config.loaded.path or path, self._environ)
            except UserError as error:
                inputs = Inputs.of(inputs.stamps)
                for problem in error.problems:
                    self._journal.note("config.rejected", reason=f"{problem} The last good configuration stays.")
                continue
            inputs = Inputs.of(input_files(fresh.loaded, fresh.rooms.rooms))
            if fresh.settings.vault != config.settings.vault:
                self._journal.note("config.restart_needed", setting="vault")
            if fresh.settings != config.settings or secrets_changed():
                self._journal.note("config.loaded")
                return fresh
            self._config = config = fresh
            await self._apply(fresh, sync, supervisor)


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


class _only_one:
    """One daemon a data folder: the kernel drops the lock with the process, whatever ends it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> None:
        try:
            self._file = self._path.open("w")
        except OSError as error:
            raise UserError(f"connector.data_dir: {self._path} cannot be written ({error.strerror}).") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise UserError(
                f"Another connector is running on {self._path.parent}; stop it first, or give this one its own"
                " connector.data_dir."
            ) from None

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
