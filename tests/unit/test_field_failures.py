"""The page of field failures is true: its numbers are in order, and every test that it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "explanation" / "field-failures.md"
_ROW = re.compile(
    r"^\| F(?P<number>\d{3}) \| (?P<failure>[^|]+) \| (?P<does>[^|]+) \| (?P<held>[^|]+) \|$", re.MULTILINE
)
_TEST = re.compile(r"`(?P<path>tests/[\w/]+\.py)::(?P<name>test_\w+)`")
ROWS = [match.groupdict() for match in _ROW.finditer(PAGE.read_text(encoding="utf-8"))]


@cache
def functions_of(path: str) -> frozenset[str]:
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    scopes: list[ast.Module | ast.ClassDef] = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    functions = (n for scope in scopes for n in scope.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(function.name for function in functions)


def test_every_line_of_the_tables_is_a_row_that_is_read() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| F")]
    assert len(lines) == len(ROWS) > 100


def test_numbers_are_unique_and_ascending() -> None:
    numbers = [int(row["number"]) for row in ROWS]
    assert numbers == sorted(set(numbers))
    assert (numbers[0], numbers[-1]) == (1, 160)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"F{row['number']}")
def test_what_holds_a_failure_exists(row: dict[str, str]) -> None:
    held = row["held"]
    named = _TEST.findall(held)
    assert held.count("`") == 2 * len(named), "a test is not written as `tests/...py::test_name`"
    assert [f"{path}::{name}" for path, name in named if name not in functions_of(path)] == []
    assert named or (held in ("not yet", "not ours") and len(row["does"]) > 20)


def test_a_test_that_does_not_exist_would_be_found() -> None:
    assert "test_no_such_thing" not in functions_of("tests/unit/test_field_failures.py")
    assert functions_of("tests/unit/test_no_such_file.py") == frozenset()
    assert "test_a_series_without_end" in functions_of("tests/calendars/suite.py")  # inside a class
