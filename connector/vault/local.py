"""The vault: AES-256-GCM with a key in a local file, and a keyed hash with a key derived from the same.

Key file: one line, ``connector-vault-1 <32 bytes in base64>``, mode 0600. Sealed form, version 1:
``0x01 | key id (8 bytes) | nonce (12 bytes) | ciphertext and tag``; everything before the ciphertext, and the context,
are authenticated with it. The key id lets a later version hold several keys. Nonces are random: NIST SP 800-38D allows
2**32 sealings under one key, far above what a room list and its meetings need.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from connector.errors import ConnectorError
from connector.vault.files import create_private

_MAGIC: Final = "connector-vault-1"
_VERSION: Final = b"\x01"
_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32


class VaultError(ConnectorError):
    """The key is unusable, or something sealed is not what this key sealed. The message carries no secret."""


class Vault:
    """Holds the keys in memory; has no repr of them. Safe to use from several threads."""

    def __init__(self, key: bytes, key_file: Path) -> None:
        if len(key) != _KEY_BYTES:
            raise VaultError(f"{key_file}: the vault key has {len(key)} bytes; it must have {_KEY_BYTES}.")
        self._file = key_file
        self._cipher = AESGCM(_derive(key, b"seal"))
        self._mac_key = _derive(key, b"hmac")
        self.key_id: Final = _derive(key, b"key id")[:_ID_BYTES]

    def __repr__(self) -> str:
        return f"Vault({str(self._file)!r})"

    @classmethod
    def open(cls, key_file: Path, *, create: bool = True) -> Vault:
        """Read the key, or make one on first use. VaultError: unreadable, malformed, or open to everybody.

        ``create`` is False where something sealed exists already: a new key could not open it.
        """
        try:
            if create and not key_file.exists():
                line = f"{_MAGIC} {base64.b64encode(os.urandom(_KEY_BYTES)).decode()}\n"
                create_private(key_file, line.encode())  # when another process was first, its key is the one
            return cls(_read_key(key_file), key_file)
        except OSError as error:
            raise VaultError(f"{key_file}: the vault key cannot be read or made: {error.strerror}.") from None

    def seal(self, data: bytes, context: str) -> bytes:
        """Encrypt ``data`` for one use. ``context`` names what it is, and must be said again to unseal it."""
        nonce = os.urandom(_NONCE_BYTES)
        head = _VERSION + self.key_id + nonce
        return head + self._cipher.encrypt(nonce, data, _bound(head, context))

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """The data. VaultError: another key, another context, or changed since."""
        start = len(_VERSION) + _ID_BYTES + _NONCE_BYTES
        if len(sealed) < start + _TAG_BYTES or sealed[:1] != _VERSION:
            raise VaultError(f"The sealed {context} is not in a form that this version knows; it may be damaged.")
        if sealed[1 : 1 + _ID_BYTES] != self.key_id:
            raise VaultError(
                f"The sealed {context} was made with another key than {self._file}; put the old key file back."
            )
        head = sealed[:start]
        try:
            return self._cipher.decrypt(head[-_NONCE_BYTES:], sealed[start:], _bound(head, context))
        except InvalidTag:
            raise VaultError(f"The sealed {context} was changed or damaged; restore it from a backup.") from None

    def hmac(self, data: bytes) -> str:
        """A keyed SHA-256 of ``data``, hex: it tells whether two values are equal, to nobody without the key."""
        return hmac.new(self._mac_key, data, hashlib.sha256).hexdigest()


def _derive(key: bytes, purpose: bytes) -> bytes:
    """A key of its own for each use (HKDF-Expand, RFC 5869; the file's key is uniformly random)."""
    return HKDFExpand(SHA256(), _KEY_BYTES, b"room-system-connector " + purpose).derive(key)


def _bound(head: bytes, context: str) -> bytes:
    return head + context.encode()


def _read_key(key_file: Path) -> bytes:
    if key_file.stat().st_mode & stat.S_IRWXO:
        raise VaultError(f"{key_file}: the vault key is open to everybody on this machine; run: chmod 600 {key_file}")
    words = key_file.read_bytes()[:1024].split()
    try:
        if len(words) != 2 or words[0] != _MAGIC.encode():
            raise ValueError
        return base64.b64decode(words[1], validate=True)
    except (ValueError, binascii.Error):
        raise VaultError(f"{key_file}: this is not a vault key file; put the right one back.") from None
