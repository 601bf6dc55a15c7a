"""The Exchange Server source: a calendar is the mail address of a room's mailbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from types import TracebackType
from typing import Any, Self

from connector.calendars.base import Finding, Place, SourceState
from connector.calendars.exchange.client import Client, Server
from connector.calendars.exchange.doctor import examine_calendar, examine_source
from connector.calendars.exchange.items import Broken, Item, event_of, touches
from connector.calendars.exchange.push import Streams, StreamTimings
from connector.calendars.exchange.refusals import Refusals
from connector.calendars.triggers import Triggers
from connector.errors import CalendarError
from connector.events import Publish
from connector.model import Event, Snapshot, Unreadable, Window

_MARGIN = timedelta(days=1)  # listed around the window: all-day events are stored in the zone of whoever made them


class ExchangeSource:
    """See ``connector.calendars.base``: CalendarSource, Directory, Examinable and Removable.

    ``zone`` as in IcsSource. ``poll_every``: how often watched calendars without a live stream are compared, besides
    the readings that are asked for; None: not at all. ``timings`` None: no streams. ``publish`` is called on the event
    loop.
    """

    def __init__(
        self,
        server: Server,
        *,
        source_state: SourceState,
        publish: Publish,
        zone: tzinfo = UTC,
        poll_every: timedelta | None = None,
        timings: StreamTimings | None = None,
    ) -> None:
        self._client = Client(server)
        self._refusals = Refusals(
            source_state, server.url or server.email, server.access.username, server.access.password
        )
        self._publish = publish
        self._zone = zone
        self._poll_every = poll_every
        self._timings = timings
        self._triggers = Triggers()
        self._cache: dict[str, _CachedMailbox] = {}
        self._watched: dict[str, None] = {}
        self._streams: Streams | None = None
        self._poller: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._refusals.recall(self._client.signin)
        if self._timings is not None:
            loop = asyncio.get_running_loop()

            def from_thread(function: Callable[[Any], None], argument: object) -> None:
                with suppress(RuntimeError):  # the loop is closed: nobody listens any more
                    loop.call_soon_threadsafe(function, argument)

            self._streams = Streams(
                self._client,
                self._timings,
                lambda calendar: from_thread(self._heard, calendar),
                lambda event: from_thread(self._publish, event),
            )
            for calendar in self._watched:
                self._streams.add(calendar)
        if self._poll_every is not None:
            self._poller = asyncio.create_task(self._poll(self._poll_every), name="exchange poll")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
        streams, self._streams = self._streams, None
        if streams is not None:
            await asyncio.to_thread(streams.stop)
        await self._client.close()

    # -------------------------------------------------------------------------------- reading

    async def read(self, calendar: str, window: Window, zone: tzinfo | None = None) -> Snapshot:
        """The complete window, or a CalendarError. ``zone``: the room's, for all-day events.

        Costs one small request where nothing changed; what is new or changed is fetched whole.
        """
        cached = self._cache.setdefault(calendar, _CachedMailbox())
        async with cached.lock:
            wide = Window(window.start - _MARGIN, window.end + _MARGIN)
            try:
                listing = await self._client.listing(calendar, wide)
                missing = cached.missing(listing)
                fetched = await self._client.items(calendar, missing) if missing else {}
            finally:
                await self._refusals.note(self._client.signin)
            cached.take(wide, listing, fetched)
            return cached.snapshot(window, zone or self._zone)

    # -------------------------------------------------------------------------------- changes

    def changes(self) -> AsyncIterator[str]:
        """Watched calendars that changed, for one reader. Needs the source to be entered."""
        return self._triggers.drain()

    def watch(self, calendar: str) -> None:
        self._watched[calendar] = None
        if self._streams is not None:
            self._streams.add(calendar)

    def unwatch(self, calendar: str) -> None:
        self._watched.pop(calendar, None)
        if self._streams is not None:
            self._streams.remove(calendar)
        self._triggers.discard(calendar)
        self._cache.pop(calendar, None)

    def tells_of(self, calendar: str) -> bool:
        return self._streams is not None and self._streams.covers(calendar)

    def _heard(self, calendar: str) -> None:
        if calendar in self._watched:
            self._triggers.add(calendar)

    async def _poll(self, every: timedelta) -> None:
        while True:
            await asyncio.sleep(every.total_seconds())
            for calendar in list(self._watched):  # one after the other: the readings come first
                if self._streams is None or not self._streams.covers(calendar):
                    await self._look(calendar)

    async def _look(self, calendar: str) -> None:
        """Compares with what was last read or announced; before the first reading there is nothing to compare."""
        cached = self._cache.get(calendar)
        if cached is None or cached.window is None:
            return
        try:
            listing = await self._client.listing(calendar, cached.window)
        except CalendarError:
            return  # the next reading says so, to those who can do something about it
        if listing not in (cached.listing, cached.announced):
            cached.announced = listing
            self._heard(calendar)

    # -------------------------------------------------------------------------------- rooms, doctor, removal

    async def places(self) -> tuple[Place, ...]:
        """The rooms on the organisation's room lists; none where there are no lists."""
        return await self._client.places()

    async def examine(self, calendar: str | None, now: datetime) -> tuple[Finding, ...]:
        """With a calendar: that mailbox; without: the server and the account, once even after a refusal."""
        try:
            if calendar is not None:
                return await examine_calendar(self._client, calendar, now)
            self._client.signin.ask_once()
            return await examine_source(self._client, now)
        finally:
            await self._refusals.note(self._client.signin)

    async def forgive(self) -> None:
        """A person lets refused credentials be tried once more, by the next source that is opened with this state."""
        await self._refusals.forgive()

    async def dispose(self) -> None:
        """Gives the subscriptions back and forgets everything."""
        streams, self._streams = self._streams, None
        if streams is not None:
            await asyncio.to_thread(streams.stop)
        self._watched.clear()
        self._cache.clear()
        await self._refusals.forget()


