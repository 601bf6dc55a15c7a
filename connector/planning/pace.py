"""When a calendar that nobody asks for is read next: often where a change matters, seldom where it costs for nothing.

Services count questions: one a minute is 1,440 a day for a room that nobody books. So a calendar is read each minute
only while one of its meetings is near, more seldom in working hours, and seldom at night, on days off, and while the
service tells of changes by itself. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

Span = tuple[datetime, datetime]
"""When a meeting begins and ends."""

_LONG = timedelta(hours=12)  # what lasts longer is a notice or a trip, and is not read each minute for days
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PHASE = 0.37  # of the shortest period: off the full minute, which belongs to the dials


@dataclass(frozen=True, slots=True)
class Pace:
    """The periods, and what they hang on. ``days``: 0 is Monday; ``opens`` to ``closes``: by the room's clock."""

    near: timedelta  # a meeting runs, or begins within ``ahead``
    working: timedelta
    idle: timedelta
    told: timedelta  # the service, or a look at a local file, tells of changes now
    ahead: timedelta = timedelta(hours=2)
    opens: time = time(7)
    closes: time = time(19)
    days: frozenset[int] = frozenset(range(5))

    @classmethod
    def steady(cls, period: timedelta) -> Pace:
        """The same at each hour."""
        return cls(period, period, period, period)

    def words(self) -> str:
        """For people."""
        if self == Pace.steady(self.near):
            return f"every {span(self.near)}"
        hours = f"{self.opens:%H:%M} to {self.closes:%H:%M}"
        return (
            f"every {span(self.working)} from {hours} on working days, every {span(self.idle)} else, "
            f"every {span(self.near)} in the {span(self.ahead)} before a meeting and while it runs, "
            f"and every {span(self.told)} where changes are told of"
        )

    @property
    def longest(self) -> timedelta:
        return max(self.near, self.working, self.idle, self.told)

    def of_now(self, now: datetime, zone: tzinfo, times: Iterable[Span]) -> str:
        """For people who ask about one calendar; whether changes of it are told of is not known to them."""
        period, why = self.judged(now, zone, times, told=False)
        if not why:
            return f"every {span(period)}"
        told = (
            f"; every {span(self.told)} where changes are told of" if period < self.told and period != self.near else ""
        )
        return f"every {span(period)} ({why}){told}"

    def period(self, now: datetime, zone: tzinfo, times: Iterable[Span], *, told: bool) -> timedelta:
        """Between two readings, as things stand at ``now``."""
        return self.judged(now, zone, times, told=told)[0]

    def judged(self, now: datetime, zone: tzinfo, times: Iterable[Span], *, told: bool) -> tuple[timedelta, str]:
        """The period and why it is that one, for people; "" where it is the same at each hour."""
        if self == Pace.steady(self.near):
            return self.near, ""
        if any(start - self.ahead <= now <= end and end - start <= _LONG for start, end in times):
            return self.near, "a meeting is near or runs"
        if told:
            return self.told, "changes are told of"
        if self._is_working(now.astimezone(zone)):
            return self.working, "working hours"
        return self.idle, "outside working hours"

    def after(self, now: datetime, zone: tzinfo, times: Iterable[Span], *, told: bool) -> datetime:
        """The next reading. All calendars of one pace are read together, so that many that lose everything are seen in
        one batch; and where the pace quickens before that, it is read then."""
        known = tuple(times)
        due = self._tick(now, self.period(now, zone, known, told=told))
        for quicker in self._turns(now, zone, known):
            if quicker < due:
                due = min(due, self._tick(quicker, self.period(quicker, zone, known, told=told)))
        return due

    def _is_working(self, local: datetime) -> bool:
        at = local.time()
        within = self.opens <= at < self.closes if self.opens <= self.closes else at >= self.opens or at < self.closes
        return local.weekday() in self.days and within

    def _turns(self, now: datetime, zone: tzinfo, times: Iterable[Span]) -> Iterator[datetime]:
        """When it may quicken: at the next opening, and when a meeting comes near."""
        local = now.astimezone(zone)
        for days in range(2):
            opening = datetime.combine(local.date() + timedelta(days), self.opens, zone).astimezone(UTC)
            if opening > now:
                yield opening
        yield from (start - self.ahead for start, _ in times if start - self.ahead > now)

    def _tick(self, now: datetime, period: timedelta) -> datetime:
        tick = now - (now - _EPOCH) % period + self.near * _PHASE % period
        return tick if tick > now else tick + period


def span(period: timedelta) -> str:
    """A length of time as people write it."""
    seconds = period.total_seconds()
    if seconds >= 60 and seconds % 60 == 0:
        return f"{seconds / 60:g} min"
    return f"{seconds:g} s"
