"""The cost of the words beside links and of tables grows in a straight line, whatever is repeated."""

from __future__ import annotations

import gc
import time

import pytest

from connector.detection.detect import detect
from connector.model import SourceText

LINK = "https://example.zoom.us/j/81234500001"
REPEATED = {
    "outdated": f"Old link (do not use): {LINK} Passcode: 1234\n",
    "outdated in one line": f"old link {LINK} new link https://example.zoom.us/j/82345600002 ",
    "vague words in one line": "a code of conduct, a pin ",
    "head of a table": "Meeting ID\tPasscode\tCode\n812 3450 0001\t1234\t5\n",
    "head behind a long line": "x " * 300 + "| passcode |\n",
    "user names": "user: kim\npassword ",
    "links to other things": " slides https://example.org/b password: 1 ",
    "struck": "~~a ~~b ~~",
}


def _seconds(body: str, runs: int) -> float:
    best = 1e9
    gc.disable()
    try:
        for _ in range(runs):
            start = time.process_time()
            detect((SourceText("description", "text", body),))
            best = min(best, time.process_time() - start)
    finally:
        gc.enable()
    return best


@pytest.mark.parametrize("name", REPEATED)
def test_eight_times_the_length_costs_at_most_twelve_times_as_much(name: str) -> None:
    small, large = (REPEATED[name] * (size // len(REPEATED[name])) for size in (40_000, 320_000))
    for runs in (1, 2, 3, 3):  # a busy machine may spoil one comparison; a wrong algorithm spoils all of them
        ratio = _seconds(large, runs) / _seconds(small, runs + 1)
        if ratio < 12:
            return
    pytest.fail(f"{ratio:.1f} times the cost")
