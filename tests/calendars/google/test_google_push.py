"""Watch channels: opened, kept, replaced, believed only with their token, and stopped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from connector.calendars.base import MemoryState
from connector.calendars.google.source import GoogleSource, Settings
from connector.errors import SourceUnavailable, UserError
from connector.serving.webhooks import Listener
from connector.standins.google import EMAIL, GoogleStandIn, Trouble
from tests.calendars.google.harness import OTHER, ROOM, Harness, house, make_source
from tests.calendars.ics_text import vevent, window
from tests.calendars.receiver import Journal, Receiver
from tests.support import patience
from tests.support.certificates import authority
from tests.support.patience import until
from tests.support.servers import free_port

TUESDAY = window("2026-11-10", "2026-11-11")
A = vevent("a", "20261110T100000Z", "20261110T110000Z")


async def announced(source: GoogleSource, within: float = 8) -> str:
    async with patience.timeout(within):
        return await anext(source.changes())


async def silence(source: GoogleSource, seconds: float = 0.3) -> None:
    with pytest.raises(TimeoutError):
        await announced(source, seconds)


async def opened(home: Harness) -> None:
    """The channel is live and the reading that its opening asks for is taken."""
    home.source.watch(ROOM)
    assert await announced(home.source) == ROOM
    await until(lambda: any(state == "sync" for _, state, _ in home.google.push.delivered), "a sync message")


def channel(home: Harness) -> str:
    (only,) = home.google.push.channels
    return only


async def post(home: Harness, **headers: str) -> int:
    """A notification that somebody sends to our address."""
    named = {f"X-Goog-{name.replace('_', '-')}": value for name, value in headers.items()}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{home.hooks.root}office/events", headers=named) as got,
    ):
        return got.status


# ------------------------------------------------------------------------------------ the usual life


async def test_a_change_is_told_and_read_at_once() -> None:
    async with house(push=True) as home:
        await opened(home)
        assert (await home.source.read(ROOM, TUESDAY)).events == ()
        home.google.put(ROOM, "a", A)
        assert await announced(home.source) == ROOM
        assert len((await home.source.read(ROOM, TUESDAY)).events) == 1


async def test_the_sync_message_is_no_change() -> None:
    async with house(push=True) as home:
        await opened(home)
        assert [(state, status) for _, state, status in home.google.push.delivered] == [("sync", 200)]
        await silence(home.source)


async def test_while_the_channel_lives_a_calendar_is_asked_rarely() -> None:
    async with house(Settings(poll_with_push=timedelta(minutes=5)), push=True) as home:
        assert home.source.asking_interval(ROOM) == timedelta(0)
        await opened(home)
        assert home.source.asking_interval(ROOM) == timedelta(minutes=5)


async def test_without_a_public_address_nothing_is_opened() -> None:
    async with house() as home:
        home.source.watch(ROOM)
        await home.source.read(ROOM, TUESDAY)
        await silence(home.source)
        assert home.google.push.channels == {}
        assert home.source.asking_interval(ROOM) == timedelta(0)


async def test_a_channel_outlives_a_restart() -> None:
    source_state = MemoryState()
    async with AsyncExitStack() as stack:
        google = await stack.enter_async_context(GoogleStandIn())
        hooks = await stack.enter_async_context(Receiver())
        google.add_calendar(ROOM)
        async with make_source(google, Journal(), webhooks=hooks, source_state=source_state) as first:
            first.watch(ROOM)
            await announced(first)
        kept = dict(google.push.channels)
        assert len(kept) == 1
        async with make_source(google, Journal(), webhooks=hooks, source_state=source_state) as second:
            second.watch(ROOM)
            await second.read(ROOM, TUESDAY)
            google.put(ROOM, "a", A)
            assert await announced(second) == ROOM
        assert google.push.channels == kept
        assert google.push.stopped == []
    (value,) = (await source_state.items("channel:")).values()
    assert json.loads(value)["id"] in kept


async def test_it_is_replaced_before_it_ends() -> None:
    async with house(push=True) as home:
        home.google.push.life = timedelta(seconds=1.5)
        await opened(home)
        first = channel(home)
        await until(lambda: first in home.google.push.stopped, "the old channel is stopped")
        assert channel(home) != first
        home.google.put(ROOM, "a", A)
        assert await announced(home.source) == ROOM
        watched = [seen for seen in home.google.seen if seen.where == "watch"]
        assert len(watched) >= 2
        told = [name for name, state, status in home.google.push.delivered if status != 200]
        assert told == []  # the new one was open before the old one was stopped


async def test_what_nobody_uses_is_stopped() -> None:
    source_state = MemoryState()
    async with house(push=True, source_state=source_state) as home:
        await opened(home)
        home.source.unwatch(ROOM)
        await until(lambda: not home.google.push.channels, "the channel is stopped")
        assert await source_state.items("") == {}


async def test_removing_the_integration_leaves_nothing_behind() -> None:
    source_state = MemoryState()
    async with house(push=True, source_state=source_state) as home:
        home.google.add_calendar(OTHER)
        await opened(home)
        home.source.watch(OTHER)
        await until(lambda: len(home.google.push.channels) == 2, "two channels")
        assert await announced(home.source) == OTHER
        await home.source.dispose()
        assert home.google.push.channels == {}
        assert await source_state.items("") == {}
        assert home.hooks.handlers == {}


async def test_a_refused_login_does_not_keep_the_integration_from_being_removed() -> None:
    source_state = MemoryState()
    async with house(push=True, source_state=source_state) as home:
        await opened(home)
        home.google.tokens.revoke_all()
        home.google.account.alive = False
        with pytest.raises(
            SourceUnavailable, match=r"1 of 1 watch channels could not be ended; they end .* by 20\d\d-"
        ):
            await home.source.dispose()
        assert await source_state.items("") == {}


async def test_many_channels_are_stopped_a_few_at_once() -> None:
    source_state = MemoryState()
    async with house(push=True, source_state=source_state) as home:
        calendars = [ROOM, *(f"room{number}@resource.calendar.example.org" for number in range(23))]
        for calendar in calendars:
            home.google.add_calendar(calendar)
            home.source.watch(calendar)
        await until(lambda: len(home.google.push.channels) == 24, "all channels")
        await until(lambda: len(source_state._values) == 24, "all are kept")
        home.google.troubles.append(Trouble("stop", slow=0.2))
        loop = asyncio.get_running_loop()
        started = loop.time()
        await home.source.dispose()
        assert loop.time() - started < 24 * 0.2 / 2
        assert home.google.push.channels == {}


# ------------------------------------------------------------------------------------ forged and lost


@pytest.mark.parametrize("state", ["exists", "not_exists"])
async def test_a_forged_token_is_refused(state: str) -> None:
    async with house(push=True) as home:
        await opened(home)
        live = home.google.push.channels[channel(home)]
        for token in ("", "guess", live.token[:-1], live.token + "x", "é"):
            status = await post(
                home, Channel_ID=live.id, Channel_Token=token, Resource_ID=live.resource_id, Resource_State=state
            )
            assert status == 403
        wrong = await post(
            home, Channel_ID=live.id, Channel_Token=live.token, Resource_ID="other", Resource_State=state
        )
        assert wrong == 403
        unknown = await post(home, Channel_ID="none", Channel_Token=live.token, Resource_State=state)
        assert unknown == 404
        await silence(home.source)
        assert home.journal.names() == ["calendar.notification_refused"]  # once, however often it is tried
        assert live.token not in repr(home.journal.notes)
        right = await post(
            home, Channel_ID=live.id, Channel_Token=live.token, Resource_ID=live.resource_id, Resource_State=state
        )
        assert right == 200
        assert await announced(home.source) == ROOM


async def test_secrets_are_in_no_repr() -> None:
    source_state = MemoryState()
    async with house(push=True, source_state=source_state) as home:
        await opened(home)
        live = home.google.push.channels[channel(home)]
        known = vars(home.source)["_channels"]
        assert live.token not in repr(vars(known))
        assert "PRIVATE" not in repr(vars(home.source))


class Time:
    """Of the source: real time, and so many minutes more."""

    def __init__(self) -> None:
        self.minutes = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(minutes=self.minutes)


async def changed_lately(home: Harness, time: Time, minutes: float) -> None:
    """It is so late; three minutes ago the calendar was changed. Nobody tells the source, but it reads."""
    time.minutes = minutes
    home.google.put(ROOM, "a", A)
    home.google.calendars[ROOM].updated = time.now() - timedelta(minutes=3)
    await home.source.read(ROOM, TUESDAY)


@asynccontextmanager
async def rarely_told(time: Time, source_state: MemoryState | None = None) -> AsyncIterator[Harness]:
    """A watched room that each reading asks for; its notifications are lost."""
    async with AsyncExitStack() as stack:
        google = await stack.enter_async_context(GoogleStandIn())
        hooks = await stack.enter_async_context(Receiver())
        google.add_calendar(ROOM)
        journal, settings = Journal(), Settings(poll_with_push=timedelta(0))
        source = make_source(
            google, journal, webhooks=hooks, settings=settings, source_state=source_state, now=time.now
        )
        home = Harness(google, hooks, journal, await stack.enter_async_context(source))
        await opened(home)
        await source.read(ROOM, TUESDAY)
        google.push.lost = True
        yield home


async def test_a_channel_gone_silent_is_found_by_the_poll_and_replaced() -> None:
    """Google's notifications stop; the next reading sees a change that is older than any honest delay."""
    time = Time()
    async with rarely_told(time) as home:
        first = channel(home)
        await changed_lately(home, time, 2)
        assert home.journal.names() == []  # it changed before the channel was there
        await changed_lately(home, time, 10)
        assert home.journal.names() == ["calendar.subscription_silent"]
        await until(lambda: first in home.google.push.stopped, "the silent channel is replaced")
        assert len(home.google.push.channels) == 1


