"""``connector devices``: what the units are and how they do. Nothing here commands one."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.options import config_option, json_option, room_argument, yes_option
from connector.errors import UserError


@click.group("devices")
def devices_group() -> None:
    """The room systems: their certificates and their state."""


@devices_group.command("probe")
@click.argument("room", metavar="ROOM", required=False, help="A room's id or name.")
@click.option("--all", "every", is_flag=True, help="Every room whose address is in the Private Networks.")
@click.option("--write-pins", is_flag=True, help="Put new and changed pins into rooms.csv, after a yes.")
@yes_option
@config_option
@json_option
def probe_command(
    room: str | None, every: bool, write_pins: bool, yes: bool, config: Path | None, json_output: bool
) -> None:
    """Fetch the certificate that a unit presents and print its line for the tls column. No password is sent.

    With --all: exit 0 when all answered, 3 when some did not, 1 when none did.
    """
    if every == (room is not None):
        raise UserError("Name one ROOM, or all of them with --all.")
    if yes and not write_pins:
        raise UserError("--yes answers the question of --write-pins; without it nothing is asked.")
    if room is not None and not write_pins:
        from connector.cli.devices import probe_unit

        probe_unit(room, config, json_output)
        return
    from connector.cli.devices_probe import probe_units

    probe_units(room, config, write=write_pins, yes=yes, json_output=json_output)


@devices_group.command("swap")
@room_argument
@click.option("--to", "address", metavar="ADDRESS", required=True, help="Where the new unit is: address or host name.")
@yes_option
@config_option
def swap_command(room: str, address: str, yes: bool, config: Path | None) -> None:
    """Give a room another unit: it is probed with the room's credential, shown beside the old one, and, after a yes,
    its address and pin are written into rooms.csv."""
    from connector.cli.devices_swap import swap_unit

    swap_unit(room, address, config, yes=yes)


@devices_group.command("retry")
@room_argument
@config_option
@json_option
def retry_command(room: str, config: Path | None, json_output: bool) -> None:
    """Have the daemon ask a unit once more that refused its password, where the password is right after all."""
    from connector.cli.devices import retry_unit

    retry_unit(room, config, json_output)


@devices_group.command("status")
@config_option
@json_option
def status_command(config: Path | None, json_output: bool) -> None:
    """What the daemon last knew of every unit, from its store."""
    from connector.cli.devices import list_units

    list_units(config, json_output)
