"""The vault: AES-256-GCM with data keys, which a master key seals (envelope encryption), and a keyed hash.

Sealed form, version 1: ``0x01 | key id (8 bytes) | nonce (12 bytes) | ciphertext and tag``; everything before the
ciphertext, and the context, are authenticated with it. Nonces are random: NIST SP 800-38D allows 2**32 sealings under
one key, far above what a room list and its meetings need. The form is the same as before there were data keys: what
the key file itself sealed is still opened.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.vault.errors import Damaged, VaultError
from connector.vault.files import create_private
from connector.vault.keyring import (
    ID_BYTES,
    DataKey,
    Keyring,
    keyring_bytes,
    keyring_locked,
    keyring_of_file_key,
    new_key,
    new_keyring,
    read_keyring,
    write_keyring,
)
from connector.vault.master_keys import LocalMasterKey, MasterKey, derive, from_file

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_START: Final = len(_VERSION) + ID_BYTES + _NONCE_BYTES
_TRY_AGAIN: Final = 60.0  # seconds, after a keyring that could not be read

_log = logging.getLogger(__name__)

__all__ = ["Vault", "VaultError", "sealed_with"]


_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Keys:
    """What one reading of the keyring gave."""

    stamp: _Stamp | None  # of the file: told apart from what another process puts there
    current: bytes
    ciphers: dict[bytes, AESGCM]


class Vault:
    """Holds the keys in memory; has no repr of them. Safe to use from several threads.

    Another process may rotate the keys at any time: the keyring is read again when its file changed. A key service is
    then asked in a thread of its own, because ``seal`` and ``unseal`` may be called on an event loop: until it answers,
    the keys read before seal and open.
    """

    def __init__(
        self, keyring_file: Path, master: MasterKey, keyring: Keyring, place: str, stamp: _Stamp | None = None
    ) -> None:
        self._file = keyring_file
        self._master = master
        self._place = place
        self._lock = threading.Lock()
        self._mac_key = keyring.mac
        self._keys = _loaded(keyring, stamp)
        self._asking: threading.Thread | None = None
        self._problem = ""  # why the keyring could not be read
        self._failed: tuple[_Stamp | None, float] = (None, 0.0)  # which one, and until when it is not tried again

    def __repr__(self) -> str:
        return f"Vault({self._place!r})"

    @classmethod
    def open(cls, key_file: Path, *, create: bool = True) -> Vault:
        """With a master key in ``key_file``, made on first use; the keyring is beside it, ending in ``.ring``.

        ``create`` is False where something sealed exists already: a new key could not open it.
        """
        keyring_file = key_file.with_suffix(".ring")
        missing = not key_file.exists()
        if missing and keyring_file.exists():
            raise VaultError(
                f"{key_file} is missing: it is the master key of {keyring_file.name}; put it back from a backup,"
                " or set [vault] master back where it was changed. A new key could open nothing, so none was made."
            )
        master = from_file(key_file, create=create)
        return cls.opened(keyring_file, master, create=create, first=missing)

    @classmethod
    def opened(cls, keyring_file: Path, master: MasterKey, *, create: bool = True, first: bool = False) -> Vault:
        """With any master key. ``first``: it was made just now, so that it cannot have sealed anything itself.

        VaultError when the keyring is damaged or belongs to another master key. Blocking: a key service is asked.
        """
        place = master.place if isinstance(master, LocalMasterKey) else master.name
        stamp = _stamp(keyring_file)  # taken first: a change while it is read is noticed later
        keyring = read_keyring(keyring_file, master)
        if keyring is None:
            before = (
                keyring_of_file_key(master) if isinstance(master, LocalMasterKey) and master.name == "file" else None
            )
            if before is not None and not create:
                return cls(keyring_file, master, before, place)
            if not create:
                raise VaultError(f"{keyring_file} is missing: it holds the data keys; put it back from a backup.")
            keyring = _made(keyring_file, master, None if first else before)
        return cls(keyring_file, master, keyring, place, stamp)

    # -------------------------------------------------------------------------------- sealing

    @property
    def key_id(self) -> bytes:
        """Of the data key that seals now. Blocking where a key service has to be asked."""
        self._refresh()
        return self._keys.current

    def ready(self) -> bool:
        """False while a key service is asked for the keys of a keyring that changed. Does not block."""
        if not self._outdated(_stamp(self._file)):
            return True
        if isinstance(self._master, LocalMasterKey):
            self._refresh()
            return True
        if self._asking is None or not self._asking.is_alive():
            self._asking = threading.Thread(target=self._refresh, name="vault", daemon=True)
            self._asking.start()
        return False

    def seal(self, data: bytes, context: str) -> bytes:
        """Encrypt ``data`` for one use. ``context`` names what it is, and must be said again to unseal it."""
        self.ready()
        keys = self._keys
        nonce = os.urandom(_NONCE_BYTES)
        head = _VERSION + keys.current + nonce
        return head + keys.ciphers[keys.current].encrypt(nonce, data, _bound(head, context))

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """The data. VaultError: another key, one that is still being asked for, another context, or changed since."""
        if len(sealed) < _START + _TAG_BYTES or sealed[:1] != _VERSION:
            raise Damaged(f"The sealed {context} is not in a form that this version knows; it may be damaged.")
        identity, head = sealed_with(sealed), sealed[:_START]
        waits = identity not in self._keys.ciphers and not self.ready()
        cipher = self._keys.ciphers.get(identity)
        if cipher is None and (waits or self._problem):
            why = self._problem or f"{self._place} is being asked."
            raise VaultError(f"The sealed {context} was made with a data key that is not at hand: {why}")
        if cipher is None:
            raise VaultError(
                f"The sealed {context} was made with another key than {self._place}; put the old key file back,"
                f" and {self._file.name} beside it."
            )
        try:
            return cipher.decrypt(head[-_NONCE_BYTES:], sealed[_START:], _bound(head, context))
        except InvalidTag:
            raise Damaged(f"The sealed {context} was changed or damaged; restore it from a backup.") from None

    def hmac(self, data: bytes) -> str:
        """A keyed SHA-256 of ``data``, hex: it tells whether two values are equal, to nobody without the key."""
        return hmac.new(self._mac_key, data, hashlib.sha256).hexdigest()

    # -------------------------------------------------------------------------------- keys

    def data_keys(self) -> tuple[tuple[bytes, str, str], ...]:
        """(id, made, retired) of each, oldest first; ISO 8601 or ""."""
        return tuple((key.id, key.made, key.retired) for key in self._keyring().keys)

    def rotate(self) -> None:
        """A new data key seals from now on, in every process with this keyring; the others open what they sealed."""
        with keyring_locked(self._file):
            self._write(self._keyring().rotated(datetime.now(UTC)))

    def drop(self, ids: Collection[bytes]) -> None:
        """Forget retired keys. What they sealed and is still around can never be opened again."""
        with keyring_locked(self._file):
            self._write(self._keyring().without(set(ids)))

    def move_to(self, master: MasterKey) -> Vault:
        """The same data keys, sealed with another master key from now on."""
        with keyring_locked(self._file):
            keyring = self._keyring()
            write_keyring(self._file, keyring, master)
        return Vault.opened(self._file, master, create=False)

    def _write(self, keyring: Keyring) -> None:
        write_keyring(self._file, keyring, self._master)
        self._keys = _loaded(keyring, _stamp(self._file))

    def _keyring(self) -> Keyring:
        keyring = read_keyring(self._file, self._master)
        if keyring is None and isinstance(self._master, LocalMasterKey) and self._master.name == "file":
            keyring = keyring_of_file_key(self._master)
        if keyring is None:
            raise VaultError(f"{self._file} is missing: it holds the data keys; put it back from a backup.")
        return keyring

    def _outdated(self, stamp: _Stamp | None) -> bool:
        """A file that went away changes nothing: the keys are in memory."""
        failed, rests_until = self._failed
        return stamp not in (None, self._keys.stamp) and not (stamp == failed and time.monotonic() < rests_until)

    def _refresh(self) -> None:
        """The keys as the file has them now. Where they cannot be had, ours still open and seal; told once."""
        with self._lock:
            stamp = _stamp(self._file)
            if not self._outdated(stamp):
                return
            try:
                self._keys = _loaded(self._keyring(), stamp)
            except VaultError as error:  # moved to another master key, damaged, or a key service that is away
                if str(error) != self._problem:
                    _log.warning("%s The data keys read before stay in use.", error)
                self._problem, self._failed = str(error), (stamp, time.monotonic() + _TRY_AGAIN)
            else:
                self._problem, self._failed = "", (None, 0.0)


def sealed_with(sealed: bytes) -> bytes:
    """The id of the data key."""
    return sealed[1 : 1 + ID_BYTES]


def _made(path: Path, master: MasterKey, before: Keyring | None) -> Keyring:
    """The first keyring, with the key of the time before it, where there was one. Another process may be first."""
    now = datetime.now(UTC)
    keyring = new_keyring(now)
    if before is not None:
        old = before.current
        retired = DataKey(old.id, old.key, old.made, now.isoformat(timespec="seconds"))
        keyring = Keyring((retired, new_key(now)), before.mac)
    try:
        if create_private(path, keyring_bytes(keyring, master)):
            return keyring
    except OSError as error:
        raise VaultError(f"{path}: the ring of data keys cannot be made: {error.strerror}.") from None
    found = read_keyring(path, master)
    if found is None:
        raise VaultError(f"{path} was made and removed at one time by others; start again.")
    return found


def _loaded(keyring: Keyring, stamp: _Stamp | None) -> _Keys:
    return _Keys(stamp, keyring.current.id, {key.id: AESGCM(derive(key.key, b"seal")) for key in keyring.keys})


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _bound(head: bytes, context: str) -> bytes:
    return head + context.encode()
