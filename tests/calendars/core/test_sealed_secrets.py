"""Sealed secrets that are damaged or rotated while the daemon runs: rooms and sources go on with what they have."""

from __future__ import annotations

from connector.settings import load_settings
from tests.calendars.core.harness import Folder
from tests.calendars.core.test_integrations import OFFICE, filled, secrets
from tests.support.patience import until


def with_a_vault_password(folder: Folder) -> None:
    rooms = folder.path / "rooms.csv"
    rooms.write_text(rooms.read_text().replace("env:PW", "vault:shared"))


async def test_a_damaged_file_of_secrets_is_the_unit_state_and_its_reason(folder: Folder) -> None:
    await filled(folder)
    with_a_vault_password(folder)
    path = load_settings(folder.path, {}).settings.secrets_file
    whole = path.read_bytes()
    path.write_bytes(whole[:30])
    async with folder.daemon():
        await until(lambda: folder.named("unit.unreachable"), "the unit's state says it")
        assert "its password cannot be had: The sealed secrets" in folder.named("unit.unreachable")[0]["reason"]
        assert folder.named("lane.failed") == []
        assert folder.named("calendar.source_failed")
        path.write_bytes(whole)
        await until(lambda: len(folder.named("rooms.loaded")) == 2, "it is put back, and sources are opened")
    assert path.read_bytes() == whole


async def test_a_file_damaged_while_the_daemon_runs_closes_no_source(folder: Folder) -> None:
    await filled(folder)
    path = load_settings(folder.path, {}).settings.secrets_file
    async with folder.daemon():
        opened = len(folder.provider.contexts)
        path.write_bytes(path.read_bytes()[:30])
        await until(lambda: len(folder.named("rooms.loaded")) == 2, "the change was noticed")
        assert len(folder.provider.contexts) == opened
    assert folder.named("calendar.source_failed") == []


async def test_rotations_while_the_daemon_runs_open_nothing_anew(folder: Folder) -> None:
    await filled(folder)
    async with folder.daemon():
        opened = len(folder.provider.contexts)
        for _ in range(3):
            assert (await folder.run_beside("secrets", "rotate")).exit_code == 0
        await until(lambda: len(folder.named("rooms.loaded")) >= 2, "the change was noticed")
        assert len(folder.provider.contexts) == opened
        folder.toml(
            OFFICE + 'label = "another"\n[sync]\npoll_every = 30\n'
        )  # its own section: it reads what was sealed
        await until(lambda: len(folder.provider.contexts) > opened, "the source is opened anew")
        assert folder.provider.contexts[-1].secret("vault:office") == "hunter2"
    assert folder.named("calendar.source_failed") == [] == folder.named("store.row_unreadable")
    assert secrets(folder).get("shared") == "hunter3"
