"""``connector calendars doctor``: each finding with what it does to the room, and the exact fix."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import httpx2
import typer

from connector.app import Configuration, read_configuration
from connector.calendars import doctor
from connector.calendars.base import CalendarSource, Finding
from connector.calendars.doctor import Patient, Seen
from connector.cli.calendar_sources import sources_aside, stored_calendars
from connector.cli.explain import find_room
from connector.cli.options import ConfigOption, JsonOption, print_json
from connector.errors import CalendarError, UserError
from connector.model import Room, Window
from connector.settings import secret_reader
from connector.store.store import CalendarRow
from connector.zoom_account.api import ZoomApi

FAILED, PARTLY = 1, 3
_STALE_POLLS = 3  # polls without a good reading before it is told
RoomArgument = Annotated[str | None, typer.Argument(metavar="[ROOM]", help="A room's id or name; else every room.")]


@dataclass(frozen=True, slots=True)
class Examined:
    """``source``: "" for what concerns this machine. ``rooms``: calendar as shown -> room ids."""

    source: str
    findings: tuple[Finding, ...]
    rooms: Mapping[str, tuple[str, ...]]


def doctor_command(room: RoomArgument = None, config: ConfigOption = None, json_output: JsonOption = False) -> None:
    """Examine calendars, permissions, credentials, the clock and the webhook address; touches no subscription.

    Exit 0: no problem; 3: some; 1: nothing works.
    """
    settings = read_configuration(config, os.environ)
    chosen = (find_room(room, settings.rooms.rooms),) if room else settings.rooms.rooms
    examined = asyncio.run(examine(settings, chosen, whole=room is None))
    if json_output:
        print_json([asdict(finding) | {"source": e.source} for e in examined for finding in e.findings])
    else:
        for line in lines(examined):
            typer.echo(line)
    raise typer.Exit(status(examined))


def status(examined: Sequence[Examined]) -> int:
    """1 when no source gave a single calendar that can be read, though some were asked."""
    problems = any(f.level == "problem" for e in examined for f in e.findings)
    asked = [e for e in examined if e.rooms]
    readable = any(f.check == "read" and f.level == "ok" for e in asked for f in e.findings)
    return 0 if not problems else PARTLY if readable or not asked else FAILED


async def examine(config: Configuration, rooms: Sequence[Room], *, whole: bool) -> list[Examined]:
    """``whole``: also sources without a room, the listener and the Zoom account."""
    rows = await stored_calendars(config)
    now = datetime.now(UTC)
    by_source: dict[str, dict[Patient, list[str]]] = {}
    for room in rooms:
        calendar = config.calendar_of(room)
        patient = Patient(calendar.name, calendar.shown, ZoneInfo(calendar.zone), _seen(rows, calendar.key))
        by_source.setdefault(calendar.source, {}).setdefault(patient, []).append(str(room.id))
    names = list(by_source)
    if whole:
        names += [name for name in config.settings.calendars if name not in by_source and name != "ics"]
    found = [Examined("", await _machine(config, whole), {})]
    async with sources_aside(config.settings, names) as sources:
        for name in names:
            patients = by_source.get(name, {})
            if name in sources.opened:
                findings = await _source(config, sources.opened[name], list(patients), now)
            else:
                findings = (doctor.not_opened(sources.refused[name]),)
            found.append(Examined(name, findings, {p.shown: tuple(ids) for p, ids in patients.items()}))
    return found


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
    stale_after = timedelta(seconds=max(_STALE_POLLS * sync.poll_every, 60))
    return await doctor.examine_source(source, patients, window, now, stale_after=stale_after)


async def _machine(config: Configuration, whole: bool) -> tuple[Finding, ...]:
    findings = [doctor.clock()]
    public_url = config.settings.webhooks.public_url
    if whole and public_url:
        async with httpx2.AsyncClient(timeout=5.0, follow_redirects=False) as http:
            findings.append(await doctor.listener(public_url, http))
    if whole and config.settings.zoom.account_id:
        findings.append(await _zoom(config))
    return tuple(finding for finding in findings if finding is not None)


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


def lines(examined: Sequence[Examined]) -> Iterator[str]:
    """As text: what is wrong in full, what is well in one word."""
    for part in examined:
        yield part.source or "this machine"
        for finding in part.findings:
            ids = ", ".join(part.rooms.get(finding.calendar, ()))
            whom = f"{ids} ({finding.calendar}): " if ids else ""
            yield f"  {finding.level:8} {finding.check}: {whom}{finding.what}"
            if finding.effect:
                yield f"           effect: {finding.effect}"
            if finding.fix:
                yield f"           fix:    {finding.fix}"
        if not part.findings:
            yield "  nothing to say"
