"""``connector check`` at work: the effective settings, where each came from, and what is wrong with the rooms."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from connector.calendars.base import MemoryState, NoWebhooks, SourceContext
from connector.calendars.registry import open_source
from connector.cli.options import in_words, print_json, print_table
from connector.errors import ConnectorError, UserError
from connector.events import Happened
from connector.model import Room
from connector.settings import (
    LoadedSettings,
    Settings,
    effective,
    is_reference,
    load_rooms,
    load_settings,
    resolve_calendar,
    secret_reader,
)
from connector.settings.messages import did_you_mean
from device_drivers import registry
from device_drivers.api import DriverError, Endpoint

BAD_INPUT = 2
SOME_ROWS_BAD = 3


@dataclass(frozen=True, slots=True)
class _Report:
    loaded: LoadedSettings | None
    rooms: tuple[Room, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    status: int


def check_configuration(config: Path | None, json_output: bool) -> None:
    report = _examine(config, os.environ)
    if json_output:
        print_json(_as_json(report))
    else:
        _print(report)
    raise click.exceptions.Exit(report.status)


def _examine(config: Path | None, environ: Mapping[str, str]) -> _Report:
    try:
        loaded = load_settings(config, environ)
    except UserError as error:
        return _Report(None, (), error.problems, (), BAD_INPUT)
    records = {record.name: record for record in registry.records()}
    try:
        result = load_rooms(loaded.settings.rooms_file, loaded.settings, known_drivers=records)
    except UserError as error:
        return _Report(loaded, (), error.problems, loaded.problems, BAD_INPUT)
    warnings = (
        *loaded.problems,
        *result.warnings,
        *_driver_warnings(result.rooms, records),
        *_secret_warnings(loaded, result.rooms, environ),
        *_missing_files(loaded.settings, result.rooms),
    )
    problems = (*result.problems, *_driver_problems(result.rooms, records), *_source_problems(loaded, environ))
    return _Report(loaded, result.rooms, problems, warnings, SOME_ROWS_BAD if problems else 0)


def _source_problems(loaded: LoadedSettings, environ: Mapping[str, str]) -> Iterator[str]:
    """Calendar sources that the daemon could not open: wrong options. Secrets that are missing here are warnings."""
    reader = secret_reader(loaded.settings, environ)
    absent: set[str] = set()

    def secret(text: str) -> str:
        try:
            return reader.secret(text)
        except ConnectorError:
            absent.add(text)
            return "not known here"

    for name, section in loaded.settings.calendars.items():
        problems: tuple[str, ...] = ()
        try:
            context = SourceContext(name, secret, loaded.settings.base, MemoryState(), NoWebhooks(), _unheard)
            open_source(section.type, section.options, context)
        except UserError as error:
            problems = tuple(problem.removeprefix(f"{name}: ") for problem in error.problems)
        unknown = [key for key, value in section.options.items() if isinstance(value, str) and value in absent]
        for key in unknown:  # what the source says of the stand-in's form is noise
            problems = tuple(problem for problem in problems if not problem.startswith(f"{key} "))
            if not is_reference(section.options[key]):
                yield f"calendars.{name}: {key} must be a reference to a secret: env:NAME, file:PATH or vault:NAME."
        yield from (f"calendars.{name}: {problem}" for problem in problems)


def _driver_warnings(rooms: Iterable[Room], records: Mapping[str, registry.DriverRecord]) -> Iterator[str]:
    """Template options that the driver does not have."""
    for template, driver, option in sorted({(r.template, r.device_type, key) for r in rooms for key, _ in r.options}):
        plug = records[driver].plug
        if plug and option not in plug.manifest.all_options:
            hint = did_you_mean(option, plug.manifest.all_options)
            yield f"templates.{template}.options.{option} is not an option of the driver {driver}{hint}"


def _driver_problems(rooms: Iterable[Room], records: Mapping[str, registry.DriverRecord]) -> Iterator[str]:
    """Drivers that failed to load, and what others refuse in a template's options. To open one contacts nothing."""
    for name in sorted({room.device_type for room in rooms}):
        if records[name].status == "failed":
            yield f"The driver {name} cannot be used: {records[name].reason}."
    one_each = {(room.template, room.device_type): room for room in rooms}
    for room in one_each.values():
        plug = records[room.device_type].plug
        try:
            if plug:
                plug.open(Endpoint(room.id, room.ip_address, options=dict(room.options)))
        except (ValueError, DriverError) as error:
            yield f"templates.{room.template}.options: {error}"


def _secret_warnings(loaded: LoadedSettings, rooms: Iterable[Room], environ: Mapping[str, str]) -> Iterator[str]:
    """References that lead nowhere from here. Only warnings: the daemon may run with another environment."""
    reader = secret_reader(loaded.settings, environ)
    users = [(f"room {room.id}", room.credential) for room in rooms if room.credential]
    users += [(key, str(value)) for key, value in effective(loaded.settings) if is_reference(value)]
    for user, reference in users:
        try:
            reader.secret(reference)
        except ConnectorError as error:
            yield f"{user}: {error}"
        if caution := reader.caution(reference):
            yield f"{user}: {caution}"


def _missing_files(settings: Settings, rooms: Iterable[Room]) -> Iterator[str]:
    """Files that are named and not there. Only warnings: they may come later."""
    for room in rooms:
        source, calendar = resolve_calendar(room.calendar, settings)
        section = settings.calendars[source]
        path = settings.base / str(section.options.get("folder", ".")) / calendar
        if section.type == "ics" and "://" not in calendar and not os.path.exists(path):
            yield f"room {room.id}: the calendar {path} does not exist."
    for key, file in (("cert_file", settings.webhooks.cert_file), ("key_file", settings.webhooks.key_file)):
        if file and not os.path.exists(settings.base / file):
            yield f"webhooks.{key}: {settings.base / file} does not exist."


def _unheard(_: Happened) -> None:
    """What a source has to tell while it is only being checked."""


# ------------------------------------------------------------------------------------ output


def _as_json(report: _Report) -> dict[str, object]:
    loaded = report.loaded
    return {
        "file": str(loaded.path) if loaded and loaded.path else None,
        "settings": [
            {"key": key, "value": value, "origin": loaded.origins[key]} for key, value in effective(loaded.settings)
        ]
        if loaded
        else [],
        "rooms_file": str(loaded.settings.rooms_file) if loaded else None,
        "rooms": [room.id for room in report.rooms],
        "problems": report.problems,
        "warnings": report.warnings,
    }


def _print(report: _Report) -> None:
    if report.loaded:
        _print_settings(report.loaded)
        count = len(report.rooms)
        click.echo(f"{count} {'room' if count == 1 else 'rooms'} from {report.loaded.settings.rooms_file}")
    for title, sentences in (("Problems", report.problems), ("Warnings", report.warnings)):
        if sentences:
            click.echo(f"\n{title}:")
            for sentence in sentences:
                click.echo(f"  {sentence}")
    if not report.problems:
        click.echo("No problems.")


def _print_settings(loaded: LoadedSettings) -> None:
    click.echo(f"Settings: {loaded.path or 'built-in defaults (there is no connector.toml here)'}\n")
    rows = ((key, loaded.origins[key], in_words(value)) for key, value in effective(loaded.settings))
    print_table(("key", "from", "value"), rows)
