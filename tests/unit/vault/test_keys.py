"""Master keys and data keys: what the vault sealed before there were data keys, rotation, other processes, KMS."""

from __future__ import annotations

import base64
import json
import logging
import os
import stat
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.vault import SecretStore, Vault, VaultError, vault
from connector.vault.aws import AwsKms
from connector.vault.keyring import read_keyring
from connector.vault.master_keys import LocalMasterKey, MasterKey, from_environment, from_file
from tests.support import patience
from tests.unit.vault.aws_stand_in import Kms, kms

# Written by the first version of the vault, whose key file sealed by itself.
OLD_KEY = "connector-vault-1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
OLD_SECRETS = "ATM1f2VbtKhEpQF6QbA3ppVbrBmJWuGrPxRXhE8rOhfScBsX2cor7I+yEx3gN51TSH6iq851qrhU64Q="
OLD_VALUE = "ATM1f2VbtKhEAv0Wk2QvWZW8isEkLX7m7rHvfxtPCH0FnAvMiX7d2BAuO4+JRwRriw=="
OLD_HMAC = "03975387637904fd84ea3f0d185861d7c52826c4a93053f76712bc9b8648fc83"


def old_house(folder: Path) -> Path:
    path = folder / "vault.key"
    path.write_text(OLD_KEY)
    path.chmod(0o600)
    (folder / "secrets.sealed").write_bytes(base64.b64decode(OLD_SECRETS))
    return path


@pytest.mark.parametrize("create", [True, False])
def test_what_the_first_version_sealed_is_still_opened(tmp_path: Path, create: bool) -> None:
    vault = Vault.open(old_house(tmp_path), create=create)
    assert SecretStore(tmp_path / "secrets.sealed", vault).get("room") == "me:hunter2"
    assert vault.unseal(base64.b64decode(OLD_VALUE), "calendar:x") == b"old passcode"
    assert vault.hmac(b"a") == OLD_HMAC  # a password that was refused stays known as refused
    assert (tmp_path / "vault.ring").exists() is create


def test_an_upgrade_seals_with_a_data_key_and_keeps_the_old_one(tmp_path: Path) -> None:
    path = old_house(tmp_path)
    looker = Vault.open(path, create=False)  # a command that ran before the daemon did
    vault = Vault.open(path)
    assert [bool(retired) for _, _, retired in vault.data_keys()] == [True, False]
    sealed = vault.seal(b"x", "c")
    assert sealed[1:9] != base64.b64decode(OLD_VALUE)[1:9]
    assert looker.unseal(sealed, "c") == b"x"
    vault.rotate()
    again = Vault.open(path)
    assert again.unseal(base64.b64decode(OLD_VALUE), "calendar:x") == b"old passcode"
    assert again.hmac(b"a") == OLD_HMAC