async def test_what_was_told_is_not_silence_though_the_clocks_differ() -> None:
    time = Time()
    async with rarely_told(time) as home:
        home.google.push.lost = False
        time.minutes = 10
        home.google.put(ROOM, "a", A)
        assert await announced(home.source) == ROOM
        home.google.calendars[ROOM].updated = time.now() + timedelta(minutes=1)  # as Google's clock has it
        time.minutes = 30
        await home.source.read(ROOM, TUESDAY)
        assert home.journal.names() == []


async def test_after_a_restart_an_old_change_is_no_sign_of_silence() -> None:
    """What the process before was told of, this one cannot know: a good channel stays."""
    source_state, time = MemoryState(), Time()
    async with rarely_told(time, source_state) as home:
        kept = channel(home)
        home.google.calendars[ROOM].updated = time.now() + timedelta(minutes=5)
        time.minutes = 60
        journal = Journal()
        async with make_source(
            home.google, journal, webhooks=home.hooks, source_state=source_state, now=time.now
        ) as second:
            second.watch(ROOM)
            await second.read(ROOM, TUESDAY)
            assert journal.names() == []
        assert channel(home) == kept


@pytest.mark.parametrize(
    ("status", "reason", "word"),
    [
        (401, "push.webhookUrlUnauthorized", "search-console"),
        (400, "push.webhookUrlNotHttps", "https"),
        (403, "forbidden", "Share with"),
        (500, "backendError", "500"),
    ],
)
async def test_a_refused_channel_is_told_once_and_reading_goes_on(status: int, reason: str, word: str) -> None:
    async with house(push=True) as home:
        home.google.put(ROOM, "a", A)
        home.google.troubles.append(Trouble("watch", status=status, reason=reason))
        home.source.watch(ROOM)
        await until(lambda: bool(home.journal.notes), "a line in the journal")
        ((name, fields),) = home.journal.notes
        assert (name, fields["calendar"]) == ("calendar.subscription_failed", ROOM)
        assert word in str(fields["reason"])
        assert len((await home.source.read(ROOM, TUESDAY)).events) == 1
        assert home.source.asking_interval(ROOM) == timedelta(0)
        assert sum(seen.where == "watch" for seen in home.google.seen) == 1  # not tried again at once


