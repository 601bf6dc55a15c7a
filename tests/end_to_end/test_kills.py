"""kill -9 at any moment, with real processes, HTTPS and SIP: one call a booking, never two, and the right screen."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.world import Daemon, Site, calendar, meeting, served
from device_drivers.api import CallState
from device_drivers.cisco.simulator import CiscoSimulator
from device_drivers.cisco.simulator_state import MAX_SESSIONS
from device_drivers.testing.bridge import Participant
from tests.support import patience
from tests.support.patience import until

SETTINGS = "[engine]\nsettle = 2\narm_before = 1.5\n\n[sync]\npoll_every = 5"
LATER = timedelta(hours=2)  # of a second meeting in every calendar: what the screen shows at the end


def number_of(room: str) -> str:
    """A meeting of its own for each room, so that the bridge can tell whose call it has."""
    return f"9000000{room[-4:]}"


def whole_second(after: float) -> datetime:
    """So far ahead that the daemon is ready by then, on a busy machine too."""
    return rounded_up(datetime.now(UTC) + timedelta(seconds=patience.seconds(after)))


def rounded_up(when: datetime) -> datetime:
    """A calendar file knows whole seconds only."""
    return when.replace(microsecond=0) + timedelta(seconds=1)


async def until_time(when: datetime) -> None:
    await asyncio.sleep(max(0.0, (when - datetime.now(UTC)).total_seconds()))


class Witness:
    """Sees every moment with two live calls for a booking: on the bridge by each change, on the units by looking."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.doubles: list[str] = []
        site.bridge.on_change = self._bridge_changed

    def _bridge_changed(self, changed: Participant) -> None:
        live = [p for p in self._site.bridge.log if p.meeting_id == changed.meeting_id and p.ended is None]
        if len(live) > 1:
            self.doubles.append(f"{len(live)} calls in {changed.meeting_id} on the bridge")

    async def watch(self) -> None:
        while True:
            for room, unit in self._site.units.items():
                if len(unit.live_calls()) > 1:
                    self.doubles.append(f"{len(unit.live_calls())} live calls on {room}")
            await asyncio.sleep(0.005)


@asynccontextmanager
async def town(folder: Path, rooms: int) -> AsyncIterator[tuple[Site, Witness]]:
    async with Site(folder, rooms=rooms, settings=SETTINGS) as site:
        witness = Witness(site)
        watching = asyncio.create_task(witness.watch())
        try:
            yield site, witness
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


def book(site: Site, room: str, start: datetime, end: datetime, *, uid: str = "now") -> None:
    """The meeting under test, and a later one that must stay on the screen whatever happens."""
    later = meeting(f"later-{room}", start + LATER, start + LATER + timedelta(minutes=30), "90000009999")
    site.write(room, calendar(meeting(f"{uid}-{room}", start, end, number_of(room)), later))


def calls_to(site: Site, room: str) -> list[Participant]:
    return [p for p in site.bridge.log if p.meeting_id == number_of(room)]


def assert_one_call(site: Site, room: str) -> None:
    log = [(c.remote.partition(".")[0], c.state) for c in site.units[room].call_log()]
    assert [remote for remote, _ in log] == [number_of(room)], f"{room} placed {log}"
    assert len(calls_to(site, room)) == 1, f"the bridge saw {calls_to(site, room)}"


def titles(unit: CiscoSimulator) -> list[str]:
    return [line.title for line in unit.screen()]


async def until_screen_is_right(site: Site, room: str, start: datetime) -> None:
    """The meeting under test stays listed for a minute, however short it is; the other two are ahead."""

    def right() -> bool:
        short = [f"Meeting now-{room}"] if datetime.now(UTC) < start + timedelta(minutes=1) else []
        return titles(site.units[room]) == [*short, f"Meeting later-{room}", f"Meeting extra-{room}"]

    await until(right, f"the right list on {room}")


def in_call(unit: CiscoSimulator) -> bool:
    return [c.state for c in unit.live_calls()] == [CallState.CONNECTED]


# ------------------------------------------------------------------------------------ at random


