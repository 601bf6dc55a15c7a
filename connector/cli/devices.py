"""``connector devices`` at work."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from connector.cli.daemon import tell_daemon
from connector.cli.find_room import find_room
from connector.cli.options import print_json, print_table, time_in_words
from connector.cli.probing import Looked, look_at
from connector.errors import ConnectorError
from connector.model import Room
from connector.running.configuration import Configuration, database_file, read_configuration
from connector.settings import open_vault
from connector.store.store import RoomRow, Store
from device_drivers.api import DriverError


def probe_unit(room: str, config: Path | None, json_output: bool) -> None:
    configuration = read_configuration(config, os.environ)
    wanted = find_room(room, configuration.rooms)
    try:
        looked = asyncio.run(look_at(wanted, configuration))
    except DriverError as error:
        raise ConnectorError(f"{wanted.id}: {error}") from None
    verdict = _verdict(wanted, looked)
    if json_output:
        print_json(
            {
                "room": wanted.id,
                "address": looked.address,
                "port": looked.port,
                "tls": looked.column,
                "verdict": verdict,
            }
        )
        return
    click.echo(
        f"{wanted.id} at {looked.address}:{looked.port} presents {looked.column if looked.pin else 'plain HTTP'}"
    )
    click.echo(verdict)


def _verdict(room: Room, looked: Looked) -> str:
    if not looked.pin:
        return "Its row says tls off, so no certificate was asked for."
    if room.tls.mode == "pin" and looked.trusted:
        return "It is the certificate that rooms.csv pins."
    if room.tls.mode == "pin":
        return (
            "It is NOT the certificate that rooms.csv pins. If the unit was replaced, reset or given a new certificate,"
            " put it into its tls column; if nobody did that, find out who answers there first."
        )
    return "Compare it with the SHA-256 fingerprint on the unit's own web page, then put it into the tls column."


def retry_unit(room: str, config: Path | None, json_output: bool) -> None:
    configuration = read_configuration(config, os.environ)
    wanted = find_room(room, configuration.rooms)
    tell_daemon(configuration, "retry", f"room:{wanted.id}", json_output)


def list_units(config: Path | None, json_output: bool) -> None:
    configuration = read_configuration(config, os.environ)
    rows = asyncio.run(stored_rooms(configuration))
    table = [_line(room, rows.get(room.id), json_output) for room in configuration.rooms.rooms]
    if json_output:
        print_json([dict(zip(_HEADINGS, line, strict=True)) for line in table])
        return
    print_table(_HEADINGS, table)


_HEADINGS = ("room", "state", "since", "unit", "screen", "detail")


def _line(room: Room, row: RoomRow | None, iso: bool) -> tuple[str, ...]:
    if row is None:
        return (room.id, "new", "", "", "nothing pushed", "")
    unit = f"{row.info.product} {row.info.software}" if row.info else ""
    right = row.plan is not None and row.receipt is not None and row.plan.digest == row.receipt.digest
    since = time_in_words(row.since, room.timezone)
    if iso and row.since:
        since = row.since.isoformat(timespec="seconds")
    return (room.id, row.state, since, unit, "up to date" if right else "behind", row.detail)


async def stored_rooms(configuration: Configuration) -> dict[str, RoomRow]:
    """What the daemon knows of each room, by its id; {} before its first start."""
    database = database_file(configuration.settings)
    if not database.exists():
        return {}
    store = Store.open_read_only(database, open_vault(configuration.settings, os.environ))
    try:
        return {str(key): row for key, row in (await store.rooms()).items()}
    finally:
        await store.close()
