"""Names in the log that nobody can look up are of no use to an admin."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import connector
from connector.observe.events import LOG_EVENTS

PACKAGE = Path(connector.__file__).parent
FILES = (
    PACKAGE / "wiring.py",
    *(PACKAGE / "calendars").rglob("*.py"),
    *(PACKAGE / "zoom_account").rglob("*.py"),
)
NAME = re.compile(r"(calendar|webhooks|integration|zoom)\.[a-z_]+")
NO_EVENTS = {"zoom.account"}  # a rule of the evidence


def used_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if NAME.fullmatch(text)} - NO_EVENTS


@pytest.mark.parametrize("folder", ["calendars/graph", "calendars/google", "calendars/exchange", "zoom_account"])
def test_each_folder_tells_of_something(folder: str) -> None:
    found = set().union(*map(used_in, (PACKAGE / folder).rglob("*.py")))
    assert found, "the pattern no longer finds the names"


def test_every_event_around_the_engine_is_in_the_table() -> None:
    used = set().union(*map(used_in, FILES))
    assert len(used) > 12, "the pattern no longer finds the names"
    assert used - LOG_EVENTS.keys() == set()


def test_no_event_of_the_table_has_lost_its_teller() -> None:
    told = set().union(*(used_in(file) for file in PACKAGE.rglob("*.py") if file.name != "events.py"))
    assert {name for name in LOG_EVENTS if NAME.fullmatch(name)} - told == set()
