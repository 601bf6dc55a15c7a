"""Cloud calendars: how soon a change is read, what an idle room asks of its provider, and what a poll costs us.

Run: python -m benchmarks.clouds [--rooms 1000] [--source graph|google|exchange|all]

The project's stand-in servers run in a process of their own, on loopback; this process holds the real source and the
real webhook listener, and does what the engine does: it reads every calendar once a minute, eight at a time, and a
calendar that the source announces at once. The figures are about us: a stand-in answers faster than a real service.

Minutes in which nothing happens are not waited for: the clock of this process's event loop is turned forward to the
next change or the next poll. What is measured happens at its real speed: changes that are pushed, and all requests.
Each source has ``--seconds``; what does not fit is left out and named under "cut".

Columns: ``first_read_s``, all rooms, with their subscriptions; ``announced_`` and ``read_``, seconds from the change at
the provider to the source's word and to the new meeting in a snapshot (Exchange without a stream compares by itself
once a minute, besides the engine's poll, so both may find a change); ``cpu_ms_a_poll``, processor time of this
process for one unchanged calendar; ``calls_room_day``, requests that the stand-in counted over an idle stretch, as a
day; ``upkeep_room_day``, requests a day that keep the subscription alive, reckoned from its life, not measured.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.figures import percentile, report
from benchmarks.provider import SERVICES, Provider, address, provider
from connector.calendars import exchange, google, graph
from connector.calendars.base import CalendarSource, MemoryState, NoWebhooks, SourceContext, Webhooks
from connector.errors import CalendarError
from connector.model import Snapshot, Window
from connector.serving.webhooks import Listener

POLL = 60.0  # seconds: the engine's own
_AT_ONCE = 8  # readings: the engine's own
_RATE = 20.0  # pushed changes a second
_IDLE_ROOMS = 20
# Graph and Google are read anew from time to time, within the hour; Exchange never does anything but compare.
_IDLE_POLLS = {"graph": 60, "google": 60, "exchange": 10}
_PUSH_SHARE = 0.6  # of the time that a source has
_CLOSING = 3.0  # seconds of it that are kept for the end
# Requests a day for each room. Graph: asked for 48 h, renewed at half. Google: 7 days, replaced a day before the end
# by a new channel, and the old one stopped. Exchange: a stream of 200 rooms is opened anew every 5 minutes.
_UPKEEP = {"graph": 1.0, "google": 2 / 6, "exchange": 288 / 200}


# ------------------------------------------------------------------------------------ our side


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose clock can be turned forward."""

    turned = 0.0

    def time(self) -> float:
        return super().time() + self.turned


class OutOfTime(Exception):
    """The source's time is over; the message names what was under way."""


