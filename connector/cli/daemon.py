"""Asking the running daemon for something: a command row with an expiry, and its answer."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta

import click

from connector.cli.options import print_json
from connector.errors import UserError
from connector.running.configuration import Configuration, database_file
from connector.settings import open_vault
from connector.store.store import Store

FAILED = 1
_VALID_FOR = timedelta(seconds=60)  # a command that no daemon took by then is not carried out
_ANSWER_WITHIN = 5.0  # seconds; the daemon looks every second


def tell_daemon(config: Configuration, kind: str, target: str, json_output: bool) -> None:
    outcome = asyncio.run(_ask(config, kind, target))
    if json_output:
        print_json({"command": kind, "target": target, "outcome": outcome})
    elif outcome is not None:
        click.echo(outcome)
    if outcome is None:
        minutes = f"within {_ANSWER_WITHIN:.0f} s; does it run? It would still take it for {_VALID_FOR.seconds} s."
        click.echo(f"The daemon did not take the command {minutes}", err=True)
        raise click.exceptions.Exit(FAILED)


async def _ask(config: Configuration, kind: str, target: str) -> str | None:
    database = database_file(config.settings)
    if not database.exists():
        raise UserError(f"{database} does not exist yet. Start the daemon with: connector run")
    store = Store.open_read_only(database, open_vault(config.settings, os.environ))
    try:
        number = await store.ask(kind, target, datetime.now(UTC), _VALID_FOR)
        deadline = asyncio.get_running_loop().time() + _ANSWER_WITHIN
        while asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
            outcome = await store.outcome(number)
            if outcome is not None:
                return outcome
        return None
    finally:
        await store.close()
