"""Sources by name and their options."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from connector.calendars.base import MemoryState, NoWebhooks, SourceContext
from connector.calendars.registry import GROUP, SourceRecord, _load, open_source
from connector.errors import UserError
from tests.calendars.ics_text import vcalendar, vevent, window

BUILT_IN = {name: _load(EntryPoint(name, f"connector.calendars.{name}:plug", GROUP)) for name in ("ics", "caldav")}


def context(secret: Callable[[str], str], base: Path) -> SourceContext:
    return SourceContext("test", secret, base, MemoryState(), NoWebhooks(), lambda _: None)


def no_secret(reference: str) -> str:
    raise AssertionError("no secret is needed")


async def test_an_ics_source_by_its_options(tmp_path: Path) -> None:
    (tmp_path / "rooms").mkdir()
    (tmp_path / "rooms" / "a.ics").write_bytes(vcalendar(vevent("a", "20261110T100000", "20261110T110000")))
    config = {"folder": "rooms", "timezone": "Europe/Berlin"}
    async with open_source("ics", config, context(no_secret, tmp_path), among=BUILT_IN) as source:
        (event,) = (await source.read("a.ics", window("2026-11-10", "2026-11-11"))).events
    assert event.start.hour == 9


async def test_a_caldav_source_asks_for_its_secret(tmp_path: Path) -> None:
    asked: list[str] = []

    def secret(reference: str) -> str:
        asked.append(reference)
        return "s3cret"

    config = {"url": "https://dav.example.org/", "username": "rooms", "password": "env:DAV", "poll_every": 30}
    async with open_source("caldav", config, context(secret, tmp_path), among=BUILT_IN) as source:
        assert "s3cret" not in repr(source)
    assert asked == ["env:DAV"]


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        ("ics", {"foldr": "x"}, ["foldr", "did you mean folder"]),
        ("ics", {"timezone": "Mars"}, ["Mars"]),
        ("ics", {"poll_every": "often", "allow_http": 1}, ["poll_every", "allow_http"]),
        ("ics", {"poll_every": 0}, ["poll_every"]),
        ("caldav", {}, ["url is missing", "username is missing", "password is missing"]),
        ("caldav", {"url": "http://x/", "username": "a", "password": "env:X"}, ["https"]),
        ("caldav", {"url": "https://x/", "username": "a", "password": "env:X", "auth": "ntlm"}, ["basic or digest"]),
        ("graph", {}, ["no calendar source 'graph'", "caldav, ics"]),
    ],
)
def test_wrong_options_are_sentences(kind: str, config: dict[str, object], words: list[str], tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        open_source(kind, config, context(no_secret, tmp_path), among=BUILT_IN)
    for word in words:
        assert word in str(caught.value)
    assert all(problem.endswith((".", "?")) or "did you mean" in problem for problem in caught.value.problems)


def test_a_source_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    broken = _load(EntryPoint("broken", "connector.calendars.no_such_module:plug", GROUP))
    assert broken.factory is None
    assert _load(EntryPoint("text", "connector.calendars.registry:GROUP", GROUP)).factory is None
    records: dict[str, SourceRecord] = {**BUILT_IN, "broken": broken}
    with pytest.raises(UserError, match="no_such_module"):
        open_source("broken", {}, context(no_secret, tmp_path), among=records)
