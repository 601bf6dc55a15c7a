"""What is sealed in the database and was changed there: one value costs itself, a lost key stops everything."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connector.model import Attempt, AttemptState, RoomId, RoomPlan
from connector.planning.plan import plan
from connector.running.source_state import StoredState
from connector.store.store import Store
from connector.vault import Vault, VaultError
from device_drivers.api import UnitFacts
from tests.support.clock import NINE
from tests.support.harness import Harness, meeting
from tests.support.leases import of_reader, of_unit

COLUMNS = {
    "calendars": ("meetings_sealed", "calendar = 'office:c1'"),
    "rooms": ("plan_sealed", "room = 'r1'"),
    "attempts": ("address_sealed", "room = 'r1'"),
    "source_state": ("value_sealed", "key = 'k1'"),
}
CUT = "substr({0}, 1, 40)"
TURNED = "substr({0}, 1, 30) || x'00000000' || substr({0}, 35)"
ANOTHER_KEY = "x'01' || zeroblob(8) || substr({0}, 10)"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "connector.db"
    store = await Store.open(path, Vault.open(tmp_path / "vault.key"), NINE)
    house = Harness(tmp_path)
    room = next(iter(house.rooms.values()))
    for number in range(3):
        await store.write(store.save_reading(of_reader(store), f"office:c{number}", [meeting(f"m{number}")], NINE))
        await StoredState(store, "office").put(f"k{number}", b"state")
        attempt = Attempt(0, RoomId(f"r{number}"), "12", NINE, AttemptState.ANSWERED, NINE, "zoom:1", "1.4@x")
        await store.add_attempt(of_unit(store, attempt.room), attempt)
    planned = plan(room, [meeting()], UnitFacts(), NINE)
    for number in range(3):
        await store.write(store.save_plan(of_reader(store), plan_of(planned, number)))
    await store.close()
    yield path


def plan_of(planned: RoomPlan, number: int) -> RoomPlan:
    return replace(planned, room=RoomId(f"r{number}"))


def change(path: Path, table: str, how: str, where: str = "") -> None:
    column, one = COLUMNS[table]
    with sqlite3.connect(path) as conn:
        done = conn.execute(f"update {table} set {column} = cast({how.format(column)} as blob) where {where or one}")
        assert done.rowcount
    conn.close()


async def look(path: Path) -> tuple[list[bool], ...]:
    """Of the three calendars, rooms, attempts and kept values: whether each is there whole."""
    store = await Store.open(path, Vault.open(path.parent / "vault.key"), NINE)
    try:
        calendars, rooms = await store.calendars(), await store.rooms()
        attempts = await store.attempts(NINE - timedelta(days=1))
        state = await StoredState(store, "office").items("")
    finally:
        await store.close()
    assert [a.state for a in attempts] == [AttemptState.ANSWERED] * 3  # nothing is dialled twice
    return (
        [f"office:c{n}" in calendars for n in range(3)],
        [rooms[RoomId(f"r{n}")].plan is not None for n in range(3)],
        [bool(a.address) for a in attempts],
        [f"k{n}" in state for n in range(3)],
    )


@pytest.mark.parametrize("how", [CUT, TURNED, ANOTHER_KEY], ids=["cut", "turned", "another key"])
@pytest.mark.parametrize("table", COLUMNS)
async def test_one_damaged_value_costs_only_itself(database: Path, table: str, how: str) -> None:
    change(database, table, how)
    seen = await look(database)
    whole = [True, True, True]
    assert dict(zip(COLUMNS, seen, strict=True)) == dict.fromkeys(COLUMNS, whole) | {table: [True, False, True]}


@pytest.mark.parametrize("table", COLUMNS)
async def test_a_lost_key_stops_everything(database: Path, table: str) -> None:
    """Nothing may be written in the place of what the right key still opens."""
    change(database, table, ANOTHER_KEY, "1")
    before = database.read_bytes()
    with pytest.raises(VaultError, match=r"was made with another key than .*vault\.key; put the old key file back"):
        await look(database)
    assert len(database.read_bytes()) == len(before)


async def test_a_ring_put_back_opens_everything_again(database: Path) -> None:
    """A new ring is made where one was lost; it opens nothing, and the daemon does not start. Then the backup comes."""
    keyring = database.with_name("vault.ring")
    backup = keyring.read_bytes()
    keyring.unlink()
    with pytest.raises(VaultError, match=r"put the old key file back, and vault\.ring beside it"):
        await look(database)
    keyring.write_bytes(backup)
    assert await look(database) == tuple([[True, True, True]] * 4)
