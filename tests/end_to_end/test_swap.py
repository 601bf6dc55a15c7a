"""connector devices swap beside the real daemon: the new unit gets the room's list, the old one is left clean."""

from __future__ import annotations

from pathlib import Path

from benchmarks.world import PASSWORD, Site, served
from device_drivers.cisco.simulator import CiscoSimulator
from tests.end_to_end.test_bad_input import HALF_HOUR, ONE, TWO, command, running, soon
from tests.support.patience import until


async def test_a_codec_is_swapped_while_the_daemon_runs(tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=2, with_sip=False) as site:
        old, other = site.units[ONE], site.units[TWO]
        port = old.endpoint.port or 0
        new = CiscoSimulator(host="127.1.9.9", port=port, password=PASSWORD, serial_number="FOC9", product="Room Bar")
        async with new, running(site) as daemon:
            for room in site.units:
                site.book(room, soon(3600), HALF_HOUR)
            await until(lambda: old.screen() and other.screen() and len(served(daemon)) == 2, "both rooms are served")
            others = (site.folder / "rooms.csv").read_bytes().splitlines()[2]
            done = await command(site, "devices", "swap", ONE, "--to", "127.1.9.9", "--yes")
            assert done.status == 0, done
            assert "Room Kit" in done.output and "Room Bar" in done.output and "FOC9" in done.output
            await until(lambda: new.screen() and not old.screen(), "the list moved to the new unit")
            assert other.screen()
            assert (site.folder / "rooms.csv").read_bytes().splitlines()[2] == others
            told = await command(site, "devices", "probe", "--all")
            assert told.status == 0 and told.output.count("same") == 2, told
        assert new.login_attempts() == 0