def test_the_ring_holds_no_key_in_the_clear(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    vault = Vault.open(path)
    keyring = read_keyring(tmp_path / "vault.ring", from_file(path, create=False))
    assert keyring is not None
    text = (tmp_path / "vault.ring").read_bytes()
    for secret in (keyring.current.key, keyring.mac):
        assert secret not in text and base64.b64encode(secret) not in text and secret.hex().encode() not in text
        assert repr(secret) not in repr(keyring) + repr(vault)
    assert stat.S_IMODE((tmp_path / "vault.ring").stat().st_mode) == 0o600


def test_another_process_sees_a_rotation_at_once(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    daemon, command = Vault.open(path), Vault.open(path)
    before = daemon.seal(b"1", "c")
    command.rotate()
    after = daemon.seal(b"2", "c")
    assert before[1:9] != after[1:9] == command.key_id
    assert (command.unseal(after, "c"), daemon.unseal(before, "c")) == (b"2", b"1")


def test_a_dropped_key_opens_nothing_and_the_current_one_cannot_be_dropped(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "vault.key")
    sealed, first = vault.seal(b"x", "c"), vault.key_id
    vault.drop({first})
    assert vault.unseal(sealed, "c") == b"x"
    vault.rotate()
    vault.drop({first, vault.key_id})
    assert [identity for identity, _, _ in vault.data_keys()] == [vault.key_id]
    with pytest.raises(VaultError, match=r"made with another key than .*put the old key file back"):
        vault.unseal(sealed, "c")


def test_rotations_at_one_time_lose_no_key(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    sealed = [Vault.open(path).seal(b"x", "c")]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: Vault.open(path).rotate(), range(8)))
    vault = Vault.open(path)
    assert len(vault.data_keys()) == 9
    assert sum(not retired for _, _, retired in vault.data_keys()) == 1
    assert vault.unseal(sealed[0], "c") == b"x"


def test_a_ring_that_goes_away_while_running_stops_nothing(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path / "vault.key")
    sealed = vault.seal(b"x", "c")
    (tmp_path / "vault.ring").unlink()
    assert vault.unseal(sealed, "c") == b"x"
    assert vault.unseal(vault.seal(b"y", "c"), "c") == b"y"


@given(garbage=st.binary(max_size=80), cut=st.integers(0, 400))
def test_a_damaged_ring_is_a_sentence(tmp_path_factory: pytest.TempPathFactory, garbage: bytes, cut: int) -> None:
    folder = tmp_path_factory.mktemp("ring")
    Vault.open(folder / "vault.key")
    whole = (folder / "vault.ring").read_bytes()
    (folder / "vault.ring").write_bytes(whole[: cut % len(whole)] + garbage)
    with pytest.raises(VaultError, match=r"vault\.ring: this is not a ring of data keys|sealed with"):
        Vault.open(folder / "vault.key")


def test_a_ring_with_a_key_that_is_not_its_own_is_refused(tmp_path: Path) -> None:
    Vault.open(tmp_path / "vault.key")
    tree = json.loads((tmp_path / "vault.ring").read_text())
    tree["keys"][0]["id"] = "00" * 8
    (tmp_path / "vault.ring").write_text(json.dumps(tree))
    with pytest.raises(VaultError, match=r"sealed with another key"):
        Vault.open(tmp_path / "vault.key")


def test_another_key_file_cannot_open_the_ring(tmp_path: Path) -> None:
    Vault.open(tmp_path / "vault.key")
    (tmp_path / "vault.key").unlink()
    Vault.open(tmp_path / "other" / "vault.key")
    (tmp_path / "other" / "vault.key").rename(tmp_path / "vault.key")
    with pytest.raises(VaultError, match=r"vault\.key: the data keys were sealed with another key than this; put"):
        Vault.open(tmp_path / "vault.key")


def test_a_lost_key_file_is_not_made_anew_beside_its_ring(tmp_path: Path) -> None:
    """What is put back from a backup must find its place empty, and the sentence must be true the second time, too."""
    Vault.open(tmp_path / "vault.key")
    (tmp_path / "vault.key").unlink()
    for create in (True, True, False):
        with pytest.raises(
            VaultError, match=r"vault\.key is missing: it is the master key of vault\.ring; put it back"
        ):
            Vault.open(tmp_path / "vault.key", create=create)
    assert [path.name for path in tmp_path.iterdir()] == ["vault.ring"]


def test_a_ring_that_is_damaged_while_running_and_put_back(tmp_path: Path) -> None:
    daemon, other = Vault.open(tmp_path / "vault.key"), Vault.open(tmp_path / "vault.key")
    other.rotate()
    whole = (tmp_path / "vault.ring").read_bytes()
    (tmp_path / "vault.ring").write_bytes(whole[:50])
    assert daemon.unseal(daemon.seal(b"x", "c"), "c") == b"x"
    (tmp_path / "vault.ring").write_bytes(whole)
    assert daemon.unseal(other.seal(b"y", "c"), "c") == b"y"  # at once, not after a pause


# ------------------------------------------------------------------------------------ the environment


def test_a_master_key_from_the_environment(tmp_path: Path) -> None:
    key = base64.b64encode(os.urandom(32)).decode()
    master = from_environment("VAULT", {"VAULT": f" {key}\n"})
    assert key not in repr(master)
    sealed = Vault.opened(tmp_path / "vault.ring", master).seal(b"x", "c")
    assert Vault.opened(tmp_path / "vault.ring", master, create=False).unseal(sealed, "c") == b"x"
    assert not (tmp_path / "vault.key").exists()


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "environment VAULT: the vault's master key is not set; make one with: openssl rand -base64 32"),
        ("hunter2!", "environment VAULT: this is not a key in base64"),
        ("AAAA", "environment VAULT: the vault key has 3 bytes"),
    ],
)
def test_a_bad_master_key_is_a_sentence_that_does_not_repeat_it(value: str | None, sentence: str) -> None:
    with pytest.raises(VaultError, match=sentence) as caught:
        from_environment("VAULT", {} if value is None else {"VAULT": value})
    assert value is None or value not in str(caught.value)