@pytest.mark.timeout(90)
async def test_kills_at_random_moments(tmp_path: Path) -> None:
    """Nine rooms dial within 15 seconds, while the daemon is killed again and again and calendars are edited."""
    seed = int(os.environ.get("KILL_SEED", random.SystemRandom().randrange(10**6)))
    print(f"KILL_SEED={seed}")
    chance = random.Random(seed)
    async with town(tmp_path, rooms=9) as (site, witness):
        daemon = site.daemon()
        begin = whole_second(5)
        starts = {room: begin + timedelta(seconds=1.8 * n) for n, room in enumerate(site.units)}
        end = rounded_up(begin + timedelta(seconds=17 + patience.seconds(13)))
        for room, start in starts.items():
            book(site, room, start, end)
        kills = await _kill_for_a_while(daemon, chance, begin + timedelta(seconds=17), site, end)
        print(f"{kills} kills, {len(daemon.named('daemon.started'))} starts that came as far as the daemon")
        await daemon.start()
        await until(lambda: all(map(in_call, site.units.values())), "every room is in its meeting", 15)
        assert datetime.now(UTC) < end, "too slow to say anything"
        await until(lambda: not any(u.live_calls() for u in site.units.values()), "every room leaves", 30)
        assert datetime.now(UTC) > end - timedelta(seconds=0.5)
        for room, start in starts.items():
            assert_one_call(site, room)
            await until_screen_is_right(site, room, start)
        assert await daemon.stop() == 0
        assert not witness.doubles
        assert kills >= 5


async def _kill_for_a_while(
    daemon: Daemon, chance: random.Random, until_when: datetime, site: Site, end: datetime
) -> int:
    """Lives of 0.2 to 4 seconds, dead for up to half a second; each calendar is edited once on the way."""
    kills, unedited = 0, list(site.units)
    while datetime.now(UTC) < until_when:
        await daemon.start()
        await asyncio.sleep(chance.choice((chance.uniform(0.2, 1.5), chance.uniform(1.5, 4.0))))
        await daemon.kill()
        kills += 1
        for room in [unedited.pop() for _ in range(min(len(unedited), 2))]:
            _add_a_meeting(site, room, end)
        await asyncio.sleep(chance.uniform(0, 0.5))
    for room in unedited:
        _add_a_meeting(site, room, end)
    return kills


def _add_a_meeting(site: Site, room: str, end: datetime) -> None:
    path = site.folder / "calendars" / f"{room}.ics"
    start = end + LATER * 2
    extra = meeting(f"extra-{room}", start, start + timedelta(minutes=30), "90000008888")
    site.write(room, path.read_text().replace("END:VCALENDAR", f"{extra}\r\nEND:VCALENDAR"))


# ------------------------------------------------------------------------------------ aimed


def states(site: Site) -> list[str]:
    """Of the dial attempts, as the database has them at this moment."""
    uri = f"file:{site.folder / 'var' / 'connector.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=5)) as database:
        return [row[0] for row in database.execute("SELECT state FROM attempts ORDER BY id")]


def before(unit: CiscoSimulator, method: str, act: Callable[[], Awaitable[None]]) -> None:
    """``act`` when the unit's phone is told to dial or to hang up, before it does so."""
    original = getattr(unit.phone, method)

    async def told(*arguments: object, **more: object) -> object:
        setattr(unit.phone, method, original)
        await act()
        return await original(*arguments, **more)

    setattr(unit.phone, method, told)


async def _kill_when(daemon: Daemon, condition: Callable[[], object], what: str) -> None:
    await until(condition, what, 15)
    await daemon.kill()


