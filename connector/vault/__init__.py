"""Encryption at rest with a local key."""

from connector.vault.local import Vault, VaultError
from connector.vault.secrets import SecretStore

__all__ = ["SecretStore", "Vault", "VaultError"]
