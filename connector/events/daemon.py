"""The daemon, what it was told to do, and its database."""

from __future__ import annotations

from connector.events.base import Happened, event


@event("daemon.started", "info")
class DaemonStarted(Happened):
    """The daemon runs: its version, and the folder of its database."""

    version: str
    data_dir: str


@event("daemon.stopped", "info")
class DaemonStopped(Happened):
    """The daemon ended; sessions on the units are closed."""


@event("daemon.stood", "warning")
class DaemonStood(Happened):
    """One piece of work held up everything else, dials too: for how long, and where it was. Please report it."""

    ms: int
    doing: str  # functions, the innermost first
    more: int | None = None  # shorter ones that were not told of since the last


@event("clock.stepped", "warning")
class ClockStepped(Happened):
    """The computer's clock was set, or it slept; everything is read and planned anew. Ahead is positive."""

    seconds: int


@event("config.loaded", "info")
class ConfigLoaded(Happened):
    """A new connector.toml is in force."""


@event("config.rejected", "warning")
class ConfigRejected(Happened):
    """The file connector.toml has mistakes, or a part cannot take it; the last good configuration stays in force."""

    part: str = ""  # of the daemon, where only that one keeps what it had
    reason: str


@event("rooms.loaded", "info")
class RoomsLoaded(Happened):
    """A new rooms.csv is in force. After an edit the rooms are named that were added, changed, removed."""

    rooms: int
    problems: int
    added: str = ""
    changed: str = ""
    removed: str = ""


@event("rooms.rejected", "warning")
class RoomsRejected(Happened):
    """Rows of rooms.csv have mistakes; the other rows are in force."""

    reason: str


@event("rules.rejected", "warning")
class RulesRejected(Happened):
    """An admin's rule has a mistake and is left out; the other rules are in force."""

    reason: str


@event("library.log", "warning")
class LibraryLog(Happened):
    """A line of a library, at warning or above; ``library`` names it."""

    library: str
    message: str


@event("log.dropped", "warning")
class LogDropped(Happened):
    """Lines of level info or debug were left out: more came than whoever reads the log took."""

    lines: int


@event("watcher.failed", "error")
class WatcherFailed(Happened):
    """What watched the daemon's events met a mistake of its own; it is told of no more."""

    reason: str


@event("daemon.command", "info")
class DaemonCommand(Happened):
    """What somebody asked from another process, and what came of it."""

    command: str
    target: str
    outcome: str


@event("config.restart_needed", "warning")
class ConfigRestartNeeded(Happened):
    """A setting was changed that takes effect at the next start only."""

    setting: str


@event("store.failed", "error")
class StoreFailed(Happened):
    """The database cannot be written: rooms show what they should, and no room dials by itself."""

    database: str
    reason: str


@event("store.recovered", "info")
class StoreRecovered(Happened):
    """The database can be written again."""

    database: str


@event("store.row_unreadable", "error")
class StoreRowUnreadable(Happened):
    """A sealed value of the database was damaged: it is left out, the others are used."""

    reason: str
