"""``connector calendars doctor`` at work: each finding with what it does to the room, and the exact fix."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import httpx2

from connector.calendars import doctor
from connector.calendars.base import CalendarSource, Finding
from connector.calendars.doctor import Patient, Seen
from connector.cli.calendar_sources import sources_aside, stored_calendars
from connector.cli.find_room import find_room
from connector.cli.options import print_json
from connector.errors import CalendarError, UserError
from connector.model import Room, Window
from connector.running.configuration import Configuration, pace_of, read_configuration
from connector.settings import secret_reader
from connector.store.store import CalendarRow
from connector.zoom_account.api import ZoomApi

FAILED, PARTLY = 1, 3
_STALE_POLLS = 3  # polls without a good reading before it is told
_GRAVITY = {"problem": 0, "warning": 1, "ok": 2}
_MOST_ROOMS, _MOST_LINES = 12, 24  # of one finding, as text; --json has all
_INDENT = " " * 19


@dataclass(frozen=True, slots=True)
class Examined:
    """``source``: "" for what concerns this machine. ``rooms``: calendar as shown -> room ids."""

    source: str
    findings: tuple[Finding, ...]
    rooms: Mapping[str, tuple[str, ...]]


def report_findings(target: str | None, config: Path | None, json_output: bool) -> None:
    settings = read_configuration(config, os.environ)
    rooms = settings.rooms.rooms
    is_source = target in settings.settings.calendars
    if is_source:
        chosen = tuple(room for room in rooms if settings.calendar_of(room).source == target)
    else:
        chosen = (_room_or_source(target, settings),) if target else rooms
    examined = asyncio.run(examine(settings, chosen, whole=target is None, source=target))
    if json_output:
        print_json([record for part in examined for record in _records(part)])
    else:
        for line in lines(examined, in_full=target is not None and not is_source):
            click.echo(line)
    raise click.exceptions.Exit(status(examined))


def _room_or_source(target: str, settings: Configuration) -> Room:
    """UserError also names the sources: the word may have meant one."""
    try:
        return find_room(target, settings.rooms)
    except UserError as error:
        sources = ", ".join(settings.settings.calendars)
        raise UserError(*error.problems, f"The calendar sources are: {sources}.") from None


def status(examined: Sequence[Examined]) -> int:
    """1 when no source gave a single calendar that can be read, though some were asked."""
    problems = any(f.level == "problem" for e in examined for f in e.findings)
    asked = [e for e in examined if e.rooms]
    readable = any(f.check == "read" and f.level == "ok" for e in asked for f in e.findings)
    return 0 if not problems else PARTLY if readable or not asked else FAILED


async def examine(
    config: Configuration, rooms: Sequence[Room], *, whole: bool, source: str | None = None
) -> list[Examined]:
    """``whole``: also sources without a room, the listener and the Zoom account. ``source``: also without a room."""
    rows = await stored_calendars(config)
    now = datetime.now(UTC)
    by_source: dict[str, dict[Patient, list[str]]] = {}
    for room in rooms:
        calendar = config.calendar_of(room)
        patient = Patient(calendar.name, calendar.shown, ZoneInfo(calendar.zone), _seen(rows, calendar.key))
        by_source.setdefault(calendar.source, {}).setdefault(patient, []).append(str(room.id))
    names = list(by_source)
    names += [
        name
        for name in config.settings.calendars
        if name not in by_source and (name == source or (whole and name != "ics"))
    ]
    found = [Examined("", await _machine(config, whole), {})]
    async with sources_aside(config.settings, names) as sources:
        for name in names:
            patients = by_source.get(name, {})
            if name in sources.opened:
                findings = await _source(config, sources.opened[name], list(patients), now)
            else:
                findings = doctor.not_opened(sources.refused[name], patients)
            rooms_of: dict[str, tuple[str, ...]] = {}
            for patient, ids in patients.items():  # rooms of one calendar may lie in several zones
                rooms_of[patient.shown] = (*rooms_of.get(patient.shown, ()), *ids)
            found.append(Examined(name, findings, rooms_of))
    return found


def _records(part: Examined) -> Iterator[dict[str, object]]:
    for finding in _sorted(part.findings):
        yield asdict(finding) | {"source": part.source, "rooms": part.rooms.get(finding.calendar, ())}


def _seen(rows: Mapping[str, CalendarRow] | None, key: str) -> Seen | None:
    if rows is None:
        return None
    row = rows.get(key)
    return Seen(row.read_at, row.error) if row else Seen(None)


async def _source(
    config: Configuration, source: CalendarSource, patients: list[Patient], now: datetime
) -> tuple[Finding, ...]:
    sync = config.settings.sync
    window = Window(now - timedelta(hours=sync.window_back_hours), now + timedelta(hours=sync.window_ahead_hours))
    stale_after = max(_STALE_POLLS * pace_of(sync).longest, timedelta(seconds=60))
    return await doctor.examine_source(source, patients, window, now, stale_after=stale_after)


async def _machine(config: Configuration, whole: bool) -> tuple[Finding, ...]:
    findings = [doctor.clock()]
    public_url = config.settings.webhooks.public_url
    if whole and not public_url:
        what = f"webhooks.public_url is not set: calendars are polled {_how_often(config)}."
        findings.append(Finding("", "webhooks", "ok", what))
    elif whole:
        async with httpx2.AsyncClient(timeout=5.0, follow_redirects=False) as http:
            findings.append(await doctor.listener(public_url, http))
    if whole and config.settings.zoom.account_id:
        findings.append(await _zoom(config))
    return tuple(finding for finding in findings if finding is not None)


def _how_often(config: Configuration) -> str:
    parts = config.settings.calendars.items()
    own = [
        f"; {name} also every {part.options['poll_every']} s" for name, part in parts if "poll_every" in part.options
    ]
    return pace_of(config.settings.sync).words() + "".join(own)


async def _zoom(config: Configuration) -> Finding:
    zoom = config.settings.zoom
    effect = "Meetings whose invitation has no numeric passcode are dialled without one."
    try:
        secret = secret_reader(config.settings, os.environ).secret(zoom.client_secret)
        api = ZoomApi(zoom.account_id, zoom.client_id, secret, api_url=zoom.api_url, login_url=zoom.login_url)
        try:
            await api.check()
        finally:
            await api.close()
    except (UserError, CalendarError) as error:
        return Finding("", "zoom", "problem", str(error), effect, "See docs/how-to/ask-zoom-for-passcodes.md.")
    return Finding("", "zoom", "ok", "Zoom accepts the account's credentials.")


# ------------------------------------------------------------------------------------ words


def lines(examined: Sequence[Examined], *, in_full: bool = False) -> Iterator[str]:
    """The worst first; the same trouble of many rooms once. Rooms that are well are a list, or ``in_full``."""
    for part in sorted(examined, key=lambda part: _GRAVITY[doctor.worst(part.findings)]):
        yield part.source or "this machine"
        for alike in _alike(part):
            yield from _finding(alike, part.rooms)
        well = [finding for finding in part.findings if finding.level == "ok"]
        yield from (_sentence(finding, part.rooms) for finding in well if in_full or not finding.calendar)
        if not in_full:
            yield from _healthy(part)
        if not part.findings:
            yield "  nothing to say"
    found = [finding.level for part in examined for alike in _alike(part) for finding in alike[:1]]
    yield f"problems: {found.count('problem')}, warnings: {found.count('warning')}"


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: _GRAVITY[finding.level])


def _alike(part: Examined) -> list[list[Finding]]:
    """What differs in the calendar's name and in numbers only is one trouble."""
    found: dict[tuple[str, ...], list[Finding]] = {}
    for finding in _sorted(part.findings):
        if finding.level != "ok":
            what = finding.what
            if finding.calendar:
                name = finding.calendar.partition(":")[2] or finding.calendar
                what = re.sub(r"[0-9]+", "0", what.replace(name, ""))
            key = (finding.level, finding.check, what, "" if finding.calendar else "whole")
            found.setdefault(key, []).append(finding)
    return list(found.values())


