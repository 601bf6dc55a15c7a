"""A file that people edit is replaced by a changed one: whole or not at all, never over what came meanwhile."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, *, before: bytes, after: bytes) -> None:
    """Written beside it and renamed, with its mode and, where this user may, its owner. A link stays a link.

    ``before``: what it must still hold. OSError, and nothing has changed, where it holds something else or cannot be
    written, or where who could read it before could not any more.
    """
    target = path.resolve(strict=True)
    state = target.stat()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            keep_owner(file.fileno(), state)
            os.fchmod(file.fileno(), stat.S_IMODE(state.st_mode))
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
        if not os.access(target, os.W_OK):
            raise PermissionError(0, "it is write-protected")
        if target.read_bytes() != before:
            raise OSError(0, "somebody changed it meanwhile")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


def keep_owner(descriptor: int, state: os.stat_result) -> None:
    """Give the open file the owner and the group of ``state``. PermissionError where its owner could not read it."""
    with suppress(PermissionError):
        os.fchown(descriptor, -1, state.st_gid)
    with suppress(PermissionError):
        os.fchown(descriptor, state.st_uid, -1)
    made = os.fstat(descriptor)
    group_reads = state.st_mode & stat.S_IRGRP and made.st_gid == state.st_gid
    if made.st_uid != state.st_uid and not (group_reads or state.st_mode & stat.S_IROTH):
        raise PermissionError(0, "its owner could not read it any more; run this as its owner, or as root")


def _sync_folder(folder: Path) -> None:
    """The new name itself must survive a power cut, where the file system can promise that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
