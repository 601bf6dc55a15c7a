"""What goes wrong with keys and sealed things."""

from __future__ import annotations

from connector.errors import ConnectorError


class VaultError(ConnectorError):
    """A key is unusable, or something sealed is not what our keys sealed. The message carries no secret."""


class VaultUnreachable(VaultError):
    """The key service did not answer: it may work in a moment."""


class Damaged(VaultError):
    """Our key sealed it, and it was changed since: what concerns one thing, and says nothing about the others."""
