"""A small town on loopback: simulated Cisco units, a simulated bridge, .ics files, and the real daemon as a process.

Used by the benchmarks and by the end-to-end tests. Everything it starts it stops.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from device_drivers import registry
from device_drivers.cisco.simulator import CiscoSimulator
from device_drivers.sip_agent.light import LightSipAgent
from device_drivers.testing.bridge import SimulatedBridge

PASSWORD = "a password of a simulated unit"
_COLUMNS = ("id", "name", "calendar", "device_type", "ip_address", "port", "tls", "credential", "timezone", "template")


def invitation(number: str, passcode: str) -> str:
    """What an organiser's plug-in writes, in our own words; ICS-escaped."""
    return (
        f"You are invited to a Zoom meeting.\\n\\nhttps://us02web.zoom.us/j/{number}?pwd=bm90IGEgcGFzc2NvZGU.1\\n\\n"
        f"Meeting ID: {number}\\nPasscode: {passcode}\\n"
    )


def meeting(uid: str, start: datetime, end: datetime, number: str = "12345678901", passcode: str = "4321") -> str:
    """One event with a Zoom invitation."""
    stamp = "%Y%m%dT%H%M%SZ"
    return "\r\n".join(
        [
            "BEGIN:VEVENT",
            f"UID:{uid}",
            f"DTSTAMP:{datetime.now(UTC).strftime(stamp)}",
            f"DTSTART:{start.astimezone(UTC).strftime(stamp)}",
            f"DTEND:{end.astimezone(UTC).strftime(stamp)}",
            f"SUMMARY:Meeting {uid}",
            f"DESCRIPTION:{invitation(number, passcode)}",
            "END:VEVENT",
        ]
    )


def calendar(*events: str) -> str:
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//connector//benchmarks//EN")
    return "\r\n".join((*head, *events, "END:VCALENDAR", ""))


EMPTY = calendar()


@dataclass(slots=True)
class Site:
    """``units`` by room id. ``settings``: lines appended to connector.toml."""

    folder: Path
    rooms: int
    settings: str = ""
    template: str = "auto_join = true"
    with_sip: bool = True
    firmware: str = "ce9.15"
    units: dict[str, CiscoSimulator] = field(default_factory=dict)
    bridge: SimulatedBridge = field(default_factory=lambda: SimulatedBridge(open=True))
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        registry.records()
        await self._stack.enter_async_context(self.bridge)
        for number in range(1, self.rooms + 1):
            await self._add_unit(f"room{number:04d}", number)
        (self.folder / "calendars").mkdir(parents=True, exist_ok=True)
        for room in self.units:
            self.write(room, EMPTY)
        self.write_rooms()
        self.write_settings()
        return self

    async def _add_unit(self, room: str, number: int) -> None:
        host = f"127.1.{number // 250}.{number % 250 + 1}"
        agent = None
        if self.with_sip:
            agent = LightSipAgent(host, self.bridge.address("udp"), display_name=room)
            await self._stack.enter_async_context(agent)
        unit = CiscoSimulator(host=host, firmware=self.firmware, sip=agent, unit_id=room, password=PASSWORD, name=room)
        self.units[room] = await self._stack.enter_async_context(unit)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    # files that a user would write

    @property
    def config(self) -> Path:
        return self.folder / "connector.toml"

    def write_settings(self, extra: str = "") -> None:
        networks = '[networks]\nprivate = ["127.0.0.0/8"]'
        template = f"[templates.default]\n{self.template}"
        self.config.write_text("\n\n".join((networks, template, self.settings, extra)) + "\n")

    def write_rooms(self, **changed: dict[str, str]) -> None:
        """``changed``: cells to write differently, by room id."""
        with (self.folder / "rooms.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, _COLUMNS)
            writer.writeheader()
            for room, unit in self.units.items():
                writer.writerow(self._row(room, unit) | changed.get(room, {}))

    def _row(self, room: str, unit: CiscoSimulator) -> dict[str, str]:
        endpoint = unit.endpoint
        return {
            "id": room,
            "name": f"Room {room}",
            "calendar": f"calendars/{room}.ics",
            "device_type": "cisco",
            "ip_address": endpoint.address,
            "port": str(endpoint.port),
            "tls": f"pin:{endpoint.tls.value}",
            "credential": "env:UNIT_PASSWORD",
            "timezone": "Europe/Berlin",
            "template": "default",
        }

    def write(self, room: str, text: str) -> None:
        """As an editor saves: a new file takes the old one's place."""
        path = self.folder / "calendars" / f"{room}.ics"
        fresh = path.with_suffix(".tmp")
        fresh.write_text(text, newline="")
        fresh.replace(path)

    def book(self, room: str, start: datetime, length: timedelta, number: str = "12345678901", uid: str = "m1") -> None:
        self.write(room, calendar(meeting(uid, start, start + length, number)))

    def daemon(self, **environment: str) -> Daemon:
        """One that is still there when the site closes is killed."""
        daemon = Daemon(self.config, {"UNIT_PASSWORD": f"admin:{PASSWORD}", **environment})
        self._stack.push_async_callback(daemon.kill)
        return daemon


class Daemon:
    """``connector run`` as a process of its own; its JSON lines are kept."""

    # Seconds after it was told to. Tests have more patience.
    ends_within: ClassVar[Callable[[], float]] = staticmethod(lambda: 20.0)

    def __init__(self, config: Path, environment: dict[str, str]) -> None:
        self._config = config
        self._environment = os.environ | environment
        self.lines: list[dict[str, Any]] = []
        self.output: list[str] = []
        self.process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "connector",
            "run",
            "-c",
            str(self._config),
            env=self._environment,
            stderr=asyncio.subprocess.STDOUT,
            stdout=asyncio.subprocess.PIPE,
        )
        self._reader = asyncio.create_task(self._read(self.process))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            text = line.decode(errors="replace").rstrip()
            self.output.append(text)
            with suppress(ValueError):
                self.lines.append(json.loads(text))

    async def kill(self) -> None:
        """kill -9."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """SIGTERM; the exit status."""
        return await self._end(signal.SIGTERM)

    async def wait(self) -> int:
        """Until it ends by itself; the exit status."""
        assert self.process is not None and self._reader is not None
        status = await asyncio.wait_for(self.process.wait(), type(self).ends_within())
        await self._reader
        self.process = None
        return status

    async def _end(self, number: signal.Signals) -> int:
        if self.process is None or self._reader is None:
            return 0
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        return await self.wait()

    def named(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line.get("event") == event]

    def resident_kib(self) -> int:
        """Of the running process, from /proc."""
        assert self.process is not None
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0

    def cpu_seconds(self) -> float:
        assert self.process is not None
        return cpu_seconds(self.process.pid)


def cpu_seconds(process: int) -> float:
    """Processor time of a running process and its threads, from /proc."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def served(daemon: Daemon) -> set[str]:
    """The rooms whose screens were pushed."""
    return {line["room"] for line in daemon.named("screen.pushed")}


async def until(condition: Callable[[], object], what: str, seconds: float = 20.0) -> None:
    """Poll with a deadline; AssertionError names what did not happen."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(0.02)
