from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.office import Office, office
from tests.end_to_end.providers import PROVIDERS


@pytest.fixture(params=list(PROVIDERS))
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    """Three rooms, on each calendar service in turn."""
    async with office(request.param, tmp_path) as made:
        yield made
