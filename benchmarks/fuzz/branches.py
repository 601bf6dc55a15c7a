"""The share of a parser's branches that inputs reach, by the package coverage, which is nobody's dependency."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Reached:
    """``missing``: by file, the branches (line, line to) that nothing took."""

    reached: int
    all_of_them: int
    missing: dict[str, list[tuple[int, int]]]

    @property
    def share(self) -> float:
        """In per cent."""
        return 100 * self.reached / self.all_of_them if self.all_of_them else 100.0


def is_there() -> bool:
    return importlib.util.find_spec("coverage") is not None


@contextmanager
def measured(modules: tuple[str, ...], without: tuple[str, ...] = ()) -> Iterator[list[Reached]]:
    """One value is in the list when the block is left; none where the package is not installed.

    ``without``: functions and classes whose branches do not count.
    """
    result: list[Reached] = []
    if not is_there():
        yield result
        return
    import coverage  # type: ignore[import-not-found,unused-ignore]  # of whoever wants the figure

    files = [_file(name) for name in modules]
    measuring = coverage.Coverage(branch=True, data_file=None, include=files, config_file=False)
    measuring.start()
    try:
        yield result
    finally:
        measuring.stop()
    result.append(_counted(measuring, without))


def _lines_of(file: Path, names: tuple[str, ...]) -> frozenset[int]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, kinds)]
    spans = (range(node.lineno, (node.end_lineno or 0) + 1) for node in found if node.name in names)
    return frozenset(line for span in spans for line in span)


def _file(module: str) -> str:
    """A package is all its files."""
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None, module
    path = Path(spec.origin)
    return str(path.parent / "*") if path.name == "__init__.py" else str(path)


def _counted(measuring: Any, without: tuple[str, ...]) -> Reached:
    reached = all_of_them = 0
    missing: dict[str, list[tuple[int, int]]] = {}
    for file in sorted(measuring.get_data().measured_files()):
        analysis, apart = measuring._analyze(file), _lines_of(Path(file), without)
        for line, (there, taken) in analysis.branch_stats().items():
            if line not in apart:
                reached, all_of_them = reached + taken, all_of_them + there
        arcs = sorted(analysis.missing_branch_arcs().items())
        if left := [(line, to) for line, ends in arcs for to in ends if line not in apart]:
            missing[file] = left
    return Reached(reached, all_of_them, missing)
