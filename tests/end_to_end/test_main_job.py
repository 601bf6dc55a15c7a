"""The main job with the daemon as a real process, real HTTPS, real SIP: calendar to button to call to leave."""

from __future__ import annotations

import resource
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.world import Site
from device_drivers.testing.bridge import ParticipantState
from tests.support import patience
from tests.support.patience import until


def soon(seconds: float) -> datetime:
    """So far ahead that the daemon is ready by then, on a busy machine too."""
    ahead = timedelta(seconds=min(patience.seconds(seconds), seconds + 30))
    return (datetime.now(UTC) + ahead).replace(microsecond=0) + timedelta(seconds=1)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with Site(tmp_path, rooms=2) as site:
        yield site


async def test_from_the_calendar_to_the_meeting_and_out_again(site: Site) -> None:
    unit = site.units["room0001"]
    async with site.daemon() as daemon:
        await until(lambda: daemon.named("screen.pushed"), "the daemon reaches its units")
        start = soon(4)
        site.book("room0001", start, timedelta(seconds=patience.seconds(6)))
        await until(
            lambda: [line.button for line in unit.screen()] == ["12345678901.4321@zoomcrc.com"], "a Join button"
        )
        await until(lambda: site.bridge.participants("12345678901"), "the room is in the meeting", 15)
        await until(
            lambda: [p.state for p in site.bridge.participants("12345678901")] == [ParticipantState.IN_MEETING],
            "the bridge took the passcode",
        )
        joined = site.bridge.participants("12345678901")[0].started
        assert abs((joined - start).total_seconds()) < patience.seconds(1)
        await until(lambda: not site.bridge.participants("12345678901"), "the room leaves", 20)
        assert len(unit.call_log()) == 1
        await until(lambda: daemon.named("leave.done"), "the leave is told")
        assert daemon.process is not None
    text = "\n".join(daemon.output)
    assert "4321@" not in text and "a password of a simulated unit" not in text


async def test_a_person_presses_join_early(site: Site) -> None:
    unit = site.units["room0002"]
    async with site.daemon() as daemon:
        site.book("room0002", soon(120), timedelta(minutes=30))
        await until(unit.screen, "a Join button")
        await unit.press_join(unit.screen()[0].booking_id)
        await until(lambda: site.bridge.participants("12345678901"), "the room is in the meeting")
        assert not daemon.named("dial.sent")


async def test_five_hundred_rooms_need_more_sockets_than_a_process_gets_unasked(site: Site) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))  # the daemon inherits it
    try:
        async with site.daemon() as daemon:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            await until(lambda: daemon.named("screen.pushed"), "the daemon reaches its units")
            assert daemon.process is not None
            assert resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)[0] >= min(hard, 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_stops_cleanly_and_says_so(site: Site) -> None:
    daemon = site.daemon()
    await daemon.start()
    await until(lambda: len(daemon.named("screen.pushed")) == 2, "both units are served")
    assert await daemon.stop() == 0
    assert daemon.named("daemon.stopped")
    assert not site.units["room0001"].state.sessions  # logged out: codecs allow few sessions


async def test_a_second_daemon_on_the_same_data_is_refused(site: Site) -> None:
    async with site.daemon() as first:
        await until(lambda: first.named("rooms.loaded"), "the first one runs")
        second = site.daemon()
        await second.start()
        assert await second.wait() == 2
        assert "Another connector is running" in "\n".join(second.output)


async def test_edits_take_effect_without_a_restart(site: Site) -> None:
    site.write_rooms(room0001={"timezone": "Europe/Berlim"})
    async with site.daemon() as daemon:
        await until(lambda: daemon.named("rooms.rejected"), "the bad row is told")
        assert "Europe/Berlin" in daemon.named("rooms.rejected")[0]["reason"]
        await until(lambda: daemon.named("screen.pushed"), "the good row is served")
        site.write_rooms()
        await until(lambda: len(daemon.named("screen.pushed")) == 2, "the mended row is served")
        site.write_rooms(room0001={"port": "no port"})
        await until(lambda: len(daemon.named("rooms.rejected")) == 2, "the new mistake is told")
        site.book("room0001", soon(600), timedelta(minutes=30))
        await until(site.units["room0001"].screen, "a mistake in a row takes no room out of service")
        site.write_settings("[sync]\npoll_evry = 5\n")
        await until(lambda: daemon.named("config.rejected"), "the bad setting is told")
        assert "poll_every" in daemon.named("config.rejected")[0]["reason"]
        site.write_settings("[sync]\npoll_every = 5\n")
        await until(lambda: daemon.named("config.loaded"), "the new settings are taken")
