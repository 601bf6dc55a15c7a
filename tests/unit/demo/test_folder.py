"""The demo's folder: an ordinary configuration, never somebody else's files."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.demo.folder import open_folder, write_calendars, write_settings
from connector.demo.scenario import CAST, HIDDEN, Timing
from connector.errors import UserError
from connector.running.configuration import read_configuration
from device_drivers.api import Endpoint, TlsPolicy


def endpoint(number: int) -> Endpoint:
    pin = TlsPolicy("pin", f"{number:064x}")
    return Endpoint("x", f"127.0.1.{number}", port=8443 + number, tls=pin, username="admin", password="only-for-this")


def test_the_daemon_reads_it_without_a_complaint(tmp_path: Path) -> None:
    with open_folder(tmp_path / "demo") as folder:
        write_calendars(folder, CAST, datetime.now(UTC), Timing.of(None))
        settings = write_settings(folder, [(part, endpoint(n)) for n, part in enumerate(CAST, 1)])
        configuration = read_configuration(settings, {})
    assert configuration.loaded.problems == ()
    assert configuration.rooms.problems == () and configuration.rooms.warnings == ()
    assert [room.id for room in configuration.rooms.rooms] == [part.id for part in CAST]
    assert [room.policy.auto_join for room in configuration.rooms.rooms] == [False, True, False, True]


def test_passwords_are_in_files_for_the_owner_only(tmp_path: Path) -> None:
    with open_folder(tmp_path / "demo") as folder:
        write_settings(folder, [(CAST[0], endpoint(1))])
        secret = folder / "credentials" / CAST[0].id
        assert stat.S_IMODE(os.stat(secret).st_mode) == 0o600
        others = [path.read_text() for path in folder.iterdir() if path.is_file()]
    assert not any("only-for-this" in text for text in others)


def test_a_former_demo_is_cleared_and_a_strangers_folder_is_not_touched(tmp_path: Path) -> None:
    with open_folder(tmp_path / "demo") as folder:
        write_calendars(folder, CAST, datetime.now(UTC), Timing.of(None))
    with open_folder(tmp_path / "demo") as folder:
        assert [path.name for path in folder.iterdir()] == ["made-by-connector-demo.txt"]
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "rooms.csv").write_text("id\n")
    with pytest.raises(UserError, match="no demo made"), open_folder(mine):
        raise AssertionError("opened")
    assert (mine / "rooms.csv").read_text() == "id\n"


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        open_folder(tmp_path / "demo"),
        pytest.raises(UserError, match="Another demo is running"),
        open_folder(tmp_path / "demo"),
    ):
        raise AssertionError("opened twice")


def test_the_story_fits_into_any_time() -> None:
    for seconds in (20, 25, 60, 600, None):
        timing = Timing.of(seconds)
        assert 2 < timing.edit < timing.press < timing.auto_start < timing.hang_up < timing.auto_end
        assert timing.auto_end <= (seconds or 60) - 5


def test_the_private_title_is_in_one_calendar_only(tmp_path: Path) -> None:
    with open_folder(tmp_path / "demo") as folder:
        write_calendars(folder, CAST, datetime.now(UTC), Timing.of(None))
        holding = [path.stem for path in (folder / "calendars").iterdir() if HIDDEN.title in path.read_text()]
    assert holding == ["cedar"]
