"""What happened enters here: the history row with the change that it tells, then whoever listens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from connector.clock import Clock
from connector.events import Happened, OfRoom, Sink, Told
from connector.model import Attempt
from connector.redaction import clean_text, redact_fields
from connector.store.api import Change, StoreApi, UnitLease

DAEMON = ":daemon"  # the source under whose lease it writes; no [calendars.NAME] has this name


class Recorder:
    """``publish`` is handed to all who tell something. Each event is redacted once, before the store or a sink has it.

    On the event loop only. Sinks are called in their order and, as their contract says, neither block nor raise.
    """

    def __init__(self, clock: Clock, store: StoreApi, *sinks: Sink) -> None:
        self._clock = clock
        self._store = store
        self._lease = store.calendar_lease(DAEMON)
        self._sinks = sinks

    def publish(self, event: Happened) -> None:
        """What no write of a state goes with."""
        self.post(tells=(event,))

    def post(self, *changes: Change, tells: Iterable[Happened] = ()) -> None:
        """The change and what it tells are committed together, with the next transaction; nobody waits."""
        told = self._told(tells)
        self._store.post(*changes, *self._rows(told))
        self._hand_on(told)

    async def write(self, *changes: Change, tells: Iterable[Happened] = ()) -> None:
        """Returns when the change is committed with what it tells; only then the sinks hear of it.

        Raises StoreError, OwnershipLost: then nothing changed, and nothing was told.
        """
        told = self._told(tells)
        await self._store.write(*changes, *self._rows(told))
        self._hand_on(told)

    async def begin(self, lease: UnitLease, attempt: Attempt, *also: Change, tells: Iterable[Happened] = ()) -> Attempt:
        """Returns with the attempt's number when its row is committed, with ``also`` and what it tells. Raises as
        ``write``."""
        told = self._told(tells)
        number = await self._store.add_attempt(lease, attempt, *also, *self._rows(told))
        self._hand_on(told)
        return replace(attempt, id=number, unit=lease.unit)

    def prune(self, rooms: Iterable[str]) -> None:
        """The history is bounded: old lines of the rooms, and of the daemon itself, go."""
        self._store.post(*(self._store.prune_history(self._lease, room) for room in ("", *rooms)))

    def _told(self, tells: Iterable[Happened]) -> list[Told]:
        now = self._clock.now()
        return [told(event, now) for event in tells]

    def _rows(self, told: Iterable[Told]) -> list[Change]:
        return [self._store.save_event(self._lease, each.room, each.name, each.at, each.fields) for each in told]

    def _hand_on(self, told: Iterable[Told]) -> None:
        for each in told:
            for sink in self._sinks:
                sink(each)


def told(event: Happened, at: datetime) -> Told:
    """Redacted, and without what a terminal would obey."""
    fields = event.fields()
    fields.pop("room", None)
    seen = {name: clean_text(value, lines=True) if isinstance(value, str) else value for name, value in fields.items()}
    room = event.room if isinstance(event, OfRoom) else ""
    return Told(at, event.name, event.level, room, redact_fields(seen))
