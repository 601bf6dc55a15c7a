"""Names in the log that nobody can look up are of no use to an admin."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import connector
from connector.observe.events import LOG_EVENTS

PACKAGE = Path(connector.__file__).parent
FILES = (
    PACKAGE / "wiring.py",
    *(PACKAGE / "zoom_account").glob("*.py"),
    *(PACKAGE / "calendars" / name for name in ("webhooks.py", "integrations.py")),
)


def test_every_event_around_the_engine_is_in_the_table() -> None:
    pattern = re.compile(r"(calendar|webhooks|integration|zoom)\.[a-z_]+")
    used = {
        node.value
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and pattern.fullmatch(node.value)
    } - {"zoom.account"}  # a rule of the evidence
    assert len(used) > 8, "the pattern no longer finds the names"
    assert used - LOG_EVENTS.keys() == set()
