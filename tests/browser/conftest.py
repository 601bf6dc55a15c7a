from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from connector.demo.loopback_server import serve
from connector.demo.page import build_app

from .fake_backend import FakeBackend


@dataclass
class Site:
    url: str  # ends with a slash
    backend: FakeBackend

    @property
    def origin(self) -> str:
        return self.url.rstrip("/")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    backend = FakeBackend()
    async with serve(build_app(backend), "127.0.0.1", 0) as url:
        yield Site(url, backend)
