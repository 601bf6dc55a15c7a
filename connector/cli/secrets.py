"""``connector secrets``: the values behind vault:NAME. A value is never an argument, an output or a log line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.options import ConfigOption, JsonOption, print_json
from connector.errors import UserError
from connector.settings import load_settings
from connector.settings.sentences import did_you_mean, shown
from connector.vault import SecretStore, Vault

secrets_app = typer.Typer(help="Named secrets, sealed with the key of this connector.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What vault:NAME will refer to.")]


@secrets_app.command("set")
def set_command(name: NameArgument, config: ConfigOption = None) -> None:
    """Store a value, typed at a prompt or piped in. For a unit it is username:password, or a password alone."""
    store = _store(config)
    new = store.set(name, _value(name))
    typer.echo(f"{'Stored' if new else 'Replaced'} {name}; refer to it as vault:{name}")


@secrets_app.command("list")
def list_command(config: ConfigOption = None, json_output: JsonOption = False) -> None:
    """Names only."""
    names = _store(config).names()
    if json_output:
        print_json(names)
    else:
        for name in names:
            typer.echo(name)


@secrets_app.command("delete")
def delete_command(name: NameArgument, config: ConfigOption = None) -> None:
    """Forget a value."""
    store = _store(config)
    if not store.delete(name):
        raise UserError(f"There is no secret {shown(name)}{did_you_mean(name, store.names()) or '.'}")
    typer.echo(f"Deleted {name}")


def _store(config: Path | None) -> SecretStore:
    settings = load_settings(config, os.environ).settings
    # Something sealed without its key means that the key file went astray; a new key would only hide that.
    key = Vault.open(settings.key_file, create=not settings.secrets_file.exists())
    return SecretStore(settings.secrets_file, key)


def _value(name: str) -> str:
    if sys.stdin.isatty():
        value: str = typer.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=True)
        return value
    return sys.stdin.read().rstrip("\r\n")
