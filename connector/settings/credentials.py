"""Secrets by reference: env:NAME, file:PATH, vault:NAME. Nothing here prints what they hold."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connector.errors import UserError
from connector.settings.messages import unreadable

DEFAULT_USERNAME = "admin"  # what stock codecs have
_LARGEST_FILE = 64 * 1024  # bytes; a secret is a line or a key, not a disk image
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\x00-\x1f]*[^\x00-\x20]|vault:[A-Za-z0-9][A-Za-z0-9._-]*")


def is_reference(value: object) -> bool:
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Credential:
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecretReader:
    """Resolves references. ``base``: where a relative file: starts. ``vault_secret``: name -> value."""

    environ: Mapping[str, str] = field(repr=False)
    base: Path
    vault_secret: Callable[[str], str | None] = field(repr=False)

    def secret(self, reference: str) -> str:
        """The text behind a reference, a final line end left out. UserError names what is missing, never a value."""
        if not is_reference(reference):  # may be a password typed in the wrong place: not repeated
            raise UserError("A secret must be a reference: env:NAME, file:PATH or vault:NAME.")
        kind, _, name = reference.partition(":")
        if kind == "env":
            value = self.environ.get(name)
            missing = f"the environment variable {name} is not set"
        elif kind == "file":
            return self._file(reference, name)
        else:
            value = self.vault_secret(name)
            missing = f"the vault has no secret of that name; add it with: connector secrets set {name}"
        if not value:
            raise UserError(f"{reference}: {missing}.")
        return value

    def credential(self, reference: str) -> Credential:
        """``username:password``, or two lines, or a password alone for the user "admin".

        A password alone that has a colon is written with the colon of an empty user in front: ``:pass:word``.
        """
        lines = self.secret(reference).splitlines()
        if len(lines) > 2:
            raise UserError(f"{reference}: this has {len(lines)} lines; write username:password, or two lines.")
        if len(lines) == 2 and ":" in lines[0]:  # typed into a pipe twice: the log would show it as the account's name
            reason = "two lines are a user name and a password; the first has a colon: write it once"
            raise UserError(f"{reference}: {reason}.")
        user, separator, password = ("\n".join(lines)).partition("\n" if len(lines) == 2 else ":")
        if not separator:
            user, password = "", user
        if not password:
            raise UserError(f"{reference}: the password is empty.")
        return Credential(user.strip() or DEFAULT_USERNAME, password)

    def caution(self, reference: str) -> str | None:
        """A sentence about a secret's file that everybody may read; None when all is well."""
        if not reference.startswith("file:"):
            return None
        path = self.base / reference.removeprefix("file:")
        try:
            mode = path.stat().st_mode
        except OSError:
            return None  # secret() tells of it
        return f"{path} can be read by everybody; run: chmod 600 {path}" if mode & stat.S_IROTH else None

    def _file(self, reference: str, name: str) -> str:
        path = self.base / name
        try:
            with path.open("rb") as file:
                data = file.read(_LARGEST_FILE + 1)
        except OSError as error:
            raise UserError(f"{reference}: {unreadable(path, error)}") from None
        if len(data) > _LARGEST_FILE:
            raise UserError(f"{reference}: {path} is larger than a secret can be.")
        try:
            text = data.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError:
            raise UserError(f"{reference}: {path} is not UTF-8 text.") from None
        if not text:
            raise UserError(f"{reference}: {path} is empty.")
        return text


def fingerprint(credential: Credential, mac: Callable[[bytes], str]) -> str:
    """A keyed hash (``mac``: Vault.hmac) that says whether a refused credential has changed, and nothing else."""
    user, password = credential.username.encode(), credential.password.encode()
    return mac(b"credential\0" + len(user).to_bytes(4) + user + password)
