"""Where the demo's rooms have their calendars: files of its own folder, or mailboxes of a calendar service."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from connector.demo import ics_file
from connector.demo.scenario import Part, Timing, meetings
from connector.demo.state import DemoError


class Calendars(Protocol):
    """``noun``: what holds one room's meetings, for sentences. ``settings``: what connector.toml says of them."""

    noun: str
    settings: str

    def address(self, part: Part) -> str:
        """The column ``calendar`` of rooms.csv."""
        ...

    def label(self, part: Part) -> str:
        """For the page."""
        ...

    def read(self, part: Part) -> str:
        """As iCalendar. Raises DemoError."""
        ...

    def write(self, part: Part, text: str) -> None:
        """Raises DemoError where the calendar cannot take the text."""
        ...

    def promised(self) -> tuple[str, Callable[[], bool]] | None:
        """What else must be seen after an edit: a sentence, and whether it was. None: nothing."""
        ...


def fill(calendars: Calendars, cast: Iterable[Part], began: datetime, timing: Timing) -> None:
    for part in cast:
        text = ics_file.empty()
        for meeting in meetings(part, began, timing):
            text = ics_file.with_meeting(text, meeting)
        calendars.write(part, text)


class CalendarFiles:
    """One .ics file a room. Text that is no calendar is written too: that the screen survives it is the point."""

    noun = "calendar file"
    settings = ""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def address(self, part: Part) -> str:
        return f"calendars/{part.id}.ics"

    def label(self, part: Part) -> str:
        return self.address(part)

    def read(self, part: Part) -> str:
        """Line ends as they are in the file: the page shows and saves the file itself."""
        try:
            with self._path(part).open(encoding="utf-8", errors="replace", newline="") as file:
                return file.read()
        except OSError as error:
            raise DemoError(f"The calendar file cannot be read: {error.strerror}.") from None

    def write(self, part: Part, text: str) -> None:
        ics_file.save(self._path(part), text)

    def promised(self) -> tuple[str, Callable[[], bool]] | None:
        return None

    def _path(self, part: Part) -> Path:
        return self._folder / self.address(part)


@dataclass
class Mailboxes:
    """Meetings of rooms in a service that runs beside the demo: what changed is put there, what is gone is removed.

    ``place``: the service's name. ``domain``: what stands behind a room's name in its address. ``put`` is given an
    address, a UID and its components; ``remove`` an address and a UID. ``told``: it has sent us word of a change.
    """

    place: str
    domain: str
    settings: str
    put: Callable[[str, str, tuple[str, ...]], None]
    remove: Callable[[str, str], None]
    told: Callable[[], bool]
    noun: str = "mailbox"
    _texts: dict[str, str] = field(default_factory=dict)
    _held: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)  # room id -> UID -> components

    def mailbox(self, part: Part) -> str:
        return f"{part.id}{self.domain}"

    def address(self, part: Part) -> str:
        return f"cloud:{self.mailbox(part)}"

    def label(self, part: Part) -> str:
        return f"{self.mailbox(part)}, {self.place}"

    def read(self, part: Part) -> str:
        return self._texts.get(part.id) or ics_file.empty()

    def write(self, part: Part, text: str) -> None:
        """All of it or nothing: a mailbox holds meetings, not a text that could be broken."""
        wanted = ics_file.by_uid(text)
        held = self._held.setdefault(part.id, {})
        for uid in held.keys() - wanted.keys():
            self.remove(self.mailbox(part), uid)
            del held[uid]
        for uid, components in wanted.items():
            if held.get(uid) != components:
                self.put(self.mailbox(part), uid, components)
                held[uid] = components
        self._texts[part.id] = text

    def promised(self) -> tuple[str, Callable[[], bool]] | None:
        return f"{self.place} told the connector of a change by itself.", self.told
