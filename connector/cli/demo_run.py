"""``connector demo`` at work: house, daemon, page and story side by side."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from connector.cli.live_view import show_live, show_plain
from connector.demo.calendar_kind import CalendarKind
from connector.demo.calendars import fill
from connector.demo.checks import Story, Summary
from connector.demo.clouds import open_calendars
from connector.demo.folder import open_folder, write_settings
from connector.demo.live import LiveDemo
from connector.demo.loopback_server import serve
from connector.demo.page import build_app
from connector.demo.scenario import CAST, Timing
from connector.demo.simulated_site import SimulatedSite, open_site
from connector.observe import logs
from connector.running.daemon import Connector


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person asked for. ``seconds`` None: until Ctrl-C. ``rooms`` None: all of the demo's."""

    folder: Path
    seconds: int | None
    host: str
    port: int
    rooms: int | None
    plain: bool
    calendar: CalendarKind


def show(wishes: Wishes) -> bool:
    """Whether it kept its promises: those count where it came to its own end."""
    if wishes.rooms is not None and wishes.rooms > len(CAST):
        raise click.BadParameter(f"{wishes.rooms} is not in the range 2<=x<={len(CAST)}.", param_hint="'--rooms'")
    summary, finished = asyncio.run(_run(wishes, Console()))
    _print(summary, finished, wishes.seconds)
    return not (finished and summary.problems)


async def _run(wishes: Wishes, console: Console) -> tuple[Summary, bool]:
    """Returns what was seen, and whether the demo came to its own end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    cast = CAST[: wishes.rooms]
    with open_folder(wishes.folder) as folder, (folder / "connector.log").open("w", encoding="utf-8") as log:
        logs.configure("json", "info", log)
        async with open_calendars(wishes.calendar, folder, cast) as calendars:
            live = LiveDemo(cast, folder, calendars)
            async with open_site(cast, live.bridge_event) as house:
                live.house = house
                story, finished = await _play(wishes, console, live, house, stop)
        return story.summary(), finished  # of the empty house: whoever was in a call has been hung up


async def _play(
    wishes: Wishes, console: Console, live: LiveDemo, house: SimulatedSite, stop: asyncio.Event
) -> tuple[Story, bool]:
    settings = write_settings(
        live.folder, [(part, house.units[part.id].endpoint) for part in live.cast], live.calendars
    )
    began = datetime.now(UTC)
    timing = Timing.of(wishes.seconds)
    fill(live.calendars, live.cast, began, timing)
    live.connector = Connector(settings, environ={}, watcher=live.daemon_event)
    story = Story(live, house, began, timing, acts=wishes.seconds is not None)
    if wishes.seconds is not None:
        live.ends_at = began + timedelta(seconds=wishes.seconds)
    finished = False
    async with _daemon(live.connector) as daemon, serve(build_app(live), wishes.host, wishes.port) as url:
        terminal = console.is_terminal and not wishes.plain
        if not terminal:
            _say(f"The page: {url}")
            _say(f"The folder with connector.toml, rooms.csv and the calendars: {live.folder}")
        view = show_live(live, url, console) if terminal else show_plain(live, _say)
        async with _beside(story.run()) as told, _beside(view) as shown:
            stopping = asyncio.create_task(stop.wait())
            done, _ = await asyncio.wait(
                {stopping, daemon, told, shown}, timeout=wishes.seconds, return_when=asyncio.FIRST_COMPLETED
            )
            stopping.cancel()
            finished = not done
            for task in done - {stopping}:
                task.result()  # raises what ended it: a part of the demo must not end by itself
    return story, finished


@asynccontextmanager
async def _daemon(connector: Connector) -> AsyncIterator[asyncio.Task[None]]:
    """The same daemon as `connector run`, in this process; stopped in order on leaving."""
    stop = asyncio.Event()
    task = asyncio.create_task(connector.run(stop), name="daemon")
    try:
        yield task
    finally:
        stop.set()
        await task


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _say(line: str) -> None:
    print(line, flush=True)  # flushed: whoever reads a pipe wants to see it now


def _print(summary: Summary, finished: bool, seconds: int | None) -> None:
    _say("")
    _say(
        f"{summary.buttons} Join buttons shown; {summary.calls_placed} calls placed, {summary.calls_answered} answered,"
        f" {summary.calls_left} left; {summary.meetings_joined} meetings joined."
    )
    if not finished:
        _say("Ended by hand; calls were hung up and the units stopped.")
    elif summary.problems:
        for problem in summary.problems:
            print(problem, file=sys.stderr)
    else:
        _say(f"Everything that the demo promises was seen on the simulators and the bridge in {seconds} seconds.")
