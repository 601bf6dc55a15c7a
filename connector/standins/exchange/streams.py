"""Streaming subscriptions of the Exchange stand-in: what happened, for whom, until somebody listens.

There are several mailbox servers behind its address, as in most organisations, and a subscription lives on the one that
made it. Whoever wants to reach it again says so by headers and a cookie (EWSDOC, "Maintain affinity between a group of
subscriptions and the Mailbox server").
"""

from __future__ import annotations

import asyncio
import secrets
import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lxml import etree

from connector.standins.exchange.xml import MESSAGES, TYPES, Refusal, answer, envelope, failure, success

_SERVERS = ("mbx1.stand-in~1941996295", "mbx2.stand-in~1941996295", "mbx3.stand-in~1941996295")
_COOKIE = "X-BackEndOverrideCookie"


def routed(headers: Mapping[str, str], cookies: Mapping[str, str]) -> str:
    """The server that a request comes to: the cookie's, where affinity is asked for, or else the anchor mailbox's."""
    cookie = cookies.get(_COOKIE, "")
    if _prefers(headers) and cookie in _SERVERS:
        return cookie
    return _SERVERS[zlib.crc32(headers.get("X-AnchorMailbox", "").lower().encode()) % len(_SERVERS)]


def given_cookie(headers: Mapping[str, str], cookies: Mapping[str, str]) -> dict[str, str]:
    """The header that a first answer has, and no later one."""
    if not _prefers(headers) or cookies.get(_COOKIE) in _SERVERS:
        return {}
    return {"Set-Cookie": f"{_COOKIE}={routed(headers, cookies)}; path=/; secure; HttpOnly"}


def _prefers(headers: Mapping[str, str]) -> bool:
    return headers.get("X-PreferServerAffinity", "").lower() == "true"


@dataclass(slots=True)
class Subscription:
    id: str
    address: str
    kinds: frozenset[str]
    server: str
    events: deque[tuple[str, str, datetime]] = field(default_factory=lambda: deque(maxlen=1000))


class Subscriptions:
    """One is for one mailbox. ``limit``: EWSMaxSubscriptions, for each mailbox. ``server``: that answers now."""

    def __init__(self) -> None:
        self.server = ""
        self.alive: dict[str, Subscription] = {}
        self.limit = 5000
        self.silent = False  # events are lost, and heartbeats too
        self._something = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def subscribe(self, address: str, kinds: frozenset[str]) -> str:
        if sum(each.address == address for each in self.alive.values()) >= self.limit:
            raise Refusal("ErrorExceededSubscriptionCount", "You have exceeded the available subscriptions.")
        identity = secrets.token_urlsafe(40)
        self.alive[identity] = Subscription(identity, address, kinds, self.server)
        return identity

    def unsubscribe(self, identity: str) -> None:
        if self.missing([identity], self.server):
            raise Refusal("ErrorSubscriptionNotFound", "The subscription was not found.")
        del self.alive[identity]
        self.wake()

    def note(self, address: str, kind: str, item: str) -> None:
        """A change of a calendar."""
        now = datetime.now(UTC)
        for each in self.alive.values():
            if each.address == address and kind in each.kinds and not self.silent:
                each.events.append((kind, item, now))
        self.wake()

    def wake(self) -> None:
        task = asyncio.get_running_loop().create_task(self._wake())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _wake(self) -> None:
        async with self._something:
            self._something.notify_all()

    async def wait(self, identities: list[str], seconds: float) -> None:
        """Until something is there for one of them, or one of them is gone."""

        def there() -> bool:
            return any(each not in self.alive or self.alive[each].events for each in identities)

        async with self._something:
            try:
                await asyncio.wait_for(self._something.wait_for(there), seconds)
            except TimeoutError:
                return

    def missing(self, identities: list[str], server: str) -> list[str]:
        """Not known on that server."""
        return [each for each in identities if each not in self.alive or self.alive[each].server != server]

    def take(self, identities: list[str]) -> bytes | None:
        """A document with all that is there; None for nothing."""
        notifications = []
        for subscription in (self.alive[each] for each in identities if each in self.alive):
            if subscription.events:
                notifications.append(_notification(subscription))
        return document(MESSAGES("Notifications", *notifications)) if notifications else None


def document(*content: etree._Element) -> bytes:
    return envelope(answer("GetStreamingEvents", [success("GetStreamingEvents", *content)]))


def status(word: str) -> bytes:
    """A heartbeat ("OK"), or the end ("Closed")."""
    return document(MESSAGES("ConnectionStatus", word))


def not_found(identities: list[str]) -> bytes:
    return not_streamed(identities, "ErrorSubscriptionNotFound")


def not_streamed(identities: list[str], code: str) -> bytes:
    """``identities``: those that the answer names, which may be none."""
    refusal = Refusal(code, "The subscription was not found, or may not be used.")
    named = [MESSAGES("ErrorSubscriptionIds", *(MESSAGES("SubscriptionId", each) for each in identities))]
    message = failure(
        "GetStreamingEvents", refusal, *(named if identities else []), MESSAGES("ConnectionStatus", "Closed")
    )
    return envelope(answer("GetStreamingEvents", [message]))


def _notification(subscription: Subscription) -> etree._Element:
    """In the namespace of Microsoft's examples (EWSDOC); its schema has another one here."""
    events = []
    while subscription.events:
        kind, item, moment = subscription.events.popleft()
        events.append(
            TYPES(
                kind,
                TYPES("TimeStamp", moment.strftime("%Y-%m-%dT%H:%M:%SZ")),
                TYPES("ItemId", Id=item, ChangeKey="AAAA"),
                TYPES("ParentFolderId", Id=f"calendar-of-{subscription.address}", ChangeKey="AAAA"),
            )
        )
    return MESSAGES("Notification", TYPES("SubscriptionId", subscription.id), *events)
