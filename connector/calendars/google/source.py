"""The Google Workspace source: reads rooms' calendars as a service account. See ``google.py`` for the options."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from types import TracebackType
from typing import Self

from connector.calendars.base import Finding, Place, SourceContext
from connector.calendars.expiry import ExpiryAlarm
from connector.calendars.google import doctor as google_doctor
from connector.calendars.google import rooms as google_rooms
from connector.calendars.google.events import FIELDS, FREE_BUSY, Item, answer_left_out, to_snapshot, within, zone_of
from connector.calendars.google.http import UNCHANGED, Answer, Gone, GoogleApi
from connector.calendars.google.key import EVENTS_SCOPE, ROOMS_SCOPE, Identity, ServiceKey
from connector.calendars.google.key_life import Watch as KeyWatch
from connector.calendars.google.push import Channels, quota_user
from connector.calendars.google.remedies import delegation_step
from connector.calendars.service_words import moment
from connector.calendars.triggers import Triggers
from connector.calendars.worker_threads import WorkerThreads
from connector.errors import AccessDenied, SourceUnavailable
from connector.events import CalendarDetailsHidden
from connector.model import Snapshot, Window

DAILY_REQUESTS = 900_000  # of the 1,000,000 that a project has a day; the rest is for channels and the doctor

_MARGIN = timedelta(days=1)  # asked for around the window: days without a time begin in the room's zone
_AHEAD = timedelta(days=1)  # and beyond it, so that the same question can be asked while time passes
_TRUST = timedelta(minutes=15)  # that long "nothing changed" is believed; then everything is read again
_EAGER = timedelta(seconds=45)  # so long after a notification every reading asks: bookings are written more than once
_PAGE = 2500  # the most that Google gives; one page is the rule
_PAGES = 40  # a listing longer than this is a loop
_THREADS = 2  # that make events of what Google sent
_LEAST_PACE = 5.0  # seconds; below that the engine's own pace decides


@dataclass(frozen=True, slots=True)
class Settings:
    """``admin``: a user who may see the domain's rooms, for ``places``. ``poll_with_push``: how often a calendar is
    asked for while its watch channel is live. ``daily_requests``: all watched calendars together stay below it."""

    subject: str = ""
    admin: str = ""
    customer: str = "my_customer"
    daily_requests: int = DAILY_REQUESTS
    poll_with_push: timedelta = timedelta(minutes=5)


class GoogleSource:
    """See ``connector.calendars.base``: CalendarSource, Directory, Examinable, Removable, Sparing.

    A calendar is the room's calendar id (its resource address). ``now`` is for tests.
    """

    def __init__(
        self,
        context: SourceContext,
        key: ServiceKey,
        api: GoogleApi,
        settings: Settings | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._context = context
        self._settings = settings or Settings()
        self._key = key
        self._api = api
        self._now = now
        self._identity = Identity(key, (EVENTS_SCOPE,), self._settings.subject)
        self._triggers = Triggers()
        self._channels = Channels(context, api, self._identity, self._notified, now)
        self._cache: dict[str, _CachedCalendar] = {}
        self._watched: dict[str, None] = {}
        self._key_watch: asyncio.Task[None] | None = None
        self._threads = WorkerThreads("google items", _THREADS)

    async def __aenter__(self) -> Self:
        await self._channels.start()
        alarm = ExpiryAlarm(self._context.source_state, self._context.publish)
        self._key_watch = asyncio.create_task(KeyWatch(self._api, self._key, alarm, self._now).run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._key_watch is not None:
            self._key_watch.cancel()
            await asyncio.gather(self._key_watch, return_exceptions=True)
        await self._channels.close()
        await self._api.close()
        self._threads.close()

    # -------------------------------------------------------------------------------- reading

    async def read(self, calendar: str, window: Window, zone: tzinfo | None = None) -> Snapshot:
        """The complete window, or a CalendarError. ``zone``: the room's, for days without a time; None: Google's.

        Answers from the last reading where asking again is not due yet: see ``asking_interval``.
        """
        cached = self._cache.setdefault(calendar, _CachedCalendar())
        async with cached.lock:
            if not self._may_wait(cached, calendar, window):
                await self._refresh(cached, calendar, window)
            return await self._threads.run(
                lambda: cached.snapshot(calendar, window, zone), key=calendar, what=f"The calendar {calendar}"
            )

    def asking_interval(self, calendar: str) -> timedelta:
        """How long the last reading answers for Google: zero for what is not watched and for a few dozen rooms."""
        if calendar not in self._watched:
            return timedelta(0)
        seconds = len(self._watched) * 86_400 / self._settings.daily_requests
        asking_interval = timedelta(seconds=seconds if seconds >= _LEAST_PACE else 0)
        return max(asking_interval, self._settings.poll_with_push) if self._channels.live(calendar) else asking_interval

    def _may_wait(self, cached: _CachedCalendar, calendar: str, window: Window) -> bool:
        now = asyncio.get_running_loop().time()
        return (
            cached.covers(window)
            and cached.eager_until <= now
            and now - cached.asked_at < self.asking_interval(calendar).total_seconds()
        )

    async def _refresh(self, cached: _CachedCalendar, calendar: str, window: Window) -> None:
        now = asyncio.get_running_loop().time()
        fresh = cached.covers(window) and now - cached.read_at < _TRUST.total_seconds()
        wide = cached.wide if fresh and cached.wide else Window(window.start - _MARGIN, window.end + _MARGIN + _AHEAD)
        etag = cached.etag if fresh else ""
        cached.asked_at = float("-inf")  # a failure is no answer to rest on
        pages = await self._listed(cached, calendar, wide, etag)
        if pages is None:
            cached.asked_at = now
            return
        cached.take(pages, wide, now)
        cached.asked_at = now
        self._tell_hidden(cached, calendar)
        if (updated := _updated(pages[-1])) is not None:
            self._channels.found_change(calendar, updated)

    async def _listed(self, cached: _CachedCalendar, calendar: str, window: Window, etag: str) -> list[Answer] | None:
        """As ``_list``; with everybody's answers, now and from then on, where the room's own was left out."""
        try:
            pages = await self._list(calendar, window, etag, cached.everybody)
        except Gone:
            pages = await self._list(calendar, window, "", cached.everybody)
        items = [item for page in pages or () for item in _items(page)]
        if cached.everybody or not any(answer_left_out(item, calendar) for item in items):
            return pages
        cached.everybody = True
        return await self._list(calendar, window, "", cached.everybody)

    async def _list(self, calendar: str, window: Window, etag: str, everybody: bool) -> list[Answer] | None:
        """Every page, or a CalendarError; None where nothing changed since ``etag``."""
        pages: list[Answer] = []
        token: str | None = None
        while True:
            answer = await self._page(calendar, window, token, etag if token is None else "", everybody)
            if answer.status == UNCHANGED:
                return None
            if answer.body.get("kind") != "calendar#events":
                raise SourceUnavailable("Google's answer is no list of events: something in between answers instead.")
            pages.append(answer)
            following = answer.body.get("nextPageToken")
            if not following:
                return pages
            if following == token or len(pages) >= _PAGES or not isinstance(following, str):
                raise SourceUnavailable("Google's list of events has no end: its pages repeat.")
            token = following

    async def _page(self, calendar: str, window: Window, token: str | None, etag: str, everybody: bool) -> Answer:
        return await self._api.calendar(
            self._identity,
            calendar,
            lambda service: service.events().list(
                calendarId=calendar,
                singleEvents=True,
                showDeleted=False,
                timeMin=window.start.astimezone(UTC).isoformat(),
                timeMax=window.end.astimezone(UTC).isoformat(),
                maxResults=_PAGE,
                maxAttendees=None if everybody else 1,
                fields=FIELDS,
                quotaUser=quota_user(calendar),
                pageToken=token,
            ),
            etag=etag,
        )

    def _tell_hidden(self, cached: _CachedCalendar, calendar: str) -> None:
        hidden = cached.role == FREE_BUSY
        if hidden and not cached.hidden_told:
            effect = 'meetings are called "Busy" and have no buttons'
            reason = f"{self._identity.shown} may see only free/busy: {effect}."
            self._context.publish(CalendarDetailsHidden(calendar=calendar, reason=reason))
        cached.hidden_told = hidden

    # -------------------------------------------------------------------------------- changes

    def changes(self) -> AsyncIterator[str]:
        """Calendars that Google notified us of, for one reader. Without a public address none come: poll."""
        return self._triggers.drain()

    def watch(self, calendar: str) -> None:
        self._watched[calendar] = None
        self._channels.watch(calendar)

    def tells_of(self, calendar: str) -> bool:
        return self._channels.live(calendar)

    def unwatch(self, calendar: str) -> None:
        self._watched.pop(calendar, None)
        self._channels.unwatch(calendar)
        self._triggers.discard(calendar)
        self._cache.pop(calendar, None)

    def anew(self, calendar: str) -> None:
        """The next reading asks for everything, whatever the pace: somebody wants to see what is there now."""
        self._hurry(calendar).read_at = float("-inf")

    def _notified(self, calendar: str) -> None:
        self._hurry(calendar)
        self._triggers.add(calendar)

    def _hurry(self, calendar: str) -> _CachedCalendar:
        cached = self._cache.setdefault(calendar, _CachedCalendar())
        cached.eager_until = asyncio.get_running_loop().time() + _EAGER.total_seconds()
        return cached

    # -------------------------------------------------------------------------------- besides reading

    async def places(self) -> tuple[Place, ...]:
        """The domain's rooms. Raises AccessDenied where no ``admin`` is set or the admin may not list them."""
        admin = self._settings.admin or self._settings.subject
        if not admin:
            raise AccessDenied(
                'Google lists rooms only to a user of the domain: set admin = "user@your.domain" in connector.toml and '
                f"allow it by delegation: {delegation_step(self._key.client_id, (ROOMS_SCOPE,))}"
            )
        return await google_rooms.places(self._api, Identity(self._key, (ROOMS_SCOPE,), admin), self._settings.customer)

    async def examine(self, calendar: str | None, now: datetime) -> tuple[Finding, ...]:
        """None: the key, the login, the clock. Else: what this calendar lets us see."""
        if calendar is None:
            return await google_doctor.examine_source(self._api, self._identity, self._settings.daily_requests, now)
        return await google_doctor.examine_calendar(self._api, self._identity, calendar, now)

    async def dispose(self) -> None:
        """Stops every watch channel and wipes what is kept and cached."""
        await self._channels.dispose()
        self._cache.clear()


