"""A spreadsheet's text file as rows of named cells. One row that cannot be read never takes another with it.

Comma, semicolon or tab is told by the header. Cells may hold line ends inside quotes, as spreadsheets write them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.errors import UserError
from connector.settings.messages import did_you_mean, nearest, shown, unreadable

_DELIMITERS = (",", ";", "\t")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab"}
_LONGEST_CELL_LINES = 40  # lines that one quoted cell may span; more is a quote that was never closed
_FIRST_ROW = "the first row names the columns, at least id,calendar,device_type,ip_address."
_INVISIBLE = "\ufeff\u200b\u200e\u200f"  # what copying from web pages leaves at the ends of a cell


@dataclass(frozen=True, slots=True)
class Row:
    """``number``: line of the file where the row starts, from 1. Cells are stripped; empty ones are left out."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CsvFile:
    """``problems``: rows that could not be read. ``warnings``: columns that are not used."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def read_csv(path: Path, columns: Sequence[str], required: Sequence[str], aliases: Mapping[str, str]) -> CsvFile:
    """``columns``: known names; ``aliases``: other names for them, all as ``column_name`` gives them.

    UserError: no such file, no header, a required column missing, a column given twice.
    """
    lines = re.split(r"\r\n|\n|\r", _text(path))
    header_at, header, delimiter = _header(lines, path.name, {c: c for c in columns} | dict(aliases))
    missing = [c for c in required if c not in header]
    doubled = sorted({c for c in header if c and header.count(c) > 1})
    if missing or doubled:
        where = f"{path.name}, row {header_at + 1}"
        raise UserError(
            *(f"{where}: there is no column {c}; {_meant(c, header, columns, required)}" for c in missing),
            *(f"{where}: there are two columns {c}; keep one." for c in doubled),
        )
    rows: list[Row] = []
    problems: list[str] = []
    for number, cells in _records(lines, header_at + 1, delimiter, len(header)):
        row = _row(number, cells, header) if isinstance(cells, list) else cells
        if isinstance(row, Row):
            rows.append(row)
        elif row:
            problems.append(f"{path.name}, row {number}: {row}")
    known = tuple(c for c in header if c in columns)
    unused = (f"{path.name}: the column {shown(c)} is not used{did_you_mean(c, columns)}" for c in header)
    return CsvFile(
        known,
        tuple(rows),
        tuple(problems),
        tuple(w for c, w in zip(header, unused, strict=True) if c and c not in columns),
    )


def _meant(column: str, header: Sequence[str], columns: Sequence[str], required: Sequence[str]) -> str:
    close = nearest(column, (c for c in header if c not in columns))
    return f"did you mean it by {shown(close)}?" if close else f"these are required: {', '.join(required)}."


def column_name(text: str) -> str:
    """A header cell in the form of the known names: ``IP Address`` -> ``ip_address``."""
    return re.sub(r"[\s\-]+", "_", text.strip().strip(_INVISIBLE).strip().lower())


# ------------------------------------------------------------------------------------ reading


def _text(path: Path) -> str:
    """Bytes that are not UTF-8 become surrogates: the row that has them is refused, the others are kept."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        where = "make it there, or name the folder of connector.toml with --config"
        raise UserError(f"{path} does not exist; {where}.") from None
    except OSError as error:
        raise UserError(unreadable(path, error)) from None
    if data.startswith(b"PK\x03\x04"):  # a ZIP file, as .xlsx and .ods are
        raise UserError(f"{path.name}: this is a workbook; in the spreadsheet program, save it as CSV (UTF-8).")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # what spreadsheets call "Unicode text"
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8", errors="surrogateescape").removeprefix("\ufeff")


def _header(lines: Sequence[str], file: str, names: Mapping[str, str]) -> tuple[int, list[str], str]:
    """Index of the header line, its columns by their known names, and the delimiter that makes most sense of it."""
    for index, line in enumerate(lines):
        if not line.strip(' ,;\t"') or line.lstrip().startswith("#") or re.fullmatch(r"sep=.", line.strip()):
            continue
        readings = [(_named(line, delimiter, names), delimiter) for delimiter in _DELIMITERS]
        header, delimiter = max(readings, key=lambda reading: sum(c in names.values() for c in reading[0]))
        if not any(c in names.values() for c in header):
            raise UserError(f"{file}, row {index + 1}: this is not a header; {_FIRST_ROW}")
        return index, header, delimiter
    raise UserError(f"{file}: the file is empty; {_FIRST_ROW}")


def _named(line: str, delimiter: str, names: Mapping[str, str]) -> list[str]:
    try:
        cells = _split(line, delimiter)
    except csv.Error:  # quoted cells with another delimiter between them
        return []
    found = [column_name(cell) for cell in cells] if cells else []
    return [names.get(name, name) for name in found]


def _split(text: str, delimiter: str) -> list[str] | None:
    """Cells of one record; None when a quote is still open. csv.Error: a quote in the wrong place."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
        raise


def _records(lines: Sequence[str], start: int, delimiter: str, width: int) -> Iterator[tuple[int, list[str] | str]]:
    """(line number, cells), or (line number, a sentence why there are none)."""
    index = start
    while index < len(lines):
        used, cells = 1, _try(lines[index], delimiter)
        if cells is None:
            used, cells = _continued(lines, index, delimiter, width)
        yield index + 1, cells
        index += used


def _try(line: str, delimiter: str) -> list[str] | str | None:
    if not line.strip() or line.lstrip().startswith("#"):
        return ""
    try:
        return _split(line, delimiter)
    except csv.Error:
        return f'a quote stands in the wrong place; a cell with a quote or a {_NAMES[delimiter]} is written "5"" off".'


def _continued(lines: Sequence[str], index: int, delimiter: str, width: int) -> tuple[int, list[str] | str]:
    """A record whose quoted cell goes on in the next lines; how many lines it took.

    When the quote is never closed, or a line on the way is a whole row by itself, or what comes out is not as wide
    as the header (spreadsheets always write all columns), only the first line is given up.
    """
    text = lines[index]
    for extra in range(1, min(_LONGEST_CELL_LINES, len(lines) - index)):
        line = lines[index + extra]
        alone = _try(line, delimiter)
        if isinstance(alone, list) and len(alone) == width > 1 and line.count('"') % 2 == 0:
            break
        text += "\n" + line
        joined = _try(text, delimiter)
        if isinstance(joined, list) and len(joined) == width:
            return extra + 1, joined
        if joined is not None:
            break
    return 1, "a quote is opened and never closed."


def _row(number: int, cells: Sequence[str], header: Sequence[str]) -> Row | str:
    """The row, or a sentence why it is none; an empty sentence for a row of empty cells."""
    stripped = [cell.strip().strip(_INVISIBLE).strip() for cell in cells]
    if not any(stripped) or stripped[0].startswith("#"):
        return ""
    if any(stripped[len(header) :]):
        # The values are not repeated: after a shift, a cell may stand in any column.
        return (
            f"there are {len(stripped)} cells but {len(header)} columns; put a cell that holds a delimiter in quotes."
        )
    named = {c: cell for c, cell in zip(header, stripped, strict=False) if c and cell}
    for column, cell in named.items():
        if re.search(r"[\ud800-\udfff]", cell):
            return f"the column {column} is not UTF-8 text; save the file as CSV UTF-8."
        if column != "notes" and re.search(r"[\x00-\x1f\x7f]", cell):
            return f"the column {column} has a line end or another control character in it."
    return Row(number, named)
