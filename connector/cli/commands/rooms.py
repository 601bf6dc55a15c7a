"""``connector rooms``: what rooms.csv says, after it was checked."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.options import config_option, json_option, room_argument


@click.group("rooms")
def rooms_group() -> None:
    """The rooms that this connector manages."""


@rooms_group.command("list")
@config_option
@json_option
def list_command(config: Path | None, json_output: bool) -> None:
    """One line a room. Exit 3 when some rows of the file were refused."""
    from connector.cli.rooms import list_rooms

    list_rooms(config, json_output)


@rooms_group.command("show")
@room_argument
@config_option
@json_option
def show_command(room: str, config: Path | None, json_output: bool) -> None:
    """Everything about one room: its row, and the policy that its template gives it."""
    from connector.cli.rooms import show_room

    show_room(room, config, json_output)


@rooms_group.command("export")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="File to write; default: standard output.")
@config_option
@json_option
def export_command(output: Path | None, config: Path | None, json_output: bool) -> None:
    """The accepted rows as a rooms.csv with all columns, which can be read in again. Calendar URLs are whole."""
    from connector.cli.rooms import export_rooms

    export_rooms(output, config, json_output)
