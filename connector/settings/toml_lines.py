"""Where each key of a TOML text stands. tomllib parses the values but does not tell lines."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HEADER = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_LIST_HEADER = re.compile(r"^\s*\[\[\s*([^\[\]]+?)\s*\]\]\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=(.*)$""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")

KeyPath = tuple[str, ...]


def _parts(dotted: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def key_lines(text: str) -> dict[KeyPath, int]:
    """Line numbers, from 1, of every table header and key that stands on a line of its own.

    The tables of a list (``[[rules]]``) are counted from 0, as pydantic does.

    Only used to point at a place: a key inside an inline table or an exotic spelling is simply not found.
    """
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    lists: dict[KeyPath, int] = {}
    open_quote = ""  # inside a multi-line string
    for number, line in enumerate(text.splitlines(), start=1):
        if open_quote:
            open_quote = "" if line.count(open_quote) % 2 else open_quote
            continue
        if header := _LIST_HEADER.match(line):
            name = _parts(header[1])
            lists[name] = lists.get(name, -1) + 1
            table = (*name, str(lists[name]))
        elif header := _HEADER.match(line):
            table = _parts(header[1])
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault(table + _parts(key[1]), number)
            open_quote = next((quote for quote in ('"""', "'''") if key[2].count(quote) % 2), "")
    return lines


def line_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> int | None:
    """The line of ``path``, else of the nearest key or table that holds it."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def toml_remedy(what: str, text: str, place: str) -> str:
    """What to do about the usual slips; empty for others. ``what``, ``place``: as tomllib tells them.

    The line itself is never repeated: it may hold a secret.
    """
    if "twice" in what or "overwrite" in what:
        return "; this name stands twice: keep one, with what both hold"
    if "escape" in what.lower():
        return "; write a backslash twice, or put the text into single quotes"
    number = re.match(r"line (\d+)", place)
    lines = text.splitlines()
    line = lines[int(number[1]) - 1] if number and int(number[1]) <= len(lines) else ""
    if re.search("[\u2018-\u201f]", line):
        return "; quotes must be straight ones: \" or '"
    if re.search(r"=\s*(?:yes|no|on|off|true|false)\b", line, re.IGNORECASE):
        return "; true and false are written so, without capitals and quotes"
    if re.search(r"=\s*\[?\s*[^\s\"'\[{=#]", line):
        return "; text stands in quotes"
    return ""
