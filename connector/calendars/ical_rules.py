"""Which recurrence rules are too expensive to follow.

Invitations come from outside: a rule that repeats every second, or never matches, would keep the recurrence library
busy for minutes. Meetings repeat hourly at most; what passes here costs two seconds at worst (measured), mostly
microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

_UNITS = {
    "YEARLY": timedelta(days=365),
    "MONTHLY": timedelta(days=28),
    "WEEKLY": timedelta(days=7),
    "DAILY": timedelta(days=1),
    "HOURLY": timedelta(hours=1),
}
_DAY_FILTERS = ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYEASTER")
_TIMES_A_DAY = 96
_STEPS = 300_000


def problem_with(rule: Mapping[str, object], start: date, horizon: date) -> str | None:
    """Why a rule (icalendar's vRecur) is refused, None when it may be followed from ``start`` to ``horizon``."""
    frequency = str(_first(rule, "FREQ", "")).upper()
    unit = _UNITS.get(frequency)
    if unit is None:
        return f"it repeats {frequency.lower() or 'without a frequency'}, more often than any meeting"
    interval = _first(rule, "INTERVAL", 1)
    if not isinstance(interval, int) or interval < 1:
        return "its repetition has no positive interval"
    times = _count(rule, "BYHOUR") * _count(rule, "BYMINUTE") * _count(rule, "BYSECOND")
    if times > _TIMES_A_DAY:
        return "it repeats more often in a day than any meeting"
    if frequency == "HOURLY" and any(rule.get(name) for name in _DAY_FILTERS):
        return "it repeats hourly on chosen days, which no calendar program writes"
    if frequency in ("YEARLY", "MONTHLY", "WEEKLY") and any(name.startswith("BY") for name in rule):
        unit = _UNITS["DAILY"]
    if _days(start, horizon) / (unit / timedelta(days=1)) / interval * times > _STEPS:
        return "it repeats too often since too long ago"
    return None


def _first(rule: Mapping[str, object], name: str, default: object) -> object:
    value = rule.get(name, default)
    if isinstance(value, list):
        return value[0] if value else default
    return value


def _count(rule: Mapping[str, object], name: str) -> int:
    value = rule.get(name)
    return len(value) if isinstance(value, list) and value else 1


def _days(start: date, end: date) -> int:
    return max(0, _plain(end).toordinal() - _plain(start).toordinal())


def _plain(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value