async def test_a_web_page_instead_of_a_channel_is_no_channel() -> None:
    async with house(push=True) as home:
        home.google.troubles.append(Trouble("watch", broken="portal"))
        home.source.watch(ROOM)
        await until(lambda: bool(home.journal.notes), "a line in the journal")
        assert home.source.asking_interval(ROOM) == timedelta(0)


async def kept_channel(home: Harness, source_state: MemoryState) -> str:
    """Of a source that ended; home's own one has none."""
    async with make_source(home.google, Journal(), webhooks=home.hooks, source_state=source_state) as before:
        before.watch(ROOM)
        assert await announced(before) == ROOM
    return channel(home)


async def test_a_kept_channel_whose_room_is_gone_is_stopped_soon_after_the_start() -> None:
    source_state, time = MemoryState(), Time()
    async with house() as home:
        await kept_channel(home, source_state)
        home.google.add_calendar(OTHER)
        async with make_source(
            home.google, Journal(), webhooks=home.hooks, source_state=source_state, now=time.now
        ) as source:
            source.watch(OTHER)
            await until(lambda: len(home.google.push.channels) == 2, "it waits for its room a little")
            time.minutes = 6
            source.watch(OTHER)
            await until(lambda: len(home.google.push.channels) == 1, "then it is stopped")
        assert home.google.push.channels[channel(home)].calendar == OTHER


