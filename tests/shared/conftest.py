"""Only the tests in this folder read ``../shared`` (or ``SHARED_DIR``). Where there is none, they are left out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(os.environ.get("SHARED_DIR") or Path(__file__).resolve().parents[3] / "shared")

# Where somebody names a folder, it must be there.
collect_ignore_glob = [] if _FOLDER.is_dir() or "SHARED_DIR" in os.environ else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if collect_ignore_glob:
        terminalreporter.write_line("tests/shared was left out: there is no folder shared beside this checkout")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    assert _FOLDER.is_dir(), f"{_FOLDER} does not exist; set SHARED_DIR to the folder with the shared data"
    return _FOLDER
