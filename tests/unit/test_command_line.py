"""Slips at the command line end in a sentence and a status, never in a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from errno import EACCES
from pathlib import Path

import pytest

from connector.cli.main import main
from tests.calendars.ics_text import vcalendar, vevent


def ended(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[object, str]:
    """Status, and what was said on standard error."""
    monkeypatch.setattr("sys.argv", ["connector", *words])
    with pytest.raises(SystemExit) as caught:
        main()
    return caught.value.code, capsys.readouterr().err


def test_a_firmware_that_no_simulator_has(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    status, told = ended(capsys, monkeypatch, "simulate", "cisco", "--port", "0", "--firmware", "ce8")
    assert status == 2
    assert told == "--firmware: unknown firmware 'ce8'; there are tc7.3, ce9.15, roomos10, roomos11, roomos26.\n"


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a daemon that another user runs. Done by hand: these tests may run as root, who may all."""
    row = "r1,a.ics,cisco,10.0.0.1,vault:r1\n"
    (tmp_path / "rooms.csv").write_text(f"id,calendar,device_type,ip_address,credential\n{row}")
    (tmp_path / "connector.toml").touch()
    real = Path.exists

    def exists(self: Path, **more: bool) -> bool:
        if self.parent == tmp_path / "var":
            raise PermissionError(EACCES, "Permission denied", str(self))
        return real(self, **more)

    monkeypatch.setattr(Path, "exists", exists)
    return tmp_path


@pytest.mark.parametrize(
    "words", [("explain", "r1"), ("devices", "status"), ("calendars", "list"), ("secrets", "list")]
)
def test_a_data_folder_of_another_user(
    closed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    status, told = ended(capsys, monkeypatch, *words, "--config", str(closed))
    assert status == 1
    assert told.startswith(str(closed / "var"))
    assert told.endswith("permission denied. Run this as the user of the daemon: sudo -u USER ...\n")


def test_check_goes_on_without_the_secrets_of_another_user(
    closed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["connector", "check", "--config", str(closed)])
    with pytest.raises(SystemExit) as caught:
        main()
    told = capsys.readouterr().out
    assert caught.value.code == 0
    assert "room r1: " in told and "secrets.sealed cannot be read: Permission denied; make it readable" in told


@pytest.mark.parametrize("words", [("rooms", "list"), ("detect", "rocket.ics")])
@pytest.mark.slow
def test_signs_that_the_terminal_does_not_have(tmp_path: Path, words: tuple[str, ...]) -> None:
    row = "r1,Größe \N{ROCKET},rocket.ics,cisco,10.0.0.1,env:PW\n"
    (tmp_path / "rooms.csv").write_text(f"id,name,calendar,device_type,ip_address,credential\n{row}", "utf-8")
    (tmp_path / "rocket.ics").write_bytes(vcalendar(vevent("\N{ROCKET}", "20261110T100000Z", "20261110T110000Z")))
    done = subprocess.run(
        [sys.executable, "-m", "connector", *words], cwd=tmp_path, capture_output=True, check=False,
        env={**os.environ, "PW": "x", "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout
