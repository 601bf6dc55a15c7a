"""Files that only their owner may read, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO


def replace_private(path: Path, data: bytes) -> None:
    """Put ``data`` in ``path`` (mode 0600) so that a reader, or a crash, sees the old file or the new one.

    One writer at a time. What a killed one left is overwritten by the next: no secret stays behind under another name.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    os.fchmod(descriptor, 0o600)  # whatever the one that was left has
    _fill(descriptor, data)
    try:
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def open_lock(path: Path) -> IO[bytes]:
    """The file that carries a lock, mode 0600: who may not open it cannot hold it against the daemon either."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.fchmod(descriptor, 0o600)  # whatever an earlier version gave it
    return os.fdopen(descriptor, "wb")


def create_private(path: Path, data: bytes) -> bool:
    """As ``replace_private``, but only when there is no such file yet; False when somebody was first."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp: mode 0600
    temporary = Path(name)
    _fill(descriptor, data)
    try:
        os.link(temporary, path)  # fails when it exists, and never shows half a file
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)
    return True


def _fill(descriptor: int, data: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """The new name itself must survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
