"""Readings that would empty many calendars of one source at once are held back until a later one says the same.

A calendar service that answers with nothing, for everybody, is more often broken than believed. One room emptied by
its owner clears at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.engine.options import Options
from connector.model import CalendarId, RoomId
from connector.planning.reconcile import held_back


@dataclass(frozen=True, slots=True)
class Verdict:
    """``believed``: to be published as empty. ``confirmed``: of them, those that were held back until now.
    ``newly_held``: how many are held back since this reading."""

    believed: frozenset[CalendarId]
    confirmed: frozenset[CalendarId]
    newly_held: int


class EmptyGuard:
    """Of all sources; a judgement looks at the calendars of one."""

    def __init__(self, options: Callable[[], Options]) -> None:
        self._options = options
        self._held: dict[CalendarId, datetime] = {}  # since when
        self._published: dict[CalendarId, datetime] = {}  # as empty, lately: a trickle is a flood, too

    def filled(self, calendar: CalendarId) -> None:
        """It was read with meetings, or is in use no more."""
        self._held.pop(calendar, None)

    def stepped(self, by: timedelta) -> None:
        """The wall clock was set: times that were taken from it are moved along."""
        self._held = {calendar: since + by for calendar, since in self._held.items()}
        self._published = {calendar: at + by for calendar, at in self._published.items()}

    def held(self, source: str) -> tuple[CalendarId, ...]:
        return tuple(calendar for calendar in self._held if calendar.source == source)

    def release(self, source: str, now: datetime) -> tuple[CalendarId, ...]:
        """What is held back is believed if the next reading says the same. Returns whose reading is awaited."""
        released = self.held(source)
        for calendar in released:
            self._held[calendar] = now - self._options().guard_hold
        return released

    def judge(self, emptied: Collection[CalendarId], future: Mapping[CalendarId, int], now: datetime) -> Verdict:
        """``emptied``: read in one batch, of one source, and without a meeting to come. ``future``: how many the last
        good reading had, for each calendar of the source that was read with them; one that was not says nothing."""
        options = self._options()
        self._forget_old(now - 2 * options.pace.near)
        suspicious = self._suspicious(emptied, future)
        confirmed = {c for c in emptied if c in self._held and now - self._held[c] >= options.guard_hold}
        believed = frozenset(c for c in emptied if c not in suspicious or c in confirmed)
        newly = [c for c in emptied if c not in believed and c not in self._held]
        self._held |= dict.fromkeys(newly, now)
        for calendar in believed:
            self._held.pop(calendar, None)
            self._published[calendar] = now
        return Verdict(believed, frozenset(confirmed), len(newly))

    def _suspicious(self, emptied: Collection[CalendarId], future: Mapping[CalendarId, int]) -> set[CalendarId]:
        source = next(iter(emptied)).source
        published = [c for c in self._published if c.source == source]
        # Those held since an earlier batch are part of the flood: calendars do not stay in step with each other.
        flood = {*emptied, *published, *(c for c in self.held(source) if c in future)}
        before = {_key(c): count for c, count in future.items()} | {_key(c): 1 for c in published}
        options = self._options()
        held = held_back(before, _none_left(flood), rooms=options.guard_rooms, share=options.guard_share)
        return {c for c in emptied if _key(c) in held}

    def _forget_old(self, before: datetime) -> None:
        self._published = {c: at for c, at in self._published.items() if at > before}


def held_sentence(calendars: int, hold: timedelta) -> str:
    minutes = round(hold.total_seconds() / 60)
    return (
        f"{calendars} calendars lost all their meetings in one reading; the screens keep what they show until a reading"
        f" {minutes} minutes later says the same"
    )


def _none_left(calendars: Iterable[CalendarId]) -> dict[RoomId, int]:
    return {_key(calendar): 0 for calendar in calendars}


def _key(calendar: CalendarId) -> RoomId:
    return RoomId(calendar.key)
