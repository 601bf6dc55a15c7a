"""The demo claims only what it saw: on real simulators and a real bridge, without any daemon."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.demo.checks import Story
from connector.demo.folder import open_folder, write_calendars
from connector.demo.live import LiveDemo
from connector.demo.scenario import ADDED_TITLE, CAST, DESIGN_REVIEW, HIDDEN, Timing
from connector.demo.simulated_site import SimulatedSite, open_site
from device_drivers import registry
from device_drivers.api import Booking, BookingList, DialAddress, Shows, offered


async def look(story: Story, times: int = 3) -> None:
    """Let the story look a few times."""
    task = asyncio.create_task(story.run())
    for _ in range(times):
        await asyncio.sleep(0.11)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def story_of(folder: Path, house: SimulatedSite, *, acts: bool = False) -> Story:
    began = datetime.now(UTC)
    live = LiveDemo(CAST[:3], folder)
    live.house = house
    write_calendars(folder, CAST[:3], began, Timing.of(60))
    timing = replace(Timing.of(60), edit=0.0)
    return Story(live, house, began, timing, acts=acts)


async def push(house: SimulatedSite, room: str, *bookings: Booking) -> None:
    plug = registry.find("cisco").plug
    assert plug is not None
    async with plug.open(house.units[room].endpoint) as driver:
        await offered(driver, Shows).push(BookingList(bookings))


def booking(title: str) -> Booking:
    now = datetime.now(UTC).replace(microsecond=0)
    address = DialAddress("sip", f"{DESIGN_REVIEW.meeting_id}.{DESIGN_REVIEW.passcode}@zoomcrc.com")
    return Booking("41", title, now, now + timedelta(minutes=30), address=address)


async def test_without_a_daemon_nothing_is_claimed(tmp_path: Path) -> None:
    with open_folder(tmp_path / "demo") as folder:
        async with open_site(CAST[:3], lambda _: None) as house:
            story = story_of(folder, house)
            await look(story)
        summary = story.summary()
    assert not any(check.done for check in story.checks)
    assert len(summary.problems) == len(story.checks) > 5
    assert (summary.buttons, summary.calls_placed, summary.meetings_joined) == (0, 0, 0)


async def test_a_press_is_seen_on_the_bridge_and_a_second_call_is_a_problem(tmp_path: Path) -> None:
    with open_folder(tmp_path / "demo") as folder:
        async with open_site(CAST[:3], lambda _: None) as house:
            story = story_of(folder, house)
            await push(house, "aspen", booking(DESIGN_REVIEW.title))
            await story.live.press_join("aspen", "41")
            await look(story)
            assert [check.done for check in story.checks][:2] == [True, True]
            await house.units["aspen"].start_other_call()
            await look(story)
        summary = story.summary()
    assert "Aspen had two calls at once." in summary.problems
    assert not any("after everything had stopped" in problem for problem in summary.problems)
    assert (summary.calls_answered, summary.calls_left) == (1, 1)  # hung up when the house closed


async def test_a_private_title_on_a_screen_is_a_problem(tmp_path: Path) -> None:
    with open_folder(tmp_path / "demo") as folder:
        async with open_site(CAST[:3], lambda _: None) as house:
            story = story_of(folder, house)
            await push(house, "aspen", booking(HIDDEN.title))
            await look(story)
        assert "Aspen showed a private title." in story.summary().problems


async def test_the_calendar_is_edited_when_the_screen_has_what_was_there_before(tmp_path: Path) -> None:
    """Else a daemon that starts slowly reads the edit at once, and nobody sees a change arrive."""
    with open_folder(tmp_path / "demo") as folder:
        async with open_site(CAST[:3], lambda _: None) as house:
            story = story_of(folder, house, acts=True)
            cedar = CAST[2]
            await look(story)
            assert ADDED_TITLE not in story.live.calendars.read(cedar)
            await push(house, "cedar", booking("Private meeting"))
            await look(story)
            assert story.live.calendars.read(cedar).count(ADDED_TITLE) == 1
