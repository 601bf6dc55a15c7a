"""Rooms whose calendars are in a service: simulated units, a stand-in of the service, and the connector's commands."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.world import PASSWORD, Daemon, Site, meeting
from connector.standins.tls import loopback_tls
from tests.end_to_end.providers import PROVIDERS, Provider
from tests.support import patience
from tests.support.patience import until
from tests.support.servers import free_port

PASSCODE = "8604182753"  # as long as one can be: six digits stand in a time stamp now and then
Daemon.ends_within = staticmethod(lambda: patience.seconds(patience.USUAL))
LATER = ["Meeting later"]  # what every screen shows from the start

_SETTINGS = """\
[sync]
poll_every = 86400 # what is seen was told by the service, or asked for
debounce = 0.2
read_again_after = 1

[guard]
rooms = 3
"""


@dataclass
class Office:
    """``provider`` holds a calendar for each room of ``site``. ``authority``: who signed the listener's certificate."""

    site: Site
    provider: Provider
    authority: Path

    def daemon(self) -> Daemon:
        return self.site.daemon()

    def book(self, room: str, uid: str, start: datetime, number: str, *, minutes: float = 30, status: str = "") -> None:
        text = meeting(uid, start, start + timedelta(minutes=minutes), number, PASSCODE)
        if status:
            text = text.replace("END:VEVENT", f"STATUS:{status}\r\nEND:VEVENT")
        self.provider.put(room, uid, text + "\r\n")

    def titles(self, room: str) -> list[str]:
        return [line.title for line in self.site.units[room].screen()]

    def button(self, room: str, title: str) -> str | None:
        """What the one line of this title would dial."""
        (found,) = (line for line in self.site.units[room].screen() if line.title == title)
        return found.button

    def subscribed(self) -> Counter[str]:
        """Live subscriptions by room."""
        rooms = {self.provider.address(room).lower(): room for room in self.site.units}
        return Counter(rooms[address.lower()] for address in self.provider.subscribed().values())

    async def connector(self, *arguments: str, typed: str = "") -> tuple[int, str]:
        """A command beside the daemon: its exit status and all that it printed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "connector", *arguments, "-c", str(self.site.config),
            env=os.environ | {"SSL_CERT_FILE": str(self.authority)},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with patience.timeout(30):
            output, _ = await process.communicate(typed.encode())
        assert process.returncode is not None
        return process.returncode, output.decode()

    async def sync(self) -> None:
        """``connector calendars sync``: every calendar is read now."""
        status, text = await self.connector("calendars", "sync")
        assert (status, text) == (0, f"{len(self.site.units)} calendars are being read.\n")

    def secrets(self) -> tuple[str, ...]:
        """What nobody may read in a log or in an answer. The key file of Google is known by its longest line."""
        longest = max(self.provider.secret.split("\\n"), key=len)
        return PASSCODE, PASSWORD, longest


@asynccontextmanager
async def office(kind: str, folder: Path, *, rooms: int = 3) -> AsyncIterator[Office]:
    """Every room has one meeting, in two hours. The secrets are stored by ``connector secrets``."""
    (folder / "tls").mkdir()
    _, authority = loopback_tls(folder / "tls")
    async with PROVIDERS[kind](ssl.create_default_context(cafile=str(authority))) as provider:
        settings = "\n".join((_SETTINGS, _listener(), provider.section(folder)))
        async with Site(folder, rooms=rooms, settings=settings) as site:
            made = Office(site, provider, authority)
            for room in site.units:
                provider.add(room)
                made.book(room, "later", hours_ahead(2), "90000009999")
            cells = {"credential": "vault:units"}
            site.write_rooms(**{r: {"calendar": f"office:{provider.address(r)}", **cells} for r in site.units})
            for name, value in (("office", provider.secret), ("units", f"admin:{PASSWORD}")):
                status, text = await made.connector("secrets", "set", name, typed=f"{value}\n")
                assert status == 0 and text.endswith(f"; refer to it as vault:{name}\n")
            yield made


def hours_ahead(hours: float) -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=hours)


async def until_served(made: Office, daemon: Daemon) -> None:
    """The daemon has taken its place: it listens, every room is subscribed, every screen is right."""
    rooms = set(made.site.units)
    await until(lambda: daemon.named("rooms.loaded"), "the daemon runs")
    await until(lambda: set(made.subscribed()) == rooms, "every room is subscribed")
    await until(lambda: all("Meeting later" in made.titles(room) for room in rooms), "every screen is filled")


def _listener() -> str:
    address = f"127.0.0.1:{free_port()}"
    return f"""\
[webhooks]
public_url = "https://{address}"
listen = "{address}"
cert_file = "tls/standin-server.pem"
key_file = "tls/standin-server.pem"
"""
