"""The engine's slices of the settings: its pace, the admin's rules, the rooms; and how the log is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields

from connector import events
from connector.engine.lanes import Lanes
from connector.engine.options import Options
from connector.engine.planner import Planner
from connector.engine.reader import Reader
from connector.events import Publish
from connector.model import CalendarId, Room, RoomId
from connector.running.configuration import Configuration, engine_options
from connector.settings.schema import LogSection

_READING = frozenset(
    {
        "poll_every",
        "debounce",
        "read_again_after",
        "window_back",
        "window_ahead",
        "read_concurrency",
        "read_deadline",
    }
)
_MOST_NAMED = 20  # rooms in one line of the log
ConfigureLog = Callable[[LogSection], None]


class Log:
    """A part. ``configure``: of the program that the daemon runs in; a test or the demo has a log of its own."""

    name = "log"

    def __init__(self, configure: ConfigureLog) -> None:
        self._configure = configure

    def slice(self, config: Configuration) -> object:
        return config.settings.log

    async def apply(self, config: Configuration) -> Sequence[str]:
        self._configure(config.settings.log)
        return ()


class Pace:
    """A part, and the one holder of the engine's options: who uses one asks for it when it is used."""

    name = "engine"

    def __init__(self, options: Options) -> None:
        self._options = options
        self._reader: Reader | None = None
        self._lanes: Lanes | None = None

    def of(self, reader: Reader, lanes: Lanes) -> None:
        """Who is told."""
        self._reader, self._lanes = reader, lanes

    def options(self) -> Options:
        return self._options

    def slice(self, config: Configuration) -> object:
        return engine_options(config.settings)

    async def apply(self, config: Configuration) -> Sequence[str]:
        fresh = engine_options(config.settings)
        changed = {f.name for f in fields(Options) if getattr(fresh, f.name) != getattr(self._options, f.name)}
        self._options = fresh
        if changed & _READING and self._reader is not None:
            self._reader.use_pace()
        if changed - _READING and self._lanes is not None:
            self._lanes.use_pace()
        return ()


class AdminRules:
    """A part. A rule with a mistake is reported; the others work."""

    name = "rules"

    def __init__(self, reader: Reader, publish: Publish) -> None:
        self._reader = reader
        self._publish = publish

    def slice(self, config: Configuration) -> object:
        return config.settings.rules, config.settings.dialing.internal_domains

    async def apply(self, config: Configuration) -> Sequence[str]:
        rules = config.settings.compiled_rules
        for problem in rules.problems:
            self._publish(events.RulesRejected(reason=problem))
        self._reader.use_rules(rules)
        return ()


class Rooms:
    """A part. A typing mistake in a row takes no room out of service: it goes on as it was."""

    name = "rooms"

    def __init__(self, reader: Reader, planner: Planner, lanes: Lanes, publish: Publish) -> None:
        self._reader = reader
        self._planner = planner
        self._lanes = lanes
        self._publish = publish
        self._served: dict[RoomId, tuple[Room, CalendarId]] = {}
        self._added: set[RoomId] = set()  # since the last announcement
        self._changed: set[RoomId] = set()
        self._removed: set[RoomId] = set()

    def slice(self, config: Configuration) -> object:
        rooms = config.rooms
        return rooms.problems, rooms.refused, [(room, config.calendar_of(room)) for room in rooms.rooms]

    async def apply(self, config: Configuration) -> Sequence[str]:
        for problem in config.rooms.problems:
            self._publish(events.RoomsRejected(reason=problem))
        rooms = self._kept(config) | {room.id: (room, config.calendar_of(room)) for room in config.rooms.rooms}
        before, self._served = self._served, rooms
        if before:
            self._added |= rooms.keys() - before.keys()
            self._changed |= {key for key in rooms.keys() & before.keys() if rooms[key] != before[key]}
        self._removed |= before.keys() - rooms.keys()
        self._planner.use(rooms)
        self._reader.use({calendar for _, calendar in rooms.values()})
        await self._lanes.use({key: room for key, (room, _) in rooms.items()})
        return ()

    def announce(self, config: Configuration) -> None:
        """With each configuration that is in force: how many rooms there are, and which of them an edit names."""
        self._publish(
            events.RoomsLoaded(
                rooms=len(self._served),
                problems=len(config.rooms.problems),
                added=_named(self._added),
                changed=_named(self._changed),
                removed=_named(self._removed),
            )
        )
        self._added, self._changed, self._removed = set(), set(), set()

    def _kept(self, config: Configuration) -> dict[RoomId, tuple[Room, CalendarId]]:
        refused = config.rooms.refused & self._served.keys()
        return {key: self._served[key] for key in refused if self._served[key][1].source in config.settings.calendars}


def _named(rooms: Iterable[RoomId]) -> str:
    listed = sorted(rooms)
    more = f" and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
    return ", ".join(listed[:_MOST_NAMED]) + more
