"""The contract of a store, held by SQLite on a file and by plain dicts; and the suite finds who does not hold it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from connector.model import Attempt
from connector.store.api import Change, StoreApi
from connector.store.store import Store
from connector.vault import Vault
from tests.store.memory_store import Made, MemoryOpener, MemoryStore
from tests.store.suite import CHECKS, Check, failures
from tests.support.clock import NINE


class SqliteOpener:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def open(self) -> AsyncIterator[StoreApi]:
        store = await Store.open(self._folder / "db", Vault.open(self._folder / "vault.key"), NINE)
        try:
            yield store
        finally:
            await store.close()


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
async def test_sqlite_on_a_file(check: Check, tmp_path: Path) -> None:
    await check(SqliteOpener(tmp_path))


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
async def test_in_memory(check: Check) -> None:
    await check(MemoryOpener())


# ------------------------------------------------------------------------------------ planted mistakes


class ChecksNoLease(MemoryStore):
    """A daemon that was replaced goes on writing."""

    def _check(self, change: Made) -> None:
        pass


class ForgetsLeaveOrders(MemoryStore):
    """Nobody hangs up a call that lasts longer than its row is kept."""

    def _leave_is_open(self, attempt: Attempt, before: datetime) -> bool:
        return False


class WipesWhatIsUp(MemoryStore):
    """A call that goes on cannot be told from others any more: nobody leaves it."""

    def _is_over(self, found: Attempt, before: datetime) -> bool:
        return super()._is_over(replace(found, left="done"), before)


class TellsWhatDidNotHappen(MemoryStore):
    """Half of a write stays when the other half fails: the history has a row of a change that was never made."""

    def _commit(self, changes: Iterable[Change]) -> None:
        for change in changes:
            super()._commit([change])


class NumbersFromWhatIsThere(MemoryStore):
    """The number of an attempt that was pruned is given to another one."""

    async def add_attempt(self, *args: object, **values: object) -> int:
        self._data.last_attempt = max(self._data.attempts, default=0)
        return await super().add_attempt(*args, **values)  # type: ignore[arg-type]  # handed through


@pytest.mark.parametrize(
    ("mistaken", "found"),
    [
        (
            ChecksNoLease,
            {
                "changes_of_one_write_are_made_together_or_not_at_all",
                "every_change_is_refused_once_the_lease_is_lost",
                "one_that_fails_does_not_fail_its_neighbours",
            },
        ),
        (
            ForgetsLeaveOrders,
            {
                "an_address_is_wiped_once_no_call_can_be_up",
                "an_open_leave_order_survives_pruning",
                "what_names_an_old_meeting_or_call_is_wiped_unless_it_is_to_be_left",
            },
        ),
        (WipesWhatIsUp, {"an_address_is_wiped_once_no_call_can_be_up"}),
        (TellsWhatDidNotHappen, {"changes_of_one_write_are_made_together_or_not_at_all"}),
        (NumbersFromWhatIsThere, {"an_attempt_gets_a_number_that_is_given_once"}),
    ],
)
async def test_the_suite_finds(mistaken: type[MemoryStore], found: set[str]) -> None:
    assert await failures(lambda: MemoryOpener(mistaken)) == found
