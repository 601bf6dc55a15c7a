"""``rooms list`` and ``rooms report``: what the store says of each room, and what is kept for how long."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from connector.cli import options
from connector.cli.commands.rooms import report_command, rooms_group
from connector.cli.rooms_report import LATE
from connector.errors import UserError
from connector.model import AttemptState, Room, RoomId
from connector.planning.plan import plan
from connector.settings import load_settings, open_vault
from connector.store import kept
from connector.store.store import Store
from connector.wire import WireError, dump_plan, load_planned_meetings
from tests.store.suite import RECEIPT, attempt, unit
from tests.support.harness import AUTO, meeting
from tests.support.memory_unit import ALL

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
R1, R2 = RoomId("r1"), RoomId("r2")
ROOMS = """id,name,calendar,device_type,ip_address,timezone
r1,Room 1,r1.ics,cisco,10.0.0.1,Asia/Tokyo
r2,Room 2,r2.ics,cisco,10.0.0.2,UTC
"""
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "kept.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "connector.toml").write_text("")
    (tmp_path / "rooms.csv").write_text(ROOMS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str, status: int = 0) -> str:
    done = CliRunner().invoke(rooms_group, words)
    if isinstance(done.exception, UserError):
        raise done.exception
    assert done.exit_code == status, (done.output, done.exception)
    return done.stdout


def listed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("list", "--json"))
    return found


def reported(*words: str, status: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("report", "--json", *words, status=status))
    return found


def filled(fill: Callable[[Store], Awaitable[None]]) -> None:
    """A daemon wrote this."""

    async def written() -> None:
        settings = load_settings(None, os.environ).settings
        settings.data_dir.mkdir(exist_ok=True)
        store = await Store.open(settings.data_dir / "connector.db", open_vault(settings, os.environ), NOW)
        try:
            await fill(store)
        finally:
            await store.close()

    asyncio.run(written())


def planned(*starts: datetime) -> Any:
    row = Room(R1, R1, "r1.ics", "cisco", "10.0.0.1", policy=AUTO)
    meetings = []
    for n, start in enumerate(starts):
        made = meeting(f"m{n}")
        meetings.append(replace(made, event=replace(made.event, start=start, end=start + HOUR, title=f"Talk {n}")))
    return plan(row, meetings, ALL, NOW)


async def a_day(store: Store) -> None:
    lease = (await store.claim_units({R1: unit("10.0.0.1")}, NOW))[R1]
    dialled = attempt(state=AttemptState.ANSWERED, sent_at=NOW - HOUR, at=NOW - HOUR, planned_start=NOW - HOUR)
    await store.write(
        store.save_plan(store.calendar_lease("x"), planned(NOW - 3 * HOUR, NOW + HOUR, NOW + 3 * HOUR)),
        store.save_receipt(lease, RECEIPT, NOW),
        store.save_contact(lease, "reachable", "", NOW, ""),
    )
    await store.add_attempt(lease, replace(dialled, booking_id="0", state=AttemptState.MISSED, sent_at=None))
    await store.add_attempt(lease, dialled)


# ------------------------------------------------------------------------------------ list


def test_without_a_database_nothing_is_known_and_none_is_made(folder: Path) -> None:
    first = listed()[0]
    assert [first[key] for key in ("state", "next_meeting", "last_push", "last_dial")] == [None] * 4
    assert run("list").splitlines()[2].split()[-4:] == ["-"] * 4
    assert {path.name for path in folder.iterdir()} == {"connector.toml", "rooms.csv"}


def test_what_the_database_knows_is_told_in_the_zone_of_the_room(folder: Path) -> None:
    filled(a_day)
    one, other = listed()
    offset = timedelta(hours=9)
    assert one["state"] == "reachable" and one["next_meeting"]["title"] == "Talk 1"
    start = datetime.fromisoformat(one["next_meeting"]["start"])
    assert start == NOW + HOUR and start.utcoffset() == offset
    assert datetime.fromisoformat(one["last_push"]) == NOW
    assert one["last_dial"]["outcome"] == "answered" and datetime.fromisoformat(one["last_dial"]["at"]) == NOW - HOUR
    assert (other["state"], other["next_meeting"], other["last_push"], other["last_dial"]) == (None, None, None, None)
    line = run("list").splitlines()[2]
    assert f"{(NOW + HOUR + offset):%a %d %b %H:%M} Talk 1" in line and line.rstrip().endswith(" answered")
    assert "4321" not in line and "4321" not in json.dumps(one)


def test_it_only_reads_and_works_beside_a_daemon(folder: Path) -> None:
    async def beside(store: Store) -> None:
        await a_day(store)
        assert (await asyncio.to_thread(listed))[0]["state"] == "reachable"
        event = store.save_event(store.calendar_lease("x"), R1, "still.owned", NOW, {})
        await store.write(event)

    filled(beside)


def test_a_database_that_cannot_be_read_leaves_the_rows(folder: Path) -> None:
    filled(a_day)
    database = load_settings(None, os.environ).settings.data_dir / "connector.db"
    database.write_bytes(b"no database" * 1000)
    database.chmod(stat.S_IRUSR | stat.S_IWUSR)
    done = CliRunner().invoke(rooms_group, ["list", "--json"])
    assert done.exit_code == 0 and [row["state"] for row in json.loads(done.stdout)] == [None, None]
    assert "is left out: " in done.stderr and "connector.db" in done.stderr


def test_a_plan_in_short_has_the_decisions_of_the_whole() -> None:
    whole = planned(NOW, NOW + HOUR)
    short = load_planned_meetings(dump_plan(whole))
    assert [(m.title, m.start, m.end, m.outcome) for m in short] == [
        (d.title, d.start, d.end, d.outcome) for d in whole.decisions
    ]
    with pytest.raises(WireError):
        load_planned_meetings(dump_plan(whole)[:-9])


@pytest.mark.parametrize("rows", [[], [("r1", "Room 1 ", "-")], [("r1", "", "a" * 300), ("r22", "Room 22", "x")]])
def test_a_table_in_a_pipe_looks_like_any_other(
    rows: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options.print_table(("id", "name", "calendar"), rows)
    plain = capsys.readouterr().out
    monkeypatch.setattr(options, "_printed_plainly", lambda *_: False)
    options.print_table(("id", "name", "calendar"), rows)
    assert plain == capsys.readouterr().out != ""


# ------------------------------------------------------------------------------------ report


async def a_week(store: Store) -> None:
    leases = await store.claim_units({R1: unit("10.0.0.1"), R2: unit("10.0.0.2")}, NOW)
    refused = attempt(state=AttemptState.REFUSED, at=NOW - DAY, sent_at=NOW - DAY, planned_start=NOW - DAY)
    cases = [
        refused,
        replace(refused, state=AttemptState.ANSWERED),  # tried again, and reached
        replace(refused, booking_id="2"),
        replace(refused, booking_id="2", state=AttemptState.MISSED, sent_at=None),
        replace(refused, booking_id="2", state=AttemptState.MISSED, sent_at=None),  # the same meeting
        replace(refused, booking_id="3", state=AttemptState.MISSED, sent_at=None, at=NOW - 9 * DAY),
    ]
    for case in cases:
        await store.add_attempt(leases[R1], case)
    limit = LATE.total_seconds() * 1000
    events = [
        ("dial.sent", {"late_ms": limit}), ("dial.sent", {"late_ms": limit + 1}), ("screen.push_failed", {}),
    ]  # fmt: skip
    calendar = store.calendar_lease("x")
    await store.write(*(store.save_event(calendar, R1, name, NOW - HOUR, detail) for name, detail in events))
    await store.write(store.save_event(calendar, R2, "dial.sent", NOW - 9 * DAY, {"late_ms": limit + 1}))


def test_the_report_counts_meetings_dials_and_pushes(folder: Path) -> None:
    filled(a_week)
    found = reported(status=3)
    (one,) = found["rooms"]  # the other has nothing to report
    counts = {"dials": 3, "missed": 1, "late": 1, "refused": 2, "pushes_failed": 1}
    assert one == {"id": "r1", "name": "Room 1", **counts, "events_since": None}
    assert found["total"] == counts and found["late_after_seconds"] == LATE.total_seconds()
    assert found["data_since"] == found["since"]
    everything = reported("--all", "--days", "30", status=3)
    assert [(room["id"], room["missed"], room["late"]) for room in everything["rooms"]] == [("r1", 2, 1), ("r2", 0, 1)]
    assert datetime.fromisoformat(everything["data_since"]) == NOW - 9 * DAY


def test_the_report_says_its_limit_its_sum_and_how_far_the_data_reaches(folder: Path) -> None:
    filled(a_week)
    lines = run("report", "--days", "30", status=3).splitlines()
    assert "late (> 5 s)" in lines[0]
    assert lines[-2] == f"The database has data since {NOW - 9 * DAY:%Y-%m-%d %H:%M} UTC only."
    assert lines[-1] == "2 rooms in 30 days: 3 dials, 2 missed, 2 later than 5 s, 2 refused; 1 pushes failed."
    assert f"more than {LATE.total_seconds():g} s late" in " ".join((report_command.help or "").split())


def test_without_a_missed_meeting_it_is_well(folder: Path) -> None:
    async def quiet(store: Store) -> None:
        await store.write(store.save_event(store.calendar_lease("x"), R1, "room.planned", NOW - 8 * DAY, {}))

    filled(quiet)
    assert run("report") == "2 rooms in 7 days: 0 dials, 0 missed, 0 later than 5 s, 0 refused; 0 pushes failed.\n"
    assert [room["id"] for room in reported("--all")["rooms"]] == ["r1", "r2"]


def test_a_room_whose_history_was_cut_is_marked(folder: Path) -> None:
    async def busy(store: Store) -> None:
        lease = store.calendar_lease("x")
        for n in range(kept.HISTORY_PER_ROOM):
            store.post(store.save_event(lease, R1, "screen.push_failed", NOW - DAY + n * timedelta(minutes=1), {}))
        await store.write()

    filled(busy)
    assert datetime.fromisoformat(reported()["rooms"][0]["events_since"]) == NOW - DAY
    text = run("report")
    assert f"{kept.HISTORY_PER_ROOM}*" in text and f"begins at {NOW - DAY:%Y-%m-%d %H:%M} UTC." in text


def test_without_a_database_the_report_says_so(folder: Path) -> None:
    with pytest.raises(UserError, match="does not exist yet: nothing was dialled"):
        run("report")


# ------------------------------------------------------------------------------------ what is kept how long


def test_the_page_says_what_is_kept_how_long() -> None:
    cells = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")][2:]
    assert cells == [[what, kept.shown(bound), since] for what, bound, since in kept.TABLE]
    bounds = {value for name, value in vars(kept).items() if name.isupper() and name != "TABLE"}
    assert bounds == {bound for _, bound, _ in kept.TABLE}
    assert kept.shown(kept.ATTEMPTS) == "35 days" and kept.shown(kept.ADDRESSES) == "1 hour"


def test_the_report_reaches_as_far_as_attempts_are_kept() -> None:
    (days,) = (each for each in report_command.params if each.name == "days")
    assert isinstance(days.type, click.IntRange) and days.type.max == kept.ATTEMPTS.days


def test_a_row_outlives_what_it_holds() -> None:
    assert kept.ADDRESSES < kept.UNENDED < kept.ATTEMPTS <= kept.GONE_UNITS
