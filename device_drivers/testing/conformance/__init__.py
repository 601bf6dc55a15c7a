"""The driver contract as checks that run. A driver is done when all of them are green.

Vendor-free: a check knows the plug (manifest, ``open``, simulator) and nothing else; what a unit's own probe does not
declare is not asked of it. Run them all with ``connector drivers conform NAME``, or one by one from pytest::

    @pytest.mark.parametrize("check", CHECKS, ids=str)
    async def test_conforms(check: Check) -> None:
        outcome = await run(plug, check)
        assert outcome.status == "ok", outcome.reason
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from device_drivers.api import DriverPlug
from device_drivers.testing.bench import ConformanceFailure, bench
from device_drivers.testing.conformance import calls, screen, troubles, unit
from device_drivers.testing.conformance.check import Check

LIMIT = 40.0  # seconds that one check may take
CHECKS: tuple[Check, ...] = tuple(
    clause
    for module in (unit, screen, calls, troubles)
    for clause in vars(module).values()
    if isinstance(clause, Check)
)

__all__ = ["CHECKS", "LIMIT", "Check", "Outcome", "run", "run_all"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """``not_declared``: the unit does not declare what the check needs; ``reason`` then names it."""

    check: Check
    status: Literal["ok", "failed", "not_declared"]
    reason: str = ""


async def run(plug: DriverPlug, check: Check) -> Outcome:
    """Run one check on a fresh simulated unit. Whatever a driver does wrong becomes a failed outcome."""
    try:
        async with asyncio.timeout(LIMIT), bench(plug) as unit:
            missing = check.needs - unit.facts.words
            if missing:
                return Outcome(check, "not_declared", ", ".join(sorted(missing)))
            await check.body(unit)
    except ConformanceFailure as failure:
        return Outcome(check, "failed", str(failure))
    except TimeoutError:
        return Outcome(check, "failed", f"It was not over after {LIMIT:g} seconds.")
    except Exception as error:  # a stranger's driver may raise anything; that is a finding
        return Outcome(check, "failed", f"{type(error).__name__} was raised: {error}")
    return Outcome(check, "ok")


async def run_all(plug: DriverPlug) -> AsyncIterator[Outcome]:
    for check in CHECKS:
        yield await run(plug, check)
