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
    Ring,
    new_key,
    new_ring,
    read_ring,
    ring_bytes,
    ring_locked,
    ring_of_file_key,
    write_ring,
)
from connector.vault.master_keys import LocalMaster, MasterKey, derive, from_file

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_START: Final = len(_VERSION) + ID_BYTES + _NONCE_BYTES
_TRY_AGAIN: Final = 60.0  # seconds, after a ring that could not be read

_log = logging.getLogger(__name__)

__all__ = ["Vault", "VaultError", "sealed_with"]


_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Keys:
    """What one reading of the ring gave."""

    stamp: _Stamp | None  # of the file: told apart from what another process puts there
    current: bytes
    ciphers: dict[bytes, AESGCM]


class Vault:
    """Holds the keys in memory; has no repr of them. Safe to use from several threads.

    Another process may rotate the keys at any time: the ring is read again when its file changed. A key service is
    then asked in a thread of its own, because ``seal`` and ``unseal`` may be called on an event loop: until it answers,
    the keys read before seal and open.
    """

    def __init__(self, ring_file: Path, master: MasterKey, ring: Ring, place: str, stamp: _Stamp | None = None) -> None:
        self._file = ring_file
        self._master = master
        self._place = place
        self._lock = threading.Lock()
        self._mac_key = ring.mac
        self._keys = _loaded(ring, stamp)
        self._asking: threading.Thread | None = None
        self._problem = ""  # why the ring could not be read
        self._failed: tuple[_Stamp | None, float] = (None, 0.0)  # which one, and until when it is not tried again

    def __repr__(self) -> str:
        return f"Vault({self._place!r})"

    @classmethod
    def open(cls, key_file: Path, *, create: bool = True) -> Vault:
        """With a master key in ``key_file``, made on first use; the ring is beside it, ending in ``.ring``.

        ``create`` is False where something sealed exists already: a new key could not open it.
        """
        ring_file = key_file.with_suffix(".ring")
        missing = not key_file.exists()
        if missing and ring_file.exists():
            raise VaultError(
                f"{key_file} is missing: it is the master key of {ring_file.name}; put it back from a backup,"
                " or set [vault] master back where it was changed. A new key could open nothing, so none was made."
            )
        master = from_file(key_file, create=create)
        return cls.opened(ring_file, master, create=create, first=missing)

    @classmethod
    def opened(cls, ring_file: Path, master: MasterKey, *, create: bool = True, first: bool = False) -> Vault:
        """With any master key. ``first``: it was made just now, so that it cannot have sealed anything itself.

        VaultError when the ring is damaged or belongs to another master key. Blocking: a key service is asked.
        """
        place = master.place if isinstance(master, LocalMaster) else master.name
        stamp = _stamp(ring_file)  # taken first: a change while it is read is noticed later
        ring = read_ring(ring_file, master)
        if ring is None:
            before = ring_of_file_key(master) if isinstance(master, LocalMaster) and master.name == "file" else None
            if before is not None and not create:
                return cls(ring_file, master, before, place)
            if not create:
                raise VaultError(f"{ring_file} is missing: it holds the data keys; put it back from a backup.")
            ring = _made(ring_file, master, None if first else before)
        return cls(ring_file, master, ring, place, stamp)

    # -------------------------------------------------------------------------------- sealing

    @property
    def key_id(self) -> bytes:
        """Of the data key that seals now. Blocking where a key service has to be asked."""
        self._refresh()
        return self._keys.current

    def ready(self) -> bool:
        """False while a key service is asked for the keys of a ring that changed. Does not block."""
        if not self._outdated(_stamp(self._file)):
            return True
        if isinstance(self._master, LocalMaster):
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
        return tuple((key.id, key.made, key.retired) for key in self._ring().keys)

    def rotate(self) -> None:
        """A new data key seals from now on, in every process that uses this ring; the others open what they sealed."""
        with ring_locked(self._file):
            self._write(self._ring().rotated(datetime.now(UTC)))

    def drop(self, ids: Collection[bytes]) -> None:
        """Forget retired keys. What they sealed and is still around can never be opened again."""
        with ring_locked(self._file):
            self._write(self._ring().without(set(ids)))

    def move_to(self, master: MasterKey) -> Vault:
        """The same data keys, sealed with another master key from now on."""
        with ring_locked(self._file):
            ring = self._ring()
            write_ring(self._file, ring, master)
        return Vault.opened(self._file, master, create=False)

    def _write(self, ring: Ring) -> None:
        write_ring(self._file, ring, self._master)
        self._keys = _loaded(ring, _stamp(self._file))

    def _ring(self) -> Ring:
        ring = read_ring(self._file, self._master)
        if ring is None and isinstance(self._master, LocalMaster) and self._master.name == "file":
            ring = ring_of_file_key(self._master)
        if ring is None:
            raise VaultError(f"{self._file} is missing: it holds the data keys; put it back from a backup.")
        return ring

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
                self._keys = _loaded(self._ring(), stamp)
            except VaultError as error:  # moved to another master key, damaged, or a key service that is away
                if str(error) != self._problem:
                    _log.warning("%s The data keys read before stay in use.", error)
                self._problem, self._failed = str(error), (stamp, time.monotonic() + _TRY_AGAIN)
            else:
                self._problem, self._failed = "", (None, 0.0)


def sealed_with(sealed: bytes) -> bytes:
    """The id of the data key."""
    return sealed[1 : 1 + ID_BYTES]


def _made(path: Path, master: MasterKey, before: Ring | None) -> Ring:
    """The first ring, with the key of the time before it, where there was one. Another process may be first."""
    now = datetime.now(UTC)
    ring = new_ring(now)
    if before is not None:
        old = before.current
        retired = DataKey(old.id, old.key, old.made, now.isoformat(timespec="seconds"))
        ring = Ring((retired, new_key(now)), before.mac)
    try:
        if create_private(path, ring_bytes(ring, master)):
            return ring
    except OSError as error:
        raise VaultError(f"{path}: the ring of data keys cannot be made: {error.strerror}.") from None
    found = read_ring(path, master)
    if found is None:
        raise VaultError(f"{path} was made and removed at one time by others; start again.")
    return found


def _loaded(ring: Ring, stamp: _Stamp | None) -> _Keys:
    return _Keys(stamp, ring.current.id, {key.id: AESGCM(derive(key.key, b"seal")) for key in ring.keys})


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _bound(head: bytes, context: str) -> bytes:
    return head + context.encode()
