"""A time zone that a file defines itself (VTIMEZONE, RFC 5545 section 3.6.5) as a ``tzinfo``.

Worked out once, from 1970 to 2100, in bounded time whatever the rules say: dateutil's reading of them follows a rule
that never matches to the year 9999, and one that starts in 1601, as Exchange's do, from there at every look.
"""

from __future__ import annotations

import calendar
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from connector.calendars.ical_rules import Rule, rule_of
from connector.calendars.ical_values import TimeLine, entries, moment_of, time_line

_FIRST, _LAST = 1970, 2100  # years
_EARLIEST = 1600  # a leap year, before any that writers name
_MOST_ONSETS = 2_000
_MOST_LINES = 5_000
_MOST_DAYS = 20_000  # that the rules of one zone look at; two usual ones look at 262
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")


class OwnZone:
    """One VTIMEZONE, not worked out yet. ``name``: its TZID; ``location``: its X-LIC-LOCATION."""

    def __init__(self, block: str) -> None:
        self.block = block
        self.name = self.location = ""
        for line in block.splitlines()[:_MOST_LINES]:
            key, _, value = line.partition(":")
            key = key.partition(";")[0].strip().upper()
            if key == "TZID":
                self.name = self.name or value.strip()
            elif key in ("X-LIC-LOCATION", "TZID-ALIAS-OF"):
                self.location = self.location or value.strip()


@dataclass(frozen=True, slots=True)
class _Observance:
    """STANDARD or DAYLIGHT. ``onsets``: local times, in ``before``."""

    before: timedelta
    after: timedelta
    word: str
    onsets: tuple[datetime, ...]


@lru_cache(maxsize=256)
def own_zone(block: str) -> tzinfo:
    """Raises ValueError, with a sentence's tail, for rules that cannot be read."""
    parts, left = list(_parts(block)), iter(range(_MOST_DAYS))
    try:
        observances = [_observance(lines, left) for lines in parts]
    except OverflowError:
        raise ValueError("its times lie beyond the calendar") from None
    if not observances:
        raise ValueError("it has no rules")
    return FileZone(observances)


class FileZone(tzinfo):
    """Before the first change its former offset holds, after the last one the last."""

    def __init__(self, observances: Iterable[_Observance]) -> None:
        changes = sorted(
            (
                (onset - each.before, each.before, each.after, each.word)
                for each in observances
                for onset in each.onsets
            ),
            key=lambda change: change[0],
        )
        if not changes:
            raise ValueError("its rules name no day")
        self._moments = [moment for moment, *_ in changes]  # in UTC, without a zone
        self._offsets = [changes[0][1], *(after for _, _, after, _ in changes)]
        self._words = [changes[0][3], *(word for *_, word in changes)]

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return None if moment is None else self._offsets[self._at(moment)]

    def dst(self, moment: datetime | None) -> timedelta | None:
        return None if moment is None else timedelta(0)

    def tzname(self, moment: datetime | None) -> str | None:
        return None if moment is None else self._words[self._at(moment)]

    def fromutc(self, moment: datetime) -> datetime:
        """Sets ``fold`` in the hour that comes twice."""
        at = bisect_right(self._moments, moment.replace(tzinfo=None))
        local = moment + self._offsets[at]
        before = self._offsets[at - 1] if at else self._offsets[0]
        again = bool(at) and moment.replace(tzinfo=None) - self._moments[at - 1] < before - self._offsets[at]
        return local.replace(fold=1 if again else 0)

    def _at(self, moment: datetime) -> int:
        """Which offset holds at a local time: in a gap and in the first of two equal hours the former one (PEP 495)."""
        local = moment.replace(tzinfo=None, fold=0)
        at = bisect_right(self._moments, local - max(self._offsets, default=timedelta(0)))
        while at < len(self._moments):
            before, after = self._offsets[at], self._offsets[at + 1]
            turn = self._moments[at] + (min(before, after) if moment.fold else max(before, after))
            if local < turn:
                break
            at += 1
        return at

    def __deepcopy__(self, memo: object) -> FileZone:
        return self


# ------------------------------------------------------------------------------------ reading


def _parts(block: str) -> Iterator[list[TimeLine]]:
    held: list[TimeLine] | None = None
    for text in block.splitlines()[:_MOST_LINES]:
        word = "".join(text.split()).upper()
        if word in ("BEGIN:STANDARD", "BEGIN:DAYLIGHT"):
            held = []
        elif word in ("END:STANDARD", "END:DAYLIGHT") and held is not None:
            yield held
            held = None
        elif held is not None:
            held.append(time_line(text))


