"""Looks whether the files that the daemon was told to use were edited, and reads them anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connector import events
from connector.errors import UserError
from connector.events import Publish
from connector.running.configuration import Configuration, kept_for_a_process, read_configuration
from connector.running.lock import FolderLocks
from connector.settings import FileStamps, files_to_watch


class Follower:
    """``look`` about once a second: hashing a few small files costs less than a watcher per folder."""

    def __init__(
        self, config: Configuration, path: Path | None, environ: Mapping[str, str], locks: FolderLocks, publish: Publish
    ) -> None:
        self._config = config
        self._path = config.loaded.path or path
        self._environ = environ
        self._locks = locks
        self._publish = publish
        self._inputs = self._seen = FileStamps.of(files_to_watch(config.loaded, config.rooms.rooms))
        self._restart_needed: frozenset[str] = frozenset()  # of these the log speaks already

    def look(self, *, at_once: bool = False) -> Configuration | None:
        """What the files say now, when they say something else. A mistake is told of, and nothing of it is used."""
        if not self._edited(at_once):
            return None
        try:
            fresh = self._read()
        except UserError as error:
            self._inputs = FileStamps.of(self._inputs.by_file)
            for problem in error.problems:
                self._publish(events.ConfigRejected(reason=f"{problem} The last good configuration stays."))
            return None
        self._inputs = FileStamps.of(files_to_watch(fresh.loaded, fresh.rooms.rooms))
        if fresh.settings != self._config.settings:
            self._publish(events.ConfigLoaded())
        self._config = fresh
        return fresh

    def _edited(self, at_once: bool) -> bool:
        if at_once:
            return True
        if not self._inputs.changed():
            return False
        last, self._seen = self._seen, FileStamps.of(self._inputs.by_file)
        return self._seen == last  # else it may be half written: what two looks see is believed

    def _read(self) -> Configuration:
        read = read_configuration(self._path, self._environ)
        if read.loaded.empty and not self._config.loaded.empty:
            raise UserError(f"{self._path} is empty.")
        fresh, edited = kept_for_a_process(read, self._config)
        self._tell_of_restart(read, frozenset(edited))
        return fresh

    def _tell_of_restart(self, read: Configuration, edited: frozenset[str]) -> None:
        for setting in sorted(edited - self._restart_needed):
            self._publish(events.ConfigRestartNeeded(setting=setting))
        self._restart_needed = edited
        if "connector.data_dir" in edited:  # a second daemon that is started there would drive the same rooms
            self._locks.take(read.settings.data_dir)
