"""``connector devices``: what the units are and how they do. Nothing here commands one."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.options import config_option, json_option, room_argument


@click.group("devices")
def devices_group() -> None:
    """The room systems: their certificates and their state."""


@devices_group.command("probe")
@room_argument
@config_option
@json_option
def probe_command(room: str, config: Path | None, json_output: bool) -> None:
    """Fetch the certificate that a unit presents and print its line for the tls column. No password is sent."""
    from connector.cli.devices import probe_unit

    probe_unit(room, config, json_output)


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
