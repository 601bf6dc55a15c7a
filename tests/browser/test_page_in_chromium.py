"""The page as a person uses it: headless Chromium, real clicks."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support import patience

from .chromium import DEADLINE, open_page
from .conftest import Site


async def asked(site: Site, times: int) -> None:
    async with patience.timeout(DEADLINE):
        while len(site.backend.asked) < times:
            await asyncio.sleep(0.02)


async def test_a_person_presses_join_sees_the_call_and_ends_it(site: Site, tmp_path: Path) -> None:
    async with open_page(site.url, tmp_path / "profile") as page:
        await page.until("document.querySelector('#room-room-1 button.join')")
        screen = await page.evaluate("document.querySelector('#room-room-1 .screen').innerText")
        assert "Design review" in screen and "10:00 – 10:30" in screen  # the room's zone, not the browser's
        assert "Lunch <b>talk</b>" in screen  # a title is text, never markup
        await page.click("#room-room-1 button.join")
        await page.until("document.querySelector('#room-room-1 .call.connected')")
        assert site.backend.pressed == [("room-1", "41")]
        await page.until("document.querySelector('#meetings').innerText.includes('Aspen')")
        assert await page.evaluate("document.querySelector('#room-room-1 button.join').disabled")
        await page.click("#room-room-1 button.end")
        await page.until("!document.querySelector('#room-room-1 .call')")
        assert page.problems == []


async def test_why_shows_the_evidence_that_won_and_lost(site: Site, tmp_path: Path) -> None:
    async with open_page(site.url, tmp_path / "profile") as page:
        await page.until("document.querySelector('#room-room-1 .decision')")
        await page.click("#room-room-1 .why summary")
        await page.until("document.querySelector('#room-room-1 .why').open")
        text = await page.evaluate("document.querySelector('#room-room-1 .why').innerText")
        assert "It stands in the join link." in text
        assert await page.evaluate("document.querySelectorAll('#room-room-1 .evidence .lost').length") == 1


async def test_the_calendar_is_edited_by_form_and_by_hand(site: Site, tmp_path: Path) -> None:
    async with open_page(site.url, tmp_path / "profile") as page:
        await page.until("document.querySelector('#room-room-1 .edit summary')")
        await page.click("#room-room-1 .edit summary")
        await page.until("document.querySelector('#room-room-1 form.raw textarea').value.includes('VCALENDAR')")
        await page.click("#room-room-1 .entries li button:nth-child(2)")
        await asked(site, 1)
        # Emptied first: only the answer to "add" can fill it again.
        await page.until("document.querySelector('#room-room-1 form.raw textarea').value")
        await page.evaluate("document.querySelector('#room-room-1 form.raw textarea').value = ''")
        await page.click("#room-room-1 form.add button")
        await asked(site, 2)
        await page.until("document.querySelector('#room-room-1 form.raw textarea').value.includes('VCALENDAR')")
        await page.evaluate("document.querySelector('#room-room-1 form.raw textarea').value = 'BEGIN:BROKEN'")
        await page.click("#room-room-1 form.raw button[type=submit]")
        await page.until("document.querySelector('#room-room-1 form.raw textarea').value === 'BEGIN:BROKEN'")
        await page.until("document.querySelector('#offline').hidden")
    assert site.backend.asked[0] == ("move", "room-1", "a@example.test", 5.0)
    assert site.backend.asked[1][:5] == ("add", "room-1", "Stand-up", 1.0, 15.0)
    assert "zoom.us" in str(site.backend.asked[1][5])
    assert site.backend.written == [("room-1", "BEGIN:BROKEN")]


async def test_what_a_person_types_is_not_redrawn_away(site: Site, tmp_path: Path) -> None:
    async with open_page(site.url, tmp_path / "profile") as page:
        await page.until("document.querySelector('#room-room-1 .edit summary')")
        await page.click("#room-room-1 .edit summary")
        await page.evaluate("document.querySelector('#room-room-1 [name=title]').value = 'half typed'")
        clock = await page.evaluate("document.querySelector('#clock').innerText")
        await page.until(f"document.querySelector('#clock').innerText !== '{clock}'")
        assert await page.evaluate("document.querySelector('#room-room-1 [name=title]').value") == "half typed"


async def test_every_control_has_a_name_for_a_screen_reader(site: Site, tmp_path: Path) -> None:
    async with open_page(site.url, tmp_path / "profile") as page:
        await page.until("document.querySelector('#room-room-1 .edit summary')")
        await page.click("#room-room-1 .edit summary")
        await page.until("document.querySelector('#room-room-1 .entries button')")
        await page.call("Accessibility.enable")
        nodes = (await page.call("Accessibility.getFullAXTree"))["nodes"]
        roles = ("button", "textbox", "spinbutton", "link")
        controls = [n for n in nodes if not n["ignored"] and n["role"]["value"] in roles]
        assert len(controls) >= 10
        assert [n for n in controls if not n.get("name", {}).get("value")] == []
