"""Tables whose labels stand in the head: the value is in the cell below."""

from __future__ import annotations

import re

_ROW = 400  # characters of a row that are looked at
_RULE_ROW = re.compile(r"[ \t]{0,8}\|?[ \t:|\-]{3,200}$")
_ROWS_BETWEEN = 4  # blank lines, or the rule below the head


def cell_below(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the cell below a label's cell stands; None where the label is no head of a column."""
    if text[end : end + 12].lstrip(" *_`:>")[:1] not in ("\t", "|", "\n"):
        return None
    first = text.rfind("\n", max(0, start - _ROW), start) + 1
    if first == 0 and start > _ROW:
        return None
    last = text.find("\n", end, end + _ROW)
    head = text[first:last] if last >= 0 else ""
    mark = "|" if "|" in head else "\t"
    column = head.count(mark, 0, start - first)
    cells = head.split(mark)
    if len(cells) < 2 or any(c.isdigit() for c in head) or len(cells[column].strip(" *_`:>")) > end - start + 12:
        return None
    for _ in range(_ROWS_BETWEEN):
        at = last + 1
        last = text.find("\n", at, at + _ROW)
        row = text[at : last if last >= 0 else at + _ROW]
        if row.strip(" >") and not (mark == "|" and _RULE_ROW.match(row)):
            break
        if last < 0:
            return None
    below = row.split(mark)
    if len(below) != len(cells):
        return None
    begin = at + sum(len(cell) + 1 for cell in below[:column])
    return begin, begin + len(below[column])
