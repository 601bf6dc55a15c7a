"""A spreadsheet's text file as rows of named cells. One row that cannot be read never takes another with it.

Comma, semicolon or tab is told by the header. Cells may hold line ends inside quotes, as spreadsheets write them.
Rows are numbered as the spreadsheet program numbers them: a cell with a line end in it is one row, blank rows count,
and a first line ``sep=;`` is none.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.errors import UserError
from connector.settings.file_text import table_text
from connector.settings.messages import did_you_mean, nearest, shown, unreadable
from connector.settings.spreadsheet import is_formula_error, stripped, unprotected

_DELIMITERS = (",", ";", "\t")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab"}
_LONGEST_CELL_LINES = 200  # lines that one quoted cell may span; more is a quote that was never closed
_LEAST_CELLS = 4  # a line with fewer is not taken for a row
_FIRST_ROW = "the first row names the columns, at least id,calendar,device_type,ip_address."
_SEPARATOR = re.compile(r'\ufeff?"?sep=(?P<delimiter>[^"\s]|\t)"?[,;\t ]*', re.IGNORECASE)  # for Excel, not a row
_EQUAL_ROWS = 5  # rows with the same mistake that are told one by one; more are one sentence


@dataclass(frozen=True, slots=True)
class Row:
    """``number``: the row of the spreadsheet, from 1. Cells are stripped; empty ones are left out. ``line``: of the
    file, from 1, in which it begins."""

    number: int
    cells: Mapping[str, str]
    line: int = 0


@dataclass(frozen=True, slots=True)
class CsvFile:
    """``problems``: rows that could not be read. ``warnings``: an odd encoding, and columns that are not used."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


def read_csv(path: Path, columns: Sequence[str], required: Sequence[str], aliases: Mapping[str, str]) -> CsvFile:
    """``columns``: known names; ``aliases``: other names for them, all as ``column_name`` gives them.

    UserError: no such file, no header, a required column missing, a column given twice.
    """
    found = table_text(_bytes(path), path.name)
    lines = _lines(found.text)
    start, header_row, header, delimiter = _header(lines, path.name, {c: c for c in columns} | dict(aliases))
    missing = [c for c in required if c not in header]
    doubled = sorted({c for c in header if c and header.count(c) > 1})
    if missing or doubled:
        where = f"{path.name}, row {header_row}"
        raise UserError(
            *(f"{where}: there is no column {c}; {_meant(c, header, columns, required)}" for c in missing),
            *(f"{where}: there are two columns {c}; keep one." for c in doubled),
        )
    rows: list[Row] = []
    problems: list[tuple[int, str]] = []
    for number, (line, cells) in enumerate(_records(lines, start, delimiter, len(header)), header_row + 1):
        row = _row(number, line, cells, header) if isinstance(cells, list) else cells
        if isinstance(row, Row):
            rows.append(row)
        elif row:
            problems.append((number, row))
    cautions = tuple(f"{path.name}: {caution}" for caution in found.cautions)
    unused = tuple(
        f"{path.name}: the column {shown(c)} is not used{did_you_mean(c, columns)}"
        for c in header
        if c and c not in columns
    )
    known = tuple(c for c in header if c in columns)
    return CsvFile(known, tuple(rows), told(path.name, problems), cautions + unused)


