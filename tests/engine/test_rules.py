"""The admin's rules in the running engine: applied at reading, kept in the store, reported when they are wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from connector.detection.rules import compile_rules
from connector.model import CalendarId
from connector.running.daemon import Connector
from tests.engine.test_sync import Desk, event
from tests.support import patience

RULES = compile_rules(
    [
        {
            "name": "lab",
            "match": r"zoom\.us/j/(?P<id>\d+)",
            "organiser": "internal",
            "rooms": ["lab"],
            "address": "{id}@vc.example.org",
        }
    ],
    ["example.org"],
)


async def test_rules_are_applied_and_stored(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.reader.use_rules(RULES)
        desk.source.listed["c"] = [replace(event(), organizer_email="kim@example.org")]
        await desk.use("c")
        (meeting,) = desk.held.get(CalendarId("s", "c")) or ()
        assert meeting.join.sip == ("12345678901.4321@zoomcrc.com",)
        (ruling,) = meeting.rulings
        assert ruling.join is not None and ruling.join.sip == ("12345678901@vc.example.org",)
        (row,) = (await desk.store.calendars()).values()
        assert row.meetings == (meeting,)


async def test_another_organiser_is_judged_anew(tmp_path: Path) -> None:
    async with Desk(tmp_path) as desk:
        desk.reader.use_rules(RULES)
        desk.source.listed["c"] = [replace(event(), organizer_email="kim@example.net")]
        await desk.use("c")
        assert [m.rulings for m in desk.held.get(CalendarId("s", "c")) or ()] == [()]
        desk.source.listed["c"] = [replace(event(), organizer_email="kim@example.org")]
        desk.reader.trigger(CalendarId("s", "c"))
        await desk.advance(desk.options.debounce)
        assert [len(m.rulings) for m in desk.held.get(CalendarId("s", "c")) or ()] == [1]


async def test_a_bad_rule_is_in_the_journal_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "connector.toml").write_text("[[rules]]\nname = 'bad'\nmatch = '('\naddress = '1@vc.example.org'\n")
    (tmp_path / "rooms.csv").write_text("id,name,calendar,device_type,ip_address\n")
    seen: list[dict[str, Any]] = []
    stop = asyncio.Event()
    daemon = asyncio.create_task(Connector(tmp_path / "connector.toml", environ={}, watcher=seen.append).run(stop))
    async with patience.timeout(20):
        while not any(e["event"] == "rooms.loaded" for e in seen) and not daemon.done():
            await asyncio.sleep(0.02)
        stop.set()
        await daemon
    (rejected,) = [e for e in seen if e["event"] == "rules.rejected"]
    assert "rule 1 (bad) is left out" in rejected["reason"]
