"""The running demo, as the page and the terminal see it: the simulators' own state, the daemon's reasons, the log."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector import events
from connector.demo import ics_file
from connector.demo.calendars import CalendarFiles, Calendars
from connector.demo.ics_file import NewMeeting
from connector.demo.scenario import Part
from connector.demo.simulated_site import TITLES, SimulatedSite
from connector.demo.state import (
    CalendarText,
    CallView,
    CheckView,
    DemoError,
    DemoState,
    EventView,
    MeetingView,
    ParticipantView,
    RoomView,
    ScreenView,
    UnknownRoom,
)
from connector.engine.report import RoomReport
from connector.model import Decision
from connector.redaction import redact_text
from connector.running.daemon import Connector
from device_drivers.testing.bridge import Participant, ParticipantState
from device_drivers.testing.simulator import SimulatedUnit

_EVENTS_KEPT = 300
_CALM = frozenset({"", "new", "ok", "reachable"})  # states of a unit that need no sentence
_BRIDGE_WORDS = {
    ParticipantState.IN_MEETING: ("bridge.joined", "is in the meeting"),
    ParticipantState.WAITING_FOR_PASSCODE: ("bridge.waiting", "is asked for the passcode"),
    ParticipantState.LEFT: ("bridge.left", "left the meeting"),
    ParticipantState.REFUSED: ("bridge.refused", "was refused"),
}


class LiveDemo:
    """A DemoBackend. ``connector`` and ``house`` are set before the first request.

    ``calendars``: default .ics files.
    """

    def __init__(self, cast: tuple[Part, ...], folder: Path, calendars: Calendars | None = None) -> None:
        self.cast = cast
        self.folder = folder
        self.calendars: Calendars = calendars or CalendarFiles(folder)
        self.house: SimulatedSite | None = None
        self.connector: Connector | None = None
        self.ends_at: datetime | None = None
        self.checks: tuple[CheckView, ...] = ()
        self.started = False  # the daemon has opened its store
        self.decisions: dict[str, tuple[Decision, ...]] = {}  # room id -> as last asked
        self._events: deque[EventView] = deque(maxlen=_EVENTS_KEPT)
        self._number = 0
        self._calls: dict[tuple[str, str, str], datetime] = {}

    # -------------------------------------------------------------------------------- what happens

    def daemon_event(self, event: Mapping[str, Any]) -> None:
        """The daemon's watcher: one redacted line of its log."""
        name = str(event["event"])
        self.started |= name == events.DaemonStarted.name
        detail = {k: v for k, v in event.items() if k not in ("at", "event", "room", "booking", "level")}
        text = events.ALL[name].sentence if name in events.ALL else name
        if detail:
            text = f"{text} ({', '.join(f'{k}: {v}' for k, v in detail.items() if v not in (None, '', [], {}))})"
        self._add(name, str(event.get("room", "")), text, str(event.get("level", "info")))

    def bridge_event(self, participant: Participant) -> None:
        if participant.state in _BRIDGE_WORDS:
            name, words = _BRIDGE_WORDS[participant.state]
            self._add(name, participant.display_name, f"{participant.display_name} {words} {participant.meeting_id}.")

    def tell(self, name: str, room: str, text: str) -> None:
        """What the demo itself did."""
        self._add(name, room, text)

    def _add(self, name: str, room: str, text: str, level: str = "info") -> None:
        self._number += 1
        title = next((part.name for part in self.cast if part.id == room), room)
        self._events.append(EventView(self._number, datetime.now(UTC), level, name, title, text))

    # -------------------------------------------------------------------------------- looking

    async def state(self) -> DemoState:
        return DemoState(
            now=datetime.now(UTC),
            ends_at=self.ends_at,
            bridge=self._bridge_address(),
            rooms=tuple([await self._room(part) for part in self.cast]),
            meetings=self._meetings(),
            events=tuple(reversed(self._events)),
            checks=self.checks,
        )

    def _bridge_address(self) -> str:
        if self.house is None:
            return ""
        address = self.house.bridge.address("udp")
        return f"sip:{address.host}:{address.port}"

    def _meetings(self) -> tuple[MeetingView, ...]:
        found = self.house.bridge.meetings() if self.house else {}
        return tuple(
            MeetingView(
                meeting_id,
                TITLES.get(meeting_id, ""),
                tuple(
                    ParticipantView(p.display_name, p.state is ParticipantState.WAITING_FOR_PASSCODE, p.since)
                    for p in people
                ),
            )
            for meeting_id, people in sorted(found.items())
        )

    async def _room(self, part: Part) -> RoomView:
        unit = self.unit(part.id)
        report = await self._report(part)
        decisions = self.decisions[part.id] = tuple(item.decision for item in report.screen) if report else ()
        return RoomView(
            id=part.id,
            name=part.name,
            unit=f"{report.product} {report.software}".strip() if report else part.driver,
            address=unit.endpoint.address,
            zone=part.zone,
            behaviour=part.behaviour,
            has_screen=True,
            screen=tuple(
                ScreenView(line.booking_id, line.title, line.start, line.end, line.button and redact_text(line.button))
                for line in unit.screen()
            ),
            calls=self._live_calls(part, unit),
            decisions=decisions,
            trouble=_trouble(report) if report else "",
        )

    async def _report(self, part: Part) -> RoomReport | None:
        if self.connector is None or not self.started:
            return None
        try:
            return await self.connector.room_report(part.id)
        except KeyError:
            return None  # its row was taken out of rooms.csv

    def _live_calls(self, part: Part, unit: SimulatedUnit) -> tuple[CallView, ...]:
        now = datetime.now(UTC)
        views = []
        for call in unit.live_calls():
            since = self._calls.setdefault((part.id, call.call_id, call.state.value), now)
            remote = redact_text(call.remote).removeprefix("sip:")
            views.append(CallView(call.call_id, remote, call.state.value, call.booking_id, since))
        return tuple(views)

    def unit(self, room: str) -> SimulatedUnit:
        if self.house is None:
            raise DemoError("The demo is still starting.")
        try:
            return self.house.units[room]
        except KeyError:
            raise UnknownRoom(f"There is no room {room!r} in this demo.") from None

    # -------------------------------------------------------------------------------- hands in the room

    async def press_join(self, room: str, booking_id: str) -> None:
        unit = self.unit(room)
        if unit.live_calls():
            raise DemoError("The room is in a call already.")
        try:
            await unit.press_join(booking_id)
        except LookupError:
            raise DemoError("The screen has no Join button for this meeting now.") from None
        self.tell("demo.pressed", room, "Somebody pressed Join on the room's screen.")

    async def hang_up(self, room: str) -> None:
        unit = self.unit(room)
        if unit.live_calls():
            await unit.hang_up_by_hand()
            self.tell("demo.hung_up", room, "Somebody ended the call in the room.")

    # -------------------------------------------------------------------------------- calendars

    def calendar(self, room: str) -> CalendarText:
        part = self._part(room)
        text, label = self.calendars.read(part), self.calendars.label(part)
        try:
            return CalendarText(label, text, ics_file.entries(text), "")
        except DemoError as problem:
            return CalendarText(label, text, (), str(problem))

    def write_calendar(self, room: str, text: str) -> None:
        self.calendars.write(self._part(room), text)
        self.tell("demo.edited", room, f"The {self.calendars.noun} was saved.")

    def add_event(self, room: str, title: str, *, in_minutes: float, minutes: float, text: str) -> None:
        start = (datetime.now(UTC) + timedelta(minutes=in_minutes)).replace(microsecond=0)
        meeting = NewMeeting(f"{uuid.uuid4()}@demo.example", title, start, start + timedelta(minutes=minutes), text)
        self.add_meeting(room, meeting)

    def add_meeting(self, room: str, meeting: NewMeeting) -> None:
        part = self._part(room)
        self.calendars.write(part, ics_file.with_meeting(self.calendars.read(part), meeting))
        self.tell("demo.edited", room, f"“{meeting.title}” was added to the {self.calendars.noun}.")

    def move_event(self, room: str, uid: str, *, minutes: float) -> None:
        part = self._part(room)
        self.calendars.write(part, ics_file.moved(self.calendars.read(part), uid, timedelta(minutes=minutes)))
        self.tell("demo.edited", room, f"A meeting was moved by {minutes:g} minutes in the {self.calendars.noun}.")

    def delete_event(self, room: str, uid: str) -> None:
        part = self._part(room)
        self.calendars.write(part, ics_file.without(self.calendars.read(part), uid))
        self.tell("demo.edited", room, f"A meeting was deleted from the {self.calendars.noun}.")

    def _part(self, room: str) -> Part:
        part = next((part for part in self.cast if part.id == room), None)
        if part is None:
            raise UnknownRoom(f"There is no room {room!r} in this demo.")
        return part


def _trouble(report: RoomReport) -> str:
    if report.calendar_error:
        return f"The calendar cannot be read, so the room keeps what it shows: {report.calendar_error}"
    return report.detail if report.state not in _CALM else ""
