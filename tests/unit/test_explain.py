"""The words of ``connector explain``: what a person reads who stands before the screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connector.cli.explain import lines
from connector.engine.report import RoomReport, ScreenReport
from connector.model import Decision

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
EARLY = timedelta(minutes=5)
NEW = RoomReport(
    id="r1", name="Room", device_type="cisco", address="10.0.0.1", timezone="Europe/Berlin", calendar="r1.ics",
    calendar_read_at=None, calendar_error="r1.ics does not exist.", calendar_pace="every 1 min",
    calendar_unreadable=(), clock_off=None, paused=None,
    state="new", detail="", since=None, product="",
    software="", serial_number="", notes=(), planned_at=None, pushed_at=None, pushed_how="", up_to_date=False,
    verified_at=None, in_calls=(), screen=(), history=(),
)  # fmt: skip


def with_meeting(start: datetime, hours: int) -> RoomReport:
    decision = Decision("1", "Talk", start, start + timedelta(hours=hours), "button", False, "dials 1@example.org")
    return replace(NEW, planned_at=NOON, screen=(ScreenReport(decision, True, "", ()),))


def test_a_room_whose_calendar_was_never_read_has_no_plan_to_be_behind() -> None:
    text = "\n".join(lines(NEW, EARLY, NOON))
    assert "now failing: r1.ics does not exist." in text
    assert "nothing is planned before the calendar was read" in text
    assert "NOT" not in text and "no meetings are known" in text


def test_a_button_that_cannot_be_pressed_yet_says_from_when() -> None:
    early = list(lines(with_meeting(NOON + timedelta(hours=3), 1), EARLY, NOON))
    assert "    too early to press it: that works from Wed 01 Jul 16:55:00" in early
    for minutes in (5, 0, -5):
        now = list(lines(with_meeting(NOON + timedelta(minutes=minutes), 1), EARLY, NOON))
        assert not any("too early" in line for line in now)


def test_a_meeting_that_ends_on_another_day_names_the_day() -> None:
    assert "  Wed 01 Jul 14:00:00 to 15:00:00  Talk" in list(lines(with_meeting(NOON, 1), EARLY, NOON))
    assert "  Wed 01 Jul 14:00:00 to Thu 02 Jul 14:00:00  Talk" in list(lines(with_meeting(NOON, 24), EARLY, NOON))


def test_c5_the_units_wrong_clock_and_an_event_that_cannot_be_read_are_told() -> None:
    item = {"at": NOON, "reason": "the recurrence rule FREQ=NEVER cannot be read"}
    text = "\n".join(lines(replace(NEW, clock_off=-340, calendar_unreadable=(item,)), EARLY, NOON))
    assert "its clock is -340 s off" in text
    assert "could not be read at Wed 01 Jul 14:00:00: the recurrence rule FREQ=NEVER cannot be read" in text
