"""The daemon notices that the computer's clock was set (A14)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connector.clock import SystemClock
from connector.running.daemon import Connector, running
from tests.calendars.core.fake_source import event
from tests.calendars.core.harness import Folder
from tests.support.patience import until


class Settable(SystemClock):
    def __init__(self) -> None:
        super().__init__()
        self.set_by = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.set_by


@pytest.mark.parametrize("by", [timedelta(hours=-2), timedelta(hours=3)])
async def test_a14_calendars_are_read_on_after_the_clock_was_set(folder: Folder, by: timedelta) -> None:
    folder.toml('[calendars.office]\ntype = "fake"\n[sync]\npoll_every = 3600\n')
    folder.rooms(one="office:one@example.org")
    clock = Settable()
    connector = Connector(folder.path, environ={"PW": "x"}, watcher=folder.events.append, clock=clock)
    async with running(connector):
        await until(lambda: folder.provider.reads, "the calendar is read")
        await until(lambda: folder.named("rooms.loaded"), "the daemon runs")
        clock.set_by = by
        soon = clock.now() + timedelta(hours=1)
        folder.provider.events["one@example.org"] = (event("a", soon, soon + timedelta(hours=1), "zoom.us/j/1"),)
        await until(lambda: folder.named("clock.stepped"), "the step is noticed")
        await until(lambda: any(e["meetings"] == 1 for e in folder.named("calendar.read")), "it is read again")
    assert abs(folder.named("clock.stepped")[0]["seconds"] - by.total_seconds()) <= 1
    assert not folder.named("lane.failed")
