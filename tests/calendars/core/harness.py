"""A folder with connector.toml and rooms.csv, and a daemon on it in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from connector.cli.main import app
from connector.running.daemon import Connector, running
from tests.calendars.core.fake_source import Provider
from tests.support.patience import until

NETWORKS = '[networks]\nprivate = ["127.0.0.0/8"]\n'


class Folder:
    def __init__(self, path: Path, provider: Provider) -> None:
        self.path = path
        self.provider = provider
        self.events: list[dict[str, Any]] = []
        self.environ: dict[str, str] = {}

    @property
    def database(self) -> Path:
        return self.path / "var" / "connector.db"

    def toml(self, text: str) -> None:
        (self.path / "connector.toml").write_text(f"{NETWORKS}{text}")

    def rooms(self, **calendars: str) -> None:
        """Room id -> its calendar. The units are not there: nobody listens on such low ports."""
        (self.path / "units").mkdir(exist_ok=True)
        rows = [
            f"{name},{name},{c},cisco,127.0.0.1,{port},env:PW" for port, (name, c) in enumerate(calendars.items(), 1)
        ]
        head = "id,name,calendar,device_type,ip_address,port,credential"
        (self.path / "rooms.csv").write_text("\n".join([head, *rows]) + "\n")

    @asynccontextmanager
    async def daemon(self) -> AsyncIterator[Connector]:
        self.events.clear()
        environ: Mapping[str, str] = {"PW": "x", **self.environ}
        async with running(Connector(self.path, environ=environ, watcher=self.events.append)) as connector:
            await until(lambda: self.named("rooms.loaded"), "the daemon runs")
            yield connector

    def named(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments, "-c", str(self.path)])

    async def run_beside(self, *arguments: str) -> Result:
        """While this process has a daemon."""
        return await asyncio.to_thread(self.run, *arguments)
