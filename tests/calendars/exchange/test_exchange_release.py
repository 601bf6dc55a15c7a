"""`connector calendars sync` is the way out for a source that remembers a refusal over restarts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from pathlib import Path

import pytest

from connector.calendars.base import Forgiving
from connector.engine.commands import Commands
from connector.errors import CredentialsRejected
from connector.model import CalendarId, Snapshot, Window
from connector.store.writer import StoreError
from tests.engine.test_sync import Desk, MemorySource


@dataclass(slots=True)
class RefusedSource(MemorySource):
    forgiven: int = 0
    disk_full: bool = False

    async def read(self, calendar: str, window: Window, zone: tzinfo | None = None) -> Snapshot:
        raise CredentialsRejected("The password is refused.")

    async def forgive(self) -> None:
        if self.disk_full:
            raise StoreError("The disk is full.")
        self.forgiven += 1


@pytest.mark.parametrize(("refused", "disk_full"), [(True, False), (True, True), (False, False)])
async def test_what_was_refused_is_forgiven_before_it_is_opened_anew(
    tmp_path: Path, refused: bool, disk_full: bool
) -> None:
    desk = Desk(tmp_path)
    source = RefusedSource(disk_full=disk_full)
    assert isinstance(source, Forgiving)
    if refused:
        desk.source = source
    async with desk:
        await desk.use("c")
        assert desk.reader.blocked("s") is refused
        await desk.store.ask("sync", "", desk.clock.now(), timedelta(minutes=1))
        reopened: list[str] = []

        async def reopen(names: Collection[str]) -> None:
            reopened.extend(names)

        carried_out = Commands(
            desk.reader, lambda _: False, reopen, clock=desk.clock, store=desk.store, recorder=desk.recorder
        )
        await carried_out.look(lambda _: CalendarId("s", "c"))
        assert reopened == (["s"] if refused and not disk_full else [])
    assert source.forgiven == (refused and not disk_full)
    outcomes = [event["outcome"] for event in desk.events if event["event"] == "daemon.command"]
    assert ["The disk is full." in outcome for outcome in outcomes] == [disk_full]
