"""From a change at a calendar service to the booking on the unit's screen: told of it, and by the poll alone.

Run: python -m benchmarks.change_to_screen [--rooms 1000] [--service graph|google|exchange|all] [--mode told|poll|both]

Three processes: the service's stand-in server; ``connector run`` with its default settings; and this one, with the
simulated units and their real HTTPS. Told: the service calls the daemon's own webhook listener over HTTPS (Exchange:
the daemon holds its streams). Poll: no listener, no streams. The meeting's number is changed in the stand-in, and the
time is taken when the new number stands in the unit's own list of bookings, which is looked at every 5 ms.

Columns: ``start_s``, from the start of the process until every screen shows all its meetings and every room is
subscribed; ``start_cpu_s``, the daemon's processor time until then; ``calls_room``, what a room cost in requests until
then; then the seconds from change to screen; ``warnings``, lines of the daemon's log at warning or above. Exit status 1
when a booking never arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import tempfile
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path

from benchmarks.figures import report
from benchmarks.provider import SERVICES, Provider, address, provider
from benchmarks.stopwatch import Stopwatch, measured
from benchmarks.world import Daemon, Site, until
from connector.standins.tls import loopback_tls

_SECRET = "SECRET_OF_THE_SERVICE"
_POLL = 60.0  # seconds: the daemon's default
_GOOGLE_SHARE = 900_000  # requests a day that the daemon's defaults allow itself
_START = 180.0  # seconds at most
_SETTLE = 20.0  # seconds: the second look at what was read, and the check of each screen


def _sections(service: str, options: Mapping[str, object], folder: Path, told: bool) -> str:
    """Of connector.toml."""
    section = {"type": service} | {key: value for key, value in options.items() if key}
    secret = next(key for key, value in section.items() if value == "env:S")
    section[secret] = f"env:{_SECRET}"
    if service == "exchange":
        section["streaming"] = told
    lines = ["[calendars.cloud]", *(f"{key} = {json.dumps(value)}" for key, value in section.items())]
    if told and service != "exchange":
        with socket.create_server(("127.0.0.1", 0)) as free:
            listen = f"127.0.0.1:{free.getsockname()[1]}"
        own = str(folder / "standin-server.pem")
        webhooks = {"public_url": f"https://{listen}", "listen": listen, "cert_file": own, "key_file": own}
        lines += ["", "[webhooks]", *(f"{key} = {json.dumps(value)}" for key, value in webhooks.items())]
    return "\n".join(lines)


def _cycle(service: str, rooms: int) -> float:
    """Seconds between two polls of a room without notifications."""
    return max(_POLL, rooms * 86_400 / _GOOGLE_SHARE) if service == "google" else _POLL


class Town:
    """Provider, units and daemon of one service."""

    def __init__(self, service: str, there: Provider, site: Site, daemon: Daemon, *, told: bool) -> None:
        self.service, self.there, self.site, self.daemon, self.told = service, there, site, daemon, told
        self.addresses = {room: address(n) for n, room in enumerate(site.units)}
        self._numbers = count(1)

    async def started(self, meetings: int, began: float) -> dict[str, float | int]:
        rooms = len(self.site.units)

        def right() -> bool:
            assert self.daemon.process is not None and self.daemon.process.returncode is None, self.daemon.output[-5:]
            return all(len(unit.state.bookings) == meetings for unit in self.site.units.values())

        try:
            await until(right, "all screens are right", _START)
        except AssertionError as error:  # a start that does not end is explained
            troubles = [line for line in self.daemon.lines if line.get("level") in ("warning", "error")]
            wrong = [room for room, unit in self.site.units.items() if len(unit.state.bookings) != meetings]
            raise AssertionError(f"{error}; wrong: {wrong[:5]}; the daemon says: {troubles[-3:]}") from None
        screens = time.monotonic() - began
        while self.told and await self.there.subscribed() < rooms:
            if time.monotonic() > began + _START:
                raise AssertionError("not all rooms were subscribed")
            await asyncio.sleep(0.1)
        start = time.monotonic() - began
        return {
            "screens_s": round(screens, 1),
            "start_s": round(start, 1),
            "start_cpu_s": round(self.daemon.cpu_seconds(), 1),
            "calls_room": round(await self.there.calls() / rooms, 2),
        }

    async def change(self, room: str) -> tuple[str, float]:
        number = f"7{next(self._numbers):010d}"
        return number, await self.there.change(self.addresses[room], number)

    async def follow(self, changes: int, spread_over: float) -> dict[str, float | int]:
        cycle = _cycle(self.service, len(self.site.units))
        over = spread_over if self.told else 2 * cycle  # any time between two polls
        rooms = random.sample(list(self.site.units), min(changes, len(self.site.units)))
        moments = sorted(random.uniform(0, over) for _ in rooms)
        watch = Stopwatch(self.site.units, self.change)
        processes = {"service": self.there.process.pid}
        return await measured(self.daemon, watch, zip(rooms, moments, strict=True), 2 * cycle + _POLL, processes)


async def measure(service: str, told: bool, options: argparse.Namespace) -> dict[str, float | int]:
    with tempfile.TemporaryDirectory(prefix="change-to-screen-") as name:
        folder = Path(name)
        _, trust = loopback_tls(folder)
        async with provider(service, options.rooms, options.meetings, trust) as there:
            settings = _sections(service, there.options, folder, told)
            site = Site(folder, options.rooms, settings, template="", with_sip=False, firmware=options.firmware)
            async with site:
                calendars = {room: {"calendar": f"cloud:{address(n)}"} for n, room in enumerate(site.units)}
                site.write_rooms(**calendars)
                began = time.monotonic()
                async with site.daemon(**{_SECRET: str(there.options[""])}) as daemon:
                    town = Town(service, there, site, daemon, told=told)
                    row = await town.started(options.meetings, began)
                    await asyncio.sleep(_SETTLE)
                    row |= await town.follow(options.changes, options.spread_over)
                    return row | {"warnings": sum(line.get("level") in ("warning", "error") for line in daemon.lines)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.change_to_screen", description=__doc__)
    parser.add_argument("--rooms", type=int, default=1000)
    parser.add_argument("--service", choices=(*SERVICES, "all"), default="all")
    parser.add_argument("--mode", choices=("told", "poll", "both"), default="both")
    parser.add_argument("--meetings", type=int, default=4, help="of each room")
    parser.add_argument("--changes", type=int, default=200, help="in different rooms")
    parser.add_argument("--spread-over", type=float, default=40.0, help="seconds, where the service tells of changes")
    parser.add_argument("--firmware", default="ce9.15")
    options = parser.parse_args()
    rows: dict[str, dict[str, float | int]] = {}
    for service in SERVICES if options.service == "all" else (options.service,):
        for mode in ("told", "poll") if options.mode == "both" else (options.mode,):
            rows[f"{service}, {mode}"] = asyncio.run(measure(service, mode == "told", options))
    report("change_to_screen", rows, rooms=options.rooms, meetings_a_room=options.meetings, unit="seconds")
    return 1 if any(row["lost"] for row in rows.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
