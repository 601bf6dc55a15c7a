"""A database that the version before units wrote (``database_0002.sql``: made by it, with PlainSealer) is read on."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from connector.model import AttemptState, RoomId, Unit, UnitId, UnitState
from connector.store.reencrypt import in_use, reseal
from connector.store.schema import upgrade_sqlite
from connector.store.store import Store
from connector.store.tables import metadata
from device_drivers.api import UnitProtocol
from tests.store.plain_sealer import PlainSealer
from tests.support.clock import NINE

R1, R2, R3, R9 = (RoomId(f"r{n}") for n in (1, 2, 3, 9))
CONFIGURED = {
    R1: Unit(UnitId(""), "cisco", "192.0.2.1", credential="env:PW"),
    R2: Unit(UnitId(""), "cisco", "192.0.2.2", serial_number="SN2"),
    R3: Unit(UnitId(""), "cisco", "192.0.2.3"),
}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "db"
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript((Path(__file__).parent / "database_0002.sql").read_text())
    return path


@pytest.fixture
async def store(database: Path) -> AsyncIterator[Store]:
    store = await Store.open(database, PlainSealer(), NINE)
    yield store
    await store.close()


async def test_everything_is_read_as_before(store: Store) -> None:
    rows = await store.rooms()
    assert rows.keys() == {R1, R2, R3, R9}
    one = rows[R1]
    assert one.plan is not None and one.receipt is not None and one.info is not None
    assert one.plan.digest == one.receipt.digest and one.receipt.left_off == (("77", "too long"),)
    assert (one.info.serial_number, one.info.facts.protocols) == (
        "SN1",
        frozenset(UnitProtocol) - {UnitProtocol.ARMABLE},
    )
    minute = timedelta(minutes=1)
    assert (one.receipt_at, one.verified_at, one.info_at) == (NINE + minute, NINE + 2 * minute, NINE)
    assert (one.state, one.detail, one.since, one.refused) == ("reachable", "", NINE, "")
    assert (rows[R3].state, rows[R3].refused, rows[R3].receipt) == ("credentials_refused", "print-of-wrong", None)
    attempts = await store.attempts(NINE)
    assert [(a.id, a.room, a.state) for a in attempts] == [
        (1, R1, AttemptState.ANSWERED), (2, R2, AttemptState.ANSWERED), (3, R9, AttemptState.MISSED),
    ]  # fmt: skip
    assert attempts[0].address == "123456789.4321@zoomcrc.com" and attempts[0].leave_at is not None
    assert len(await store.calendars()) == 3 and len((await store.calendars())["ics:r1.ics (UTC)"].meetings) == 2
    assert [row.event for row in await store.history("r1")] == ["screen.pushed", "room.planned"]
    assert await store.source_values("office") == {"subscription/1": b"state"}
    assert [command.kind for command in await store.pending(NINE)] == ["sync"]
    owner = await store.owner()
    assert owner is not None and owner.epoch == 2


async def test_what_a_room_had_follows_its_configured_unit(store: Store) -> None:
    """Receipts, info, refused marks and attempts hang on the unit that the first start claims for the room."""
    before = await store.rooms()
    leases = await store.claim_units(CONFIGURED, NINE + timedelta(hours=1))
    after = await store.rooms()
    assert {room: after[room] for room in CONFIGURED} == {room: before[room] for room in CONFIGURED}
    units = await store.units()
    assert len(units) == 4  # the three, and that of the room that had nothing but an attempt
    for room, lease in leases.items():
        found = units[lease.unit].unit
        assert (found.driver, found.address, found.room) == ("cisco", CONFIGURED[room].address, room)
        assert found.state is UnitState.IN_USE
    assert units[leases[R1].unit].unit.serial_number == "SN1" and units[leases[R1].unit].unit.credential == "env:PW"
    assert [a.unit for a in await store.attempts(NINE)][:2] == [leases[R1].unit, leases[R2].unit]
    again = await store.claim_units(CONFIGURED, NINE + timedelta(hours=2))
    assert again == leases and len(await store.units()) == 4
    number = await store.add_attempt(leases[R1], replace((await store.attempts(NINE))[0], booking_id="5"))
    assert number == 4


async def test_another_serial_number_than_the_one_that_was_probed_is_another_unit(store: Store) -> None:
    lease = (await store.claim_units({R1: replace(CONFIGURED[R1], serial_number="SN7")}, NINE))[R1]
    units = await store.units()
    assert units[lease.unit].receipt is None and units[UnitId("room:r1")].receipt is not None
    assert units[UnitId("room:r1")].unit.state is UnitState.RETIRING
    assert [a.unit for a in await store.attempts(NINE, R1)] == [UnitId("room:r1")]


async def test_the_rooms_verbs_and_the_units_verbs_see_the_same_rows(store: Store) -> None:
    lease = (await store.claim_units(CONFIGURED, NINE))[R3]
    await store.write(store.save_contact(lease, "reachable", "", NINE, ""))
    assert (await store.units())[lease.unit].contact == "reachable"
    moved = (await store.claim_units({R3: replace(CONFIGURED[R3], address="192.0.2.30")}, NINE))[R3]
    await store.write(store.save_contact(moved, "unreachable", "no answer", NINE, ""))
    assert (await store.rooms(R3))[R3].state == "unreachable"
    assert (await store.units())[lease.unit].contact == "reachable"


async def test_a_damaged_description_does_not_stop_the_upgrade(database: Path) -> None:
    with closing(sqlite3.connect(database)) as conn, conn:
        conn.execute("UPDATE rooms SET info = CAST(x'7BFF7D' AS TEXT), receipt = '{' WHERE room = 'r1'")
    store = await Store.open(database, PlainSealer(), NINE)
    rows = await store.rooms()
    await store.close()
    assert (rows[R1].info, rows[R1].receipt) == (None, None) and rows[R2].info is not None


def test_the_migrations_make_the_tables_of_the_code(database: Path, tmp_path: Path) -> None:
    for path in (database, tmp_path / "new"):
        upgrade_sqlite(path)
        engine = create_engine(f"sqlite:///{path}")
        with engine.connect() as conn:
            assert compare_metadata(MigrationContext.configure(conn), metadata) == []
        engine.dispose()


async def test_a_rotation_reaches_what_no_daemon_of_this_version_opened(database: Path) -> None:
    """Else the key is dropped that still seals what sources remember."""
    store = Store.open_read_only(database, PlainSealer())
    sealed = 3 + 3 + 3 + 1  # calendars, plans, attempts, source state
    assert await reseal(store, b"another.") >= sealed
    assert await in_use(store)
    await store.close()
