"""The verbs of the store: the contract that every backend keeps, and that ``StoreTests`` holds it to.

A verb that changes something prepares a ``Change``, without I/O and from any task; ``write`` commits changes together
or not at all, ``post`` commits them soon and nobody waits. A history row in the same ``write`` is so a part of the
change that it tells. Changes of one row take effect in the order in which they were written or posted.

Every change names the lease that it acts under, and is refused with ``OwnershipLost`` once that lease is lost: today
both kinds are lost together, when another daemon takes the database over. What people ask (``ask``) carries no lease.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from connector.errors import ConnectorError
from connector.model import Attempt, AttemptState, Meeting, RoomId, RoomPlan, Unit, UnitId, UnitState
from connector.store import kept
from device_drivers.api import DeviceInfo, Receipt

HISTORY_PER_ROOM = kept.HISTORY_PER_ROOM

# ------------------------------------------------------------------------------------ leases and errors


@dataclass(frozen=True, slots=True)
class CalendarLease:
    """The right to read and plan: one calendar of a source, or with "" the whole source and what it remembers."""

    source: str  # [calendars.NAME]; with a colon in front: the daemon's own
    calendar: str
    epoch: int


@dataclass(frozen=True, slots=True)
class UnitLease:
    """The right to drive one unit: its session, receipts, attempts and the state of its connection."""

    unit: UnitId
    epoch: int


Lease = CalendarLease | UnitLease


class OwnershipLost(Exception):
    """The lease is lost: another process took this database over; this one must stop commanding units."""


class StoreError(ConnectorError):
    """The database cannot be opened, read or written. What failed changed nothing; a write may be tried again."""


# ------------------------------------------------------------------------------------ rows


@dataclass(frozen=True, slots=True)
class CalendarRow:
    calendar: str  # CalendarId.key
    meetings: tuple[Meeting, ...]
    read_at: datetime | None  # of the last good reading
    error: str = ""
    error_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class RoomState:
    """What is planned for a room, and the unit that serves it; None until one was claimed or told something."""

    room: RoomId
    plan: RoomPlan | None = None
    unit: UnitId | None = None


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit and what is known of it. ``contact``: new, reachable, unreachable, credentials_refused, ..."""

    unit: Unit
    contact: str = "new"
    contact_detail: str = ""  # a sentence
    contact_since: datetime | None = None
    refused: str = ""  # keyed fingerprint of the credential that it refused
    info: DeviceInfo | None = None
    info_at: datetime | None = None
    receipt: Receipt | None = None
    receipt_at: datetime | None = None
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt, without what it dialled."""

    room: RoomId
    booking_id: str
    planned_start: datetime
    state: AttemptState
    at: datetime  # of the last change of state
    sent_at: datetime | None = None  # None: no command left


@dataclass(frozen=True, slots=True)
class HistoryRow:
    at: datetime
    room: RoomId  # "": of the daemon itself
    event: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """How much history a room has."""

    since: datetime | None  # of its oldest row; None where that cannot be read
    rows: int


@dataclass(frozen=True, slots=True)
class Command:
    id: int
    kind: str  # see engine/commands.py
    target: str  # "" all, "room:ID" or "source:NAME"; of release: a source's name
    words: Mapping[str, str] = field(default_factory=dict, repr=False)  # what else was said: an address, say
    taken: bool = False  # its first effect is committed: it is never begun anew


class Answer(NamedTuple):
    """What became of a command. ``sentence``: for who asked."""

    sentence: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """A room that is left alone because somebody asked for it. ``until`` None: until it is resumed."""

    room: RoomId
    since: datetime
    until: datetime | None = None
    clears: bool = False  # its screen is emptied, too


@dataclass(frozen=True, slots=True)
class Owner:
    """Who may write. Each opening raises the epoch."""

    epoch: int
    since: datetime | None  # None where it cannot be read any more


class Change:
    """Something prepared, for ``write`` or ``post`` of the store whose verb made it. Its content is the backend's."""

    __slots__ = ()


# ------------------------------------------------------------------------------------ the verbs


class Commits(Protocol):
    """How changes take effect. From any task of the loop that opened the store."""

    async def write(self, *changes: Change) -> None:
        """Returns when all of them are committed; raises when none is: StoreError, OwnershipLost, or the backend's
        own error for a change that can never be made, such as a row that exists. Without changes it waits for what
        was posted before."""
        ...

    def post(self, *changes: Change) -> None:
        """Committed together, with the next transaction; nobody hears of a failure. For what may be lost in a crash.
        Raises nothing; does nothing once the store is closed."""
        ...

    def calendar_lease(self, source: str, calendar: str = "") -> CalendarLease:
        """Of this process, as long as it owns the database. Raises OwnershipLost in a store opened for reading."""
        ...

    def unit_lease(self, unit: UnitId) -> UnitLease:
        """Of this process, as long as it owns the database. Raises OwnershipLost in a store opened for reading."""
        ...

    async def owner(self) -> Owner | None:
        """Who took the database over last; None when nobody did yet. Raises StoreError."""
        ...

    async def close(self) -> None:
        """Everything posted so far is committed first. Writes after it raise OwnershipLost."""
        ...


