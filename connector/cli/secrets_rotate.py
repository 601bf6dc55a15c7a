"""``connector secrets rotate`` at work: everything sealed anew with a new data key, while a daemon may run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from connector.cli.options import print_json
from connector.errors import ConnectorError
from connector.running.configuration import database_file
from connector.settings import Settings, load_settings, master_key, open_vault
from connector.store.reencrypt import in_use, reseal
from connector.store.store import Store
from connector.vault import SecretStore, Vault, VaultError

PARTLY = 3
_SETTLED = timedelta(minutes=10)


def rotate_keys(old_master: str | None, config: Path | None, json_output: bool) -> None:
    settings = load_settings(config, os.environ).settings
    vault = _moved(settings, old_master) if old_master else open_vault(settings, os.environ)
    done = asyncio.run(rotate(settings, vault))
    if json_output:
        print_json(asdict(done))
    else:
        for line in _told(done):
            click.echo(line)
    raise click.exceptions.Exit(PARTLY if done.problem else 0)


@dataclass(frozen=True, slots=True)
class Rotation:
    """``resealed``: values under the new key; ``dropped``: data keys that nothing needed any more."""

    resealed: int
    dropped: int
    kept: int
    problem: str = ""


async def rotate(settings: Settings, vault: Vault, *, settled: timedelta = _SETTLED) -> Rotation:
    """A key is dropped by a later rotation than the one that retired it, and not before it is retired for ``settled``:
    until then a running daemon may still seal with it, while it waits for a key service, or be writing what it sealed.
    """
    before = datetime.now(UTC) - settled
    retired = {
        identity for identity, _, ended in vault.data_keys() if ended and datetime.fromisoformat(ended) <= before
    }
    vault.rotate()
    secrets = SecretStore(settings.secrets_file, vault)
    resealed, problem, used = int(secrets.reencrypt()), "", {secrets.sealed_with()}
    database = database_file(settings)
    if database.exists():
        store = Store.open_read_only(database, vault)
        try:
            resealed += await reseal(store, vault.key_id)
            used |= await in_use(store)
        except ConnectorError as error:
            problem, retired = str(error), set()
        finally:
            await store.close()
    gone = retired - used
    if gone:
        vault.drop(gone)
    return Rotation(resealed, len(gone), len(vault.data_keys()) - 1, problem)


def _told(done: Rotation) -> Iterator[str]:
    yield f"A new data key is in force. Sealed anew with it: {done.resealed}."
    if done.dropped:
        yield f"Older data keys dropped, as nothing needs them: {done.dropped}."
    if done.kept:
        yield f"Older data keys kept: {done.kept}. A rotation in 10 minutes or later drops what nothing needs."
    if done.problem:
        yield f"Not everything was sealed anew, and all keys are kept: {done.problem}"


def _moved(settings: Settings, old_master: str) -> Vault:
    """The keyring under the master key of the settings. Done already: nothing happens."""
    try:
        return open_vault(settings, os.environ, create=False)
    except VaultError:
        old = Vault.opened(settings.keyring_file, master_key(old_master, settings, os.environ), create=True)
        return old.move_to(master_key(settings.vault.master, settings, os.environ, create=True))
