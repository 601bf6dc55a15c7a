"""Commands of the command line, carried out by the daemon as a real process on a simulated unit with real SIP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.world import Site
from tests.end_to_end.test_bad_input import command
from tests.support.patience import until

ROOM = "room0001"
NUMBER = "12345678901"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with Site(tmp_path, rooms=1) as site:
        yield site


@pytest.mark.timeout(120)
async def test_a_room_is_joined_left_tested_paused_and_resumed(site: Site) -> None:
    unit = site.units[ROOM]
    async with site.daemon() as daemon:
        start = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
        site.book(ROOM, start, timedelta(minutes=30))
        await until(unit.screen, "a Join button")

        joined = await command(site, "rooms", "dial", ROOM)
        assert joined.status == 0 and "The call is up." in joined.output
        assert site.bridge.participants(NUMBER)
        ended = await command(site, "rooms", "hang-up", ROOM)
        assert ended.status == 0 and "The call is ended." in ended.output
        await until(lambda: not site.bridge.participants(NUMBER), "the room leaves")

        refused = await command(site, "rooms", "test-dial", ROOM, "someone@elsewhere.example")
        assert refused.status == 2 and "allowed_domains" in refused.errors
        tested = await command(site, "rooms", "test-dial", ROOM, f"{NUMBER}.4321@zoomcrc.com")
        assert tested.status == 0 and "60 s" in tested.output and "4321" not in tested.output
        assert (await command(site, "rooms", "hang-up", ROOM)).status == 0

        paused = await command(site, "rooms", "pause", ROOM, "--until", "2h", "--clear")
        assert paused.status == 0
        await until(lambda: not unit.screen(), "the screen is emptied")
        assert "paused" in (await command(site, "explain", ROOM)).output
        assert "paused" in (await command(site, "rooms", "list")).output
        pushed = await command(site, "rooms", "push", ROOM)
        assert pushed.status == 1 and "paused" in pushed.errors
        assert (await command(site, "rooms", "resume", ROOM)).status == 0
        await until(unit.screen, "the list is back")
        assert len(unit.call_log()) == 2
    assert "4321@" not in "\n".join(daemon.output)
    alone = await command(site, "rooms", "dial", ROOM)
    assert alone.status == 2 and "No daemon runs" in alone.errors


@pytest.mark.parametrize("until_when", ["yesterday", "2020-01-01T10:00", "25:00", "9999d"])
async def test_a_time_that_is_none_is_answered_with_a_sentence(site: Site, until_when: str) -> None:
    answered = await command(site, "rooms", "pause", ROOM, "--until", until_when)
    assert answered.status == 2 and "--until" in answered.errors
