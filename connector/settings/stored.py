"""The reader of references with the vault behind it."""

from __future__ import annotations

from collections.abc import Mapping

from connector.settings.credentials import SecretReader
from connector.settings.schema import Settings
from connector.vault import SecretStore, Vault


def secret_reader(settings: Settings, environ: Mapping[str, str]) -> SecretReader:
    """The vault is opened when a vault: reference is read, and not before: most set-ups have none."""

    def stored(name: str) -> str | None:
        if not settings.secrets_file.exists():
            return None
        return SecretStore(settings.secrets_file, Vault.open(settings.key_file, create=False)).get(name)

    return SecretReader(environ, settings.base, stored)
