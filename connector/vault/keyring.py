"""The keyring: the data keys, which seal, each sealed by the master key. A small file beside the vault's key.

JSON, mode 0600, replaced whole: ``{"format", "master", "mac", "keys": [{"id", "made", "retired", "wrapped"}]}``. The
newest key that is not retired seals; the others only open. ``mac`` is the key of the keyed hash: it is not rotated,
because a refused password must stay known as refused.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from connector.vault.errors import VaultError
from connector.vault.files import open_lock, replace_private
from connector.vault.master_keys import KEY_BYTES, LocalMasterKey, MasterKey, derive

_FORMAT: Final = "connector-ring-1"
_MAC: Final = "mac"
ID_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class DataKey:
    """``id`` stands in front of all that the key sealed."""

    id: bytes
    key: bytes = field(repr=False)
    made: str
    retired: str = ""  # when, ISO 8601; "" while it seals


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys in the clear: only ever in memory."""

    keys: tuple[DataKey, ...]
    mac: bytes = field(repr=False)

    @property
    def current(self) -> DataKey:
        return next(key for key in reversed(self.keys) if not key.retired)

    def rotated(self, now: datetime) -> Keyring:
        stamp = now.isoformat(timespec="seconds")
        old = tuple(key if key.retired else replace(key, retired=stamp) for key in self.keys)
        return replace(self, keys=(*old, new_key(now)))

    def without(self, ids: set[bytes]) -> Keyring:
        return replace(self, keys=tuple(key for key in self.keys if key.id not in ids or not key.retired))


def key_id(key: bytes) -> bytes:
    return derive(key, b"key id")[:ID_BYTES]


def new_key(now: datetime) -> DataKey:
    key = os.urandom(KEY_BYTES)
    return DataKey(key_id(key), key, now.isoformat(timespec="seconds"))


def new_keyring(now: datetime) -> Keyring:
    return Keyring((new_key(now),), os.urandom(KEY_BYTES))


def keyring_of_file_key(master: LocalMasterKey) -> Keyring:
    """How it was before there was a keyring: the file's key sealed by itself, and the keyed hash came from it."""
    key = master.as_data_key()
    return Keyring((DataKey(key_id(key), key, ""),), derive(key, b"hmac"))


# ------------------------------------------------------------------------------------ the file


def read_keyring(path: Path, master: MasterKey) -> Keyring | None:
    """None when there is no file. VaultError: damaged, or sealed with another master key."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise VaultError(f"{path}: the ring of data keys cannot be read: {error.strerror}.") from None
    try:
        tree = json.loads(text)
        if tree["format"] != _FORMAT or not any(not entry["retired"] for entry in tree["keys"]):
            raise ValueError
        _same_master(path, tree["master"], master)
        keys = tuple(_opened(entry, master) for entry in tree["keys"])
        return Keyring(keys, master.unwrap(base64.b64decode(tree[_MAC]), _MAC))
    except (ValueError, TypeError, KeyError):
        raise VaultError(
            f"{path}: this is not a ring of data keys, or it is damaged; put the right one back."
        ) from None


def write_keyring(path: Path, keyring: Keyring, master: MasterKey) -> None:
    try:
        replace_private(path, keyring_bytes(keyring, master))
    except OSError as error:
        raise VaultError(f"{path}: the ring of data keys cannot be written: {error.strerror}.") from None


def keyring_bytes(keyring: Keyring, master: MasterKey) -> bytes:
    entries = [
        {
            "id": key.id.hex(),
            "made": key.made,
            "retired": key.retired,
            "wrapped": _text(master.wrap(key.key, key.id.hex())),
        }
        for key in keyring.keys
    ]
    tree = {"format": _FORMAT, "master": master.name, _MAC: _text(master.wrap(keyring.mac, _MAC)), "keys": entries}
    return json.dumps(tree, indent=1).encode()


@contextmanager
def keyring_locked(path: Path) -> Iterator[None]:
    """Two rotations at one time must not lose each other's key."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open_lock(path.with_name(f"{path.name}.lock")) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise VaultError(f"{path.parent} cannot be written: {error.strerror}.") from None


def _same_master(path: Path, noted: str, master: MasterKey) -> None:
    if noted != master.name:
        raise VaultError(
            f"{path}: the data keys are sealed with the master key {noted}, but vault.master is {master.name}."
            f" Set it back, or move them over with: connector secrets rotate --from {noted}"
        )


def _opened(entry: dict[str, Any], master: MasterKey) -> DataKey:
    identity = bytes.fromhex(entry["id"])
    key = master.unwrap(base64.b64decode(entry["wrapped"]), entry["id"])
    if len(key) != KEY_BYTES or key_id(key) != identity:
        raise ValueError
    return DataKey(identity, key, entry["made"], entry["retired"])


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
