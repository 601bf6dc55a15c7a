"""A source that is taken out of connector.toml leaves nothing behind: not there, not here."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.running import calendar_sources
from connector.running.daemon import Connector, running
from connector.settings import load_settings, open_vault, watched_files
from connector.vault import SecretStore
from tests.calendars.core.fake_source import Provider, event
from tests.calendars.core.harness import Folder
from tests.support.patience import until

OFFICE = '[calendars.office]\ntype = "fake"\npassword = "vault:office"\n'
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


def secrets(folder: Folder) -> SecretStore:
    settings = load_settings(folder.path, {}).settings
    return SecretStore(settings.secrets_file, open_vault(settings, {}))


def rows(folder: Folder, table: str, where: str = "1") -> int:
    with sqlite3.connect(folder.database) as conn:
        (count,) = conn.execute(f"select count(*) from {table} where {where}").fetchone()
    conn.close()
    return int(count)


async def filled(folder: Folder, more: str = "") -> None:
    """The daemon ran once: meetings of the office are cached, and its source remembers a subscription."""
    folder.toml(OFFICE + more)
    folder.rooms(one="office:one@example.org")
    secrets(folder).set("office", "hunter2")
    secrets(folder).set("shared", "hunter3")
    folder.provider.events["one@example.org"] = (event("a", SOON, SOON + timedelta(hours=1), "zoom.us/j/12345678901"),)
    async with folder.daemon():
        await until(lambda: folder.named("room.planned"), "the room is planned")
    assert rows(folder, "calendars", "calendar like 'office:%'") == 1
    assert rows(folder, "source_state", "source = 'office'") == 1
    assert rows(folder, "rooms", "plan_sealed is not null") == 1


def assert_gone(folder: Folder) -> None:
    assert folder.provider.disposed == ["office:state-of-subscription"]
    assert rows(folder, "calendars", "calendar like 'office:%'") == 0
    assert rows(folder, "source_state", "source = 'office' or key = 'office'") == 0
    assert rows(folder, "rooms", "plan_sealed is not null") == 0
    assert secrets(folder).names() == ("shared",)


async def test_removed_while_the_daemon_was_down(folder: Folder) -> None:
    await filled(folder)
    folder.toml("")
    async with folder.daemon():
        await until(lambda: folder.named("integration.removed"), "the integration is removed")
    (told,) = folder.named("integration.removed")
    assert (told["source"], told["type"], told["wiped"]) == ("office", "fake", "vault:office")
    assert_gone(folder)
    async with folder.daemon():
        assert folder.named("integration.removed") == []  # once


async def test_removed_while_the_daemon_runs(folder: Folder) -> None:
    await filled(folder)
    async with folder.daemon():
        folder.toml("")
        await until(lambda: folder.named("integration.removed"), "the integration is removed")
    assert_gone(folder)


async def test_a_connector_toml_that_is_away_or_empty_removes_nothing(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor that saves in two steps, a full disk, a start beside the wrong file: no decision of anybody."""
    await filled(folder)
    sealed = secrets(folder)
    monkeypatch.chdir(folder.path)
    toml = folder.path / "connector.toml"
    text = toml.read_text()
    for content in (None, "", text):
        toml.unlink(missing_ok=True)
        if content is not None:
            toml.write_text(content)
        folder.events.clear()
        async with running(Connector(None, environ={"PW": "x"}, watcher=folder.events.append)):
            await until(lambda: folder.named("rooms.loaded"), "it runs")
            if content == text:
                toml.unlink()
                await until(lambda: folder.named("config.rejected"), "a file that went away is told")
                toml.touch()
                await until(lambda: len(folder.named("config.rejected")) > 1, "an emptied file is told")
                assert len(folder.named("rooms.loaded")) == 1, "the last good configuration stays"
        assert folder.named("integration.removed") == []
        assert sealed.names() == ("office", "shared")
    assert rows(folder, "source_state", "source = 'office'") == 1


