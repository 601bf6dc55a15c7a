from __future__ import annotations

import io
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import structlog

from connector.calendars.registry import Factory
from connector.observe import logs
from tests.calendars.core.fake_source import Provider
from tests.calendars.core.harness import Folder


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Installed as the kinds ``fake`` and ``other``, beside those that are really installed."""
    from connector.calendars import registry
    from connector.settings import load

    found = Provider()
    entries = [*entry_points(group=registry.GROUP), _Entry("fake", found), _Entry("other", found)]
    for module in (registry, load):
        monkeypatch.setattr(module, "entry_points", lambda *, group: entries)
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
    """An entry point that leads to the test's own provider."""

    def __init__(self, name: str, provider: Provider) -> None:
        self.name = name
        self.value = f"a test's:{name}"
        self._provider = provider

    def load(self) -> Factory:
        return self._provider.plug
