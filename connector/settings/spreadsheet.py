"""What spreadsheet programs make of a cell: formulas, what they show when one fails, and what pasting leaves in it."""

from __future__ import annotations

import re

# Blanks, and what has no width: copying from web pages and chats leaves it in cells.
INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_ENDS = re.compile(rf"^[\s{INVISIBLE}]+|[\s{INVISIBLE}]+$")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ERROR = re.compile(
    r"#[¡¿]?[^\W_a-z][^\W_a-z/0-9]*(?:/0)?[!?]|#N/[A-Z]{1,2}|#NV|#N/A!?|#{3,}|Err:\d{3}|#ERR\w*[!?]?|#GETTING_DATA"
)


def stripped(text: str) -> str:
    """``text`` without what cannot be seen at its ends."""
    return _ENDS.sub("", text)


def protected(text: str) -> str:
    """``text`` as a cell that no spreadsheet program takes for a formula; ``unprotected`` gives it back."""
    return f"'{text}" if _FORMULA.match(text) else text


def unprotected(cell: str) -> str:
    """Without the apostrophe that ``protected`` put in front, and with any other one."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def is_formula_error(text: str) -> bool:
    """What a cell shows when its formula fails, in the languages of the programs: ``#REF!``, ``#BEZUG!``, ``#N/A``."""
    return _ERROR.fullmatch(text) is not None
