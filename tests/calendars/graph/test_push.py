"""Change notifications: from the first handshake to the end of a subscription, and those that are not Microsoft's."""

from __future__ import annotations

import asyncio
import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.calendars.base import Hook
from connector.calendars.graph import GraphSource, plug
from connector.errors import SourceUnavailable
from connector.serving.webhooks import Listener
from connector.standins.graph import GraphStandIn
from connector.standins.tls import loopback_tls
from tests.calendars.graph.harness import ROOM, SECRET, TUESDAY, Harness
from tests.calendars.ics_text import vevent
from tests.calendars.receiver import Journal, Receiver
from tests.support import patience
from tests.support.patience import until
from tests.support.servers import free_port

PATH = "office/notifications"


def meeting(end: str = "110000") -> str:
    return vevent("a", "20261110T100000Z", f"20261110T{end}Z")


async def subscribed(house: Harness, source: GraphSource, room: str = ROOM) -> Any:
    """The record of the room's subscription, once the source knows of it. The first trigger is taken away."""
    source.watch(room)
    async with patience.timeout(10):
        assert await anext(source.changes()) == room
    (record,) = [r for r in house.graph.subscriptions.records.values() if r.mailbox == room]
    return record


async def triggered(source: GraphSource, seconds: float = 5) -> str:
    async with patience.timeout(seconds):
        return await anext(source.changes())


async def quiet(source: GraphSource, seconds: float = 0.3) -> None:
    with pytest.raises(TimeoutError):
        await triggered(source, seconds)


async def test_a_change_is_told_within_a_moment(house: Harness) -> None:
    async with house.open(push=True) as source:
        record = await subscribed(house, source)
        assert record.body["resource"] == "/users/board@example.org/events"  # as in all of Microsoft's examples
        assert len(record.body["clientState"]) >= 32
        started = asyncio.get_running_loop().time()
        house.graph.mailbox(ROOM).put(meeting())
        assert await triggered(source) == ROOM
        assert asyncio.get_running_loop().time() - started < 1
        await until(lambda: house.graph.subscriptions.delivered)
    assert house.journal.notes == []


async def test_the_handshake_answers_as_plain_text(house: Harness) -> None:
    async with house.open(push=True):
        handler = house.receiver.handlers[PATH]
        reply = handler(Hook({"validationToken": "a <b> & c"}, {}, b""))
        assert (reply.status, reply.body, reply.content_type) == (200, "a <b> & c", "text/plain")
    assert PATH not in house.receiver.handlers


async def test_forged_notifications_do_nothing(house: Harness) -> None:
    async with house.open(push=True) as source:
        record = await subscribed(house, source)
        handler = house.receiver.handlers[PATH]
        good = {"subscriptionId": record.body["id"], "clientState": record.body["clientState"]}
        forged: list[object] = [
            {**good, "clientState": "wrong"},
            {**good, "clientState": None},
            {**good, "clientState": "wrong", "lifecycleEvent": "subscriptionRemoved"},
            {"subscriptionId": record.body["id"]},
            {"subscriptionId": "other", "clientState": record.body["clientState"]},
            {**good, "clientState": "no such subscription", "subscriptionId": "x"},
            {**good, "clientState": "\ud800"},
            "text",
            None,
        ]
        for item in forged:
            assert handler(Hook({}, {}, json.dumps({"value": [item]}).encode())).status == 202
        await quiet(source)
        assert house.journal.names() == ["calendar.notification_refused"], "told once, not nine times"
        assert record.body["clientState"] not in str(house.journal.notes)
        assert handler(Hook({}, {}, json.dumps({"value": [*forged, good]}).encode())).status == 202
        assert await triggered(source) == ROOM, "a real one among them counts"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"value": 7}', b'{"x": []}', b"\xff\xfe", b"[" * 50_000, b" " * 2**21]
)
async def test_garbage_is_answered(house: Harness, body: bytes) -> None:
    async with house.open(push=True) as source:
        await subscribed(house, source)
        assert house.receiver.handlers[PATH](Hook({}, {}, body)).status in (202, 400, 413)
        await quiet(source, 0.1)


async def test_a_subscription_is_renewed_before_it_ends(house: Harness) -> None:
    house.graph.subscriptions.life = timedelta(seconds=0.8)
    async with house.open(push=True) as source:
        record = await subscribed(house, source)
        first = record.expires
        await until(lambda: record.expires > first + timedelta(seconds=1))
        assert list(house.graph.subscriptions.records) == [record.body["id"]], "the same one"
        assert [method for method, path in house.graph.requests if "subscriptions" in path].count("POST") == 1


async def test_reauthorization_is_answered_by_a_renewal(house: Harness) -> None:
    async with house.open(push=True) as source:
        await subscribed(house, source)
        asked = len(house.graph.requests)
        house.graph.subscriptions.lifecycle("reauthorizationRequired")
        await until(lambda: [m for m, path in house.graph.requests[asked:] if "subscriptions" in path] == ["PATCH"])
        await quiet(source, 0.1)


