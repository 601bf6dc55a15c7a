"""The demo in a terminal: a live table with rich, or one plain line a change when nobody looks at a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from connector.demo.state import CallView, DemoBackend, DemoState, RoomView, ScreenView

_EVENTS_SHOWN = 9
_ROOMY = 44  # terminal lines from which everything is shown
_REDRAW_EVERY = 0.5  # seconds


async def show_live(backend: DemoBackend, url: str, console: Console) -> None:
    """Redraw until cancelled; the last picture stays on the terminal."""
    state = await backend.state()
    with Live(picture(state, url, console.height), console=console, auto_refresh=False) as live:
        while True:
            live.update(picture(await backend.state(), url, console.height), refresh=True)
            await asyncio.sleep(_REDRAW_EVERY)


async def show_plain(backend: DemoBackend, write: Callable[[str], None]) -> None:
    """One line for each event and each promise that was seen, until cancelled."""
    view = PlainView(write)
    try:
        while True:
            view.update(await backend.state())
            await asyncio.sleep(_REDRAW_EVERY)
    finally:
        view.update(await backend.state())


class PlainView:
    """Remembers what it has written."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._last = 0
        self._seen: set[str] = set()

    def update(self, state: DemoState) -> None:
        for event in reversed([event for event in state.events if event.number > self._last]):
            self._write(f"{_clock(event.time)}  {event.room:<8} {event.event:<22} {event.text}")
            self._last = event.number
        for check in state.checks:
            if check.done and check.text not in self._seen:
                self._seen.add(check.text)
                self._write(f"{_clock(state.now)}  {'':<8} {'seen':<22} {check.text}")


# ------------------------------------------------------------------------------------ the picture


def picture(state: DemoState, url: str, height: int) -> RenderableType:
    """One still of the terminal view; ``height`` in lines decides how much of it there is."""
    head = Text.assemble(
        ("Room-system connector ", "bold"), ("demo: the daemon is real, units and bridge are simulated\n", "dim"),
        "Page: ", (url, "underline"), ("   Ctrl-C ends it", "dim"),
    )  # fmt: skip
    if state.ends_at is not None:
        head.append(f"   ends in {max(0, round((state.ends_at - state.now).total_seconds()))} s", "dim")
    if height >= _ROOMY:
        return Group(head, _rooms(state, 3), _bridge(state), _checks(state), _events(state, _EVENTS_SHOWN))
    left = height - 2 - (4 + 2 * len(state.rooms)) - 2 - 3
    return Group(head, _rooms(state, 2), _people(state), _next_check(state), _events(state, max(2, left)))


def _rooms(state: DemoState, lines: int) -> RenderableType:
    table = Table(expand=True)
    table.add_column("Room", ratio=3, no_wrap=True)
    table.add_column("On its screen", ratio=4, no_wrap=True)
    table.add_column("Call", ratio=3, no_wrap=True)
    for room in state.rooms:
        table.add_row(_name(room), _screen(room, lines), _calls(room, state.now))
    return table


def _name(room: RoomView) -> Text:
    return Text.assemble((room.name, "bold"), (f"\n{room.unit}", "dim"))


def _screen(room: RoomView, lines: int) -> Text:
    text = Text("\n").join(_line(line, room.zone) for line in room.screen[:lines])
    if len(room.screen) > lines:
        text.append(f"  … {len(room.screen) - lines} more", "dim")
    if room.trouble:
        text.append(f"\n{room.trouble}", "yellow")
    return text if text.plain else Text("no meetings", "dim")


def _line(line: ScreenView, zone: str) -> Text:
    start = line.start.astimezone(ZoneInfo(zone)).strftime("%H:%M")
    text = Text.assemble((start, "cyan"), f" {line.title} ")
    return text.append(" Join ", "bold white on green") if line.button else text


def _calls(room: RoomView, now: datetime) -> Text:
    if not room.calls:
        return Text("–", "dim")
    return Text("\n").join(_call(call, now) for call in room.calls)


def _call(call: CallView, now: datetime) -> Text:
    seconds = max(0, int((now - call.since).total_seconds()))
    state = f"{call.state} {seconds // 60}:{seconds % 60:02}"
    return Text.assemble((state, "bold green" if call.state == "connected" else "yellow"), (f"\n{call.remote}", "dim"))


def _people(state: DemoState) -> Text:
    meetings = Text("; ").join(
        Text(f"{meeting.title or 'Meeting'} {meeting.meeting_id}: " + ", ".join(p.name for p in meeting.participants))
        for meeting in state.meetings
    )
    return _one_line(("On the bridge: ", "bold"), meetings if meetings.plain else ("nobody", "dim"))


def _bridge(state: DemoState) -> RenderableType:
    return Panel(_people(state), title=f"Simulated bridge {state.bridge}")


def _checks(state: DemoState) -> RenderableType:
    lines = (Text(f"{'✓' if c.done else '○'} {c.text}", "" if c.done else "dim") for c in state.checks)
    return Panel(Text("\n").join(lines), title="Seen so far")


def _next_check(state: DemoState) -> Text:
    waiting = [check.text for check in state.checks if not check.done]
    seen = f"{len(state.checks) - len(waiting)} of {len(state.checks)}"
    return _one_line(("Seen: ", "bold"), seen, (f"   still to come: {waiting[0]}" if waiting else "", "dim"))


def _one_line(*parts: str | Text | tuple[str, str]) -> Text:
    return Text.assemble(*parts, no_wrap=True, overflow="ellipsis")


def _events(state: DemoState, count: int) -> RenderableType:
    lines = Table.grid(padding=(0, 1))
    for style, width in (("dim", 8), ("bold", 7), ("cyan", 14), ("", None)):
        lines.add_column(style=style, no_wrap=True, min_width=width)
    for event in state.events[:count]:
        lines.add_row(_clock(event.time), event.room, event.event, Text(event.text))
    return Panel(lines, title="What happened")


def _clock(moment: datetime) -> str:
    """The terminal's own zone: it is the person's."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone().strftime("%H:%M:%S")
