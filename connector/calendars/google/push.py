"""Google's push: one watch channel for each calendar in use, replaced before it ends.

Facts (Calendar API guide "Push notifications", discovery document, schema Channel): a notification is a POST without
a body; headers X-Goog-Channel-ID, -Channel-Token, -Resource-ID, -Resource-State (``sync`` once at first, then
``exists`` or ``not_exists``); the answered ``expiration`` rules; there is no renewal: a new channel with a new id, then
the old one is stopped; nothing lists channels, so they are kept. Google loses some notifications: the poll goes on.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from connector import events
from connector.calendars.base import Hook, HookReply, SourceContext
from connector.calendars.google.http import Gone, GoogleApi
from connector.calendars.google.key import Identity
from connector.calendars.service_words import whole_number
from connector.calendars.teardown import Teardown
from connector.errors import (
    AccessDenied,
    CalendarError,
    ConnectorError,
    CredentialsRejected,
    RateLimited,
    SourceUnavailable,
)

LIFE = timedelta(days=7)  # what we ask for; Google's answer rules
SILENT_AFTER = timedelta(minutes=2)  # a change that old should have been told of

_LONGEST_LIFE = timedelta(days=366)  # what is said to live longer is not believed
_UNTOLD_LIFE = timedelta(hours=1)  # where the answer names no end: the shortest that was ever reported
_STRAYS_AFTER = timedelta(minutes=5)  # kept channels that nobody uses are stopped that long after the start
_AT_ONCE = 2  # opening channels leaves most of the slots to reading
_STOPPED_AT_ONCE = 8  # at the end nobody reads
_OFTEN = timedelta(minutes=30)  # a silent channel is replaced at most this often
_KEY = "channel:"
_NEVER = (0, datetime.fromtimestamp(0, UTC), "")


@dataclass(frozen=True, slots=True)
class Channel:
    """Times in milliseconds since 1970, as Google writes them. ``token``: only Google and we know it."""

    calendar: str
    id: str
    token: str = field(repr=False)
    address: str = field(repr=False)
    opened: int
    expires: int = 0
    resource_id: str = ""  # "" until Google answered: its first message may come before that

    def replace_at(self) -> datetime:
        """A fifth of its life, at most a day, before its end."""
        return _time(self.expires - min((self.expires - self.opened) // 5, 86_400_000))


class Channels:
    """``changed`` is called with a calendar that Google says changed. Nothing happens without a public address."""

    def __init__(
        self,
        context: SourceContext,
        api: GoogleApi,
        identity: Identity,
        changed: Callable[[str], None],
        now: Callable[[], datetime],
    ) -> None:
        self._context = context
        self._api = api
        self._identity = identity
        self._changed = changed
        self._now = now
        self._path = f"{context.name}/events"
        self._wanted: set[str] = set()
        self._dropped: set[str] = set()  # were wanted, and are not any more
        self._by_calendar: dict[str, Channel] = {}
        self._by_id: dict[str, Channel] = {}
        self._heard: dict[str, datetime] = {}
        self._silent: dict[str, datetime] = {}  # when a channel was found silent
        self._failures: dict[str, tuple[int, datetime, str]] = {}  # how many, when to try again, the reason told
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._started = now()
        self._forged_told: datetime | None = None

    @property
    def address(self) -> str | None:
        return self._context.webhooks.url(self._path)

    async def start(self) -> None:
        try:
            await self._recall()
        except ConnectorError as error:  # our memory is lost: new channels are opened, old ones end by themselves
            self._context.publish(events.CalendarSubscriptionFailed(reason=str(error)))
        self._started = self._now()
        self._context.webhooks.serve(self._path, self.answer)
        self._task = asyncio.create_task(self._tend(), name="google channels")

    async def close(self) -> None:
        """Channels stay open at Google: the next start goes on with them."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._context.webhooks.withdraw(self._path)
            self._task = None

    async def dispose(self) -> None:
        """Stops every channel, a few at once, and forgets it, also where Google refuses: then SourceUnavailable."""
        await self.close()
        await self._recall()
        teardown = Teardown("watch channels", _STOPPED_AT_ONCE)
        ending = [teardown.end(partial(self._stopped, each), _time(each.expires)) for each in self._by_id.values()]
        await asyncio.gather(*ending)
        for key in await self._context.source_state.items(_KEY):
            await self._context.source_state.delete(key)
        self._by_calendar.clear()
        self._by_id.clear()
        teardown.judge()

    def watch(self, calendar: str) -> None:
        self._wanted.add(calendar)
        self._dropped.discard(calendar)
        self._wake.set()

    def unwatch(self, calendar: str) -> None:
        self._wanted.discard(calendar)
        self._dropped.add(calendar)
        self._wake.set()

    def live(self, calendar: str) -> bool:
        """Google would tell of a change."""
        channel = self._by_calendar.get(calendar)
        return channel is not None and bool(channel.resource_id) and _time(channel.expires) > self._now()

    def found_change(self, calendar: str, at: datetime) -> None:
        """A poll saw a change of that time. Were we not told of it, the channel is silent: a new one is opened."""
        channel, now = self._by_calendar.get(calendar), self._now()
        if channel is None or not self.live(calendar) or now - at < SILENT_AFTER:
            return
        # What was told before this start, nobody knows; and ``at`` is of Google's clock, which is not quite ours.
        known = max(_time(channel.opened), self._started, self._heard.get(calendar, _time(0)))
        if at < known + SILENT_AFTER or now - self._silent.get(calendar, _time(0)) < _OFTEN:
            return
        self._silent[calendar] = now
        self._by_calendar[calendar] = replace(channel, expires=_ms(now))
        self._context.publish(events.CalendarSubscriptionSilent(calendar=calendar, changed=at))
        self._wake.set()

    # -------------------------------------------------------------------------------- what Google sends

    def answer(self, hook: Hook) -> HookReply:
        """Looks and queues, nothing else."""
        channel = self._by_id.get(hook.headers.get("x-goog-channel-id", ""))
        if channel is None:
            return HookReply(404)
        token = hook.headers.get("x-goog-channel-token", "").encode("utf-8", "replace")
        resource = hook.headers.get("x-goog-resource-id", "")
        genuine = hmac.compare_digest(token, channel.token.encode())
        if not genuine or (channel.resource_id and resource != channel.resource_id):
            self._tell_forged(channel.calendar)
            return HookReply(403)
        if hook.headers.get("x-goog-resource-state") in ("exists", "not_exists"):
            self._heard[channel.calendar] = self._now()
            self._tell_changed(channel.calendar)
        return HookReply(200)

    def _tell_changed(self, calendar: str) -> None:
        if calendar in self._wanted:
            self._changed(calendar)

    def _tell_forged(self, calendar: str) -> None:
        now = self._now()
        if self._forged_told is None or now - self._forged_told > timedelta(minutes=10):
            self._forged_told = now
            refused = events.CalendarNotificationRefused(calendar=calendar, reason="wrong channel token")
            self._context.publish(refused)

    # -------------------------------------------------------------------------------- tending

    async def _tend(self) -> None:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(calendar: str) -> None:
            async with slots:
                try:
                    await self._care_for(calendar)
                except ConnectorError as error:  # our own memory; polling goes on
                    self._failed(calendar, error)

        while True:
            self._wake.clear()
            await asyncio.gather(*map(one, self._wanted | set(self._by_calendar)))
            pause = self._next_due() - self._now()
            try:
                async with asyncio.timeout(min(max(pause.total_seconds(), 0.05), 3600)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _care_for(self, calendar: str) -> None:
        address, now, channel = self.address, self._now(), self._by_calendar.get(calendar)
        if calendar not in self._wanted or address is None:
            if channel is not None and (address is None or self._is_stray(calendar)):
                await self._end(channel)
            return
        due = channel is None or channel.replace_at() <= now or channel.address != address
        if due and self._failures.get(calendar, _NEVER)[1] <= now:
            await self._open(calendar, address)

    def _is_stray(self, calendar: str) -> bool:
        """Right after a start the rooms are not all told yet: a kept channel waits for its room a little."""
        return calendar in self._dropped or self._now() - self._started > _STRAYS_AFTER

    async def _open(self, calendar: str, address: str) -> None:
        now = self._now()
        old = self._by_calendar.get(calendar)
        new = Channel(calendar, str(uuid.uuid4()), secrets.token_urlsafe(32), address, _ms(now))
        self._by_id[new.id] = new  # its sync message may come before the answer
        body = {
            "id": new.id,
            "type": "web_hook",
            "address": address,
            "token": new.token,
            "expiration": str(_ms(now + LIFE)),
        }
        try:
            answer = await self._api.calendar(
                self._identity,
                calendar,
                lambda service: service.events().watch(calendarId=calendar, body=body, quotaUser=quota_user(calendar)),
            )
        except CalendarError as error:
            del self._by_id[new.id]
            self._failed(calendar, error)
            return
        expires, resource = answer.body.get("expiration"), answer.body.get("resourceId")
        if not isinstance(resource, str) or not resource:
            del self._by_id[new.id]
            self._failed(calendar, SourceUnavailable("Google's answer describes no channel; it is tried again."))
            return
        ends = whole_number(expires, highest=_ms(now + _LONGEST_LIFE)) or _ms(now + _UNTOLD_LIFE)
        whole = replace(new, resource_id=resource, expires=ends)
        self._by_id[new.id] = self._by_calendar[calendar] = whole
        self._failures.pop(calendar, None)
        await self._context.source_state.put(_KEY + calendar, json.dumps(asdict(whole)).encode())
        if old is None or _time(old.expires) <= now:
            self._tell_changed(calendar)  # what changed while nobody told us is read now
        if old is not None:
            await self._stop(old)

    def _failed(self, calendar: str, error: ConnectorError) -> None:
        count, _, told = self._failures.get(calendar, _NEVER)
        match error:
            case RateLimited():
                wait = error.retry_after
            case AccessDenied() | CredentialsRejected():
                wait = timedelta(minutes=15)
            case _:
                wait = min(timedelta(minutes=15), timedelta(seconds=15) * 2 ** min(count, 6))
        self._failures[calendar] = (count + 1, self._now() + wait, str(error))
        if str(error) != told:
            self._context.publish(events.CalendarSubscriptionFailed(calendar=calendar, reason=str(error)))

    async def _end(self, channel: Channel) -> None:
        await self._stop(channel)
        if self._by_calendar.get(channel.calendar) == channel:
            del self._by_calendar[channel.calendar]
        await self._context.source_state.delete(_KEY + channel.calendar)

    async def _stop(self, channel: Channel) -> None:
        with suppress(CalendarError):  # it ends by itself; we know its messages no more
            await self._stopped(channel)
        self._by_id.pop(channel.id, None)

    async def _stopped(self, channel: Channel) -> None:
        """Also where it was gone already, or is not ours any more. Else CalendarError."""
        body = {"id": channel.id, "resourceId": channel.resource_id}
        with suppress(Gone, AccessDenied):
            await self._api.calendar(
                self._identity,
                channel.calendar,
                lambda service: service.channels().stop(body=body, quotaUser=quota_user(channel.calendar)),
            )

    async def _recall(self) -> None:
        for value in (await self._context.source_state.items(_KEY)).values():
            try:
                channel = Channel(**json.loads(value))
            except (ValueError, TypeError):
                continue  # of another version: the channel ends by itself
            self._by_id[channel.id] = channel
            self._by_calendar.setdefault(channel.calendar, channel)

    def _next_due(self) -> datetime:
        due = [self._started + _STRAYS_AFTER] if set(self._by_calendar) - self._wanted else []
        for calendar in self._wanted:
            channel, (_, again, _) = self._by_calendar.get(calendar), self._failures.get(calendar, _NEVER)
            if channel is not None or calendar in self._failures:
                due.append(max(channel.replace_at() if channel is not None else again, again))
        return min(due, default=self._now() + timedelta(hours=1))


def quota_user(calendar: str) -> str:
    """At most 40 characters; without it all rooms together share one user's quota of 600 requests a minute."""
    return uuid.uuid5(uuid.NAMESPACE_URL, calendar.lower()).hex


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