async def test_a_removed_subscription_is_made_anew_and_the_room_read(house: Harness) -> None:
    async with house.open(push=True) as source:
        record = await subscribed(house, source)
        house.graph.subscriptions.lifecycle("subscriptionRemoved")
        assert await triggered(source) == ROOM
        await until(lambda: house.graph.subscriptions.records)
        assert record.body["id"] not in house.graph.subscriptions.records


async def test_missed_notifications_read_the_room(house: Harness) -> None:
    async with house.open(push=True) as source:
        await subscribed(house, source)
        house.graph.subscriptions.lifecycle("missed")
        assert await triggered(source) == ROOM


async def test_one_that_vanished_is_made_anew(house: Harness) -> None:
    house.graph.subscriptions.life = timedelta(seconds=1)
    async with house.open(push=True) as source:
        await subscribed(house, source)
        house.graph.subscriptions.records.clear()
        assert await triggered(source) == ROOM
        assert len(house.graph.subscriptions.records) == 1


async def test_a_silent_one_is_found_out_and_replaced(house: Harness) -> None:
    async with house.open_pushed(silence=0.3) as source:
        record = await subscribed(house, source)
        house.graph.mailbox(ROOM).put(meeting(), id="a")
        assert await triggered(source) == ROOM
        await source.read(ROOM, TUESDAY)
        house.graph.subscriptions.silent = True
        await asyncio.sleep(0.4)  # the last notification is longer ago than the silence that is borne
        house.graph.mailbox(ROOM).put(meeting("113000"), id="a")
        await source.read(ROOM, TUESDAY)  # the poll
        await until(lambda: "calendar.subscription_silent" in house.journal.names())
        assert await triggered(source) == ROOM
        assert record.body["id"] not in house.graph.subscriptions.records
        house.graph.subscriptions.silent = False
        house.graph.mailbox(ROOM).put(meeting("114500"), id="a")
        assert await triggered(source) == ROOM


async def test_a_late_notification_is_no_silence(house: Harness) -> None:
    async with house.open_pushed(silence=0.5) as source:
        record = await subscribed(house, source)
        house.graph.subscriptions.silent = True
        house.graph.mailbox(ROOM).put(meeting(), id="a")
        await source.read(ROOM, TUESDAY)
        house.graph.mailbox(ROOM).put(meeting("113000"), id="a")
        await source.read(ROOM, TUESDAY)
        state = source._push.of(ROOM)
        assert state is not None
        assert state.suspect_at is not None
        house.graph.subscriptions.silent = False
        house.graph.mailbox(ROOM).put(meeting("114500"), id="a")
        assert await triggered(source) == ROOM
        await asyncio.sleep(0.8)
    assert house.journal.notes == []
    assert list(house.graph.subscriptions.records) == [record.body["id"]]


async def test_over_https_with_the_daemons_own_listener(tmp_path: Path) -> None:
    """Everything as in real life but the names: both certificates are verified."""
    _, ca_file = loopback_tls(tmp_path)
    pem = tmp_path / "standin-server.pem"
    address = f"127.0.0.1:{free_port()}"
    journal = Journal()
    listener = Listener(f"https://{address}/connector", address, journal, cert_file=pem, key_file=pem)
    trust = ssl.create_default_context(cafile=ca_file)
    async with listener, GraphStandIn(secret=SECRET, trust=trust) as graph:
        graph.mailbox(ROOM)
        house = Harness(graph, Receiver(), journal)
        async with plug(house.options(), house.context(listener)) as source:
            await subscribed(house, source)
            graph.mailbox(ROOM).put(meeting())
            assert await triggered(source) == ROOM
    assert journal.notes == []


# ------------------------------------------------------------------------------------ restarts and ends


async def test_a_restart_goes_on_with_the_same_subscription(house: Harness) -> None:
    async with house.open(push=True) as source:
        record = await subscribed(house, source)
    asked = len(house.graph.requests)
    async with house.open(push=True) as source:
        source.watch(ROOM)
        await until(lambda: (found := source._push.of(ROOM)) is not None and found.id)
        await quiet(source, 0.2)
        assert len(house.graph.requests) == asked, "nothing to do: the old one is good for a day"
        house.graph.mailbox(ROOM).put(meeting())
        assert await triggered(source) == ROOM
    assert list(house.graph.subscriptions.records) == [record.body["id"]]


async def test_after_a_lost_memory_the_old_one_is_replaced(house: Harness) -> None:
    """409: a subscription exists whose secret nobody knows any more."""
    async with house.open(push=True) as source:
        record = await subscribed(house, source)
        foreign = await house.graph.subscriptions.create(
            {**record.body, "changeType": "deleted", "resource": "users/other/events", "expirationDateTime": _soon()}
        )
    await house.source_state.delete(f"office/subscription/{ROOM}")
    async with house.open(push=True) as source:
        await subscribed(house, source)
        kept = set(house.graph.subscriptions.records)
        assert record.body["id"] not in kept
        assert foreign["id"] in kept, "of another room: not ours to end"


