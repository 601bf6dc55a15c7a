"""README and docs are true: tables match the code, links lead somewhere, commands and settings exist, and the tutorial
works when somebody follows it.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
import sys
import textwrap
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from connector.cli.main import app
from connector.events import ALL
from connector.settings import load_rooms, load_settings
from connector.settings.schema import Settings
from device_drivers import registry
from device_drivers.generic_http.description import load as load_description
from tests.support import patience
from tests.support.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BIN = Path(sys.executable).parent

_FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<body>.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_COMMAND = re.compile(r"^(?:\$ )?(?:sudo -u connector )?(?:\S*/)?connector (?P<words>[a-z-].*)")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def blocks(page: Path, kind: str) -> Iterator[str]:
    for block in _FENCE.finditer(page.read_text(encoding="utf-8")):
        if block["kind"] == kind:
            yield textwrap.dedent(block["body"])


def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def inline_code(page: Path) -> Iterator[str]:
    yield from (" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose(page)))


# ------------------------------------------------------------------------------------ made from the code


@pytest.mark.slow
def test_generated_tables_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@each_page
def test_log_events_and_settings_that_are_mentioned_exist(page: Path) -> None:
    settings = {f"{section}.{key}" for section, keys in _SECTIONS.items() for key in keys}
    families = {name.partition(".")[0] for name in (*ALL, *settings)}
    named = [code for code in inline_code(page) if re.fullmatch(r"[a-z]+\.[a-z_]+", code)]
    known = ALL.keys() | settings | _OTHER_DOTTED
    assert [code for code in named if code.partition(".")[0] in families and code not in known] == []


_SECTIONS: dict[str, Any] = {
    name: field.annotation.model_fields
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
}
_OTHER_DOTTED = {
    "connector.toml", "rooms.csv", "connector.db", "vault.key", "vault.ring",
    "connector.device_drivers", "connector.calendar_sources",
    "zoom.account",  # a rule of the evidence
}  # fmt: skip


# ------------------------------------------------------------------------------------ links


@each_page
def test_relative_links_lead_somewhere(page: Path) -> None:
    broken = [t for t in (m["target"] for m in _LINK.finditer(prose(page))) if not _resolves(page, t)]
    assert broken == []


def _resolves(page: Path, target: str) -> bool:
    if re.match(r"[a-z]+:", target):
        return True
    file, _, anchor = target.partition("#")
    there = (page.parent / file).resolve() if file else page
    return there.exists() and (not anchor or anchor in _anchors(there))


def _anchors(page: Path) -> set[str]:
    """As code hosts make them of headings: lower case, no punctuation, dashes for blanks."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_reached_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / m["target"].partition("#")[0]).resolve() for m in _LINK.finditer(prose(index))}
    assert [str(p) for p in PAGES if p not in linked and p not in (index, ROOT / "README.md")] == []


# ------------------------------------------------------------------------------------ commands


@each_page
def test_commands_that_are_mentioned_exist(page: Path) -> None:
    lines = [
        line.strip() for kind in ("sh", "text", "ini") for block in blocks(page, kind) for line in block.split("\n")
    ]
    found = [m["words"] for m in map(_COMMAND.match, [*lines, *inline_code(page)]) if m]
    problems = [problem for words in found if (problem := _problem_with(words))]
    assert problems == []


def _problem_with(line: str) -> str:
    """Why ``connector LINE`` is no command; "" when it is one. A placeholder in capitals is an argument."""
    command: Any = app
    words = shlex.split(line, comments=True)
    while words and hasattr(command, "commands"):
        if words[0].startswith("-"):
            break
        if words[0] not in command.commands:
            return f"connector {line}: there is no {words[0]!r}"
        command = command.commands[words.pop(0)]
    known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}
    unknown = [word for word in words if word.startswith("-") and word != "-" and word.partition("=")[0] not in known]
    return f"connector {line}: there is no option {', '.join(unknown)}" if unknown else ""


def test_a_wrong_command_would_be_found() -> None:
    assert "no 'emulate'" in _problem_with("emulate cisco")
    assert "--life" in _problem_with("check --life")
    assert _problem_with("devices probe ROOM --json") == ""


@each_page
def test_make_targets_that_are_mentioned_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    mentioned = [m[1] for m in (re.match(r"make (?:-C \S+ )?([a-z-]+)", x) for x in [*lines, *inline_code(page)]) if m]
    assert set(mentioned) <= targets


@each_page
def test_files_of_the_repository_that_are_mentioned_exist(page: Path) -> None:
    kinds = r"(?:config|device_drivers|connector|docs|tests|benchmarks)/[\w/.-]+"
    assert [code for code in inline_code(page) if re.fullmatch(kinds, code) and not (ROOT / code).exists()] == []


@each_page
def test_benchmarks_that_are_mentioned_exist(page: Path) -> None:
    modules = re.findall(r"-m (benchmarks\.\w+)", page.read_text(encoding="utf-8"))
    assert [m for m in modules if not (ROOT / (m.replace(".", "/") + ".py")).exists()] == []


