"""``connector devices`` at work."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import click

from connector.cli.daemon import tell_daemon
from connector.cli.find_room import find_room
from connector.cli.options import print_json, print_table, time_in_words
from connector.engine.addresses import allowed_addresses
from connector.errors import ConnectorError
from connector.model import Room
from connector.running.configuration import Configuration, database_file, find_plug, read_configuration
from connector.settings import open_vault
from connector.store.store import RoomRow, Store
from device_drivers.api import DeviceUnreachable, DriverError, Endpoint
from device_drivers.tls import Seen, look


@dataclass(frozen=True, slots=True)
class _Pin:
    room: str
    address: str
    port: int
    seen: str
    column: str  # for the tls column of rooms.csv
    verdict: str


def probe_unit(room: str, config: Path | None, json_output: bool) -> None:
    configuration = read_configuration(config, os.environ)
    wanted = find_room(room, configuration.rooms)
    try:
        pin = asyncio.run(_probe(wanted, configuration))
    except DriverError as error:
        raise ConnectorError(f"{wanted.id}: {error}") from None
    if json_output:
        print_json(
            {"room": pin.room, "address": pin.address, "port": pin.port, "tls": pin.column, "verdict": pin.verdict}
        )
        return
    click.echo(f"{pin.room} at {pin.address}:{pin.port} presents {pin.column}")
    click.echo(pin.verdict)


async def _probe(room: Room, configuration: Configuration) -> _Pin:
    """By the room's own options, as the daemon speaks to it: an old unit shows its pin where they allow old TLS."""
    plug = find_plug(room.device_type)
    found = await allowed_addresses(room.ip_address, configuration.settings.private_networks)
    address, name = found[0], "" if room.ip_address in found else room.ip_address
    endpoint = Endpoint(
        room.id,
        address,
        host_name=name,
        port=room.port,
        tls=room.tls,
        options=dict(room.options),
        others=found[1:],
    )
    unit = await look(endpoint, default_port=plug.manifest.default_port)
    seen = unit.pin
    if not seen:
        port = room.port or plug.manifest.default_port
        raise DeviceUnreachable(await _why_no_pin(f"{address}:{port}", unit, endpoint, plug.manifest.default_port))
    column = f"pin:{seen}"
    if room.tls.mode == "pin" and room.tls.value.lower() == seen.lower():
        verdict = "It is the certificate that rooms.csv pins."
    elif room.tls.mode == "pin":
        verdict = (
            "It is NOT the certificate that rooms.csv pins. If the unit was replaced, reset or given a new certificate,"
            " put it into its tls column; if nobody did that, find out who answers there first."
        )
    else:
        verdict = "Compare it with the SHA-256 fingerprint on the unit's own web page, then put it into the tls column."
    return _Pin(room.id, address, room.port or plug.manifest.default_port, seen, column, verdict)


async def _why_no_pin(where: str, seen: Seen, endpoint: Endpoint, default_port: int) -> str:
    """A second look, with the oldest TLS there is, is for the sentence only: nothing is pinned by it."""
    if not seen.connected:
        return f"no certificate came from {where}: nothing accepts a connection there; is it on?"
    if seen.speaks_tls is False:
        return f"no certificate came from {where}: what answers there is not HTTPS; see the column port"
    oldest = await look(endpoint, default_port=default_port, minimum="1.0")
    if oldest.version:
        return (
            f"no certificate came from {where}: it speaks TLS {oldest.version} at most, which is older than this room's"
            f" options allow; set tls_minimum = {oldest.version} in the options of its template"
        )
    return f"no certificate came from {where}; is it on, and does it speak HTTPS there?"


def retry_unit(room: str, config: Path | None, json_output: bool) -> None:
    configuration = read_configuration(config, os.environ)
    wanted = find_room(room, configuration.rooms)
    tell_daemon(configuration, "retry", f"room:{wanted.id}", json_output)


def list_units(config: Path | None, json_output: bool) -> None:
    configuration = read_configuration(config, os.environ)
    rows = asyncio.run(_rows(configuration))
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


async def _rows(configuration: Configuration) -> dict[str, RoomRow]:
    database = database_file(configuration.settings)
    if not database.exists():
        return {}
    store = Store.open_read_only(database, open_vault(configuration.settings, os.environ))
    try:
        return {str(key): row for key, row in (await store.rooms()).items()}
    finally:
        await store.close()
