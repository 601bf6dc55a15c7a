"""Sealing at rest: round trips, wrong keys, tampering, races, file modes."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import UserError
from connector.vault import SecretStore, Vault, VaultError
from connector.vault.files import create_private, replace_private


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return Vault.open(tmp_path_factory.mktemp("vault") / "vault.key")


@given(data=st.binary(), context=st.text(st.characters(codec="utf-8")))
def test_what_was_sealed_is_unsealed(vault: Vault, data: bytes, context: str) -> None:
    sealed = vault.seal(data, context)
    assert vault.unseal(sealed, context) == data
    assert len(sealed) == len(data) + 1 + 8 + 12 + 16
    assert vault.seal(data, context) != sealed  # a nonce of its own each time


@given(data=st.binary(max_size=40), position=st.integers(0), flip=st.integers(1, 255))
def test_a_changed_byte_is_noticed(vault: Vault, data: bytes, position: int, flip: int) -> None:
    sealed = bytearray(vault.seal(data, "passcode"))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises(VaultError):
        vault.unseal(bytes(sealed), "passcode")


@given(st.binary(max_size=60))
def test_garbage_is_never_unsealed(vault: Vault, garbage: bytes) -> None:
    with pytest.raises(VaultError):
        vault.unseal(garbage, "passcode")


def test_mistakes_have_sentences_of_their_own(tmp_path: Path, vault: Vault) -> None:
    other = Vault.open(tmp_path / "other.key")
    sealed = vault.seal(b"hunter2", "passcode")
    with pytest.raises(VaultError, match=r"sealed passcode was made with another key than .*other\.key; put the old"):
        other.unseal(sealed, "passcode")
    with pytest.raises(VaultError, match="sealed secrets was changed or damaged"):
        vault.unseal(sealed, "secrets")
    with pytest.raises(VaultError, match="not in a form that this version knows"):
        vault.unseal(sealed[:20], "passcode")


def test_the_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "vault.key"
    first = Vault.open(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("connector-vault-1 ")
    assert Vault.open(path).unseal(first.seal(b"x", "c"), "c") == b"x"
    assert sorted(p.name for p in path.parent.iterdir()) == ["vault.key", "vault.ring"]
    assert stat.S_IMODE((path.parent / "vault.ring").stat().st_mode) == 0o600
    key = path.read_text().split()[1]
    assert key not in repr(first) + str(vars(first))


def test_many_first_users_get_one_key(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    with ThreadPoolExecutor(16) as pool:
        vaults = list(pool.map(Vault.open, [path] * 16))
    assert len({vault.key_id for vault in vaults}) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "this is not a vault key file; put the right one back"),
        ("connector-vault-1 !!!", "this is not a vault key file"),
        ("connector-vault-2 AAAA", "this is not a vault key file"),
        ("connector-vault-1 AAAA", "the vault key has 3 bytes; it must have 32"),
    ],
)
def test_a_bad_key_file_is_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "vault.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(VaultError, match=sentence):
        Vault.open(path)


def test_a_key_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    Vault.open(path)
    path.chmod(0o644)
    with pytest.raises(VaultError, match=r"is open to everybody on this machine; run: chmod 600 .*vault\.key"):
        Vault.open(path)


def test_a_key_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(VaultError, match="cannot be read or made: File exists"):
        Vault.open(tmp_path / "file" / "vault.key")
    with pytest.raises(VaultError, match="cannot be read or made: No such file"):
        Vault.open(tmp_path / "vault.key", create=False)


def test_the_keyed_hash_depends_on_key_and_data(tmp_path: Path, vault: Vault) -> None:
    assert vault.hmac(b"a") == vault.hmac(b"a")
    assert len({vault.hmac(b"a"), vault.hmac(b"b"), Vault.open(tmp_path / "k").hmac(b"a")}) == 3


# ------------------------------------------------------------------------------------ files and named secrets


def test_private_files_are_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    path.chmod(0o644)
    replace_private(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o600)
    assert create_private(path, b"third") is False
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_secrets_are_kept_sealed(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "var" / "secrets.sealed"
    store = SecretStore(path, vault)
    assert store.names() == ()
    assert store.set("room-1", "me:hunter2") is True
    assert store.set("room-1", "me:hunter3") is False
    store.set("a", "ü")
    assert SecretStore(path, vault).names() == ("a", "room-1")
    assert (store.get("room-1"), store.get("a"), store.get("none")) == ("me:hunter3", "ü", None)
    assert b"hunter" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (store.delete("a"), store.delete("a"), store.names()) == (True, False, ("room-1",))


def test_commands_at_one_time_lose_nothing(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "secrets.sealed"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: SecretStore(path, vault).set(f"s{n}", "x"), range(24)))
    assert len(SecretStore(path, vault).names()) == 24


@pytest.mark.parametrize("name", ["", "two words", "-x", "a" * 65, "ü", "x\n"])
def test_bad_names_are_refused(tmp_path: Path, vault: Vault, name: str) -> None:
    with pytest.raises(UserError, match="is not a name for a secret"):
        SecretStore(tmp_path / "s", vault).set(name, "hunter2")
    with pytest.raises(UserError, match="is empty; nothing was stored"):
        SecretStore(tmp_path / "s", vault).set("name", "")


def test_another_key_or_an_unreadable_file_is_a_sentence(tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "secrets.sealed"
    SecretStore(path, vault).set("a", "x")
    with pytest.raises(VaultError, match="made with another key"):
        SecretStore(path, Vault.open(tmp_path / "new.key")).names()
    with pytest.raises(VaultError, match="cannot be read: Is a directory"):
        SecretStore(tmp_path, vault).names()
