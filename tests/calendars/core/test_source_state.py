"""What a source remembers: sealed, its own, and there after a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.calendars.base import MemoryState, SourceState
from connector.running.source_state import StoredState
from connector.store.store import Store
from connector.vault import Vault, VaultError
from tests.support.clock import NINE


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(tmp_path / "db", Vault.open(tmp_path / "vault.key"), NINE)
    yield store
    await store.close()


@pytest.mark.parametrize("kind", ["stored", "none"])
async def test_what_was_put_is_got(store: Store, kind: str) -> None:
    source_state: SourceState = StoredState(store, "office") if kind == "stored" else MemoryState()
    await source_state.put("a/1", b"one")
    await source_state.put("a/2", b"two")
    await source_state.put("b", b"")
    await source_state.put("a/1", b"uno")
    assert (await source_state.get("a/1"), await source_state.get("b"), await source_state.get("c")) == (
        b"uno",
        b"",
        None,
    )
    assert dict(await source_state.items("a/")) == {"a/1": b"uno", "a/2": b"two"}
    await source_state.delete("a/1")
    await source_state.delete("a/1")
    assert set(await source_state.items("")) == {"a/2", "b"}


async def test_wildcards_in_a_key_are_letters(store: Store) -> None:
    source_state = StoredState(store, "office")
    for key in ("a%b", "aXb", "a_b", "A%b", "o'brien@example.org"):
        await source_state.put(key, key.encode())
    assert set(await source_state.items("a%")) == {"a%b"}
    assert set(await source_state.items("a_")) == {"a_b"}
    assert await source_state.get("o'brien@example.org") == b"o'brien@example.org"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=100), value=st.binary(max_size=100))
async def test_any_key_and_value(store: Store, key: str, value: bytes) -> None:
    source_state = StoredState(store, "office")
    await source_state.put(key, value)
    assert await source_state.get(key) == value
    assert (await source_state.items(key))[key] == value
    await source_state.delete(key)
    assert await source_state.items("") == {}


async def test_sources_do_not_see_each_other(store: Store) -> None:
    await StoredState(store, "a").put("k", b"of a")
    await StoredState(store, "b").put("k", b"of b")
    await StoredState(store, "a").delete("k")
    assert await StoredState(store, "b").get("k") == b"of b"
    assert await StoredState(store, "a").items("") == {}


async def test_it_survives_a_restart_and_is_sealed(tmp_path: Path) -> None:
    for expected in (None, b"clientState-hunter2"):
        store = await Store.open(tmp_path / "db", Vault.open(tmp_path / "vault.key"), NINE)
        assert await StoredState(store, "office").get("subscription") == expected
        await StoredState(store, "office").put("subscription", b"clientState-hunter2")
        await store.close()
    assert all(b"hunter2" not in path.read_bytes() for path in tmp_path.iterdir())


async def test_a_value_moved_to_another_row_cannot_be_opened(store: Store, tmp_path: Path) -> None:
    await StoredState(store, "a").put("k", b"of a")
    with sqlite3.connect(tmp_path / "db") as conn:
        conn.execute("update source_state set source = 'b'")
    conn.close()
    with pytest.raises(VaultError, match="changed or damaged"):
        await StoredState(store, "b").get("k")
