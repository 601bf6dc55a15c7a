"""rooms.csv -> rooms. A bad row is a sentence; it never stops the good ones."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from connector.errors import UserError
from connector.model import Room, RoomId
from connector.networks import within
from connector.settings import columns
from connector.settings.calendars import resolve_calendar
from connector.settings.cell_mistakes import doubt, lost_zeros, mistake_in_accepted, mistake_in_refused
from connector.settings.csv_reader import Row, read_csv
from connector.settings.messages import shown
from connector.settings.schema import Settings
from device_drivers.api import TlsPolicy

COLUMNS = (
    "id", "name", "site", "calendar", "device_type", "ip_address", "port", "tls", "serial_number", "credential",
    "timezone", "template", "connector", "device_management", "notes",
)  # fmt: skip
REQUIRED = ("id", "calendar", "device_type", "ip_address")
ALIASES = {
    "room_id": "id",
    "room": "name",
    "room_name": "name",
    "location": "site",
    "calendar_id": "calendar",
    "mailbox": "calendar",
    "type": "device_type",
    "driver": "device_type",
    "ip": "ip_address",
    "address": "ip_address",
    "host": "ip_address",
    "host_name": "ip_address",
    "hostname": "ip_address",
    "serial": "serial_number",
    "credentials": "credential",
    "tz": "timezone",
    "time_zone": "timezone",
    "room_template": "template",
    "api_connector": "connector",
    "managed": "device_management",
    "comment": "notes",
    "comments": "notes",
}

# room@example.org, also as mail programs copy it; room@example.org.ics is a file.
_MAILBOX = re.compile(r"(?:mailto:|[^<>]*<)?([^@\s/\\:<>]+@[^@\s/\\:<>]+\.(?!ics\b)[A-Za-z]{2,})>?", re.IGNORECASE)
_NO_TEMPLATE = "is no [templates.NAME] of connector.toml"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RoomsResult:
    """``problems``: rows refused, or taken with something switched off. ``warnings``: worth a look, nothing lost."""

    rooms: tuple[Room, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    refused: frozenset[RoomId] = frozenset()  # ids whose rows are bad now: what they were before goes on


@dataclass(frozen=True, slots=True)
class _Context:
    file: str
    settings: Settings
    known_drivers: Collection[str]


def load_rooms(path: Path, settings: Settings, *, known_drivers: Collection[str]) -> RoomsResult:
    """Read ``path``. ``known_drivers``: the words that the device_type column may have.

    UserError only when there is no table at all: no file, no header, a required column missing.
    """
    file = read_csv(path, COLUMNS, REQUIRED, ALIASES)
    context = _Context(path.name, settings, known_drivers)
    problems = list(file.problems)
    warnings = list(file.warnings)
    found: list[tuple[int, Room]] = []
    refused: set[RoomId] = set()
    for row in file.rows:
        room = _room(row, context, problems)
        warnings += _doubts(row, context) if room else ()
        if room is None:
            refused.add(RoomId(row.cells.get("id", "")))
            continue
        if room.connector and room.connector != settings.connector.name:
            name = settings.connector.name
            warnings.append(
                f"{path.name}, row {row.number}: room {room.id} belongs to the connector '{room.connector}';"
                f" this one is '{name}', so the row is left out."
            )
            continue
        found.append((row.number, room))
    warnings += _zeros(file.rows, context)
    kept = _without_duplicates(found, context, problems)
    warnings += _unreachable(kept, context)
    rooms = _one_auto_join_per_calendar(kept, context, problems)
    refused |= {room.id for _, room in found}
    refused -= {room.id for room in rooms}
    if not rooms and not problems:
        warnings.append(f"{path.name}: there are no rooms in it.")
    return RoomsResult(tuple(rooms), tuple(problems), tuple(warnings), frozenset(refused))


# ------------------------------------------------------------------------------------ one row


def _room(row: Row, context: _Context, problems: list[str]) -> Room | None:
    """The row's room; None after at least one problem was told."""
    before = len(problems)

    def take(column: str, parse: Callable[[str], _T], default: _T) -> _T:
        text = row.cells.get(column)
        if text is None:
            return default
        try:
            value, wrong = parse(text), mistake_in_accepted(column, text)
        except (ValueError, UserError) as error:
            value, wrong = default, mistake_in_refused(column, text) or str(error)
        if wrong:
            problems.append(f"{context.file}, row {row.number}, column {column}: {wrong}")
        return value

    settings = context.settings
    empty = [column for column in REQUIRED if column not in row.cells]
    if len(empty) > 1:  # hardly a row at all: one sentence is enough
        problems.append(f"{context.file}, row {row.number}: the columns {', '.join(empty)} are empty.")
        return None
    for column in empty:
        problems.append(f"{context.file}, row {row.number}, column {column}: {_EMPTY[column]}")
    identity = take("id", columns.room_id, "")
    template = take("template", lambda text: columns.choice(text, settings.templates, _NO_TEMPLATE), "default")
    room = Room(
        id=RoomId(identity),
        name=row.cells.get("name", identity),
        calendar=take("calendar", lambda text: _calendar(text, settings), ""),
        device_type=take("device_type", lambda text: columns.choice(text, context.known_drivers), ""),
        ip_address=take("ip_address", columns.address, ""),
        site=row.cells.get("site", ""),
        port=take("port", columns.port, None),
        tls=take("tls", lambda text: columns.tls(text, settings.base), TlsPolicy()),
        serial_number=take("serial_number", str, ""),
        credential=take("credential", columns.credential, ""),
        timezone=take("timezone", columns.zone, "UTC"),
        template=template,
        connector=take("connector", str, ""),
        device_management=take("device_management", columns.flag, True),
        notes=row.cells.get("notes", ""),
        policy=settings.policy(template),
        options=_options(settings, template),
    )
    return room if len(problems) == before else None


