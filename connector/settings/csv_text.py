"""The text of a spreadsheet's file, and where its cells stand in it: for changing one without touching the others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.settings.spreadsheet import protected, unprotected

_INVISIBLE = "\ufeff\u200b\u200e\u200f"  # at the ends of a cell the reader leaves them out, as it does blanks


@dataclass(frozen=True, slots=True)
class Cell:
    """``start`` and ``end`` span it with its quotes. ``value``: what it says."""

    start: int
    end: int
    value: str
    quoted: bool


def decoded(data: bytes) -> tuple[str, str]:
    """The text, with its byte order mark, and the codec that gives the same bytes again.

    ValueError when none does, as for UTF-16 that was cut.
    """
    codec = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(data[:2], "utf-8")
    text = data.decode(codec, errors="surrogateescape" if codec == "utf-8" else "surrogatepass")
    return text, codec


def encoded(text: str, codec: str) -> bytes:
    return text.encode(codec, errors="surrogateescape" if codec == "utf-8" else "surrogatepass")


def line_starts(text: str) -> tuple[int, ...]:
    """Of each line, behind a byte order mark."""
    first = 1 if text.startswith("\ufeff") else 0
    return (first, *(found.end() for found in re.finditer(r"\r\n|\n|\r", text)))


def cells_at(text: str, start: int, delimiter: str) -> tuple[Cell, ...]:
    """The cells of the row that begins at ``start``. ValueError: a quote stands in the wrong place."""
    cells = [_cell(text, start, delimiter)]
    while text[cells[-1].end : cells[-1].end + 1] == delimiter:
        cells.append(_cell(text, cells[-1].end + 1, delimiter))
    return tuple(cells)


def _cell(text: str, start: int, delimiter: str) -> Cell:
    if text[start : start + 1] == '"':
        found = re.compile(r'"((?:[^"]|"")*)"').match(text, start)
        if found is None or text[found.end() : found.end() + 1] not in ("", delimiter, "\r", "\n"):
            raise ValueError("a quote stands in the wrong place")
        return Cell(start, found.end(), found[1].replace('""', '"'), True)
    found = re.compile(f"[^\r\n{delimiter}]*").match(text, start)
    assert found is not None  # it matches nothing, too
    return Cell(start, found.end(), found[0], False)


def joined(text: str, cells: Sequence[Cell], values: Mapping[int, str], delimiter: str) -> str:
    """The row with ``values`` (index -> text) in it. A row that is too short for them becomes longer."""
    filled = [cell for cell in cells if cell.value]
    all_quoted = bool(filled) and all(cell.quoted for cell in filled)
    parts = [text[cell.start : cell.end] for cell in cells]
    for index, value in sorted(values.items()):
        cell = cells[index] if index < len(cells) else _NOTHING
        if _plain(cell.value) == value:
            continue
        parts += ['""' if all_quoted else ""] * (index + 1 - len(parts))
        parts[index] = _replaced(cell, protected(value), delimiter, all_quoted=all_quoted)
    return delimiter.join(parts)


_NOTHING = Cell(0, 0, "", False)


def _plain(value: str) -> str:
    """As the reader sees it: line ends in a cell are all the same to it."""
    return unprotected(re.sub(r"\r\n|\r", "\n", value).strip().strip(_INVISIBLE).strip())


def _replaced(cell: Cell, value: str, delimiter: str, *, all_quoted: bool) -> str:
    """In the manner of the cell before: its quotes, or the blanks around it."""
    if cell.quoted or (all_quoted and not cell.value):
        return _written(value, delimiter, quoted=True)
    written = _written(value, delimiter, quoted=False)
    if written != value or not cell.value.strip():
        return written
    before = cell.value[: len(cell.value) - len(cell.value.lstrip(" "))]
    return before + written + cell.value[len(cell.value.rstrip(" ")) :]


def _written(value: str, delimiter: str, *, quoted: bool) -> str:
    needs = value != value.strip() or any(c in value for c in ('"', "\r", "\n", delimiter))
    return '"' + value.replace('"', '""') + '"' if quoted or needs else value
