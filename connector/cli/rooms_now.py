"""What the database knows of each room now, for listings: read beside the daemon, or without one. One query a table."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from connector.errors import ConnectorError
from connector.model import Room, RoomId
from connector.redaction import clean_text
from connector.running.configuration import database_file
from connector.settings import Settings, open_vault

if TYPE_CHECKING:  # only a database that is there is worth the time to load what reads it
    from connector.store.store import Glance, Outcome
    from connector.wire import PlannedMeeting

HEADINGS = ("state", "next meeting", "last push", "last dial")


@dataclass(frozen=True, slots=True)
class RoomNow:
    """Times as the database has them; None where there is nothing to say."""

    state: str | None = None
    meeting: PlannedMeeting | None = None  # the first that is not over
    pushed_at: datetime | None = None
    dialled_at: datetime | None = None
    outcome: str | None = None  # of the last dial: a state of its attempt
    paused: bool = False  # because somebody asked for it


NOTHING = RoomNow()


def rooms_now(rooms: Iterable[Room], settings: Settings) -> Mapping[RoomId, RoomNow]:
    """Empty where there is no database yet, or it cannot be read: then a sentence on standard error says why."""
    if not database_file(settings).exists():
        return {}
    try:
        found, dials, pauses = asyncio.run(_read(settings))
    except ConnectorError as error:
        click.echo(f"What the database says of the rooms is left out: {error}", err=True)
        return {}
    now = datetime.now(UTC)
    known = {room.id: _now(found.get(room.id), dials.get(room.id), now) for room in rooms}
    return {key: replace(each, paused=key in pauses) for key, each in known.items()}


async def _read(settings: Settings) -> tuple[Mapping[RoomId, Glance], Mapping[RoomId, Outcome], Collection[RoomId]]:
    from connector.store.store import Store

    store = Store.open_read_only(database_file(settings), open_vault(settings, os.environ, create=False))
    try:
        return await store.glances(), await store.last_outcomes(), await store.pauses()
    finally:
        await store.close()


def _now(row: Glance | None, dial: Outcome | None, now: datetime) -> RoomNow:
    planned = row.meetings if row is not None else ()
    ahead = (meeting for meeting in planned if meeting.outcome != "left_off" and meeting.end > now)
    return RoomNow(
        state=row.state if row is not None else None,
        meeting=min(ahead, key=lambda meeting: meeting.start, default=None),
        pushed_at=row.pushed_at if row is not None else None,
        dialled_at=(dial.sent_at or dial.at) if dial is not None else None,
        outcome=dial.state.value if dial is not None else None,
    )


# ------------------------------------------------------------------------------------ words


def cells(known: RoomNow, timezone: str) -> tuple[str, ...]:
    """One for each of HEADINGS; times in the room's zone."""
    zone = ZoneInfo(timezone)
    meeting = known.meeting
    ahead = f"{_at(meeting.start, zone)} {clean_text(meeting.title)}" if meeting is not None else "-"
    dial = f"{_at(known.dialled_at, zone)} {known.outcome}" if known.dialled_at is not None else "-"
    pushed = _at(known.pushed_at, zone) if known.pushed_at is not None else "-"
    return "paused" if known.paused else known.state or "-", ahead, pushed, dial


def record(known: RoomNow, timezone: str) -> dict[str, Any]:
    """The same for programs; times in the room's zone, with its offset."""
    zone, meeting = ZoneInfo(timezone), known.meeting
    return {
        "state": known.state,
        "paused": known.paused,
        "next_meeting": None
        if meeting is None
        else {"title": clean_text(meeting.title), "start": _iso(meeting.start, zone), "end": _iso(meeting.end, zone)},
        "last_push": _iso(known.pushed_at, zone),
        "last_dial": None
        if known.dialled_at is None
        else {"at": _iso(known.dialled_at, zone), "outcome": known.outcome},
    }


def _at(when: datetime, zone: ZoneInfo) -> str:
    return when.astimezone(zone).strftime("%a %d %b %H:%M")


def _iso(when: datetime | None, zone: ZoneInfo) -> str | None:
    return when.astimezone(zone).isoformat(timespec="seconds") if when is not None else None
