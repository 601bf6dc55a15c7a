"""Carries out what people ask from the command line or a page, and says what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from connector.engine.driver_session import Tools
from connector.engine.sync import Sync
from connector.model import CalendarId
from connector.store import commands
from connector.store.commands import Command
from connector.store.writer import StoreError


class Commands:
    """``look`` once a second. ``calendar_of``: room id -> its calendar, as the rooms are now; None: no such room."""

    def __init__(self, sync: Sync, try_again: Callable[[str], bool], tools: Tools) -> None:
        self._sync = sync
        self._try_again = try_again
        self._tools = tools
        self._seen: set[int] = set()
        self.reopen = False  # a source that was refused keeps that in mind: only a new one asks again

    async def look(self, calendar_of: Callable[[str], CalendarId | None]) -> None:
        """What is pending and not expired is done once. A database in trouble costs nothing but the command."""
        try:
            found = await commands.pending(self._tools.store, self._tools.clock.now())
        except StoreError:  # the store says so itself
            return
        for command in found:
            if command.id in self._seen:
                continue  # its outcome is not on the disk yet
            self._seen.add(command.id)
            outcome = await self._do(command, calendar_of)
            self._tools.journal.note("daemon.command", command=command.kind, target=command.target, outcome=outcome)
            self._tools.store.post(commands.done(command, outcome))

    async def _do(self, command: Command, calendar_of: Callable[[str], CalendarId | None]) -> str:
        kind, _, name = command.target.partition(":")
        if command.kind == "sync" and kind == "room":
            calendar = calendar_of(name)
            return await self._sync_all([calendar]) if calendar else f"There is no room {name}."
        if command.kind == "sync":
            return await self._sync_all(self._sync.calendars(name or None))
        if command.kind == "retry":
            known = self._try_again(name)
            return (
                f"The unit of {name} is asked now, with the password it has." if known else f"There is no room {name}."
            )
        if command.kind == "release":
            count = self._sync.release(command.target)
            return f"{count} calendars are read once more; what is still empty then is believed."
        return f"This version does not know the command {command.kind}."

    async def _sync_all(self, calendars: Iterable[CalendarId]) -> str:
        listed = tuple(calendars)
        refused = {calendar.source for calendar in listed if self._sync.blocked(calendar.source)}
        if refused:
            try:
                await self._sync.forgive(refused)
            except StoreError as error:
                return f"The refused credentials were not tried again: {error}"
            self.reopen = True
            return "A source had its credentials refused: the sources are opened anew and asked once more."
        for calendar in listed:
            self._sync.read_anew(calendar)
        return "1 calendar is being read." if len(listed) == 1 else f"{len(listed)} calendars are being read."