def test_a_missing_ring_is_not_made_where_something_is_sealed(tmp_path: Path) -> None:
    master = LocalMasterKey(os.urandom(32), "env:VAULT", "environment VAULT")
    with pytest.raises(VaultError, match=r"vault\.ring is missing: it holds the data keys"):
        Vault.opened(tmp_path / "vault.ring", master, create=False)


# ------------------------------------------------------------------------------------ a key service


@pytest.fixture(scope="module")
def service() -> Iterator[Kms]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "stand-in")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "stand-in")
        with kms() as found:
            yield found


def aws(service: Kms, key: str = "") -> AwsKms:
    return AwsKms(key or service.key, region="eu-central-1", endpoint=service.endpoint)


def test_data_keys_sealed_by_aws_kms(tmp_path: Path, service: Kms) -> None:
    vault = Vault.opened(tmp_path / "vault.ring", aws(service))
    sealed = vault.seal(b"x", "c")
    vault.rotate()
    again = Vault.opened(tmp_path / "vault.ring", aws(service), create=False)
    assert again.unseal(sealed, "c") == b"x"
    assert len(again.data_keys()) == 2


def test_kms_binds_a_data_key_to_its_place_and_key(service: Kms) -> None:
    wrapped = aws(service).wrap(b"k" * 32, "one")
    assert aws(service).unwrap(wrapped, "one") == b"k" * 32
    with pytest.raises(VaultError, match=r"AWS KMS refused to decrypt \(InvalidCiphertextException\)"):
        aws(service).unwrap(wrapped, "two")
    with pytest.raises(VaultError, match="AWS KMS refused to decrypt"):
        aws(service, service.other_key).unwrap(wrapped, "one")
    with pytest.raises(VaultError, match=r"AWS KMS refused to encrypt \(NotFoundException\)\. There is no such key"):
        aws(service, "alias/none").wrap(b"k" * 32, "one")


def test_kms_that_cannot_be_reached_is_a_sentence(service: Kms) -> None:
    lost = AwsKms(service.key, region="eu-central-1", endpoint="http://127.0.0.1:1")
    with pytest.raises(VaultError, match=r"AWS KMS cannot be used \(EndpointConnectionError\)"):
        lost.wrap(b"k" * 32, "one")
    with pytest.raises(VaultError, match="the client of AWS KMS cannot be made"):
        AwsKms(service.key, region="eu-central-1", endpoint="not a url")


def test_without_the_extra_the_sentence_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(VaultError, match=r"pip install 'room-system-connector\[aws\]'"):
        AwsKms("alias/x", region="eu-central-1")


@pytest.mark.parametrize("way", ["file to environment", "file to kms", "kms to file"])
def test_moving_to_another_master_key(tmp_path: Path, service: Kms, way: str, caplog: pytest.LogCaptureFixture) -> None:
    masters: dict[str, MasterKey] = {
        "file": from_file(tmp_path / "vault.key", create=True),
        "environment": LocalMasterKey(os.urandom(32), "env:VAULT", "environment VAULT"),
        "kms": aws(service),
    }
    old, new = (masters[name] for name in way.split(" to "))
    keyring = tmp_path / "vault.ring"
    running = Vault.opened(keyring, old)
    sealed = running.seal(b"x", "c")
    moved = running.move_to(new)
    assert moved.unseal(sealed, "c") == b"x"
    assert moved.hmac(b"a") == running.hmac(b"a")
    with caplog.at_level(logging.WARNING):  # a daemon with the old setting goes on until it is started again
        assert moved.unseal(running.seal(b"y", "c"), "c") == b"y"
        wait_for_it(running)
    assert "The data keys read before stay in use." in caplog.text
    with pytest.raises(VaultError, match=r"connector secrets rotate --from"):
        Vault.opened(keyring, old)