async def test_what_is_not_watched_any_more_is_ended(house: Harness) -> None:
    async with house.open(push=True) as source:
        await subscribed(house, source)
        source.unwatch(ROOM)
        await until(lambda: not house.graph.subscriptions.records)
        assert await house.source_state.items("") == {}


async def test_unwatched_while_it_is_made(house: Harness) -> None:
    house.graph.troubles.delay = 0.2
    async with house.open(push=True) as source:
        source.watch(ROOM)
        await until(lambda: any(path.endswith("/subscriptions") for _, path in house.graph.requests))
        source.unwatch(ROOM)
        await until(lambda: any(method == "DELETE" for method, _ in house.graph.requests))
        await until(lambda: not house.graph.subscriptions.records)
        await quiet(source, 0.1)
        assert await house.source_state.items("") == {}


async def test_dispose_ends_and_forgets_everything(house: Harness) -> None:
    rooms = [f"room{number}@example.org" for number in range(5)]
    async with house.open(push=True) as source:
        for room in rooms:
            house.graph.mailbox(room)
            source.watch(room)
        assert {await triggered(source) for _ in rooms} == set(rooms)  # each once the source knows its subscription
        assert len(house.graph.subscriptions.records) == 5
        await source.dispose()
        assert house.graph.subscriptions.records == {}
        assert await house.source_state.items("") == {}
        assert house.receiver.handlers == {}


async def test_dispose_forgets_also_what_cannot_be_ended(house: Harness) -> None:
    async with house.open(push=True) as source:
        await subscribed(house, source)
        house.graph.troubles.answers.append((500, {}, b""))
        with pytest.raises(SourceUnavailable, match=r"1 of 1 subscriptions could not be ended; they end .* by 20\d\d-"):
            await source.dispose()
        assert await house.source_state.items("") == {}
    assert house.journal.names() == []  # whoever removes the source tells it, once


# ------------------------------------------------------------------------------------ when it cannot be


def _posts(house: Harness) -> int:
    return sum(method == "POST" for method, _ in house.graph.requests)


async def test_without_a_public_address_nothing_is_subscribed(house: Harness) -> None:
    async with house.open() as source:
        source.watch(ROOM)
        await source.read(ROOM, TUESDAY)
        await asyncio.sleep(0.1)
    assert not any("subscriptions" in path for _, path in house.graph.requests)


async def test_a_webhook_that_nobody_reaches_is_told_once_and_reading_goes_on(house: Harness) -> None:
    other = "other@example.org"
    house.receiver.broken = True
    async with house.open(push=True) as source:
        source.watch(ROOM)
        await until(lambda: house.journal.notes)
        reason = house.journal.notes[0][1]["reason"]
        assert "ValidationError" in reason
        assert f"curl -X POST '{house.receiver.url('office/notifications')}?validationToken=x'" in reason
        asked = _posts(house)
        house.graph.mailbox(other)
        source.watch(other)
        await until(lambda: _posts(house) > asked)
        await asyncio.sleep(0.1)
        assert house.journal.names() == ["calendar.subscription_failed"], "one line, not one a room"
        source.unwatch(other)
        house.graph.mailbox(ROOM).put(meeting())
        assert len((await source.read(ROOM, TUESDAY)).events) == 1
        house.receiver.broken = False
        assert await triggered(source, 10) == ROOM, "tried again by itself"
        assert len(house.graph.subscriptions.records) == 1


async def test_refused_credentials_are_told_by_the_reading_alone(house: Harness) -> None:
    async with house.open(push=True, secret="wrong-secret") as source:
        source.watch(ROOM)
        await until(lambda: house.graph.signin.asked)
        await asyncio.sleep(0.1)
    assert house.journal.notes == []
    assert house.graph.signin.asked == 1


async def test_a_forbidden_room_stops_no_other_subscription(house: Harness) -> None:
    other = "other@example.org"
    house.graph.mailbox(other)
    house.graph.troubles.forbidden.add(ROOM)
    async with house.open(push=True) as source:
        source.watch(ROOM)
        source.watch(other)
        assert await triggered(source) == other
        await until(lambda: house.journal.notes)
    assert [note["calendar"] for _, note in house.journal.notes] == [ROOM]


async def test_secrets_are_not_shown(house: Harness) -> None:
    async with house.open(push=True) as source:
        record = await subscribed(house, source)
        shown = repr(source._push.of(ROOM)) + repr(source) + str(house.journal.notes)
        assert record.body["clientState"] not in shown
        assert source._http.tokens._token not in shown


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()