@dataclass
class Engine:
    """Reads as the daemon's engine does: ``sweep`` is a poll of all, and what is announced is read at once."""

    source: CalendarSource
    provider: Provider
    rooms: list[str]
    ends: float  # by the machine's monotonic clock
    clock: Clock
    expected: dict[str, str] = field(default_factory=dict)  # room: what its changed meeting says
    changed: dict[str, float] = field(default_factory=dict)  # these three by the loop's clock
    announced: dict[str, float] = field(default_factory=dict)
    found: dict[str, float] = field(default_factory=dict)
    good: set[str] = field(default_factory=set)  # rooms that were read at least once
    failures: int = 0
    phase: str = ""
    step: float = POLL  # by how much the clock is turned at once while nothing happens
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _reading: set[asyncio.Task[None]] = field(default_factory=set)

    def check(self) -> None:
        if time.monotonic() > self.ends:
            raise OutOfTime(self.phase)

    async def read(self, room: str) -> None:
        async with self._slots:
            self.check()
            now = datetime.now(UTC)
            try:
                snapshot = await self.source.read(room, Window(now - timedelta(hours=12), now + timedelta(hours=48)))
            except CalendarError:
                self.failures += 1
                return
        self.good.add(room)
        wanted = self.expected.get(room)
        if wanted is not None and room not in self.found and _says(snapshot, wanted):
            self.found[room] = self.clock.time()

    async def sweep(self, rooms: Iterable[str]) -> None:
        tasks = [asyncio.create_task(self.read(room)) for room in rooms]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def listen(self) -> None:
        try:
            async for room in self.source.changes():
                self.announced.setdefault(room, self.clock.time())
                task = asyncio.create_task(self.read(room))
                self._reading.add(task)
                task.add_done_callback(self._read_done)
        finally:
            for task in self._reading:
                task.cancel()

    def _read_done(self, task: asyncio.Task[None]) -> None:
        self._reading.discard(task)
        if not task.cancelled():
            task.exception()  # out of time: the phase under way says so, too

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self.check()
            await asyncio.sleep(0.02)

    async def quiet(self) -> None:
        """Nothing is being read, and nothing was asked of the provider for a moment."""
        before = -1
        while before != (now := await self.provider.calls()) or self._reading:
            self.check()
            before = now
            await asyncio.sleep(0.03)

    async def change(self, room: str, number: str) -> None:
        self.expected[room] = number
        self.announced.pop(room, None)
        self.changed[room] = await self.provider.change(room, number) + self.clock.turned

    def turn_to(self, moment: float) -> None:
        self.clock.turned += max(moment - self.clock.time(), 0.0)

    def forget(self) -> None:
        for book in (self.expected, self.changed, self.announced, self.found):
            book.clear()

    # -------------------------------------------------------------------------------- what is measured

    async def pushed(self, changes: int) -> dict[str, float]:
        """Changes one after the other, none of them polled for. Real time."""
        self.phase = "pushed changes"
        await self.quiet()
        self.forget()
        started = self.clock.time()
        rooms = random.sample(self.rooms, min(changes, len(self.rooms)))
        for n, room in enumerate(rooms):
            await asyncio.sleep(max(started + n / _RATE - self.clock.time(), 0))
            self.check()
            await self.change(room, f"7{n:010d}")
        waits_until = self.clock.time() + 5
        await self.until(lambda: len(self.found) == len(rooms) or self.clock.time() > waits_until)
        return self.delays()

    async def polled(self, changes: int) -> dict[str, float]:
        """Changes at any time of two minutes; polls once a minute until all of them are found, five times at most."""
        self.phase = "polled changes"
        await self.quiet()
        self.forget()
        rooms = random.sample(self.rooms, min(changes, len(self.rooms)))
        begun = self.clock.time()
        moments = deque(sorted((begun + random.uniform(0, 2 * POLL), n, room) for n, room in enumerate(rooms)))
        for minute in range(7):
            await self._minute(begun + minute * POLL, moments)
            if len(self.found) == len(rooms):
                break
        return self.delays()

    async def _minute(self, start: float, moments: deque[tuple[float, int, str]]) -> None:
        self.turn_to(start)
        poll = asyncio.create_task(self.sweep(self.rooms))
        try:
            while moments and moments[0][0] < start + POLL:
                moment, n, room = moments.popleft()
                while not poll.done() and self.clock.time() < moment:
                    self.check()
                    await asyncio.sleep(min(moment - self.clock.time(), 0.1))
                if self.clock.time() < moment:
                    await self.quiet()
                    self.turn_to(moment)
                await self.change(room, f"8{n:010d}")
            await poll
            await self.quiet()
        finally:
            poll.cancel()
            await asyncio.gather(poll, return_exceptions=True)

    def delays(self) -> dict[str, float]:
        announced = [self.announced[r] - self.changed[r] for r in self.changed if r in self.announced]
        found = [self.found[r] - self.changed[r] for r in self.changed if r in self.found]
        figures: dict[str, float] = {"changes": len(self.changed), "announced": len(announced), "found": len(found)}
        for name, spans in (("announced", announced), ("read", found)):
            if spans:
                figures |= {f"{name}_p{p}_s": round(percentile(spans, p / 100), 3) for p in (50, 99)}
        return figures

    async def cost(self) -> dict[str, float]:
        """Of one poll of all rooms, nothing having changed, after long enough for every source to ask."""
        self.phase = "cost of a poll"
        await self.quiet()
        self.turn_to(self.clock.time() + 301)
        calls, spent, began = await self.provider.calls(), time.process_time(), time.monotonic()
        await self.sweep(self.rooms)
        wall = time.monotonic() - began
        await self.quiet()
        spent, calls = time.process_time() - spent, await self.provider.calls() - calls
        return {"cpu_ms_a_poll": round(spent * 1000 / max(calls, 1), 2), "poll_of_all_s": round(wall, 1)}

    async def idle(self, rooms: list[str], most: int) -> dict[str, float]:
        """``most`` polls of a few rooms, nothing changing; all the others stay watched."""
        self.phase = "idle stretch"
        await self.quiet()
        await self.sweep(rooms)
        calls, polls, tick = await self.provider.calls(), 0, self.clock.time()
        while polls < most and time.monotonic() < self.ends - 1 / 2:
            tick += POLL
            polls += 1
            while self.clock.time() < tick:
                self.turn_to(min(self.clock.time() + self.step, tick))
                await self.quiet()
            await self.sweep(rooms)
            await self.quiet()
        asked = await self.provider.calls() - calls
        return {"calls_room_day": round(asked / len(rooms) * 1440 / polls, 1), "idle_polls": polls} if polls else {}


def _says(snapshot: Snapshot, number: str) -> bool:
    return any(number in text.content for event in snapshot.events for text in event.texts)


