"""The database meets kills, a disk that fails and files that are not what they should be."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert
from structlog.testing import capture_logs

from connector import events
from connector.model import Attempt, AttemptState, Room, RoomId
from connector.planning.plan import plan
from connector.store import kept, schema
from connector.store.attempt_verbs import progress, purpose
from connector.store.store import HISTORY_PER_ROOM, Store
from connector.store.tables import attempts
from connector.store.writer import StoreError, Write
from connector.vault.vault import Vault
from device_drivers.api import Receipt
from tests.support.clock import NINE
from tests.support.harness import AUTO, ROOM, Harness, meeting, minutes
from tests.support.leases import of_reader, of_unit
from tests.support.memory_unit import ALL

SEALED = {"address_sealed": b"sealed"}


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Store]:
    store = await Store.open(folder / "db", Vault.open(folder / "key"), NINE)
    try:
        yield store
    finally:
        await store.close()


def tables(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


def attempt(number: int, **values: object) -> Attempt:
    made = Attempt(number, ROOM, "1", NINE, AttemptState.INTENDED, NINE, "zoom:1", "1.4321@zoomcrc.com")
    return replace(made, **values)  # type: ignore[arg-type]  # field names of Attempt


# ------------------------------------------------------------------------------------ opening


def test_half_an_upgrade_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill in the first start must not leave tables that the next start meets."""
    whole = schema.upgrade
    seen: list[list[str]] = []

    def cut_short(connection: Connection) -> None:
        whole(connection)
        seen.append(tables(tmp_path / "db"))  # by another connection, as a restarted daemon would
        raise KeyboardInterrupt

    monkeypatch.setattr(schema, "upgrade", cut_short)
    with pytest.raises(KeyboardInterrupt):
        schema.upgrade_sqlite(tmp_path / "db")
    assert seen == [[]] and tables(tmp_path / "db") == []
    monkeypatch.undo()
    schema.upgrade_sqlite(tmp_path / "db")
    assert {"attempts", "rooms", "alembic_version"} <= set(tables(tmp_path / "db"))


async def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    rubbish = b"neither a database nor empty" * 300
    (tmp_path / "db").write_bytes(rubbish)
    with pytest.raises(StoreError, match="file is not a database"):
        async with opened(tmp_path):
            pass
    assert (tmp_path / "db").read_bytes() == rubbish


