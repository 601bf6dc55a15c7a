"""Values of iCalendar's time properties, read as what they can be meant only one way (RFC 5545 section 3.3).

Writers leave out seconds, write a lower-case z, blanks after commas, a trailing comma, dashes and colons as ISO 8601
has them. The icalendar library refuses all of that, with the whole event; so times are read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

_HEAD = re.compile(r"\s*([A-Za-z0-9-]+)\s*(?:[;:](.*))?", re.DOTALL)  # a colon: "RRULE:RRULE:FREQ=DAILY"
_ISO_TIME = re.compile(
    r":\s*(\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?\s*(?:[Zz]|[+-]\d{2}:?\d{2})?)\s*$", re.ASCII
)
_PARAMETER = re.compile(r'\s*([A-Za-z-]+)\s*=\s*(?:"([^"]*)"|([^";]*))')
_AROUND = ' \t"'  # of a value: a zone's closing quotation mark stands behind the time in some files
_MOMENT = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})"
    r"(?:[Tt ](\d{2}):?(\d{2})(?::?(\d{2})(?:\.\d{1,9})?)?)?\s*([Zz]|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_DURATION = re.compile(
    r"([+-]?)PT?(?:(\d{1,7})W)?(?:(\d{1,7})D)?T?(?:(\d{1,7})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TimeLine:
    """One content line of a time property. ``parameters``: names in upper case."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def zone(self) -> str:
        """The TZID, "" where there is none."""
        return self.parameters.get("TZID", "").strip()

    @property
    def is_date(self) -> bool:
        """It says that its value is a date."""
        return self.parameters.get("VALUE", "").strip().upper() == "DATE"


@dataclass(frozen=True, slots=True)
class Duration:
    """``days`` are days of the calendar, ``seconds`` are exact also in the night the clock changes."""

    days: int
    seconds: int

    def after(self, start: date) -> date:
        """Raises OverflowError beyond the year 9999."""
        if not isinstance(start, datetime):
            return start + timedelta(days=self.days + self.seconds // 86_400)
        later = start + timedelta(days=self.days)
        return later_by(later, timedelta(seconds=self.seconds))


@dataclass(frozen=True, slots=True)
class Period:
    """Of an RDATE that brings a length of its own."""

    start: datetime
    end: datetime


def time_line(text: str) -> TimeLine:
    """The value follows the last colon: names of zones may hold colons, values of times do not, but for ISO 8601's."""
    iso = _ISO_TIME.search(text)
    head, value = (text[: iso.start()], iso[1]) if iso else text.rpartition(":")[::2]
    match = _HEAD.fullmatch(head)
    if match is None:
        return TimeLine(head.strip().upper(), {}, value.strip(_AROUND))
    return TimeLine(match[1].upper(), dict(_parameters(match[2] or "")), value.strip(_AROUND))


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    """A value without quotes goes to the next semicolon: "TZID=(UTC+01:00) Amsterdam, Berlin" has colon and comma."""
    for part in _outside_quotes(text):
        if match := _PARAMETER.fullmatch(part.rstrip()):
            yield match[1].upper(), match[3] if match[2] is None else match[2]


def _outside_quotes(text: str) -> Iterator[str]:
    """Cut at the semicolons that stand outside of quotes."""
    held = ""
    for part in text.split(";"):
        held = f"{held};{part}" if held else part
        if held.count('"') % 2 == 0 or len(held) > 500:
            yield held
            held = ""
    if held:
        yield held.replace('"', "")


def moment_of(text: str, zone: tzinfo | None, *, as_date: bool = False) -> date:
    """A date, a time in ``zone`` (None: floating), or one in UTC where the text ends in Z, whatever ``zone`` says.

    ``as_date``: the line says VALUE=DATE; a midnight then means its day. Raises ValueError.
    """
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise ValueError("no date and no time")
    year, month, day, hour, minute, second, offset = match.groups()
    midnight = (int(hour or 0), int(minute or 0), int(second or 0)) == (0, 0, 0)
    if hour is None or (as_date and midnight):
        return date(int(year), int(month), int(day))
    if offset:
        zone = _offset(offset)
    clock = timedelta(hours=int(hour), minutes=int(minute), seconds=min(int(second or 0), 59))  # 60: a leap second
    if int(minute) > 59 or int(second or 0) > 60 or clock > timedelta(hours=24):
        raise ValueError("no time of a day")
    try:
        day_begins = datetime.combine(date(int(year), int(month), int(day)), time.min, tzinfo=zone)
        return day_begins + clock
    except OverflowError:
        raise ValueError("beyond the calendar") from None


def _offset(text: str) -> tzinfo:
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "")
    distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-distance if text[0] == "-" else distance)  # raises ValueError from 24 hours on


def duration_of(text: str) -> Duration:
    """Raises ValueError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or (match[5] and "T" not in text.upper()):  # P1M would be a month
        raise ValueError("no duration")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    sign = -1 if match[1] == "-" else 1
    return Duration(sign * (weeks * 7 + days), sign * (hours * 3600 + minutes * 60 + seconds))


def entries(text: str) -> list[str]:
    """Of a list; blanks and trailing commas say nothing."""
    return [entry for part in text.split(",") if (entry := part.strip())]


def period_of(text: str, moment: Callable[[str], date]) -> Period | date:
    """START/END or START/DURATION; of days only the first. Raises ValueError."""
    first, _, second = text.partition("/")
    start = moment(first)
    end = duration_of(second).after(start) if second.strip()[:1] in "+-Pp" else moment(second)
    if not isinstance(start, datetime):
        return start
    if not isinstance(end, datetime):
        raise ValueError("a period lies between two times")
    if end.tzinfo is None:
        end = end.replace(tzinfo=start.tzinfo)
    return Period(start, end)


# ------------------------------------------------------------------------------------ time


def is_date(value: date) -> bool:
    """Not a datetime."""
    return not isinstance(value, datetime)


def to_utc(value: date, zone: tzinfo) -> datetime:
    """Dates begin at midnight, and floating times run, in ``zone``. Raises OverflowError at the calendar's ends."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time.min)
    return (value.replace(tzinfo=zone) if value.tzinfo is None else value).astimezone(UTC)


def in_gap(value: datetime) -> bool:
    """The clock never showed this: it was put forward over it."""
    shown = value.astimezone(UTC).astimezone(value.tzinfo)
    return shown.replace(tzinfo=None) != value.replace(tzinfo=None, fold=0)


def length(start: datetime, end: datetime) -> timedelta:
    """From one to the other. Of a start that the clock never showed the difference as it is written counts."""
    if start.tzinfo is None or end.tzinfo is None or (start.tzinfo is end.tzinfo and in_gap(start)):
        return end.replace(tzinfo=None) - start.replace(tzinfo=None)
    return end.astimezone(UTC) - start.astimezone(UTC)


def later_by(start: datetime, exact: timedelta) -> datetime:
    """``exact`` later, on the same clock."""
    if start.tzinfo is None:
        return start + exact
    return (start.astimezone(UTC) + exact).astimezone(start.tzinfo)
