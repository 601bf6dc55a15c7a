"""`connector demo --calendar ...` as a newcomer starts it: what the simulated units show and do, and what it prints."""

from __future__ import annotations

import asyncio
import re
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from connector.demo.calendar_kind import CalendarKind
from tests.support import patience

_SERVICES = {
    CalendarKind.GRAPH: "Microsoft 365 (stand-in)",
    CalendarKind.GOOGLE: "Google Workspace (stand-in)",
    CalendarKind.EXCHANGE: "Exchange Server (stand-in)",
}
_PASSCODES = re.compile("480216|019375|662041|350784")  # of the demo's meetings


@dataclass
class Watched:
    """What a demo was seen to do: by room, what ever stood on the screen, and who was called; then what it left."""

    titles: defaultdict[str, set[tuple[str, bool]]] = field(default_factory=lambda: defaultdict(set))
    connected: set[tuple[str, str]] = field(default_factory=set)
    most_calls: int = 0
    status: int | None = None
    output: str = ""
    problems: str = ""

    def look(self, rooms: list[dict[str, Any]]) -> None:
        for room in rooms:
            self.titles[room["id"]] |= {(line["title"], line["button"] is not None) for line in room["screen"]}
            connected = [call["remote"] for call in room["calls"] if call["state"] == "connected"]
            self.connected |= {(room["id"], remote) for remote in connected}
            self.most_calls = max(self.most_calls, len(room["calls"]))


async def _watch(kind: CalendarKind, folder: Path) -> Watched:
    watched = Watched()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "connector", "demo", "--plain", "--seconds", "20", "--calendar", kind, "--data", folder,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    reading: asyncio.Task[tuple[bytes, bytes]] | None = None
    try:
        assert process.stdout is not None
        async with patience.timeout(20):
            first = (await process.stdout.readline()).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", first)
        assert found, first
        reading = asyncio.create_task(process.communicate())
        async with patience.timeout(45), aiohttp.ClientSession() as page:
            while not reading.done():
                await _look(page, f"{found[0]}/api/state", watched)
        watched.output, watched.problems = (part.decode() for part in await reading)
        watched.status = process.returncode
    finally:
        if process.returncode is None:
            process.kill()
            await (reading or process.wait())
    return watched


async def _look(page: aiohttp.ClientSession, url: str, watched: Watched) -> None:
    try:
        async with page.get(url) as answer:
            watched.look((await answer.json())["rooms"])
    except aiohttp.ClientError:
        pass  # it ends
    await asyncio.sleep(0.2)


@pytest.mark.timeout(120)
async def test_the_whole_job_on_each_calendar_service(tmp_path: Path) -> None:
    """All three at the same time: each waits for its own clock most of the time."""
    folders = {kind: tmp_path / kind for kind in _SERVICES}
    found = await asyncio.gather(*(_watch(kind, folder) for kind, folder in folders.items()))
    for (kind, folder), watched in zip(folders.items(), found, strict=True):
        _assert_seen_on_the_units(watched)
        _assert_printed(watched, _SERVICES[kind])
        _assert_nothing_secret(watched, folder)


def _assert_seen_on_the_units(watched: Watched) -> None:
    assert ("Design review", True) in watched.titles["aspen"]
    assert ("Team weekly", True) in watched.titles["birch"]
    assert watched.titles["cedar"] >= {("Private meeting", True), ("Added while you watch", False)}
    assert "Supplier sync" not in {title for title, _ in watched.titles["cedar"]}
    assert ("Supplier sync", False) in watched.titles["dogwood"]
    calls = {(room, remote.partition(".")[0]) for room, remote in watched.connected}
    assert calls == {("aspen", "93120467715"), ("birch", "84501932267"), ("dogwood", "84501932267")}
    assert watched.most_calls == 1


def _assert_printed(watched: Watched, service: str) -> None:
    assert (watched.status, watched.problems) == (0, ""), watched.output
    assert "3 calls placed, 3 answered, 3 left; 2 meetings joined." in watched.output
    assert "Everything that the demo promises was seen" in watched.output
    assert f"seen                   {service} told the connector of a change by itself." in watched.output
    (took,) = re.findall(r"on the screen ([0-9.]+) seconds after it was saved", watched.output)
    assert float(took) < 4.0  # its poll comes every 5 seconds
    assert "Traceback" not in watched.output


def _assert_nothing_secret(watched: Watched, folder: Path) -> None:
    shown = watched.output + (folder / "connector.log").read_text()
    assert not _PASSCODES.search(shown)
    assert "Salary" not in shown
    for file in (folder / "credentials").iterdir():
        secret = max(file.read_text().strip().rpartition(":")[2].split("\\n"), key=len)
        assert len(secret) > 6 and secret not in shown, file.name