class _CachedMailbox:
    """One calendar: what was listed last, and each item's last good form."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.window: Window | None = None
        self.listing: dict[str, str] = {}  # id to change key
        self.announced: dict[str, str] = {}
        self._good: dict[str, tuple[str, Item | None]] = {}  # id to change key and form
        self._broken: dict[str, Broken] = {}

    def missing(self, listing: dict[str, str]) -> list[str]:
        """What is new or changed, and what could not be read the last time."""
        return [each for each, key in listing.items() if each not in self._good or self._good[each][0] != key]

    def take(self, window: Window, listing: dict[str, str], fetched: dict[str, Item | Broken | None]) -> None:
        """A complete listing: what is not in it is gone, and so is what was gone when it was fetched."""
        good: dict[str, tuple[str, Item | None]] = {}
        broken: dict[str, Broken] = {}
        for identity, key in listing.items():
            before = self._good.get(identity)
            if identity not in fetched:
                if before is not None and before[0] == key:
                    good[identity] = before
                continue
            form = fetched[identity]
            if isinstance(form, Broken):
                known = before[1].uid if before is not None and before[1] is not None else ""
                broken[identity] = Broken(form.uid or known, form.reason)
                if before is not None:
                    good[identity] = ("", before[1])  # its identity stays known; no change key is empty
            else:
                good[identity] = (key, form)
        self.window, self.listing, self._good, self._broken = window, dict(listing), good, broken

    def snapshot(self, window: Window, zone: tzinfo) -> Snapshot:
        unreadable = {broken.uid: Unreadable(broken.uid, broken.reason) for broken in self._broken.values()}
        events = (event_of(item, zone) for identity, item in self._usable() if item.uid not in unreadable)
        inside = [event for event in events if touches(event, window)]
        inside.sort(key=lambda event: (event.start, event.end, event.series_uid, event.original_start))
        unique: dict[str, Event] = {event.key: event for event in inside}
        return Snapshot(tuple(unique.values()), tuple(unreadable.values()))

    def _usable(self) -> list[tuple[str, Item]]:
        return [
            (identity, item)
            for identity, (_, item) in self._good.items()
            if item is not None and identity not in self._broken
        ]
