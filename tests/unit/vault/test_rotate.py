"""``connector secrets rotate``: everything sealed anew, beside a running daemon, and nothing lost on the way."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine

from connector.cli.main import app
from connector.cli.secrets_rotate import Rotation, rotate
from connector.model import Attempt, AttemptState, RoomId
from connector.planning.plan import plan
from connector.running.source_state import StoredState
from connector.settings import Settings, load_settings, open_vault
from connector.store import reencrypt
from connector.store.schema import upgrade
from connector.store.store import Store
from connector.vault import SecretStore, Vault
from device_drivers.api import UnitFacts
from tests.support.clock import NINE
from tests.support.harness import Harness, meeting
from tests.support.leases import of_reader, of_unit


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "connector.toml").touch()
    found = load_settings(tmp_path, {}).settings
    found.data_dir.mkdir()
    return found


async def filled(settings: Settings, vault: Vault, rows: int = 3) -> Store:
    """A daemon's store with something in each sealed column."""
    store = await Store.open(settings.data_dir / "connector.db", vault, NINE)
    state = StoredState(store, "office")
    room = next(iter(Harness(settings.data_dir).rooms.values()))
    await store.write(store.save_plan(of_reader(store), plan(room, [meeting()], UnitFacts(), NINE)))
    for number in range(rows):
        await store.write(store.save_reading(of_reader(store), f"office:c{number}", [meeting(f"m{number}")], NINE))
        await state.put(f"subscription/{number}", b"state")
    attempt = Attempt(0, RoomId("r1"), "12", NINE, AttemptState.ANSWERED, NINE, "zoom:1", "1.4321@zoomcrc.com")
    await store.add_attempt(of_unit(store, attempt.room), attempt)
    SecretStore(settings.secrets_file, vault).set("room", "me:hunter2")
    return store


async def everything(store: Store) -> tuple[object, ...]:
    return (
        {key: row.meetings for key, row in (await store.calendars()).items()},
        {key: row.plan for key, row in (await store.rooms()).items()},
        await store.attempts(NINE - timedelta(days=1)),
        await StoredState(store, "office").items(""),
    )


def key_ids(settings: Settings) -> set[bytes]:
    columns = [
        ("calendars", "meetings_sealed"), ("rooms", "plan_sealed"), ("attempts", "address_sealed"),
        ("source_state", "value_sealed"),
    ]  # fmt: skip
    found: set[bytes] = set()
    with sqlite3.connect(settings.data_dir / "connector.db") as conn:
        for table, column in columns:
            rows = conn.execute(f"select {column} from {table} where {column} is not null").fetchall()
            assert rows, table
            found |= {bytes(row[0][1:9]) for row in rows}
    conn.close()
    return found | {settings.secrets_file.read_bytes()[1:9]}


async def test_everything_is_sealed_anew_while_the_daemon_runs(settings: Settings) -> None:
    daemon_vault = open_vault(settings, {})
    store = await filled(settings, daemon_vault, rows=450)  # more than one transaction's worth
    before = await everything(store)
    old = daemon_vault.key_id
    command_vault = open_vault(settings, {})
    done = await rotate(settings, command_vault)
    assert done == Rotation(resealed=450 * 2 + 3, dropped=0, kept=1)
    assert key_ids(settings) == {command_vault.key_id} != {old}
    assert await everything(store) == before  # the same process, without a restart
    await store.write(store.save_reading(of_reader(store), "office:c0", [meeting("fresh")], NINE))
    assert key_ids(settings) == {command_vault.key_id}
    await store.close()
    reopened = await Store.open(settings.data_dir / "connector.db", open_vault(settings, {}), NINE)
    assert (await everything(reopened))[1:] == before[1:]
    await reopened.close()


