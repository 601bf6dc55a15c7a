"""What every event has: a stable name, its level, a sentence for the admin, and typed fields.

One event is published for a change of state, not for an attempt. The docstring of its class is the sentence; the page
of log events is made from these classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, Literal, TypeVar, dataclass_transform

Level = Literal["debug", "info", "warning", "error"]
"""``warning``: something does not work as it should, and is tried again or waits for the admin. ``error``: a mistake of
this program, or what many rooms lose at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """Something that happened. A field that is None or empty says nothing, and is in no line."""

    name: ClassVar[str]  # admins alert on it: it never changes
    level: ClassVar[Level]
    sentence: ClassVar[str]

    def fields(self) -> dict[str, object]:
        """What this one says, as its publisher wrote it: not redacted yet."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True, kw_only=True)
class OfRoom(Happened):
    """Stands in the room's history, too."""

    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfBooking(OfRoom):
    """Of one booking of a room."""

    booking: str


@dataclass(frozen=True, slots=True)
class Told:
    """One event as a sink gets it. ``fields``: redacted, of JSON's own types; without the room."""

    at: datetime
    name: str
    level: Level
    room: str
    fields: Mapping[str, object]

    def line(self) -> dict[str, object]:
        """All of it in one, as the history and the demo show it."""
        bound = {"room": self.room} if self.room else {}
        return {"at": self.at.isoformat(), "level": self.level, "event": self.name, **bound, **self.fields}


Publish = Callable[[Happened], None]
"""Never blocks, never raises. To be called on the event loop."""

Sink = Callable[[Told], None]
"""Who listens: it takes what it is handed at once, and neither blocks nor raises."""

_T = TypeVar("_T", bound=Happened)
_all: dict[str, type[Happened]] = {}
ALL: Mapping[str, type[Happened]] = MappingProxyType(_all)
"""Every event by its name, in the order of the page."""


@dataclass_transform(kw_only_default=True, frozen_default=True, eq_default=True)
def event(name: str, level: Level) -> Callable[[type[_T]], type[_T]]:
    """Makes a frozen dataclass of the class, and enters it in ``ALL``."""

    def made(cls: type[_T]) -> type[_T]:
        if name in _all:
            raise ValueError(f"two events are called {name}")
        found = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        found.name, found.level, found.sentence = name, level, " ".join((cls.__doc__ or "").split())
        _all[name] = found
        return found

    return made
