"""Named secrets in one sealed file: what ``vault:NAME`` refers to."""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from connector.errors import UserError
from connector.vault.errors import VaultError
from connector.vault.files import open_lock, replace_private
from connector.vault.vault import Vault, sealed_with

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CONTEXT = "secrets"


def is_name(text: str) -> bool:
    """Whether a secret may be called so."""
    return _NAME.fullmatch(text) is not None


class SecretStore:
    """Reads the file at every call: another process may have set a secret meanwhile."""

    def __init__(self, path: Path, vault: Vault) -> None:
        self._path = path
        self._vault = vault

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._read()))

    def get(self, name: str) -> str | None:
        return self._read().get(name)

    def set(self, name: str, value: str) -> bool:
        """True when the name is new. UserError: not a name, or an empty value."""
        if not is_name(name):
            raise UserError(f"{name!r} is not a name for a secret: letters, digits, '.', '-' and '_', at most 64.")
        if not value:
            raise UserError(f"The secret {name} is empty; nothing was stored.")
        with self._locked():
            secrets = self._read()
            self._write(secrets | {name: value})
        return name not in secrets

    def add(self, values: Mapping[str, str], *, replace: bool) -> frozenset[str]:
        """All of them at once; the names that there were already. Without ``replace`` none is stored if there are any.

        The names and values are as ``set`` takes them.
        """
        with self._locked():
            secrets = self._read()
            known = frozenset(secrets.keys() & values.keys())
            if replace or not known:
                self._write(secrets | dict(values))
        return known

    def delete(self, name: str) -> bool:
        """False when there was none."""
        with self._locked():
            secrets = self._read()
            if name not in secrets:
                return False
            self._write({key: value for key, value in secrets.items() if key != name})
        return True

    def reencrypt(self) -> bool:
        """Seal with the data key of now. False when it is so already, or when there is nothing."""
        with self._locked():
            if self.sealed_with() in (None, self._vault.key_id):
                return False
            self._write(self._read())
        return True

    def sealed_with(self) -> bytes | None:
        """The id of the data key; None when there are no secrets."""
        try:
            return sealed_with(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise VaultError(f"{self._path} cannot be read: {error.strerror}.") from None

    def _read(self) -> dict[str, str]:
        try:
            sealed = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise VaultError(f"{self._path} cannot be read: {error.strerror}.") from None
        secrets: dict[str, str] = json.loads(self._vault.unseal(sealed, _CONTEXT))
        return secrets

    def _write(self, secrets: dict[str, str]) -> None:
        try:
            replace_private(self._path, self._vault.seal(json.dumps(secrets).encode(), _CONTEXT))
        except OSError as error:
            raise VaultError(f"{self._path} cannot be written: {error.strerror}.") from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Two commands at one time must not lose each other's secret; the sealed file itself is replaced, so it
        cannot carry the lock."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open_lock(self._path.with_suffix(".lock")) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise VaultError(f"{self._path.parent} cannot be written: {error.strerror}.") from None
