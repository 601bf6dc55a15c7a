"""Edits while the daemon runs: what is opened anew, what goes on, and what is said."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from connector.errors import UserError
from connector.running.daemon import Connector, running
from connector.running.lock import FolderLocks
from connector.settings.schema import LogSection
from tests.calendars.core.harness import Folder
from tests.support import patience
from tests.support.patience import until

OFFICE = '[calendars.office]\ntype = "fake"\n'
ANNEX = '[calendars.annex]\ntype = "fake"\n'


def opened(folder: Folder) -> list[str]:
    return [context.name for context in folder.provider.contexts]


async def applied(folder: Folder, times: int) -> None:
    await until(lambda: len(folder.named("rooms.loaded")) == times, "the edit is in force")


async def test_a_source_is_opened_anew_by_an_edit_of_its_own_section_alone(folder: Folder) -> None:
    folder.toml(OFFICE + ANNEX)
    folder.rooms(one="office:one", two="annex:two")
    async with folder.daemon():
        assert opened(folder) == ["office", "annex"]
        folder.toml(OFFICE + ANNEX + '[log]\nlevel = "debug"\n[sync]\npoll_every = 50\n')
        await applied(folder, 2)
        assert opened(folder) == ["office", "annex"]
        folder.toml(OFFICE + ANNEX + 'window = "other"\n')
        await applied(folder, 3)
        assert opened(folder) == ["office", "annex", "annex"]


async def test_a_section_with_a_mistake_keeps_its_source_and_the_others_go_on(folder: Folder) -> None:
    folder.toml(OFFICE + ANNEX)
    folder.rooms(one="office:one", two="annex:two")
    async with folder.daemon():
        await until(lambda: len(set(folder.provider.reads)) == 2, "both are read")
        folder.toml(OFFICE + "wrong = 1\n" + ANNEX + 'window = "other"\n')
        await applied(folder, 2)
        (told,) = folder.named("config.rejected")
        assert told["part"] == "calendars"
        assert told["reason"].startswith("calendars.office: fake: wrong is not known. The source works on")
        read = folder.provider.reads.count("one")
        await folder.run_beside("calendars", "sync")
        await until(lambda: folder.provider.reads.count("one") > read, "the office is still read")
    assert folder.named("calendar.source_failed") == []


async def test_edits_of_the_log_are_applied(folder: Folder) -> None:
    seen: list[str] = []

    def configure(log: LogSection) -> None:
        seen.append(log.level)

    folder.toml("")
    folder.rooms(one="one.ics")
    connector = Connector(folder.path, environ={"PW": "x"}, watcher=folder.events.append, configure_log=configure)
    async with running(connector):
        await applied(folder, 1)
        folder.toml('[log]\nlevel = "warning"\n')
        await applied(folder, 2)
        folder.toml('[log]\nlevel = "warning"\n[sync]\npoll_every = 50\n')
        await applied(folder, 3)
    assert seen == ["info", "warning"]


async def test_a16_an_edited_data_folder_keeps_the_old_one_and_locks_the_new_one(folder: Folder) -> None:
    folder.toml("")
    folder.rooms(one="one.ics")
    async with folder.daemon():
        folder.toml('[connector]\ndata_dir = "elsewhere"\n')
        await applied(folder, 2)
        (told,) = folder.named("config.restart_needed")
        assert told["setting"] == "connector.data_dir"
        assert not (folder.path / "elsewhere" / "connector.db").exists()
        second = Connector(folder.path, environ={"PW": "x"})
        with pytest.raises(UserError, match="Another connector is running on"):
            await second.run(asyncio.Event())
        folder.toml('[connector]\ndata_dir = "elsewhere"\n[sync]\npoll_every = 50\n')
        await applied(folder, 3)
    assert len(folder.named("config.restart_needed")) == 1, "told once"


async def test_a_lock_is_for_one_and_private(tmp_path: Path) -> None:
    with FolderLocks() as first, FolderLocks() as second:
        assert first.take(tmp_path) is False and first.take(tmp_path) is True
        with pytest.raises(UserError, match="Another connector"):
            second.take(tmp_path)
    assert (tmp_path / "connector.lock").stat().st_mode & 0o777 == 0o600
    with FolderLocks() as later:
        assert later.take(tmp_path) is True, "a daemon ran here before"


async def test_the_log_names_the_rooms_that_an_edit_added_changed_and_removed(folder: Folder) -> None:
    folder.toml("")
    folder.rooms(one="one.ics", two="two.ics")
    async with folder.daemon():
        folder.rooms(one="other.ics", three="three.ics")
        await applied(folder, 2)
        told = folder.named("rooms.loaded")[-1]
        assert (told["added"], told["changed"], told["removed"]) == ("three", "one", "two")


@pytest.mark.slow
async def test_a17_a_hang_up_signal_reads_the_files_again(folder: Folder) -> None:
    folder.toml('[log]\nformat = "json"\n')
    folder.rooms(one="one.ics")
    environ = os.environ | {"PW": "x", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "connector", "run", "-c", str(folder.path),
        stderr=asyncio.subprocess.PIPE, env=environ,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        loaded = 0
        async with patience.timeout(60):
            async for line in process.stderr:
                if b"rooms.loaded" in line:
                    loaded += 1
                    process.send_signal(signal.SIGHUP if loaded == 1 else signal.SIGTERM)
            assert await process.wait() == 0
        assert loaded == 2
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
