"""The terminal: what is shown fits, and plain lines come once each."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from connector.cli.live_view import PlainView, picture
from connector.demo.state import (
    CallView,
    CheckView,
    DemoState,
    EventView,
    MeetingView,
    ParticipantView,
    RoomView,
    ScreenView,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def state(events: int = 40) -> DemoState:
    line = ScreenView("41", "Design review [bold]x[/bold]", NOW, NOW + timedelta(minutes=30), "1.***@zoomcrc.com")
    call = CallView("1", "93120467715.***@zoomcrc.com", "connected", "41", NOW - timedelta(seconds=65))
    room = RoomView(
        "aspen", "Aspen", "Cisco Room Kit", "127.0.1.1", "Europe/Berlin", "", True, (line,) * 4, (call,), (), ""
    )
    return DemoState(
        NOW,
        NOW + timedelta(seconds=30),
        "sip:127.0.0.1:5060",
        (room,) * 4,
        (MeetingView("93120467715", "Design review", (ParticipantView("Aspen", False, NOW),)),),
        tuple(EventView(n, NOW, "info", "screen.pushed", "Aspen", "x" * 200) for n in range(events, 0, -1)),
        tuple(CheckView(f"Promise number {n} is a sentence of some length.", n < 3) for n in range(11)),
    )


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (130, 50), (200, 60)])
def test_the_picture_fits_the_terminal(width: int, height: int) -> None:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    console.print(picture(state(), "http://127.0.0.1:8080/", height))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert len(lines) <= height
    text = "\n".join(lines)
    assert "10:00 Design review [bold]x" in text  # the room's zone; a title is never markup
    assert "connected 1:05" in text and "Aspen" in text and "screen.pushed" in text


def test_plain_lines_come_once_and_in_order() -> None:
    lines: list[str] = []
    view = PlainView(lines.append)
    view.update(state(events=2))
    view.update(state(events=3))
    assert [line.split()[2] for line in lines if "screen.pushed" in line] == ["screen.pushed"] * 3
    assert sum("Promise number" in line for line in lines) == 3
