"""What many rooms write in one moment is one transaction of few calls, in the order of each table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, insert

from connector.model import Attempt, AttemptState, RoomId, UnitId
from connector.store.store import HISTORY_PER_ROOM, Store
from connector.store.tables import owner
from connector.store.writer import Write
from connector.vault.vault import Vault
from device_drivers.api import Receipt
from tests.support.clock import NINE
from tests.support.leases import of_reader, of_unit


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    found = await Store.open(tmp_path / "db", Vault.open(tmp_path / "key"), NINE)
    yield found
    await found.close()


def attempt(room: str) -> Attempt:
    return Attempt(
        id=0,
        room=RoomId(room),
        booking_id="1",
        planned_start=NINE,
        state=AttemptState.INTENDED,
        at=NINE,
        meeting_key="zoom:123456789",
        address="123456789.4321@zoomcrc.com",
        cause="",
        leave_at=NINE + timedelta(hours=1),
    )


async def test_many_rooms_share_a_transaction_and_a_statement(store: Store) -> None:
    calls: list[bool] = []

    def executed(_conn: object, _cursor: object, text: str, _values: object, _context: object, many: bool) -> None:
        if text.startswith("INSERT INTO attempts"):
            calls.append(many)

    event.listen(store._engine.sync_engine, "after_cursor_execute", executed)
    rooms = [f"room{n}" for n in range(50)]
    ids = await asyncio.gather(*(store.add_attempt(of_unit(store, room), attempt(room)) for room in rooms))
    assert calls == [True]
    assert {a.room: a.id for a in await store.attempts(NINE)} == dict(zip(rooms, ids, strict=True))
    assert ids == list(range(1, 51)) and [a.room for a in await store.attempts(NINE)] == rooms


async def test_what_an_attempt_is_for_stays_and_how_far_it_came_changes(store: Store) -> None:
    lease = store.unit_lease(UnitId("unit1"))
    first = replace(attempt("room1"), unit=lease.unit)
    first = replace(first, id=await store.add_attempt(lease, first))
    sent = replace(first, state=AttemptState.SENT, call_id="7")
    answered = replace(sent, state=AttemptState.ANSWERED, cause="picked up")
    store.post(store.save_attempt(lease, sent))
    await store.write(store.save_attempt(lease, answered))
    assert await store.attempts(NINE) == [answered]


async def test_the_last_write_of_a_row_counts_also_between_other_statements(store: Store) -> None:
    room, receipt = RoomId("room1"), Receipt("digest", frozenset({"1"}))
    store.post(store.save_receipt(of_unit(store, room), receipt, NINE), store.save_verified(of_unit(store, room), NINE))
    store.post(
        store.save_contact(of_unit(store, room), "reachable", "", NINE, ""),
        store.save_event(of_reader(store), room, "unit.reachable", NINE, {}),
    )
    store.post(
        store.save_receipt(of_unit(store, room), None, NINE),
        store.save_contact(of_unit(store, room), "unreachable", "no answer", NINE, ""),
    )
    await store.write()
    row = (await store.rooms())[room]
    assert (row.receipt, row.verified_at, row.state, row.detail) == (None, None, "unreachable", "no answer")


async def test_one_bad_write_fails_alone(store: Store) -> None:
    await store.add_attempt(of_unit(store, "room1"), attempt("room1"))
    results = await asyncio.gather(
        store.add_attempt(of_unit(store, "room2"), attempt("room2")),
        store.write(Write(insert(owner), {"id": 1, "epoch": 1, "since": NINE})),  # the same id again
        store.write(store.save_event(of_reader(store), "room1", "dial.sent", NINE, {})),
        return_exceptions=True,
    )
    assert [isinstance(result, Exception) for result in results] == [False, True, False] and results[0] == 2
    assert [a.room for a in await store.attempts(NINE)] == ["room1", "room2"]


async def test_the_history_of_each_room_keeps_its_newest_lines(store: Store) -> None:
    for n in range(HISTORY_PER_ROOM + 5):
        store.post(
            *(store.save_event(of_reader(store), room, "room.planned", NINE, {"n": n}) for room in ("room1", "room2"))
        )
    await store.write(*(store.prune_history(of_reader(store), room) for room in ("room1", "room2")))
    for room in ("room1", "room2"):
        lines = await store.history(room, limit=1000)
        assert [line.detail["n"] for line in lines] == list(range(HISTORY_PER_ROOM + 4, 4, -1))
