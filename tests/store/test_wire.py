"""Model <-> JSON: what was dumped is loaded as it was, old rows too, and anything else is one error without content."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector import wire
from connector.wire import WireError
from device_drivers.api import DeviceInfo, Receipt
from tests.store.suite import plan_of
from tests.support.clock import NINE
from tests.support.harness import ROOM, meeting
from tests.support.memory_unit import ALL

PLAN = plan_of(ROOM)
RECEIPT = Receipt("d", frozenset({"1", "2"}), (("3", "too long"),), "how")
INFO = DeviceInfo("P", "S", "N", ALL, clock=NINE, uptime=timedelta(hours=1), notes=("a",))
KINDS: list[tuple[Callable[[Any], Any], Callable[[Any], Any], Any]] = [
    (wire.dump_meetings, wire.load_meetings, (meeting(), meeting("m2"))),
    (wire.dump_plan, wire.load_plan, PLAN),
    (wire.dump_receipt, wire.load_receipt, RECEIPT),
    (wire.dump_info, wire.load_info, INFO),
]
LOADS = [load for _, load, _ in KINDS] + [wire.load_detail]


@pytest.mark.parametrize(("dump", "load", "value"), KINDS)
def test_what_was_dumped_is_loaded_with_or_without_its_version(
    dump: Callable[[Any], Any], load: Callable[[Any], Any], value: Any
) -> None:
    text = dump(value)
    found = json.loads(text)
    assert list(found) == ["version", "value"] and found["version"] == wire.VERSION
    assert load(text) == load(json.dumps(found["value"])) == value


def test_times_print_as_before() -> None:
    """A booking list's digest is made of its print."""
    for dump, load, value in KINDS[:2]:  # the others hold sets, which print in any order
        assert repr(load(dump(value))) == repr(value)
    assert repr(wire.load_info(wire.dump_info(INFO)).clock) == repr(NINE)


def test_a_plan_keeps_its_digest() -> None:
    assert wire.load_plan(wire.dump_plan(PLAN)).digest == PLAN.digest


@pytest.mark.parametrize(("dump", "load", "value"), KINDS)
def test_a_version_that_nobody_knows_is_refused(
    dump: Callable[[Any], Any], load: Callable[[Any], Any], value: Any
) -> None:
    text = json.dumps(json.loads(dump(value)) | {"version": 2}, separators=(",", ":"))
    with pytest.raises(WireError, match="of version 2"):
        load(text)


@pytest.mark.parametrize("load", LOADS)
@settings(deadline=None, max_examples=60)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60), st.just("[" * 100_000)))
def test_anything_else_is_one_error(load: Callable[[Any], Any], data: bytes | str) -> None:
    with suppress(WireError):
        load(data)


@pytest.mark.parametrize(("dump", "load", "value"), KINDS)
def test_half_of_it_is_one_error(dump: Callable[[Any], Any], load: Callable[[Any], Any], value: Any) -> None:
    text = dump(value)
    for length in range(0, len(text), 7):
        with pytest.raises(WireError):
            load(text[:length])


def test_the_error_names_the_place_and_never_the_content() -> None:
    text = wire.dump_plan(PLAN).replace(b'"protocol":"sip"', b'"protocol":"hunter2"')
    with pytest.raises(WireError, match=r"plan cannot be read \(.*protocol") as failure:
        wire.load_plan(text)
    assert "hunter2" not in str(failure.value) and "4321" not in str(failure.value)
    assert failure.value.__cause__ is None


def test_a_time_without_a_zone_is_damage() -> None:
    text = wire.dump_info(INFO).replace("+00:00", "").replace("Z", "")
    with pytest.raises(WireError):
        wire.load_info(text)