_PLUGS: dict[str, Callable[[Mapping[str, object], SourceContext], CalendarSource]] = {
    "graph": graph.plug,
    "google": google.plug,
    "exchange": exchange.plug,
}


def _source(name: str, options: Mapping[str, object], webhooks: Webhooks, push: bool) -> CalendarSource:
    section = {key: value for key, value in options.items() if key}
    if name == "exchange":
        section["streaming"] = push
    context = SourceContext(
        name, lambda reference: str(options[""]), Path("/"), MemoryState(), webhooks, lambda _: None
    )
    return _PLUGS[name](section, context)


def _listener() -> Listener:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return Listener(f"http://127.0.0.1:{port}", f"127.0.0.1:{port}", lambda _: None)


@asynccontextmanager
async def engine(name: str, there: Provider, rooms: int, ends: float, *, push: bool) -> AsyncIterator[Engine]:
    clock = asyncio.get_running_loop()
    assert isinstance(clock, Clock), "the runner was told"
    async with AsyncExitStack() as stack:
        webhooks: Webhooks = await stack.enter_async_context(_listener()) if push else NoWebhooks()
        source = await stack.enter_async_context(_source(name, there.options, webhooks, push))
        made = Engine(source, there, [address(n) for n in range(rooms)], ends, clock)
        listening = asyncio.create_task(made.listen())
        try:
            yield made
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def _with_push(name: str, made: Engine, changes: int, row: dict[str, float | str]) -> None:
    made.phase = "subscriptions and first reading"
    began = time.monotonic()
    for room in made.rooms:
        made.source.watch(room)
    while await made.provider.subscribed() < len(made.rooms):
        made.check()
        await asyncio.sleep(0.1)
    await made.quiet()
    await made.sweep(room for room in made.rooms if room not in made.good)
    row["first_read_s"] = round(time.monotonic() - began, 1)
    row |= await made.pushed(changes)
    row |= await made.cost()
    few = random.sample(made.rooms, min(_IDLE_ROOMS, len(made.rooms)))
    row |= await made.idle(few, _IDLE_POLLS[name])
    row["upkeep_room_day"] = round(_UPKEEP[name], 2)


async def _by_poll(name: str, made: Engine, changes: int, row: dict[str, float | str]) -> None:
    made.phase = "first reading"
    began = time.monotonic()
    for room in made.rooms:
        made.source.watch(room)
    await made.sweep(made.rooms)
    row["first_read_s"] = round(time.monotonic() - began, 1)
    row |= await made.polled(changes)
    if name != "exchange":  # which looks by itself as well, so that the cost of one poll would be that of two
        row |= await made.cost()
    few = random.sample(made.rooms, min(_IDLE_ROOMS, len(made.rooms)))
    if name == "exchange":  # for the same reason the others would take all the time; Google's pace counts them
        made.step = 3.0  # or its own looks would come late
        for room in set(made.rooms) - set(few):
            made.source.unwatch(room)
    row |= await made.idle(few, _IDLE_POLLS[name])


async def measure(name: str, rooms: int, meetings: int, changes: int, seconds: float) -> dict[str, dict[str, Any]]:
    began = time.monotonic()
    rows: dict[str, dict[str, Any]] = {}
    async with provider(name, rooms, meetings) as there:
        for push, work, share in ((True, _with_push, _PUSH_SHARE), (False, _by_poll, 1.0)):
            row = rows.setdefault(f"{name}, {_word(name) if push else 'poll'}", {})
            async with engine(name, there, rooms, began + (seconds - _CLOSING) * share, push=push) as made:
                try:
                    await work(name, made, changes, row)
                except OutOfTime as cut:
                    row["cut"] = str(cut)
                    row |= made.delays() if made.changed and "changes" not in row else {}
                row["failures"] = made.failures
    rows[next(iter(rows))]["all_s"] = round(time.monotonic() - began, 1)
    return rows


def _word(name: str) -> str:
    return "stream" if name == "exchange" else "notified"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clouds", description=__doc__)
    parser.add_argument("--rooms", type=int, default=1000)
    parser.add_argument("--source", choices=(*SERVICES, "all"), default="all")
    parser.add_argument("--meetings", type=int, default=4, help="of each room")
    parser.add_argument("--changes", type=int, default=200, help="of each way to learn of them, in different rooms")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each source")
    options = parser.parse_args()
    rows: dict[str, dict[str, Any]] = {}
    for name in SERVICES if options.source == "all" else (options.source,):
        with asyncio.Runner(loop_factory=Clock) as runner:
            rows |= runner.run(measure(name, options.rooms, options.meetings, options.changes, options.seconds))
    report("clouds", rows, rooms=options.rooms, meetings_a_room=options.meetings, poll_every_s=POLL)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