async def test_a_key_is_dropped_by_the_next_rotation_and_only_when_nothing_needs_it(settings: Settings) -> None:
    vault = open_vault(settings, {})
    store = await filled(settings, vault)
    first = vault.key_id
    late = vault.seal(b"state", "keep:office:late")  # on its way to the disk while the key is rotated
    await rotate(settings, vault)
    await store.close()
    with sqlite3.connect(settings.data_dir / "connector.db") as conn:
        conn.execute("insert into source_state values ('office', 'late', ?)", (late,))
    conn.close()
    assert (await rotate(settings, vault)).dropped == 0  # a daemon may still wait for its key service
    done = await rotate(settings, vault, settled=timedelta(0))
    assert (done.dropped, done.problem) == (2, "")
    assert first not in {identity for identity, _, _ in vault.data_keys()}
    store = Store.open_read_only(settings.data_dir / "connector.db", open_vault(settings, {}))
    assert await StoredState(store, "office").get("late") == b"state"
    await store.close()


async def test_an_address_that_was_wiped_needs_no_key(settings: Settings) -> None:
    vault = open_vault(settings, {})
    store = await filled(settings, vault)
    late = NINE + timedelta(days=9)
    await store.write(*store.wipe_attempts(of_reader(store), late, late))
    assert [attempt.address for attempt in await store.attempts(NINE)] == [""]
    first = vault.key_id
    await rotate(settings, vault)
    done = await rotate(settings, vault, settled=timedelta(0))
    assert done.problem == "" and first not in {identity for identity, _, _ in vault.data_keys()}
    assert b"" not in await reencrypt.in_use(store)
    assert [attempt.address for attempt in await store.attempts(NINE)] == [""]
    await store.close()


async def test_what_cannot_be_opened_keeps_all_keys(settings: Settings) -> None:
    vault = open_vault(settings, {})
    await (await filled(settings, vault)).close()
    with sqlite3.connect(settings.data_dir / "connector.db") as conn:
        conn.execute("update calendars set meetings_sealed = ? where calendar = 'office:c1'", (b"\x01" + b"?" * 60,))
    conn.close()
    keys = len(vault.data_keys())
    for more in (1, 2):
        done = await rotate(settings, vault, settled=timedelta(0))
        assert "made with another key" in done.problem
        assert done.dropped == 0
        assert len(vault.data_keys()) == keys + more


async def test_daemon_and_rotation_at_one_time(settings: Settings) -> None:
    """Writes of the daemon and three rotations interleave; at the end every row can be read and says the last thing."""
    store = await filled(settings, open_vault(settings, {}))
    state = StoredState(store, "office")

    async def write() -> None:
        for number in range(60):
            await state.put("busy", str(number).encode())

    async def turn() -> None:
        for _ in range(3):
            await rotate(settings, open_vault(settings, {}), settled=timedelta(0))

    await asyncio.gather(write(), turn())
    assert await state.get("busy") == b"59"
    assert len(await state.items("")) == 4
    assert len(await store.calendars()) == 3
    await store.close()


def rotate_and_die(settings: Settings, step: int) -> bool:
    """A process that rotates, and is killed before its nth step on the disk; True when it was."""
    child = os.fork()
    if child == 0:
        left = count(step, -1)

        def dying(function: Callable[..., object]) -> Callable[..., object]:
            def called(*arguments: object) -> object:
                if next(left) == 1:
                    os.kill(os.getpid(), signal.SIGKILL)
                return function(*arguments)

            return called

        try:
            os.fsync = dying(os.fsync)  # type: ignore[assignment]
            Path.replace = dying(Path.replace)  # type: ignore[method-assign, assignment]
            reencrypt._swap = dying(reencrypt._swap)  # type: ignore[assignment]
            asyncio.run(rotate(settings, open_vault(settings, {}), settled=timedelta(0)))
            os._exit(0)
        finally:
            os._exit(1)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in (0, -signal.SIGKILL), "it failed by itself"
    return ended == -signal.SIGKILL