class _CachedCalendar:
    """One calendar as it was read last. Bodies stay in memory, and only as long as their events are in the window."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.role = ""
        self.etag = ""  # "" where the listing had several pages: the tag of the first says nothing of the others
        self.wide: Window | None = None
        self.read_at = self.asked_at = self.eager_until = float("-inf")  # of the loop's clock
        self.hidden_told = False
        self.everybody = False  # all attendees are asked for
        self._items: list[Item] = []
        self._zone = ""
        self._snapshots: dict[tzinfo, Snapshot] = {}

    def covers(self, window: Window) -> bool:
        wide = self.wide
        return wide is not None and wide.start + _MARGIN <= window.start and window.end <= wide.end - _MARGIN

    def take(self, pages: list[Answer], wide: Window, now: float) -> None:
        first = pages[0].body
        self._items = [item for page in pages for item in _items(page)]
        self._zone = str(first.get("timeZone", ""))
        self._snapshots.clear()
        self.role = str(first.get("accessRole", ""))
        etag = str(first.get("etag", "")) if len(pages) == 1 else ""
        self.etag = etag if etag.isascii() and etag.isprintable() else ""  # else no header can carry it
        self.wide, self.read_at = wide, now

    def snapshot(self, calendar: str, window: Window, zone: tzinfo | None) -> Snapshot:
        zone = zone or zone_of(self._zone) or UTC
        if zone not in self._snapshots:
            self._snapshots[zone] = to_snapshot(self._items, calendar, self.role, zone)
        return within(self._snapshots[zone], window)


def _items(page: Answer) -> list[Item]:
    items = page.body.get("items", [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise SourceUnavailable("Google's list of events has items that are none.")
    return items


def _updated(page: Answer) -> datetime | None:
    return moment(page.body.get("updated"))
