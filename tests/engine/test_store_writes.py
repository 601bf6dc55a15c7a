"""What many rooms write in one moment is one transaction of few calls, in the order of each table."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from connector.model import Attempt, AttemptState, RoomId
from connector.store.store import HISTORY_PER_ROOM, Store
from connector.vault.vault import Vault
from device_drivers.api import Receipt
from tests.support.clock import NINE


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    found = await Store.open(tmp_path / "db", Vault.open(tmp_path / "key"), NINE)
    yield found
    await found.close()


def attempt(store: Store, room: str) -> Attempt:
    return Attempt(
        id=store.new_attempt_id(),
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
    await asyncio.gather(*(store.write(store.add_attempt(attempt(store, room))) for room in rooms))
    assert calls == [True]
    assert [a.room for a in await store.attempts(NINE)] == rooms


async def test_what_an_attempt_is_for_stays_and_how_far_it_came_changes(store: Store) -> None:
    first = attempt(store, "room1")
    sent = replace(first, state=AttemptState.SENT, call_id="7")
    answered = replace(sent, state=AttemptState.ANSWERED, cause="picked up")
    store.post(store.add_attempt(first), store.change_attempt(sent))
    await store.write(store.change_attempt(answered))
    assert await store.attempts(NINE) == [answered]


async def test_the_last_write_of_a_row_counts_also_between_other_statements(store: Store) -> None:
    room, receipt = RoomId("room1"), Receipt("digest", frozenset({"1"}))
    store.post(store.received(room, receipt, NINE), store.verified(room, NINE))
    store.post(store.state(room, "reachable", "", NINE, ""), store.happened(room, "unit.reachable", NINE, {}))
    store.post(store.received(room, None, NINE), store.state(room, "unreachable", "no answer", NINE, ""))
    await store.write()
    row = (await store.rooms())[room]
    assert (row.receipt, row.verified_at, row.state, row.detail) == (None, None, "unreachable", "no answer")


async def test_one_bad_write_fails_alone(store: Store) -> None:
    first = attempt(store, "room1")
    await store.write(store.add_attempt(first))
    results = await asyncio.gather(
        store.write(store.add_attempt(attempt(store, "room2"))),
        store.write(store.add_attempt(first)),  # the same id again
        store.write(store.happened("room1", "dial.sent", NINE, {})),
        return_exceptions=True,
    )
    assert [isinstance(result, Exception) for result in results] == [False, True, False]
    assert [a.room for a in await store.attempts(NINE)] == ["room1", "room2"]


async def test_the_history_of_each_room_keeps_its_newest_lines(store: Store) -> None:
    for n in range(HISTORY_PER_ROOM + 5):
        store.post(*(store.happened(room, "room.planned", NINE, {"n": n}) for room in ("room1", "room2")))
    await store.write(*store.prune("room1", NINE), *store.prune("room2", NINE))
    for room in ("room1", "room2"):
        lines = await store.history(room, limit=1000)
        assert [line.detail["n"] for line in lines] == list(range(HISTORY_PER_ROOM + 4, 4, -1))
