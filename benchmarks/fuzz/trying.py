"""Tries one parser with many inputs, in bounded memory: what it raised, and what took it longest."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fuzz import inputs

SLOWEST = 100.0  # ms for 100 kB; what is shorter counts as 100 kB
_MOST_KINDS = 50  # of errors that are kept with an example each

Read = Callable[[str], object]


@dataclass(frozen=True)
class Parser:
    """``opened`` makes what is given one input. ``errors``: what that may raise by its contract. ``modules``: whose
    branches count. ``without``: functions and classes in them that are given no foreign bytes. ``limit``: ms for
    100 kB, where the usual one cannot hold: the parser's line says why."""

    name: str
    seeds: Sequence[str]
    opened: Callable[[], AbstractContextManager[Read]]
    errors: tuple[type[Exception], ...] = ()
    modules: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    limit: float = SLOWEST


def plain(read: Read) -> Callable[[], AbstractContextManager[Read]]:
    """For a parser that needs nothing around it."""
    return lambda: nullcontext(read)


@dataclass
class Trouble:
    """An error beside the contract, by kind and place. ``number``: of the first input that raised it."""

    number: int
    example: str
    times: int = 0


@dataclass
class Found:
    """``slowest``: ms per 100 kB, of which input."""

    tried: int = 0
    refused: int = 0
    slowest: float = 0.0
    slowest_number: int = 0
    raised: dict[str, Trouble] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        return sum(trouble.times for trouble in self.raised.values())


def fuzz(parser: Parser, numbers: range, seed: str) -> Found:
    """The same inputs for the same seed, parser and numbers."""
    found = Found()
    with parser.opened() as read:
        for number in numbers:
            _try(parser, read, inputs.made(f"{seed} {parser.name}", number, parser.seeds), number, found)
    return found


def _try(parser: Parser, read: Read, text: str, number: int, found: Found) -> None:
    found.tried += 1
    cost = _cost(parser, read, text, number, found)
    if cost > max(found.slowest, parser.limit / 4):  # once more: the collector, or the machine, may have come between
        cost = min([cost, *(_cost(parser, read, text, number, Found()) for _ in range(2))])
    if cost > found.slowest:
        found.slowest, found.slowest_number = cost, number


def _cost(parser: Parser, read: Read, text: str, number: int, found: Found) -> float:
    """Of the processor, in all threads: others on the machine do not count."""
    began = time.process_time()
    try:
        read(text)
    except parser.errors:
        found.refused += 1
    except Exception as error:  # whatever it is, is what was looked for
        _note(found, _where(error), number, text)
    return (time.process_time() - began) * 1000 / max(1.0, len(text.encode("utf-8", "replace")) / 100_000)


def _note(found: Found, what: str, number: int, text: str) -> None:
    if what in found.raised or len(found.raised) < _MOST_KINDS:
        found.raised.setdefault(what, Trouble(number, text[:300])).times += 1


def _where(error: Exception) -> str:
    """The kind, and the last place of ours that it went through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename and "/lib/python" not in frame.filename]
    frame = (ours or frames)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno} {frame.name}"
