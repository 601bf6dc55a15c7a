from __future__ import annotations

import io
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import structlog

from connector.observe import logs
from tests.calendars.core.fake_source import Provider
from tests.calendars.core.house import Folder


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Installed as the kinds ``fake`` and ``other``, beside those that are really installed."""
    from connector.calendars import registry
    from connector.settings import load

    found = Provider()
    installed = registry.installed()
    monkeypatch.setattr(registry, "installed", lambda: installed | found.records())
    entries = [*entry_points(group=registry.GROUP), *_Entry.of("fake", "other")]
    monkeypatch.setattr(load, "entry_points", lambda *, group: entries)
    return found


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The log elsewhere: a command that runs in this process would have it in its output."""
    logs.configure("json", stream=io.StringIO())
    yield
    structlog.reset_defaults()


@pytest.fixture
def folder(tmp_path: Path, provider: Provider) -> Folder:
    return Folder(tmp_path, provider)


class _Entry:
    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def of(cls, *names: str) -> list[_Entry]:
        return [cls(name) for name in names]
