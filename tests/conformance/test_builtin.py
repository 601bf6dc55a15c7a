"""Every built-in driver keeps the contract."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from device_drivers.api import DriverPlug
from device_drivers.generic_http.description import shipped
from device_drivers.registry import find
from device_drivers.testing.conformance import CHECKS, Check, run

# What a unit of this kind does not declare, so that a check which silently stops being asked is noticed.
_SCREEN = frozenset(check.name for check in CHECKS if {"push", "shown"} & check.needs)
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
