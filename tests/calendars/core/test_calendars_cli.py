"""``connector calendars``: list, sync, release, rooms."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from connector.calendars.base import Place
from connector.errors import AccessDenied, CredentialsRejected, SourceUnavailable
from connector.settings import load_rooms, load_settings
from connector.store.store import Store
from connector.vault import Vault
from tests.calendars.core.fake_source import event
from tests.calendars.core.harness import Folder
from tests.support.patience import until

OFFICE = '[calendars.office]\ntype = "fake"\n'
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
LATER = SOON + timedelta(hours=1)


def settled(folder: Folder) -> None:
    folder.toml(OFFICE)
    folder.rooms(one="office:one@example.org", two="office:two@example.org")
    folder.provider.events["one@example.org"] = (event("a", SOON, LATER, "zoom.us/j/12345678901"),)


# ------------------------------------------------------------------------------------ list


async def test_list_tells_what_the_daemon_last_read(folder: Folder) -> None:
    settled(folder)
    folder.provider.errors["two@example.org"] = SourceUnavailable("the mailbox is away.")
    before = await folder.run_beside("calendars", "list", "--json")
    assert before.exit_code == 0
    assert [line["read_at"] for line in json.loads(before.stdout)] == [None, None]
    async with folder.daemon():
        await until(lambda: folder.named("calendar.failed"), "the second fails")
        await until(lambda: folder.named("room.planned"), "the first is read")
    answer = await folder.run_beside("calendars", "list", "--json")
    assert answer.exit_code == 3
    one, two = json.loads(answer.stdout)
    assert (one["calendar"], one["rooms"], one["meetings"], one["joinable"]) == (
        "office:one@example.org", ["one"], 1, 1,
    )  # fmt: skip
    assert one["read_at"] is not None
    assert (two["rooms"], two["error"]) == (["two"], "the mailbox is away.")
    assert "the mailbox is away." in (await folder.run_beside("calendars", "list")).stdout


async def test_a_reason_with_commands_is_one_line_of_the_table(folder: Folder) -> None:
    settled(folder)
    reason = "The app may not read the calendar. In PowerShell:\nNew-ServicePrincipal -AppId x\nNew-ManagementScope"
    folder.provider.errors["one@example.org"] = AccessDenied(reason)
    folder.provider.errors["two@example.org"] = AccessDenied(f"Not shared: {'do this and that ' * 20}")
    async with folder.daemon():
        await until(lambda: len(folder.named("calendar.failed")) == 2, "both fail")
    answer = await folder.run_beside("calendars", "list")
    assert "In PowerShell:" in answer.stdout and "New-" not in answer.stdout and " do ...\n" in answer.stdout
    assert len([line for line in answer.stdout.splitlines() if line.strip()]) == 5
    assert answer.stdout.endswith("what to do: connector calendars doctor\n")
    whole = json.loads((await folder.run_beside("calendars", "list", "--json")).stdout)
    assert whole[0]["error"] == reason


# ------------------------------------------------------------------------------------ sync and release


async def test_sync_has_the_daemon_read_now(folder: Folder) -> None:
    settled(folder)
    async with folder.daemon():
        await until(lambda: len(folder.provider.reads) >= 2, "both are read at the start")
        count = len(folder.provider.reads)
        answer = await folder.run_beside("calendars", "sync")
        assert (answer.exit_code, answer.stdout) == (0, "2 calendars are being read.\n")
        await until(lambda: len(folder.provider.reads) >= count + 2, "both are read again")
        answer = await folder.run_beside("calendars", "sync", "two")
        assert answer.stdout == "1 calendar is being read.\n"
        await until(lambda: folder.provider.reads[-1] == "two@example.org", "only that one")
        answer = await folder.run_beside("calendars", "sync", "office", "--json")
        assert json.loads(answer.stdout)["target"] == "source:office"
    assert [e["command"] for e in folder.named("daemon.command")] == ["sync"] * 3


async def test_sync_tries_refused_credentials_once_more(folder: Folder) -> None:
    settled(folder)
    folder.provider.errors["one@example.org"] = CredentialsRejected("the password was refused.")
    async with folder.daemon():
        await until(lambda: folder.named("calendar.failed"), "the source is blocked")
        del folder.provider.errors["one@example.org"]
        await folder.run_beside("calendars", "sync", "one")
        await until(lambda: folder.named("calendar.recovered"), "it is asked again")


async def test_without_a_daemon_the_command_expires(folder: Folder) -> None:
    settled(folder)
    assert "does not exist yet" in str((await folder.run_beside("calendars", "sync")).exception)
    async with folder.daemon():
        pass
    answer = await folder.run_beside("calendars", "sync")
    assert answer.exit_code == 1
    assert "The daemon did not take the command within 5 s" in answer.output
    with sqlite3.connect(folder.database) as conn:
        past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat(timespec="microseconds")
        conn.execute("update commands set expires_at = ?", (past,))
    conn.close()
    async with folder.daemon():
        await until(lambda: len(folder.provider.reads) >= 2, "the daemon works")
        await asyncio.sleep(1.2)  # it looks once a second
    assert folder.named("daemon.command") == []


async def test_a_command_is_carried_out_once(folder: Folder) -> None:
    settled(folder)
    async with folder.daemon():
        store = Store.open_read_only(folder.database, Vault.open(folder.path / "var" / "vault.key"))
        now = datetime.now(UTC)
        number = await store.ask("sync", "room:none", now, timedelta(seconds=60))
        strange = await store.ask("explode", "", now, timedelta(seconds=60))
        await until(lambda: len(folder.named("daemon.command")) == 2, "both are answered")
        await asyncio.sleep(1.2)
        assert await store.outcome(number) == ("There is no room none.", True)
        assert await store.outcome(strange) == ("This version does not know the command explode.", True)
        assert len(folder.named("daemon.command")) == 2
        await store.close()


async def test_release_lets_a_flood_of_removals_through(folder: Folder) -> None:
    names = [f"r{number}" for number in range(6)]
    folder.toml(OFFICE + "[sync]\npoll_every = 600\nread_again_after = 600\ndebounce = 0.05\n")
    folder.rooms(**{name: f"office:{name}" for name in names})
    folder.provider.events = {name: (event("a", SOON, LATER, "zoom.us/j/12345678901"),) for name in names}
    async with folder.daemon():
        await until(lambda: len(folder.named("room.planned")) == 6, "all are planned")
        folder.provider.events = {}
        await folder.run_beside("calendars", "sync")
        await until(lambda: folder.named("calendar.suspiciously_empty"), "the removals are held back")
        answer = await folder.run_beside("calendars", "release", "office")
        assert answer.stdout.startswith("6 calendars are read once more")
        await until(lambda: len(folder.named("calendar.released")) == 6, "they are believed")
        await until(lambda: [e for e in folder.named("room.planned") if not e["bookings"]], "a room is emptied")


def test_unknown_names_are_sentences(folder: Folder) -> None:
    settled(folder)
    assert "did you mean 'office'?" in str(folder.run("calendars", "release", "ofice").exception)
    assert "There is no room 'oen'" in str(folder.run("calendars", "sync", "oen").exception)
    assert "did you mean 'office'?" in str(folder.run("calendars", "rooms", "ofice").exception)


# ------------------------------------------------------------------------------------ rooms


def test_rooms_are_a_csv_ready_to_fill_in(folder: Folder) -> None:
    folder.toml(OFFICE)
    folder.provider.places = (
        Place("o'brien@example.org", "O'Brien, 2nd floor", "Dublin", "Europe/Dublin", 12, "Teams device"),
        Place("board@example.org", "Board"),
        Place("board2@example.org", "Board"),
        Place("evil@example.org", '=HYPERLINK("x")\nnext'),
        Place("大会議室@example.org", "大会議室"),
    )
    answer = folder.run("calendars", "rooms")
    assert answer.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert [row["id"] for row in rows] == ["o-brien-2nd-floor", "board", "board-2", "hyperlink-x-next", "example-org"]
    first = rows[0]
    assert (first["calendar"], first["name"], first["site"], first["timezone"], first["notes"]) == (
        "office:o'brien@example.org", "O'Brien, 2nd floor", "Dublin", "Europe/Dublin", "Teams device; 12 seats",
    )  # fmt: skip
    assert rows[3]["name"] == '\'=HYPERLINK("x") next'
    filled = [
        row | {"device_type": "cisco", "ip_address": f"10.0.0.{n}", "credential": "env:PW"}
        for n, row in enumerate(rows)
    ]
    with (folder.path / "rooms.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(first))
        writer.writeheader()
        writer.writerows(filled)
    settings = load_settings(folder.path, {}).settings
    read = load_rooms(settings.rooms_file, settings, known_drivers=["cisco"])
    assert (len(read.rooms), read.problems) == (5, ())


@pytest.mark.parametrize(("second_is_up", "status"), [(True, 3), (False, 1)])
def test_a_source_that_cannot_be_asked_stops_no_other(folder: Folder, second_is_up: bool, status: int) -> None:
    folder.toml(f'{OFFICE}[calendars.bad]\ntype = "fake"\nwrong = true\n')
    folder.provider.places = (Place("a@example.org", "A"),)
    folder.provider.down = not second_is_up
    answer = folder.run("calendars", "rooms", "--json")
    assert answer.exit_code == status
    assert "bad: fake: wrong is not known." in answer.output
    assert ("office: the provider is down." in answer.output) is not second_is_up


def test_a_source_without_a_list_says_so_when_asked_by_name(folder: Folder) -> None:
    folder.toml("")
    assert "this kind of source (ics) has no list" in folder.run("calendars", "rooms", "ics").output
    assert folder.run("calendars", "rooms").exit_code == 1


async def test_what_is_held_back_stays_held_when_calendars_are_read_one_by_one(folder: Folder) -> None:
    names = [f"r{number}" for number in range(6)]
    folder.toml(OFFICE + "[sync]\npoll_every = 600\nread_again_after = 600\ndebounce = 0.05\n")
    folder.rooms(**{name: f"office:{name}" for name in names})
    folder.provider.events = {name: (event("a", SOON, LATER, "zoom.us/j/12345678901"),) for name in names}
    async with folder.daemon():
        await until(lambda: len(folder.named("room.planned")) == 6, "all are planned")
        folder.provider.events = {}
        await folder.run_beside("calendars", "sync")
        await until(lambda: folder.named("calendar.suspiciously_empty"), "the removals are held back")
        count = len(folder.provider.reads)
        await folder.run_beside("calendars", "sync", "r3")
        await until(lambda: len(folder.provider.reads) > count, "one is read by itself")
        await asyncio.sleep(0.3)
    assert [e["bookings"] for e in folder.named("room.planned")] == [1] * 6
