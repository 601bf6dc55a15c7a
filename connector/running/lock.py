"""One daemon a data folder: the kernel drops the lock with the process, whatever ends it."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO, Self

from connector.errors import UserError
from connector.vault.files import open_lock


class FolderLocks:
    """Holds the lock of one data folder, and of each that the settings name later on: a second daemon that is started
    with the edited settings would drive the same rooms."""

    def __init__(self) -> None:
        self._held: dict[Path, IO[bytes]] = {}

    def take(self, folder: Path) -> bool:
        """Whether a daemon ran there before. UserError when the folder cannot be written, or another one has it."""
        folder = folder.resolve()
        if folder in self._held:
            return True
        lived_before = (folder / "connector.lock").exists()
        file = _opened(folder / "connector.lock")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise UserError(
                f"Another connector is running on {folder}; stop it first, or give this one its own connector.data_dir."
            ) from None
        self._held[folder] = file
        return lived_before

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._held.values():
            file.close()
        self._held.clear()


def is_held(folder: Path) -> bool:
    """Whether a daemon runs on it now. Changes nothing."""
    try:
        with (folder / "connector.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _opened(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"connector.data_dir: the folder {path.parent} cannot be made ({error.strerror}).") from None
    try:
        return open_lock(path)
    except OSError as error:
        raise UserError(f"connector.data_dir: {path} cannot be written ({error.strerror}).") from None
