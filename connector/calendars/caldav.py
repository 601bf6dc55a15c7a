"""The CalDAV source: a calendar is a path or URL on the server, or a display name."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, timedelta, tzinfo
from types import TracebackType
from typing import Literal, Self, TypeVar
from urllib.parse import unquote, urlsplit

from connector.calendars.base import SourceContext
from connector.calendars.caldav_http import CAL, CTAG, DAV, CaldavHttp, Resource, join, trusted
from connector.calendars.icalendar_events import Agenda, Parsed, parse
from connector.calendars.options import Options
from connector.calendars.triggers import Triggers
from connector.calendars.worker_threads import WorkerThreads
from connector.errors import AccessDenied, CalendarError, SourceUnavailable
from connector.model import Snapshot, Unreadable, Window
from connector.secret_links import shown_path

T = TypeVar("T")

_MARGIN = timedelta(days=1)  # fetched around the window: the server judges all-day events in a zone of its own
_AHEAD = timedelta(days=2)  # fetched beyond it, so that an unchanged calendar need not be fetched while time passes
_TRUST = timedelta(minutes=15)  # that long an unchanged ctag is believed without fetching
_CALENDAR = f"{CAL}calendar"
_THREADS = 2  # at work at once


class CaldavSource:
    """See ``connector.calendars.base.CalendarSource``.

    One account that may read the rooms' calendars. ``zone`` as in IcsSource. ``poll_every``: how often the ctag of
    each watched calendar is asked for. ``ca_file``: the authority of the server's certificate, PEM; default the
    system's. A calendar without ctag and sync-token is fetched at every reading and announces no changes.
    """

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        auth: Literal["basic", "digest"] = "basic",
        zone: tzinfo = UTC,
        ca_file: str | None = None,
        poll_every: timedelta = timedelta(seconds=60),
        deadline: timedelta = timedelta(seconds=30),
        concurrency: int = 4,
    ) -> None:
        self._threads = WorkerThreads("caldav", _THREADS)
        self._http = CaldavHttp(
            url,
            username,
            password,
            auth=auth,
            ca_file=ca_file,
            deadline=deadline,
            concurrency=concurrency,
            off_loop=self._parsed,
        )
        self._zone = zone
        self._poll_every = poll_every
        self._triggers = Triggers()
        self._cache: dict[str, _CachedCalendar] = {}
        self._names: dict[str, str] = {}  # display names and last path segments to URLs
        self._discovering = asyncio.Lock()
        self._watched: dict[str, None] = {}
        self._poller: asyncio.Task[None] | None = None
        self._answers = 0

    async def __aenter__(self) -> Self:
        self._poller = asyncio.create_task(self._poll(), name="caldav poll")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
        await self._http.close()
        self._threads.close()

    # -------------------------------------------------------------------------------- reading

    async def read(self, calendar: str, window: Window, zone: tzinfo | None = None) -> Snapshot:
        """The complete window, or a CalendarError. ``zone``: the room's, for all-day events and floating times."""
        cached = self._cache.setdefault(calendar, _CachedCalendar())
        async with cached.lock:
            if not cached.url:
                cached.url = await self._locate(calendar)
                cached.owner = await self._owner(cached.url)
            await self._refresh(cached, window)
            return await self._off_loop(cached, lambda: cached.snapshot(window, zone or self._zone))

    async def _refresh(self, cached: _CachedCalendar, window: Window) -> None:
        tag = await self._tag(cached.url)  # before the content: a change in between is then seen next time
        now = asyncio.get_running_loop().time()
        fresh = now - cached.fetched_at < _TRUST.total_seconds()
        if tag and tag == cached.tag and fresh and cached.covers(window):
            return
        wide = Window(window.start - _MARGIN, window.end + _MARGIN + _AHEAD)
        resources = await self._http.report(cached.url, _query(wide))
        await self._off_loop(cached, lambda: cached.take(resources))
        cached.tag, cached.fetched, cached.fetched_at = tag, wide, now

    async def _tag(self, url: str) -> str:
        found = await self._http.propfind(url, 0, CTAG, f"{DAV}sync-token", f"{DAV}resourcetype")
        first = found[0] if found else Resource("", 404)
        if first.status == 404:
            raise AccessDenied(f"The calendar {_shown(url)} does not exist on the CalDAV server, or is not shared.")
        kind = first.properties.get(f"{DAV}resourcetype")
        if kind is not None and kind.find(_CALENDAR) is None:
            raise SourceUnavailable(f"{_shown(url)} on the CalDAV server is not a calendar: check the calendar column.")
        return "\n".join(text for text in (first.text(CTAG), first.text(f"{DAV}sync-token")) if text)

    async def _off_loop(self, cached: _CachedCalendar, work: Callable[[], T]) -> T:
        return await self._threads.run(work, key=cached.url, what=f"The calendar {_shown(cached.url)}")

    async def _parsed(self, work: Callable[[], list[Resource]]) -> list[Resource]:
        self._answers += 1  # answers have nothing in common that two threads could disturb
        return await self._threads.run(work, key=f"answer {self._answers}", what="The CalDAV server's answer")

    # -------------------------------------------------------------------------------- finding calendars

    async def _locate(self, calendar: str) -> str:
        """The URL of a calendar that is written as URL, path or display name (which may hold slashes too)."""
        if calendar.startswith("/") or "://" in calendar:
            return self._trusted(calendar)
        async with self._discovering:
            if calendar not in self._names:
                self._names = await self._discover()
        if calendar in self._names:
            return self._names[calendar]
        if "/" in calendar:
            return self._trusted(calendar)
        near = difflib.get_close_matches(calendar, self._names, 3)
        known = ", ".join(near or sorted(self._names)[:10]) or "none"
        raise AccessDenied(
            f"The account sees no calendar named {calendar!r} on the CalDAV server; it does see: {known}. "
            "Share the calendar with it, or write the calendar's path."
        )

    def _trusted(self, calendar: str) -> str:
        url = join(self._http.url, calendar)
        if not trusted(self._http.url, url):
            raise SourceUnavailable(
                f"The calendar {_shown(url)} is on another server than the source: the password is not sent there."
            )
        return url

    async def _discover(self) -> dict[str, str]:
        """RFC 5397, RFC 4791 section 6: the root tells the principal, that the homes, and those the calendars."""
        home = f"{CAL}calendar-home-set"
        principal = f"{DAV}current-user-principal"
        root = await self._http.propfind(self._http.url, 0, principal, home)
        homes = root[0].hrefs(home) if root else []
        for href in root[0].hrefs(principal) if root and not homes else []:
            homes += [found for resource in await self._propfind(href, 0, home) for found in resource.hrefs(home)]
        names: dict[str, str] = {}
        for href in homes or [self._http.url]:
            for resource in await self._propfind(href, 1, f"{DAV}displayname", f"{DAV}resourcetype"):
                kind = resource.properties.get(f"{DAV}resourcetype")
                if kind is not None and kind.find(_CALENDAR) is not None:
                    url = join(self._http.url, resource.href)
                    names.setdefault(unquote(resource.href.rstrip("/").rpartition("/")[2]), url)
                    names[resource.text(f"{DAV}displayname") or url] = url
        return names

    async def _owner(self, url: str) -> frozenset[str]:
        """The addresses of the calendar's owner, lower case; none when the server does not tell."""
        addresses = f"{CAL}calendar-user-address-set"
        try:
            owners = [href for r in await self._propfind(url, 0, f"{DAV}owner") for href in r.hrefs(f"{DAV}owner")]
            found = [a for href in owners for r in await self._propfind(href, 0, addresses) for a in r.hrefs(addresses)]
        except (AccessDenied, SourceUnavailable):
            return frozenset()  # many servers show nobody else's principal; then the room's answer is not known
        return frozenset(a.lower().removeprefix("mailto:") for a in found if a.lower().startswith("mailto:"))

    async def _propfind(self, href: str, depth: Literal[0, 1], *names: str) -> list[Resource]:
        url = join(self._http.url, href)
        return await self._http.propfind(url, depth, *names) if trusted(self._http.url, url) else []

    # -------------------------------------------------------------------------------- changes

    def changes(self) -> AsyncIterator[str]:
        """Watched calendars that changed, for one reader. Needs the source to be entered."""
        return self._triggers.drain()

    def watch(self, calendar: str) -> None:
        self._watched[calendar] = None

    def unwatch(self, calendar: str) -> None:
        self._watched.pop(calendar, None)
        self._triggers.discard(calendar)
        self._cache.pop(calendar, None)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self._poll_every.total_seconds())
            await asyncio.gather(*(self._look(calendar) for calendar in list(self._watched)))

    async def _look(self, calendar: str) -> None:
        """Compares with what was last read or announced; before the first reading there is nothing to compare."""
        cached = self._cache.get(calendar)
        if cached is None or not cached.tag:
            return
        try:
            tag = await self._tag(cached.url)
        except CalendarError:
            return  # the next reading says so, to those who can do something about it
        if tag not in (cached.tag, cached.announced):
            cached.announced = tag
            self._triggers.add(calendar)