async def test_channels_end_with_the_public_address() -> None:
    source_state = MemoryState()
    async with house() as home:
        await kept_channel(home, source_state)
        async with make_source(home.google, Journal(), source_state=source_state) as source:
            source.watch(ROOM)
            await until(lambda: not home.google.push.channels, "nobody would hear it")
            await until(lambda: not source_state._values, "it is forgotten")
        assert await source_state.items("") == {}


async def test_another_public_address_gets_another_channel() -> None:
    source_state = MemoryState()
    async with house() as home:
        first = await kept_channel(home, source_state)
        home.hooks.root = home.hooks.root.replace("127.0.0.1", "localhost")
        async with make_source(home.google, Journal(), webhooks=home.hooks, source_state=source_state) as source:
            source.watch(ROOM)
            await until(lambda: first in home.google.push.stopped, "the old one is stopped")
            assert home.google.push.channels[channel(home)].address.startswith(home.hooks.root)


class LostMemory(MemoryState):
    """Its values were sealed with a key that is gone; it takes new ones."""

    async def items(self, prefix: str) -> Mapping[str, bytes]:
        raise UserError("The sealed memory cannot be opened.")


async def test_a_lost_memory_costs_the_old_channels_and_nothing_else() -> None:
    async with house(push=True, source_state=LostMemory()) as home:
        assert home.journal.names() == ["calendar.subscription_failed"]
        await opened(home)


async def test_one_calendar_without_rights_does_not_stop_the_others_channels() -> None:
    async with house(push=True) as home:
        home.google.add_calendar(OTHER)
        home.google.share(OTHER, EMAIL, "none")
        home.source.watch(OTHER)
        await opened(home)
        await until(lambda: bool(home.journal.notes), "the closed calendar is told of")
        assert [fields["calendar"] for _, fields in home.journal.notes] == [OTHER]
        assert home.google.push.channels[channel(home)].calendar == ROOM


# ------------------------------------------------------------------------------------ through the real listener


async def test_over_tls_to_the_real_listener(tmp_path: Path) -> None:
    """Google insists on https: the stand-in trusts a local authority, and delivers to connector's own listener."""
    ours, port = authority("localhost"), free_port()
    files = ours.write(tmp_path)
    journal = Journal()
    async with AsyncExitStack() as stack:
        google = await stack.enter_async_context(GoogleStandIn(push_tls=ours.client_context()))
        google.add_calendar(ROOM)
        listener = Listener(
            f"https://localhost:{port}/hooks", f"127.0.0.1:{port}", journal, cert_file=files[0], key_file=files[1]
        )
        await stack.enter_async_context(listener)
        source = await stack.enter_async_context(make_source(google, journal, webhooks=listener))
        source.watch(ROOM)
        assert await announced(source) == ROOM
        google.put(ROOM, "a", A)
        assert await announced(source) == ROOM
        await until(lambda: len(google.push.delivered) == 2, "both delivered")
        assert sorted((state, status) for _, state, status in google.push.delivered) == [("exists", 200), ("sync", 200)]
