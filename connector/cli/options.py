"""Options and output that several groups of commands share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

config_option = click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path),
    help="connector.toml, or its folder; default: the present folder's.",
)
json_option = click.option("--json", "json_output", is_flag=True, help="Machine-readable output.")
yes_option = click.option("--yes", is_flag=True, help="Write without asking, for scripts.")
room_argument = click.argument("room", metavar="ROOM", help="A room's id or name.")

_PIPE_WIDTH = 400  # columns when nobody looks: nothing is cut, so that grep finds it


def print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Cells are text, never markup: they come from people's files."""
    from rich import box  # here: --help and --json need none of it
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    console = Console()
    Console(width=None if console.is_terminal else _PIPE_WIDTH).print(table)


def in_words(value: object) -> str:
    """A value as a person reads it."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
