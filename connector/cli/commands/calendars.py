"""``connector calendars``: what is read, how it does, what is wrong with it, and the rooms that a provider knows."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.options import config_option, json_option

target_argument = click.argument(
    "target", metavar="ROOM|SOURCE", required=False, help="A room, or the NAME of [calendars.NAME]; else all."
)


@click.group("calendars")
def calendars_group() -> None:
    """The calendars that rooms follow."""


@calendars_group.command("doctor")
@target_argument
@config_option
@json_option
def doctor_command(target: str | None, config: Path | None, json_output: bool) -> None:
    """Examine calendars, permissions, credentials, the clock and the webhook address; touches no subscription.

    Exit 0: no problem, though perhaps warnings; 3: some problem; 1: no calendar can be read.
    """
    from connector.cli.calendars_doctor import report_findings

    report_findings(target, config, json_output)


@calendars_group.command("list")
@config_option
@json_option
def list_command(config: Path | None, json_output: bool) -> None:
    """One line a calendar, as the daemon last read it. Exit 3 when some cannot be read."""
    from connector.cli.calendars import list_calendars

    list_calendars(config, json_output)


@calendars_group.command("sync")
@target_argument
@config_option
@json_option
def sync_command(target: str | None, config: Path | None, json_output: bool) -> None:
    """Have the daemon read calendars now. A source that was refused is opened anew and asked once more."""
    from connector.cli.calendars import sync_calendars

    sync_calendars(target, config, json_output)


@calendars_group.command("release")
@click.argument("source", metavar="SOURCE", help="The NAME of [calendars.NAME].")
@config_option
@json_option
def release_command(source: str, config: Path | None, json_output: bool) -> None:
    """Believe that a source's calendars are empty, where many lost all meetings at once and that was held back."""
    from connector.cli.calendars import release_source

    release_source(source, config, json_output)


@calendars_group.command("rooms")
@click.argument("source", metavar="SOURCE", required=False, help="The NAME of [calendars.NAME]; else all.")
@config_option
@json_option
def rooms_command(source: str | None, config: Path | None, json_output: bool) -> None:
    """The rooms that the calendar services know, as a rooms.csv to fill in. Exit 3 when some could not be asked."""
    from connector.cli.calendars import list_directory

    list_directory(source, config, json_output)