@pytest.mark.timeout(90)
async def test_kills_around_the_second_of_the_dial(tmp_path: Path) -> None:
    """A kill between any two steps of a dial; each moment has a room and a booking of its own."""
    async with town(tmp_path, rooms=5) as (site, witness):
        daemon = site.daemon()
        await daemon.start()
        await until(lambda: len(served(daemon)) == len(site.units), "all units are served")
        rooms = iter(site.units)

        async def kill_and_see(moment: str, kill: Callable[[str], Awaitable[None]]) -> None:
            room = next(rooms)
            start = whole_second(2.5)
            book(site, room, start, start + timedelta(minutes=5))
            await kill(room)
            before_restart = len(site.units[room].call_log())
            await daemon.start()
            await until(lambda: in_call(site.units[room]), f"killed {moment}: one call all the same", 15)
            assert_one_call(site, room)
            print(f"killed {moment}: {before_restart} calls then, 1 now; {states(site)[-2:]}")

        async def intended(room: str) -> None:
            await _kill_when(daemon, lambda: states(site)[-1:] == ["intended"], "the intention is written")
            assert not site.units[room].call_log()

        async def committed(room: str) -> None:
            await _kill_when(daemon, lambda: states(site)[-1:] == ["sent"], "the row says sent")

        async def arrived(room: str) -> None:
            done = asyncio.Event()

            async def kill() -> None:
                await daemon.kill()
                done.set()

            before(site.units[room], "dial", kill)
            async with patience.timeout(15):
                await done.wait()

        async def accepted(room: str) -> None:
            await _kill_when(daemon, lambda: any(x["room"] == room for x in daemon.named("dial.sent")), "it was sent")

        async def answered(room: str) -> None:
            await _kill_when(
                daemon, lambda: any(x["room"] == room for x in daemon.named("dial.answered")), "it was answered"
            )

        await kill_and_see("with the intention written", intended)
        await kill_and_see("with the row saying sent, before the bytes left", committed)
        await kill_and_see("as the command arrived", arrived)
        await kill_and_see("as the command was accepted", accepted)
        await kill_and_see("as the call was answered", answered)
        await daemon.stop()
        assert not witness.doubles
        assert all(in_call(unit) for unit in site.units.values())  # no restart touched the calls of other rooms


async def test_kills_while_leaving(tmp_path: Path) -> None:
    """Killed as the command to hang up arrives; down over the end of a meeting; its event deleted meanwhile."""
    async with town(tmp_path, rooms=3) as (site, witness):
        leaving, asleep, deleted = site.units
        daemon = site.daemon()
        await daemon.start()
        await until(lambda: len(served(daemon)) == 3, "all units are served")
        start = whole_second(2)
        patient = patience.factor()
        lengths = {leaving: 4 * patient, asleep: 4 * patient + 1, deleted: 4 * patient + 5}
        ends = {room: start + timedelta(seconds=length) for room, length in lengths.items()}
        for room, end in ends.items():
            book(site, room, start, end)
        killed = asyncio.Event()

        async def kill() -> None:
            await daemon.kill()
            killed.set()

        before(site.units[leaving], "hang_up", kill)
        await until(lambda: all(map(in_call, site.units.values())), "all rooms are in their meetings", 15)
        async with patience.timeout(15):
            await killed.wait()
        site.write(deleted, calendar())
        await until_time(ends[asleep] + timedelta(seconds=0.5))
        assert in_call(site.units[asleep]) and in_call(site.units[deleted])
        await daemon.start()
        await until(lambda: not site.units[asleep].live_calls(), "a leave that is overdue is made at once", 15)
        await until(lambda: not site.units[deleted].live_calls(), "the leave order outlives the event", 15)
        assert datetime.now(UTC) > ends[deleted] - timedelta(seconds=0.5), "a live call is not cut by an edit"
        await until(lambda: len(daemon.named("leave.already_gone")) == 1, "the call that was ended is recorded as gone")
        assert [line["room"] for line in daemon.named("leave.already_gone")] == [leaving]
        await until(lambda: not site.units[deleted].screen(), "the deleted meeting is off the screen")
        await until(lambda: all(p.ended_by for p in site.bridge.log), "the bridge saw all of them leave")
        for room in site.units:
            assert_one_call(site, room)
            assert [p.ended_by for p in calls_to(site, room)] == ["caller"]
        await daemon.stop()
        assert not witness.doubles


async def test_a_unit_whose_sessions_are_all_taken_by_killed_daemons(tmp_path: Path) -> None:
    """Sessions never time out on a unit and there are 20: a killed daemon leaves one behind each time."""
    async with Site(tmp_path, rooms=1, settings=SETTINGS, firmware="roomos11") as site:
        unit = site.units["room0001"]
        unit.state.sessions.update(f"left behind {n}" for n in range(MAX_SESSIONS))
        async with site.daemon() as daemon:
            start = whole_second(8)
            book(site, "room0001", start, start + timedelta(minutes=5))
            await until(lambda: in_call(unit), "the room joins without a session", 20)
            late = calls_to(site, "room0001")[0].started - start
            assert late < timedelta(seconds=patience.seconds(3))  # one request a second
            assert not daemon.named("unit.unreachable")
        assert unit.login_attempts() == 0
        assert_one_call(site, "room0001")
