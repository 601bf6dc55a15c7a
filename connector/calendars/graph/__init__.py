"""The Microsoft 365 source: a calendar is the address (or object id) of a room mailbox in Exchange Online.

A reading lists the window twice at most: first only ids and change keys, and where one differs the whole window. That a
calendar did not change costs one small answer.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from types import TracebackType
from typing import Self

from connector.calendars.base import Finding, Place, SourceContext
from connector.calendars.expiry import ExpiryAlarm
from connector.calendars.graph import doctor as graph_doctor
from connector.calendars.graph.auth import CLOUDS, AppIdentity, Cloud, Tokens, expiry_sentence, identity_of_pem
from connector.calendars.graph.events import (
    ALL_DAY_MARGIN,
    EXPAND,
    FULL,
    LIGHT,
    Item,
    fingerprint_of,
    item_of,
    localised,
)
from connector.calendars.graph.http import GraphHttp, view_path
from connector.calendars.graph.push import Subscriptions
from connector.calendars.graph.remedies import denied_reading
from connector.calendars.options import Options
from connector.calendars.triggers import Triggers
from connector.errors import SourceUnavailable
from connector.model import Event, Snapshot, SourceText, Window

_TRUST = timedelta(hours=1)  # that long unchanged change keys are believed
_TRIES = 3  # looks at a calendar that changes while it is read
_PAGE = 50  # full events a page: with long bodies about 1 MB
_LIGHT_PAGE = 250
_EXPIRY_EVERY = timedelta(hours=6)


class GraphSource:
    """See ``connector.calendars.base.CalendarSource``; also Directory, Examinable and Removable.

    ``zone``: for all-day events, where ``read`` is not told the room's. ``ca_file``: authorities to trust instead of
    the system's, PEM. ``deadline``: of each request. ``silence``: how long after a change that was read its
    notification may come, before the subscription counts as silent.
    """

    def __init__(
        self,
        app: AppIdentity,
        cloud: Cloud,
        context: SourceContext,
        *,
        zone: tzinfo = UTC,
        ca_file: str | None = None,
        deadline: timedelta = timedelta(seconds=30),
        silence: timedelta = timedelta(minutes=4),
    ) -> None:
        self._app = app
        self._zone = zone
        tokens = Tokens(app, cloud, ca_file=ca_file, deadline=deadline)
        self._http = GraphHttp(f"{cloud.graph}/v1.0", tokens, ca_file=ca_file, deadline=deadline)
        self._triggers = Triggers()
        self._push = Subscriptions(
            self._http,
            context.source_state,
            context.webhooks,
            context.publish,
            self._triggers,
            name=context.name,
            silence=silence,
        )
        self._expiry = ExpiryAlarm(context.source_state, context.publish)
        self._cache: dict[str, _CachedMailbox] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks.append(asyncio.create_task(self._watch_expiry(), name="graph expiry"))
        if self._push.url is not None:
            self._push.open()
            self._tasks.append(asyncio.create_task(self._push.run(), name="graph subscriptions"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Subscriptions stay at the provider: the next run goes on with them. ``dispose`` ends them."""
        await self._stop()
        await self._http.close()

    async def _stop(self) -> None:
        self._push.close()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch_expiry(self) -> None:
        while self._app.expires is not None:
            now = datetime.now(UTC)
            await self._expiry.look(self._app.expires, now, expiry_sentence(self._app, now))
            await asyncio.sleep(_EXPIRY_EVERY.total_seconds())

    # -------------------------------------------------------------------------------- reading

    async def read(self, calendar: str, window: Window, zone: tzinfo | None = None) -> Snapshot:
        """The complete window, or a CalendarError. ``zone``: the room's, for all-day events."""
        cached = self._cache.setdefault(calendar, _CachedMailbox())
        wide = Window(window.start - ALL_DAY_MARGIN, window.end + ALL_DAY_MARGIN)
        async with cached.lock:
            for _ in range(_TRIES):
                light = dict(fingerprint_of(raw) for raw in await self._light(calendar, wide))
                if not cached.holds(light):
                    if cached.differs_in_known(light):
                        self._push.unannounced_change(calendar)
                    cached.take(item_of(raw) for raw in await self._full(calendar, wide))
                    if cached.names() != light.keys() - {""}:
                        continue  # it changed in between, or a page is missing: the next look decides
                return cached.snapshot(window, zone or self._zone)
        raise SourceUnavailable(
            f"Two listings of {calendar} in a row did not name the same events; neither of them is used."
        )

    async def _light(self, calendar: str, window: Window) -> list[object]:
        denied = denied_reading(self._app.client_id, calendar)
        path = f"{view_path(calendar, window.start, window.end)}&$select={LIGHT}&$top={_LIGHT_PAGE}"
        return await self._http.listing(path, mailbox=calendar, denied=denied)

    async def _full(self, calendar: str, window: Window) -> list[object]:
        denied = denied_reading(self._app.client_id, calendar)
        path = f"{view_path(calendar, window.start, window.end)}&$select={FULL}&$top={_PAGE}"
        return await self._http.expanded(path, EXPAND, mailbox=calendar, denied=denied)

    # -------------------------------------------------------------------------------- changes

    def changes(self) -> AsyncIterator[str]:
        """Calendars that a notification named, for one reader. Needs the source to be entered and a public address."""
        return self._triggers.drain()

    def watch(self, calendar: str) -> None:
        self._push.watch(calendar)

    def tells_of(self, calendar: str) -> bool:
        return self._push.live(calendar)

    def unwatch(self, calendar: str) -> None:
        self._push.unwatch(calendar)
        self._triggers.discard(calendar)
        self._cache.pop(calendar, None)

    # -------------------------------------------------------------------------------- what it offers besides

    async def places(self) -> tuple[Place, ...]:
        """The rooms of the organisation; needs Place.Read.All. Raises a CalendarError."""
        return await graph_doctor.places(self._http)

    async def examine(self, calendar: str | None, now: datetime) -> tuple[Finding, ...]:
        if calendar is None:
            return await graph_doctor.examine_source(self._http, self._app, self._push, now)
        return await graph_doctor.examine_calendar(self._http, self._app, self._push, calendar, now)

    async def dispose(self) -> None:
        """Ends the subscriptions and forgets what was kept. Needs the source to be entered."""
        await self._stop()
        await self._push.dispose()
        self._cache.clear()


