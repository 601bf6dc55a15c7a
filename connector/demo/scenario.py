"""The rooms of the demo and the meetings in their calendars. All names, ids and passcodes are invented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from connector.demo.ics_file import NewMeeting

ORGANIZER = "ana.diaz@example.com"


@dataclass(frozen=True, slots=True)
class ZoomMeeting:
    meeting_id: str
    title: str
    passcode: str = field(repr=False)


DESIGN_REVIEW = ZoomMeeting("93120467715", "Design review", "480216")
WEEKLY = ZoomMeeting("84501932267", "Team weekly", "019375")
CUSTOMER_CALL = ZoomMeeting("97204418830", "Customer call", "662041")
HIDDEN = ZoomMeeting("91877340125", "Salary talks with Robin", "350784")  # private: its title must not be seen
TEAMS_TITLE = "Supplier sync"
ADDED_TITLE = "Added while you watch"


@dataclass(frozen=True, slots=True)
class Part:
    """One room: its unit, how its simulator is made, and what its template says."""

    id: str
    name: str
    zone: str
    driver: str
    template: str
    behaviour: str
    simulator: Mapping[str, str]


CAST = (
    Part(
        "aspen", "Aspen", "Europe/Berlin", "cisco", "default",
        "One-touch join: the Join button appears, somebody presses it.",
        {"firmware": "ce9.15", "product": "Cisco Webex Room Kit"},
    ),
    Part(
        "birch", "Birch", "Europe/Lisbon", "cisco", "auto",
        "Auto-join: the room dials at the start and leaves at the end by itself.",
        {"firmware": "roomos11", "product": "Cisco Room Bar"},
    ),
    Part(
        "cedar", "Cedar", "America/New_York", "cisco", "default",
        "A private title stays private; this old unit lists no meeting that it cannot dial.",
        {"firmware": "tc7.3", "product": "Cisco TelePresence SX20"},
    ),
    Part(
        "dogwood", "Dogwood", "Asia/Tokyo", "generic_http", "controller",
        "Any HTTP unit, driven by a TOML file: joins the same meeting as Birch, and lists what it cannot dial.",
        {"description": "room_controller"},
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timing:
    """When things happen, in seconds after the start. ``of`` squeezes the story into a given time."""

    press: float
    edit: float
    auto_start: float
    hang_up: float
    auto_end: float

    @classmethod
    def of(cls, seconds: float | None) -> Timing:
        whole = min(seconds or 60.0, 60.0)
        return cls(whole * 0.2, whole * 0.12, whole / 3, whole * 0.6, whole * 0.75)


def meetings(part: Part, began: datetime, timing: Timing) -> tuple[NewMeeting, ...]:
    """What stands in the room's calendar at the start."""
    written = {"aspen": _aspen, "birch": _birch, "cedar": _cedar, "dogwood": _dogwood}
    return written[part.id](part, began, timing)


def added_meeting(part: Part, began: datetime) -> NewMeeting:
    """What the demo writes into a calendar while it runs."""
    start = _minute(began) + timedelta(minutes=15)
    return replace(_zoom(part, CUSTOMER_CALL, start, start + timedelta(minutes=15)), title=ADDED_TITLE)


def _aspen(part: Part, began: datetime, timing: Timing) -> tuple[NewMeeting, ...]:
    start = _minute(began) + timedelta(minutes=2)
    later = start + timedelta(minutes=90)
    return (
        _zoom(part, DESIGN_REVIEW, start, start + timedelta(minutes=30)),
        _zoom(part, CUSTOMER_CALL, later, later + timedelta(minutes=45), wrapped=True),
    )


def _birch(part: Part, began: datetime, timing: Timing) -> tuple[NewMeeting, ...]:
    later = _minute(began) + timedelta(minutes=92)
    return (
        _weekly(part, began, timing),
        _zoom(part, CUSTOMER_CALL, later, later + timedelta(minutes=45), wrapped=True),
    )


def _cedar(part: Part, began: datetime, timing: Timing) -> tuple[NewMeeting, ...]:
    start = _minute(began) + timedelta(minutes=3)
    hidden = _zoom(part, HIDDEN, start, start + timedelta(minutes=30))
    return replace(hidden, organizer="hr@example.com", private=True), _teams(part, start + timedelta(minutes=60))


def _dogwood(part: Part, began: datetime, timing: Timing) -> tuple[NewMeeting, ...]:
    return _weekly(part, began, timing), _teams(part, _minute(began) + timedelta(minutes=45))


def _weekly(part: Part, began: datetime, timing: Timing) -> NewMeeting:
    """Seconds, not minutes: nobody wants to watch a demo for half an hour."""
    start = (began + timedelta(seconds=timing.auto_start)).replace(microsecond=0)
    end = (began + timedelta(seconds=timing.auto_end)).replace(microsecond=0)
    return _zoom(part, WEEKLY, start, end, wrapped=part.id == "dogwood")


def _teams(part: Part, start: datetime) -> NewMeeting:
    link = "https://teams.microsoft.com/l/meetup-join/19%3ameeting_demo%40thread.v2/0"
    return NewMeeting(
        f"teams-{part.id}@demo.example", TEAMS_TITLE, start, start + timedelta(minutes=30),
        f"Join on your computer:\n{link}\n", "Microsoft Teams Meeting",
    )  # fmt: skip


def _zoom(part: Part, zoom: ZoomMeeting, start: datetime, end: datetime, *, wrapped: bool = False) -> NewMeeting:
    return NewMeeting(
        f"{zoom.meeting_id}-{part.id}@demo.example",
        zoom.title,
        start,
        end,
        _wrapped_text(zoom) if wrapped else _plain_text(zoom),
        part.name if wrapped else _link(zoom),
        organizer=ORGANIZER,
    )


def _link(zoom: ZoomMeeting) -> str:
    return f"https://us02web.zoom.us/j/{zoom.meeting_id}?pwd=c3RhZ2UtcHJvcA{zoom.meeting_id[-2:]}.1"


def _spaced(meeting_id: str) -> str:
    return f"{meeting_id[:3]} {meeting_id[3:7]} {meeting_id[7:]}"


def _plain_text(zoom: ZoomMeeting) -> str:
    """The kind that Zoom's own client writes: a link, the id with spaces, the passcode, the room-system part."""
    return (
        f"Agenda: see the shared folder.\n\nJoin Zoom Meeting\n{_link(zoom)}\n\n"
        f"Meeting ID: {_spaced(zoom.meeting_id)}\nPasscode: {zoom.passcode}\n\n"
        f"Join by SIP\n{zoom.meeting_id}@zoomcrc.com\n"
    )


def _wrapped_text(zoom: ZoomMeeting) -> str:
    """The kind that a mail gateway has been at: the link is hidden in another one, the web passcode has letters."""
    inner = f"https%3A%2F%2Fus02web.zoom.us%2Fj%2F{zoom.meeting_id}%3Fpwd%3Dc3RhZ2U.1"
    return (
        "Join Zoom Meeting\n"
        f"https://eur03.safelinks.protection.outlook.com/?url={inner}&data=05%7C02%7Cdemo&reserved=0\n\n"
        f"Meeting ID: {_spaced(zoom.meeting_id)}\nPasscode: b7Kq!x\n\n"
        f"Join from an H.323/SIP room system\nMeeting ID: {_spaced(zoom.meeting_id)}\nPasscode: {zoom.passcode}\n"
        f"SIP: {zoom.meeting_id}@zoomcrc.com\n"
    )


def _minute(moment: datetime) -> datetime:
    """The full minute before: times on a screen have no seconds."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)
