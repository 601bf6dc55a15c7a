"""Every built-in driver keeps the contract."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from device_drivers.api import DriverPlug
from device_drivers.generic_http.description import shipped
from device_drivers.registry import find
from device_drivers.testing.conformance import CHECKS, Check, Outcome, run

# What a unit of this kind does not declare, so that a check which silently stops being asked is noticed.
_SCREEN = frozenset(check.name for check in CHECKS if {"shows", "tells_shown"} & check.needs)
_NOT_DECLARED = {
    "cisco": frozenset[str](),
    "generic_http/room_controller": frozenset[str](),
    "generic_http/mesh_callout": _SCREEN,
    "generic_http/polycom_hdx": _SCREEN,
}


def _plug(name: str) -> DriverPlug:
    driver, _, description = name.partition("/")
    record = find(driver)
    assert record.plug is not None, record.reason
    if not description:
        return record.plug
    assert record.plug.simulator is not None
    return replace(record.plug, simulator=partial(record.plug.simulator, description=description))


def test_every_shipped_description_is_held_to_the_contract() -> None:
    assert {f"generic_http/{name}" for name in shipped()} <= _NOT_DECLARED.keys()


@pytest.mark.parametrize("check", CHECKS, ids=str)
@pytest.mark.parametrize("name", _NOT_DECLARED)
async def test_keeps_the_contract(name: str, check: Check) -> None:
    outcome = await run(_plug(name), check)
    assert outcome.status == ("not_declared" if check.name in _NOT_DECLARED[name] else "ok"), outcome.reason


@pytest.mark.timeout(150)
async def test_other_cisco_firmware_keeps_the_contract() -> None:
    """All at the same time: these units are slow on purpose (one login a second), so most of it is waiting."""
    plug = _plug("cisco")
    assert plug.simulator is not None
    at_once = asyncio.Semaphore(12)

    async def outcome(firmware: str, check: Check) -> tuple[str, Outcome]:
        async with at_once:
            return firmware, await run(replace(plug, simulator=partial(simulator, firmware=firmware)), check)

    simulator = plug.simulator
    outcomes = await asyncio.gather(
        *(outcome(f, c) for c in reversed(CHECKS) for f in ("tc7.3", "roomos11", "roomos26"))
    )
    assert [(f, o.check.name, o.status, o.reason) for f, o in outcomes if o.status != "ok"] == []
