"""A daemon is told its rooms after the source was opened: the subscriptions of the last run wait for them."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from connector.calendars.base import Hook
from connector.calendars.graph import push
from tests.calendars.graph.harness import ROOM, Harness
from tests.calendars.ics_text import vevent
from tests.support import patience
from tests.support.patience import until


async def _kept(house: Harness, number: int) -> None:
    async with patience.timeout(5):
        while len(await house.source_state.items("")) != number:
            await asyncio.sleep(0.01)


async def _first_run(house: Harness) -> str:
    """Returns the id of the subscription that it leaves behind."""
    async with house.open(push=True) as source:
        source.watch(ROOM)
        await _kept(house, 1)
    return next(iter(house.graph.subscriptions.records))


async def test_a_room_that_is_told_late_keeps_its_subscription(house: Harness) -> None:
    name = await _first_run(house)
    asked = len(house.graph.requests)
    async with house.open(push=True) as source:
        await asyncio.sleep(0.05)  # what was kept is recalled meanwhile
        source.watch(ROOM)
        house.graph.mailbox(ROOM).put(vevent("a", "20261110T100000Z", "20261110T110000Z"))
        async with patience.timeout(5):
            assert await anext(source.changes()) == ROOM
    assert list(house.graph.subscriptions.records) == [name]
    assert house.graph.requests[asked:] == [], "nothing was to be done about it"


async def test_a_notification_before_the_room_is_told_is_no_forgery(house: Harness) -> None:
    name = await _first_run(house)
    item = {"subscriptionId": name, "clientState": house.graph.subscriptions.records[name].body["clientState"]}
    async with house.open(push=True):
        await asyncio.sleep(0.05)
        handler = house.receiver.handlers["office/notifications"]
        assert handler(Hook({}, {}, json.dumps({"value": [item]}).encode())).status == 202
    assert house.journal.notes == []


async def test_removed_before_the_room_is_told(house: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the room comes it is subscribed anew; where it never comes there is nothing left to end."""
    name = await _first_run(house)
    state = house.graph.subscriptions.records[name].body["clientState"]
    house.graph.subscriptions.records.clear()
    item = {"subscriptionId": name, "clientState": state, "lifecycleEvent": "subscriptionRemoved"}
    asked = len(house.graph.requests)
    monkeypatch.setattr(push, "_STRAYS_AFTER", timedelta(seconds=0.3))
    async with house.open(push=True) as source:
        await asyncio.sleep(0.05)
        house.receiver.handlers["office/notifications"](Hook({}, {}, json.dumps({"value": [item]}).encode()))
        await asyncio.sleep(0.5)
        source.watch(ROOM)
        await until(lambda: house.graph.subscriptions.records)
    assert [method for method, _ in house.graph.requests[asked:]] == ["POST"]


async def test_where_the_room_never_comes_it_is_ended(house: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    await _first_run(house)
    monkeypatch.setattr(push, "_STRAYS_AFTER", timedelta(seconds=0.2))
    async with house.open(push=True):
        await until(lambda: not house.graph.subscriptions.records)
        await _kept(house, 0)
