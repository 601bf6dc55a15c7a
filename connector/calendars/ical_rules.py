"""Recurrence rules (RFC 5545 section 3.3.10): read tolerantly, and refused where they are too expensive to follow.

Invitations come from outside: a rule that repeats every second, or never matches, would keep the recurrence library
busy for minutes. Meetings repeat hourly at most; what passes here costs two seconds at worst (measured), mostly
microseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from connector.calendars.ical_values import entries, moment_of

_UNITS = {
    "YEARLY": timedelta(days=365),
    "MONTHLY": timedelta(days=28),
    "WEEKLY": timedelta(days=7),
    "DAILY": timedelta(days=1),
    "HOURLY": timedelta(hours=1),
}
_FREQUENCIES = frozenset({*_UNITS, "MINUTELY", "SECONDLY"})
_DAY_FILTERS = ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYEASTER")
_TIMES_A_DAY = 96
_STEPS = 300_000
_WEEKDAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_RANGES = {  # of numbers, and whether they may count from the end
    "BYMONTH": (1, 12, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYSETPOS": (1, 366, True),
    "BYHOUR": (0, 23, False),
    "BYMINUTE": (0, 59, False),
    "BYSECOND": (0, 60, False),
    "BYEASTER": (0, 366, True),
}
_SINGLE = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "SKIP", "RSCALE")
_LONGEST_DAY = 28  # the last day that each month has


@dataclass(frozen=True, slots=True)
class Rule:
    """``parts``: names and values in upper case, without blanks; UNTIL apart, as written, its zone unless it has a Z
    that of the start."""

    parts: tuple[tuple[str, tuple[str, ...]], ...]
    until: date | None = None

    def values(self, name: str) -> tuple[str, ...]:
        """Empty where the part is absent."""
        return next((found for part, found in self.parts if part == name), ())

    def number(self, name: str, default: int) -> int:
        """Of INTERVAL and COUNT."""
        found = self.values(name)
        return int(found[0]) if found else default

    def text(self, start: date, zone: tzinfo) -> str:
        """For dateutil. ``zone``: of a ``start`` that is a date."""
        parts = [f"{name}={','.join(values)}" for name, values in self.parts if name not in ("RSCALE", "SKIP")]
        if self.until is not None:
            parts.append(f"UNTIL={_until(self.until, start, zone)}")
        return ";".join(parts)


def rule_of(text: str) -> Rule:
    """Raises ValueError, with the tail of a sentence that begins with "its rule", for what is no rule."""
    parts: dict[str, tuple[str, ...]] = {}
    until: date | None = None
    for part in text.upper().split(";"):
        name, _, value = (piece.strip() for piece in part.partition("="))
        found = tuple(dict.fromkeys(entries("".join(value.split()) if name != "UNTIL" else value)))
        if not found or name.startswith("X-"):
            continue  # an empty part says nothing
        if parts.get(name, found) != found or (name in _SINGLE and len(found) > 1):
            raise ValueError(f"says {name} more than once")
        if name == "UNTIL":
            until = _until_of(found[0])
        else:
            parts[name] = found
    _check_words(parts)
    return Rule(tuple(_plain(parts).items()), until)


def _until_of(text: str) -> date:
    try:
        return moment_of(text, None)
    except ValueError:
        raise ValueError(f"has UNTIL={text[:20]}") from None


def _check_words(parts: dict[str, tuple[str, ...]]) -> None:
    for name, values in parts.items():
        for value in values:
            if not _is_right(name, value):
                raise ValueError(f"has {name}={value[:20]}")


def _is_right(name: str, value: str) -> bool:
    if name in ("INTERVAL", "COUNT"):
        return re.fullmatch(r"[+-]?\d{1,6}", value, re.ASCII) is not None
    if name in ("BYDAY", "BYWEEKDAY", "WKST"):
        match = _WEEKDAY.fullmatch(value)
        return match is not None and (not match[1] or (name != "WKST" and 1 <= abs(int(match[1])) <= 53))
    if name in _RANGES:
        least, most, back = _RANGES[name]
        if re.fullmatch(r"[+-]?\d{1,3}", value, re.ASCII) is None:
            return False
        return least <= (abs(int(value)) if back else int(value)) <= most
    return name in ("RSCALE", "SKIP") or (name == "FREQ" and value in _FREQUENCIES)


def _plain(parts: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Without what says what holds anyway (RFC 7529), or can be meant only one way."""
    if parts.get("RSCALE") in (("GREGORIAN",), ("GREGORY",), ("ISO8601",)):
        del parts["RSCALE"]
    if parts.get("SKIP") == ("OMIT",):
        del parts["SKIP"]
    return parts


