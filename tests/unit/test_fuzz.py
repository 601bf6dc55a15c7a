"""A slice of ``python -m benchmarks.fuzz``: odd input for every parser of what others send."""

from __future__ import annotations

import pytest

from benchmarks.fuzz import __main__ as command
from benchmarks.fuzz.trying import Parser, fuzz
from tests.support import patience

INPUTS = 110  # of each parser, 2,000 in all; more of them by the command


@pytest.mark.slow
@pytest.mark.parametrize("parser", command.parsers(), ids=lambda parser: parser.name)
def test_whatever_is_sent_only_the_contracts_errors_come_of_it(parser: Parser) -> None:
    first = len(parser.seeds)  # those before it are as they were composed
    inputs = min(INPUTS, int(20_000 / parser.limit))  # the slow ones fewer
    found = fuzz(parser, range(first, first + inputs), "slice")
    again = f"python -m benchmarks.fuzz --seed slice --only {parser.name!r} --at"
    assert {f"{what}: {again} {each.number}" for what, each in found.raised.items()} == set()
    assert found.slowest < patience.seconds(2 * parser.limit), f"{again} {found.slowest_number}"
