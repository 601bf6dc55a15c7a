"""Named cells of a spreadsheet's text file are changed; every other byte stays as it is.

Order, comments, blank lines, delimiter, ``sep=`` line, quotes, encoding, byte order mark and line ends are the file's
own. What was made is read back by the same reader before it is written, so a change never takes another row with it.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.errors import ConnectorError, UserError
from connector.settings.csv_reader import CsvFile, column_name, read_csv
from connector.settings.csv_text import Cell, cells_at, decoded, encoded, joined, line_starts
from connector.settings.messages import unreadable
from connector.settings.replace_file import replace_file

Cells = Mapping[str, str]
"""Column, by its known name -> text of the cell."""

_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file as it is and as it should be, without its line end. ``number``: its first line, from 1."""

    number: int
    old: str
    new: str


class NotWritten(ConnectorError):
    """The file is as it was. ``lines``: what a person changes by hand instead."""

    def __init__(self, message: str, lines: Sequence[Line]) -> None:
        super().__init__(message)
        self.lines = tuple(lines)


class Cannot(ValueError):
    """The change cannot be made without touching something else; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The file as it was when it was opened. Changes are made to that, and written only where it is still so."""

    path: Path
    data: bytes
    names: Mapping[str, str]  # any name of a column -> its known name

    @classmethod
    def read(cls, path: Path, names: Mapping[str, str]) -> Sheet:
        """UserError: it cannot be read. ``names``: known names and aliases, as ``column_name`` gives them."""
        try:
            return cls(path, path.read_bytes(), names)
        except OSError as error:
            raise UserError(unreadable(path, error)) from None

    def lines(self, changes: Mapping[int, Cells]) -> tuple[Line, ...]:
        """``changes``: first line of a row (from 1) -> its new cells. Rows that stay as they are are left out."""
        return tuple(_lines(self, changes))

    def changed(self, changes: Mapping[int, Cells]) -> bytes:
        """The file's bytes after the changes. Cannot: it has no such row, or the text does not fit into it."""
        text, codec = decoded(self.data)
        starts = line_starts(text)
        for line in reversed(self.lines(changes)):
            start = starts[line.number - 1]
            text = text[:start] + line.new + text[start + len(line.old) :]
        return encoded(text, codec)

    def write(self, changes: Mapping[int, Cells]) -> tuple[Line, ...]:
        """Put the changes into the file, as a whole or not at all. NotWritten, with the lines, where that fails."""
        lines: tuple[Line, ...] = ()
        try:
            lines = self.lines(changes)
            if lines:
                after = self.changed(changes)
                _judge(self, after, changes)
                replace_file(self.path, before=self.data, after=after)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise NotWritten(f"{self.path} was not written: {reason}.", lines) from None
        return lines


def _judge(sheet: Sheet, after: bytes, changes: Mapping[int, Cells]) -> None:
    """Cannot, where the reader sees anything else in it than what was to be changed."""
    with tempfile.TemporaryDirectory() as folder:
        before, made = (_as_read(sheet, data, Path(folder)) for data in (sheet.data, after))
    wanted = [
        {c: value for c, value in (dict(row.cells) | dict(changes.get(row.line, {}))).items() if value}
        for row in before.rows
    ]
    if wanted != [dict(row.cells) for row in made.rows] or _unnumbered(before) != _unnumbered(made):
        raise Cannot("what was to be written does not read back as it should, so it is left to you")


def _unnumbered(file: CsvFile) -> list[str]:
    """Its problems; a cell that had several lines and has one now moves what comes after it."""
    return [re.sub(r", row \d+", "", problem) for problem in file.problems]


def _as_read(sheet: Sheet, data: bytes, folder: Path) -> CsvFile:
    file = folder / sheet.path.name
    file.write_bytes(data)
    return read_csv(file, tuple(dict.fromkeys(sheet.names.values())), (), sheet.names)


# ------------------------------------------------------------------------------------ rows and cells


@dataclass(frozen=True, slots=True)
class _Header:
    number: int
    delimiter: str
    columns: tuple[str, ...]


def _lines(sheet: Sheet, changes: Mapping[int, Cells]) -> Iterator[Line]:
    text, _ = decoded(sheet.data)
    starts = line_starts(text)
    header = _header(text, starts, sheet.names)
    added = _added(header, changes)
    if added:
        yield _with_columns(text, starts, header, added)
    columns = (*header.columns, *added)
    for number, wanted in sorted(changes.items()):
        if not header.number < number <= len(starts):
            raise Cannot(f"no row begins in line {number}")
        cells = cells_at(text, starts[number - 1], header.delimiter)
        line = _line(text, number, cells, {columns.index(c): value for c, value in wanted.items()}, header.delimiter)
        if line.new != line.old:
            yield line


def _header(text: str, starts: Sequence[int], names: Mapping[str, str]) -> _Header:
    """The first line with something in it, by the delimiter that makes the most known columns of it."""
    for number, start in enumerate(starts, 1):
        line = re.split(r"[\r\n]", text[start:], maxsplit=1)[0]
        if not line.strip(' ,;\t"') or line.lstrip().startswith("#") or re.fullmatch(r"sep=.?", line.strip()):
            continue
        headers = [_Header(number, d, _columns(text, start, d, names)) for d in _DELIMITERS]
        return max(headers, key=lambda header: sum(c in names.values() for c in header.columns))
    raise Cannot("it has no header")


def _columns(text: str, start: int, delimiter: str, names: Mapping[str, str]) -> tuple[str, ...]:
    try:
        found = [column_name(cell.value) for cell in cells_at(text, start, delimiter)]
    except ValueError:
        return ()
    return tuple(names.get(name, name) for name in found)


def _added(header: _Header, changes: Mapping[int, Cells]) -> tuple[str, ...]:
    wanted = dict.fromkeys(c for cells in changes.values() for c, value in cells.items() if value)
    return tuple(c for c in wanted if c not in header.columns)


def _with_columns(text: str, starts: Sequence[int], header: _Header, added: Sequence[str]) -> Line:
    cells = cells_at(text, starts[header.number - 1], header.delimiter)
    values = {len(header.columns) + index: name for index, name in enumerate(added)}
    return _line(text, header.number, cells, values, header.delimiter)


def _line(text: str, number: int, cells: Sequence[Cell], values: Mapping[int, str], delimiter: str) -> Line:
    start, end = cells[0].start, cells[-1].end
    return Line(number, text[start:end], joined(text, cells, values, delimiter))
