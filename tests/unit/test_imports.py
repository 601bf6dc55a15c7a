"""What every command, and the daemon, loads: large libraries wait until something asks for them."""

from __future__ import annotations

import subprocess
import sys

_LARGE = ("alembic", "caldav", "exchangelib", "fastapi", "googleapiclient", "msal", "boto3", "uvicorn")


def test_the_command_loads_no_large_library_before_it_is_needed() -> None:
    code = f"import sys, connector.cli.main; print(*(name for name in {_LARGE!r} if name in sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == []


def test_opening_one_kind_of_source_loads_no_other() -> None:
    code = f"""
import sys
from pathlib import Path
from connector.calendars.base import NoKeep, NoWebhooks, SourceContext
from connector.calendars.registry import open_source
context = SourceContext("ics", str, Path("/"), NoKeep(), NoWebhooks(), lambda *_, **__: None)
open_source("ics", {{}}, context)
print(*(name for name in {_LARGE!r} if name in sys.modules))
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == []
