"""Processor seconds until a command has printed its help, or done its work where that is quick.

User and system time of a child process, the best of ``--times``: what else the machine does changes it least so. The
bytecode of Python's files is written by a first run that does not count, as an installation has it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from connector.cli.main import app

ROOT = Path(__file__).resolve().parent.parent
GOAL = 0.25  # seconds; of each --help
_WORK = ("--version", "rooms list", "rooms list --json", "secrets list", "detect invitation.txt", "check", "explain r1")
_ROOMS = "id,calendar,device_type,ip_address\nr1,a.ics,cisco,10.0.0.1\n"


def cpu_seconds(words: Sequence[str], folder: Path, environ: Mapping[str, str], times: int) -> float:
    """The least of ``times`` starts, after one that is not counted."""
    _start(words, folder, environ)
    return round(min(_start(words, folder, environ) for _ in range(times)), 3)


def _start(words: Sequence[str], folder: Path, environ: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "connector", *words]
    subprocess.run(command, cwd=folder, env=environ, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def helps(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every group and command, with --help behind."""
    yield (*words, "--help")
    for name, one in getattr(command, "commands", {}).items():
        yield from helps(one, (*words, name))


def measured(times: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "connector.toml").touch()
        (folder / "rooms.csv").write_text(_ROOMS)
        (folder / "invitation.txt").write_text("https://zoom.us/j/81920374655\n")
        environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environ |= {
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        commands = [*helps(app), *(tuple(line.split()) for line in _WORK)]
        return {" ".join(words): cpu_seconds(words, folder, environ, times) for words in commands}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5)
    found = measured(parser.parse_args().times)
    slow = sorted(words for words, seconds in found.items() if words.endswith("--help") and seconds > GOAL)
    print(json.dumps({"benchmark": "start_up", "goal": GOAL, "above": slow, "cpu_seconds": found}, indent=1))
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
