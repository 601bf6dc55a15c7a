"""``connector secrets import`` at work: a file's rows, all of them or none. A value is never an output; neither is what
stands where a name should be, as it may be one."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from connector.cli.secrets import secret_store
from connector.errors import UserError
from connector.settings.messages import unreadable
from connector.vault.secrets import is_name

_LARGEST = 4 * 1024 * 1024  # bytes; ten thousand passwords and a few keys are less
_LINE_FORM = re.compile(r"\s*[A-Za-z0-9._-]*\s*=")  # name=value, against name,value
_MOST_LINES = 200  # that one quoted value may have, as a key
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row that was read; ``problem`` instead of a name and a value where it could not be."""

    row: int
    name: str = ""
    value: str = field(default="", repr=False)
    problem: str = ""


def import_secrets(file: Path, config: Path | None, *, replace: bool) -> None:
    """UserError with every mistake of the file; then nothing was stored."""
    entries = _entries(_text(file))
    problems = [f"{file.name}, row {row}: {problem}" for row, problem in _problems(entries)]
    if not entries:
        problems.append(f"{file.name}: there is no row name,value in it.")
    store = secret_store(config)
    names = frozenset(store.names())
    if not replace:
        problems += [_known(file, entry) for entry in entries if entry.name in names]
    if problems:
        raise UserError(*problems, "Nothing was stored.")
    known = store.add({entry.name: entry.value for entry in entries}, replace=replace)
    if known and not replace:  # somebody was quicker
        raise UserError(*(_known(file, entry) for entry in entries if entry.name in known), "Nothing was stored.")
    click.echo(f"Stored: {len(entries) - len(known)} new, {len(known)} replaced. Refer to each as vault:NAME.")
    click.echo(f"Delete {file} now: it holds the secrets in the clear.")


def _known(file: Path, entry: _Entry) -> str:
    return f"{file.name}, row {entry.row}: there is a secret {entry.name} already; --replace replaces it."


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(_LARGEST + 1)
    except OSError as error:
        raise UserError(unreadable(file, error)) from None
    if len(data) > _LARGEST:
        raise UserError(f"{file} is larger than a list of secrets can be.")
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{file} is not UTF-8 text; save it as CSV UTF-8.") from None


# ------------------------------------------------------------------------------------ rows


def _entries(text: str) -> list[_Entry]:
    """The first line that says something tells which of the two forms the file has."""
    lines = re.split(r"\r\n|\n|\r", text)
    first = next((line for line in lines if not _says_nothing(line)), "")
    return list(_from_lines(lines) if _LINE_FORM.match(first) else _from_rows(lines, first))


def _says_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#") or bool(re.fullmatch(r"sep=.?", line.strip()))


def _from_lines(lines: list[str]) -> Iterator[_Entry]:
    for number, line in enumerate(lines, 1):
        if _says_nothing(line):
            continue
        name, sign, value = line.partition("=")
        if not sign:
            yield _Entry(number, problem="there is no '=' in it; write name=value.")
        elif len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
            yield _Entry(
                number, problem="quotes would be part of the value; leave them out, or write a row name,value."
            )
        else:
            yield _Entry(number, name.strip(), value)


def _from_rows(lines: list[str], first: str) -> Iterator[_Entry]:
    found = re.search(f"[{_DELIMITERS}]", first)
    delimiter = found[0] if found else ","
    index, header = 0, True
    while index < len(lines):
        number, used = index + 1, 1
        if not _says_nothing(lines[index]):
            used, cells = _row(lines, index, delimiter)
            if not (header and isinstance(cells, list) and _is_header(cells)):
                yield _entry(number, cells)
            header = False
        index += used


def _is_header(cells: list[str]) -> bool:
    return [cell.strip().lower() for cell in cells[:2]] == ["name", "value"]


def _row(lines: list[str], index: int, delimiter: str) -> tuple[int, list[str] | str]:
    """How many lines it takes, and its cells, or a sentence. A quote that is never closed takes one line."""
    for used in range(1, min(_MOST_LINES, len(lines) - index) + 1):
        cells = _cells("\n".join(lines[index : index + used]), delimiter)
        if cells is not None and (used == 1 or isinstance(cells, list)):
            return used, cells
    return 1, "a quote is opened and never closed."


def _cells(text: str, delimiter: str) -> list[str] | str | None:
    """None: a quote is still open. A sentence instead of cells where a quote stands in the wrong place."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
        return 'a quote stands in the wrong place; a value with a quote is written "5"" off".'


def _entry(number: int, cells: list[str] | str) -> _Entry:
    if isinstance(cells, str):
        return _Entry(number, problem=cells)
    while len(cells) > 2 and not cells[-1]:
        cells.pop()
    if len(cells) != 2:
        reason = (
            "a value with the delimiter in it is put in quotes" if len(cells) > 2 else "write name,value in each row"
        )
        return _Entry(number, problem=f"it has {len(cells)} cells instead of 2; {reason}.")
    return _Entry(number, cells[0].strip(), cells[1])


def _problems(entries: list[_Entry]) -> Iterator[tuple[int, str]]:
    first: dict[str, int] = {}
    for entry in entries:
        problem = entry.problem or _problem(entry)
        if problem:
            yield entry.row, problem
        elif entry.name in first:
            yield entry.row, f"it has the name of row {first[entry.name]}; each name once."
        else:
            first[entry.name] = entry.row


def _problem(entry: _Entry) -> str:
    if not is_name(entry.name):
        return "it begins with no name for a secret: letters, digits, '.', '-' and '_', at most 64 (not shown here)."
    if not entry.value:
        return "the value is empty."
    if entry.value != entry.value.strip(" \t"):
        return f"the value begins or ends with a blank; if it should, use: connector secrets set {entry.name}"
    return ""
