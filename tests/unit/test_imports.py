"""What every command, and the daemon, loads: large libraries wait until something asks for them.

Counted by modules, not by seconds: a busy machine changes nothing. ``python -m benchmarks.start_up`` has the seconds.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # starts programs

_LARGE = ("alembic", "exchangelib", "fastapi", "googleapiclient", "msal", "boto3", "uvicorn")
_SERVICES = (
    *_LARGE, "aiohttp", "aiosqlite", "httpx2", "icalendar", "jinja2", "lxml", "recurring_ical_events", "requests",
    "spnego", "sqlalchemy", "structlog", "watchfiles",
)  # fmt: skip
_BESIDE_CLICK = (
    *_SERVICES, "asyncio", "cryptography", "pydantic", "pydantic_settings", "re2", "rich", "ssl", "typer",
    "connector.detection", "connector.model", "connector.running", "connector.settings", "connector.store",
    "device_drivers",
)  # fmt: skip

_HELP = """
import contextlib, io, sys
from connector.cli.main import app

def leaves(command, words):
    yield command, words
    for name, one in getattr(command, "commands", {}).items():
        yield from leaves(one, [*words, name])

for command, words in leaves(app, []):
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        app([*words, "--help"], prog_name="connector", standalone_mode=False)
    assert command.help.split("\\n")[0].split(":")[0] in " ".join(shown.getvalue().split()), words
    loaded = [name for name in %r if name in sys.modules]
    assert not loaded, (words, loaded)
    print(*words)
"""


def _printed(code: str, folder: Path | None = None) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_help_of_each_command_loads_nothing_but_click() -> None:
    """Typer counts as large: it brings pydantic and rich to each start."""
    told = _printed(_HELP % (_BESIDE_CLICK,))
    assert {"", "run", "rooms list", "calendars doctor", "secrets rotate"} <= set(told)


@pytest.mark.parametrize(
    ("words", "also_unloaded"),
    [
        ("rooms list --json", ("cryptography", "rich", "connector.detection", "connector.vault")),
        ("rooms show r1", ("cryptography", "connector.detection", "connector.vault")),
        ("secrets list", ("rich", "connector.detection", "connector.store")),
        ("detect meeting.txt", ("cryptography", "pydantic", "rich", "connector.settings")),
    ],
)
def test_a_command_that_only_reads_files_loads_no_service(
    tmp_path: Path, words: str, also_unloaded: tuple[str, ...]
) -> None:
    (tmp_path / "connector.toml").touch()
    (tmp_path / "rooms.csv").write_text("id,calendar,device_type,ip_address\nr1,a.ics,cisco,10.0.0.1\n")
    (tmp_path / "meeting.txt").write_text("https://zoom.us/j/81920374655\n")
    code = f"""
import sys
from connector.cli.main import app
app({words.split()!r}, standalone_mode=False)
print("loaded", *(name for name in {(*_SERVICES, *also_unloaded)!r} if name in sys.modules))
"""
    assert _printed(code, tmp_path)[-1] == "loaded"


def test_the_daemon_loads_no_large_library_before_it_is_needed() -> None:
    code = f"import sys, connector.cli.run; print(*(name for name in {_LARGE!r} if name in sys.modules))"
    assert _printed(code) == [""]


def test_opening_one_kind_of_source_loads_no_other() -> None:
    code = f"""
import sys
from pathlib import Path
from connector.calendars.base import MemoryState, NoWebhooks, SourceContext
from connector.calendars.registry import open_source
context = SourceContext("ics", str, Path("/"), MemoryState(), NoWebhooks(), lambda _: None)
open_source("ics", {{}}, context)
print(*(name for name in {_LARGE!r} if name in sys.modules))
"""
    assert _printed(code) == [""]