def told(file: str, problems: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    """(row, reason) as sentences: one for each row; but when many rows have the same mistake, one for all of them."""
    rows: dict[str, list[int]] = {}
    for number, reason in problems:
        rows.setdefault(reason, []).append(number)
    many = {reason for reason, numbers in rows.items() if len(numbers) > _EQUAL_ROWS}
    sentences = {}  # by the row where they are told, which is the first one
    for reason, numbers in rows.items():
        if reason in many:
            first = ", ".join(str(number) for number in numbers[:3])
            sentences[numbers[0]] = f"{file}, rows {first} and {len(numbers) - 3} more: {reason}"
        else:
            sentences |= {number: f"{file}, row {number}: {reason}" for number in numbers}
    return tuple(sentences[number] for number in sorted(sentences))


def _meant(column: str, header: Sequence[str], columns: Sequence[str], required: Sequence[str]) -> str:
    close = nearest(column, (c for c in header if c not in columns))
    return f"did you mean it by {shown(close)}?" if close else f"these are required: {', '.join(required)}."


def column_name(text: str) -> str:
    """A header cell in the form of the known names: ``IP Address`` -> ``ip_address``."""
    return re.sub(r"[\s\-]+", "_", stripped(text).lower())


# ------------------------------------------------------------------------------------ reading


@dataclass(frozen=True, slots=True)
class _Lines:
    """``ends``: what a cell has in it where the line at the same place is followed by the next one."""

    texts: Sequence[str]
    ends: Sequence[str]


def _lines(text: str) -> _Lines:
    parts = re.split(r"(\r\n|\n|\r)", text)
    keep = "\r" if "\n" in text else "\n"  # a lone CR is meant where it does not end every line of the file
    return _Lines(parts[::2], [keep if end == "\r" else "\n" for end in parts[1::2]])


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        where = "make it there, or name the folder of connector.toml with --config"
        raise UserError(f"{path} does not exist; {where}.") from None
    except OSError as error:
        raise UserError(unreadable(path, error)) from None


def _header(lines: _Lines, file: str, names: Mapping[str, str]) -> tuple[int, int, list[str], str]:
    """Index of the line below the header, the header's row, its columns by their known names, and the delimiter."""
    separator = _SEPARATOR.fullmatch(lines.texts[0])
    delimiters = dict.fromkeys((*_DELIMITERS, separator["delimiter"])) if separator else _DELIMITERS
    index, row = (1, 0) if separator else (0, 0)
    while index < len(lines.texts):
        row += 1
        records = [(*_whole(lines, index, delimiter), delimiter) for delimiter in delimiters]
        if _is_no_header(lines.texts[index], records[0][1]):
            index += max(used for used, _, _ in records)
            continue
        readings = [(index + used, _named(cells, names), delimiter) for used, cells, delimiter in records]
        start, header, delimiter = max(readings, key=lambda reading: sum(c in names.values() for c in reading[1]))
        if not any(c in names.values() for c in header):
            raise UserError(f"{file}, row {row}: this is not a header; {_FIRST_ROW}")
        return start, row, header, delimiter
    raise UserError(f"{file}: the file is empty; {_FIRST_ROW}")


def _is_no_header(line: str, cells: Sequence[str]) -> bool:
    """A blank row or a remark."""
    return not stripped(line.strip(' ,;\t"')) or stripped(line).lstrip('"').startswith("#") or not any(cells or "x")


def _whole(lines: _Lines, index: int, delimiter: str) -> tuple[int, list[str]]:
    """A record with all lines that its quoted cells go on in, of which the first is counted when they never end."""
    text = lines.texts[index]
    for used in range(1, min(_LONGEST_CELL_LINES, len(lines.texts) - index) + 1):
        try:
            cells = _split(text, delimiter)
        except csv.Error:  # quoted cells with another delimiter between them
            break
        if cells is not None:
            return used, cells
        text += "".join((*lines.ends[index + used - 1 : index + used], *lines.texts[index + used : index + used + 1]))
    return 1, []


def _named(cells: Sequence[str], names: Mapping[str, str]) -> list[str]:
    found = [column_name(cell) for cell in cells]
    return [names.get(name, name) for name in found]


def _split(text: str, delimiter: str) -> list[str] | None:
    """Cells of one record; None when a quote is still open. csv.Error: a quote in the wrong place."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
        raise


def _records(lines: _Lines, start: int, delimiter: str, width: int) -> Iterator[tuple[int, list[str] | str]]:
    """The first line of each row with its cells, or a sentence why there are none; "" for a row that says nothing."""
    index = start
    while index < len(lines.texts):
        used, cells = 1, _try(lines.texts[index], delimiter)
        if cells is None:
            used, cells = _continued(lines, index, delimiter, width)
        if isinstance(cells, str) and _is_remark(lines.texts[index]):
            cells = ""
        yield index + 1, cells
        index += used


def _try(line: str, delimiter: str) -> list[str] | str | None:
    if not line.strip():
        return ""
    try:
        return _split(line, delimiter)
    except csv.Error:
        name = _NAMES.get(delimiter, delimiter)
        return f'a quote stands in the wrong place; a cell with a quote or a {name} is written "5"" off".'


def _is_remark(text: str) -> bool:
    """``#REF!`` is no remark but what a formula has left: its row must not vanish."""
    return text.lstrip().startswith("#") and not is_formula_error(text.strip())


def _continued(lines: _Lines, index: int, delimiter: str, width: int) -> tuple[int, list[str] | str]:
    """A record whose quoted cell goes on in the next lines; how many lines it took.

    When the quote is never closed, or a line on the way is a whole row by itself, or what comes out is not as wide
    as the header though a line on the way might be a row, only the first line is given up.
    """
    text = lines.texts[index]
    maybe_row = False
    for extra in range(1, min(_LONGEST_CELL_LINES, len(lines.texts) - index)):
        line = lines.texts[index + extra]
        alone = _try(line, delimiter)
        if isinstance(alone, list) and line.count('"') % 2 == 0:
            if len(alone) == width > 1:
                break
            maybe_row = maybe_row or len(alone) >= _LEAST_CELLS
        text += lines.ends[index + extra - 1] + line
        joined = _try(text, delimiter)
        if isinstance(joined, list) and (len(joined) == width or not maybe_row):
            return extra + 1, joined
        if joined is not None:
            break
    return 1, "a quote is opened and never closed."


def _row(number: int, line: int, cells: Sequence[str], header: Sequence[str]) -> Row | str:
    """The row, or a sentence why it is none; an empty sentence for a row of empty cells."""
    texts = [stripped(cell) for cell in cells]
    if not any(texts) or _is_remark(texts[0]):
        return ""
    if any(texts[len(header) :]):
        # The values are not repeated: after a shift, a cell may stand in any column.
        return f"there are {len(texts)} cells but {len(header)} columns; put a cell that holds a delimiter in quotes."
    named = {c: cell for c, cell in zip(header, texts, strict=False) if c and cell}
    for column, cell in named.items():
        if re.search(r"[\ud800-\udfff]", cell):
            return f"the column {column} is not UTF-8 text; save the file as CSV UTF-8."
        if column != "notes" and re.search(r"[\x00-\x1f\x7f]", cell):
            return f"the column {column} has a line end or another control character in it."
    return Row(number, {column: unprotected(cell) for column, cell in named.items()}, line)
