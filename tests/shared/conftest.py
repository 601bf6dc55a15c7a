"""Only the tests in this folder read ``../shared`` (or ``SHARED_DIR``); where it is missing they fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    repository = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("SHARED_DIR") or repository.parent / "shared")
    assert folder.is_dir(), f"{folder} does not exist; set SHARED_DIR to the folder with the shared data"
    return folder
