"""Master keys: they seal nothing but the data keys. From a file, an environment variable, or a key service.

``name`` is what [vault] master says: ``file``, ``env:NAME`` or ``aws-kms:KEY``; the keyring notes it.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from connector.vault.errors import VaultError
from connector.vault.files import create_private

KEY_BYTES: Final = 32
_MAGIC: Final = "connector-vault-1"
_NONCE_BYTES: Final = 12


class MasterKey(Protocol):
    """The key service. Blocking: call it off the event loop. Raises VaultError."""

    @property
    def name(self) -> str: ...

    def wrap(self, key: bytes, context: str) -> bytes:
        """``key`` sealed; ``context`` must be said again to unwrap it."""
        ...

    def unwrap(self, wrapped: bytes, context: str) -> bytes: ...


class LocalMasterKey:
    """The key service that needs no service: AES-256-GCM with a key in this process. ``place`` is for sentences."""

    def __init__(self, key: bytes, name: str, place: str) -> None:
        if len(key) != KEY_BYTES:
            raise VaultError(f"{place}: the vault key has {len(key)} bytes; it must have {KEY_BYTES}.")
        self.name: Final = name
        self.place: Final = place
        self._key = key
        self._cipher = AESGCM(derive(key, b"wrap"))

    def __repr__(self) -> str:
        return f"LocalMasterKey({self.name!r})"

    def wrap(self, key: bytes, context: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, context.encode())

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        try:
            return self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):
            raise VaultError(
                f"{self.place}: the data keys were sealed with another key than this; put the old one back."
            ) from None

    def as_data_key(self) -> bytes:
        """Before there were data keys, the key of the file itself sealed: what it sealed must still be opened."""
        return self._key


def derive(key: bytes, purpose: bytes) -> bytes:
    """A key of its own for each use (HKDF-Expand, RFC 5869; ``key`` is uniformly random)."""
    return HKDFExpand(SHA256(), KEY_BYTES, b"room-system-connector " + purpose).derive(key)


def from_file(path: Path, *, create: bool) -> LocalMasterKey:
    """One line ``connector-vault-1 <32 bytes in base64>``, mode 0600, made on first use when ``create``.

    VaultError: unreadable, malformed, or open to everybody.
    """
    try:
        if create and not path.exists():
            line = f"{_MAGIC} {base64.b64encode(os.urandom(KEY_BYTES)).decode()}\n"
            create_private(path, line.encode())  # when another process was first, its key is the one
        return LocalMasterKey(_read(path), "file", str(path))
    except OSError as error:
        raise VaultError(f"{path}: the vault key cannot be read or made: {error.strerror}.") from None


def from_environment(variable: str, environ: Mapping[str, str], *, in_use: bool = False) -> LocalMasterKey:
    """32 bytes in base64, as ``openssl rand -base64 32`` prints them. VaultError never repeats what is there.

    ``in_use``: something is sealed with it already, and a new one would open nothing of that.
    """
    place = f"environment {variable}"
    words = environ.get(variable, "").split()
    if not words and in_use:
        raise VaultError(
            f"{place}: the vault's master key is not set; set it to the key that was used so far, as in the"
            " EnvironmentFile of the service: a new one would not open what is sealed."
        )
    if not words:
        raise VaultError(f"{place}: the vault's master key is not set; make one with: openssl rand -base64 32")
    try:
        key = base64.b64decode(words[-1], validate=True)
    except (ValueError, binascii.Error):
        raise VaultError(f"{place}: this is not a key in base64; make one with: openssl rand -base64 32") from None
    return LocalMasterKey(key, f"env:{variable}", place)


def _read(path: Path) -> bytes:
    if path.stat().st_mode & stat.S_IRWXO:
        raise VaultError(f"{path}: the vault key is open to everybody on this machine; run: chmod 600 {path}")
    words = path.read_bytes()[:1024].split()
    try:
        if len(words) != 2 or words[0] != _MAGIC.encode():
            raise ValueError
        return base64.b64decode(words[1], validate=True)
    except (ValueError, binascii.Error):
        raise VaultError(f"{path}: this is not a vault key file; put the right one back.") from None
