"""A fresh snapshot over the last good one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from connector.model import Meeting, Unreadable


def merge(previous: Iterable[Meeting], fresh: Iterable[Meeting], unreadable: Iterable[Unreadable]) -> list[Meeting]:
    """The fresh meetings, plus the last good form of items that are listed but cannot be read now."""
    result = {m.event.key: m for m in fresh}
    broken = {u.series_uid for u in unreadable}
    for meeting in previous:
        # "" means that not even the identity could be read: any of the missing ones may be it.
        if meeting.event.series_uid in broken or "" in broken:
            result.setdefault(meeting.event.key, meeting)
    return sorted(result.values(), key=lambda m: (m.event.start, m.event.key))


def future_count(meetings: Iterable[Meeting], now: datetime) -> int:
    """How many bookings a room would lose if these went away."""
    return sum(m.event.end > now and not m.event.cancelled for m in meetings)
