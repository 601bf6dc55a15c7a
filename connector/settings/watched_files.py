"""Which files the daemon was told to use, and whether one of them changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.model import Room
from connector.settings.credentials import is_reference
from connector.settings.load import LoadedSettings, effective


def files_to_watch(loaded: LoadedSettings, rooms: Iterable[Room] = ()) -> tuple[Path, ...]:
    """connector.toml, the rooms, the sealed secrets, and the files that credentials and certificates refer to."""
    settings = loaded.settings
    references = [room.credential for room in rooms] + [value for _, value in effective(settings)]
    named = {settings.base / str(r).removeprefix("file:") for r in references if is_reference(r) and _is_file(r)}
    authorities = {Path(room.tls.value) for room in rooms if room.tls.mode == "ca"}
    first = [loaded.path] if loaded.path else []
    return (*first, settings.rooms_file, settings.secrets_file, *sorted(named | authorities))


def _is_file(reference: object) -> bool:
    return str(reference).startswith("file:")


@dataclass(frozen=True, slots=True)
class FileStamps:
    """A stamp of files; two stamps are equal when nothing was edited, created or removed between them."""

    by_file: Mapping[Path, str]

    @classmethod
    def of(cls, files: Iterable[Path]) -> FileStamps:
        return cls({path: _stamp(path) for path in files})

    def changed(self) -> tuple[Path, ...]:
        """The files that are not as they were when the stamp was taken."""
        return tuple(path for path, stamp in self.by_file.items() if _stamp(path) != stamp)


def _stamp(path: Path) -> str:
    """Of the content: an edit within one tick of the file system's clock counts, a mere ``touch`` does not."""
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        return f"unreadable: {error.errno}"
