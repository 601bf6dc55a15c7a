"""``connector drivers``: what drivers are installed, and whether one keeps the contract."""

from __future__ import annotations

import click

from connector.cli.options import json_option


@click.group("drivers")
def drivers_group() -> None:
    """Drivers of room systems: list them, check one against the contract."""


@drivers_group.command("list")
@json_option
def list_command(json_output: bool) -> None:
    """List the installed drivers. Exit 1 when one cannot be loaded."""
    from connector.cli.drivers import list_drivers

    list_drivers(json_output)


@drivers_group.command("conform")
@click.argument("name", help="The driver's name, as in the device_type column.")
@click.option("--check", "only", multiple=True, help="Run this check only; may be repeated.")
@json_option
def conform_command(name: str, only: tuple[str, ...], json_output: bool) -> None:
    """Run the conformance suite on a driver with its own simulator. Exit 1 when a check fails."""
    from connector.cli.drivers_conform import conform

    conform(name, only, json_output)
