"""Carries out what people ask from the command line or a page, and says what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from functools import partial

from connector import events
from connector.clock import Clock
from connector.engine.reader import Reader
from connector.engine.recorder import Recorder
from connector.engine.unit_commands import KINDS, UnitCommands
from connector.model import CalendarId
from connector.redaction import foreign_text
from connector.store.api import Command, StoreApi, StoreError

_INTERRUPTED = "The daemon was started anew while it carried this out; connector explain says what became of it."
_FAILURES = ("There is no ", "This version does not know ", "The refused credentials were not ")


class Commands:
    """``look`` once a second. ``reopen``: opens sources anew that were refused; only so do they ask again."""

    def __init__(
        self,
        reader: Reader,
        try_again: Callable[[str], bool],
        reopen: Callable[[Collection[str]], Awaitable[None]],
        *,
        clock: Clock,
        store: StoreApi,
        recorder: Recorder,
        units: UnitCommands | None = None,
    ) -> None:
        self._reader = reader
        self._units = units
        self._try_again = try_again
        self._reopen = reopen
        self._clock = clock
        self._store = store
        self._recorder = recorder
        self._lease = store.calendar_lease(":daemon")
        self._seen: set[int] = set()

    async def look(self, calendar_of: Callable[[str], CalendarId | None]) -> None:
        """What is pending and not expired is done once. A database in trouble costs nothing but the command.
        ``calendar_of``: room id -> its calendar, as the rooms are now; None: no such room."""
        try:
            found = await self._store.pending(self._clock.now())
        except StoreError:  # the store says so itself
            return
        if self._units is not None:
            await self._units.look()
        self._seen &= {command.id for command in found}
        for command in found:
            if command.id in self._seen:
                continue  # its outcome is not on the disk yet
            self._seen.add(command.id)
            if command.taken:
                self._answer(command, _INTERRUPTED, failed=True)
            elif self._units is not None and command.kind in KINDS:
                await self._units.carry_out(command, partial(self._told, command))
            else:
                outcome = await self._do(command, calendar_of)
                self._answer(command, outcome, failed=outcome.startswith(_FAILURES))

    def _told(self, command: Command, sentence: str, failed: bool) -> None:
        self._answer(command, sentence, failed=failed)

    def _answer(self, command: Command, outcome: str, *, failed: bool) -> None:
        outcome = foreign_text(outcome)  # a unit's own sentence may stand in it
        event = events.DaemonCommand(command=command.kind, target=command.target, outcome=outcome)
        self._recorder.post(self._store.answer(self._lease, command, outcome, failed=failed), tells=[event])

    async def _do(self, command: Command, calendar_of: Callable[[str], CalendarId | None]) -> str:
        kind, _, name = command.target.partition(":")
        if command.kind == "sync" and kind == "room":
            calendar = calendar_of(name)
            return await self._read_anew([calendar]) if calendar else f"There is no room {name}."
        if command.kind == "sync":
            return await self._read_anew(self._reader.calendars(name or None))
        if command.kind == "retry":
            known = self._try_again(name)
            return (
                f"The unit of {name} is asked now, with the password it has." if known else f"There is no room {name}."
            )
        if command.kind == "release":
            count = self._reader.release(command.target)
            return f"{count} calendars are read once more; what is still empty then is believed."
        return f"This version does not know the command {command.kind}."

    async def _read_anew(self, calendars: Iterable[CalendarId]) -> str:
        listed = tuple(calendars)
        refused = {calendar.source for calendar in listed if self._reader.blocked(calendar.source)}
        if refused:
            try:
                await self._reader.forgive(refused)
            except StoreError as error:
                return f"The refused credentials were not tried again: {error}"
            await self._reopen(refused)
            return "A source had its credentials refused: the sources are opened anew and asked once more."
        for calendar in listed:
            self._reader.read_anew(calendar)
        return "1 calendar is being read." if len(listed) == 1 else f"{len(listed)} calendars are being read."
