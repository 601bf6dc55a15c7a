"""``connector detect FILE... --json``: the printed keys, the exit status, and no passcode in what people paste."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connector.cli.commands.single import detect_command
from connector.errors import UserError

KEYS = {"file", "joinable", "service", "meeting_id", "passcode", "passcode_text", "join_url", "sip", "h323", "evidence"}
INVITATION = "https://zoom.us/j/81920374655?pwd=Token\nPasscode: Walrus\n+12025550143,,81920374655#,,,,*0046189#\n"


def run(*args: str) -> Result:
    return CliRunner().invoke(detect_command, list(args))


@pytest.fixture
def invitation(tmp_path: Path) -> Path:
    path = tmp_path / "anything.bin"
    path.write_text(INVITATION, "utf-8")
    return path


def test_one_json_object_a_line(invitation: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b"")
    result = run(str(invitation), str(empty), "--json")
    assert result.exit_code == 0
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert set(first) == set(second) == KEYS
    assert first["file"] == str(invitation)
    assert (first["service"], first["joinable"], first["meeting_id"]) == ("zoom", True, "81920374655")
    assert (first["passcode"], first["passcode_text"]) == ("0046189", "Walrus")
    assert first["sip"] == ["81920374655.0046189@zoomcrc.com"]
    assert first["evidence"] and "0046189" not in json.dumps(first["evidence"])
    assert (second["service"], second["joinable"], second["sip"], second["h323"]) == (None, False, [], [])
    assert second["meeting_id"] is second["passcode"] is second["join_url"] is None


def test_the_readable_form_tells_why_and_keeps_secrets(invitation: Path) -> None:
    result = run(str(invitation))
    assert result.exit_code == 0
    assert "zoom 81920374655, joinable" in result.stdout
    assert "81920374655.***@zoomcrc.com" in result.stdout
    assert "zoom.passcode.onetap" in result.stdout
    for secret in ("0046189", "Walrus", "Token"):
        assert secret not in result.stdout


def test_unreadable_files_are_a_sentence_and_a_status(invitation: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.ics"
    alone = run(str(missing))
    assert alone.exit_code == 2
    assert f"{missing} cannot be read: No such file or directory." in alone.stderr
    assert "Traceback" not in alone.output
    partly = run(str(missing), str(invitation), str(tmp_path), "--json")
    assert partly.exit_code == 3
    assert len(partly.stdout.splitlines()) == 1


RULES = """
[dialing]
internal_domains = ["example.org"]
[[rules]]
name = "lab"
match = 'zoom\\.us/j/(?P<id>\\d+)'
rooms = ["lab-*"]
address = "{id}@vc.example.org"
[[rules]]
name = "quiet"
match = "zoom"
sites = ["Oslo"]
action = "no_button"
[[rules]]
name = "gone"
match = "zoom"
rooms = ["cellar"]
action = "ignore"
"""


@pytest.mark.parametrize(
    ("options", "sip"),
    [
        ((), ["81920374655@vc.example.org"]),
        (("--room", "lab-2"), ["81920374655@vc.example.org"]),
        (("--room", "huddle"), ["81920374655.0046189@zoomcrc.com"]),
        (("--room", "huddle", "--site", "oslo"), []),
        (("--room", "cellar"), []),
    ],
)
def test_rules_are_tried_for_a_room(invitation: Path, tmp_path: Path, options: tuple[str, ...], sip: list[str]) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES, "utf-8")
    result = run("--rule", str(rules), "--json", *options, str(invitation))
    assert result.exit_code == 0
    printed = json.loads(result.stdout)
    assert set(printed) == KEYS
    assert printed["sip"] == sip
    assert any(line["rule"].startswith("rule.") for line in printed["evidence"]) is (options[1:] != ("huddle",))


def test_a_bad_rule_is_told_and_the_rest_are_tried(invitation: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        "[[rules]]\nname = 'bad'\nmatch = '('\naddress = 'x@y.example'\n" + RULES[RULES.index("[[rules]]") :]
    )
    result = run("--rule", str(rules), "--json", str(invitation))
    assert result.exit_code == 3
    assert "rule 1 (bad) is left out" in result.stderr
    assert json.loads(result.stdout)["sip"] == ["81920374655@vc.example.org"]


@pytest.mark.parametrize("text", [None, "not toml [", "[dialing]\n", "rules = 5\n"])
def test_a_file_without_rules_is_a_users_mistake(invitation: Path, tmp_path: Path, text: str | None) -> None:
    rules = tmp_path / "rules.toml"
    if text is not None:
        rules.write_text(text, "utf-8")
    result = run("--rule", str(rules), str(invitation))
    assert isinstance(result.exception, UserError)
    assert "rules.toml" in str(result.exception)
