"""The ``connector`` command: gathers what ``commands`` declares, and ends each slip in a sentence and a status."""

from __future__ import annotations

import io
import sys

import click

from connector import __version__
from connector.cli.commands.calendars import calendars_group
from connector.cli.commands.devices import devices_group
from connector.cli.commands.drivers import drivers_group
from connector.cli.commands.rooms import rooms_group
from connector.cli.commands.secrets import secrets_group
from connector.cli.commands.single import (
    check_command,
    demo_command,
    detect_command,
    explain_command,
    run_command,
    simulate_command,
)
from connector.errors import ConnectorError, UserError


@click.group(context_settings={"max_content_width": 120})
@click.version_option(__version__, message="connector %(version)s", help="Print the version.")
def app() -> None:
    """Reads room calendars, puts Join buttons on H.323/SIP room systems, and dials for them."""


for _command in (
    run_command,
    demo_command,
    check_command,
    explain_command,
    detect_command,
    simulate_command,
    rooms_group,
    calendars_group,
    devices_group,
    drivers_group,
    secrets_group,
):
    app.add_command(_command)


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
