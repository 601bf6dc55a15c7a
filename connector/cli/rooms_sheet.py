"""rooms.csv, changed by a command: what would be written is shown, a person says yes, and nothing is lost."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import click

from connector.errors import UserError
from connector.model import RoomId
from connector.settings import COLUMNS, Settings
from connector.settings.csv_reader import read_csv
from connector.settings.csv_writer import Cells, NotWritten, Sheet
from connector.settings.messages import shown
from connector.settings.rooms import ALIASES, REQUIRED

PARTLY = 3


@dataclass(frozen=True, slots=True)
class RoomsSheet:
    """Opened before the rooms are read, so that an edit in between is seen when it is written."""

    sheet: Sheet

    @classmethod
    def open(cls, settings: Settings) -> RoomsSheet:
        return cls(Sheet.read(settings.rooms_file, {column: column for column in COLUMNS} | ALIASES))

    def row_of(self, room: RoomId) -> int:
        """The line where its row begins. UserError: two rows have its id, so nobody knows which is meant."""
        rows = read_csv(self.sheet.path, COLUMNS, REQUIRED, ALIASES).rows
        found = [row.line for row in rows if row.cells.get("id", "").casefold() == room.casefold()]
        if len(found) != 1:
            numbers = ", ".join(map(str, found)) or "none"
            raise UserError(
                f"{self.sheet.path.name}: one row must have the id {shown(room)}; those that do: {numbers}."
            )
        return found[0]

    def write(self, changes: Mapping[RoomId, Cells]) -> bool:
        """False, after the lines were printed for a person to change, where the file could not be written."""
        rows = {self.row_of(room): cells for room, cells in changes.items()}
        try:
            self.sheet.write(rows)
        except NotWritten as error:
            self._tell(error, rows)
            return False
        return True

    def _tell(self, error: NotWritten, rows: Mapping[int, Cells]) -> None:
        name = self.sheet.path.name
        click.echo(f"{error} Nothing was changed; these lines are to be changed by hand:", err=True)
        for line in error.lines:
            click.echo(f"{name}, line {line.number}, now:  {line.old}", err=True)
            click.echo(f"{name}, line {line.number}, to be: {line.new}", err=True)
        if not error.lines:
            for number, cells in rows.items():
                for column, value in cells.items():
                    click.echo(f"{name}, line {number}, column {column}: {value}", err=True)


def need_somebody(yes: bool, what: str) -> None:
    """UserError where nobody can be asked. Before any work is done."""
    if not yes and not _terminal():
        raise UserError(f"{what} asks before it writes, and there is no terminal to ask on; in a script, add --yes.")


def _terminal() -> bool:
    return sys.stdin.isatty()


def agreed(question: str, yes: bool) -> bool:
    return yes or click.confirm(question, err=True)
