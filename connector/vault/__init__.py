"""Encryption at rest: data keys sealed by a master key that stays in a file, the environment or a key service."""

from connector.vault.errors import Damaged, VaultError, VaultUnreachable
from connector.vault.secrets import SecretStore
from connector.vault.vault import Vault

__all__ = ["Damaged", "SecretStore", "Vault", "VaultError", "VaultUnreachable"]
