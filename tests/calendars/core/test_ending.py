"""A reading that hangs for ever in its thread (a dead drive): others are served, and a stop ends all."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.world import Site, calendar, meeting, until

NOW = datetime.now(UTC)


def booked(uid: str) -> str:
    return calendar(meeting(uid, NOW + timedelta(hours=2), NOW + timedelta(hours=3)))


@pytest.mark.timeout(90)
async def test_b4_rooms_beside_one_whose_reading_hangs_are_served_and_sigterm_ends_the_process(tmp_path: Path) -> None:
    """A named pipe that nobody writes to is a file whose opening never returns."""
    async with Site(tmp_path, rooms=3, with_sip=False, settings="[sync]\npoll_every = 5\n") as site:
        for room in ("room0001", "room0002"):
            path = tmp_path / "calendars" / f"{room}.ics"
            path.unlink()
            os.mkfifo(path)
        site.write("room0003", booked("first"))
        unit = site.units["room0003"]
        async with site.daemon() as daemon:
            await until(lambda: [line.title for line in unit.screen()] == ["Meeting first"], "the other room is served")
            site.write("room0003", booked("second"))
            await until(lambda: [line.title for line in unit.screen()] == ["Meeting second"], "and its changes are", 20)
            begun = asyncio.get_running_loop().time()
            assert await daemon.stop() == 0
            assert asyncio.get_running_loop().time() - begun < 10


@pytest.mark.timeout(60)
async def test_a_stop_is_not_held_up_by_pythons_own_threads(tmp_path: Path) -> None:
    """Python waits for its pools' threads when a process ends: the last resort does not."""
    program = """
import asyncio, threading
from connector.cli import run
from connector.running.daemon import Connector

class Hangs(Connector):
    async def run(self, stop):
        asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
        print("up", flush=True)
        await stop.wait()

asyncio.run(run._run(Hangs(None)))
"""
    status, seconds = await _stopped(program)
    assert status == 0 and seconds < 10


@pytest.mark.timeout(60)
async def test_a_part_that_does_not_close_is_given_up(tmp_path: Path) -> None:
    program = """
import asyncio
from connector.cli import run
from connector.running.daemon import Connector

class Hangs(Connector):
    async def run(self, stop):
        print("up", flush=True)
        await asyncio.Event().wait()

asyncio.run(run._run(Hangs(None)))
"""
    status, seconds = await _stopped(program)
    assert status == 1 and seconds < 10.5


async def _stopped(program: str) -> tuple[int | None, float]:
    """Exit status, and seconds from SIGTERM to the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"up\n"
        begun = asyncio.get_running_loop().time()
        process.terminate()
        await process.communicate()
        return process.returncode, asyncio.get_running_loop().time() - begun
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
