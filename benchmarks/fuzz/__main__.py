"""python -m benchmarks.fuzz [--inputs N] [--seed S] [--only WORD] [--at NUMBER] [--json]

For each parser: inputs tried, the slowest (ms per 100 kB; what is shorter counts as 100 kB), what was raised beside the
errors of its contract with the line that repeats it, and the share of its branches that was reached where the package
coverage is installed. Ends with 1 where anything is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.fuzz import branches, calendars, servers, services, units
from benchmarks.fuzz.trying import Found, Parser, fuzz

LEAST = 85.0  # per cent of each parser's branches
_MEASURED = 20_000  # inputs; counting branches makes each of them several times slower


def parsers() -> tuple[Parser, ...]:
    return (*units.parsers(), *calendars.parsers(), *servers.parsers(), *services.parsers())


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    logging.disable()  # libraries complain of what they are given
    bad = 0
    for parser in parsers():
        if options.only in parser.name:
            bad += _one(parser, options)
    return 1 if bad else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    options = argparse.ArgumentParser(description="Odd input for every parser of what others send.")
    options.add_argument("--inputs", type=int, default=2_500, help="for each parser")
    options.add_argument("--seed", default="1")
    options.add_argument("--only", default="", help="parsers with this word in their names")
    options.add_argument("--at", type=int, help="this input alone, with what it raises")
    options.add_argument("--json", action="store_true", help="one object a line and parser")
    options.add_argument("--missing", action="store_true", help="also the branches that nothing reached")
    return options.parse_args(arguments)


def _one(parser: Parser, options: argparse.Namespace) -> bool:
    """Whether anything was not as it should be."""
    if options.at is not None:
        return _repeated(parser, options)
    began = time.monotonic()
    found = fuzz(parser, range(options.inputs), options.seed)
    seconds = time.monotonic() - began
    with branches.measured(parser.modules, parser.without) as reached:
        if branches.is_there():
            fuzz(parser, range(min(options.inputs, _MEASURED)), options.seed)
    result = _result(parser, found, seconds, reached)
    if options.json:
        print(json.dumps(result), flush=True)
    else:
        _print(parser, found, result, options)
    if options.missing and reached:
        for file, arcs in reached[0].missing.items():
            print(f"    {file}: {' '.join(f'{line}->{to}' for line, to in arcs)}")
    return bool(found.raised) or found.slowest > parser.limit or bool(reached and reached[0].share < LEAST)


def _repeated(parser: Parser, options: argparse.Namespace) -> bool:
    from benchmarks.fuzz import inputs

    text = inputs.made(f"{options.seed} {parser.name}", options.at, parser.seeds)
    print(f"{parser.name}, input {options.at} of seed {options.seed}: {len(text)} characters\n{text[:4000]!r}")
    with parser.opened() as read:
        try:
            print(repr(read(text))[:2000])
        except parser.errors as error:
            print(f"refused: {error!r}")
    return False


def _result(parser: Parser, found: Found, seconds: float, reached: list[branches.Reached]) -> dict[str, Any]:
    return {
        "parser": parser.name,
        "inputs": found.tried,
        "refused": found.refused,
        "errors": found.errors,
        "slowest_ms_per_100_kB": round(found.slowest, 1),
        "slowest_input": found.slowest_number,
        "branches_percent": round(reached[0].share, 1) if reached else None,
        "branches": reached[0].all_of_them if reached else None,
        "seconds": round(seconds, 1),
        "raised": {what: {"times": each.times, "at": each.number} for what, each in found.raised.items()},
    }


def _print(parser: Parser, found: Found, result: dict[str, Any], options: argparse.Namespace) -> None:
    share = result["branches_percent"]
    told = "not measured (no package coverage)" if share is None else f"{share:.0f} % of {result['branches']} branches"
    print(f"{parser.name}: {found.tried} inputs in {result['seconds']} s, {found.refused} refused, slowest "
          f"{found.slowest:.1f} ms per 100 kB, {found.errors} other errors; {told}", flush=True)  # fmt: skip
    again = f"python -m benchmarks.fuzz --seed {options.seed} --only {parser.name!r} --at"
    for what, each in found.raised.items():
        print(f"    {each.times} x {what}: {again} {each.number}\n        {each.example!r}")
    if found.slowest > parser.limit:
        print(f"    slow: {again} {found.slowest_number}")


if __name__ == "__main__":
    sys.exit(main())
