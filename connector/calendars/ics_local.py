"""Calendars on disk: one .ics file, or a folder of them. Blocking code: run it in a thread."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from connector.calendars.bounded import too_large
from connector.calendars.icalendar_events import Agenda, Parsed, parse
from connector.errors import AccessDenied, CalendarError, SourceUnavailable
from connector.model import Snapshot, Unreadable, Window

_SETTLED = 2.0  # seconds: a file that changed less than this ago may still be being written


class MissingFile(SourceUnavailable):
    """Nothing is where the calendar column, with the folder of the source, says."""

    remedy = "Put the file there, or correct the calendar column of rooms.csv, or folder in connector.toml."


Signature = tuple[str, int, int, int]  # name, modification time in ns, size, inode


@dataclass(slots=True)
class _File:
    """What is known of one file. ``parsed`` is its last good form."""

    signature: Signature
    certain: bool  # False: read so soon after its change that the same signature may hide another change
    digest: bytes = b""
    parsed: Parsed | None = None
    problem: CalendarError | None = None


def signatures(path: Path) -> tuple[Signature, ...]:
    """Of the file, or of the .ics files of the folder; changes when they do. Raises OSError."""
    if not path.is_dir():
        return (_signature(path.name, os.stat(path)),)
    found: list[Signature] = []
    with os.scandir(path) as entries:
        for entry in entries:
            if is_calendar_file(entry.name):
                try:
                    found.append(_signature(entry.name, entry.stat()))
                except FileNotFoundError:
                    continue  # removed while we looked, or a dangling link: not listed any more
    return tuple(sorted(found))


def is_calendar_file(name: str) -> bool:
    """Hidden names are what editors and file transfers write to before they rename."""
    return name.lower().endswith(".ics") and not name.startswith((".", "~"))


def _signature(name: str, status: os.stat_result) -> Signature:
    return name, status.st_mtime_ns, status.st_size, status.st_ino


class LocalCalendar:
    """One file or folder. Not for several threads at once."""

    def __init__(self, path: Path, *, size_limit: int) -> None:
        self.path = path
        self._size_limit = size_limit
        self._files: dict[str, _File] = {}
        self._agendas: dict[tzinfo, tuple[list[Parsed], Agenda]] = {}
        self._missing: CalendarError | None = None
        self._is_folder = False

    def refresh(self) -> bool:
        """Reads what changed on disk; an unchanged file costs one stat. False: look again in a moment, something is
        broken or missing that may just be being written.
        """
        try:
            self._is_folder = self.path.is_dir()
            listed = signatures(self.path)
        except OSError as error:
            was_there, self._missing = self._missing is None and bool(self._files), _cannot_open(self.path, error)
            return not was_there
        self._missing = None
        self._files = {name: self._file(signature) for signature in listed for name in [signature[0]]}
        newest_allowed = (time.time() - _SETTLED) * 1e9
        return all(f.problem is None or f.signature[1] < newest_allowed for f in self._files.values())

    def snapshot(self, window: Window, zone: tzinfo) -> Snapshot:
        """Of what ``refresh`` read. Raises a CalendarError where that is not a complete listing."""
        if self._missing is not None:
            raise _again(self._missing)
        if not self._is_folder:
            for file in self._files.values():
                if file.problem is not None:
                    raise _again(file.problem)
        good = [file.parsed for file in self._files.values() if file.problem is None and file.parsed is not None]
        read = self._agenda(good, zone).between(window)
        return Snapshot(read.events, read.unreadable + self._unreadable(good))

    def _agenda(self, good: list[Parsed], zone: tzinfo) -> Agenda:
        """One for each zone that rooms of this calendar have."""
        before, agenda = self._agendas.get(zone, (None, None))
        if agenda is None or before is None or [id(p) for p in before] != [id(p) for p in good]:
            agenda = Agenda(good, zone=zone, previous=agenda)
            self._agendas[zone] = (good, agenda)
        return agenda

    def _unreadable(self, good: list[Parsed]) -> tuple[Unreadable, ...]:
        """Broken files: one entry for each event of their last good form, else one without a UID."""
        elsewhere = frozenset[str]().union(*(parsed.uids for parsed in good))
        found: list[Unreadable] = []
        for file in self._files.values():
            if file.problem is not None:
                uids = sorted(file.parsed.uids - elsewhere) if file.parsed is not None else [""]
                found += [Unreadable(uid, str(file.problem)) for uid in uids]
        return tuple(found)

    def _file(self, signature: Signature) -> _File:
        name, changed, *_ = signature
        old = self._files.get(name)
        if old is not None and old.certain and old.signature == signature:
            return old
        file = _File(signature, certain=changed < (time.time() - _SETTLED) * 1e9, parsed=old.parsed if old else None)
        path = self.path / name if self._is_folder else self.path
        try:
            data = self._data(path)
            file.digest = hashlib.blake2b(data, digest_size=16).digest()
            if old is not None and old.digest == file.digest:
                file.problem = old.problem
            else:
                file.parsed = parse(data, f"The file {path.name}", previous=file.parsed)
        except OSError as error:
            file.problem, file.certain = _cannot_open(path, error), False
        except CalendarError as error:
            file.problem = error
        return file

    def _data(self, path: Path) -> bytes:
        with path.open("rb") as stream:
            data = stream.read(self._size_limit + 1)
        if len(data) > self._size_limit:
            sentence = str(too_large(f"The file {path.name}", self._size_limit)).removesuffix(".")
            raise SourceUnavailable(f"{sentence}: export a shorter range of time.")
        return data


def _again(problem: CalendarError) -> CalendarError:
    """Raised many times: a new one each time, or each adds to the traceback of the one."""
    return type(problem)(str(problem))


def _cannot_open(path: Path, error: OSError) -> CalendarError:
    if isinstance(error, PermissionError):
        return AccessDenied(f"{path} may not be read by the user that the connector runs as: check its owner and mode.")
    if isinstance(error, FileNotFoundError):
        return MissingFile(f"{path} does not exist: check the calendar column and the folder of the source.")
    return SourceUnavailable(f"{path} cannot be read: {error.strerror or type(error).__name__}.")
