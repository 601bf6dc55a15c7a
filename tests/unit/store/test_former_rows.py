"""Rows that a former version wrote: what it knew of a unit, and plans with a field that is gone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from connector.model import Policy, Room, RoomId
from connector.planning.plan import plan
from connector.store.store import Store
from connector.vault import Vault
from device_drivers.api import DeviceInfo, UnitFacts, UnitProtocol
from tests.support.clock import NINE
from tests.support.harness import meeting
from tests.support.leases import of_unit
from tests.support.memory_unit import ALL

FORMER = {
    "product": "Room Kit",
    "software": "ce9.15.17.4",
    "serial_number": "S1",
    "capabilities": ["push", "dial", "hang_up", "calls", "shown", "sip", "h323", "events"],
    "clock": "2030-05-06T09:00:00Z",
    "uptime": "PT3600S",
    "in_call": False,
    "notes": ["a sentence"],
}


async def _info_of(folder: Path, text: str) -> DeviceInfo | None:
    async with _store(folder) as store:
        found = DeviceInfo("x", "1", "S1", ALL)
        await store.write(store.save_probe(of_unit(store, RoomId("r1")), found, NINE))
        assert (await store.rooms())[RoomId("r1")].info == found
    with sqlite3.connect(folder / "connector.db") as database:
        database.execute("UPDATE units SET info = ? WHERE id = 'room:r1'", (text,))
    database.close()
    async with _store(folder) as store:
        return (await store.rooms())[RoomId("r1")].info


@asynccontextmanager
async def _store(folder: Path) -> AsyncIterator[Store]:
    store = await Store.open(folder / "connector.db", Vault.open(folder / "vault.key"), NINE)
    try:
        yield store
    finally:
        await store.close()


async def test_what_a_former_version_knew_of_a_unit_is_kept(tmp_path: Path) -> None:
    info = await _info_of(tmp_path, json.dumps(FORMER))
    assert info is not None
    able = set(UnitProtocol) - {UnitProtocol.ARMABLE}
    assert info.facts == UnitFacts(frozenset(able), sip=True, h323=True, longest_title=128)
    assert (info.product, info.uptime, info.clock, info.notes) == (
        "Room Kit",
        timedelta(hours=1),
        NINE,
        ("a sentence",),
    )


@pytest.mark.parametrize("text", ["{}", "[]", "half {", '{"capabilities": 3}', '{"facts": {"protocols": ["flies"]}}'])
async def test_what_cannot_be_read_is_as_before_the_first_probe(tmp_path: Path, text: str) -> None:
    assert await _info_of(tmp_path, text) is None


def test_a_list_that_a_unit_acknowledged_under_a_former_version_still_counts(tmp_path: Path) -> None:
    """The digest of a booking list is the same as with the field that is gone, so no screen is pushed to again."""
    room = Room(RoomId("r1"), "Room", "r1.ics", "any", "127.0.0.1", policy=Policy(allowed_domains=("zoomcrc.com",)))
    planned = plan(room, [meeting()], ALL, NINE)
    assert planned.bookings.digest == "716088ccba5ca604f94737a416d33d18"
