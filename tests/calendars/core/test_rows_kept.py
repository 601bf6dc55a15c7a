"""A row that became bad takes no room out of service, also where connector.toml changes meanwhile."""

from __future__ import annotations

from tests.calendars.core.harness import Folder
from tests.support.patience import until


async def test_a_room_with_a_bad_row_is_served_over_a_change_of_the_settings(folder: Folder) -> None:
    folder.toml("")
    folder.rooms(one="one.ics", two="two.ics")
    good = (folder.path / "rooms.csv").read_text()
    async with folder.daemon() as daemon:
        (folder.path / "rooms.csv").write_text(good.replace("one,one,one.ics,cisco", "one,one,one.ics,cisko"))
        await until(lambda: folder.named("rooms.rejected"), "the bad row is told")
        folder.toml("[sync]\npoll_every = 50\n")
        await until(lambda: folder.named("config.loaded"), "the settings are taken")
        await until(lambda: len(folder.named("rooms.loaded")) == 3, "the rooms are applied again")
        assert [told["rooms"] for told in folder.named("rooms.loaded")] == [2, 2, 2]
        assert len(daemon.rooms) == 1  # what the file says stays what the commands show
        (folder.path / "rooms.csv").write_text(good.partition("two,")[0])
        await until(lambda: len(folder.named("rooms.loaded")) == 4, "a good row takes its place, a removed one goes")
        assert folder.named("rooms.loaded")[-1]["rooms"] == 1
