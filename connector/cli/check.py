"""``connector check`` at work: the effective settings, where each came from, and what is wrong with the rooms."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from connector.calendars.base import MemoryState, NoWebhooks, SourceContext
from connector.calendars.registry import open_source
from connector.cli.options import in_words, print_json, print_table
from connector.errors import ConnectorError, UserError
from connector.events import Happened
from connector.model import Room
from connector.running.preflight import what_stops
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

NOT_STARTING = 1
BAD_INPUT = 2
SOME_ROWS_BAD = 3
_NAMED = 12  # rooms of one cause, as text; --json has all
_LINES = 40  # of one list, as text
_ROW = re.compile(r"\brow (\d+)\b")


@dataclass(frozen=True, slots=True)
class _Report:
    """``stops``: what keeps the daemon from starting."""

    loaded: LoadedSettings | None
    rooms: tuple[Room, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    status: int
    stops: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()  # the warnings, as text


def check_configuration(config: Path | None, json_output: bool, problems_only: bool) -> None:
    report = _examine(config, os.environ)
    if json_output:
        print_json(_as_json(report))
    else:
        _print(report, problems_only)
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
    stops = tuple(what_stops(loaded.settings, environ))
    found = [*_secret_warnings(loaded, result.rooms, environ), *_missing_files(loaded.settings, result.rooms)]
    found = [(who, sentence) for who, sentence in found if sentence not in stops]  # said once, and heavier
    simple = (*loaded.problems, *_by_row(result.warnings), *_driver_warnings(result.rooms, records))
    problems = (*_by_row(result.problems), *_driver_problems(result.rooms, records), *_source_problems(loaded, environ))
    status = NOT_STARTING if stops else SOME_ROWS_BAD if problems else 0
    warnings, shown = ((*simple, *_by_cause(found, most)) for most in (len(result.rooms), _NAMED))
    return _Report(loaded, result.rooms, problems, warnings, status, stops, shown)


def _by_row(sentences: Iterable[str]) -> list[str]:
    """In the order of the file; what is said of the whole file goes first."""
    return sorted(sentences, key=lambda sentence: int(found[1]) if (found := _ROW.search(sentence)) else 0)


def _by_cause(found: Iterable[tuple[str, str]], most: int) -> Iterator[str]:
    """One line a cause, with whom it hits; of rooms so many are named. ``found``: (who, sentence)."""
    causes: dict[str, list[str]] = {}
    for who, sentence in found:
        causes.setdefault(sentence, []).append(who)
    for sentence, names in causes.items():
        yield f"{_named(names, most)}: {sentence}"


def _named(names: Sequence[str], most: int) -> str:
    rooms = [name.removeprefix("room ") for name in names if name.startswith("room ")]
    others = [name for name in names if not name.startswith("room ")]
    more = f" and {len(rooms) - most} more" if len(rooms) > most else ""
    listed = ", ".join(rooms[:most])
    told = [f"{'room' if len(rooms) == 1 else f'{len(rooms)} rooms'} {listed}{more}"] if rooms else []
    return ", ".join([*others, *told])


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


def _secret_warnings(
    loaded: LoadedSettings, rooms: Iterable[Room], environ: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """References that lead nowhere from here. Only warnings: the daemon may run with another environment."""
    reader = secret_reader(loaded.settings, environ)
    users = [(f"room {room.id}", room.credential) for room in rooms if room.credential]
    users += [
        (key, str(value))
        for key, value in effective(loaded.settings)
        if is_reference(value) and key != "vault.master"  # judged with what keeps the daemon from starting
    ]
    for user, reference in users:
        try:
            reader.secret(reference)
        except ConnectorError as error:
            yield user, str(error)
        if caution := reader.caution(reference):
            yield user, caution


def _missing_files(settings: Settings, rooms: Iterable[Room]) -> Iterator[tuple[str, str]]:
    """Files that are named and not there. Only warnings: they may come later."""
    for room in rooms:
        source, calendar = resolve_calendar(room.calendar, settings)
        section = settings.calendars[source]
        path = settings.base / str(section.options.get("folder", ".")) / calendar
        if section.type == "ics" and "://" not in calendar and not os.path.exists(path):
            yield f"room {room.id}", f"the calendar {path} does not exist."
    for key, file in (("cert_file", settings.webhooks.cert_file), ("key_file", settings.webhooks.key_file)):
        if file and not os.path.exists(settings.base / file):
            yield f"webhooks.{key}", f"{settings.base / file} does not exist."


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
        "stops": report.stops,
        "problems": report.problems,
        "warnings": report.warnings,
    }


def _print(report: _Report, problems_only: bool) -> None:
    if report.loaded and not problems_only:
        _print_settings(report.loaded)
        count = len(report.rooms)
        click.echo(f"{count} {'room' if count == 1 else 'rooms'} from {report.loaded.settings.rooms_file}")
    lists = (
        ("The daemon would not start", report.stops),
        ("Problems", report.problems),
        ("Warnings", report.shown or report.warnings),
    )
    for title, sentences in lists:
        if sentences:
            click.echo(f"\n{title}:")
            for sentence in sentences[:_LINES]:
                click.echo(f"  {sentence}")
            if len(sentences) > _LINES:
                click.echo(f"  and {len(sentences) - _LINES} more: connector check --json has all")
    if lists_something := bool(report.stops or report.problems or report.warnings):
        click.echo()
    if not report.problems and not report.stops:
        click.echo(
            "No problems." if not lists_something else f"No problems, {_count(len(report.warnings), 'warning')}."
        )
        return
    counted = (
        _count(len(report.stops) + len(report.problems), "problem"),
        _count(len(report.warnings), "warning"),
        _count(len(report.rooms), "room"),
    )
    click.echo(", ".join(counted) + ".")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _print_settings(loaded: LoadedSettings) -> None:
    click.echo(f"Settings: {loaded.path or 'built-in defaults (there is no connector.toml here)'}\n")
    rows = ((key, loaded.origins[key], in_words(value)) for key, value in effective(loaded.settings))
    print_table(("key", "from", "value"), rows)
