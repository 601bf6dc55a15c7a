"""How the stand-in answers events.list: windows, pages, roles, attendees; and how its errors look."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connector.standins.google import fields as google_fields
from connector.standins.google.items import Calendar, Item, hide


class ApiError(Exception):
    """``limit``: which of the project's limits it was, as the console names it."""

    def __init__(self, status: int, reason: str, message: str, retry_after: str = "", limit: str = "") -> None:
        super().__init__(message)
        self.status, self.reason, self.message, self.retry_after = status, reason, message, retry_after
        self.limit = limit


@dataclass(slots=True)
class Paging:
    """``size``: the most on a page, whatever is asked for. ``empty``: an empty page with a token before each other.

    ``own_entry``: maxAttendees leaves the entry of the calendar that is listed. Google says "the participant": it may
    also mean whoever asks, who is not invited.
    """

    size: int = 2500
    empty: bool = False
    own_entry: bool = True


def listing(calendar: Calendar, role: str, query: Mapping[str, str], paging: Paging) -> dict[str, object]:
    """The answer of events.list. Raises ApiError."""
    if "syncToken" in query:
        if "timeMin" in query or "timeMax" in query:
            raise ApiError(400, "syncTokenWithRequestRestrictions", "Sync token cannot be used with timeMin.")
        raise ApiError(410, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.")
    if query.get("singleEvents") != "true":
        raise ApiError(400, "badRequest", "The stand-in lists single events only.")
    start, end = (_time(query, name) for name in ("timeMin", "timeMax"))
    if end <= start:
        raise ApiError(400, "timeRangeEmpty", "The specified time range is empty.")
    items = [hide(item, role) for item in calendar.between(start, end, deleted=query.get("showDeleted") == "true")]
    if query.get("orderBy") == "startTime":
        items.sort(key=lambda item: json.dumps(item["start"]))
    most = _number(query, "maxAttendees", 1_000_000)
    shown, more = page_of(items, query, paging, default=250)
    return {
        "kind": "calendar#events",
        "etag": calendar.etag,
        "summary": calendar.name,
        "updated": calendar.updated.isoformat().replace("+00:00", "Z"),
        "timeZone": calendar.zone,
        "accessRole": role,
        "defaultReminders": [],
        **(more or {"nextSyncToken": f"C{calendar.version}"}),
        "items": [_with_attendees(item, most, paging.own_entry) for item in shown],
    }


def page_of(
    items: list[Item], query: Mapping[str, str], paging: Paging, *, default: int
) -> tuple[list[Item], dict[str, object]]:
    """The items of the page that is asked for, and ``nextPageToken`` where there is one more."""
    size = max(1, min(paging.size, _number(query, "maxResults", default)))
    first, number = position(query.get("pageToken", ""))
    if paging.empty and number % 2 == 0 and items:
        return [], {"nextPageToken": _page_token(first, number + 1)}
    more = {"nextPageToken": _page_token(first + size, number + 1)} if first + size < len(items) else {}
    return items[first : first + size], dict(more)


def _with_attendees(item: Item, most: int, own_entry: bool) -> Item:
    """``maxAttendees``: where there are more, one entry at most is told."""
    people = item.get("attendees")
    if not isinstance(people, list) or len(people) <= most:
        return item
    told = [person for person in people if own_entry and person.get("self")]
    return {**item, "attendees": told, "attendeesOmitted": True} if told else _without_attendees(item)


def _without_attendees(item: Item) -> Item:
    return {name: value for name, value in item.items() if name != "attendees"} | {"attendeesOmitted": True}


def _time(query: Mapping[str, str], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(query[name])
    except (KeyError, ValueError):
        raise ApiError(400, "badRequest", f"{name}: the stand-in needs it, with an offset.") from None
    if moment.tzinfo is None:
        raise ApiError(400, "badRequest", f"{name} has no offset.")
    return moment


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isascii() or not text.isdigit():
        raise ApiError(400, "invalidParameter", f"Invalid value for {name}.")
    return int(text)


def check_fields(fields: str) -> None:
    try:
        if fields:
            google_fields.parse(fields)
    except google_fields.BadFields as bad:
        raise ApiError(400, "invalidParameter", f"Invalid field selection {bad}") from None


def _page_token(first: int, number: int) -> str:
    return base64.urlsafe_b64encode(f"{first} {number}".encode()).decode()


def position(token: str) -> tuple[int, int]:
    """(the first item of the page, the number of the page from 0). Raises ApiError."""
    if not token:
        return 0, 0
    try:
        first, _, number = base64.urlsafe_b64decode(token).decode().partition(" ")
        return int(first), int(number)
    except ValueError:
        raise ApiError(400, "invalid", "Invalid page token value.") from None


def error_body(error: ApiError) -> dict[str, object]:
    each = {"domain": "usageLimits" if "imit" in error.reason else "global", "reason": error.reason}
    body: dict[str, object] = {"code": error.status, "message": error.message, "errors": [each]}
    if error.limit:
        service = "calendar-json.googleapis.com"
        metadata = {"service": service, "quota_metric": f"{service}/default", "quota_limit": error.limit}
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "googleapis.com"}
        body["status"] = "PERMISSION_DENIED"  # of 403, also where a limit is meant
        body["details"] = [{**info, "reason": "RATE_LIMIT_EXCEEDED", "metadata": metadata}]
    return {"error": body}
