"""The ICS source: a calendar is one .ics file, a folder of them (paths relative to the source's base), or a URL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, timedelta, tzinfo
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from connector.calendars.base import SourceContext
from connector.calendars.bounded import SIZE_LIMIT
from connector.calendars.icalendar_events import Agenda, Parsed, parse
from connector.calendars.ics_local import LocalCalendar
from connector.calendars.ics_watch import LOOK, LocalWatch
from connector.calendars.ics_web import WebCalendar, client, url_of
from connector.calendars.options import Options
from connector.calendars.own_hosts import AllowedHosts
from connector.calendars.triggers import Triggers
from connector.calendars.worker_threads import DEADLINE, ReadingHangs, WorkerThreads
from connector.errors import CalendarError, SourceUnavailable
from connector.model import Snapshot, Window

_PAUSES = (0.1, 0.2, 0.4, 0.8)  # seconds between looks at a file that may just be being written
_POLLS_AT_ONCE = 8
_THREADS = 4  # at work at once


class IcsSource:
    """See ``connector.calendars.base.CalendarSource``.

    ``zone``: for all-day events and times without a zone, where ``read`` is not told the room's. ``http``: to use
    another client, which stays open; else one of our own that verifies certificates. ``auth``: for URLs.
    ``poll_every``: how often watched URLs are asked for changes. Changes of watched files come from the kernel,
    within about 0.1 s. ``thread_deadline``: of one piece of blocking work, such as reading one file. ``allowed``: hosts
    on this machine, or next to it, that addresses and redirects may lead to.
    """

    def __init__(
        self,
        base: Path,
        *,
        zone: tzinfo = UTC,
        http: httpx2.AsyncClient | None = None,
        allow_http: bool = False,
        auth: httpx2.BasicAuth | None = None,
        poll_every: timedelta = timedelta(seconds=60),
        deadline: timedelta = timedelta(seconds=30),
        size_limit: int = SIZE_LIMIT,
        look_every: timedelta = timedelta(milliseconds=LOOK),
        thread_deadline: timedelta = DEADLINE,
        allowed: AllowedHosts | None = None,
    ) -> None:
        self._base = base.absolute()
        self._zone = zone
        self._allowed = allowed or AllowedHosts()
        self._http = client(self._allowed) if http is None else http
        self._own_http = http is None
        self._allow_http = allow_http
        self._auth = auth
        self._poll_every = poll_every
        self._deadline = deadline
        self._size_limit = size_limit
        self._threads = WorkerThreads("ics", _THREADS, thread_deadline)
        self._triggers = Triggers()
        self._watch = LocalWatch(self._threads, self._changed, look=int(look_every / timedelta(milliseconds=1)))
        self._watched: dict[str, Path | None] = {}
        self._local: dict[Path, _Local] = {}
        self._web: dict[str, _Web] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._polling = asyncio.Semaphore(_POLLS_AT_ONCE)
        self._entered = False

    async def __aenter__(self) -> Self:
        self._entered = True
        self._tasks[""] = asyncio.create_task(self._watch.run(), name="ics watch")
        for calendar in self._watched:
            self._start_polling(calendar)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered = False
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._own_http:
            await self._http.aclose()
        self._threads.close()

    # -------------------------------------------------------------------------------- reading

    async def read(self, calendar: str, window: Window, zone: tzinfo | None = None) -> Snapshot:
        """The complete window, or a CalendarError. ``zone``: the room's, for all-day events and floating times."""
        if _is_url(calendar):
            return await self._read_web(calendar, window, zone or self._zone)
        return await self._read_local(self._base / calendar, window, zone or self._zone)

    async def _read_local(self, path: Path, window: Window, zone: tzinfo) -> Snapshot:
        what = f"The calendar {path.name}"
        entry = self._local.setdefault(path, _Local(LocalCalendar(path, size_limit=self._size_limit)))
        async with entry.lock:
            for pause in (*_PAUSES, None):
                settled = await self._threads.run(entry.calendar.refresh, key=str(path), what=what)
                if settled or pause is None:
                    break
                await asyncio.sleep(pause)
            return await self._threads.run(lambda: entry.calendar.snapshot(window, zone), key=str(path), what=what)

    async def _read_web(self, calendar: str, window: Window, zone: tzinfo) -> Snapshot:
        web = self._web_calendar(calendar)
        async with web.lock:
            await self._refresh(web, calendar)
            return await self._threads.run(
                lambda: web.agenda(zone).between(window), key=calendar, what=web.calendar.name
            )

    async def _refresh(self, web: _Web, calendar: str) -> bool:
        """Fetches and parses what changed; True when something did. Raises a CalendarError."""
        content = await web.calendar.fetch()
        if content is not None:
            try:
                web.parsed = await self._threads.run(
                    lambda: parse(content, web.calendar.name, charset=web.calendar.charset, previous=web.parsed),
                    key=calendar,
                    what=web.calendar.name,
                )
                web.problem = ""
            except ReadingHangs:
                web.calendar.forget()  # it was fetched and is not known
                raise
            except SourceUnavailable as error:
                web.problem = str(error)
                web.calendar.refused()
        if web.problem:
            raise SourceUnavailable(web.problem)
        web.calendar.accepted()
        return content is not None

    def _web_calendar(self, calendar: str) -> _Web:
        if calendar not in self._web:
            url = url_of(calendar, allow_http=self._allow_http)
            self._web[calendar] = _Web(
                WebCalendar(
                    url,
                    self._http,
                    size_limit=self._size_limit,
                    deadline=self._deadline,
                    allow_http=self._allow_http,
                    auth=self._auth,
                    allowed=self._allowed,
                )
            )
        return self._web[calendar]

    # -------------------------------------------------------------------------------- changes

    def changes(self) -> AsyncIterator[str]:
        """Watched calendars that changed, for one reader. Needs the source to be entered."""
        return self._triggers.drain()

    def watch(self, calendar: str) -> None:
        if calendar in self._watched:
            return
        path = None if _is_url(calendar) else self._base / calendar
        self._watched[calendar] = path
        if path is not None:
            self._watch.add(path)
        self._start_polling(calendar)

    def unwatch(self, calendar: str) -> None:
        path = self._watched.pop(calendar, None)
        self._triggers.discard(calendar)
        if path is not None and path not in self._watched.values():
            self._watch.discard(path)
            self._local.pop(path, None)
        self._web.pop(calendar, None)
        if task := self._tasks.pop(calendar, None):
            task.cancel()

    def tells_of(self, calendar: str) -> bool:
        """Local files are looked at each second."""
        return self._watched.get(calendar) is not None

    def _changed(self, path: Path) -> None:
        for calendar, watched in self._watched.items():
            if watched == path:
                self._triggers.add(calendar)

    def _start_polling(self, calendar: str) -> None:
        if self._entered and _is_url(calendar) and calendar not in self._tasks:
            self._tasks[calendar] = asyncio.create_task(self._poll(calendar), name="ics poll")

    async def _poll(self, calendar: str) -> None:
        while True:
            await asyncio.sleep(self._poll_every.total_seconds())
            try:
                web = self._web_calendar(calendar)
                async with self._polling, web.lock:
                    known = web.parsed is not None and not web.calendar.rejected
                    changed = known and await self._refresh(web, calendar)
            except CalendarError:
                continue  # the next reading says so, to those who can do something about it
            if changed:
                self._triggers.add(calendar)


