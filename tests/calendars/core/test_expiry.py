"""The alarm before a certificate, a secret or a key ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connector.calendars.base import MemoryState
from connector.calendars.expiry import ExpiryAlarm
from connector.events import CalendarCredentialExpires, Happened
from connector.running.source_state import StoredState
from connector.store.store import Store
from connector.vault import Vault
from tests.support.clock import NINE, FakeClock

ENDS = NINE + timedelta(days=40)


class Ear:
    def __init__(self) -> None:
        self.days: list[int] = []

    def tell(self, event: Happened) -> None:
        assert isinstance(event, CalendarCredentialExpires)
        assert (event.name, event.reason) == ("calendar.credential_expires", "It ends.")
        self.days.append(event.days)


async def two_months(clock: FakeClock, ear: Ear, source_state: MemoryState, *, restarts: bool) -> None:
    alarm = ExpiryAlarm(source_state, ear.tell)
    for _ in range(60 * 4):
        if restarts:
            alarm = ExpiryAlarm(source_state, ear.tell)
        await alarm.look(ENDS, clock.now(), "It ends.")
        clock._now += timedelta(hours=6)


@pytest.mark.parametrize("restarts", [False, True])
async def test_it_is_told_once_at_each_threshold(restarts: bool) -> None:
    ear = Ear()
    await two_months(FakeClock(), ear, MemoryState(), restarts=restarts)
    assert ear.days == [30, 14, 7, 3, 1, 0]


async def test_a_new_credential_is_told_of_again() -> None:
    ear, source_state = Ear(), MemoryState()
    for ends in (NINE + timedelta(days=2), NINE + timedelta(days=400), NINE + timedelta(days=5)):
        await ExpiryAlarm(source_state, ear.tell).look(ends, NINE, "It ends.")
    assert ear.days == [2, 5]


async def test_what_is_kept_may_be_anything(tmp_path: Path) -> None:
    ear, source_state = Ear(), MemoryState()
    for value in (b"", b"{}", b"[1]", b"\xff", b"null"):
        await source_state.put("credential end", value)
        await ExpiryAlarm(source_state, ear.tell).look(NINE + timedelta(days=2), NINE, "It ends.")
    assert ear.days == [2] * 5


async def test_a_memory_that_cannot_be_opened_costs_a_repetition_only(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "db", Vault.open(tmp_path / "a.key"), NINE)
    await StoredState(store, "office").put("credential end", b"x")
    await store.close()
    store = await Store.open(tmp_path / "db", Vault.open(tmp_path / "b.key"), NINE)
    ear, source_state = Ear(), StoredState(store, "office")
    for _ in range(2):
        await ExpiryAlarm(source_state, ear.tell).look(NINE + timedelta(days=2), NINE, "It ends.")
    assert ear.days == [2]
    await store.close()
