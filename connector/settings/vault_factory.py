"""The vault that the settings describe, and the reader of references with it behind.

The vault is imported where it is opened: reading settings and rooms needs none of its ciphers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connector.settings.credentials import SecretReader
from connector.settings.messages import unreadable
from connector.settings.schema import Settings

if TYPE_CHECKING:
    from connector.vault import Vault
    from connector.vault.master_keys import MasterKey


def master_key(name: str, settings: Settings, environ: Mapping[str, str], *, create: bool = False) -> MasterKey:
    """``name`` as [vault] master has it. VaultError when there is no such key."""
    from connector.vault.aws import AwsKms
    from connector.vault.master_keys import from_environment, from_file

    kind, _, rest = name.partition(":")
    if kind == "env":
        return from_environment(rest, environ, in_use=settings.keyring_file.exists())
    if kind == "aws-kms":
        return AwsKms(rest, region=settings.vault.kms_region, endpoint=settings.vault.kms_endpoint)
    return from_file(settings.key_file, create=create)


def open_vault(settings: Settings, environ: Mapping[str, str], *, create: bool = True) -> Vault:
    """Blocking where the master key is in a key service. ``create`` as for Vault.open. VaultError."""
    from connector.vault import Vault

    if settings.vault.master == "file":
        return Vault.open(settings.key_file, create=create)
    return Vault.opened(settings.keyring_file, master_key(settings.vault.master, settings, environ), create=create)


def secret_reader(settings: Settings, environ: Mapping[str, str], vault: Vault | None = None) -> SecretReader:
    """Without ``vault`` it is opened when a vault: reference is read, and not before: most set-ups have none."""
    opened = [vault] if vault is not None else []

    def vault_secret(name: str) -> str | None:
        from connector.vault import SecretStore, VaultError

        try:
            if not settings.secrets_file.exists():
                return None
        except PermissionError as error:
            raise VaultError(unreadable(settings.secrets_file, error)) from None
        found = opened[0] if opened else open_vault(settings, environ, create=False)
        if not opened and settings.vault.master.startswith("aws-kms:"):
            opened.append(found)  # a key service is asked over the network: once
        return SecretStore(settings.secrets_file, found).get(name)

    return SecretReader(environ, settings.base, vault_secret)