class _Local:
    def __init__(self, calendar: LocalCalendar) -> None:
        self.lock = asyncio.Lock()
        self.calendar = calendar


class _Web:
    """A URL with what its last good content meant."""

    def __init__(self, calendar: WebCalendar) -> None:
        self.lock = asyncio.Lock()
        self.calendar = calendar
        self.parsed: Parsed | None = None
        self.problem = ""  # why the last content is unusable
        self._agendas: dict[tzinfo, tuple[Parsed, Agenda]] = {}  # one for each zone that rooms of this calendar have

    def agenda(self, zone: tzinfo) -> Agenda:
        assert self.parsed is not None, "fetched and parsed before it is asked"
        before, agenda = self._agendas.get(zone, (None, None))
        if agenda is None or before is not self.parsed:
            agenda = Agenda([self.parsed], zone=zone, previous=agenda)
            self._agendas[zone] = (self.parsed, agenda)
        return agenda


def _is_url(calendar: str) -> bool:
    return calendar.lower().startswith(("http://", "https://", "webcal://", "webcals://"))


def plug(config: Mapping[str, object], context: SourceContext) -> IcsSource:
    """Entry point of ``connector.calendar_sources``. Options: folder (relative to the folder of the
    configuration), timezone, allow_http, poll_every (seconds, for URLs), deadline (seconds), username and password (a
    reference; for URLs that ask for them), allowed_hosts (a list). Raises UserError.
    """
    options = Options(config, "ics")
    folder = options.text("folder", ".")
    zone = options.zone()
    allow_http = options.flag("allow_http", False)
    poll_every = options.seconds("poll_every", 60)
    deadline = options.seconds("deadline", 30)
    username = options.text("username", "")
    password = options.text("password", "")
    allowed = _allowed(options)
    options.done()
    auth = httpx2.BasicAuth(username, context.secret(password) if password else "") if username else None
    return IcsSource(
        context.base / folder,
        zone=zone,
        allow_http=allow_http,
        auth=auth,
        poll_every=poll_every,
        deadline=deadline,
        allowed=allowed,
    )


def _allowed(options: Options) -> AllowedHosts:
    try:
        return AllowedHosts.of(options.texts("allowed_hosts"))
    except ValueError as error:
        options.problem(f"allowed_hosts {error} is neither a host nor a network such as 127.0.0.0/8.")
        return AllowedHosts()
