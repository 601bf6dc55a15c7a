"""`connector demo` itself: the command a newcomer types, its page in a real browser, its exit status."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support import patience

from .chromium import open_page

_ENDS_WITHIN = 20.0  # seconds after it was asked to


@asynccontextmanager
async def demo(folder: Path, *options: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Start it; yields the process and the page's URL. Killed if the test did not see it end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "connector", "demo", "--plain", "--data", str(folder), *options,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None and process.stderr is not None
        async with patience.timeout(20):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found, line + (await process.stderr.read()).decode()
        yield process, found[0]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.timeout(120)
async def test_the_whole_job_with_a_person_at_the_page(tmp_path: Path) -> None:
    async with demo(tmp_path / "demo", "--seconds", "25") as (process, url):
        async with open_page(url, tmp_path / "profile") as page:
            await page.until("document.querySelector('#room-aspen button.join:enabled')")
            await page.click("#room-aspen button.join")
            await page.until("document.querySelector('#room-aspen .call.connected')")
            await page.until("document.querySelector('#meetings').innerText.includes('Design review')")
            # Birch and Dogwood dial by themselves, with nobody's click.
            await page.until("document.querySelector('#room-birch .call.connected')")
            await page.until("document.querySelector('#room-dogwood .call.connected')")
            text = await page.evaluate("document.body.innerText")
            await page.until("!document.querySelector('#room-birch .call')")
            assert page.problems == []
        async with patience.timeout(_ENDS_WITHIN):
            output, problems = (part.decode() for part in await process.communicate())
    assert process.returncode == 0, output + problems
    assert "Everything that the demo promises was seen" in output
    assert "3 calls placed, 3 answered, 3 left; 2 meetings joined" in output
    assert "Nobody pressed Join" not in output
    for shown in (text, output, problems, (tmp_path / "demo" / "connector.log").read_text()):
        assert not re.search("480216|019375|662041|350784", shown)  # the passcodes of the demo's meetings
        assert "Salary" not in shown


@pytest.mark.timeout(90)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_ended_by_hand_in_the_middle_of_a_call(tmp_path: Path, number: signal.Signals) -> None:
    async with (
        demo(tmp_path / "demo", "--rooms", "2") as (process, url),
        open_page(url, tmp_path / "profile") as page,
    ):
        await page.until("document.querySelector('#room-aspen button.join:enabled')")
        await page.click("#room-aspen button.join")
        await page.until("document.querySelector('#room-aspen .call.connected')")
        process.send_signal(number)
        async with patience.timeout(_ENDS_WITHIN):
            output, problems = (part.decode() for part in await process.communicate())
        await page.until("!document.querySelector('#offline').hidden")
    assert process.returncode == 0, output + problems
    assert problems == ""
    assert "1 calls placed, 1 answered, 1 left" in output
    assert "Ended by hand" in output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "192.0.2.1"], "not a loopback address"),
        (["--seconds", "3"], "20"),
        (["--data", "FILE"], "no demo made"),
    ],
)
async def test_wrong_options_are_sentences_with_status_2(tmp_path: Path, options: list[str], words: str) -> None:
    file = tmp_path / "a file"
    file.write_text("mine")
    chosen = ["--data", str(tmp_path / "demo"), *(str(file) if option == "FILE" else option for option in options)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "connector", "demo", *chosen,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with patience.timeout(_ENDS_WITHIN):
        _, problems = (part.decode() for part in await process.communicate())
    assert process.returncode == 2, problems
    assert words in problems and "Traceback" not in problems
    assert file.read_text() == "mine"
