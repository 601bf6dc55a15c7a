"""Secrets of the settings, as the parts need them: read, and compared without being seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from connector.engine.driver_session import Login
from connector.errors import ConnectorError
from connector.settings import Credential, SecretReader, Settings, fingerprint, secret_reader
from connector.vault import SecretStore, Vault, VaultError


class Secrets:
    """References of one process: its environment, its folder, its vault."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], vault: Vault) -> None:
        self._reader: SecretReader = secret_reader(settings, environ, vault)
        self._vault = vault
        self._known: dict[str, str] = {}  # the last fingerprint of each reference
        self.store = SecretStore(settings.secrets_file, vault)

    @property
    def secret(self) -> Callable[[str], str]:
        """From a reference to its text; UserError when it leads nowhere."""
        return self._reader.secret

    def resolve(self, reference: str) -> Credential:
        return self._reader.credential(reference)

    def fingerprint(self, login: Login, /) -> str:
        return fingerprint(Credential(login.username, login.password), self._vault.hmac)

    def fingerprints(self, references: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """(reference, keyed hash of what is behind it): equal while no secret was replaced.

        One that cannot be unsealed now tells nothing: its users go on with what they were opened with.
        """
        return tuple((reference, self._fingerprint(reference)) for reference in references)

    def _fingerprint(self, reference: str) -> str:
        try:
            found = self._vault.hmac(b"reference\0" + self._reader.secret(reference).encode())
        except VaultError:
            return self._known.get(reference, "")
        except ConnectorError:
            found = ""
        self._known[reference] = found
        return found