# ------------------------------------------------------------------------------------ a key service in trouble


class Gate:
    """A key service that answers when the test lets it: ``open`` is cleared, or ``down`` is set."""

    name = "aws-kms:gate"

    def __init__(self) -> None:
        self._key = LocalMasterKey(os.urandom(32), "gate", "gate")
        self.open = threading.Event()
        self.open.set()
        self.asked = threading.Event()
        self.down = False

    def wrap(self, key: bytes, context: str) -> bytes:
        return self._key.wrap(key, context)

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        self.asked.set()
        assert self.open.wait(patience.seconds(10))
        if self.down:
            raise VaultError("aws-kms:gate: AWS KMS cannot be used (EndpointConnectionError).")
        return self._key.unwrap(wrapped, context)


def wait_for_it(vault: Vault) -> None:
    patience.wait_until(vault.ready, "the keys were asked for")


def test_a_slow_key_service_after_a_rotation_holds_nobody_up(tmp_path: Path) -> None:
    """The daemon seals and opens on its event loop: it goes on with the keys that it has."""
    gate, keyring = Gate(), tmp_path / "vault.ring"
    daemon, command = Vault.opened(keyring, gate), Vault.opened(keyring, gate)
    before = daemon.seal(b"1", "c")
    command.rotate()
    after = command.seal(b"2", "c")
    gate.open.clear()
    gate.asked.clear()
    try:
        meanwhile = daemon.seal(b"3", "c")
        assert gate.asked.wait(patience.seconds(10))
        assert not daemon.ready()
        assert daemon.unseal(before, "c") == b"1"
        with pytest.raises(VaultError, match=r"data key that is not at hand: aws-kms:gate is being asked"):
            daemon.unseal(after, "c")
    finally:
        gate.open.set()
    wait_for_it(daemon)
    assert daemon.unseal(after, "c") == b"2"
    assert daemon.seal(b"4", "c")[1:9] == command.key_id
    assert command.unseal(meanwhile, "c") == b"3"


def test_a_key_service_that_is_down_after_a_rotation_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gate, keyring = Gate(), tmp_path / "vault.ring"
    daemon, command = Vault.opened(keyring, gate), Vault.opened(keyring, gate)
    command.rotate()
    after = command.seal(b"2", "c")
    gate.down = True
    for _ in range(3):
        daemon.seal(b"x", "c")
        wait_for_it(daemon)
    assert caplog.text.count("EndpointConnectionError") == 1
    with pytest.raises(VaultError, match=r"not at hand: aws-kms:gate: AWS KMS cannot be used"):
        daemon.unseal(after, "c")
    gate.down = False
    monkeypatch.setattr(vault, "_TRY_AGAIN", 0.0)
    daemon._failed = (daemon._failed[0], 0.0)  # a minute later
    daemon.seal(b"x", "c")
    wait_for_it(daemon)
    assert daemon.unseal(after, "c") == b"2"


def test_a_role_without_the_right_and_a_machine_without_a_role(service: Kms, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped = aws(service).wrap(b"k" * 32, "one")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with service.nobody_may():
        with pytest.raises(VaultError, match=r"refused to decrypt .*Allow kms:Encrypt and kms:Decrypt on this key"):
            aws(service).unwrap(wrapped, "one")
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        with pytest.raises(VaultError, match=r"\(NoCredentialsError\)\. Give this machine an instance role"):
            aws(service).unwrap(wrapped, "one")


def test_locks_are_their_owners_alone(tmp_path: Path) -> None:
    """Whoever can open a lock can hold it. One that an earlier version left open to all is closed."""
    (tmp_path / "vault.ring.lock").touch(0o644)
    vault = Vault.open(tmp_path / "vault.key")
    vault.rotate()
    SecretStore(tmp_path / "secrets.sealed", vault).set("room", "x")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes.keys() >= {"vault.ring.lock", "secrets.lock"} and set(modes.values()) == {0o600}
