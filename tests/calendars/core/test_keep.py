"""What a source remembers: sealed, its own, and there after a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.calendars.base import Keep, NoKeep
from connector.running.source_state import StoredKeep
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
    keep: Keep = StoredKeep(store, "office") if kind == "stored" else NoKeep()
    await keep.put("a/1", b"one")
    await keep.put("a/2", b"two")
    await keep.put("b", b"")
    await keep.put("a/1", b"uno")
    assert (await keep.get("a/1"), await keep.get("b"), await keep.get("c")) == (b"uno", b"", None)
    assert dict(await keep.items("a/")) == {"a/1": b"uno", "a/2": b"two"}
    await keep.delete("a/1")
    await keep.delete("a/1")
    assert set(await keep.items("")) == {"a/2", "b"}


async def test_wildcards_in_a_key_are_letters(store: Store) -> None:
    keep = StoredKeep(store, "office")
    for key in ("a%b", "aXb", "a_b", "A%b", "o'brien@example.org"):
        await keep.put(key, key.encode())
    assert set(await keep.items("a%")) == {"a%b"}
    assert set(await keep.items("a_")) == {"a_b"}
    assert await keep.get("o'brien@example.org") == b"o'brien@example.org"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(key=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=100), value=st.binary(max_size=100))
async def test_any_key_and_value(store: Store, key: str, value: bytes) -> None:
    keep = StoredKeep(store, "office")
    await keep.put(key, value)
    assert await keep.get(key) == value
    assert (await keep.items(key))[key] == value
    await keep.delete(key)
    assert await keep.items("") == {}


async def test_sources_do_not_see_each_other(store: Store) -> None:
    await StoredKeep(store, "a").put("k", b"of a")
    await StoredKeep(store, "b").put("k", b"of b")
    await StoredKeep(store, "a").delete("k")
    assert await StoredKeep(store, "b").get("k") == b"of b"
    assert await StoredKeep(store, "a").items("") == {}


async def test_it_survives_a_restart_and_is_sealed(tmp_path: Path) -> None:
    for expected in (None, b"clientState-hunter2"):
        store = await Store.open(tmp_path / "db", Vault.open(tmp_path / "vault.key"), NINE)
        assert await StoredKeep(store, "office").get("subscription") == expected
        await StoredKeep(store, "office").put("subscription", b"clientState-hunter2")
        await store.close()
    assert all(b"hunter2" not in path.read_bytes() for path in tmp_path.iterdir())


async def test_a_value_moved_to_another_row_cannot_be_opened(store: Store, tmp_path: Path) -> None:
    await StoredKeep(store, "a").put("k", b"of a")
    with sqlite3.connect(tmp_path / "db") as conn:
        conn.execute("update keep set source = 'b'")
    conn.close()
    with pytest.raises(VaultError, match="changed or damaged"):
        await StoredKeep(store, "b").get("k")
