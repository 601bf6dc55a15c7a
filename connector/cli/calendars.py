"""``connector calendars`` at work: what was read, what the daemon is asked for, the rooms that a provider knows."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import re
import textwrap
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import click

from connector.calendars.base import Directory, Place
from connector.cli.calendar_sources import sources_aside, stored_calendars
from connector.cli.daemon import tell_daemon
from connector.cli.find_room import find_room
from connector.cli.options import print_json, print_table, time_in_words
from connector.errors import CalendarError, UserError
from connector.running.configuration import Configuration, read_configuration
from connector.settings import COLUMNS, Settings, load_settings
from connector.settings.messages import did_you_mean, shown
from connector.store.store import CalendarRow

FAILED, PARTLY = 1, 3
_CELL = 120  # characters of a reason; commands that mend it come after
_DIRECTORY_WITHIN = 120.0  # seconds: large organisations have many pages


# ------------------------------------------------------------------------------------ list


@dataclass(frozen=True, slots=True)
class _Line:
    source: str
    type: str
    calendar: str
    rooms: tuple[str, ...]
    read_at: datetime | None
    meetings: int
    joinable: int
    error: str


def list_calendars(config: Path | None, json_output: bool) -> None:
    lines = asyncio.run(_lines(read_configuration(config, os.environ)))
    if json_output:
        print_json([asdict(line) for line in lines])
    else:
        headings = ("source", "type", "calendar", "rooms", "last read", "meetings", "to join", "now failing")
        print_table(headings, map(_cells, lines))
        if any(line.error for line in lines):
            click.echo("\nThe whole reason, and what to do: connector calendars doctor")
    raise click.exceptions.Exit(PARTLY if any(line.error for line in lines) else 0)


async def _lines(config: Configuration) -> list[_Line]:
    rows = await stored_calendars(config) or {}
    rooms: dict[tuple[str, str, str], list[str]] = {}
    for room in config.rooms.rooms:
        calendar = config.calendar_of(room)
        rooms.setdefault((calendar.source, calendar.key, calendar.shown), []).append(str(room.id))
    lines = [_line(config, source, label, ids, rows.get(key)) for (source, key, label), ids in sorted(rooms.items())]
    unused = config.settings.calendars.keys() - {line.source for line in lines} - {"ics"}
    return lines + [_line(config, source, "", [], None) for source in sorted(unused)]


def _line(config: Configuration, source: str, label: str, rooms: list[str], row: CalendarRow | None) -> _Line:
    meetings = [m for m in row.meetings if not m.event.cancelled] if row else []
    return _Line(
        source,
        config.settings.calendars[source].type,
        label,
        tuple(rooms),
        row.read_at if row else None,
        len(meetings),
        sum(meeting.join.joinable for meeting in meetings),
        row.error if row else "",
    )


def _cells(line: _Line) -> tuple[str, ...]:
    read_at = time_in_words(line.read_at) or "never"
    numbers = (str(line.meetings), str(line.joinable))
    error = textwrap.shorten(line.error.partition("\n")[0], _CELL, placeholder=" ...")
    return (line.source, line.type, line.calendar or "-", ", ".join(line.rooms) or "-", read_at, *numbers, error)


# ------------------------------------------------------------------------------------ asking the daemon


def sync_calendars(target: str | None, config: Path | None, json_output: bool) -> None:
    settings = read_configuration(config, os.environ)
    tell_daemon(settings, "sync", _target(settings, target), json_output)


def release_source(source: str, config: Path | None, json_output: bool) -> None:
    settings = read_configuration(config, os.environ)
    if source not in settings.settings.calendars:
        raise UserError(f"There is no source {shown(source)}{did_you_mean(source, settings.settings.calendars)}")
    tell_daemon(settings, "release", source, json_output)


def _target(config: Configuration, text: str | None) -> str:
    if text is None:
        return ""
    if text in config.settings.calendars:
        return f"source:{text}"
    return f"room:{find_room(text, config.rooms).id}"


# ------------------------------------------------------------------------------------ rooms of the provider


def list_directory(source: str | None, config: Path | None, json_output: bool) -> None:
    settings = load_settings(config, os.environ).settings  # there may be no rooms.csv yet: this is where it comes from
    names = list(settings.calendars)
    if source is not None and source not in names:
        raise UserError(f"There is no source {shown(source)}{did_you_mean(source, names)}")
    found, problems = asyncio.run(_places(settings, [source] if source else names, chosen=source is not None))
    records = _records(found)
    if json_output:
        print_json(records)
    else:
        click.echo(_as_csv(records), nl=False)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise click.exceptions.Exit(PARTLY if found else FAILED)


async def _places(settings: Settings, names: list[str], *, chosen: bool) -> tuple[list[tuple[str, Place]], list[str]]:
    """A source that has no directory is a problem only where it was asked for by name."""
    found: list[tuple[str, Place]] = []
    problems: list[str] = []
    async with sources_aside(settings, names) as sources:
        problems += [f"{name}: {error}" for name, error in sources.refused.items()]
        for name, source in sources.opened.items():
            if not isinstance(source, Directory):
                if chosen:
                    problems.append(f"{name}: this kind of source ({settings.calendars[name].type}) has no list")
                continue
            try:
                async with asyncio.timeout(_DIRECTORY_WITHIN):
                    found += [(name, place) for place in await source.places()]
            except TimeoutError:
                problems.append(f"{name}: the list was not whole within {_DIRECTORY_WITHIN:.0f} s.")
            except CalendarError as error:
                problems.append(f"{name}: {error}")
    if not found and not problems:
        problems.append("No source here can list rooms: make a section [calendars.NAME] first.")
    return found, problems


def _records(found: Iterable[tuple[str, Place]]) -> list[dict[str, str]]:
    """The columns of rooms.csv; what only the admin knows (device, address, credential) is empty."""
    records: list[dict[str, str]] = []
    taken: set[str] = set()
    for source, place in found:
        notes = "; ".join(word for word in (place.notes, f"{place.capacity} seats" if place.capacity else "") if word)
        values = {
            "id": _free_id(place, taken),
            "name": place.name,
            "site": place.site,
            "calendar": f"{source}:{place.calendar}",
            "timezone": place.timezone,
            "notes": notes,
        }
        records.append({column: _cell(values.get(column, "")) for column in COLUMNS})
    return records


def _free_id(place: Place, taken: set[str]) -> str:
    """Stable and short: from the name, else the address; a number behind it where two rooms have one name."""
    words = re.findall(r"[a-z0-9]+", place.name.casefold()) or re.findall(r"[a-z0-9]+", place.calendar.casefold())
    base = "-".join(words)[:60] or "room"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name)
    return name


def _cell(text: str) -> str:
    """Names come from other people; a spreadsheet would run one that begins like a formula."""
    flat = " ".join(text.split())
    return f"'{flat}" if flat.startswith(("=", "+", "@")) else flat


def _as_csv(records: Iterable[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()
