"""Change notifications: one subscription a room, kept alive, checked, and replaced when it falls silent.

learn.microsoft.com, "Change notifications for Outlook resources": a subscription to events lives 10,080 minutes at
most, a notification is repeated for four hours until it is answered with 2xx within 3 seconds. Nothing depends on any
of it: rooms are read at intervals all the same.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from connector import events
from connector.calendars.base import Hook, HookReply, SourceState, Webhooks
from connector.calendars.graph.http import BadRequest, Conflict, Gone, GraphHttp
from connector.calendars.graph.subscription import (
    AT_ANY_TIME,
    Subscription,
    kept,
    moment_of,
    resource_key,
    resource_of,
    sender,
    text_of,
)
from connector.calendars.teardown import Teardown
from connector.calendars.triggers import Triggers
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable
from connector.retry import backoff

_LIFE = timedelta(hours=48)  # asked for; short, so that what a lost database leaves behind ends soon
_SHORTEST = timedelta(minutes=45)  # the service grants no less
_AT_ONCE = 2  # subscriptions tended at once: reading goes first
_ENDED_AT_ONCE = 4
_SILENCE = timedelta(minutes=4)  # Microsoft names three minutes as the longest delay
_DENIED = timedelta(minutes=30)
_STRAYS_AFTER = timedelta(minutes=5)  # rooms are told after the start: a kept subscription waits that long for its own
_LISTED_FOR = 60.0  # seconds
_MOST_BODY = 2**20
_MOST_ITEMS = 1000


class Subscriptions:
    """``watch`` what is in use; ``run`` does the work. Without a public address nothing is subscribed."""

    def __init__(
        self,
        http: GraphHttp,
        source_state: SourceState,
        webhooks: Webhooks,
        publish: events.Publish,
        triggers: Triggers,
        *,
        name: str,
        silence: timedelta = _SILENCE,
    ) -> None:
        self._http = http
        self._source_state = source_state
        self._webhooks = webhooks
        self._publish = publish
        self._triggers = triggers
        self._path = f"{name}/notifications"
        self._prefix = f"{name}/subscription/"
        self._silence = silence
        self._all: dict[str, Subscription] = {}
        self._left: dict[str, str] = {}  # id to calendar: to be deleted at the provider
        self._waiting: dict[str, Subscription] = {}  # of the last run; their rooms were not told yet
        self._waits_until = datetime.now(UTC) + _STRAYS_AFTER
        self._active: tuple[float, dict[str, datetime]] | None = None  # when it was listed, by the loop's clock
        self._bell = asyncio.Event()
        self._strange = 0
        self._strange_told = AT_ANY_TIME

    @property
    def url(self) -> str | None:
        return self._webhooks.url(self._path)

    def of(self, calendar: str) -> Subscription | None:
        return self._all.get(calendar)

    def live(self, calendar: str) -> bool:
        """Graph would tell of a change."""
        found, now = self._all.get(calendar), datetime.now(UTC)
        return found is not None and bool(found.id) and found.suspect_at is None and (found.expires or now) > now

    def watch(self, calendar: str) -> None:
        if calendar not in self._all:
            self._all[calendar] = self._waiting.pop(calendar, Subscription(calendar))
        self._bell.set()

    def unwatch(self, calendar: str) -> None:
        gone = self._all.pop(calendar, None)
        if gone is not None and gone.id:
            self._left[gone.id] = calendar
        self._bell.set()

    def unannounced_change(self, calendar: str) -> None:
        """A reading found a change. Where no notification tells of it in time either, the subscription is silent."""
        found, now = self._all.get(calendar), datetime.now(UTC)
        if found is None or not found.id or found.suspect_at is not None:
            return
        if found.heard_at is None or now - found.heard_at > self._silence:
            found.suspect_at = now
            self._bell.set()

    # -------------------------------------------------------------------------------- what Graph calls

    def open(self) -> None:
        if self.url is not None:
            self._webhooks.serve(self._path, self.receive)

    def close(self) -> None:
        self._webhooks.withdraw(self._path)

    def receive(self, hook: Hook) -> HookReply:
        """Looks, marks and returns. What is forged gets the same answer as what is real."""
        token = hook.query.get("validationToken")
        if token is not None:
            return HookReply(200, token[:4096], "text/plain")
        if len(hook.body) > _MOST_BODY:
            return HookReply(413)
        try:
            items = json.loads(hook.body)["value"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return HookReply(400)
        known = {s.id: s for s in (*self._waiting.values(), *self._all.values()) if s.id}
        for item in items[:_MOST_ITEMS] if isinstance(items, list) else []:
            found = sender(item, known)
            if found is None:
                self._refuse()
            else:
                self._act(found, item.get("lifecycleEvent"))
        return HookReply(202)

    def _act(self, found: Subscription, lifecycle: object) -> None:
        now = datetime.now(UTC)
        found.heard_at, found.suspect_at = now, None
        if lifecycle == "reauthorizationRequired":
            found.due_at = now  # a renewal authorizes, too
        elif lifecycle == "subscriptionRemoved":
            found.id, found.due_at = "", now
        if lifecycle != "reauthorizationRequired":
            self._triggers.add(found.calendar)
        self._bell.set()

    def _refuse(self) -> None:
        """One line a minute at most, however many come: a stranger must not fill the log."""
        self._strange += 1
        now = datetime.now(UTC)
        if now - self._strange_told >= timedelta(minutes=1):
            reason = "a notification did not carry the secret of one of our subscriptions; nothing was done"
            self._publish(events.CalendarNotificationRefused(number=self._strange, reason=reason))
            self._strange, self._strange_told = 0, now

    # -------------------------------------------------------------------------------- the work

    async def run(self) -> None:
        """Until cancelled. Needs a public address."""
        recalled = False
        while True:
            self._bell.clear()
            try:
                if not recalled:
                    await self._recall()
                    recalled = True
                pause = await self._round(datetime.now(UTC))
            except Exception as error:  # the database, or a mistake of ours: told, and tried again
                reason = f"{type(error).__name__}: tried again in a minute"
                self._publish(events.CalendarSubscriptionFailed(reason=reason))
                self._bell.clear()
                pause = 60.0
            with suppress(TimeoutError):
                async with asyncio.timeout(max(pause, 0.0)):
                    await self._bell.wait()

    async def _round(self, now: datetime) -> float:
        """Does what is due. Returns the seconds until something is due again."""
        if now >= self._waits_until:
            self._left |= {stray.id: calendar for calendar, stray in self._waiting.items() if stray.id}
            self._waiting.clear()
        for name, calendar in list(self._left.items()):
            await self._delete(name, calendar)
        due = [s for s in self._all.values() if self._due(s) <= now][:_AT_ONCE]
        await asyncio.gather(*(self._tend(s) for s in due))
        if due:
            return 0.0
        soonest = min((self._due(s) for s in self._all.values()), default=now + timedelta(hours=1))
        return ((min(soonest, self._waits_until) if self._waiting else soonest) - now).total_seconds()

    def _due(self, subscription: Subscription) -> datetime:
        silent = subscription.suspect_at + self._silence if subscription.suspect_at and subscription.id else None
        return min(subscription.due_at, silent) if silent else subscription.due_at

    async def _tend(self, subscription: Subscription) -> None:
        try:
            if subscription.suspect_at and datetime.now(UTC) - subscription.suspect_at >= self._silence:
                await self._replace_silent(subscription)
            elif subscription.id and subscription.expires and subscription.expires > datetime.now(UTC):
                await self._renew(subscription)
            else:
                await self._create(subscription)
        except CalendarError as error:
            self._failed(subscription, error)
        else:
            subscription.failures, subscription.problem = 0, ""

    async def _create(self, subscription: Subscription) -> None:
        subscription.id, subscription.state = "", secrets.token_urlsafe(32)
        body = {
            "changeType": "created,updated,deleted",
            "notificationUrl": self.url,
            "lifecycleNotificationUrl": self.url,
            "resource": resource_of(subscription.calendar),
            "expirationDateTime": text_of(datetime.now(UTC) + _LIFE),
            "clientState": subscription.state,
        }
        try:
            answer = await self._post(subscription, body)
        except Conflict:  # one that we forgot: its secret is unknown, so it is of no use
            await self._delete_forgotten(subscription.calendar)
            answer = await self._post(subscription, body)
        subscription.id = str(answer.get("id") or "")
        await self._accepted(subscription, answer)
        if self._all.get(subscription.calendar) is not subscription:
            self._left[subscription.id] = subscription.calendar  # left while it was made
            self._bell.set()
        else:
            self._triggers.add(subscription.calendar)  # what changed since the last reading, nobody will tell

    async def _post(self, subscription: Subscription, body: Mapping[str, Any]) -> dict[str, Any]:
        calendar = subscription.calendar
        denied = f"To be told of changes of {calendar}, the app needs the permission to read it."
        try:
            return await self._http.request("POST", "/subscriptions", mailbox=calendar, body=body, denied=denied)
        except BadRequest as error:
            raise SourceUnavailable(
                f"{error} Most likely Microsoft cannot reach the webhook. From outside,"
                f" curl -X POST '{self.url}?validationToken=x' must print x."
            ) from None

    async def _renew(self, subscription: Subscription) -> None:
        body = {"expirationDateTime": text_of(datetime.now(UTC) + _LIFE)}
        try:
            answer = await self._http.request(
                "PATCH", f"/subscriptions/{subscription.id}", mailbox=subscription.calendar, body=body
            )
        except Gone:
            await self._create(subscription)
        else:
            await self._accepted(subscription, answer)

    async def _replace_silent(self, subscription: Subscription) -> None:
        reason = "a change was read that Microsoft 365 had not told of; the subscription is made anew"
        self._publish(events.CalendarSubscriptionSilent(calendar=subscription.calendar, reason=reason))
        subscription.suspect_at = None
        old = subscription.id
        subscription.id = ""
        await self._delete(old, subscription.calendar)
        await self._create(subscription)

    async def _accepted(self, subscription: Subscription, answer: Mapping[str, Any]) -> None:
        """What the service grants counts, not what was asked for; renewed at half of it."""
        now = datetime.now(UTC)
        granted = moment_of(answer.get("expirationDateTime")) or now + _SHORTEST
        subscription.expires = granted
        subscription.due_at = now + max((granted - now) / 2, timedelta(seconds=0.2))
        if self._all.get(subscription.calendar) is subscription:
            record = {"id": subscription.id, "state": subscription.state, "expires": text_of(granted), "url": self.url}
            await self._source_state.put(self._prefix + subscription.calendar, json.dumps(record).encode())

    def _failed(self, subscription: Subscription, error: CalendarError) -> None:
        subscription.failures += 1
        wait = backoff(subscription.failures)
        if isinstance(error, RateLimited):
            wait = max(wait, error.retry_after)
        elif isinstance(error, AccessDenied):
            wait = _DENIED
        subscription.due_at = datetime.now(UTC) + wait
        if isinstance(error, RateLimited | CredentialsRejected):
            return  # it slowed down; or readings tell it
        reason, told = str(error), {other.problem for other in self._all.values()}
        subscription.problem = reason
        if reason not in told:  # what all rooms have in common is told for the first one
            self._publish(events.CalendarSubscriptionFailed(calendar=subscription.calendar, reason=reason))

    async def active(self) -> dict[str, datetime]:
        """``resource_key`` to the end of its subscription: of this app, whoever made it. CalendarError.

        Asked once a minute at most: the doctor wants to know it for each room.
        """
        now = asyncio.get_running_loop().time()
        if self._active is None or now - self._active[0] > _LISTED_FOR:
            items = [item for item in await self._http.listing("/subscriptions") if isinstance(item, dict)]
            ends = [(resource_key(item.get("resource")), moment_of(item.get("expirationDateTime"))) for item in items]
            self._active = now, {resource: end for resource, end in ends if end is not None}
        return self._active[1]

    # -------------------------------------------------------------------------------- ends and restarts

    async def _recall(self) -> None:
        """Those of the last run are used on, where the webhook's address is still the same."""
        now = datetime.now(UTC)
        for key, value in (await self._source_state.items(self._prefix)).items():
            calendar = key.removeprefix(self._prefix)
            told = kept(value)
            expires = moment_of(told.get("expires"))
            if expires is None or expires <= now:
                await self._source_state.delete(key)
            elif told.get("url") != self.url:
                self._left[str(told.get("id"))] = calendar
            else:
                due_at = expires - _LIFE / 2
                found = Subscription(calendar, str(told.get("id")), str(told.get("state")), expires, due_at)
                (self._all if calendar in self._all else self._waiting)[calendar] = found

    async def dispose(self) -> None:
        """Ends every subscription that is known and forgets them. SourceUnavailable names those that stay."""
        self._all.clear()
        self._waiting.clear()
        teardown = Teardown("subscriptions", _ENDED_AT_ONCE)
        known = {key: kept(value) for key, value in (await self._source_state.items(self._prefix)).items()}
        endings = [(partial(self._end, t.get("id"), k.removeprefix(self._prefix)), t) for k, t in known.items()]
        await asyncio.gather(*(teardown.end(end, moment_of(told.get("expires"))) for end, told in endings))
        for key in known:  # not before: cut off half-way, all are tried again
            await self._source_state.delete(key)
        teardown.judge()

    async def _end(self, name: object, calendar: str) -> None:
        with suppress(Gone):
            await self._http.request("DELETE", f"/subscriptions/{name}", mailbox=calendar)

    async def _delete(self, name: str, calendar: str) -> None:
        self._left.pop(name, None)
        if calendar not in self._all:
            await self._source_state.delete(self._prefix + calendar)
        try:
            await self._end(name, calendar)
        except CalendarError as error:
            reason = f"It could not be ended. {error}"
            self._publish(events.CalendarSubscriptionFailed(calendar=calendar, reason=reason))

    async def _delete_forgotten(self, calendar: str) -> None:
        """Only those that lead to us: another installation may use the same app."""
        for item in await self._http.listing("/subscriptions"):
            if not isinstance(item, dict) or item.get("notificationUrl") != self.url:
                continue
            if resource_key(item.get("resource")) == resource_key(resource_of(calendar)):
                await self._delete(str(item.get("id")), calendar)