def problem_with(rule: Rule, start: date, horizon: date) -> str | None:
    """Why a rule is refused, None when it may be followed from ``start`` to ``horizon``."""
    frequency = "".join(rule.values("FREQ"))
    unit = _UNITS.get(frequency)
    if unit is None:
        return f"it repeats {frequency.lower() or 'without a frequency'}, more often than any meeting"
    if rule.values("RSCALE"):
        return f"it repeats by the calendar {rule.values('RSCALE')[0].lower()[:20]}"
    if rule.values("SKIP") and frequency in ("YEARLY", "MONTHLY") and _may_skip(rule, start):
        return "it moves days that a month does not have, which is not known here (RFC 7529)"
    if rule.number("INTERVAL", 1) < 1:
        return "its repetition has no positive interval"
    times = _count(rule, "BYHOUR") * _count(rule, "BYMINUTE") * _count(rule, "BYSECOND")
    if times > _TIMES_A_DAY:
        return "it repeats more often in a day than any meeting"
    if frequency == "HOURLY" and any(rule.values(name) for name in _DAY_FILTERS):
        return "it repeats hourly on chosen days, which no calendar program writes"
    if frequency in ("YEARLY", "MONTHLY", "WEEKLY") and any(name.startswith("BY") for name, _ in rule.parts):
        unit = _UNITS["DAILY"]
    if _days(start, horizon) / (unit / timedelta(days=1)) / rule.number("INTERVAL", 1) * times > _STEPS:
        return "it repeats too often since too long ago"
    return None


def _may_skip(rule: Rule, start: date) -> bool:
    days = [abs(int(value)) for value in rule.values("BYMONTHDAY")]
    if not days and not rule.values("BYDAY"):
        days = [start.day]
    return any(day > _LONGEST_DAY for day in days)


def _count(rule: Rule, name: str) -> int:
    return len(rule.values(name)) or 1


def _days(start: date, end: date) -> int:
    return max(0, _day(end).toordinal() - _day(start).toordinal())


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


# ------------------------------------------------------------------------------------ UNTIL


def _until(until: date, start: date, zone: tzinfo) -> str:
    """In the form that the recurrence library compares with ``start``: a date with dates, else UTC."""
    if not isinstance(start, datetime):
        return _last_day(until, zone).strftime("%Y%m%d")
    if not isinstance(until, datetime):
        until = datetime.combine(until, time.max.replace(microsecond=0))  # a date means that whole day
    if until.tzinfo is None:
        until = until.replace(tzinfo=start.tzinfo)
    return f"{until.astimezone(UTC):%Y%m%dT%H%M%SZ}".rjust(16, "0")


def _last_day(until: date, zone: tzinfo) -> date:
    """Of days: a time at the edge of a day means the day that is written, another one the day in the zone."""
    if not isinstance(until, datetime):
        return until
    written = until.timetz().replace(tzinfo=None)
    if until.tzinfo is None or written == time.min or written >= time(23, 59):
        return until.date()
    return until.astimezone(zone).date()


def until_of_floating(until: date, start: datetime, zone: tzinfo) -> date:
    """UNTIL in UTC beside a floating start, which the standard does not know: the clock's time where it names one of
    the series' own times, else the instant."""
    if not isinstance(until, datetime) or until.tzinfo is None:
        return until
    shown = until.replace(tzinfo=None)
    return shown if shown.time() == start.time() else until.astimezone(zone)
