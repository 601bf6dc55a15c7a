"""``connector devices probe --all`` at work: every unit's certificate, and the pins that rooms.csv should have."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from connector.cli.find_room import find_room
from connector.cli.options import print_json, print_table
from connector.cli.probing import Judged, in_column, judge
from connector.cli.rooms_sheet import PARTLY, RoomsSheet, agreed, need_somebody
from connector.errors import UserError
from connector.model import Room, RoomId
from connector.running.configuration import Configuration, with_rooms
from connector.settings import load_settings

_AT_ONCE = 16
_NONE = 1
_CAUTION = (
    "Where a certificate changed and nobody replaced the unit, reset it or gave it a new one, find out who answers"
    " there before its pin is written."
)


def probe_units(room: str | None, config: Path | None, *, write: bool, yes: bool, json_output: bool) -> None:
    """All rooms, or one of which the pin is to be written. Exit 0 all answered, 3 some did not, 1 none."""
    if write:
        need_somebody(yes, "--write-pins")
    loaded = load_settings(config, os.environ)
    sheet = RoomsSheet.open(loaded.settings)
    configuration = with_rooms(loaded)
    rooms = _wanted(room, configuration)
    with _progress(len(rooms), hidden=json_output) as advance:
        found = asyncio.run(_probe(rooms, configuration, advance))
    pins = {one.room.id: one.looked.column for one in found if one.looked and _may_write(one)} if write else {}
    if not json_output:
        _show(found)
        _show_pins([one for one in found if one.room.id in pins or one.verdict == "changed"])
    written = _write(sheet, pins, yes) if pins else {}
    if json_output:
        print_json([_as_json(one, written or {}) for one in found])
    elif write and not pins:
        click.echo("There is no pin to write.")
    _exit(found, written is None or (room is None and bool(configuration.rooms.refused)))


def _wanted(room: str | None, configuration: Configuration) -> Sequence[Room]:
    if room is not None:
        return (find_room(room, configuration.rooms),)
    for problem in configuration.rooms.problems:
        click.echo(problem, err=True)
    rooms = [one for one in configuration.rooms.rooms if one.device_management]
    left = len(configuration.rooms.rooms) - len(rooms)
    if left:
        click.echo(f"Rooms with device_management off are not contacted: {left}.", err=True)
    if not rooms:
        raise UserError("There is no room in rooms.csv that may be probed.")
    return rooms


async def _probe(rooms: Sequence[Room], configuration: Configuration, advance: Callable[[], None]) -> list[Judged]:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(room: Room) -> Judged:
        async with slots:
            judged = await judge(room, configuration)
        advance()
        return judged

    return await asyncio.gather(*map(one, rooms))


@contextmanager
def _progress(total: int, *, hidden: bool) -> Iterator[Callable[[], None]]:
    """A bar where a person looks; nothing in a pipe."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    off = hidden or not console.is_terminal or not Console().is_terminal
    with Progress(console=console, transient=True, disable=off) as progress:
        task = progress.add_task("Units probed", total=total)
        yield lambda: progress.advance(task)


# ------------------------------------------------------------------------------------ what is shown


def _may_write(one: Judged) -> bool:
    """A pin that fits no more, or the first one. Where a CA file must vouch for a unit, no pin takes its place."""
    return (one.room.tls.mode, one.verdict) in (("pin", "changed"), ("verify", "new"))


def _show(found: Sequence[Judged]) -> None:
    print_table(("room", "address", "certificate", "verdict"), map(_row, found))


def _row(one: Judged) -> tuple[str, str, str, str]:
    verdict = f"{one.verdict}: {one.reason}" if one.reason else one.verdict
    if one.looked is None:
        return one.room.id, one.room.ip_address, "-", verdict
    return one.room.id, f"{_bracketed(one.looked.address)}:{one.looked.port}", one.looked.pin or "none", verdict


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _show_pins(differing: Sequence[Judged]) -> None:
    if not differing:
        return
    click.echo()
    rows = [(one.room.id, in_column(one.room.tls), one.looked.column) for one in differing if one.looked]
    print_table(("room", "tls in rooms.csv", "tls of the unit"), rows)
    if any(one.verdict == "changed" for one in differing):
        click.echo(_CAUTION)


def _as_json(one: Judged, written: dict[RoomId, str]) -> dict[str, object]:
    return {
        "room": one.room.id,
        "address": one.looked.address if one.looked else one.room.ip_address,
        "port": one.looked.port if one.looked else one.room.port,
        "tls": one.looked.column if one.looked else None,
        "tls_before": in_column(one.room.tls),
        "verdict": one.verdict,
        "reason": one.reason or None,
        "written": one.room.id in written,
    }


# ------------------------------------------------------------------------------------ what is written


def _write(sheet: RoomsSheet, pins: dict[RoomId, str], yes: bool) -> dict[RoomId, str] | None:
    """The pins that were written; None where the file could not be."""
    if not agreed(f"Write the pins of {len(pins)} rooms into {sheet.sheet.path}?", yes):
        click.echo("Nothing was written.", err=True)
        return {}
    if not sheet.write({room: {"tls": pin} for room, pin in pins.items()}):
        return None
    click.echo(f"Written into {sheet.sheet.path}: the pins of {len(pins)} rooms.", err=True)
    return pins


def _exit(found: Sequence[Judged], partly: bool) -> None:
    answered = sum(one.looked is not None for one in found)
    if not answered:
        raise click.exceptions.Exit(_NONE)
    if partly or answered < len(found):
        raise click.exceptions.Exit(PARTLY)
