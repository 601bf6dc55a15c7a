"""``connector explain ROOM``: why does this room show what it shows? Also answers while the daemon is down."""

from __future__ import annotations

import asyncio
import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import typer

from connector.app import Configuration, database_file, read_configuration
from connector.cli.options import ConfigOption, JsonOption, print_json
from connector.engine.report import RoomReport, ScreenReport, room_report
from connector.errors import UserError
from connector.model import Room
from connector.settings import open_vault
from connector.store.store import Store

ROOM = typer.Argument(help="A room's id or name, as rooms.csv has it.")


def explain_command(room: str = ROOM, config: ConfigOption = None, json_output: JsonOption = False) -> None:
    """Show what the calendar said, what was found and why, what was pushed and dialled, what the unit answered."""
    report = asyncio.run(_report(room, read_configuration(config, os.environ)))
    if json_output:
        print_json(asdict(report))
        return
    for line in lines(report):
        typer.echo(line)


async def _report(wanted: str, config: Configuration) -> RoomReport:
    room = find_room(wanted, config.rooms.rooms)
    database = database_file(config.settings)
    if not database.exists():
        raise UserError(f"{database} does not exist yet: nothing was planned. Start the daemon with: connector run")
    store = Store.open_read_only(database, open_vault(config.settings, os.environ))
    try:
        return await room_report(store, room, config.calendar_of(room), datetime.now(UTC))
    finally:
        await store.close()


def find_room(wanted: str, rooms: tuple[Room, ...]) -> Room:
    for room in rooms:
        if wanted == room.id or wanted.casefold() == room.name.casefold():
            return room
    close = difflib.get_close_matches(wanted, [r.id for r in rooms] + [r.name for r in rooms], n=1)
    hint = f' Did you mean "{close[0]}"?' if close else ""
    raise UserError(f'There is no room "{wanted}" in rooms.csv.{hint}')


# ------------------------------------------------------------------------------------ words


def lines(report: RoomReport) -> Iterator[str]:
    """The report as text; times in the room's zone."""
    zone = ZoneInfo(report.timezone)

    def at(when: datetime | None) -> str:
        return when.astimezone(zone).strftime("%a %d %b %H:%M:%S") if when else "never"

    yield f"{report.name} ({report.id}), {report.device_type} at {report.address}, times in {report.timezone}"
    unit = f"{report.product} {report.software}".strip() or "not yet reached"
    yield f"  unit      {unit}; {report.state} since {at(report.since)}" + (
        f": {report.detail}" if report.detail else ""
    )
    for note in report.notes:
        yield f"            {note}"
    yield f"  calendar  {report.calendar}, last read {at(report.calendar_read_at)}" + (
        f"; now failing: {report.calendar_error}" if report.calendar_error else ""
    )
    state = "the screen has this plan" if report.up_to_date else "the screen does NOT have this plan yet"
    how = f" by {report.pushed_how}" if report.pushed_how else ""
    times = f"planned {at(report.planned_at)}, pushed {at(report.pushed_at)}{how}, verified {at(report.verified_at)}"
    yield f"  screen    {times}: {state}"
    if not report.screen:
        yield "  no meetings in the window"
    for item in report.screen:
        yield ""
        yield from _meeting(item, at)
    if report.history:
        yield ""
        yield "  what happened, newest first"
        for event in report.history:
            yield f"    {at(_instant(event['at']))}  {event['event']}{_rest(event)}"


def _meeting(item: ScreenReport, at: Any) -> Iterator[str]:
    decision = item.decision
    kind = {"button": "Join button", "no_button": "no button", "left_off": "not shown"}[decision.outcome]
    yield f"  {at(decision.start)} to {at(decision.end)[11:]}  {decision.title}"
    yield f"    {kind}: {decision.reason}"
    if item.left_off:
        yield f"    the unit did not take it: {item.left_off}"
    elif decision.outcome != "left_off" and not item.on_screen:
        yield "    not acknowledged by the unit yet"
    for attempt in item.attempts:
        left = f", left: {attempt['left']} {at(attempt['left_at'])}" if attempt["left"] else ""
        cause = f" ({attempt['cause']})" if attempt["cause"] else ""
        yield f"    dial {at(attempt['at'])}: {attempt['state']}{cause}{left}"
    for evidence in decision.evidence:
        found = f"{evidence.field} {evidence.shown}".rstrip()
        yield f"      {evidence.verdict:4} {found} in {evidence.where} by {evidence.rule}: {evidence.reason}"


def _instant(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def _rest(event: Mapping[str, Any]) -> str:
    words = [f"{key}={value}" for key, value in event.items() if key not in ("at", "event")]
    return "  " + " ".join(words) if words else ""