async def test_damage_inside_the_file_is_found_at_start(tmp_path: Path) -> None:
    async with opened(tmp_path) as store:
        for number in range(300):
            store.post(
                store.save_event(of_reader(store), ROOM, "unit.probed", NINE, {"number": number, "text": "x" * 200})
            )
        await store.write()
    with closing(sqlite3.connect(tmp_path / "db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray((tmp_path / "db").read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    (tmp_path / "db").write_bytes(data)
    with pytest.raises(StoreError, match="cannot be used"):
        async with opened(tmp_path):
            pass


async def test_a_database_of_a_newer_version_is_named(tmp_path: Path) -> None:
    schema.upgrade_sqlite(tmp_path / "db")
    with closing(sqlite3.connect(tmp_path / "db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    with pytest.raises(StoreError, match=r"a newer version of the connector wrote it: its schema is 9999, .* 0005;"):
        async with opened(tmp_path):
            pass


# ------------------------------------------------------------------------------------ writing


@contextmanager
def no_space(database: Path) -> Iterator[None]:
    """No file of this process may grow beyond what the write-ahead log has now: every commit fails, as on a full disk.
    (Not 0: what the tests print is caught in a file, too.)"""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (Path(f"{database}-wal").stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_is_an_error_without_the_statement_and_passes(tmp_path: Path) -> None:
    with capture_logs() as told:
        async with opened(tmp_path) as store:
            with no_space(tmp_path / "db"):
                for number in (1, 2):
                    with pytest.raises(StoreError) as failure:
                        await store.add_attempt(of_unit(store, ROOM), attempt(number))
                    assert "INSERT" not in str(failure.value) and "zoom" not in str(failure.value)
            number = await store.add_attempt(of_unit(store, ROOM), attempt(3))
            assert [a.id for a in await store.attempts(NINE)] == [number]
    assert [line["event"] for line in told] == ["store.failed", "store.recovered"]  # one a change, not one a failure
    assert "cannot be written" in told[0]["reason"] and told[0]["database"] == str(tmp_path / "db")
    assert events.ALL.keys() >= {line["event"] for line in told}


@pytest.mark.parametrize("how", ["deleted", "replaced", "folder moved"])
async def test_a15_a_database_file_that_goes_while_it_is_open_is_told_of_once(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    with capture_logs() as told:
        async with opened(folder) as store:
            first = await store.add_attempt(of_unit(store, ROOM), attempt(1))
            match how:
                case "deleted":
                    (folder / "db").unlink()
                case "replaced":
                    (tmp_path / "other").write_bytes((folder / "db").read_bytes())
                    (tmp_path / "other").replace(folder / "db")
                case _:
                    folder.rename(tmp_path / "elsewhere")
            for number in (2, 3):  # rooms work on
                assert await store.add_attempt(of_unit(store, ROOM), attempt(number)) == first + number - 1
    assert [line["event"] for line in told] == ["store.failed"]
    assert ("replaced" if how == "replaced" else "deleted") in told[0]["reason"]


async def test_a_bad_statement_is_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    with capture_logs() as told:
        async with opened(tmp_path) as store:
            same = Write(insert(attempts), {"id": 1, "unit": "u"} | purpose(attempt(1)) | progress(attempt(1)) | SEALED)
            await store.write(same)
            with pytest.raises(Exception, match="UNIQUE") as failure:
                await store.write(same)
            assert not isinstance(failure.value, StoreError)
    assert not told


async def test_nothing_is_dialled_while_the_row_cannot_be_written(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        await house.calendar(meeting())
        await house.at(minutes(9))
        with no_space(tmp_path / "db"):
            await house.at(minutes(11))
            assert not house.unit.dialled
        await house.at(minutes(12))
        assert len(house.unit.dialled) == 1 and house.unit.most_live == 1


# ------------------------------------------------------------------------------------ reading back


async def test_what_was_stored_reads_back_with_the_same_digest(tmp_path: Path) -> None:
    """Else every restart would push again, and explain would say that the screen is behind."""
    room = Room(RoomId(ROOM), "Room", "r1.ics", "r1", "127.0.0.1", policy=AUTO)
    meetings = [meeting(), meeting("m2", NINE + timedelta(hours=1))]
    made = plan(room, meetings, ALL, NINE)
    async with opened(tmp_path) as store:
        await store.write(
            store.save_plan(of_reader(store), made),
            store.save_receipt(of_unit(store, RoomId(ROOM)), Receipt(made.digest, made.bookings.ids), NINE),
            store.save_reading(of_reader(store), "c", meetings, NINE),
        )
        row = (await store.rooms())[RoomId(ROOM)]
        stored = (await store.calendars())["c"]
    assert row.plan == made and row.receipt is not None
    assert row.plan.digest == made.digest == row.receipt.digest
    assert plan(room, stored.meetings, ALL, NINE).digest == made.digest


async def test_a_restart_does_not_push_what_the_unit_shows(tmp_path: Path) -> None:
    house = Harness(tmp_path)
    await house.start()
    await house.calendar(meeting())
    await house.at(minutes(1))
    pushes = len(house.unit.pushes)
    await house.crash()
    await house.start()
    await house.at(minutes(2))
    assert pushes == len(house.unit.pushes) == 2  # the empty list at the start, then the meeting
    await house.stop()


async def test_the_history_is_bounded(tmp_path: Path) -> None:
    async with Harness(tmp_path) as house:
        assert house.store is not None
        old, open_ = NINE - kept.ATTEMPTS - timedelta(days=1), NINE + timedelta(minutes=5)
        missed = attempt(101, planned_start=old, state=AttemptState.MISSED, leave_at=old + timedelta(hours=1))
        leaving = attempt(102, planned_start=old, state=AttemptState.ANSWERED, leave_at=open_)
        assert house.lanes is not None
        lease = house.lanes._rooms[ROOM].lease
        await house.store.add_attempt(lease, missed)
        open_id = await house.store.add_attempt(lease, leaving)
        for number in range(HISTORY_PER_ROOM + 50):
            house.store.post(
                house.store.save_event(of_reader(house.store), ROOM, "unit.probed", NINE, {"number": number})
            )
        await house.at(minutes(61))
        assert len(await house.store.history(ROOM, 1000)) <= HISTORY_PER_ROOM + 10
        assert [a.id for a in await house.store.attempts(old)] == [open_id]