class _CachedMailbox:
    """What was read last. Texts are kept packed, in memory only: bodies are most of a calendar's bytes."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self._items: dict[str, Item] = {}
        self._texts: dict[str, bytes] = {}
        self._whole = False  # every item has an id and a print: then two listings can be compared
        self._read_at = 0.0  # of the loop's clock

    def names(self) -> set[str]:
        return {item.id for item in self._items.values() if item.id}

    def holds(self, light: Mapping[str, str]) -> bool:
        """``light``: id to print. What is here and not listed differs, too: one listing alone removes nothing."""
        fresh = asyncio.get_running_loop().time() - self._read_at < _TRUST.total_seconds()
        return self._whole and fresh and {name: item.print for name, item in self._items.items()} == light

    def differs_in_known(self, light: Mapping[str, str]) -> bool:
        """An item that was here has another content: new ones may only have come into the window with time."""
        return self._whole and any(light.get(name, item.print) != item.print for name, item in self._items.items())

    def take(self, items: Iterable[Item]) -> None:
        """A complete listing."""
        found = {item.id or f"\x1f{number}": item for number, item in enumerate(items)}
        self._texts = {name: _pack(item.event.texts) for name, item in found.items() if item.event is not None}
        self._items = {
            name: replace(i, event=replace(i.event, texts=()) if i.event else None) for name, i in found.items()
        }
        self._whole = all(item.print for item in self._items.values())
        self._read_at = asyncio.get_running_loop().time()

    def snapshot(self, window: Window, zone: tzinfo) -> Snapshot:
        unreadable = tuple(dict.fromkeys(item.unreadable for item in self._items.values() if item.unreadable))
        broken = {problem.series_uid for problem in unreadable}
        events = [
            replace(event, texts=_unpack(self._texts[name]))
            for name, item in self._items.items()
            if item.event is not None and item.event.series_uid not in broken
            if _touches(event := localised(item.event, zone), window)
        ]
        events.sort(key=lambda event: (event.start, event.end, event.series_uid, event.original_start))
        return Snapshot(tuple(events), unreadable)


def _touches(event: Event, window: Window) -> bool:
    """Half-open on both sides; a meeting of no length counts at its instant."""
    if event.start == event.end:
        return window.start <= event.start < window.end
    return event.start < window.end and event.end > window.start


def _pack(texts: tuple[SourceText, ...]) -> bytes:
    return zlib.compress(json.dumps([[text.where, text.kind, text.content] for text in texts]).encode(), 1)


def _unpack(packed: bytes) -> tuple[SourceText, ...]:
    return tuple(SourceText(where, kind, content) for where, kind, content in json.loads(zlib.decompress(packed)))


# ------------------------------------------------------------------------------------ options


def plug(config: Mapping[str, object], context: SourceContext) -> GraphSource:
    """Entry point of ``connector.calendar_sources``. Options: tenant, client_id, and one of certificate (a reference to
    a PEM text with key and certificate) or secret (a reference); secret_expires (a date as 2027-01-31), cloud (global,
    gcc-high, dod, china), login and graph (other addresses than the cloud's), ca_file (relative to the folder of the
    configuration), timezone, deadline (seconds). Raises UserError.
    """
    options = Options(config, context.name)
    tenant = options.text("tenant")
    client_id = options.text("client_id")
    certificate = options.text("certificate", "")
    secret = options.text("secret", "")
    expires = _date(options, options.text("secret_expires", ""))
    cloud = _cloud(options)
    ca_path = options.authorities(context.base)
    zone = options.zone()
    deadline = options.seconds("deadline", 30)
    if bool(certificate) == bool(secret):
        options.problem("give one of certificate and secret, as a reference such as file:graph.pem.")
    if any(sign in tenant for sign in "/?#\\ "):
        options.problem("tenant must be the tenant's id or domain, such as example.onmicrosoft.com.")
    options.done()
    if secret:
        app = AppIdentity(tenant, client_id, secret=context.secret(secret), expires=expires)
    else:
        try:
            app = identity_of_pem(tenant, client_id, context.secret(certificate))
        except ValueError as error:
            options.problem(str(error))
        options.done()
    return GraphSource(app, cloud, context, zone=zone, ca_file=ca_path, deadline=deadline)


def _cloud(options: Options) -> Cloud:
    name = options.text("cloud", "global")
    if name not in CLOUDS:
        options.problem(f"cloud must be one of {', '.join(CLOUDS)}.")
    cloud = CLOUDS.get(name, CLOUDS["global"])
    login, graph = options.text("login", cloud.login), options.text("graph", cloud.graph)
    for key, url in (("login", login), ("graph", graph)):
        if not url.startswith("https://"):
            options.problem(f"{key} must begin with https://, or the app's tokens travel readable.")
    return Cloud(login.rstrip("/"), graph.rstrip("/"))


def _date(options: Options, text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        options.problem(f"secret_expires {text!r} is no date; write it as 2027-01-31.")
        return None
