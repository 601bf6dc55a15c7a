"""Who leaves something behind is named, and nobody else is red for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import patience

ROOT = Path(__file__).parents[2]
_TESTS = """
import asyncio, subprocess, sys, threading, time
import pytest

pytestmark = pytest.mark.slow

def test_leaves_a_process():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])

def test_leaves_a_thread():
    threading.Thread(target=time.sleep, args=(60,), name="left behind", daemon=True).start()

async def test_leaves_a_transport():
    async def serve(reader, writer):
        writer.close()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
    server.close()

@pytest.fixture(scope="module")
def program():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        yield running
        running.communicate()

def test_uses_a_program_of_the_module(program):
    assert program.poll() is None

def test_is_clean():
    pass
"""


@pytest.mark.slow
def test_each_test_answers_for_what_it_started(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(_TESTS)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "-p", "tests.conftest", "-rA"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", str(tmp_path)], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=patience.seconds(60),
    )  # fmt: skip
    lines = [line.partition(" - ")[0] for line in done.stdout.splitlines()]
    red = {line.rpartition("::")[2] for line in lines if line.startswith(("ERROR ", "FAILED "))}
    assert red == {"test_leaves_a_process", "test_leaves_a_thread", "test_leaves_a_transport"}, done.stdout
    assert "time.sleep(60)) still runs" in done.stdout and "thread 'left behind' still runs" in done.stdout