class Calendars(Protocol):
    """Readings and plans, under the calendar's lease."""

    async def calendars(self, key: str | None = None) -> dict[str, CalendarRow]:
        """By key; all, or the one. One that is damaged is as if it had never been read.
        Raises StoreError; VaultError when the key of all of them is lost."""
        ...

    def save_reading(self, lease: CalendarLease, key: str, meetings: Iterable[Meeting], at: datetime) -> Change:
        """A whole reading at ``at``; an error before it is over."""
        ...

    def save_unchanged(self, lease: CalendarLease, key: str, at: datetime) -> Change:
        """Read again and found as it was; an error before it is over."""
        ...

    def save_failure(self, lease: CalendarLease, key: str, error: str, since: datetime) -> Change:
        """``error`` is a sentence. What was read last stays."""
        ...

    def drop_calendars(self, lease: CalendarLease) -> Change:
        """Every calendar of the lease's source: it is gone."""
        ...

    async def room_states(self, room: RoomId | None = None) -> dict[RoomId, RoomState]:
        """All, or the one. A plan that is damaged is None. Raises StoreError; VaultError when the key is lost."""
        ...

    def save_plan(self, lease: CalendarLease, plan: RoomPlan) -> Change:
        """In place of the room's plan before."""
        ...

    def drop_plans(self, lease: CalendarLease, of_others_than: Iterable[RoomId]) -> Change:
        """Plans hold titles and addresses of meetings: those of rooms that are no longer managed are dropped."""
        ...


class Units(Protocol):
    """Units and their attempts, under the unit's lease."""

    async def units(self, room: RoomId | None = None) -> dict[UnitId, UnitRow]:
        """All, or those that served ``room`` last. A cell that is damaged is as if it had never been written.
        Raises StoreError."""
        ...

    async def claim_units(self, wanted: Mapping[RoomId, Unit], at: datetime) -> dict[RoomId, UnitLease]:
        """Which known unit each room's configured one is (``same_unit``), in one transaction; takes its lease.

        The unit gets what ``wanted`` says of it, is in use and serves the room. One that nobody knows: the unit that
        was adopted from the room, when no unit claimed it yet, else a new row. A unit that a room had before, and
        none has now, is retiring from ``at`` on. Receipts, info, refused marks and attempts stay with their unit, so
        they follow it. Rooms that are not named keep theirs. To be asked again when a probe tells a serial number
        that is not the unit's: it is another one then, or one that moved here. Raises StoreError, OwnershipLost.
        """
        ...

    def save_unit_state(self, lease: UnitLease, state: UnitState, at: datetime) -> Change:
        """A room's row went away: retiring; its last attempt is concluded: gone."""
        ...

    def save_probe(self, lease: UnitLease, info: DeviceInfo, at: datetime) -> Change:
        """The serial number that it tells, if any, is the unit's from now on."""
        ...

    def save_receipt(self, lease: UnitLease, receipt: Receipt | None, at: datetime) -> Change:
        """None forgets the receipt: the unit is known to have lost its list. What was verified before is not, now."""
        ...

    def save_verified(self, lease: UnitLease, at: datetime) -> Change:
        """The unit was asked at ``at``, and shows what its receipt says."""
        ...

    def save_contact(self, lease: UnitLease, contact: str, detail: str, since: datetime, refused: str) -> Change:
        """``refused``: fingerprint of the credential that it refused, "" for none."""
        ...

    async def attempts(self, since: datetime, room: RoomId | None = None, unit: UnitId | None = None) -> list[Attempt]:
        """Oldest first; those planned before ``since`` only where a leave order is open, until they are wiped.

        One that is damaged still says that its booking was dialled: it comes with what can be read, never as one
        that may be dialled again. Raises StoreError; VaultError when the key of all addresses is lost.
        """
        ...

    async def add_attempt(self, lease: UnitLease, attempt: Attempt, *also: Change) -> int:
        """Committed when it returns, with ``also``: the number that the database gave it. ``attempt.id`` and
        ``attempt.unit`` are not read. Raises StoreError, OwnershipLost: then nothing may be dialled."""
        ...

    def save_attempt(self, lease: UnitLease, attempt: Attempt) -> Change:
        """What an attempt is for never changes; how far it came does. Nothing when the lease is not its unit's."""
        ...

    def prune_attempts(self, lease: UnitLease, before: datetime) -> Change:
        """Drop the unit's attempts that were planned before, but none whose leave order is still open and was due no
        earlier than that."""
        ...

    def prune_attempts_of_gone(self, lease: Lease, before: datetime) -> Change:
        """The same for the attempts of all units that are gone, whose leases nobody holds."""
        ...

    def wipe_attempts(self, lease: Lease, over: datetime, old: datetime) -> tuple[Change, ...]:
        """Of all units: wipe the address, which holds the passcode, of each attempt that was over before ``over``: no
        call of it can be up, and its time to leave is past. Of those that ``prune_attempts`` before ``old`` would drop
        wipe whatever else names the meeting or the call. The row stays, and still says that this was dialled."""
        ...

    def prune_gone(self, lease: Lease, before: datetime) -> tuple[Change, ...]:
        """Drop the units that are gone since before that time, with their attempts."""
        ...

    async def outcomes(self, since: datetime) -> list[Outcome]:
        """Of the attempts whose state changed last at ``since`` or later; oldest first. Needs no key.
        Raises StoreError."""
        ...

    async def last_outcomes(self) -> dict[RoomId, Outcome]:
        """Of each room's newest attempt. Needs no key. Raises StoreError."""
        ...


