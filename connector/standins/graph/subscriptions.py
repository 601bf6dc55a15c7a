"""Change notifications of the Graph stand-in: validation, life, delivery with repeats, lifecycle events."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

import aiohttp

_LONGEST = timedelta(minutes=10_080)
_SHORTEST = timedelta(minutes=45)
_ANSWER_WITHIN = 3.0  # seconds, for a notification
_VALIDATE_WITHIN = 10.0
_REPEATS = (0.2, 0.5, 1.0, 2.0)  # seconds between attempts; the real service goes on for four hours
_AT_ONCE = 16


class Refused(Exception):
    """``status`` and Graph's error code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass(slots=True)
class Record:
    body: dict[str, Any]
    expires: datetime

    @property
    def mailbox(self) -> str:
        return unquote(str(self.body["resource"]).strip("/").split("/")[1]).lower()

    def json(self) -> dict[str, Any]:
        """As a GET answers: the client state is not told."""
        expires = self.expires.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {**self.body, "clientState": None, "expirationDateTime": expires}


@dataclass(slots=True)
class Subscriptions:
    """``life``: grant no more than this, whatever is asked for. ``silent``: deliver nothing, and say nothing of it."""

    client_id: str
    tenant: str
    life: timedelta | None = None
    silent: bool = False
    delivered: list[dict[str, Any]] = field(default_factory=list)  # notifications that were answered with 2xx
    records: dict[str, Record] = field(default_factory=dict)
    _session: aiohttp.ClientSession | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def open(self, trust: ssl.SSLContext | None) -> None:
        connector = aiohttp.TCPConnector(ssl=trust or True)
        self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    # -------------------------------------------------------------------------------- what clients ask for

    async def create(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._expire()
        for name in ("changeType", "notificationUrl", "resource", "expirationDateTime"):
            if not isinstance(asked.get(name), str):
                raise Refused(400, "InvalidRequest", f"{name} is missing")
        if len(str(asked.get("clientState") or "")) > 128:
            raise Refused(400, "InvalidRequest", "clientState is longer than 128 characters")
        for record in self.records.values():
            same = all(record.body[name] == asked[name] for name in ("resource", "changeType"))
            if same and record.body["notificationUrl"] == asked["notificationUrl"]:
                raise Refused(409, "ExtensionError", "a subscription to this resource exists")
        for url in {asked["notificationUrl"], asked.get("lifecycleNotificationUrl") or asked["notificationUrl"]}:
            await self._validate(url)
        body = {
            "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#subscriptions/$entity",
            "id": str(uuid.uuid4()),
            "applicationId": self.client_id,
            "includeResourceData": None,
            "latestSupportedTlsVersion": "v1_2",
            **{name: asked.get(name) for name in ("resource", "changeType", "clientState", "notificationUrl")},
            "lifecycleNotificationUrl": asked.get("lifecycleNotificationUrl"),
        }
        record = Record(body, self._granted(asked["expirationDateTime"]))
        self.records[str(body["id"])] = record
        return {**record.json(), "clientState": body["clientState"]}

    def renew(self, name: str, asked: dict[str, Any]) -> dict[str, Any]:
        record = self.get(name)
        record.expires = self._granted(str(asked.get("expirationDateTime")))
        return record.json()

    def get(self, name: str) -> Record:
        self._expire()
        if name not in self.records:
            raise Refused(404, "ResourceNotFound", "The object was not found.")
        return self.records[name]

    def listed(self) -> list[dict[str, Any]]:
        self._expire()
        return [record.json() for record in self.records.values()]

    def delete(self, name: str) -> None:
        self.get(name)
        del self.records[name]

    def _expire(self) -> None:
        now = datetime.now(UTC)
        self.records = {name: record for name, record in self.records.items() if record.expires > now}

    def _granted(self, text: str) -> datetime:
        try:
            asked = datetime.fromisoformat(text.replace("Z", "+00:00"))
        except ValueError:
            raise Refused(400, "InvalidRequest", "expirationDateTime is no time") from None
        now = datetime.now(UTC)
        if asked.tzinfo is None or asked > now + _LONGEST:
            raise Refused(400, "ValidationError", "Subscription expiration can only be 10080 minutes in the future.")
        granted = max(asked, now + _SHORTEST)
        return granted if self.life is None else min(granted, now + self.life)

    async def _validate(self, url: str) -> None:
        token = f"Validation: Testing client application reachability {secrets.token_urlsafe(12)} & more"
        assert self._session is not None, "opened"
        join = "&" if "?" in url else "?"
        try:
            async with self._session.post(
                f"{url}{join}validationToken={quote(token, safe='')}",
                headers={"Content-Type": "text/plain; charset=utf-8"},
                timeout=aiohttp.ClientTimeout(total=_VALIDATE_WITHIN),
            ) as answer:
                text = await answer.text()
                if answer.status == 200 and answer.content_type == "text/plain" and text == token:
                    return
                reason = f"status {answer.status}"
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = type(error).__name__
        raise Refused(400, "ValidationError", f"Subscription validation request failed ({reason}).")

    # -------------------------------------------------------------------------------- what is told

    def changed(self, mailbox: str, item: str, kind: str) -> None:
        self._expire()
        for name, record in self.records.items():
            if record.mailbox == mailbox.lower() and kind in record.body["changeType"]:
                resource = f"Users/{mailbox}/Events/{item}"
                data = {"@odata.type": "#Microsoft.Graph.Event", "@odata.id": resource, "id": item}
                self._send(
                    record, {**self._head(name, record), "changeType": kind, "resource": resource, "resourceData": data}
                )

    def lifecycle(self, event: str) -> None:
        """reauthorizationRequired, subscriptionRemoved (which also removes) or missed, for every subscription."""
        for name, record in list(self.records.items()):
            if event == "subscriptionRemoved":
                del self.records[name]
            url = record.body["lifecycleNotificationUrl"]
            if url:
                self._send(record, {**self._head(name, record), "lifecycleEvent": event}, url)

    def _head(self, name: str, record: Record) -> dict[str, Any]:
        return {
            "subscriptionId": name,
            "subscriptionExpirationDateTime": record.expires.isoformat(),
            "tenantId": self.tenant,
            "clientState": record.body["clientState"],
        }

    def _send(self, record: Record, item: dict[str, Any], url: str = "") -> None:
        if self.silent:
            return
        task = asyncio.get_running_loop().create_task(self._deliver(url or record.body["notificationUrl"], item))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, url: str, item: dict[str, Any]) -> None:
        assert self._session is not None, "opened"
        limit = aiohttp.ClientTimeout(total=_ANSWER_WITHIN)
        for pause in (*_REPEATS, None):
            try:
                async with self._slots, self._session.post(url, json={"value": [item]}, timeout=limit) as answer:
                    if 200 <= answer.status < 300:
                        self.delivered.append(item)
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass  # repeated below, as the service does
            if pause is not None:
                await asyncio.sleep(pause)
