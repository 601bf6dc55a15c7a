"""``connector secrets`` for one secret at a time. A value is never an argument, an output or a log line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from connector.cli.options import print_json
from connector.errors import UserError
from connector.settings import load_settings, open_vault
from connector.settings.messages import did_you_mean, shown
from connector.vault import SecretStore


def set_secret(name: str, config: Path | None) -> None:
    file = load_settings(config, os.environ).settings.secrets_file
    new = secret_store(config).set(name, _value(name))
    click.echo(f"{'Stored' if new else 'Replaced'} {name} in {file}; refer to it as vault:{name}")


def list_secrets(config: Path | None, json_output: bool) -> None:
    file = load_settings(config, os.environ).settings.secrets_file
    names = secret_store(config).names() if file.exists() else ()  # to look makes no key
    if json_output:
        print_json(names)
        return
    for name in names:
        click.echo(name)
    if not names:
        click.echo(f"There is no secret in {file}.", err=True)


def delete_secret(name: str, config: Path | None) -> None:
    store = secret_store(config)
    if not store.delete(name):
        raise UserError(f"There is no secret {shown(name)}{did_you_mean(name, store.names())}")
    click.echo(f"Deleted {name}")


def secret_store(config: Path | None) -> SecretStore:
    settings = load_settings(config, os.environ).settings
    # Something sealed without its key means that the key file went astray; a new key would only hide that.
    return SecretStore(
        settings.secrets_file, open_vault(settings, os.environ, create=not settings.secrets_file.exists())
    )


def _value(name: str) -> str:
    if sys.stdin.isatty():
        value: str = click.prompt(
            f"Value of {name} (of a unit: username:password)", hide_input=True, confirmation_prompt=True
        )
        return value
    return sys.stdin.read().rstrip("\r\n")
