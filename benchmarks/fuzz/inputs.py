"""Odd inputs: composed ones whose parts are cut, repeated, swapped, nested, put from one into another, or made odd.

A part is what the grammars have in common: a tag, a quoted string, a line's end, a number, a word. Each input follows
from the seed and its number alone, so that any of them can be made again without those before it.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

LONGEST = 120_000  # characters; what one input may grow to

_PARTS = re.compile(r"<[^>]{0,500}>|\"[^\"\n]{0,200}\"|\r?\n|[0-9]+|[^\W\d_]+|\s+|.", re.DOTALL)
_BLOCKS = re.compile(r"(\n\n|\n~~~~\n)")
_ODD_NUMBERS = (
    "0", "-1", "9" * 25, "9" * 5000, "1e999", "²", "٣", "00000001", "4294967296", "1.5", "٠٠", "31", "366", "99",
    "65536", "253402300800", "9" * 19, "nan", "0001", "9999", "1000000000",
)  # fmt: skip
_ODD_WORDS = (
    "", "\x00", "\x1b[2J", "\u202e", "\u2028", "\x85", "\ud800", "\udcff", "\ufeff", "é" * 50, "a" * 3000, "null",
    "NaN", "Infinity", "true", "[]", "{}", "<", ">", "&", "&amp;", "&#0;", "&#xFFFF;", "<![CDATA[", "]]>", "<!--",
    "-->", "<!DOCTYPE a>", "\\", "\\n", "\\ud800", ";", ":", "=", ",", "TZID=", "charset=punycode",
    "charset=utf-16", "%zz", "%ud8", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "99991231T235959Z",
    "P99999999D", "FREQ=SECONDLY", "BYMONTHDAY=31", "BYDAY=99MO", "COUNT=0", "Europe/Nowhere", "http://",
    "http://[", "https://a:b/", "//[::1", "@", "##", "https://us02web.zoom.us/j/81234567890", "Passcode:", "sip:",
    "12345678901", "Meeting ID: 812 3456 7890 ", "\r\n", "Mon, 01 Jan 2030 00:00:00 +99999999999999",
    "Mon, 01 Jan 0001 00:00:00 +1400", "\r\n\r\n",
)  # fmt: skip
_ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 1e300, float("inf"), 10**400, "", "x", [], {}, [[]], {"a": []}, "0001-01-01", "9" * 30, [None],
    "\ud800", "0001-01-01T00:00:00+14:00", "a\r\nb", "é",
)  # fmt: skip
_PAIRS = (
    ("<a>", "</a>"), ("[", "]"), ("{", "}"), ('{"a":', "}"), ("(", ")"), ("<p><b>", "</b>"), ("> ", "\n"), ("<", ">"),
    ("BEGIN:VEVENT\r\n", "END:VEVENT\r\n"), ("<!--", "-->"), ('"', '"'), ("/*", "*/"),
)  # fmt: skip


def made(seed: str, number: int, given: Sequence[str]) -> str:
    """Input ``number`` of ``seed``. The first ones are the composed ones as they are."""
    if number < len(given):
        return given[number]
    return odd(random.Random(f"{seed} {number}"), given)


def odd(chance: random.Random, given: Sequence[str]) -> str:
    """A composed one, changed one to six times."""
    parts = _PARTS.findall(chance.choice(given)) or [""]
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        parts = chance.choice(_CHANGES)(chance, parts, given) or [""]
    return "".join(parts)[:LONGEST]


def bytes_of(text: str) -> bytes:
    """As it comes over a wire: what stands for a lone byte is that byte, and no other surrogate is UTF-8 either."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _slice(chance: random.Random, parts: list[str]) -> tuple[int, int]:
    begin = chance.randrange(len(parts))
    return begin, min(len(parts), begin + chance.choice((1, 1, 2, 5, 20, 100)))


def _cut(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    begin, end = _slice(chance, parts)
    return parts[:begin] + (parts[end:] if chance.random() < 0.8 else [])


def _repeat(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    begin, end = _slice(chance, parts)
    length = max(1, sum(map(len, parts[begin:end])))
    times = min(chance.choice((2, 3, 10, 100, 100_000)), LONGEST // length)
    return parts[:begin] + parts[begin:end] * times + parts[end:]


def _swap(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    first, second = chance.randrange(len(parts)), chance.randrange(len(parts))
    parts[first], parts[second] = parts[second], parts[first]
    return parts


def _splice(chance: random.Random, parts: list[str], given: Sequence[str]) -> list[str]:
    begin, end = _slice(chance, parts)
    others = _PARTS.findall(chance.choice(given)) or [""]
    first, last = _slice(chance, others)
    return parts[:begin] + others[first:last] + parts[end:]


def _nest(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    begin, end = _slice(chance, parts)
    before, after = chance.choice(_PAIRS)
    times = chance.choice((1, 2, 50, 300, 5000))
    return [*parts[:begin], before * times, *parts[begin:end], after * times, *parts[end:]]


def _odd_number(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    numbers = [n for n, part in enumerate(parts) if part.isdecimal()]
    if numbers:
        parts[chance.choice(numbers)] = chance.choice(_ODD_NUMBERS)
    return parts


def _odd_word(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    place = chance.randrange(len(parts))
    if chance.random() < 0.5:
        parts[place] = chance.choice(_ODD_WORDS)
    else:
        parts.insert(place, chance.choice(_ODD_WORDS))
    return parts


def _odd_value(chance: random.Random, parts: list[str], _: Sequence[str]) -> list[str]:
    """In a part that is JSON, a value becomes another one, or goes."""
    blocks = _BLOCKS.split("".join(parts))
    places = [n for n, block in enumerate(blocks) if block[:1] in ("{", "[")]
    if places:
        place = chance.choice(places)
        blocks[place] = _other_value(chance, blocks[place])
    return _PARTS.findall("".join(blocks))


def _other_value(chance: random.Random, block: str) -> str:
    try:
        whole = json.loads(block)
        if found := list(_places(whole)):
            holder, key = chance.choice(found)
            if isinstance(holder, dict) and chance.random() < 0.2:
                del holder[key]
            else:
                holder[key] = chance.choice(_ODD_VALUES)
        return json.dumps(whole, indent=1)
    except (ValueError, RecursionError):  # no JSON any more
        return block


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, below in inner:
        yield value, key
        yield from _places(below)


_CHANGES = (
    _cut, _repeat, _swap, _splice, _nest, _odd_number, _odd_number, _odd_word, _odd_word, _odd_value, _odd_value,
)  # fmt: skip
