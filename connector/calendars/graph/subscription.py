"""One subscription of Microsoft Graph: what is known of it, how it is kept, and who may speak for it. No I/O."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from connector.calendars.graph.http import mailbox_path
from connector.calendars.service_words import moment

AT_ANY_TIME = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Subscription:
    """One room's. ``state``: the secret that each notification has to repeat."""

    calendar: str
    id: str = ""
    state: str = field(default="", repr=False)
    expires: datetime | None = None
    due_at: datetime = AT_ANY_TIME  # when something is to be done about it
    heard_at: datetime | None = None
    suspect_at: datetime | None = None  # a change was read that nobody had told
    failures: int = 0
    problem: str = ""  # why there is none; "" while there is one, or before the first attempt


def resource_of(calendar: str) -> str:
    return f"{mailbox_path(calendar)}/events"


def resource_key(resource: object) -> str:
    """For comparing: the service may drop the first slash, change the case and write signs in another way."""
    return unquote(str(resource)).strip("/").lower()


def sender(item: object, known: Mapping[str, Subscription]) -> Subscription | None:
    """The subscription whose secret the notification carries."""
    if not isinstance(item, dict):
        return None
    found = known.get(str(item.get("subscriptionId")))
    state = str(item.get("clientState")).encode("utf-8", "replace")
    return found if found is not None and hmac.compare_digest(found.state.encode(), state) else None


def kept(value: bytes) -> Mapping[str, Any]:
    try:
        kept = json.loads(value)
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def text_of(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text: object) -> datetime | None:
    """None for what is no time, or one that no subscription has; without an offset it is UTC."""
    return moment(text)
