"""What the fuzzer begins with: composed replies, answers and texts, one file for each parser.

A line ``%%%%`` stands between two of them; a line ``~~~~`` within one, between the answers that a server gives in turn.
Each of those is the status, the headers, an empty line, the body.
"""

from __future__ import annotations

from pathlib import Path

BETWEEN = "\n~~~~\n"

_FOLDER = Path(__file__).parent


def seeds(name: str, *, line_end: str = "\n") -> tuple[str, ...]:
    """Of seeds/NAME.txt, with these line ends."""
    text = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").removesuffix("\n")
    return tuple(part.replace("\n", line_end) for part in text.split("\n%%%%\n"))
