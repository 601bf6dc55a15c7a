"""A demo without a daemon: the page's own behaviour is what is tested with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connector.demo.state import (
    CalendarEntry,
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
from connector.model import Decision, Evidence

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def room(number: int, name: str, **changes: object) -> RoomView:
    lines = (
        ScreenView("41", "Design review", START, START + timedelta(minutes=30), "sip:94512380671.***@zoomcrc.com"),
        ScreenView("42", "Lunch <b>talk</b>", START + timedelta(hours=3), START + timedelta(hours=4), None),
    )
    decisions = (
        Decision(
            "41", "Design review", START, START + timedelta(minutes=30), "button", True,
            "A Zoom meeting with a numeric passcode.", "sip:94512380671.***@zoomcrc.com", "zoom",
            (
                Evidence("meeting_id", "location", "zoom.link", "won", "It stands in the join link.", "94512380671"),
                Evidence("passcode", "description", "zoom.pwd", "lost", "A pwd= value is no code to dial."),
            ),
        ),
    )  # fmt: skip
    view = RoomView(
        id=f"room-{number}",
        name=name,
        unit="Cisco Room Kit, CE9.15",
        address=f"127.0.1.{number}",
        zone="Europe/Berlin",
        behaviour="Shows a Join button.",
        has_screen=True,
        screen=lines,
        calls=(),
        decisions=decisions,
        trouble="",
    )
    return replace(view, **changes)  # type: ignore[arg-type]  # test data: keywords are RoomView's


class FakeBackend:
    """Remembers what it was asked; a press becomes a call and a participant."""

    def __init__(self) -> None:
        self.rooms = {r.id: r for r in (room(1, "Aspen"), room(2, "Birch", screen=(), decisions=()))}
        self.pressed: list[tuple[str, str]] = []
        self.written: list[tuple[str, str]] = []
        self.asked: list[tuple[object, ...]] = []
        self.text = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"

    async def state(self) -> DemoState:
        now = datetime.now(UTC)
        people = tuple(ParticipantView(r.name, False, c.since) for r in self.rooms.values() for c in r.calls)
        return DemoState(
            now=now,
            ends_at=now + timedelta(seconds=42),
            bridge="sip:127.0.0.1:5060",
            rooms=tuple(self.rooms.values()),
            meetings=(MeetingView("94512380671", "Design review", people),) if people else (),
            events=(EventView(1, now, "info", "screen.pushed", "Aspen", "The unit took its list."),),
            checks=(CheckView("Aspen shows a Join button", True), CheckView("Aspen is on the bridge", bool(people))),
        )

    async def press_join(self, room: str, booking_id: str) -> None:
        if booking_id not in {line.booking_id for line in self._room(room).screen}:
            raise DemoError("This booking is not on the screen any more.")
        self.pressed.append((room, booking_id))
        call = CallView("1", "94512380671.***@zoomcrc.com", "connected", booking_id, datetime.now(UTC))
        self.rooms[room] = replace(self.rooms[room], calls=(call,))

    async def hang_up(self, room: str) -> None:
        self.rooms[room] = replace(self._room(room), calls=())

    def calendar(self, room: str) -> CalendarText:
        self._room(room)
        entries = (CalendarEntry("a@example.test", "Design review", START, START + timedelta(minutes=30)),)
        return CalendarText(f"calendars/{room}.ics", self.text, entries, "")

    def write_calendar(self, room: str, text: str) -> None:
        self._room(room)
        self.text = text
        self.written.append((room, text))

    def add_event(self, room: str, title: str, *, in_minutes: float, minutes: float, text: str) -> None:
        self._room(room)
        self.asked.append(("add", room, title, in_minutes, minutes, text))

    def move_event(self, room: str, uid: str, *, minutes: float) -> None:
        self._room(room)
        self.asked.append(("move", room, uid, minutes))

    def delete_event(self, room: str, uid: str) -> None:
        self._room(room)
        self.asked.append(("delete", room, uid))

    def _room(self, room: str) -> RoomView:
        try:
            return self.rooms[room]
        except KeyError:
            raise UnknownRoom(f"There is no room {room!r} in this demo.") from None
