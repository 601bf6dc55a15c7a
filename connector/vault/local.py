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
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.vault.errors import VaultError
from connector.vault.files import create_private
from connector.vault.masters import LocalMaster, MasterKey, derive, from_file
from connector.vault.ring import (
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

_VERSION: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_START: Final = len(_VERSION) + ID_BYTES + _NONCE_BYTES

_log = logging.getLogger(__name__)

__all__ = ["Vault", "VaultError", "sealed_with"]


@dataclass(frozen=True, slots=True)
class _Keys:
    """What one reading of the ring gave."""

    stamp: tuple[int, int, int] | None  # of the file: told apart from what another process puts there
    current: bytes
    ciphers: dict[bytes, AESGCM]


class Vault:
    """Holds the keys in memory; has no repr of them. Safe to use from several threads.

    Another process may rotate the keys at any time: the ring is read again when its file changed.
    """

    def __init__(
        self, ring_file: Path, master: MasterKey, ring: Ring, place: str, stamp: tuple[int, int, int] | None = None
    ) -> None:
        self._file = ring_file
        self._master = master
        self._place = place
        self._lock = threading.Lock()
        self._mac_key = ring.mac
        self._keys = _loaded(ring, stamp)

    def __repr__(self) -> str:
        return f"Vault({self._place!r})"

    @classmethod
    def open(cls, key_file: Path, *, create: bool = True) -> Vault:
        """With a master key in ``key_file``, made on first use; the ring is beside it, ending in ``.ring``.

        ``create`` is False where something sealed exists already: a new key could not open it.
        """
        first = create and not key_file.exists()
        master = from_file(key_file, create=create)
        return cls.opened(key_file.with_suffix(".ring"), master, create=create, first=first)

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
        """Of the data key that seals now."""
        return self._fresh().current

    def seal(self, data: bytes, context: str) -> bytes:
        """Encrypt ``data`` for one use. ``context`` names what it is, and must be said again to unseal it."""
        keys = self._fresh()
        nonce = os.urandom(_NONCE_BYTES)
        head = _VERSION + keys.current + nonce
        return head + keys.ciphers[keys.current].encrypt(nonce, data, _bound(head, context))

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """The data. VaultError: another key, another context, or changed since."""
        if len(sealed) < _START + _TAG_BYTES or sealed[:1] != _VERSION:
            raise VaultError(f"The sealed {context} is not in a form that this version knows; it may be damaged.")
        identity, head = sealed_with(sealed), sealed[:_START]
        cipher = self._keys.ciphers.get(identity) or self._fresh().ciphers.get(identity)
        if cipher is None:
            raise VaultError(
                f"The sealed {context} was made with another key than {self._place}; put the old key file back,"
                f" and {self._file.name} beside it."
            )
        try:
            return cipher.decrypt(head[-_NONCE_BYTES:], sealed[_START:], _bound(head, context))
        except InvalidTag:
            raise VaultError(f"The sealed {context} was changed or damaged; restore it from a backup.") from None

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
            write_ring(self._file, self._ring().rotated(datetime.now(UTC)), self._master)
        self._fresh()

    def drop(self, ids: Collection[bytes]) -> None:
        """Forget retired keys. What they sealed and is still around can never be opened again."""
        with ring_locked(self._file):
            write_ring(self._file, self._ring().without(set(ids)), self._master)
        self._fresh()

    def move_to(self, master: MasterKey) -> Vault:
        """The same data keys, sealed with another master key from now on."""
        with ring_locked(self._file):
            ring = self._ring()
            write_ring(self._file, ring, master)
        return Vault.opened(self._file, master, create=False)

    def _ring(self) -> Ring:
        ring = read_ring(self._file, self._master)
        if ring is None and isinstance(self._master, LocalMaster) and self._master.name == "file":
            ring = ring_of_file_key(self._master)
        if ring is None:
            raise VaultError(f"{self._file} is missing: it holds the data keys; put it back from a backup.")
        return ring

    def _fresh(self) -> _Keys:
        """The keys as the file has them now. A file that went away changes nothing: the keys are in memory."""
        stamp = _stamp(self._file)
        if stamp == self._keys.stamp or stamp is None:
            return self._keys
        with self._lock:
            if stamp != self._keys.stamp:
                try:
                    self._keys = _loaded(self._ring(), stamp)
                except VaultError as error:  # moved to another master key: until a restart, ours still open and seal
                    self._keys = replace(self._keys, stamp=stamp)
                    _log.warning("%s The data keys read before stay in use.", error)
            return self._keys


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


def _loaded(ring: Ring, stamp: tuple[int, int, int] | None) -> _Keys:
    return _Keys(stamp, ring.current.id, {key.id: AESGCM(derive(key.key, b"seal")) for key in ring.keys})


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _bound(head: bytes, context: str) -> bytes:
    return head + context.encode()
