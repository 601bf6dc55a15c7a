"""What the demo promises to show, checked on the simulators and the bridge themselves, never on the daemon's word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.demo.live import LiveDemo
from connector.demo.scenario import ADDED_TITLE, DESIGN_REVIEW, HIDDEN, TEAMS_TITLE, WEEKLY, Timing, added_meeting
from connector.demo.simulated_site import SimulatedSite
from connector.demo.state import CheckView
from device_drivers.api import CallState
from device_drivers.testing.bridge import Participant, ParticipantState
from device_drivers.testing.simulator import ScreenLine

_LOOK_EVERY = 0.1  # seconds
_ON_TIME = timedelta(seconds=2)  # a dial this late is still called on time, on a busy laptop too
_LEFT_BY = timedelta(seconds=5)


@dataclass
class _Check:
    text: str
    seen: Callable[[], bool]
    done: bool = False


@dataclass
class Summary:
    """``problems``: sentences; none of them means that the demo showed what it promised."""

    buttons: int
    calls_placed: int
    calls_answered: int
    calls_left: int
    meetings_joined: int
    problems: list[str]


@dataclass
class Story:
    """``acts``: whether the demo plays the people too, as nobody may be there."""

    live: LiveDemo
    house: SimulatedSite
    began: datetime
    timing: Timing
    acts: bool
    checks: list[_Check] = field(default_factory=list)
    buttons: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    _edited_at: float | None = None
    _edit_took: float | None = None

    def __post_init__(self) -> None:
        self.checks = list(self._promises())

    async def run(self) -> None:
        """Until cancelled: look at everything ten times a second, and act when it is time to."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        while True:
            if self.acts:
                await self._act(loop.time() - start)
            self._look(loop.time())
            await asyncio.sleep(_LOOK_EVERY)

    def summary(self) -> Summary:
        """To be asked when the house is closed."""
        log = [call for unit in self.house.units.values() for call in unit.call_log()]
        bridge = self.house.bridge.log
        missing = [f"Not seen: {check.text}" for check in self.checks if not check.done]
        if self.house.bridge.participants() or any(unit.live_calls() for unit in self.house.units.values()):
            missing.append("A call was still up after everything had stopped.")
        return Summary(
            buttons=len(self.buttons),
            calls_placed=len(log),
            calls_answered=sum(p.answered is not None for p in bridge),
            calls_left=sum(p.state is ParticipantState.LEFT for p in bridge),
            meetings_joined=len({p.meeting_id for p in bridge if p.answered is not None}),
            problems=[*self.problems, *missing],
        )

    # -------------------------------------------------------------------------------- promises

    def _promises(self) -> Iterator[_Check]:
        rooms = self.house.units
        yield _Check(f"Aspen's screen has a Join button for “{DESIGN_REVIEW.title}”.", self._aspen_has_button)
        yield _Check(f"Join was pressed in Aspen, and the bridge has it in {DESIGN_REVIEW.meeting_id}.", self._aspen_in)
        if self.acts:
            yield _Check("Aspen's call was ended by hand, and the bridge saw it leave.", self._aspen_left)
        for room in (room for room in ("birch", "dogwood") if room in rooms):
            name = self._name(room)
            joined, left = self._joins_alone(room), self._leaves_alone(room)
            yield _Check(f"{name} joined {WEEKLY.meeting_id} by itself when the meeting started.", joined)
            yield _Check(f"{name} left by itself when the meeting ended.", left)
        if "cedar" in rooms:
            yield _Check("Cedar shows “Private meeting” instead of a private title.", self._cedar_is_private)
            yield _Check(f"Cedar's old unit leaves “{TEAMS_TITLE}” off, and the page says why.", self._cedar_explains)
            if self.acts:
                noun, promised = self.live.calendars.noun, self.live.calendars.promised()
                yield _Check(f"A meeting added to Cedar's {noun} appeared on its screen.", self._edit_arrived)
                if promised is not None:
                    yield _Check(*promised)

        if "dogwood" in rooms:
            yield _Check(f"Dogwood shows “{TEAMS_TITLE}” without a button.", self._dogwood_has_teams)

    def _aspen_has_button(self) -> bool:
        return any(line.button for line in self._lines("aspen", DESIGN_REVIEW.title))

    def _aspen_in(self) -> bool:
        return any(p.state is ParticipantState.IN_MEETING for p in self._visits("aspen", DESIGN_REVIEW.meeting_id))

    def _aspen_left(self) -> bool:
        visits = self._visits("aspen", DESIGN_REVIEW.meeting_id)
        return any(p.state is ParticipantState.LEFT and p.ended_by == "caller" for p in visits)

    def _joins_alone(self, room: str) -> Callable[[], bool]:
        planned = (self.began + timedelta(seconds=self.timing.auto_start)).replace(microsecond=0)

        def seen() -> bool:
            visits = self._visits(room, WEEKLY.meeting_id)
            return any(p.answered and abs(p.started - planned) <= _ON_TIME for p in visits)

        return seen

    def _leaves_alone(self, room: str) -> Callable[[], bool]:
        planned = (self.began + timedelta(seconds=self.timing.auto_end)).replace(microsecond=0)

        def seen() -> bool:
            visits = self._visits(room, WEEKLY.meeting_id)
            times = [p.ended for p in visits if p.ended and p.ended_by == "caller"]
            return any(timedelta(0) <= ended - planned <= _LEFT_BY for ended in times)

        return seen

    def _cedar_is_private(self) -> bool:
        return bool(self._lines("cedar", "Private meeting"))

    def _cedar_explains(self) -> bool:
        found = [d for d in self.live.decisions.get("cedar", ()) if d.title == TEAMS_TITLE]
        explained = any(d.outcome == "left_off" and d.reason for d in found)
        return explained and bool(self._lines("cedar", "Private meeting")) and not self._lines("cedar", TEAMS_TITLE)

    def _dogwood_has_teams(self) -> bool:
        lines = self._lines("dogwood", TEAMS_TITLE)
        return bool(lines) and not any(line.button for line in lines)

    def _edit_arrived(self) -> bool:
        return bool(self._lines("cedar", ADDED_TITLE))

    # -------------------------------------------------------------------------------- looking

    def _look(self, now: float) -> None:
        for check in self.checks:
            check.done = check.done or check.seen()
        self._note_edit(now)
        for room, unit in self.house.units.items():
            lines = unit.screen()
            self.buttons |= {line.booking_id for line in lines if line.button}
            if len(unit.live_calls()) > 1:
                self._problem(f"{self._name(room)} had two calls at once.")
            if any(HIDDEN.title in line.title for line in lines):
                self._problem(f"{self._name(room)} showed a private title.")
        self.live.checks = tuple(CheckView(check.text, check.done) for check in self.checks)

    def _note_edit(self, now: float) -> None:
        if self._edited_at is not None and self._edit_took is None and self._edit_arrived():
            self._edit_took = now - self._edited_at
            text = f"The edited calendar was on the screen {self._edit_took:.1f} seconds after it was saved."
            self.live.tell("demo.seen", "cedar", text)

    def _problem(self, sentence: str) -> None:
        if sentence not in self.problems:
            self.problems.append(sentence)

    # -------------------------------------------------------------------------------- acting

    async def _act(self, elapsed: float) -> None:
        due = elapsed >= self.timing.edit and self._edited_at is None and "cedar" in self.house.units
        if due and self._cedar_is_private():  # the first reading is on its screen: what follows is a change
            self._edited_at = asyncio.get_running_loop().time()
            cedar = next(part for part in self.live.cast if part.id == "cedar")
            self.live.add_meeting("cedar", added_meeting(cedar, self.began))
        await self._press_and_hang_up(elapsed)

    async def _press_and_hang_up(self, elapsed: float) -> None:
        aspen = self.house.units["aspen"]
        if elapsed >= self.timing.hang_up and any(c.state is CallState.CONNECTED for c in aspen.live_calls()):
            self.live.tell("demo.acts", "aspen", "Nobody ended the call, so the demo does.")
            await self.live.hang_up("aspen")
        elif self.timing.press <= elapsed < self.timing.hang_up and not aspen.call_log():
            buttons = [line for line in self._lines("aspen", DESIGN_REVIEW.title) if line.button]
            if buttons:
                self.live.tell("demo.acts", "aspen", "Nobody pressed Join, so the demo does.")
                await self.live.press_join("aspen", buttons[0].booking_id)

    # -------------------------------------------------------------------------------- small things

    def _lines(self, room: str, title: str) -> list[ScreenLine]:
        return [line for line in self.house.units[room].screen() if line.title == title]

    def _visits(self, room: str, meeting_id: str) -> list[Participant]:
        name = self._name(room)
        return [p for p in self.house.bridge.log if p.display_name == name and p.meeting_id == meeting_id]

    def _name(self, room: str) -> str:
        return next(part.name for part in self.live.cast if part.id == room)
