"""Streaming notifications: told at once, made anew after any failure, and covered by the poll until then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from connector.calendars.exchange import push as exchange_push
from connector.calendars.exchange.source import ExchangeSource
from connector.model import Window
from connector.standins.exchange import ExchangeStandIn
from connector.standins.exchange.streams import routed
from tests.calendars.exchange.harness import QUICK, ROOM, access_to, source_of, standing
from tests.calendars.ics_text import vevent, window
from tests.support import patience
from tests.support.patience import until

TUESDAY = window("2026-11-10", "2026-11-11")
RARELY = timedelta(hours=1)


@pytest.fixture
async def exchange() -> AsyncIterator[ExchangeStandIn]:
    async with standing() as exchange:
        yield exchange


class Listener:
    """Collects what a source announces."""

    def __init__(self, source: ExchangeSource) -> None:
        self.heard: list[str] = []
        self._task = asyncio.create_task(self._listen(source))

    async def _listen(self, source: ExchangeSource) -> None:
        async for calendar in source.changes():
            self.heard.append(calendar)

    async def hears(self, calendar: str, after: Callable[[], object]) -> None:
        """Whatever was announced before does not count."""
        self.heard.clear()
        after()
        await until(lambda: calendar in self.heard)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def book(exchange: ExchangeStandIn, room: str = ROOM, uid: str = "a") -> None:
    exchange.directory.find(room).put(uid, vevent(uid, "20261110T100000Z", "20261110T110000Z"))


async def listening(exchange: ExchangeStandIn, source: ExchangeSource, *rooms: str) -> None:
    for room in rooms:
        source.watch(room)
    assert source._streams is not None
    streams = source._streams
    await until(lambda: all(streams.covers(room) for room in rooms) and bool(exchange._open))


async def settled(listener: Listener) -> None:
    """Announcements of the subscription itself have arrived."""
    await until(lambda: bool(listener.heard))
    await asyncio.sleep(0.05)


async def test_a_change_is_told_within_a_second_without_any_poll(exchange: ExchangeStandIn) -> None:
    other = "other@example.org"
    exchange.add_mailbox(other)
    async with source_of(exchange, timings=QUICK, poll_every=RARELY) as source:
        listener = Listener(source)
        await source.read(ROOM, TUESDAY)
        await listening(exchange, source, ROOM, other)
        await settled(listener)
        started = asyncio.get_running_loop().time()
        await listener.hears(ROOM, lambda: book(exchange))
        assert asyncio.get_running_loop().time() - started < 1.0
        assert other not in listener.heard
        await listener.hears(other, lambda: book(exchange, other))
        await listener.hears(ROOM, lambda: exchange.directory.find(ROOM).delete("a"))
        await listener.close()
    assert exchange.requests["GetStreamingEvents"] <= 3  # one, and again when the second room came
    assert not exchange.subscriptions.alive  # given back at the end


async def test_200_rooms_share_a_connection_and_the_next_ones_have_another(
    exchange: ExchangeStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_push, "GROUP", 3)
    rooms = [f"room-{n}@example.org" for n in range(7)]
    for room in rooms:
        exchange.add_mailbox(room)
    async with source_of(exchange, timings=QUICK, poll_every=RARELY) as source:
        listener = Listener(source)
        await listening(exchange, source, *rooms)
        await until(lambda: len(exchange._open) == 3)
        for room in rooms:
            await listener.hears(room, partial(book, exchange, room))
        anchors = {
            headers.get("x-anchormailbox") for headers in exchange.headers if "x-preferserveraffinity" in headers
        }
        assert len(anchors) >= 3
        await listener.close()


async def test_rooms_of_several_mailbox_servers_meet_on_one(exchange: ExchangeStandIn) -> None:
    """A subscription is found on the server that made it alone: the anchor, and then its cookie, lead all there."""
    rooms = [f"room-{n}@example.org" for n in range(6)]
    for room in rooms:
        exchange.add_mailbox(room)
    assert len({routed({"X-AnchorMailbox": room}, {}) for room in rooms}) > 1
    async with source_of(exchange, timings=QUICK, poll_every=RARELY) as source:
        listener = Listener(source)
        await listening(exchange, source, *rooms)
        assert len({each.server for each in exchange.subscriptions.alive.values()}) == 1
        await listener.hears(rooms[-1], lambda: book(exchange, rooms[-1]))
        source.unwatch(rooms[-1])
        await until(lambda: len(exchange.subscriptions.alive) == len(rooms) - 1)  # also where another server is its own
        await listener.close()
    assert not exchange.subscriptions.alive


async def test_a_subscription_is_not_known_to_another_server(exchange: ExchangeStandIn) -> None:
    subscriptions = exchange.subscriptions
    subscriptions.server = "mbx1"
    name = subscriptions.subscribe(ROOM, frozenset())
    assert subscriptions.missing([name], "mbx2") == [name]
    assert subscriptions.missing([name], "mbx1") == []


@pytest.mark.parametrize("failure", ["killed", "forgotten", "restarted", "busy", "malformed"])
async def test_after_any_failure_a_new_subscription_and_a_new_reading(exchange: ExchangeStandIn, failure: str) -> None:
    told: list[tuple[str, str]] = []
    async with source_of(exchange, timings=QUICK, poll_every=RARELY, told=told, pause=0.05) as source:
        listener = Listener(source)
        await source.read(ROOM, TUESDAY)
        await listening(exchange, source, ROOM)
        await settled(listener)
        before = set(exchange.subscriptions.alive)
        listener.heard.clear()
        match failure:
            case "killed":
                exchange.kill_streams()
            case "forgotten":
                exchange.forget_subscriptions()
            case "restarted":
                await exchange.stop()
                await exchange.start()
            case "busy":
                exchange.troubles.stream_status = 503
                exchange.kill_streams()
                await until(lambda: bool(told))
                exchange.troubles.stream_status = 200
            case "malformed":
                for response in list(exchange._open):
                    await response.write(b"<s:Envelope xmlns:s='x'>no EWS</s:Envelope>")
        await until(lambda: ROOM in listener.heard)  # looked at again, whatever was missed
        await until(lambda: bool(set(exchange.subscriptions.alive) - before) and bool(exchange._open))
        await listening(exchange, source, ROOM)
        await listener.hears(ROOM, lambda: book(exchange))
        await listener.close()
    assert [event for event, _ in told][:1] == ["calendar.stream_lost"]


async def test_a_stream_that_says_nothing_any_more_is_noticed(exchange: ExchangeStandIn) -> None:
    told: list[tuple[str, str]] = []
    exchange.troubles.heartbeat = 0.1
    async with source_of(exchange, timings=replace(QUICK, silence=0.5), poll_every=RARELY, told=told) as source:
        listener = Listener(source)
        await listening(exchange, source, ROOM)
        await asyncio.sleep(0.8)
        assert not told  # heartbeats are enough
        exchange.subscriptions.silent = True
        await until(lambda: bool(told))
        exchange.subscriptions.silent = False
        listener.heard.clear()
        await until(lambda: ROOM in listener.heard)
        await listener.close()


async def test_the_end_of_a_connection_is_no_failure(
    exchange: ExchangeStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    real = exchange._follow
    monkeypatch.setattr(exchange, "_follow", lambda response, ids, _, *more: real(response, ids, 0.2, *more))
    exchange.troubles.heartbeat = 0.05
    async with source_of(exchange, timings=QUICK, poll_every=RARELY, told=told) as source:
        listener = Listener(source)
        source.watch(ROOM)
        await until(lambda: exchange.requests["GetStreamingEvents"] >= 3)
        await listener.hears(ROOM, lambda: book(exchange))
        await listener.close()
    assert exchange.requests["Subscribe"] == 1
    assert not told


async def test_a_room_without_the_right_is_polled_and_stops_no_other(exchange: ExchangeStandIn) -> None:
    told: list[tuple[str, str]] = []
    exchange.add_mailbox("denied@example.org")
    exchange.directory.denied = {"denied@example.org"}
    async with source_of(exchange, timings=QUICK, poll_every=RARELY, told=told) as source:
        listener = Listener(source)
        source.watch("denied@example.org")
        await listening(exchange, source, ROOM)
        await settled(listener)
        await listener.hears(ROOM, lambda: book(exchange))
        assert [event for event, _ in told][:1] == ["calendar.subscription_failed"]
        exchange.directory.denied = set()  # the right is given: with the next connection it is asked for again
        exchange.add_mailbox("third@example.org")
        await asyncio.sleep(QUICK.denied_wait)
        await listening(exchange, source, "third@example.org", "denied@example.org")
        await listener.close()


async def test_a_mailbox_that_ews_is_closed_for_does_not_lead_the_others_to_their_server(
    exchange: ExchangeStandIn,
) -> None:
    """The rooms of a stream name one mailbox to meet on one server; it must be one that lets us in."""
    told: list[tuple[str, str]] = []
    exchange.add_mailbox("a-closed@example.org")  # the first of the group, by name and by order
    exchange.troubles.forbidden = {"a-closed@example.org"}
    async with source_of(exchange, timings=QUICK, poll_every=RARELY, told=told) as source:
        listener = Listener(source)
        source.watch("a-closed@example.org")
        await listening(exchange, source, ROOM)
        await settled(listener)
        await listener.hears(ROOM, lambda: book(exchange))
        await listener.close()
    assert [event for event, _ in told] == ["calendar.subscription_failed"]


async def test_one_mailbox_without_its_database_stops_no_other(exchange: ExchangeStandIn) -> None:
    told: list[tuple[str, str]] = []
    exchange.add_mailbox("failing-over@example.org")
    exchange.directory.unavailable = {"failing-over@example.org"}
    async with source_of(exchange, timings=QUICK, poll_every=RARELY, told=told) as source:
        listener = Listener(source)
        source.watch("failing-over@example.org")
        await listening(exchange, source, ROOM)
        await settled(listener)
        await listener.hears(ROOM, lambda: book(exchange))
        for _ in range(3):  # asked for again with each connection, told once
            await asyncio.sleep(QUICK.broken_wait)
            exchange.kill_streams()
            await listening(exchange, source, ROOM)
        assert [event for event, _ in told if event == "calendar.subscription_failed"] == [
            "calendar.subscription_failed"
        ]
        exchange.directory.unavailable = set()
        await asyncio.sleep(QUICK.broken_wait)
        exchange.kill_streams()
        await listening(exchange, source, ROOM, "failing-over@example.org")
        await listener.close()


async def test_a_connection_that_never_lives_long_is_made_again_at_once(exchange: ExchangeStandIn) -> None:
    """A firewall ends it every few minutes: that is no reason to wait longer each time."""
    told: list[tuple[str, str]] = []
    timings = replace(QUICK, first_wait=1.0, lived=0.05)
    async with source_of(exchange, timings=timings, poll_every=RARELY, told=told) as source:
        started = asyncio.get_running_loop().time()
        for times in range(4):
            await listening(exchange, source, ROOM)
            await asyncio.sleep(0.1)
            exchange.kill_streams()
            await until(lambda times=times: len(told) > times)  # type: ignore[misc]
        assert asyncio.get_running_loop().time() - started < 6.0  # doubled each time it would be 1 + 2 + 4
    assert {event for event, _ in told} == {"calendar.stream_lost"}


async def test_a_stream_that_was_not_answered_yet_covers_nothing(exchange: ExchangeStandIn) -> None:
    async with source_of(exchange, timings=QUICK) as source:
        listener = Listener(source)
        await source.read(ROOM, TUESDAY)
        exchange.subscriptions.silent = True  # the request is taken, and nothing comes
        source.watch(ROOM)
        await until(lambda: exchange.requests["GetStreamingEvents"] > 0)
        assert source._streams is not None
        assert not source._streams.covers(ROOM)
        await listener.hears(ROOM, lambda: book(exchange))  # the poll goes on
        await listener.close()


async def test_without_a_stream_the_poll_tells(exchange: ExchangeStandIn) -> None:
    exchange.troubles.stream_status = 503
    async with source_of(exchange, timings=QUICK) as source:
        listener = Listener(source)
        source.watch(ROOM)
        await source.read(ROOM, TUESDAY)
        await settled(listener)
        await listener.hears(ROOM, lambda: book(exchange))
        await listener.close()


async def test_streams_keep_no_session_from_the_readings(exchange: ExchangeStandIn) -> None:
    """A pool that both shared would let a reading wait until the stream ends."""
    async with source_of(exchange, timings=QUICK, poll_every=RARELY) as source:
        await source.read(ROOM, TUESDAY)
        await listening(exchange, source, ROOM)
        async with patience.timeout(5):
            await asyncio.gather(*(source.read(ROOM, Window(TUESDAY.start, TUESDAY.end)) for _ in range(20)))


async def test_a_room_that_is_given_up_is_unsubscribed(exchange: ExchangeStandIn) -> None:
    other = "other@example.org"
    exchange.add_mailbox(other)
    async with source_of(exchange, timings=QUICK, poll_every=RARELY) as source:
        await listening(exchange, source, ROOM, other)
        assert {each.address for each in exchange.subscriptions.alive.values()} == {ROOM, other}
        source.unwatch(other)
        await until(lambda: {each.address for each in exchange.subscriptions.alive.values()} == {ROOM})
        await source.dispose()
        assert not exchange.subscriptions.alive


async def test_leaving_does_not_wait_for_the_stream(exchange: ExchangeStandIn) -> None:
    source = source_of(exchange, timings=QUICK, poll_every=RARELY)
    async with source:
        await source.read(ROOM, TUESDAY)
        await listening(exchange, source, ROOM)
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < 3.0


async def test_ntlm_streams_too() -> None:
    async with standing(auth="ntlm") as exchange, source_of(exchange, timings=QUICK, poll_every=RARELY) as source:
        listener = Listener(source)
        await source.read(ROOM, TUESDAY)
        await listening(exchange, source, ROOM)
        await settled(listener)
        await listener.hears(ROOM, lambda: book(exchange))
        await listener.close()
        assert access_to(exchange).auth == "NTLM"


# ------------------------------------------------------------------------------------ F4


def _rooms(exchange: ExchangeStandIn, count: int) -> list[str]:
    rooms = [f"room-{n:02}@example.org" for n in range(count)]
    for room in rooms:
        exchange.add_mailbox(room)
    return rooms


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    "code",
    ["ErrorAccessDenied", "ErrorSubscriptionNotFound", "ErrorMailboxStoreUnavailable", "ErrorInvalidSubscription"],
)
async def test_f4_a_mailbox_that_is_not_streamed_is_set_apart_and_the_others_keep_theirs(
    exchange: ExchangeStandIn, code: str, named: bool
) -> None:
    told: list[tuple[str, str]] = []
    rooms = _rooms(exchange, 9)
    bad = rooms[0]  # the anchor of the others, too
    exchange.troubles.unstreamed, exchange.troubles.unstreamed_code = {bad}, code
    exchange.troubles.names_unstreamed = named
    timings = replace(QUICK, denied_wait=60.0, broken_wait=60.0)
    async with source_of(exchange, timings=timings, poll_every=RARELY, told=told) as source:
        listener = Listener(source)
        source.watch(bad)
        await listening(exchange, source, *rooms[1:])
        await settled(listener)
        kept = dict(exchange.subscriptions.alive)
        for room in (rooms[1], rooms[-1]):
            await listener.hears(room, partial(book, exchange, room))
        assert source._streams is not None and not source._streams.covers(bad)
        assert {each.address for each in kept.values()} >= set(rooms[1:])
        assert exchange.requests["Subscribe"] <= len(rooms) + 2  # nobody else was subscribed anew
        await listener.close()
    assert [event for event, _ in told] == ["calendar.subscription_failed"]
    assert not exchange.subscriptions.alive  # the one that was set apart is given back, too


async def test_f4_it_is_asked_for_again_later(exchange: ExchangeStandIn) -> None:
    rooms = _rooms(exchange, 3)
    exchange.troubles.unstreamed = {rooms[1]}
    async with source_of(exchange, timings=QUICK, poll_every=RARELY) as source:
        await listening(exchange, source, rooms[0], rooms[2])
        source.watch(rooms[1])
        await until(lambda: exchange.requests["GetStreamingEvents"] >= 2)
        exchange.troubles.unstreamed = set()
        await asyncio.sleep(QUICK.broken_wait)
        exchange.kill_streams()
        await listening(exchange, source, *rooms)


async def test_f4_an_anchor_that_is_refused_later_leaves_the_stream_to_the_others(exchange: ExchangeStandIn) -> None:
    told: list[tuple[str, str]] = []
    rooms = _rooms(exchange, 4)
    async with source_of(exchange, timings=replace(QUICK, denied_wait=60.0), poll_every=RARELY, told=told) as source:
        listener = Listener(source)
        await listening(exchange, source, *rooms)
        made = exchange.requests["Subscribe"]
        exchange.troubles.forbidden = {rooms[0]}
        source.unwatch(rooms[3])  # the stream is made anew, with a request that is refused
        await until(lambda: any(event == "calendar.subscription_failed" for event, _ in told))
        await listening(exchange, source, rooms[1], rooms[2])
        await listener.hears(rooms[2], lambda: book(exchange, rooms[2]))
        assert exchange.requests["Subscribe"] == made
        await listener.close()
    assert "calendar.stream_lost" not in [event for event, _ in told]


async def test_f4_a_subscribe_that_hangs_costs_its_own_mailbox(exchange: ExchangeStandIn) -> None:
    told: list[tuple[str, str]] = []
    rooms = _rooms(exchange, 6)
    exchange.troubles.hanging = {rooms[2]}
    timings = replace(QUICK, subscribe=patience.seconds(0.5), broken_wait=0.2)
    async with source_of(exchange, timings=timings, poll_every=RARELY, told=told) as source:
        listener = Listener(source)
        await listening(exchange, source, *(room for room in rooms if room != rooms[2]))
        assert source._streams is not None and not source._streams.covers(rooms[2])
        before = exchange.requests["GetStreamingEvents"]
        source.watch(rooms[2])
        await until(lambda: bool(told))
        await until(lambda: exchange.requests["Subscribe"] >= len(rooms) + 2)  # it is tried again, by itself
        await listener.hears(rooms[5], lambda: book(exchange, rooms[5]))
        assert exchange.requests["GetStreamingEvents"] <= before + 2  # and disturbs nobody any more
        exchange.troubles.hanging = set()
        await until(lambda: source._streams is not None and source._streams.covers(rooms[2]))
        await listener.hears(rooms[2], lambda: book(exchange, rooms[2]))
        source.unwatch(rooms[2])
        await until(lambda: rooms[2] not in {each.address for each in exchange.subscriptions.alive.values()})
        await listener.close()
    assert [event for event, _ in told] == ["calendar.subscription_failed"]
    assert not exchange.subscriptions.alive


async def test_f4_leaving_does_not_wait_for_a_subscribe_that_hangs(exchange: ExchangeStandIn) -> None:
    exchange.troubles.hanging = {ROOM.lower()}
    async with source_of(exchange, timings=replace(QUICK, subscribe=60.0), poll_every=RARELY) as source:
        source.watch(ROOM)
        await until(lambda: exchange.requests["Subscribe"] > 0)
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < patience.seconds(3)


async def test_f4_all_subscriptions_are_ended_at_the_stop(exchange: ExchangeStandIn) -> None:
    rooms = _rooms(exchange, 80)
    assert len({routed({"X-AnchorMailbox": room}, {}) for room in rooms}) > 1
    timings = replace(QUICK, teardown=patience.seconds(4))
    async with source_of(exchange, timings=timings, poll_every=RARELY) as source:
        await listening(exchange, source, *rooms)
        exchange.kill_streams()  # those of a stream that broke are ended, too
        await until(lambda: exchange.requests["Subscribe"] > len(rooms))
        await listening(exchange, source, *rooms)
        exchange.troubles.delay = 0.02
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < timings.teardown + 3
    assert not exchange.subscriptions.alive


async def test_f4_a_server_that_hangs_does_not_hold_the_end_up(exchange: ExchangeStandIn) -> None:
    rooms = _rooms(exchange, 5)
    timings = replace(QUICK, teardown=0.5)
    async with source_of(exchange, timings=timings, poll_every=RARELY) as source:
        await listening(exchange, source, *rooms)
        exchange.troubles.delay = 30.0
        started = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - started < patience.seconds(3)
