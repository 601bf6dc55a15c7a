"""``connector run``: the daemon."""

from __future__ import annotations

import asyncio
import os
import signal

from connector.cli.open_files import raise_limit
from connector.cli.options import ConfigOption
from connector.observe.logs import configure
from connector.running.daemon import Connector
from connector.settings import load_settings


def run_command(config: ConfigOption = None) -> None:
    """Run until Ctrl-C or SIGTERM. Edits of connector.toml and rooms.csv take effect without a restart."""
    log = load_settings(config, os.environ).settings.log
    configure(log.format, log.level)
    raise_limit()
    asyncio.run(_run(Connector(config)))


async def _run(connector: Connector) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await connector.run(stop)
