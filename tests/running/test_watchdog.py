"""A loop that stands is told of, and the process always ends: with real processes that hang in the ways there are."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import textwrap
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from connector import events
from connector.running.watchdog import Watchdog
from tests.support import patience

_PROGRAM = """
import asyncio, re, sys, threading, time
from pathlib import Path
from connector.cli import run
from connector.running import daemon

def holds_everything():
    {does}

class Stands(daemon.Watchdog):
    def __enter__(self):  # it watches from now on
        asyncio.get_running_loop().call_later(0.5, holds_everything)
        return super().__enter__()

daemon.Watchdog = Stands

run._configure_log(__import__("connector.settings.schema", fromlist=["LogSection"]).LogSection(format="json"))
asyncio.run(run._run(daemon.Connector(Path(sys.argv[1]), watch_loop=True)))
"""


@asynccontextmanager
async def daemon(folder: Path, does: str) -> AsyncIterator[Process]:
    (folder / "rooms.csv").write_text("id,calendar,device_type,ip_address\n")
    (folder / "connector.toml").touch()
    program = textwrap.dedent(_PROGRAM).format(does=does)
    arguments = [sys.executable, "-c", program, str(folder / "connector.toml")]
    process = await asyncio.create_subprocess_exec(*arguments, stdout=PIPE, stderr=STDOUT, env=dict(os.environ))
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()  # to the end of its output, so that nothing of it stays open


async def said(process: Process, event: str, word: str = "") -> dict[str, Any]:
    assert process.stdout is not None
    async with patience.timeout():
        while line := await process.stdout.readline():
            try:
                found: dict[str, Any] = json.loads(line)
            except ValueError:
                raise AssertionError(line + await process.stdout.read()) from None
            if found.get("event") == event and word in found.get("doing", ""):
                return found
    raise AssertionError(f"it ended without {event}")


@pytest.mark.parametrize(
    ("does", "word"),
    [
        ("time.sleep(0.6)", "holds_everything"),
        ("sum(n * n for n in range(9_000_000))", "holds_everything.<locals>.<genexpr>"),
        ("re.match('(a|aa)+$', 'a' * 30 + 'b')", "re.match"),  # keeps the interpreter to itself
    ],
    ids=["sleep", "Python", "C"],
)
@pytest.mark.slow
async def test_a_loop_that_stood_is_told_of_with_what_it_did(does: str, word: str, tmp_path: Path) -> None:
    async with daemon(tmp_path, does) as process:
        told = await said(process, "daemon.stood", word)
        assert told["level"] == "warning"
        assert told["ms"] > 200
        assert str(Path.cwd()) not in told["doing"]
        process.send_signal(signal.SIGTERM)
        await said(process, "daemon.stopped")
        assert await asyncio.wait_for(process.wait(), patience.seconds(10)) == 0


@pytest.mark.parametrize(
    "does",
    [
        "threading.Event().wait()",
        "time.sleep(3600)",
        "exec('while True: pass')",
        "asyncio.get_running_loop().create_task(asyncio.to_thread(threading.Event().wait))",
        "[asyncio.get_running_loop().run_in_executor(None, time.sleep, 3600) for _ in range(9)]",
        "threading.Thread(target=time.sleep, args=(3600,)).start()",
    ],
    ids=["lock", "sleep", "busy", "thread of a task", "pool", "thread"],
)
@pytest.mark.slow
async def test_the_process_ends_within_ten_seconds_whatever_hangs(does: str, tmp_path: Path) -> None:
    async with daemon(tmp_path, does) as process:
        await said(process, "daemon.started")
        await asyncio.sleep(2.5)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        output, _ = await asyncio.wait_for(process.communicate(), patience.seconds(12))
        assert time.monotonic() - began < patience.seconds(10)
        assert process.returncode in (0, 1)
        ended = b"daemon.stopped" in output
        assert ended or b"the process is ended as it is" in output, output


@pytest.mark.slow
async def test_the_process_ends_though_nobody_reads_what_it_says(tmp_path: Path) -> None:
    """The pipe is full, the loop stands, and the last sentence cannot be said."""
    async with daemon(tmp_path, "[print('x' * 100) for _ in range(10_000)]") as process:
        await asyncio.sleep(patience.seconds(3.5))
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        while process.returncode is None and time.monotonic() - began < patience.seconds(12):
            await asyncio.sleep(0.05)
        assert process.returncode is not None
        assert time.monotonic() - began < patience.seconds(10)


async def test_short_work_and_an_idle_loop_are_nothing_to_tell_of() -> None:
    told: list[events.Happened] = []
    with Watchdog(told.append):
        for _ in range(10):
            time.sleep(0.05)
            await asyncio.sleep(0.03)
    assert [event for event in told if isinstance(event, events.DaemonStood) and "select" in event.doing] == []


async def test_many_in_a_row_are_told_of_once_and_a_much_longer_one_again() -> None:
    told: list[events.DaemonStood] = []
    with Watchdog(lambda event: told.append(event) if isinstance(event, events.DaemonStood) else None):
        for seconds in (0.4, 0.4, 0.4, 1.2):
            time.sleep(seconds)
            await asyncio.sleep(0.1)
        await patience.until(lambda: told and told[-1].ms > 1000)
    assert len(told) < 4
    assert told[-1].more
