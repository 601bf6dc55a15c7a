"""``connector devices swap`` at work: a room gets another unit, seen and judged before its row says so."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click

from connector.cli.devices import stored_rooms
from connector.cli.find_room import find_room
from connector.cli.options import print_table
from connector.cli.probing import Looked, endpoint_of, in_column, look_at
from connector.cli.rooms_sheet import PARTLY, RoomsSheet, agreed, need_somebody
from connector.engine.driver_session import fit_to_keep
from connector.errors import ConnectorError, UserError
from connector.model import Room
from connector.running.configuration import Configuration, engine_options, find_plug, with_rooms
from connector.settings import columns, load_settings, secret_reader
from device_drivers.api import (
    CredentialsRejected,
    DeviceInfo,
    DeviceUnreachable,
    DriverError,
    NotSupported,
    TlsPolicy,
)

FAILED = 1


@dataclass(frozen=True, slots=True)
class _Swap:
    """``known``: what the daemon knows of the old unit. ``answers``: whether the old one does now."""

    old: Room
    known: DeviceInfo | None
    answers: bool
    new: Room  # with the certificate that was seen
    info: DeviceInfo

    @property
    def is_same(self) -> bool:
        serial = self.known.serial_number if self.known else self.old.serial_number
        return bool(serial) and serial == self.info.serial_number

    @property
    def stays(self) -> bool:
        return self.old.ip_address == self.new.ip_address

    def cells(self) -> Iterator[tuple[str, str]]:
        if not self.stays:
            yield "ip_address", self.new.ip_address
        if self.new.tls != self.old.tls:
            yield "tls", in_column(self.new.tls)
        if self.old.serial_number:
            yield "serial_number", self.info.serial_number


def swap_unit(room: str, address: str, config: Path | None, *, yes: bool) -> None:
    need_somebody(yes, "devices swap")
    loaded = load_settings(config, os.environ)
    sheet = RoomsSheet.open(loaded.settings)
    configuration = with_rooms(loaded)
    old = find_room(room, configuration.rooms)
    new = _at(address, old, configuration)
    sheet.row_of(old.id)  # before anybody is contacted
    swap = asyncio.run(_examine(old, new, configuration))
    _show(swap)
    cells = dict(swap.cells())
    if not cells:
        click.echo("rooms.csv says so already; there is nothing to write.")
        return
    if not agreed(f"Write {', '.join(cells)} of {old.id} into {sheet.sheet.path}?", yes):
        click.echo("Nothing was written.", err=True)
        raise click.exceptions.Exit(FAILED)
    if not sheet.write({old.id: cells}):
        raise click.exceptions.Exit(PARTLY)
    click.echo(f"Written into {sheet.sheet.path}. A running daemon takes it up within two seconds.")
    click.echo(f"Then look: connector explain {old.id}")


def _at(address: str, old: Room, configuration: Configuration) -> Room:
    """The room as its row would be, but for the certificate."""
    if not old.device_management:
        raise UserError(f"device_management is off for {old.id}: its unit is not contacted. Edit its row by hand.")
    try:
        text = columns.address(address)
    except ValueError as error:
        raise UserError(f"--to: {error}") from None
    for other in configuration.rooms.rooms:
        ports_meet = other.port is None or old.port is None or other.port == old.port
        if other.id != old.id and other.ip_address == text and ports_meet:
            raise UserError(f"--to: {text} is the address of the room {other.id}; one row is one unit.")
    return replace(old, ip_address=text, serial_number="")


# ------------------------------------------------------------------------------------ what is there


async def _examine(old: Room, new: Room, configuration: Configuration) -> _Swap:
    """ConnectorError where the new unit cannot be probed as the daemon would."""
    try:
        looked = await look_at(new, configuration)
        new = replace(new, tls=_policy(new, looked))
        info = await _probe(new, configuration)
    except CredentialsRejected as error:
        hint = f"Make the connector's account on the new unit as {old.credential or 'the row'} has it."
        raise ConnectorError(f"{new.ip_address}: {error}\n{hint} Nothing was written.") from None
    except DriverError as error:
        raise ConnectorError(f"{new.ip_address}: {error}\nNothing was written.") from None
    stored = (await stored_rooms(configuration)).get(str(old.id))
    return _Swap(old, stored.info if stored else None, await _answers(old, configuration), new, info)


def _policy(new: Room, looked: Looked) -> TlsPolicy:
    """What the row says where the new unit fits it, else a pin."""
    return new.tls if looked.trusted or not looked.pin else TlsPolicy("pin", looked.pin)


async def _probe(new: Room, configuration: Configuration) -> DeviceInfo:
    """With the row's credential and options. The password leaves only to the certificate that was just seen."""
    login = secret_reader(configuration.settings, os.environ).credential(new.credential) if new.credential else None
    endpoint = await endpoint_of(new, configuration)
    if login is not None:
        endpoint = replace(endpoint, username=login.username, password=login.password)
    try:
        driver = find_plug(new.device_type).open(endpoint)
    except ValueError as error:
        raise NotSupported(str(error)) from None
    seconds = engine_options(configuration.settings).deadline.total_seconds()
    try:
        async with driver, asyncio.timeout(seconds):
            return fit_to_keep(await driver.probe())
    except TimeoutError:
        raise DeviceUnreachable(f"no answer within {seconds:.0f} s") from None


async def _answers(old: Room, configuration: Configuration) -> bool:
    try:
        await look_at(old, configuration)
    except DriverError:
        return False
    return True


# ------------------------------------------------------------------------------------ what is shown


def _show(swap: _Swap) -> None:
    known, info = swap.known, swap.info
    rows = [
        ("address", swap.old.ip_address, swap.new.ip_address),
        ("tls", in_column(swap.old.tls), in_column(swap.new.tls)),
        ("product", known.product if known else "", info.product),
        ("serial number", known.serial_number if known else swap.old.serial_number, info.serial_number),
        ("software", known.software if known else "", info.software),
    ]
    print_table(("", f"{swap.old.id} now", "the new unit"), [tuple(cell or "-" for cell in row) for row in rows])
    for note in info.notes:
        click.echo(f"The new unit: {note}")
    if swap.new.tls.mode == "pin" and swap.new.tls != swap.old.tls:
        click.echo("Compare its pin with the SHA-256 fingerprint on the new unit's own web page.")
    click.echo(_what_follows(swap))


def _what_follows(swap: _Swap) -> str:
    if swap.is_same:
        return "By its serial number it is the unit that the room has now: the daemon goes on with it as it is."
    new = "The new one gets the room's list, and joins the running meeting if the room joins by itself."
    if swap.stays:
        return f"Another unit answers at the room's address: nobody's call on it is ended. {new}"
    leaves = f"The daemon ends its own call on the unit at {swap.old.ip_address} and clears its list there"
    when = "at once" if swap.answers else "when it answers; it does not now, and is tried for 12 hours"
    return f"{leaves}: {when}. {new}"