# ------------------------------------------------------------------------------------ files to copy


@each_page
def test_settings_to_copy_are_accepted(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "toml"):
        file = tmp_path / block.partition("\n")[0].removeprefix("# ")  # its first line names the file
        file.parent.mkdir(exist_ok=True)
        file.write_text(block, encoding="utf-8")
        match file.name:
            case "connector.toml":
                assert load_settings(file, {}).problems == (), block
            case "pyproject.toml":
                assert 'entry-points."connector.device_drivers"' in block
            case _:
                load_description(file)


@each_page
def test_room_lists_to_copy_are_accepted(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "csv"):
        file = tmp_path / "rooms.csv"
        file.write_text(block, encoding="utf-8")
        (tmp_path / "connector.toml").write_text(_NAMED_IN_EXAMPLES, encoding="utf-8")
        settings = load_settings(tmp_path / "connector.toml", {}).settings
        rooms = load_rooms(file, settings, known_drivers=[record.name for record in registry.records()])
        assert rooms.problems == rooms.warnings == (), block
        assert len(rooms.rooms) == len(block.splitlines()) - 1


_NAMED_IN_EXAMPLES = """
[calendars.office]
type = "caldav"
url = "https://calendars.example.org/dav/"
username = "connector"
password = "vault:office"

[templates.panel]
"""


# ------------------------------------------------------------------------------------ the tutorial, as a person does it

_STEP = re.compile(r"<!-- run(?:: typed (?P<typed>[^\n]+?))? -->\n```sh\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_DEADLINE = 20.0  # seconds for anything that a reader would see at once


@pytest.mark.timeout(90)
@pytest.mark.slow
async def test_the_tutorial_works(tmp_path: Path) -> None:
    """Its own commands in its own order; but the port is a free one, and the last meeting has begun already."""
    port = str(free_port("127.0.1.1"))
    tutorial = ROOT / "docs" / "tutorial" / "first-room.md"
    steps = [(m["body"], m["typed"] or "") for m in _STEP.finditer(tutorial.read_text(encoding="utf-8"))]
    settings, rooms, secret, invitation, detect, check, probe, pin, automatic, explain = steps
    simulate = (str(BIN / "connector"), "simulate", "cisco", "--password", "tutorial", "--port", port)
    async with _running(tmp_path, *simulate) as room:
        await room.says("no meetings")
        for step in (settings, rooms, secret, invitation):
            _run((step[0].replace(",8443,", f",{port},"), step[1]), tmp_path)
        assert "zoom 81234567890, joinable" in _run(detect, tmp_path)
        assert "No problems." in _run(check, tmp_path)
        async with _running(tmp_path, str(BIN / "connector"), "run") as daemon:
            await daemon.says("unit.certificate_refused")
            assert "pin:" in _run(probe, tmp_path)
            _run(pin, tmp_path)
            await room.says("My first meeting [Join]")
            room.press_enter()
            await room.says("Studio joined meeting 81234567890")
            room.press_enter()
            await room.says("Studio left meeting 81234567890")
            body, _ = automatic
            _run((body.replace("sh new-meeting.sh", "sed 's/+2 min/-1 min/' new-meeting.sh | sh"), ""), tmp_path)
            await room.says("Studio joined meeting 81234567890")
            await daemon.says("dial.answered")
            told = _run(explain, tmp_path)
    assert "Join button: dials 81234567890.***@zoomcrc.com" in told
    assert "123456@" not in told


def _run(step: tuple[str, str], folder: Path) -> str:
    """What a step prints; it must succeed."""
    body, typed = step
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", body], cwd=folder, env=_environment(), input=typed, capture_output=True, text=True,
        timeout=patience.seconds(_DEADLINE),
    )  # fmt: skip
    assert done.returncode == 0, body + done.stdout + done.stderr
    return done.stdout


def _environment() -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR__")}
    return mine | {"PATH": f"{BIN}:{mine['PATH']}"}


class _Program:
    def __init__(self, process: Process) -> None:
        self._process = process

    async def says(self, text: str) -> None:
        """Wait for the next line that holds ``text``."""
        assert self._process.stdout is not None
        seen = []
        try:
            async with patience.timeout(_DEADLINE):
                while line := (await self._process.stdout.readline()).decode():
                    seen.append(line)
                    if text in line:
                        return
        except TimeoutError:
            pass
        raise AssertionError(f"never said {text!r}: {''.join(seen)}")

    def press_enter(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")


@asynccontextmanager
async def _running(folder: Path, *command: str) -> AsyncIterator[_Program]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=_environment(), stdin=PIPE, stdout=PIPE, stderr=STDOUT
    )
    try:
        yield _Program(process)
    finally:
        if process.returncode is None:
            process.terminate()
        async with patience.timeout(_DEADLINE):
            await process.communicate()
