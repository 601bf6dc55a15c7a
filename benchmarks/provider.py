"""A calendar service of a benchmark: the project's stand-in server in a process of its own, on loopback.

Run by the benchmarks, as: python -m benchmarks.provider graph|google|exchange --rooms N --meetings N [--trust FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from benchmarks.world import meeting
from connector.standins.exchange import ExchangeStandIn
from connector.standins.google import GoogleStandIn
from connector.standins.graph import GraphStandIn

SERVICES = ("graph", "google", "exchange")
Trust = ssl.SSLContext | None  # which certificates of ours the service accepts when it calls


def address(number: int) -> str:
    return f"room-{number:05d}@example.org"


class StandIn(Protocol):
    """What this benchmark asks of a provider. ``put``: the room's meeting ``uid``, added or replaced."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def add(self, room: str) -> None: ...

    def put(self, room: str, uid: str, vevent: str) -> None: ...

    def options(self) -> dict[str, object]:
        """Of the source's section, and its one secret under ``""``."""
        ...

    def calls(self) -> int:
        """Requests since the start, sign-in left out."""
        ...

    def subscribed(self) -> int:
        """Rooms whose changes are told now."""
        ...


class _Graph(GraphStandIn):
    def __init__(self, trust: Trust) -> None:
        super().__init__(secret="of-the-benchmark", trust=trust)
        self._ids: dict[tuple[str, str], str] = {}

    def add(self, room: str) -> None:
        self.mailbox(room)

    def put(self, room: str, uid: str, vevent: str) -> None:
        self._ids[room, uid] = self.mailbox(room).put(vevent, id=self._ids.get((room, uid), ""))

    def options(self) -> dict[str, object]:
        where = {"login": self.url, "graph": self.url, "ca_file": str(self.ca_file)}
        app = {"tenant": self.signin.tenant, "client_id": self.signin.client_id, "secret": "env:S"}
        return {**app, **where, "": "of-the-benchmark"}

    def calls(self) -> int:
        return len(self.requests)

    def subscribed(self) -> int:
        return len(self.subscriptions.records)


class _Google(GoogleStandIn):
    def __init__(self, trust: Trust) -> None:
        super().__init__(push_tls=trust)
        self.seen = deque()  # all of them

    def add(self, room: str) -> None:
        self.add_calendar(room)

    def options(self) -> dict[str, object]:
        return {"key_file": "env:S", "api_root": self.url, "allow_http": True, "": self.key_file}

    def calls(self) -> int:
        return sum(each.where != "token" for each in self.seen)

    def subscribed(self) -> int:
        return len(self.push.channels)


class _Exchange(ExchangeStandIn):
    def __init__(self, trust: Trust) -> None:
        super().__init__()  # it is called, it never calls

    def add(self, room: str) -> None:
        self.add_mailbox(room)

    def put(self, room: str, uid: str, vevent: str) -> None:
        self.directory.mailboxes[room].put(uid, vevent)

    def options(self) -> dict[str, object]:
        signin = {"username": self.account, "password": "env:S", "auth": self.auth, "": "stand-in-password"}
        return {"url": self.url, "ca_file": str(self.ca_file), **signin}

    def calls(self) -> int:
        return self.requests.total()

    def subscribed(self) -> int:
        """Nothing is told before the last group listens."""
        groups = -(-len(self.directory.mailboxes) // 200)
        return len(self.subscriptions.alive) if len(self._open) >= groups else 0


_STAND_INS: dict[str, Callable[[Trust], StandIn]] = {"graph": _Graph, "google": _Google, "exchange": _Exchange}


def _event(uid: str, hours: int, number: str) -> str:
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
    return meeting(uid, first, first + timedelta(minutes=30), number=number) + "\r\n"


async def serve(name: str, rooms: int, meetings: int, trust: Trust) -> None:
    """Answers lines of JSON on the standard input with lines of JSON, until it ends."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with _STAND_INS[name](trust) as standin:
        for room in map(address, range(rooms)):
            standin.add(room)
            for n in range(meetings):
                standin.put(room, f"{room}-{n}", _event(f"{room}-{n}", n + 1, "12345678901"))
        print(json.dumps(standin.options()), flush=True)
        while line := await lines.readline():
            asked = json.loads(line)
            if asked["do"] == "change":
                vevent = _event(f"{asked['room']}-0", 1, asked["number"])
                at = time.monotonic()
                standin.put(asked["room"], f"{asked['room']}-0", vevent)
                print(json.dumps({"at": at}), flush=True)
            else:
                print(json.dumps({"calls": standin.calls(), "subscribed": standin.subscribed()}), flush=True)


@dataclass
class Provider:
    """The stand-in's process, seen from here."""

    options: dict[str, object]
    process: asyncio.subprocess.Process
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def change(self, room: str, number: str) -> float:
        """When it happened, by the machine's monotonic clock, which all processes share."""
        return float((await self._ask({"do": "change", "room": room, "number": number}))["at"])

    async def calls(self) -> int:
        return int((await self._ask({"do": "count"}))["calls"])

    async def subscribed(self) -> int:
        return int((await self._ask({"do": "count"}))["subscribed"])

    async def _ask(self, what: Mapping[str, str]) -> dict[str, Any]:
        async with self._lock:
            return await self._exchange(json.dumps(what).encode() + b"\n")

    async def _exchange(self, line: bytes) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None, "both are pipes"
        self.process.stdin.write(line)
        answer = await self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the stand-in's process ended")
        return dict(json.loads(answer))


@asynccontextmanager
async def provider(name: str, rooms: int, meetings: int, trust: Path | None = None) -> AsyncIterator[Provider]:
    """``trust``: the authority of our own listener's certificate, PEM."""
    arguments = [name, "--rooms", str(rooms), "--meetings", str(meetings)]
    arguments += ["--trust", str(trust)] if trust else []
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.provider", *arguments, stdin=pipe, stdout=pipe
    )
    try:
        assert process.stdin is not None and process.stdout is not None, "both are pipes"
        yield Provider(json.loads(await process.stdout.readline()), process)
    finally:
        assert process.stdin is not None, "a pipe"
        process.stdin.close()
        wait = asyncio.create_task(process.wait())
        if not (await asyncio.wait({wait}, timeout=5))[0]:
            process.kill()
            await wait


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.provider", description=__doc__)
    parser.add_argument("service", choices=SERVICES)
    parser.add_argument("--rooms", type=int, required=True)
    parser.add_argument("--meetings", type=int, required=True, help="of each room")
    parser.add_argument("--trust", help="PEM file of the authority to trust when it calls us")
    options = parser.parse_args()
    trust = ssl.create_default_context(cafile=options.trust) if options.trust else None
    asyncio.run(serve(options.service, options.rooms, options.meetings, trust))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
