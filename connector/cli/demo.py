"""`connector demo`: the whole job on this machine, with simulated rooms and a simulated bridge."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.demo.clouds import CalendarKind
from connector.demo.scenario import CAST

_SHORTEST = 20  # seconds: starts, edits, dials and leaves need some time between them


def demo(
    seconds: Annotated[
        int | None, typer.Option(min=_SHORTEST, help="End by itself; the exit status says whether all of it was seen.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page; 0 takes a free one.")] = 0,
    host: Annotated[str, typer.Option(help="Of the page; a loopback address.")] = "127.0.0.1",
    rooms: Annotated[int, typer.Option(min=2, max=len(CAST), help="How many of the demo's rooms.")] = len(CAST),
    data: Annotated[Path, typer.Option(help="Working folder, made anew at every start.")] = Path("var/demo"),
    plain: Annotated[bool, typer.Option("--plain", help="One line a change instead of the live view.")] = False,
    calendar: Annotated[
        CalendarKind, typer.Option(help="Where the calendars are: files, or a service that the demo stands in for.")
    ] = CalendarKind.ICS,
) -> None:
    """Watch the connector do its whole job: simulated rooms and a simulated bridge, real HTTPS and SIP between them."""
    # The page and the simulated units cost every other command, the daemon too, a quarter of its start.
    from connector.cli.demo_run import Wishes, show

    # Ended by hand before its time, nothing was promised; with --seconds the promises count.
    raise typer.Exit(0 if show(Wishes(data.absolute(), seconds, host, port, rooms, plain, calendar)) else 1)
