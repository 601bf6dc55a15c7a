"""``connector explain ROOM`` at work: why does this room show what it shows? Also answers while the daemon is down."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from connector.cli.find_room import find_room
from connector.cli.options import print_json
from connector.engine.report import RemovedReport, RoomReport, ScreenReport, removed_report, room_report
from connector.errors import UserError
from connector.model import Room, RoomId
from connector.redaction import clean_text
from connector.running.configuration import Configuration, database_file, pace_of, read_configuration
from connector.settings import open_vault
from connector.store.store import Store


def explain_room(room: str, config: Path | None, json_output: bool) -> None:
    configuration = read_configuration(config, os.environ)
    try:
        wanted = find_room(room, configuration.rooms)
    except UserError as error:
        if not asyncio.run(_tell_of_removed(room, configuration, json_output)):
            raise
        raise UserError(*error.problems) from None
    report = asyncio.run(_report(wanted, configuration))
    if json_output:
        print_json(asdict(report))
        return
    for line in lines(report, wanted.policy.early_join, datetime.now(UTC)):
        click.echo(line)


async def _report(room: Room, config: Configuration) -> RoomReport:
    database = database_file(config.settings)
    if not database.exists():
        raise UserError(f"{database} does not exist yet: nothing was planned. Start the daemon with: connector run")
    store = Store.open_read_only(database, open_vault(config.settings, os.environ))
    try:
        return await room_report(
            store, room, config.calendar_of(room), datetime.now(UTC), pace=pace_of(config.settings.sync)
        )
    finally:
        await store.close()


async def _tell_of_removed(room: str, config: Configuration, json_output: bool) -> bool:
    """What the database still knows of a room that is in rooms.csv no more. False when it knows nothing."""
    database = database_file(config.settings)
    if not database.exists():
        return False
    store = Store.open_read_only(database, open_vault(config.settings, os.environ, create=False))
    try:
        found = await removed_report(store, RoomId(room), datetime.now(UTC))
    finally:
        await store.close()
    if found is None:
        return False
    if json_output:
        print_json(asdict(found))
        return True
    for line in _removed(found):
        click.echo(line)
    return True


def _removed(found: RemovedReport) -> Iterator[str]:
    def at(when: datetime | None) -> str:
        return when.astimezone(UTC).strftime("%a %d %b %H:%M:%S UTC") if when else "never"

    yield f"{found.id} is not in rooms.csv; this is what is still known of it."
    for unit in found.units:
        words = {"retiring": "being let go", "gone": "let go", "in_use": "in use"}
        yield f"  unit      {unit['driver']} at {unit['address']}: {words[unit['state']]} since {at(unit['since'])}"
    for call in found.in_calls:
        yield f"  in a call {_in_call(call, at)}"
    for event in found.history:
        yield f"    {at(_instant(event['at']))}  {event['event']}{_rest(event)}"


# ------------------------------------------------------------------------------------ words


def lines(report: RoomReport, early_join: timedelta, now: datetime) -> Iterator[str]:
    """The report as text; times in the room's zone. ``early_join``: as the room's policy has it."""
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
    if report.clock_off is not None:
        off = f"its clock is {report.clock_off:+d} s off"
        yield f"            {off}, so buttons appear at the wrong time; check its NTP server"
    yield f"  calendar  {report.calendar}, last read {at(report.calendar_read_at)}, {report.calendar_pace}" + (
        f"; now failing: {report.calendar_error}" if report.calendar_error else ""
    )
    for odd in report.calendar_unreadable:
        yield f"            an event that could not be read at {at(odd['at'])}: {clean_text(str(odd['reason']))}"
    state = "the screen has this plan" if report.up_to_date else "the screen does NOT have this plan yet"
    if report.planned_at is None:
        state = "nothing is planned before the calendar was read"
    how = f" by {report.pushed_how}" if report.pushed_how else ""
    times = f"planned {at(report.planned_at)}, pushed {at(report.pushed_at)}{how}, verified {at(report.verified_at)}"
    yield f"  screen    {times}: {state}"
    if report.paused is not None:
        until = f"until {at(report.paused['until'])}" if report.paused["until"] else "until connector rooms resume"
        cleared = "its screen was emptied, " if report.paused["cleared"] else "its screen is left as it is, "
        yield f"  paused    since {at(report.paused['since'])} {until}: {cleared}and it does not dial by itself"
    for call in report.in_calls:
        yield f"  in a call {_in_call(call, at)}"
    if not report.screen:
        yield "  no meetings" if report.planned_at else "  no meetings are known"
    for item in report.screen:
        yield ""
        yield from _meeting(item, at)
        opens = item.decision.start - early_join
        if item.decision.outcome == "button" and now < opens:
            yield f"    too early to press it: that works from {at(opens)}"
        yield from _evidence(item)
    if report.history:
        yield ""
        yield "  what happened, newest first"
        for event in report.history:
            yield f"    {at(_instant(event['at']))}  {event['event']}{_rest(event)}"


def _in_call(call: Mapping[str, Any], at: Any) -> str:
    what = f"to {call['address']}" + (f" ({call['title']})" if call["title"] else "")
    if not call["ours"]:
        return f"{what} that somebody joined by hand; its meeting ends {at(call['until'])}"
    until = f"the room leaves it {at(call['until'])}" if call["until"] else "auto_leave is off: people end it"
    why = "; its meeting was changed or removed, and a live call is never cut by an edit" if call["edited"] else ""
    return f"{what} since {at(call['since'])}; {until}{why}"


def _meeting(item: ScreenReport, at: Any) -> Iterator[str]:
    decision = item.decision
    kind = {"button": "Join button", "no_button": "no button", "left_off": "not shown"}[decision.outcome]
    start, end = at(decision.start), at(decision.end)
    yield f"  {start} to {end[11:] if end[:10] == start[:10] else end}  {decision.title}"
    yield f"    {kind}: {decision.reason}"
    if item.left_off:
        yield f"    the unit did not take it: {item.left_off}"
    elif decision.outcome != "left_off" and not item.on_screen:
        yield "    not acknowledged by the unit yet"
    for attempt in item.attempts:
        left = f", left: {attempt['left']} {at(attempt['left_at'])}" if attempt["left"] else ""
        cause = f" ({attempt['cause']})" if attempt["cause"] else ""
        yield f"    dial {at(attempt['at'])}: {attempt['state']}{cause}{left}"


def _evidence(item: ScreenReport) -> Iterator[str]:
    for evidence in item.decision.evidence:
        found = f"{evidence.field} {evidence.shown}".rstrip()
        yield f"      {evidence.verdict:4} {found} in {evidence.where} by {evidence.rule}: {evidence.reason}"


def _instant(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def _rest(event: Mapping[str, Any]) -> str:
    words = [f"{key}={clean_text(str(value))}" for key, value in event.items() if key not in ("at", "event")]
    return "  " + " ".join(words) if words else ""