def _observance(lines: list[TimeLine], left: Iterator[int]) -> _Observance:
    """``left``: one for each day that may still be looked at, for all rules of the zone."""
    start = _first(lines, "DTSTART")
    begins = _local(start, start)
    before, after = (offset_of(_first(lines, name)) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
    onsets = {begins}
    for line in lines:
        if line.name == "RDATE":
            onsets.update(_local(each.partition("/")[0], start) for each in entries(line.value)[:_MOST_ONSETS])
        elif line.name == "RRULE" and line.value:
            onsets.update(_onsets(line.value, begins, before, left))
    word = next((line.value for line in lines if line.name == "TZNAME"), "")
    return _Observance(before, after, word[:20], tuple(sorted(onsets))[:_MOST_ONSETS])


def _first(lines: list[TimeLine], name: str) -> str:
    found = next((line.value for line in lines if line.name == name and line.value), None)
    if found is None:
        raise ValueError(f"it lacks a {name}")
    return found


def _local(text: str, start: str) -> datetime:
    """Onsets are local times whatever they say; of an RDATE that is a date the time of ``start`` holds."""
    try:
        value = moment_of(text, None)
        if not isinstance(value, datetime):
            first = moment_of(start, None)
            value = datetime.combine(value, first.time() if isinstance(first, datetime) else time.min)
    except ValueError:
        raise ValueError(f"the time {text[:20]!r} is none") from None
    value = value.replace(tzinfo=None)
    return value if value.year >= _EARLIEST else value.replace(year=_EARLIEST)  # offsets must not lead out of time


def offset_of(text: str) -> timedelta:
    """+0100, also with a colon, or without its minutes. Raises ValueError."""
    digits = text.strip().lstrip("+-\u2212").replace(":", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) not in (1, 2, 3, 4, 6):
        raise ValueError(f"the offset {text[:20]!r} is none")
    digits = digits if len(digits) > 2 else f"{digits}00"
    digits = digits if len(digits) != 3 else f"0{digits}"
    found = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:] or 0))
    if found >= timedelta(hours=24):
        raise ValueError(f"the offset {text[:20]!r} is none")
    return -found if text.strip()[0] in "-\u2212" else found


# ------------------------------------------------------------------------------------ rules