def _options(settings: Settings, template: str) -> tuple[tuple[str, str], ...]:
    """Driver options; a value that starts with ./ or ../ is a path from the folder of connector.toml."""
    options = settings.templates[template].options
    return tuple(
        (name, str(settings.base / value) if value.startswith(("./", "../")) else value)
        for name, value in sorted(options.items())
    )


_EMPTY = {
    "id": "is empty; give the room an id that never changes.",
    "calendar": "is empty; name a path, a URL or SOURCE:calendar.",
    "device_type": "is empty; name the driver of the unit, for example cisco.",
    "ip_address": "is empty; give the unit's IP address or host name.",
}


def _calendar(text: str, settings: Settings) -> str:
    mailbox = _MAILBOX.fullmatch(text)
    if mailbox and "mailto" not in settings.calendars and not os.path.exists(settings.base / text):
        raise ValueError(
            f"{shown(text)} is a mailbox without the source that reads it; {_with_source(mailbox[1], settings)}"
        )
    resolve_calendar(text, settings)
    return text


def _with_source(mailbox: str, settings: Settings) -> str:
    sources = sorted(name for name in settings.calendars if name != "ics")
    if not sources:
        return f"make a section [calendars.NAME] in connector.toml and write {shown('NAME:' + mailbox)}."
    if len(sources) == 1:
        return f"did you mean {shown(f'{sources[0]}:{mailbox}')}?"
    return f"write {shown('SOURCE:' + mailbox)}, where SOURCE is one of: {', '.join(sources)}."


def _doubts(row: Row, context: _Context) -> Iterator[str]:
    for column, text in row.cells.items():
        if words := doubt(column, text):
            yield f"{context.file}, row {row.number}, column {column}: {words}"


# ------------------------------------------------------------------------------------ rows beside each other


def _zeros(rows: Iterable[Row], context: _Context) -> Iterator[str]:
    """One sentence: when one id has lost its zeros, as a rule the others of the column have too."""
    lost = list(lost_zeros((row.number, row.cells) for row in rows))
    if lost:
        number, words = lost[0]
        others = f" The same goes for {len(lost) - 1} more rows." if len(lost) > 1 else ""
        yield f"{context.file}, row {number}, column id: {words}{others}"


def _without_duplicates(found: Iterable[tuple[int, Room]], context: _Context, problems: list[str]) -> list[Room]:
    """The first of two rows with one id, or one address, is kept."""
    ids: dict[str, int] = {}
    units: dict[str, list[tuple[int, Room]]] = {}
    kept: list[Room] = []
    for number, room in found:
        where = f"{context.file}, row {number}"
        if (first := ids.get(room.id.casefold())) is not None:
            problems.append(
                f"{where}, column id: '{room.id}' is already the id of row {first}; give it one of its own."
            )
            continue
        other = next((o for o in units.get(room.ip_address, []) if _same_port(o[1], room)), None)
        if other is not None:
            problems.append(
                f"{where}, column ip_address: room {room.id} has the address {room.ip_address} of room {other[1].id}"
                f" (row {other[0]}), which keeps it; one row is one unit."
            )
            continue
        ids[room.id.casefold()] = number
        units.setdefault(room.ip_address, []).append((number, room))
        kept.append(room)
    return kept


def _same_port(one: Room, other: Room) -> bool:
    """An empty port is the driver's own, which is not known here: it counts as the same."""
    return one.port is None or other.port is None or one.port == other.port


def _unreachable(rooms: Iterable[Room], context: _Context) -> list[str]:
    networks = context.settings.private_networks
    sentences = []
    for room in rooms:
        try:
            literal = ipaddress.ip_address(room.ip_address)
        except ValueError:
            continue  # a host name is judged when it is resolved
        if not within(literal, networks):
            sentences.append(
                f"{context.file}: room {room.id} has the address {literal}, which is outside networks.private;"
                " the unit will not be contacted."
            )
    return sentences


def _one_auto_join_per_calendar(rooms: Sequence[Room], context: _Context, problems: list[str]) -> list[Room]:
    """Two units of one physical room must not both dial: auto-join is off on all of them, the buttons stay."""
    groups: dict[tuple[str, str], list[RoomId]] = {}
    for room in rooms:
        if room.policy.auto_join:
            groups.setdefault(resolve_calendar(room.calendar, context.settings), []).append(room.id)
    refused: set[RoomId] = set()
    for ids in groups.values():
        if len(ids) > 1:
            refused.update(ids)
            problems.append(
                f"{context.file}, column template: rooms {', '.join(ids)} share one calendar and all have auto_join;"
                " only one may. Auto-join is off on all of them until then; their Join buttons stay."
            )
    return [replace(r, policy=replace(r.policy, auto_join=False)) if r.id in refused else r for r in rooms]
