"""The share of a parser's branches that inputs reach, by the package coverage, which is nobody's dependency."""

from __future__ import annotations

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
def measured(modules: tuple[str, ...]) -> Iterator[list[Reached]]:
    """One value is in the list when the block is left; none where the package is not installed."""
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
    result.append(_counted(measuring))


def _file(module: str) -> str:
    """A package is all its files."""
    spec = importlib.util.find_spec(module)
    assert spec is not None and spec.origin is not None, module
    path = Path(spec.origin)
    return str(path.parent / "*") if path.name == "__init__.py" else str(path)


def _counted(measuring: Any) -> Reached:
    reached = all_of_them = 0
    missing: dict[str, list[tuple[int, int]]] = {}
    for file in sorted(measuring.get_data().measured_files()):
        analysis = measuring._analyze(file)
        reached += analysis.numbers.n_executed_branches
        all_of_them += analysis.numbers.n_branches
        left = [(line, to) for line, ends in sorted(analysis.missing_branch_arcs().items()) for to in ends]
        if left:
            missing[file] = left
    return Reached(reached, all_of_them, missing)
