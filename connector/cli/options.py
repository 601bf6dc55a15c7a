"""Options and output that several groups of commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

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

_GAP = " " * 3  # as the other one has it
_PIPE_WIDTH = 400  # columns when nobody looks: nothing is cut, so that grep finds it


def print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Cells are text, never markup: they come from people's files."""
    cells = [tuple(row) for row in rows]
    if not sys.stdout.isatty() and _printed_plainly(headings, cells):
        return
    from rich import box  # here: --help and --json need none of it
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for row in cells:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    console = Console()
    if console.is_terminal:
        console.print(table)
        return
    piped = Console(width=_PIPE_WIDTH)
    with piped.capture() as capture:
        piped.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def _printed_plainly(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """The same table for who reads it from a pipe, where each line fits: thousands of rows in no time."""
    everything = "".join(cell for row in (headings, *rows) for cell in row)
    if not (everything.isascii() and (everything.isprintable() or not everything)):
        return False  # wide characters, line ends
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    if sum(widths) + len(_GAP) * (len(widths) - 1) > _PIPE_WIDTH:
        return False
    rule = "\u2500" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    lines = [_GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (headings, *rows)]
    click.echo("\n".join(line.rstrip() for line in (lines[0], rule, *lines[1:])))
    return True


def time_in_words(when: datetime | None, zone: str = "UTC") -> str:
    """As a person reads it, with the zone; programs get ISO 8601."""
    return when.astimezone(ZoneInfo(zone)).strftime("%a %d %b %H:%M:%S %Z") if when is not None else ""


def in_words(value: object) -> str:
    """A value as a person reads it."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
