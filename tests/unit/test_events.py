"""Events are typed, each is published somewhere, and nothing is published that the page of log events does not have."""

from __future__ import annotations

import ast
import dataclasses
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import connector
from connector import events
from connector.engine.recorder import told

PACKAGE = Path(connector.__file__).parent
NINE = datetime(2026, 11, 10, 9, tzinfo=UTC)
BY_CLASS = {cls.__name__: cls for cls in events.ALL.values()}

each_event = pytest.mark.parametrize("cls", events.ALL.values(), ids=list(events.ALL))


def sources() -> Iterator[ast.AST]:
    for file in PACKAGE.rglob("*.py"):
        if file.parent != PACKAGE / "events":
            yield from ast.walk(ast.parse(file.read_text(encoding="utf-8")))


def used() -> set[str]:
    """The names of classes of ``connector.events`` that code outside it takes up, but for imports and isinstance."""
    found = set()
    for node in sources():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "events":
            found.add(node.attr)
    return found & BY_CLASS.keys()


# ------------------------------------------------------------------------------------ the registry


@each_event
def test_an_event_has_a_dotted_name_a_level_and_a_sentence(cls: type[events.Happened]) -> None:
    name = cls.name
    assert name == name.lower() and name.count(".") == 1 and name.replace(".", "").replace("_", "").isalpha()
    assert cls.sentence[0].isupper() and cls.sentence.endswith(".")
    assert hasattr(logging, cls.level.upper())
    assert cls.__name__.lower() == name.replace(".", "").replace("_", "")


@each_event
def test_an_event_is_a_frozen_value_with_typed_fields(cls: type[events.Happened]) -> None:
    values: dict[str, object] = {field.name: 7 for field in dataclasses.fields(cls)}
    one = cls(**values)
    assert one == cls(**values) and one.fields() == values and not hasattr(one, "__dict__")
    for name in values:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, name, 8)


def test_each_event_is_published_somewhere() -> None:
    assert BY_CLASS.keys() - used() == set()


def test_nothing_is_published_by_a_name_of_its_own() -> None:
    """A string in the place of a class would be a line that nobody can look up."""
    families = {name.partition(".")[0] for name in events.ALL}
    texts = {n.value for n in sources() if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert texts & events.ALL.keys() == set()
    levels = {"debug", "info", "warning", "error", "exception"}
    lines = [
        node.args[0].value
        for node in sources()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in levels
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]
    assert [line for line in lines if str(line).partition(".")[0] in families] == []


def test_two_events_cannot_have_one_name() -> None:
    from connector.events import base

    with pytest.raises(ValueError, match=r"dial\.sent"):
        base.event("dial.sent", "info")(events.Happened)
    assert events.ALL["dial.sent"] is events.DialSent


# ------------------------------------------------------------------------------------ levels


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("zoom.forged", "warning"),
        ("config.restart_needed", "warning"),
        ("lane.failed", "error"),
        ("webhooks.handler_failed", "error"),
        ("calendar.suspiciously_empty", "error"),
        ("store.failed", "error"),
        ("store.recovered", "info"),
        ("calendar.failed", "warning"),
        ("dial.missed", "warning"),
        ("dial.sent", "info"),
    ],
)
def test_the_level_is_the_events_own(name: str, level: str) -> None:
    assert events.ALL[name].level == level


def test_what_is_a_mistake_of_this_program_is_an_error() -> None:
    of_ours = [e for e in events.ALL.values() if "mistake in this program" in e.sentence]
    assert {e.level for e in of_ours} == {"error"} and len(of_ours) == 2


# ------------------------------------------------------------------------------------ what a line has


def test_empty_fields_are_in_no_line_and_zero_is() -> None:
    event = events.CalendarCredentialExpires(days=0, reason="")
    assert told(event, NINE).line() == {
        "at": "2026-11-10T09:00:00+00:00",
        "level": "warning",
        "event": "calendar.credential_expires",
        "days": 0,
    }
    failed = events.CalendarFailed(calendar="a", error="AccessDenied", reason="no")
    assert failed.fields() == {"calendar": "a", "error": "AccessDenied", "reason": "no"}


def test_the_room_stands_beside_the_fields_and_times_are_text() -> None:
    event = events.LeavePlanned(room="aspen", booking="42", leave_at=NINE)
    one = told(event, NINE)
    assert (one.room, dict(one.fields)) == ("aspen", {"booking": "42", "leave_at": "2026-11-10T09:00:00+00:00"})
