"""What the demo shows, to a page and to a terminal alike. All of it is redacted; times are UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connector.model import Decision


class DemoError(Exception):
    """A sentence for the person at the page: what was asked cannot be done now."""


class UnknownRoom(DemoError):
    """The demo has no room of this id."""


@dataclass(frozen=True, slots=True)
class ScreenView:
    """One line on a unit's screen, as the simulated unit itself says it shows it."""

    booking_id: str
    title: str
    start: datetime
    end: datetime
    button: str | None  # what Join would dial, passcode masked; None: no button


@dataclass(frozen=True, slots=True)
class CallView:
    call_id: str
    remote: str  # passcode masked
    state: str  # dialling, connected
    booking_id: str | None
    since: datetime  # first seen


@dataclass(frozen=True, slots=True)
class RoomView:
    id: str
    name: str
    unit: str  # product and software, for a person
    address: str  # the loopback address of the simulated unit
    zone: str  # IANA name
    behaviour: str  # one sentence: what this room's policy does
    has_screen: bool
    screen: tuple[ScreenView, ...]
    calls: tuple[CallView, ...]
    decisions: tuple[Decision, ...]
    trouble: str  # a sentence, or ""


@dataclass(frozen=True, slots=True)
class ParticipantView:
    name: str
    waiting: bool  # held until a passcode is entered
    since: datetime


@dataclass(frozen=True, slots=True)
class MeetingView:
    meeting_id: str
    title: str
    participants: tuple[ParticipantView, ...]


@dataclass(frozen=True, slots=True)
class EventView:
    number: int  # grows by one
    time: datetime
    level: str
    event: str  # stable name from connector.events, or demo.*
    room: str
    text: str  # the sentence, with what else the line carries


@dataclass(frozen=True, slots=True)
class CheckView:
    """One thing that must be seen on the simulators or the bridge before the demo counts as a success."""

    text: str
    done: bool


@dataclass(frozen=True, slots=True)
class DemoState:
    now: datetime
    ends_at: datetime | None
    bridge: str
    rooms: tuple[RoomView, ...]
    meetings: tuple[MeetingView, ...]
    events: tuple[EventView, ...]  # newest first
    checks: tuple[CheckView, ...]


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    uid: str
    title: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class CalendarText:
    """A room's calendar file or mailbox: its text, and what could be read from it."""

    file: str
    text: str
    entries: tuple[CalendarEntry, ...]
    problem: str  # a sentence when the text is no calendar, else ""


class DemoBackend(Protocol):
    """What the page and the terminal need of a running demo. Methods raise DemoError with a sentence."""

    async def state(self) -> DemoState: ...

    async def press_join(self, room: str, booking_id: str) -> None:
        """A finger on the Join button of the simulated unit."""
        ...

    async def hang_up(self, room: str) -> None: ...

    def calendar(self, room: str) -> CalendarText: ...

    def write_calendar(self, room: str, text: str) -> None:
        """Replace a .ics file also by text that is no calendar; a mailbox takes a calendar only."""
        ...

    def add_event(self, room: str, title: str, *, in_minutes: float, minutes: float, text: str) -> None: ...

    def move_event(self, room: str, uid: str, *, minutes: float) -> None: ...

    def delete_event(self, room: str, uid: str) -> None: ...
