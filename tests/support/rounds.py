"""How many histories a random test plays: few in each run, as each run plays others; more in ``make test-long``."""

from __future__ import annotations

import os

VARIABLE = "CONNECTOR_TEST_ROUNDS"


def examples(usual: int) -> int:
    """``usual`` times what ``CONNECTOR_TEST_ROUNDS`` says (1 where it is not set)."""
    return max(1, round(usual * float(os.environ.get(VARIABLE) or 1)))
