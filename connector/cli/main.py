"""The ``connector`` command. One file a group of commands; this one only gathers them."""

from __future__ import annotations

import io
import sys

import typer

from connector import __version__
from connector.cli.calendars import calendars_app
from connector.cli.check import check_command
from connector.cli.demo import demo as demo_command
from connector.cli.detect import detect_command
from connector.cli.devices import devices_app
from connector.cli.drivers import app as drivers_app
from connector.cli.explain import explain_command
from connector.cli.rooms import rooms_app
from connector.cli.run import run_command
from connector.cli.secrets import secrets_app
from connector.cli.simulate import simulate_command
from connector.errors import ConnectorError, UserError

app = typer.Typer(
    name="connector",
    help="Reads room calendars, puts Join buttons on H.323/SIP room systems, and dials for them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run_command)
app.command("demo")(demo_command)
app.command("check")(check_command)
app.command("explain")(explain_command)
app.command("detect")(detect_command)
app.command("simulate")(simulate_command)
app.add_typer(rooms_app, name="rooms")
app.add_typer(calendars_app, name="calendars")
app.add_typer(devices_app, name="devices")
app.add_typer(drivers_app, name="drivers")
app.add_typer(secrets_app, name="secrets")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"connector {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    pass


def main() -> None:
    """0 ok, 1 failed, 2 your input, 3 partly done."""
    for stream in (sys.stdout, sys.stderr):  # a terminal of Latin letters gets "?" for others, not a traceback
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except UserError as error:
        for problem in error.problems:
            sys.stderr.write(f"{problem}\n")
        raise SystemExit(2) from None
    except ConnectorError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
    except PermissionError as error:  # the data folder is open to the daemon's user alone
        sys.stderr.write(f"{error.filename}: permission denied. Run this as the user of the daemon: sudo -u USER ...\n")
        raise SystemExit(1) from None