@dataclass(frozen=True, slots=True)
class _Days:
    """The days of a year that a rule names: RFC 5545's BY parts for a yearly rule."""

    months: frozenset[int]
    month_days: frozenset[int]
    year_days: frozenset[int]
    weeks: frozenset[int]
    weekdays: tuple[tuple[int, str], ...] = field(default=())

    def of(self, year: int, left: Iterator[int]) -> Iterator[date]:
        """In no order. A day may come twice. Raises ValueError when no more days may be looked at."""
        _spend(left)  # a rule that names no day works, too
        for day in self._candidates(year):
            _spend(left)
            if (not self.months or day.month in self.months) and self._fits(day, _last_of(year, day.month)):
                yield day

    def _candidates(self, year: int) -> Iterator[date]:
        """The days that the narrowest of the parts leaves: to look at each day of 130 years would take 0.1 s a rule."""
        months = sorted(self.months) or range(1, 13)
        if self.month_days:
            for month in months:
                yield from _days_of_month(year, month, self.month_days)
        elif self.year_days:
            whole = 366 if calendar.isleap(year) else 365
            for number in self.year_days:
                if 1 <= (place := number if number > 0 else whole + 1 + number) <= whole:
                    yield date(year, 1, 1) + timedelta(days=place - 1)
        elif self.weekdays:
            for number, name in self.weekdays:
                spans = [(year, month) for month in months] if self.months or not number else [(year, 0)]
                for span in spans:
                    yield from _weekdays(*span, _DAYS.index(name), number)
        else:
            for month in months:
                yield from (date(year, month, number) for number in range(1, _last_of(year, month) + 1))

    def _fits(self, day: date, last: int) -> bool:
        if self.month_days and not self.month_days & {day.day, day.day - last - 1}:
            return False
        year_day, year_last = day.timetuple().tm_yday, 366 if calendar.isleap(day.year) else 365
        if self.year_days and not self.year_days & {year_day, year_day - year_last - 1}:
            return False
        week = day.isocalendar().week
        if self.weeks and not self.weeks & {week, week - date(day.year, 12, 28).isocalendar().week - 1}:
            return False
        if not self.weekdays:
            return True
        place, whole = (day.day, last) if self.months else (year_day, year_last)
        nth = {(place - 1) // 7 + 1, -((whole - place) // 7 + 1), 0}
        return any(_DAYS[day.weekday()] == name and number in nth for number, name in self.weekdays)


def _spend(left: Iterator[int]) -> None:
    if next(left, None) is None:
        raise ValueError("it has more rules than a zone has")


def _last_of(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _days_of_month(year: int, month: int, numbers: Iterable[int]) -> Iterator[date]:
    last = _last_of(year, month)
    for number in numbers:
        if 1 <= (place := number if number > 0 else last + 1 + number) <= last:
            yield date(year, month, place)


def _weekdays(year: int, month: int, weekday: int, number: int) -> list[date]:
    """Of a month, or with month 0 of the year; those of that number, counted from either end, 0 for all."""
    first, last = date(year, month or 1, 1), date(year, month or 12, _last_of(year, month or 12))
    begin = first + timedelta(days=(weekday - first.weekday()) % 7)
    weeks = (last - begin).days // 7 + 1
    places = range(weeks) if not number else [number - 1 if number > 0 else weeks + number]
    return [begin + timedelta(days=7 * place) for place in places if 0 <= place < weeks]


def _onsets(text: str, begins: datetime, before: timedelta, left_days: Iterator[int]) -> Iterator[datetime]:
    try:
        rule = rule_of(text)
    except ValueError as problem:
        raise ValueError(f"a rule {problem}") from None
    if rule.values("FREQ") not in [(name,) for name in _FREQUENCIES] or rule.values("RSCALE"):
        raise ValueError("a time zone changes on yearly rules")
    until = _until(rule, before)
    left = rule.number("COUNT", _MOST_ONSETS)
    for onset in _all_onsets(rule, begins, left_days):
        if onset > until or left <= 0:
            return
        left -= 1
        yield onset


def _until(rule: Rule, before: timedelta) -> datetime:
    """In local time; the standard wants UTC."""
    until = rule.until
    if until is None:
        return datetime.combine(date(_LAST, 12, 31), time.max)
    if not isinstance(until, datetime):
        return datetime.combine(until, time.max)
    return until if until.tzinfo is None else until.astimezone(UTC).replace(tzinfo=None) + before


def _all_onsets(rule: Rule, begins: datetime, left: Iterator[int]) -> Iterator[datetime]:
    """From 1970 on; a rule that counts, or leaves out years, from where it begins."""
    step = max(rule.number("INTERVAL", 1), 1) if rule.values("FREQ") == ("YEARLY",) else 1
    relative = step > 1 or bool(rule.values("COUNT"))
    first = begins.year if relative else max(begins.year, _FIRST)
    days = _days(rule, begins)
    positions = [int(value) for value in rule.values("BYSETPOS")]
    clocks = [
        time(int(hour), int(minute), min(int(second), 59))
        for hour in (rule.values("BYHOUR") or (str(begins.hour),))[:2]
        for minute in (rule.values("BYMINUTE") or (str(begins.minute),))[:2]
        for second in (rule.values("BYSECOND") or (str(begins.second),))[:2]
    ]
    for year in range(first, _LAST + 1, step):
        found = sorted({datetime.combine(day, clock) for day in days.of(year, left) for clock in clocks})
        chosen = found if not positions else _at_positions(found, positions, by_month=_by_month(rule))
        yield from (onset for onset in chosen if onset >= begins)


def _by_month(rule: Rule) -> bool:
    return rule.values("FREQ") == ("MONTHLY",)


def _at_positions(found: list[datetime], positions: list[int], *, by_month: bool) -> list[datetime]:
    sets: dict[int, list[datetime]] = {}
    for onset in found:
        sets.setdefault(onset.month if by_month else 0, []).append(onset)
    chosen: list[datetime] = []
    for each in sets.values():
        chosen += [each[at - 1 if at > 0 else at] for at in positions if at and abs(at) <= len(each)]
    return sorted(set(chosen))


def _days(rule: Rule, begins: datetime) -> _Days:
    def numbers(name: str) -> frozenset[int]:
        return frozenset(int(value) for value in rule.values(name))

    named = [name for name in ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYDAY") if rule.values(name)]
    yearly = rule.values("FREQ") == ("YEARLY",)
    months = numbers("BYMONTH")
    if not months and not named and yearly:
        months = frozenset({begins.month})
    month_days = numbers("BYMONTHDAY") if named else frozenset({begins.day})
    weekdays = tuple((int(value[:-2] or 0), value[-2:]) for value in rule.values("BYDAY"))
    return _Days(months or frozenset(range(1, 13)) if _by_month(rule) else months, month_days,
                 numbers("BYYEARDAY"), numbers("BYWEEKNO"), weekdays)  # fmt: skip
