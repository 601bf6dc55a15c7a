"""What would keep the daemon from starting, found without starting it and without changing anything."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from connector.running.configuration import database_file
from connector.settings import Settings, open_vault


def what_stops(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    """Sentences, as ``run`` would say them. A site that was never started lacks its key and its database: they come.

    The data folder is open to the daemon's user alone: for who else looks nothing is judged.
    """
    with suppress(PermissionError):
        if not _anothers(settings.data_dir):
            yield from _judged(settings, environ)


def _judged(settings: Settings, environ: Mapping[str, str]) -> Iterator[str]:
    folder = _folder_trouble(settings.data_dir)
    if folder:
        yield folder
        return  # what is in it cannot be judged
    vault = vault_trouble(settings, environ)
    if vault:
        yield vault
    if database_file(settings).exists():
        from connector.store.schema import trouble_of  # here: it loads the database's library

        cause = trouble_of(database_file(settings))
        if cause:
            yield f"The database {database_file(settings)} cannot be used ({cause})."


def vault_trouble(settings: Settings, environ: Mapping[str, str]) -> str:
    """Why the vault cannot be opened; "" when it can, or is to be made at the first start."""
    from connector.settings import master_key
    from connector.vault import VaultError

    made = settings.keyring_file.exists() or (settings.vault.master == "file" and settings.key_file.exists())
    try:
        if made:
            open_vault(settings, environ, create=False)
        elif settings.vault.master != "file":
            master_key(settings.vault.master, settings, environ)
    except VaultError as error:
        return str(error)
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return ""


def _anothers(folder: Path) -> bool:
    try:
        owner = folder.stat().st_uid
        return owner != os.geteuid() and not os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _folder_trouble(folder: Path) -> str:
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    if not there.is_dir():
        return f"connector.data_dir: the folder {folder} cannot be made (Not a directory)."
    if not os.access(there, os.W_OK | os.X_OK):
        verb = (
            f"{folder}/connector.lock cannot be written" if there == folder else f"the folder {folder} cannot be made"
        )
        return f"connector.data_dir: {verb} (Permission denied)."
    return ""
