"""Asking the running daemon for something: a command row with an expiry, and its answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import click

from connector.cli.options import print_json
from connector.errors import UserError
from connector.running.configuration import Configuration, database_file
from connector.running.lock import is_held
from connector.settings import open_vault
from connector.store.api import Answer
from connector.store.store import Store

FAILED = 1
_VALID_FOR = timedelta(seconds=60)  # a command that no daemon took by then is not carried out
_ANSWER_WITHIN = 5.0  # seconds; the daemon looks every second
_UNIT_ANSWERS_WITHIN = 45.0  # seconds: an old unit takes its time, and a dial is tried for a while


def tell_daemon(config: Configuration, kind: str, target: str, json_output: bool) -> None:
    outcome = asyncio.run(_ask(config, kind, target, {}, _VALID_FOR, _ANSWER_WITHIN))
    if outcome is None:
        minutes = f"within {_ANSWER_WITHIN:.0f} s; does it run? It would still take it for {_VALID_FOR.seconds} s."
        click.echo(f"The daemon did not take the command {minutes}", err=True)
    _tell(kind, target, outcome, json_output)


def ask_unit(config: Configuration, kind: str, room: str, words: Mapping[str, str], json_output: bool) -> None:
    """Of a unit: it is carried out now or never. UserError where no daemon runs."""
    if not is_held(config.settings.data_dir):
        raise UserError(f"No daemon runs on {config.settings.data_dir}: nothing was done. Start it: connector run")
    target, valid_for = f"room:{room}", timedelta(seconds=_ANSWER_WITHIN)
    outcome = asyncio.run(_ask(config, kind, target, words, valid_for, _UNIT_ANSWERS_WITHIN))
    if outcome is None:
        within = f"within {_UNIT_ANSWERS_WITHIN:.0f} s"
        click.echo(f"The daemon did not say {within} what became of it: connector explain {room}", err=True)
    _tell(kind, target, outcome, json_output)


def _tell(kind: str, target: str, outcome: Answer | None, json_output: bool) -> None:
    failed = outcome is None or outcome.failed
    sentence = None if outcome is None else outcome.sentence
    if json_output:
        print_json({"command": kind, "target": target, "outcome": sentence, "failed": failed})
    elif sentence is not None:
        click.echo(sentence, err=failed)
    if failed:
        raise click.exceptions.Exit(FAILED)


async def _ask(
    config: Configuration, kind: str, target: str, words: Mapping[str, str], valid_for: timedelta, within: float
) -> Answer | None:
    database = database_file(config.settings)
    if not database.exists():
        raise UserError(f"{database} does not exist yet. Start the daemon with: connector run")
    store = Store.open_read_only(database, open_vault(config.settings, os.environ))
    try:
        number = await store.ask(kind, target, datetime.now(UTC), valid_for, words)
        deadline = asyncio.get_running_loop().time() + within
        while asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
            outcome = await store.outcome(number)
            if outcome is not None:
                return outcome
        return None
    finally:
        await store.close()
