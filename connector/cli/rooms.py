"""``connector rooms`` at work."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
from datetime import timedelta
from pathlib import Path

import click

from connector.cli.find_room import find_room
from connector.cli.options import in_words, print_json, print_table
from connector.cli.rooms_now import HEADINGS, NOTHING, cells, record, rooms_now
from connector.errors import UserError
from connector.model import Room
from connector.settings import COLUMNS, RoomsResult, Settings, load_rooms, load_settings, shown_calendar
from connector.settings.spreadsheet import protected
from device_drivers import registry
from device_drivers.api import TlsPolicy

SOME_ROWS_BAD = 3


def list_rooms(config: Path | None, json_output: bool) -> None:
    settings = load_settings(config, os.environ).settings
    result = _rooms(settings)
    known = rooms_now(result.rooms, settings)
    if json_output:
        print_json([_record(r) | record(known.get(r.id, NOTHING), r.timezone) for r in result.rooms])
    else:
        headings = ("id", "name", "site", "device type", "address", "calendar", "auto-join", "template", *HEADINGS)
        print_table(headings, (_line(r) + cells(known.get(r.id, NOTHING), r.timezone) for r in result.rooms))
    finish(result)


def show_room(room_id: str, config: Path | None, json_output: bool) -> None:
    result = _load(config)
    room = find_room(room_id, result)
    found = _record(room) | {"policy": _policy(room), "options": dict(room.options)}
    if json_output:
        print_json(found)
        return
    pairs = [(key, value) for key, value in found.items() if not isinstance(value, dict)]
    pairs += [(f"policy.{key}", value) for key, value in _policy(room).items()]
    pairs += [(f"options.{key}", value) for key, value in room.options]
    print_table(("key", "value"), ((key, in_words(value)) for key, value in pairs))


def export_rooms(output: Path | None, config: Path | None, json_output: bool) -> None:
    result = _load(config)
    if json_output:
        print_json([_columns(room) for room in result.rooms])
    elif output is None:
        click.echo(_as_csv(result.rooms), nl=False)
    else:
        try:
            output.write_text(_as_csv(result.rooms), encoding="utf-8", newline="")
        except OSError as error:
            raise UserError(f"{output} cannot be written: {error.strerror}.") from None
    finish(result)


def _load(config: Path | None) -> RoomsResult:
    return _rooms(load_settings(config, os.environ).settings)


def _rooms(settings: Settings) -> RoomsResult:
    return load_rooms(settings.rooms_file, settings, known_drivers=registry.names())


def finish(result: RoomsResult) -> None:
    """Problems go to standard error, so that the output stays what was asked for."""
    for sentence in (*result.problems, *result.warnings):
        click.echo(sentence, err=True)
    if result.problems:
        raise click.exceptions.Exit(SOME_ROWS_BAD)


def _line(room: Room) -> tuple[str, ...]:
    unit = f"{room.ip_address}:{room.port}" if room.port else room.ip_address
    calendar = shown_calendar(room.calendar)
    values = (room.id, room.name, room.site, room.device_type, unit, calendar, room.policy.auto_join, room.template)
    return tuple(in_words(value) for value in values)


def _columns(room: Room) -> dict[str, object]:
    """The columns of rooms.csv, as they can be read in again."""
    return {c: _tls(room.tls) if c == "tls" else getattr(room, c) for c in COLUMNS}


def _record(room: Room) -> dict[str, object]:
    """For listings: the columns, without what a calendar URL keeps secret."""
    return _columns(room) | {"calendar": shown_calendar(room.calendar), "auto_join": room.policy.auto_join}


def _policy(room: Room) -> dict[str, object]:
    """Times as minutes, as the template has them."""
    words = {field.name: getattr(room.policy, field.name) for field in dataclasses.fields(room.policy)}
    return {k: v.total_seconds() / 60 if isinstance(v, timedelta) else v for k, v in words.items()}


def _tls(policy: TlsPolicy) -> str:
    return f"{policy.mode}:{policy.value}" if policy.value else policy.mode


def _as_csv(rooms: tuple[Room, ...]) -> str:
    rows = [{column: _cell(value) for column, value in _columns(room).items()} for room in rooms]
    text = io.StringIO()
    # The csv module quotes a cell for the line end that it writes itself, but not for the other one.
    if any("\r" in cell for row in rows for cell in row.values()):
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", quoting=csv.QUOTE_ALL)
    else:
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _cell(value: object) -> str:
    """Never a formula: a name such as ``=HYPERLINK(...)`` is text in the spreadsheet program too."""
    if value is None:
        return ""
    return protected(in_words(value) if isinstance(value, bool) else str(value))
