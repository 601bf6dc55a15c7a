"""One cell of the database that is not what its column holds costs that cell, is said once, and stops nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connector.model import FINAL, Attempt, AttemptState, RoomId
from connector.store.store import Store
from device_drivers.api import DeviceInfo, Receipt
from tests.store.plain_sealer import PlainSealer
from tests.store.suite import plan_of
from tests.support.clock import NINE
from tests.support.harness import Harness, meeting, minutes
from tests.support.leases import of_reader, of_unit
from tests.support.memory_unit import ALL

JSON_OF_A_LATER_VERSION = '\'{"version":9,"value":{}}\''
GARBAGE = ["''", "'garbage'", "'{'", "'[]'", JSON_OF_A_LATER_VERSION, "CAST(x'FF00FE' AS TEXT)", "x'00FF'", "7"]
SPARED = {("rooms", "room"), ("units", "id"), ("calendars", "calendar"), ("attempts", "id"), ("history", "id")}
TABLES = ("rooms", "units", "calendars", "attempts", "history")
OF_ATTEMPTS = ("state", "planned_start", "at", "leave_at", "left", "cause", "meeting_key", "owned")
R1 = RoomId("r1")


async def filled(path: Path) -> None:
    store = await Store.open(path, PlainSealer(), NINE)
    for room in (R1, RoomId("r2")):
        made, lease = plan_of(room), of_unit(store, room)
        await store.write(
            store.save_plan(of_reader(store), made),
            store.save_receipt(lease, Receipt(made.digest, made.bookings.ids), NINE),
            store.save_verified(lease, NINE),
            store.save_probe(lease, DeviceInfo("Codec", "ce11", "SN1", ALL), NINE),
            store.save_contact(lease, "reachable", "", NINE, ""),
            store.save_reading(of_reader(store), f"ics:{room}", [meeting()], NINE),
            store.save_event(lease, room, "room.planned", NINE, {"bookings": 1}),
        )
        order = made.dial_orders[0]
        dialled = Attempt(
            0, room, order.booking_id, order.planned_start, AttemptState.ANSWERED, NINE, "zoom:1", "1.4@x"
        )
        await store.add_attempt(lease, replace(dialled, call_id="7", leave_at=order.leave_at))
    await store.close()


async def everything(path: Path) -> dict[str, Any]:
    """Read twice, by one store: the damage is said once."""
    store = await Store.open(path, PlainSealer(), NINE)
    try:
        for _ in range(2):
            found = {
                "rooms": await store.rooms(),
                "units": await store.units(),
                "calendars": await store.calendars(),
                "attempts": await store.attempts(NINE - minutes(60)),
                "history": await store.history("r1") + await store.history("r2"),
                "owner": await store.owner(),
            }
    finally:
        await store.close()
    return found


def change(path: Path, table: str, column: str, value: str) -> None:
    first = {"rooms": "room = 'r1'", "units": "id = 'room:r1'", "calendars": "calendar = 'ics:r1'"}.get(table, "id = 1")
    with closing(sqlite3.connect(path)) as conn, conn:
        assert conn.execute(f'UPDATE {table} SET "{column}" = {value} WHERE {first}').rowcount == 1


def columns(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as conn:
        return [
            (table, name)
            for table in TABLES
            for (_, name, *_) in conn.execute(f"PRAGMA table_info({table})")
            if (table, name) not in SPARED
        ]


@pytest.mark.parametrize("value", GARBAGE)
async def test_any_damaged_cell_costs_itself(tmp_path: Path, value: str) -> None:
    whole = tmp_path / "whole"
    await filled(whole)
    clean = await everything(whole)
    for table, column in columns(whole):
        path = tmp_path / f"{table}-{column}"
        path.write_bytes(whole.read_bytes())
        change(path, table, column, value)
        with capture_logs() as told:
            found = await everything(path)
        said = [line["reason"] for line in told if line["event"] == "store.row_unreadable"]
        assert len(said) == len(set(said)) <= 2, (table, column)
        assert "4321" not in str(said), (table, column)
        # The other room's rows are as they were, and the damaged attempt is still there.
        assert found["rooms"][RoomId("r2")] == clean["rooms"][RoomId("r2")], (table, column)
        assert found["calendars"]["ics:r2"] == clean["calendars"]["ics:r2"], (table, column)
        assert found["attempts"][1] == clean["attempts"][1], (table, column)
        assert found["attempts"][0].id == 1 and len(found["attempts"]) == 2, (table, column)
        assert clean["history"][1] in found["history"], (table, column)


@pytest.mark.parametrize("value", GARBAGE)
@pytest.mark.parametrize(
    "column", ["state", "planned_start", "at", "leave_at", "left", "cause", "meeting_key", "owned"]
)
async def test_a_damaged_attempt_is_not_dialled_again(tmp_path: Path, column: str, value: str) -> None:
    await filled(tmp_path / "db")
    change(tmp_path / "db", "attempts", column, value)
    found = (await everything(tmp_path / "db"))["attempts"][0]
    order = plan_of(R1).dial_orders[0]
    assert (found.booking_id, found.planned_start, found.state) == (
        order.booking_id, order.planned_start, AttemptState.ANSWERED,
    )  # fmt: skip
    assert found.state in FINAL and found.leave_at == order.leave_at


@pytest.mark.parametrize("column", ["state", "planned_start", "at", "left"])
async def test_the_engine_goes_on_with_a_damaged_attempt(tmp_path: Path, column: str) -> None:
    """Killed in a call of ours, its row damaged: the room is not dialled again."""
    house = Harness(tmp_path)
    await house.start()
    await house.calendar(meeting())
    await house.at(minutes(11))
    assert len(house.unit.dialled) == 1
    await house.crash()
    change(tmp_path / "db", "attempts", column, "'garbage'")
    await house.start()
    await house.at(minutes(13))
    assert len(house.unit.dialled) == 1 and house.unit.most_live == 1
    await house.stop()
