"""The stand-in's watch channels: Google's notifications, as the guide "Push notifications" describes them."""

from __future__ import annotations

import asyncio
import re
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

import aiohttp

_ID = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}")
_RETRIED = (500, 502, 503, 504)


@dataclass(slots=True)
class Channel:
    id: str
    calendar: str
    resource_id: str
    address: str
    token: str
    ends: datetime
    owner: str
    messages: int = 0


class PushRefused(Exception):
    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


class Push:
    """``life``: the most that a channel lasts. ``lost``: changes are not told. ``delay``: how late they are.

    ``plain_http``: also addresses without https, on this machine alone. ``tls``: to deliver with another trust.
    """

    def __init__(self, url: str, *, plain_http: bool, tls: ssl.SSLContext | None = None) -> None:
        self.channels: dict[str, Channel] = {}
        self.delivered: list[tuple[str, str, int]] = []  # channel id, state, answered status (0: none)
        self.life = timedelta(days=7)
        self.lost = False
        self.delay = timedelta(0)
        self.stopped: list[str] = []
        self._url = url
        self._plain_http = plain_http
        self._tls = tls
        self._resources: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    def open(self, calendar: str, owner: str, body: Mapping[str, object]) -> dict[str, object]:
        """events.watch. Raises PushRefused."""
        name, address = str(body.get("id", "")), str(body.get("address", ""))
        if not _ID.fullmatch(name):
            raise PushRefused(400, "channelIdInvalid", "The channel id is not valid.")
        if body.get("type") not in ("web_hook", "webhook"):
            raise PushRefused(400, "channelUnknown", "Unknown channel type.")
        if name in self.channels:
            raise PushRefused(400, "channelIdNotUnique", f"Channel id {name} not unique")
        self._check(address)
        now = datetime.now(UTC)
        wished = str(body.get("expiration", ""))
        ends = now + self.life
        if wished.isdigit():
            ends = min(ends, datetime.fromtimestamp(int(wished) / 1000, UTC))
        resource = self._resources.setdefault(calendar, secrets.token_urlsafe(20))
        channel = Channel(name, calendar, resource, address, str(body.get("token", "")), ends, owner)
        self.channels[name] = channel
        self._send(channel, "sync")
        return {
            "kind": "api#channel",
            "id": name,
            "resourceId": resource,
            "resourceUri": f"{self._url}calendar/v3/calendars/{calendar}/events?alt=json",
            "token": channel.token,
            "expiration": str(int(ends.timestamp() * 1000)),
        }

    def stop(self, owner: str, body: Mapping[str, object]) -> bool:
        """channels.stop; False where there is no such channel of that owner (Google answers 404)."""
        channel = self.channels.get(str(body.get("id", "")))
        if channel is None or channel.owner != owner or channel.resource_id != body.get("resourceId"):
            return False
        del self.channels[channel.id]
        self.stopped.append(channel.id)
        return True

    def changed(self, calendar: str) -> None:
        """Tells everybody who watches, unless told to lose it."""
        for channel in self.channels.values():
            if channel.calendar == calendar and channel.ends > datetime.now(UTC) and not self.lost:
                self._send(channel, "exists")

    def _check(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme == "https" and self._tls is not None:
            return
        if self._plain_http and parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"):
            return
        raise PushRefused(400, "push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {address}")

    def _send(self, channel: Channel, state: str) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(channel, state))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, channel: Channel, state: str) -> None:
        """Tried again after 5xx answers and broken connections, as Google does; a few times."""
        await asyncio.sleep(self.delay.total_seconds())
        channel.messages += 1
        headers = {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Token": channel.token,
            "X-Goog-Channel-Expiration": format_datetime(channel.ends, usegmt=True),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-URI": f"{self._url}calendar/v3/calendars/{channel.calendar}/events?alt=json",
            "X-Goog-Resource-State": state,
            "X-Goog-Message-Number": str(channel.messages),
        }
        for pause in (0.2, 0.5, 1.0, None):
            status = await self._post(channel.address, headers)
            if (status and status not in _RETRIED) or pause is None:
                self.delivered.append((channel.id, state, status))
                return
            await asyncio.sleep(pause)

    async def _post(self, address: str, headers: Mapping[str, str]) -> int:
        try:
            async with self._session.post(address, headers=headers, data=b"", ssl=self._tls or True) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0