def _finding(alike: Sequence[Finding], rooms: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    first = alike[0]
    if len(alike) == 1 or not first.calendar:
        yield _sentence(first, rooms)
    else:
        ids = [room for finding in alike for room in rooms.get(finding.calendar, ())]
        tail = "" if len({finding.what for finding in alike}) == 1 else f" (So for {ids[0]}; the others alike.)"
        yield f"  {first.level:8} {first.check}: {_listed(ids)}: {first.what}{tail}"
    if first.effect:
        yield f"           effect: {first.effect}"
    steps = list(dict.fromkeys(line for finding in alike for line in finding.fix.splitlines()))
    if steps:
        yield f"           fix:    {steps[0]}"
        yield from (f"{_INDENT}{step}" for step in steps[1:_MOST_LINES])
    if len(steps) > _MOST_LINES:
        yield f"{_INDENT}# and {len(steps) - _MOST_LINES} more lines, see --json"


def _sentence(finding: Finding, rooms: Mapping[str, tuple[str, ...]]) -> str:
    ids = ", ".join(rooms.get(finding.calendar, ()))
    whom = f"{ids} ({finding.calendar}): " if ids else ""
    return f"  {finding.level:8} {finding.check}: {whom}{finding.what}"


def _healthy(part: Examined) -> Iterator[str]:
    ill = {finding.calendar for finding in part.findings if finding.level != "ok"}
    rooms = [room for calendar, ids in part.rooms.items() if calendar not in ill for room in ids]
    if rooms and any(finding.calendar for finding in part.findings):
        yield f"  ok       {len(rooms)} room{'s' if len(rooms) > 1 else ''}: {_listed(rooms)}"


def _listed(rooms: Sequence[str]) -> str:
    more = f" and {len(rooms) - _MOST_ROOMS} more" if len(rooms) > _MOST_ROOMS else ""
    return ", ".join(rooms[:_MOST_ROOMS]) + more
