"""``connector secrets``: the values behind vault:NAME. A value is never an argument, an output or a log line."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.options import ConfigOption, JsonOption, print_json
from connector.errors import ConnectorError, UserError
from connector.running.daemon import database_file
from connector.settings import Settings, load_settings, master_key, open_vault
from connector.settings.messages import did_you_mean, shown
from connector.store.reencrypt import in_use, reseal
from connector.store.store import Store
from connector.vault import SecretStore, Vault, VaultError

secrets_app = typer.Typer(help="Named secrets, sealed with the key of this connector.", no_args_is_help=True)

PARTLY = 3
_SETTLED = timedelta(minutes=10)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What vault:NAME will refer to.")]


@secrets_app.command("set")
def set_command(name: NameArgument, config: ConfigOption = None) -> None:
    """Store a value, typed at a prompt or piped in. For a unit it is username:password, or a password alone."""
    file = load_settings(config, os.environ).settings.secrets_file
    new = _store(config).set(name, _value(name))
    typer.echo(f"{'Stored' if new else 'Replaced'} {name} in {file}; refer to it as vault:{name}")


@secrets_app.command("list")
def list_command(config: ConfigOption = None, json_output: JsonOption = False) -> None:
    """Names only."""
    file = load_settings(config, os.environ).settings.secrets_file
    names = _store(config).names() if file.exists() else ()  # to look makes no key
    if json_output:
        print_json(names)
        return
    for name in names:
        typer.echo(name)
    if not names:
        typer.echo(f"There is no secret in {file}.", err=True)


@secrets_app.command("delete")
def delete_command(name: NameArgument, config: ConfigOption = None) -> None:
    """Forget a value."""
    store = _store(config)
    if not store.delete(name):
        raise UserError(f"There is no secret {shown(name)}{did_you_mean(name, store.names())}")
    typer.echo(f"Deleted {name}")


@secrets_app.command("rotate")
def rotate_command(
    old_master: Annotated[
        str | None,
        typer.Option("--from", metavar="MASTER", help="The master key until now, after [vault] master was changed."),
    ] = None,
    config: ConfigOption = None,
    json_output: JsonOption = False,
) -> None:
    """Seal everything with a new data key: secrets, meetings, plans, what sources remember. The daemon may run.

    Exit 3 when some of it could not be sealed anew; its key is kept, so nothing is lost.
    """
    settings = load_settings(config, os.environ).settings
    vault = _moved(settings, old_master) if old_master else open_vault(settings, os.environ)
    done = asyncio.run(rotate(settings, vault))
    if json_output:
        print_json(asdict(done))
    else:
        for line in _told(done):
            typer.echo(line)
    raise typer.Exit(PARTLY if done.problem else 0)


@dataclass(frozen=True, slots=True)
class Rotation:
    """``resealed``: values under the new key; ``dropped``: data keys that nothing needed any more."""

    resealed: int
    dropped: int
    kept: int
    problem: str = ""


async def rotate(settings: Settings, vault: Vault, *, settled: timedelta = _SETTLED) -> Rotation:
    """A key is dropped by a later rotation than the one that retired it, and not before it is retired for ``settled``:
    until then a running daemon may still seal with it, while it waits for a key service, or be writing what it sealed.
    """
    before = datetime.now(UTC) - settled
    retired = {
        identity for identity, _, ended in vault.data_keys() if ended and datetime.fromisoformat(ended) <= before
    }
    vault.rotate()
    secrets = SecretStore(settings.secrets_file, vault)
    resealed, problem, used = int(secrets.reseal()), "", {secrets.sealed_with()}
    database = database_file(settings)
    if database.exists():
        store = Store.open_read_only(database, vault)
        try:
            resealed += await reseal(store, vault.key_id)
            used |= await in_use(store)
        except ConnectorError as error:
            problem, retired = str(error), set()
        finally:
            await store.close()
    gone = retired - used
    if gone:
        vault.drop(gone)
    return Rotation(resealed, len(gone), len(vault.data_keys()) - 1, problem)


def _told(done: Rotation) -> Iterator[str]:
    yield f"A new data key is in force. Sealed anew with it: {done.resealed}."
    if done.dropped:
        yield f"Older data keys dropped, as nothing needs them: {done.dropped}."
    if done.kept:
        yield f"Older data keys kept: {done.kept}. A rotation in 10 minutes or later drops what nothing needs."
    if done.problem:
        yield f"Not everything was sealed anew, and all keys are kept: {done.problem}"


def _moved(settings: Settings, old_master: str) -> Vault:
    """The ring under the master key of the settings. Done already: nothing happens."""
    try:
        return open_vault(settings, os.environ, create=False)
    except VaultError:
        old = Vault.opened(settings.ring_file, master_key(old_master, settings, os.environ), create=True)
        return old.move_to(master_key(settings.vault.master, settings, os.environ, create=True))


def _store(config: Path | None) -> SecretStore:
    settings = load_settings(config, os.environ).settings
    # Something sealed without its key means that the key file went astray; a new key would only hide that.
    return SecretStore(
        settings.secrets_file, open_vault(settings, os.environ, create=not settings.secrets_file.exists())
    )


def _value(name: str) -> str:
    if sys.stdin.isatty():
        value: str = typer.prompt(
            f"Value of {name} (of a unit: username:password)", hide_input=True, confirmation_prompt=True
        )
        return value
    return sys.stdin.read().rstrip("\r\n")
