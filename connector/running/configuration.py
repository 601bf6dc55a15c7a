"""What the files say now, as one value; and what of it a running process cannot change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from connector.engine.options import Options
from connector.model import CalendarId, Room
from connector.planning.pace import Pace
from connector.settings import (
    LoadedSettings,
    RoomsResult,
    Settings,
    load_rooms,
    load_settings,
    resolve_calendar,
    shown_calendar,
)
from connector.settings.field_types import WEEKDAYS, hours_of
from connector.settings.schema import SyncSection
from device_drivers import registry
from device_drivers.api import DriverPlug, NotSupported


@dataclass(frozen=True, slots=True)
class Configuration:
    """connector.toml, the environment and rooms.csv, read at one moment."""

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
    return with_rooms(load_settings(path, environ))


def with_rooms(loaded: LoadedSettings) -> Configuration:
    known = [record.name for record in registry.records()]
    return Configuration(loaded, load_rooms(loaded.settings.rooms_file, loaded.settings, known_drivers=known))


def database_file(settings: Settings) -> Path:
    return settings.data_dir / "connector.db"


def find_plug(name: str) -> DriverPlug:
    """NotSupported, with a sentence, where there is no such driver or it could not be loaded."""
    try:
        record = registry.find(name)
    except registry.UnknownDriver as error:
        raise NotSupported(str(error)) from None
    if record.plug is None:
        raise NotSupported(f"the driver {name} could not be loaded: {record.reason}")
    return record.plug


def pace_of(sync: SyncSection) -> Pace:
    """Who names one period gets that one at each hour."""
    if sync.poll_every:
        return Pace.steady(timedelta(seconds=sync.poll_every))
    opens, closes = hours_of(sync.working_hours)
    return Pace(
        near=timedelta(seconds=sync.poll_near),
        working=timedelta(seconds=sync.poll_working),
        idle=timedelta(seconds=sync.poll_idle),
        told=timedelta(seconds=sync.poll_told),
        opens=opens,
        closes=closes,
        days=frozenset(WEEKDAYS.index(day) for day in sync.working_days),
    )


def engine_options(settings: Settings) -> Options:
    return Options(
        pace=pace_of(settings.sync),
        debounce=timedelta(seconds=settings.sync.debounce),
        read_again_after=timedelta(seconds=settings.sync.read_again_after),
        window_back=timedelta(hours=settings.sync.window_back_hours),
        window_ahead=timedelta(hours=settings.sync.window_ahead_hours),
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


def kept_for_a_process(fresh: Configuration, before: Configuration) -> tuple[Configuration, tuple[str, ...]]:
    """``fresh`` with the values of ``before`` for all that a running process cannot change, and the names of those that
    were edited: data folder, vault, the address of the listener."""
    old, new = before.settings, fresh.settings
    connector = new.connector.model_copy(update={"data_dir": old.connector.data_dir})
    settings = new.model_copy(update={"connector": connector, "vault": old.vault, "webhooks": old.webhooks})
    kept = Configuration(replace(fresh.loaded, settings=settings), fresh.rooms)
    return kept, tuple(_edited(old, new))


def _edited(old: Settings, new: Settings) -> Iterator[str]:
    if new.connector.data_dir != old.connector.data_dir:
        yield "connector.data_dir"
    if new.vault != old.vault:
        yield "vault"
    if new.webhooks != old.webhooks:
        yield "webhooks"
