"""``connector run``: the daemon."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import typer

from connector.app import Connector
from connector.observe.logs import configure
from connector.settings import load_settings

CONFIG = typer.Option(None, "--config", "-c", help="connector.toml; the one of this folder when left out.")


def run_command(config: Path | None = CONFIG) -> None:
    """Run until Ctrl-C or SIGTERM. Edits of connector.toml and rooms.csv take effect without a restart."""
    log = load_settings(config, os.environ).settings.log
    configure(log.format, log.level)
    asyncio.run(_run(Connector(config)))


async def _run(connector: Connector) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await connector.run(stop)