@pytest.mark.slow
def test_killed_at_every_step_nothing_is_lost(settings: Settings) -> None:
    """Each try leaves a ring with more keys, some rows under the new one, or a file that was never put in place."""

    async def fill() -> tuple[object, ...]:
        store = await filled(settings, open_vault(settings, {}))
        found = await everything(store)
        await store.close()
        return found

    async def look() -> tuple[object, ...]:
        store = await Store.open(settings.data_dir / "connector.db", open_vault(settings, {}), NINE)
        found = await everything(store)
        await store.close()
        return found

    before = asyncio.run(fill())
    killed = 0
    while rotate_and_die(settings, killed + 1):
        killed += 1
        assert asyncio.run(look()) == before, killed
        assert SecretStore(settings.secrets_file, open_vault(settings, {})).get("room") == "me:hunter2"
    assert killed > 15
    done = asyncio.run(rotate(settings, open_vault(settings, {}), settled=timedelta(0)))
    assert (done.problem, done.kept) == ("", 1)  # the keys of the dead ones are gone
    assert asyncio.run(look()) == before
    left = [path.name for path in settings.data_dir.iterdir() if path.name.startswith(".")]  # of the killed ones
    assert left == []


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "connector.toml").touch()
    runner = CliRunner()
    assert runner.invoke(app, ["secrets", "set", "a", "-c", str(tmp_path)], input="hunter2").exit_code == 0
    answer = runner.invoke(app, ["secrets", "rotate", "-c", str(tmp_path), "--json"])
    assert (answer.exit_code, json.loads(answer.stdout)) == (
        0,
        {"resealed": 1, "dropped": 0, "kept": 1, "problem": ""},
    )
    assert "Older data keys kept: 2." in runner.invoke(app, ["secrets", "rotate", "-c", str(tmp_path)]).stdout
    assert "hunter2" not in answer.output


def test_moving_to_another_master_key_by_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "connector.toml").touch()
    runner = CliRunner()
    runner.invoke(app, ["secrets", "set", "a", "-c", str(tmp_path)], input="hunter2")
    (tmp_path / "connector.toml").write_text('[vault]\nmaster = "env:VAULT"\n')
    monkeypatch.setenv("VAULT", base64.b64encode(os.urandom(32)).decode())
    refused = runner.invoke(app, ["secrets", "list", "-c", str(tmp_path)])
    assert "connector secrets rotate --from file" in str(refused.exception)
    assert runner.invoke(app, ["secrets", "rotate", "--from", "file", "-c", str(tmp_path)]).exit_code == 0
    (tmp_path / "var" / "vault.key").unlink()
    settings = load_settings(tmp_path, os.environ).settings
    assert SecretStore(settings.secrets_file, open_vault(settings, os.environ)).get("a") == "hunter2"


def to_the_first_schema(path: Path) -> None:
    """The same rows in tables as the first version made them."""
    now = path.rename(path.with_name("now.db"))
    first = create_engine(f"sqlite:///{path}")
    with first.begin() as connection:
        upgrade(connection, "0001")
    first.dispose()
    attempt = 'id, room, booking_id, planned_start, state, at, meeting_key, address_sealed, cause, owned, "left"'
    conn = sqlite3.connect(path)
    conn.execute("attach ? as now", (str(now),))
    with conn:
        conn.execute("insert into calendars select * from now.calendars")
        conn.execute(f"insert into attempts ({attempt}) select {attempt} from now.attempts")
        conn.execute(
            "insert into rooms (room, plan_sealed, plan_digest, planned_at, state, detail, refused)"
            " select room, plan_sealed, plan_digest, planned_at, 'new', '', '' from now.rooms"
        )
    conn.close()


@pytest.mark.parametrize("table", ["source_state", "commands"])
async def test_the_second_schema_upgrades_the_first(settings: Settings, table: str) -> None:
    """A database of the first schema, as the first version left it, is read on."""
    vault = open_vault(settings, {})
    store = await filled(settings, vault)
    before = await everything(store)
    await store.close()
    to_the_first_schema(settings.data_dir / "connector.db")
    assert (await rotate(settings, vault)).problem == ""  # no daemon of this version ran yet
    store = await Store.open(settings.data_dir / "connector.db", vault, NINE)
    assert (await everything(store))[:3] == before[:3]
    with sqlite3.connect(settings.data_dir / "connector.db") as conn:
        assert conn.execute(f"select count(*) from {table}").fetchone() == (0,)
    conn.close()
    await store.close()
