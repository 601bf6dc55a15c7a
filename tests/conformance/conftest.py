from __future__ import annotations

import pytest

from device_drivers.testing import conformance
from tests.support import patience


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite's limit of one check is for a quiet machine."""
    monkeypatch.setattr(conformance, "LIMIT", patience.seconds(conformance.LIMIT))
