"""``connector secrets``: the values behind vault:NAME. A value is never an argument, an output or a log line."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.options import config_option, json_option

name_argument = click.argument("name", metavar="NAME", help="What vault:NAME will refer to.")


@click.group("secrets")
def secrets_group() -> None:
    """Named secrets, sealed with the key of this connector."""


@secrets_group.command("set")
@name_argument
@config_option
def set_command(name: str, config: Path | None) -> None:
    """Store a value, typed at a prompt or piped in. For a unit it is username:password, or a password alone."""
    from connector.cli.secrets import set_secret

    set_secret(name, config)


@secrets_group.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path), help="Rows name,value or lines name=value.")
@click.option("--replace", is_flag=True, help="Also those whose names there are already.")
@config_option
def import_command(file: Path, replace: bool, config: Path | None) -> None:
    """Store many values from a file: all of them, or none where a row has a mistake. Delete the file afterwards."""
    from connector.cli.secrets_import import import_secrets

    import_secrets(file, config, replace=replace)


@secrets_group.command("list")
@config_option
@json_option
def list_command(config: Path | None, json_output: bool) -> None:
    """Names only."""
    from connector.cli.secrets import list_secrets

    list_secrets(config, json_output)


@secrets_group.command("delete")
@name_argument
@config_option
def delete_command(name: str, config: Path | None) -> None:
    """Forget a value."""
    from connector.cli.secrets import delete_secret

    delete_secret(name, config)


@secrets_group.command("rotate")
@click.option(
    "--from", "old_master", metavar="MASTER", help="The master key until now, after [vault] master was changed."
)
@config_option
@json_option
def rotate_command(old_master: str | None, config: Path | None, json_output: bool) -> None:
    """Seal everything with a new data key: secrets, meetings, plans, what sources remember. The daemon may run.

    Exit 3 when some of it could not be sealed anew; its key is kept, so nothing is lost.
    """
    from connector.cli.secrets_rotate import rotate_keys

    rotate_keys(old_master, config, json_output)