async def test_a_connector_toml_that_is_still_being_written_removes_nothing(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole TOML to the end of a section, and the next section not there yet."""
    await filled(folder)
    toml = folder.path / "connector.toml"
    text = toml.read_text()
    begun = text.partition("[calendars.office]")[0] + "\n"
    stamp, looks = watched_files._stamp, [0]

    def written_on(path: Path) -> str:
        """The writer goes on when it was seen twice, as one look does that takes the file for whole."""
        found = stamp(path)
        if path == toml and path.read_text() == begun:
            looks[0] += 1
            if looks[0] == 2:
                path.write_text(text)
        return found

    monkeypatch.setattr(watched_files, "_stamp", written_on)
    async with folder.daemon():
        await until(lambda: folder.named("rooms.loaded"), "it runs")
        toml.write_text(begun)
        await until(lambda: toml.read_text() == text, "the rest is written")
        rooms = folder.path / "rooms.csv"
        rooms.write_text(rooms.read_text() + "\n")
        await until(lambda: len(folder.named("rooms.loaded")) > 1, "edits are looked for as before")
    assert folder.named("integration.removed") == []


async def test_nothing_of_it_is_left_in_the_bytes_of_the_files(folder: Folder) -> None:
    """Rows that are only deleted stay in free pages, and in the write-ahead log while the daemon runs."""
    await filled(folder)
    with sqlite3.connect(folder.database) as conn:
        sealed = conn.execute(
            "select meetings_sealed from calendars"
            " union all select value_sealed from source_state where source = 'office'"
            " union all select plan_sealed from rooms where plan_sealed is not null"
        ).fetchall()
    conn.close()
    marks = [blob[9:41] for (blob,) in sealed]  # the nonce and what follows it
    assert len(marks) == 3
    assert all(mark in folder.database.read_bytes() for mark in marks)
    async with folder.daemon():
        folder.toml("")
        await until(lambda: folder.named("integration.removed"), "the integration is removed")
        files = [path for path in folder.database.parent.iterdir() if path.name.startswith("connector.db")]
        assert len(files) > 1, "no write-ahead log: the test looks at too little"
        left = b"".join(path.read_bytes() for path in files)
        assert [mark in left for mark in marks] == [False] * 3


async def test_a_provider_that_hangs_does_not_keep_the_rooms_waiting(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new source has the old one's name: it waits, and not for long."""
    monkeypatch.setattr(calendar_sources, "BRIEF", timedelta(seconds=0.1))
    await filled(folder)
    folder.toml('[calendars.office]\ntype = "other"\n')
    folder.provider.hangs = True
    async with folder.daemon():
        await until(lambda: rows(folder, "calendars", "calendar like 'office:%'"), "it is read from the new one")
    (failed,) = folder.named("integration.dispose_failed")
    assert failed["reason"].startswith("not all was ended within 0 s")


async def test_a_secret_that_something_else_refers_to_stays(folder: Folder) -> None:
    await filled(folder, '[calendars.second]\ntype = "fake"\npassword = "vault:office"\n')
    folder.toml('[calendars.second]\ntype = "fake"\npassword = "vault:office"\n')
    async with folder.daemon():
        await until(lambda: folder.named("integration.removed"), "the integration is removed")
    assert "wiped" not in folder.named("integration.removed")[0]
    assert secrets(folder).names() == ("office", "shared")
    assert rows(folder, "source_state", "key = 'second'") == 1


async def test_a_provider_that_is_down_or_a_lost_secret_only_costs_the_farewell(folder: Folder) -> None:
    await filled(folder)
    folder.toml("")
    folder.provider.down = True
    async with folder.daemon():
        await until(lambda: folder.named("integration.removed"), "the integration is removed")
    (failed,) = folder.named("integration.dispose_failed")
    assert failed["reason"] == "SourceUnavailable: the provider is down."
    folder.provider.disposed.append("office:state-of-subscription")  # what assert_gone looks for besides the wiping
    assert_gone(folder)


async def test_killed_in_the_middle_it_is_done_at_the_next_start(folder: Folder) -> None:
    await filled(folder)
    folder.toml("")
    folder.provider.hangs = True
    async with folder.daemon():
        await until(lambda: folder.named("rooms.loaded"), "the daemon works meanwhile")
    assert rows(folder, "calendars", "calendar like 'office:%'") == 0
    assert rows(folder, "source_state", "source = 'office'") == 1
    folder.provider.hangs = False
    async with folder.daemon():
        await until(lambda: folder.named("integration.removed"), "the integration is removed")
    assert_gone(folder)


async def test_another_kind_of_source_under_the_old_name_starts_afresh(folder: Folder) -> None:
    await filled(folder)
    folder.toml('[calendars.office]\ntype = "other"\n')
    async with folder.daemon():
        await until(lambda: rows(folder, "calendars", "calendar like 'office:%'"), "it is read from the new one")
        assert folder.named("integration.removed")[0]["type"] == "fake"
    assert folder.provider.disposed == ["office:state-of-subscription"]
    assert rows(folder, "calendars", "calendar like 'office:%'") == 1
    folder.toml("")
    async with folder.daemon():
        await until(lambda: folder.named("integration.removed"), "the new one is removed in its turn")
        assert folder.named("integration.removed")[0]["type"] == "other"


@pytest.mark.parametrize("also", ["", "[sync]\npoll_every = 30\n"])
async def test_what_stays_in_the_file_is_left_alone(folder: Folder, provider: Provider, also: str) -> None:
    await filled(folder)
    folder.toml(OFFICE + also)
    async with folder.daemon():
        await until(lambda: provider.reads.count("one@example.org") >= 2, "it is read again")
    assert folder.named("integration.removed") == []
    assert rows(folder, "source_state", "source = 'office'") == 1
    assert provider.disposed == []


async def test_a_replaced_secret_is_taken_up_without_a_restart(folder: Folder, provider: Provider) -> None:
    await filled(folder)
    async with folder.daemon():
        opened = len(provider.contexts)
        secrets(folder).set("other", "nobody refers to it")
        secrets(folder).set("office", "hunter4")
        await until(lambda: len(provider.contexts) > opened, "the source is opened anew")
        assert provider.contexts[-1].secret("vault:office") == "hunter4"
        await until(lambda: len(folder.named("rooms.loaded")) == 2, "the rooms are served again")
    assert folder.named("integration.removed") == []
    assert "hunter" not in str(folder.events)


async def test_a_secret_that_the_settings_do_not_name_opens_nothing_anew(folder: Folder, provider: Provider) -> None:
    await filled(folder)
    async with folder.daemon():
        opened = len(provider.contexts)
        secrets(folder).set("other", "nobody refers to it")
        await until(lambda: len(folder.named("rooms.loaded")) == 2, "the change was noticed")
        assert len(provider.contexts) == opened
