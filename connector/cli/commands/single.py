"""The commands of one word: run, demo, check, explain, detect, simulate."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.options import config_option, json_option
from connector.demo.calendar_kind import CalendarKind

_SHORTEST = 20  # seconds: starts, edits, dials and leaves need some time between them
_PORT = click.IntRange(0, 65535)


@click.command("run")
@config_option
def run_command(config: Path | None) -> None:
    """Run until Ctrl-C or SIGTERM. Edits of connector.toml and rooms.csv take effect without a restart.

    Exit 2: the files cannot be used; 78: the vault or the database cannot be used, and starting again would not help.
    """
    from connector.cli.run import run_daemon

    run_daemon(config)


@click.command("demo", context_settings={"show_default": True})
@click.option(
    "--seconds",
    type=click.IntRange(min=_SHORTEST),
    help="End by itself; the exit status says whether all of it was seen.",
)
@click.option("--port", type=_PORT, default=0, help="Of the page; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", help="Of the page; a loopback address.")
@click.option("--rooms", type=click.IntRange(min=2), show_default="all", help="How many of the demo's rooms.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("var/demo"),
    help="Working folder, made anew at every start.",
)
@click.option("--plain", is_flag=True, help="One line a change instead of the live view.")
@click.option(
    "--calendar",
    type=click.Choice([kind.value for kind in CalendarKind]),
    default=CalendarKind.ICS.value,
    help="Where the calendars are: files, or a service that the demo stands in for.",
)
def demo_command(
    seconds: int | None, port: int, host: str, rooms: int | None, data: Path, plain: bool, calendar: str
) -> None:
    """Watch the connector do its whole job: simulated rooms and a simulated bridge, real HTTPS and SIP between them."""
    from connector.cli.demo_run import Wishes, show

    wishes = Wishes(data.absolute(), seconds, host, port, rooms, plain, CalendarKind(calendar))
    # Ended by hand before its time, nothing was promised; with --seconds the promises count.
    raise click.exceptions.Exit(0 if show(wishes) else 1)


@click.command("check")
@config_option
@json_option
@click.option("--problems-only", is_flag=True, help="Leave the settings out.")
def check_command(config: Path | None, json_output: bool, problems_only: bool) -> None:
    """Show the effective settings, their origins, and every problem. Exit 0: good, 1: the daemon would not start,
    2: unusable, 3: some rows bad."""
    from connector.cli.check import check_configuration

    check_configuration(config, json_output, problems_only)


@click.command("explain")
@click.argument("room", metavar="ROOM", help="A room's id or name, as rooms.csv has it.")
@config_option
@json_option
def explain_command(room: str, config: Path | None, json_output: bool) -> None:
    """Show what the calendar said, what was found and why, what was pushed and dialled, what the unit answered."""
    from connector.cli.explain import explain_room

    explain_room(room, config, json_output)


@click.command("detect")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    help="Invitations: text, Markdown, HTML, .ics, JSON event or mail.",
)
@click.option("--json", "json_output", is_flag=True, help="One JSON object a line per file.")
@click.option(
    "--rule",
    type=click.Path(path_type=Path),
    help="A TOML file of rules to try: a file of its own or connector.toml.",
)
@click.option("--room", default="", help="The room id that rules for some rooms are judged for.")
@click.option("--site", default="", help="The site that rules for some sites are judged for.")
def detect_command(files: tuple[Path, ...], json_output: bool, rule: Path | None, room: str, site: str) -> None:
    """Show the meeting, the passcode and the address a room would dial, with the reason for each.

    With --rule and neither --room nor --site, a rule for some rooms counts, and the evidence names them.
    Exit status: 0 all files read, 2 none could be read (or the rules could not), 3 some, or a rule has a mistake.
    """
    from connector.cli.detect import Place, detect_files

    detect_files(files, json_output, rule, Place(room, site) if room or site else None)


@click.command("simulate", context_settings={"show_default": True})
@click.argument("driver", help="A word of the device_type column, for example cisco.")
@click.option("--host", default="127.0.1.1", help="A loopback address for the unit.")
@click.option("--port", type=_PORT, default=8443, help="0 takes a free one.")
@click.option("--firmware", default="ce9.15", help="cisco: tc7.3, ce9.15, roomos10, roomos11 or roomos26.")
@click.option("--name", default="Studio", help="The room's name, as the bridge shows it.")
@click.option("--password", default="simulated", help="Of the unit's user admin.")
def simulate_command(driver: str, host: str, port: int, firmware: str, name: str, password: str) -> None:
    """Simulate one unit on real sockets; Enter presses Join, or ends the call. Ctrl-C switches it off."""
    from connector.cli.simulate import simulate_unit

    simulate_unit(driver, host, port, firmware, name, password)
