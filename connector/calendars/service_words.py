"""Numbers and times that a service named, in headers and bodies: each within bounds, or None.

A service is not trusted, nor is what stands between it and us: five thousand digits, infinities, the year 1 with an
offset, an offset of a billion hours must stop neither a reading nor what tends subscriptions. Nothing here raises.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_FIRST, _LAST = 1900, 2200  # years between which a meeting, a clock or an end can be
_LONGEST_DATE = 100  # characters


def whole_number(text: object, *, highest: int) -> int | None:
    """Plain digits, from 0 to ``highest``."""
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > len(str(highest)):
        return None
    return int(text) if int(text) <= highest else None


def seconds(value: object) -> float | None:
    """A number, or one that is written as text; finite."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def http_date(text: str | None) -> datetime | None:
    """The value of a header Date or Retry-After (RFC 9110 5.6.7), in UTC."""
    try:
        return _bounded(parsedate_to_datetime((text or "")[:_LONGEST_DATE]))
    except (ValueError, TypeError, IndexError, OverflowError):  # IndexError: of CPython before 3.12
        return None


def moment(text: object) -> datetime | None:
    """ISO 8601, in UTC, which it is taken for where it names no offset."""
    try:
        return _bounded(datetime.fromisoformat(text)) if isinstance(text, str) else None
    except ValueError:
        return None


def _bounded(value: datetime) -> datetime | None:
    if not _FIRST < value.year < _LAST:  # so that no offset leads out of what datetime knows
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def retry_after(text: str | None, *, otherwise: timedelta = timedelta(minutes=1)) -> timedelta:
    """From a Retry-After header: seconds (also fractions) or a date. From a second to a day.

    ``otherwise``: where it cannot be read.
    """
    told = seconds(text)
    if told is None:
        date = http_date(text)
        told = (otherwise if date is None else date - datetime.now(UTC)).total_seconds()
    return timedelta(seconds=min(max(told, 1.0), 86_400.0))
