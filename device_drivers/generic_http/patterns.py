"""Regular expressions of descriptions, by RE2: linear in what a unit sends, whatever the expression."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2


class BadPattern(ValueError):
    """RE2 does not know it; the message is its reason."""


@lru_cache(maxsize=256)
def pattern(text: str) -> Any:
    """The compiled expression, with ``^`` and ``$`` at each line. Raises BadPattern.

    Python's own engine would let one answer of a unit hold the event loop for hours. RE2 has no look-around and no
    back references.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(f"(?m){text}", options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        raise BadPattern(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None
