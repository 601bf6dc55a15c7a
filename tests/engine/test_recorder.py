"""What happened is in the history with the change that it tells, and nothing foreign is kept or shown as it came."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from connector import events
from connector.cli.explain import lines
from connector.clock import Clock
from connector.engine.recorder import Recorder
from connector.engine.report import room_report
from connector.errors import SourceUnavailable
from connector.events import Told
from connector.model import Attempt, AttemptState, CalendarId
from connector.store import tables
from connector.store.attempt_verbs import progress, purpose
from connector.store.store import Store
from connector.store.writer import Write
from connector.vault.vault import Vault
from device_drivers.api import DeviceInfo, DialRefused, NotSupported, Receipt
from tests.engine.test_sync import Desk as Reading
from tests.support import memory_unit
from tests.support.clock import NINE, FakeClock
from tests.support.harness import CALENDAR, ROOM, Harness, meeting, minutes
from tests.support.leases import of_unit

QUOTE = "cannot dial \x1b[31m123456789.445566@zoomcrc.com\r\n\u202epassword=hunter2"
SECRETS = ("445566", "hunter2")
MASKED = "123456789.***@zoomcrc.com"
CALENDAR_S = CalendarId("s", "a.ics")
UNSEEN = ("\x1b", "\u202e", "\n", "\r")


class Desk:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.heard: list[Told] = []
        self.recorder = Recorder(clock, store, self.heard.append)

    def attempt(self, number: int) -> Attempt:
        state = AttemptState.INTENDED
        return Attempt(number, ROOM, "1", NINE, state, NINE, "zoom:1", "1@example.org", "", leave_at=NINE)

    async def history(self, room: str = ROOM) -> list[str]:
        return [row.event for row in await self.store.history(room)]


def waiting(reason: str = "busy") -> events.DialWaiting:
    return events.DialWaiting(room=ROOM, booking="1", reason=reason)


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    return Desk(await Store.open(tmp_path / "db", Vault.open(tmp_path / "key"), NINE), FakeClock())


async def test_a_change_that_is_not_committed_was_never_told(desk: Desk) -> None:
    add = Write(
        insert(tables.attempts),
        {"id": 1, "unit": "u", **purpose(desk.attempt(1)), **progress(desk.attempt(1)), "address_sealed": b""},
    )
    await desk.recorder.write(add, tells=[waiting()])
    with pytest.raises(Exception, match="UNIQUE"):
        await desk.recorder.write(add, tells=[waiting("again"), events.LaneFailed(room=ROOM, lane="x", reason="y")])
    assert await desk.history() == ["dial.waiting"]
    assert [told.name for told in desk.heard] == ["dial.waiting"]
    desk.recorder.post(add, tells=[waiting("again")])
    await desk.store.write()
    assert await desk.history() == ["dial.waiting"], "a post is one transaction, too"
    await desk.store.close()


async def test_sinks_hear_of_a_change_when_it_is_committed(desk: Desk) -> None:
    committed: list[list[str]] = []

    def sink(told: Told) -> None:
        committed.append([name for name in order if name == "committed"])

    order: list[str] = []
    recorder = Recorder(FakeClock(), desk.store, sink)
    real = desk.store.write

    async def write(*writes: object) -> None:
        await real(*writes)  # type: ignore[arg-type]  # whatever the recorder hands on
        order.append("committed")

    desk.store.write = write  # type: ignore[method-assign]  # to see the order
    await recorder.write(desk.store.save_verified(of_unit(desk.store, ROOM), NINE), tells=[waiting()])
    assert committed == [["committed"]]
    await desk.store.close()


async def test_events_of_no_room_have_a_history_of_their_own(desk: Desk) -> None:
    desk.recorder.publish(events.DaemonStopped())
    await desk.store.write()
    assert (await desk.history(""), await desk.history()) == (["daemon.stopped"], [])
    await desk.store.close()


# ------------------------------------------------------------------------------------ what a unit says


async def database_text(store: Store) -> str:
    """Every cell of text, JSON read."""
    found: list[str] = []
    async with store.reading() as conn:
        for table in (tables.rooms, tables.units, tables.attempts, tables.calendars, tables.history):
            for row in await conn.execute(select(table)):
                found += [str(json.loads(c)) if c[:1] in "{[" else c for c in row if isinstance(c, str) and c]
    return "|".join(found)


def _dial(*_: Any) -> Any:
    raise DialRefused("the unit refused", cause=QUOTE)


def _push(*_: Any) -> Any:
    raise NotSupported(QUOTE)


def _quoting(driver: type[Any], where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver's errors and answers hold the sentence."""
    probe, push = driver.probe, driver.push

    async def quoting_probe(self: Any) -> DeviceInfo:
        found: DeviceInfo = await probe(self)
        return replace(found, notes=(QUOTE,), product="Kit\x9b2J")

    async def quoting_push(self: Any, bookings: Any) -> Receipt:
        found: Receipt = await push(self, bookings)
        return replace(found, note=QUOTE, left_off=(("1", QUOTE),))

    quoting = {"dial": _dial, "push": _push, "probe": quoting_probe, "left off": quoting_push}
    if where in quoting:
        monkeypatch.setattr(driver, "push" if where == "left off" else where, quoting[where])


@pytest.mark.parametrize("where", ["dial", "far end", "push", "probe", "left off"])
async def test_what_a_unit_quotes_is_kept_and_shown_masked(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _quoting(memory_unit._Driver, where, monkeypatch)
    async with Harness(tmp_path) as house:
        house.unit.connects = where != "far end"
        await house.calendar(meeting())
        await house.at(minutes(10) + timedelta(seconds=3))
        if where == "far end":
            house.unit.far_end_refuses(QUOTE)
        await house.at(minutes(11))
        assert house.store is not None
        kept = await database_text(house.store)
        report = await room_report(house.store, house.rooms[ROOM], CALENDAR, house.clock.now(), pace=house.options.pace)
        shown = list(lines(report, timedelta(), house.clock.now()))
        told = repr(house.events)
    for text in (kept, *shown, repr(report), told):
        assert not any(secret in text for secret in SECRETS)
        assert not any(unseen in text for unseen in UNSEEN)
    assert MASKED in kept and any(MASKED in line for line in shown), "it is the sentence that was looked for"
    assert MASKED in told


async def test_a_calendars_error_is_kept_masked_and_no_news_after_a_restart(tmp_path: Path) -> None:
    for told in (["calendar.failed"], []):
        desk = Reading(tmp_path)
        desk.source.error = SourceUnavailable(f"GET https://admin:hunter2@dav.example.org/?pwd=445566: {QUOTE}")
        async with desk:
            desk.reader.use([CALENDAR_S])
            await desk.settle()
            (row,) = (await desk.store.calendars()).values()
            assert "dav.example.org" in row.error and MASKED in row.error
            assert not any(hidden in row.error for hidden in (*SECRETS, "\x1b", "\u202e", "\r"))
            assert [e["event"] for e in desk.events] == told
