from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.calendars.radicale_server import RadicaleServer


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RadicaleServer]:
    """One server for all tests; each makes calendars of its own."""
    with RadicaleServer(tmp_path_factory.mktemp("radicale")) as server:
        yield server
