"""What ``connector check`` says: causes once, in order, counted; and whatever keeps the daemon from starting."""

from __future__ import annotations

import base64
import json
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from connector.cli.commands.single import check_command
from connector.cli.run import UNUSABLE
from connector.running.preflight import what_stops
from connector.settings import load_settings
from connector.store.schema import upgrade_sqlite
from connector.vault import Vault

HEAD = "id,calendar,device_type,ip_address,credential\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "connector.toml").touch()
    rows(tmp_path, 300)
    return tmp_path


def rows(folder: Path, count: int, bad: tuple[int, ...] = ()) -> None:
    lines = [
        f"r{n},r.ics,{'toaster' if n in bad else 'cisco'},10.1.{n // 250}.{n % 250},env:UNIT_PASSWORD\n"
        for n in range(count)
    ]
    (folder / "rooms.csv").write_text(HEAD + "".join(lines))
    (folder / "r.ics").write_text("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")


def check(*words: str, status: int = 0) -> str:
    result = CliRunner().invoke(check_command, words)
    assert result.exit_code == status, result.output
    return result.output


def test_c3_one_missing_secret_is_one_line_with_whom_it_hits(folder: Path) -> None:
    text = check("--problems-only")
    (line,) = [line for line in text.splitlines() if "UNIT_PASSWORD" in line]
    assert "300 rooms r0, r1," in line and "and 288 more" in line
    (whole,) = [each for each in json.loads(check("--json"))["warnings"] if "UNIT_PASSWORD" in each]
    assert "r299" in whole


def test_c3_the_last_line_counts(folder: Path) -> None:
    rows(folder, 30, bad=(20, 3))
    assert check("--problems-only", status=3).splitlines()[-1] == "2 problems, 1 warning, 28 rooms."
    rows(folder, 30)
    assert check("--problems-only").splitlines()[-1] == "No problems, 1 warning."


def test_c3_problems_are_in_the_order_of_the_file(folder: Path) -> None:
    rows(folder, 130, bad=(120, 20, 3, 101))
    problems = json.loads(check("--json", status=3))["problems"]
    assert [re.findall(r"row (\d+)", problem)[0] for problem in problems] == ["5", "22", "103", "122"]


def test_c3_nothing_is_padded(folder: Path) -> None:
    assert all(line == line.rstrip() for line in check().splitlines())


def test_c3_a_thousand_missing_files_are_not_a_thousand_lines(folder: Path) -> None:
    lines = [f"r{n},calendars/{n}.ics,cisco,10.1.0.{n % 250},\n" for n in range(200)]
    (folder / "rooms.csv").write_text(HEAD + "".join(lines))
    assert len(check("--problems-only", status=0).splitlines()) < 60


# ------------------------------------------------------------------------------------ what keeps it from starting


def master(folder: Path) -> str:
    """A vault whose master key stands in the environment, with something sealed."""
    key = base64.b64encode(os.urandom(32)).decode()
    (folder / "connector.toml").write_text('[vault]\nmaster = "env:MASTER"\n')
    settings = load_settings(folder, {}).settings
    from connector.settings import open_vault

    open_vault(settings, {"MASTER": key})
    return key


def test_c4_the_masters_variable_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = master(folder)
    text = check("--problems-only", status=1)
    assert "MASTER" in text and "used so far" in text and "openssl" not in text
    assert text.count("MASTER") == 1, text
    monkeypatch.setenv("MASTER", base64.b64encode(os.urandom(32)).decode())
    assert "another key" in check(status=1)
    monkeypatch.setenv("MASTER", key)
    check()


def test_c4_a_key_that_was_never_made_is_asked_for(folder: Path) -> None:
    (folder / "connector.toml").write_text('[vault]\nmaster = "env:MASTER"\n')
    assert "openssl rand" in check(status=1)


def test_c4_the_key_file_is_of_another_vault(folder: Path) -> None:
    settings = load_settings(folder, {}).settings
    settings.data_dir.mkdir()
    Vault.open(settings.key_file)
    settings.key_file.write_text("something else\n")
    assert str(settings.key_file.name) in check(status=1)


def test_c4_a_database_of_a_newer_version_and_one_that_is_none(folder: Path) -> None:
    path = load_settings(folder, {}).settings.data_dir / "connector.db"
    upgrade_sqlite(path)
    check()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "newer version" in check(status=1)
    path.write_bytes(b"what somebody saved with the wrong program" * 100)
    assert "cannot be used" in check(status=1)


def test_c4_the_data_folder_is_a_file(folder: Path) -> None:
    (folder / "connector.toml").write_text('[connector]\ndata_dir = "r.ics"\n')
    assert "data_dir" in check(status=1)


def test_c4_nothing_is_made(folder: Path) -> None:
    before = sorted(folder.iterdir())
    check()
    assert sorted(folder.iterdir()) == before
    assert list(what_stops(load_settings(folder, {}).settings, {})) == []


def test_c8_a_vault_that_cannot_be_opened_has_a_status_that_the_service_does_not_restart() -> None:
    top = Path(__file__).parents[3]
    unit = (top / "config" / "room-system-connector.service").read_text()
    (line,) = [line for line in unit.splitlines() if line.startswith("RestartPreventExitStatus")]
    assert line.partition("=")[2].split() == ["2", str(UNUSABLE)]
    assert f"| {UNUSABLE} | the vault or the database" in (top / "docs" / "how-to" / "run-as-a-service.md").read_text()