class _CachedCalendar:
    """One calendar: what was fetched last, and each item's last good form."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.url = ""
        self.owner: frozenset[str] = frozenset()
        self.tag = ""
        self.announced = ""
        self.fetched: Window | None = None
        self.fetched_at = 0.0  # of the loop's clock
        self._good: dict[str, Parsed] = {}
        self._broken: dict[str, str] = {}  # href to reason
        self._agendas: dict[tzinfo, tuple[list[Parsed], Agenda]] = {}

    def covers(self, window: Window) -> bool:
        whole = self.fetched
        return whole is not None and whole.start + _MARGIN <= window.start and window.end <= whole.end - _MARGIN

    def take(self, resources: list[Resource]) -> None:
        """A complete listing: items that are not in it are gone."""
        good: dict[str, Parsed] = {}
        broken: dict[str, str] = {}
        for resource in resources:
            if resource.status == 404:
                continue  # removed while the server was listing
            before = self._good.get(resource.href)
            name = f"The calendar item {_shown(resource.href)}"
            data = resource.text(f"{CAL}calendar-data")
            if not data:
                status = resource.refused.get(f"{CAL}calendar-data", resource.status)
                broken[resource.href] = f"{name} is listed, but the server did not give it (status {status})."
            else:
                try:
                    good[resource.href] = parse(data.encode(), name, previous=before)
                except SourceUnavailable as error:
                    broken[resource.href] = str(error)
            if resource.href in broken and before is not None:
                good[resource.href] = before
        self._good, self._broken = good, broken

    def snapshot(self, window: Window, zone: tzinfo) -> Snapshot:
        good = [parsed for href, parsed in self._good.items() if href not in self._broken]
        before, agenda = self._agendas.get(zone, (None, None))
        if agenda is None or before is None or [id(p) for p in before] != [id(p) for p in good]:
            agenda = Agenda(good, zone=zone, owner=self.owner, previous=agenda)
            self._agendas[zone] = (good, agenda)
        read = agenda.between(window)
        unreadable = [
            Unreadable(uid, reason)
            for href, reason in self._broken.items()
            for uid in (sorted(self._good[href].uids) if href in self._good else [""])
        ]
        return Snapshot(read.events, (*read.unreadable, *unreadable))


def _query(window: Window) -> str:
    start, end = (moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") for moment in (window.start, window.end))
    return (
        "<D:prop><D:getetag/><C:calendar-data/></D:prop>"
        '<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
        f'<C:time-range start="{start}" end="{end}"/></C:comp-filter></C:comp-filter></C:filter>'
    )


def _shown(url: str) -> str:
    """The path, for sentences."""
    return shown_path(unquote(urlsplit(url).path))[-120:]


def plug(config: Mapping[str, object], context: SourceContext) -> CaldavSource:
    """Entry point of ``connector.calendar_sources``. Options: url, username, password (a reference), auth (basic or
    digest), timezone, ca_file (relative to the folder of the configuration), poll_every and deadline (seconds),
    allow_http. Raises UserError.
    """
    options = Options(config, "caldav")
    url = options.text("url")
    username = options.text("username")
    reference = options.text("password")
    auth = options.text("auth", "basic")
    zone = options.zone()
    ca_file = options.authorities(context.base)
    poll_every = options.seconds("poll_every", 60)
    deadline = options.seconds("deadline", 30)
    if not options.flag("allow_http", False) and url and not url.startswith("https://"):
        options.problem("url must begin with https://, or the password travels readable (or set allow_http = true).")
    if auth not in ("basic", "digest"):
        options.problem("auth must be basic or digest.")
    options.done()
    return CaldavSource(
        url,
        username,
        context.secret(reference),
        auth="digest" if auth == "digest" else "basic",
        zone=zone,
        ca_file=ca_file,
        poll_every=poll_every,
        deadline=deadline,
    )