class History(Protocol):
    """What happened, under either lease; what people ask, under none."""

    async def history(self, room: str, limit: int = 50) -> list[HistoryRow]:
        """Newest first. Raises StoreError."""
        ...

    async def events(self, names: Collection[str], since: datetime) -> list[HistoryRow]:
        """Those of these names, of all rooms; oldest first. Raises StoreError."""
        ...

    async def history_spans(self) -> dict[RoomId, Span]:
        """Of each room that has any. Raises StoreError."""
        ...

    async def begins(self) -> datetime | None:
        """The oldest time that an attempt or the history tells of; None where there is nothing. Raises StoreError."""
        ...

    def save_event(self, lease: Lease, room: str, event: str, at: datetime, detail: Mapping[str, Any]) -> Change:
        """``detail`` must be redacted already. ``room`` "": of the daemon itself."""
        ...

    def prune_history(self, lease: Lease, room: str) -> Change:
        """Keep the newest HISTORY_PER_ROOM of a room."""
        ...

    async def ask(
        self, kind: str, target: str, now: datetime, valid_for: timedelta, words: Mapping[str, str] | None = None
    ) -> int:
        """Its number. From any process, beside the owner. ``words`` are sealed. Answers older than a day are dropped.
        Raises StoreError."""
        ...

    async def pending(self, now: datetime) -> tuple[Command, ...]:
        """Oldest first; those that expired before anybody took them are never carried out. Raises StoreError.
        One whose words cannot be read comes without any."""
        ...

    def take(self, lease: Lease, command: Command, at: datetime) -> Change:
        """To be committed with the command's first effect: from then on it may only be concluded."""
        ...

    def answer(self, lease: Lease, command: Command, outcome: str, *, failed: bool = False) -> Change:
        """``outcome``: a sentence, for who asked."""
        ...

    async def outcome(self, number: int) -> Answer | None:
        """What the daemon says; None while it has not carried out the command. Raises StoreError."""
        ...

    async def pauses(self) -> dict[RoomId, Pause]:
        """The rooms that are paused, also those whose time is over. Raises StoreError."""
        ...

    def save_pause(self, lease: Lease, pause: Pause) -> Change:
        """In place of the room's pause before."""
        ...

    def drop_pause(self, lease: Lease, room: RoomId) -> Change:
        """Nothing when it is not paused."""
        ...


class SourceStates(Protocol):
    """What a source remembers, sealed; under the lease of the whole source."""

    async def source_value(self, source: str, key: str) -> bytes | None:
        """None when there is none. Raises StoreError; VaultError when it cannot be opened."""
        ...

    async def source_values(self, source: str, prefix: str = "") -> dict[str, bytes]:
        """Key -> value for the keys that begin with ``prefix``, without what is damaged. Raises StoreError;
        VaultError when the key of all of them is lost."""
        ...

    def save_source_value(self, lease: CalendarLease, key: str, value: bytes) -> Change:
        """In place of the value before."""
        ...

    def drop_source_value(self, lease: CalendarLease, key: str) -> Change:
        """Nothing when there is none."""
        ...

    def drop_source_values(self, lease: CalendarLease) -> Change:
        """Everything that the source remembered."""
        ...


class StoreApi(Commits, Calendars, Units, History, SourceStates, Protocol):
    """A whole store."""
