"""``connector rooms report`` at work: what became of the dials and pushes of the last days, room by room."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from connector.cli.options import print_json, print_table
from connector.cli.rooms import finish
from connector.errors import UserError
from connector.events.calls import DialSent
from connector.events.rooms import ScreenPushFailed
from connector.model import AttemptState, Room, RoomId
from connector.running.configuration import database_file, read_configuration
from connector.settings import Settings, open_vault
from connector.store import kept
from connector.store.store import HistoryRow, Outcome, Span, Store

SOME_MISSED = 3
LATE = timedelta(seconds=5)
_EVENTS = (DialSent.name, ScreenPushFailed.name)
_JOINED = frozenset({AttemptState.ANSWERED, AttemptState.PRESENT, AttemptState.ENDED})


@dataclass(slots=True)
class Counts:
    """Of one room, or of all."""

    dials: int = 0  # commands to dial that left
    missed: int = 0  # meetings whose grace was over without a call
    late: int = 0  # dials that left later than LATE after their time
    refused: int = 0  # dials to which the unit or the far end said no; some are tried again
    pushes_failed: int = 0

    def __bool__(self) -> bool:
        return any(asdict(self).values())


@dataclass(frozen=True, slots=True)
class Found:
    """What the database has of the days that were asked for."""

    outcomes: Sequence[Outcome] = ()
    events: Sequence[HistoryRow] = ()
    spans: Mapping[RoomId, Span] = field(default_factory=dict)
    begins: datetime | None = None  # its oldest row; None: it is empty


def report_rooms(days: int, all_rooms: bool, config: Path | None, json_output: bool) -> None:
    configuration = read_configuration(config, os.environ)
    asked = datetime.now(UTC) - timedelta(days=days)
    rooms = configuration.rooms.rooms
    found = asyncio.run(_read(configuration.settings, asked))
    tally = tallied(found, rooms)
    told = [room for room in rooms if all_rooms or tally[room.id]]
    if json_output:
        print_json(_record(told, tally, found, asked))
    else:
        _show(told, tally, found, asked, days)
    finish(configuration.rooms)
    if summed(tally.values()).missed:
        raise click.exceptions.Exit(SOME_MISSED)


async def _read(settings: Settings, since: datetime) -> Found:
    database = database_file(settings)
    if not database.exists():
        raise UserError(f"{database} does not exist yet: nothing was dialled. Start the daemon with: connector run")
    store = Store.open_read_only(database, open_vault(settings, os.environ, create=False))
    try:
        outcomes, events = await store.outcomes(since), await store.events(_EVENTS, since)
        return Found(outcomes, events, await store.history_spans(), await store.begins())
    finally:
        await store.close()


# ------------------------------------------------------------------------------------ counting


def tallied(found: Found, rooms: Iterable[Room]) -> dict[RoomId, Counts]:
    """Of each of these rooms."""
    tally = {room.id: Counts() for room in rooms}
    nobody = Counts()  # rooms that have no row any more
    for outcome in found.outcomes:
        counts = tally.get(outcome.room, nobody)
        counts.dials += outcome.sent_at is not None
        counts.refused += outcome.state is AttemptState.REFUSED
    for room, _, _ in _missed(found.outcomes):
        tally.get(room, nobody).missed += 1
    for event in found.events:
        counts = tally.get(event.room, nobody)
        counts.pushes_failed += event.event == ScreenPushFailed.name
        counts.late += event.event == DialSent.name and _is_late(event)
    return tally


def _missed(outcomes: Iterable[Outcome]) -> set[tuple[RoomId, str, datetime]]:
    """Meetings, not attempts: one that was tried again and reached was not missed, and none is missed twice."""
    missed, joined = set(), set()
    for each in outcomes:
        meeting = (each.room, each.booking_id, each.planned_start)
        if each.state is AttemptState.MISSED:
            missed.add(meeting)
        elif each.state in _JOINED:
            joined.add(meeting)
    return missed - joined


def _is_late(event: HistoryRow) -> bool:
    late = event.detail.get("late_ms")
    return isinstance(late, int | float) and late > LATE.total_seconds() * 1000


def summed(each: Iterable[Counts]) -> Counts:
    counts = list(each)
    return Counts(*(sum(getattr(one, column.name) for one in counts) for column in fields(Counts)))


def cut_short(found: Found, asked: datetime, room: RoomId) -> datetime | None:
    """Since when a room's history reaches, where it is full and begins after ``asked``: older events are gone."""
    span = found.spans.get(room)
    full = span is not None and span.rows >= kept.HISTORY_PER_ROOM
    return span.since if full and span is not None and span.since is not None and span.since > asked else None


# ------------------------------------------------------------------------------------ words


def _record(told: Iterable[Room], tally: Mapping[RoomId, Counts], found: Found, asked: datetime) -> dict[str, object]:
    return {
        "since": asked,
        "data_since": _reach(found, asked),
        "late_after_seconds": LATE.total_seconds(),
        "rooms": [
            {
                "id": room.id,
                "name": room.name,
                **asdict(tally[room.id]),
                "events_since": cut_short(found, asked, room.id),
            }
            for room in told
        ],
        "total": asdict(summed(tally.values())),
    }


def _reach(found: Found, asked: datetime) -> datetime | None:
    """None where the database is empty."""
    return None if found.begins is None else max(asked, found.begins)


def _show(told: Sequence[Room], tally: Mapping[RoomId, Counts], found: Found, asked: datetime, days: int) -> None:
    late = f"late (> {LATE.total_seconds():g} s)"
    headings = ("id", "name", "dials", "missed", late, "refused", "pushes failed")
    if told:
        print_table(headings, (_line(room, tally[room.id], cut_short(found, asked, room.id)) for room in told))
    for note in _notes(told, found, asked):
        click.echo(note)
    click.echo(in_one_line(summed(tally.values()), len(tally), days))


def _line(room: Room, counts: Counts, short: datetime | None) -> tuple[str, ...]:
    mark = "*" if short is not None else ""
    ours = (counts.dials, counts.missed, f"{counts.late}{mark}", counts.refused, f"{counts.pushes_failed}{mark}")
    return (room.id, room.name, *map(str, ours))


def _notes(told: Sequence[Room], found: Found, asked: datetime) -> Iterator[str]:
    reach = _reach(found, asked)
    if reach is None:
        yield "The database has no data yet."
    elif reach > asked:
        yield f"The database has data since {_at(reach)} only."
    short = [since for room in told if (since := cut_short(found, asked, room.id)) is not None]
    if short:
        newest = f"{kept.HISTORY_PER_ROOM} newest events"
        yield f"* Counted from the {newest} of the room; the shortest of these histories begins at {_at(max(short))}."


def in_one_line(total: Counts, rooms: int, days: int) -> str:
    late = f"{total.late} later than {LATE.total_seconds():g} s"
    return (
        f"{rooms} rooms in {days} days: {total.dials} dials, {total.missed} missed, {late},"
        f" {total.refused} refused; {total.pushes_failed} pushes failed."
    )


def _at(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M UTC")
