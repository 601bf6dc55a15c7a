"""The working folder of a demo: an ordinary connector.toml, rooms.csv and .ics files, as an admin would write them."""

from __future__ import annotations

import csv
import fcntl
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from connector.demo.calendars import CalendarFiles, Calendars, fill
from connector.demo.scenario import Part, Timing
from connector.errors import UserError
from device_drivers.api import Endpoint

_MARK = "made-by-connector-demo.txt"
_SETTINGS = """\
# Written by `connector demo`, anew at every start. Edit it while the demo runs: it is applied at once.

[connector]
data_dir = "data"

[networks]
private = ["127.0.1.0/24"] # the simulated units; loopback is never allowed unless it is written here

[sync]
poll_every = 5 # seconds
debounce = 0.3
read_again_after = 1

[engine]
verify_every = 15

[templates.auto]
auto_join = true

[templates.controller]
auto_join = true
options = { description = "room_controller" }
"""


@contextmanager
def open_folder(path: Path) -> Iterator[Path]:
    """An empty folder for one demo at a time. UserError when it belongs to somebody else or to a running demo."""
    mark = path / _MARK
    if path.exists() and not mark.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UserError(f"{path} holds something that no demo made; name an empty or new folder with --data.")
    path.mkdir(parents=True, exist_ok=True)
    with mark.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"Another demo is running in {path}; give this one its own folder with --data.") from None
        _clear(path)
        if mark.stat().st_size == 0:
            lock.write("A demo's folder: everything in it is made anew at every start.\n")
            lock.flush()
        yield path


def _clear(path: Path) -> None:
    """What a former demo left. The mark stays: the lock is on it."""
    for folder in ("calendars", "cloud", "credentials", "data"):
        shutil.rmtree(path / folder, ignore_errors=True)
    for file in ("connector.toml", "rooms.csv", "connector.log"):
        (path / file).unlink(missing_ok=True)


def write_calendars(folder: Path, cast: Iterable[Part], began: datetime, timing: Timing) -> None:
    """As .ics files."""
    (folder / "calendars").mkdir()
    fill(CalendarFiles(folder), cast, began, timing)


def write_settings(folder: Path, units: Iterable[tuple[Part, Endpoint]], calendars: Calendars | None = None) -> Path:
    """connector.toml, rooms.csv with each unit's certificate pin, and one credential file a unit. Returns the first.

    ``calendars``: default .ics files.
    """
    held = calendars or CalendarFiles(folder)
    secrets = folder / "credentials"
    secrets.mkdir(mode=0o700, exist_ok=True)
    rows = []
    for part, endpoint in units:
        secret = secrets / part.id
        secret.touch(mode=0o600)
        secret.write_text(f"{endpoint.username}:{endpoint.password}\n", encoding="utf-8")
        rows.append(_row(part, endpoint, held.address(part)))
    with (folder / "rooms.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    settings = folder / "connector.toml"
    settings.write_text(_SETTINGS + held.settings, encoding="utf-8")
    return settings


def _row(part: Part, endpoint: Endpoint, calendar: str) -> dict[str, str]:
    return {
        "id": part.id,
        "name": part.name,
        "site": "Demo",
        "calendar": calendar,
        "device_type": part.driver,
        "ip_address": endpoint.address,
        "port": str(endpoint.port or ""),
        "tls": f"pin:{endpoint.tls.value}",
        "credential": f"file:credentials/{part.id}",
        "timezone": part.zone,
        "template": part.template,
        "notes": "simulated",
    }
