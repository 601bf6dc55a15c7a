"""check, rooms and secrets as a person runs them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from connector.cli.commands.rooms import rooms_group
from connector.cli.commands.secrets import secrets_group
from connector.cli.commands.single import check_command
from connector.errors import UserError
from connector.settings import shown_calendar
from device_drivers import registry

TOML = """[sync]
poll_every = 15
[calendars.office]
type = "caldav"
url = "https://dav.example.org/"
username = "rooms"
password = "env:OFFICE_PASSWORD"
[templates.big]
auto_join = true
[templates.panel.options]
description = "room_controller"
"""
ROOMS = """id,name,calendar,device_type,ip_address,credential,template,port
r1,[bold]Room 1,https://cal.example.org/private-1/basic.ics,cisco,10.0.0.1,env:ROOM_PASSWORD,big,
r2,Room 2,office:room-2,generic_http,10.0.0.2,vault:room-2,panel,8080
"""

app = click.Group(commands=[check_command, rooms_group, secrets_group])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "connector.toml").write_text(TOML)
    (tmp_path / "rooms.csv").write_text(ROOMS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OFFICE_PASSWORD", "hunter2")
    monkeypatch.setenv("ROOM_PASSWORD", "hunter2")
    return tmp_path


def run(*words: str, typed: str | None = None, status: int = 0) -> tuple[str, str]:
    result = CliRunner().invoke(app, list(words), input=typed)
    if isinstance(result.exception, UserError):
        raise result.exception
    assert result.exit_code == status, (result.output, result.exception)
    assert "hunter2" not in result.output
    return result.stdout, result.stderr


def test_check_shows_values_origins_and_references(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR__GUARD__ROOMS", "9")
    run("secrets", "set", "room-2", typed="me:hunter2\n")
    text, _ = run("check")
    lines = [line.split() for line in text.splitlines()]
    assert ["sync.poll_every", "connector.toml,", "line", "2", "15"] in lines
    assert ["guard.rooms", "environment", "CONNECTOR__GUARD__ROOMS", "9"] in lines
    assert ["calendars.office.password", "connector.toml,", "line", "7", "env:OFFICE_PASSWORD"] in lines
    assert ["log.level", "default", "info"] in lines
    assert "2 rooms from rooms.csv" in text.replace(f"{folder}/", "")
    assert "Warnings" not in text
    assert text.endswith("No problems.\n")


def test_check_warns_of_references_that_lead_nowhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OFFICE_PASSWORD")
    found = json.loads(run("check", "--json")[0])
    assert found["rooms"] == ["r1", "r2"]
    assert found["warnings"] == [
        "room r2: vault:room-2: the vault has no secret of that name; add it with: connector secrets set room-2.",
        "calendars.office.password: env:OFFICE_PASSWORD: the environment variable OFFICE_PASSWORD is not set.",
    ]


def test_check_warns_of_files_that_are_not_there(folder: Path) -> None:
    toml = f"{TOML}[calendars.ics]\ntype = 'ics'\nfolder = 'cal'\n"
    (folder / "connector.toml").write_text(toml + "[webhooks]\ncert_file = 'a.pem'\nkey_file = 'b.pem'\n")
    (folder / "rooms.csv").write_text(ROOMS.replace("office:room-2", "oak.ics"))
    text, _ = run("check")
    assert f"room r2: the calendar {folder / 'cal' / 'oak.ics'} does not exist." in text
    assert "webhooks.cert_file: " in text and "webhooks.key_file: " in text
    (folder / "cal").mkdir()
    for name in ("cal/oak.ics", "a.pem", "b.pem"):
        (folder / name).touch()
    assert "does not exist" not in run("check")[0]


def test_check_tells_bad_rows_with_status_3(folder: Path) -> None:
    (folder / "rooms.csv").write_text(ROOMS + "r3,Room 3,a.ics,cisko,10.0.0.3,,,\n")
    text, _ = run("check", status=3)
    assert "rooms.csv, row 4, column device_type: 'cisko' is not known; did you mean 'cisco'?" in text
    assert "No problems" not in text
    found = json.loads(run("check", "--json", status=3)[0])
    assert (found["rooms"], len(found["problems"])) == (["r1", "r2"], 1)
    assert {"key": "sync.poll_every", "value": 15.0, "origin": "connector.toml, line 2"} in found["settings"]


@pytest.mark.parametrize(
    ("section", "problems", "warnings"),
    [
        (
            "type = 'google'\nkey_file = 'key.json'",
            ["key_file must be a reference to a secret: env:NAME, file:PATH"],
            [],
        ),
        ("type = 'google'\nkey_file = 'file:key.json'", [], ["key_file: file:key.json: "]),
        (
            "type = 'graph'\ntenant = 'x'\ncertificate = 'file:no.pem'",
            ["client_id is missing."],
            ["certificate: file:no.pem: "],
        ),
    ],
)
def test_check_tells_each_mistake_of_a_source_once(
    folder: Path, section: str, problems: list[str], warnings: list[str]
) -> None:
    """A secret that is not at hand here is a warning; what the source says of its stand-in is noise."""
    (folder / "connector.toml").write_text(f"{TOML}[calendars.cloud]\n{section}\n")
    found = json.loads(run("check", "--json", status=3 if problems else 0)[0])
    told = [p.removeprefix("calendars.cloud: ") for p in found["problems"] if p.startswith("calendars.cloud: ")]
    assert len(told) == len(problems) and all(map(str.startswith, told, problems)), told
    assert [w for w in found["warnings"] if "calendars.cloud." in w and warnings[0] in w] or not warnings


def test_check_of_unusable_input_has_status_2(folder: Path) -> None:
    (folder / "rooms.csv").unlink()
    text, _ = run("check", status=2)
    assert "rooms.csv does not exist; make it there, or name the folder of connector.toml with --config." in text
    assert "sync.poll_every" in text
    (folder / "connector.toml").write_text("[sync]\npol_every = 1\n")
    found = json.loads(run("check", "--json", status=2)[0])
    assert found["problems"] == ["connector.toml, line 2: sync.pol_every is not a setting; did you mean 'poll_every'?"]


def test_check_warns_of_options_that_the_driver_has_not(folder: Path) -> None:
    (folder / "connector.toml").write_text(TOML + "[templates.big.options]\nno_such_option = 'x'\n")
    text, _ = run("check")
    assert "templates.big.options.no_such_option is not an option of the driver cisco" in text


def test_check_tells_mistakes_in_the_options_and_descriptions_of_units(folder: Path) -> None:
    """The daemon would tell them too, but only where the password is at hand."""
    (folder / "panel.toml").write_text("[unit]\nlabel = 'x'\n[prob]\npath = '/'\n")
    options = "[templates.big.options]\nbookings = 'putt'\n[templates.panel.options]\ndescription = './panel.toml'\n"
    (folder / "connector.toml").write_text(TOML.partition("[templates.panel")[0] + options)
    text, _ = run("check", status=3)
    problems = text.partition("Problems:")[2].partition("Warnings:")[0]
    assert "templates.big.options: " in problems and "'putt'" in problems
    assert "templates.panel.options: " in problems and "panel.toml" in problems and "probe" in problems
    assert problems.count("templates.") == 2


def test_a_driver_that_cannot_be_loaded_is_a_problem(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [replace(r, status="failed", reason="it has a mistake", plug=None) for r in registry.records()]
    monkeypatch.setattr(registry, "records", lambda: broken)
    text, _ = run("check", status=3)
    assert "The driver cisco cannot be used: it has a mistake." in text


def test_rooms_list_shows_text_as_text_and_hides_secret_urls(folder: Path) -> None:
    text, _ = run("rooms", "list", "--config", str(folder))
    assert "[bold]Room 1" in text
    assert "10.0.0.2:8080" in text
    assert "private-1" not in text
    records = json.loads(run("rooms", "list", "--json")[0])
    assert [(r["id"], r["auto_join"], r["port"]) for r in records] == [("r1", True, None), ("r2", False, 8080)]
    assert records[0]["calendar"] == shown_calendar("https://cal.example.org/private-1/basic.ics")
    assert "private-1" not in str(records) and "basic.ics" not in str(records)


def test_rooms_list_of_a_file_with_bad_rows_has_status_3(folder: Path) -> None:
    (folder / "rooms.csv").write_text(ROOMS + "r3,Room 3,,cisco,10.0.0.3,,,\n")
    text, errors = run("rooms", "list", "--json", status=3)
    assert [r["id"] for r in json.loads(text)] == ["r1", "r2"]
    assert "rooms.csv, row 4, column calendar: is empty" in errors


def test_rooms_show(folder: Path) -> None:
    text, _ = run("rooms", "show", "r1")
    lines = [line.split() for line in text.splitlines()]
    assert ["credential", "env:ROOM_PASSWORD"] in lines
    assert ["policy.auto_join", "yes"] in lines
    assert ["policy.early_join", "5"] in lines
    record = json.loads(run("rooms", "show", "r2", "--json")[0])
    assert (record["policy"]["late_join"], record["timezone"]) == (5, "UTC")
    with pytest.raises(UserError, match=r"There is no room 'room 3' in rooms.csv; did you mean 'Room 2'\?"):
        run("rooms", "show", "room 3")
    assert run("rooms", "show", "room 2") == run("rooms", "show", "r2")


def test_a_room_whose_row_is_bad_is_not_said_to_be_missing(folder: Path) -> None:
    (folder / "rooms.csv").write_text(ROOMS + "r3,Room 3,,cisco,10.0.0.3,,,\n")
    with pytest.raises(UserError) as caught:
        run("rooms", "show", "r3")
    assert caught.value.problems[0].startswith("The row of the room 'r3' has a mistake")
    assert "row 4, column calendar: is empty" in caught.value.problems[1]


def test_rooms_export_can_be_read_in_again(folder: Path) -> None:
    text, _ = run("rooms", "export")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0]["calendar"] == "https://cal.example.org/private-1/basic.ics"
    before = run("rooms", "list", "--json")[0]
    run("rooms", "export", "--output", str(folder / "rooms.csv"))
    assert run("rooms", "list", "--json")[0] == before
    assert run("rooms", "export")[0] == text
    assert json.loads(run("rooms", "export", "--json")[0])[1]["ip_address"] == "10.0.0.2"
    with pytest.raises(UserError, match="cannot be written: Is a directory"):
        run("rooms", "export", "--output", str(folder))


def test_secrets_are_read_from_standard_input_and_listed_by_name(folder: Path) -> None:
    nothing, told = run("secrets", "list")
    assert nothing == "" and f"There is no secret in {folder / 'var'}" in told
    assert not (folder / "var").exists(), "looking makes no key"
    stored, _ = run("secrets", "set", "room-2", typed="me:hunter2\n")
    assert stored == f"Stored room-2 in {folder / 'var' / 'secrets.sealed'}; refer to it as vault:room-2\n"
    assert "Replaced room-2" in run("secrets", "set", "room-2", typed="me:hunter2")[0]
    assert run("secrets", "list")[0] == "room-2\n"
    assert json.loads(run("secrets", "list", "--json")[0]) == ["room-2"]
    assert b"hunter2" not in (folder / "var" / "secrets.sealed").read_bytes()
    with pytest.raises(UserError, match="There is no secret 'rom-2'; did you mean 'room-2'"):
        run("secrets", "delete", "rom-2")
    assert run("secrets", "delete", "room-2")[0] == "Deleted room-2\n"
    assert run("secrets", "list")[0] == ""


def test_a_secret_is_never_an_argument(folder: Path) -> None:
    result = CliRunner().invoke(app, ["secrets", "set", "room-2", "hunter2"])
    assert result.exit_code == 2
    with pytest.raises(UserError, match="The secret room-2 is empty; nothing was stored"):
        run("secrets", "set", "room-2", typed="")
