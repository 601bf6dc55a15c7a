"""``connector run`` at work: the daemon in this process."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import click

from connector.cli.ending import Ending
from connector.cli.open_files import raise_limit
from connector.observe.logs import configure
from connector.running.daemon import Connector
from connector.settings import load_settings
from connector.settings.schema import LogSection
from connector.store.api import StoreError
from connector.vault import VaultError, VaultUnreachable

# EX_CONFIG of sysexits.h: the vault or the database stays as it is until somebody mends it, so no service restarts it.
UNUSABLE = 78


def run_daemon(config: Path | None) -> None:
    _configure_log(load_settings(config, os.environ).settings.log)
    raise_limit()
    try:
        asyncio.run(_run(Connector(config, configure_log=_configure_log, watch_loop=True)))
    except (VaultError, StoreError) as error:
        if isinstance(error, VaultUnreachable):
            raise
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(UNUSABLE) from None


def _configure_log(log: LogSection) -> None:
    configure(log.format, log.level)


async def _run(connector: Connector) -> None:
    stop, ending = asyncio.Event(), Ending()
    loop = asyncio.get_running_loop()

    def asked(_number: int, _frame: object) -> None:
        """Not the loop's own handler, which would wait for whatever holds the loop."""
        ending.begin()
        with suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, asked)
    loop.add_signal_handler(signal.SIGHUP, connector.reread)
    status = 1
    try:
        await connector.run(stop)
        status = 0
    finally:
        ending.done(status)
