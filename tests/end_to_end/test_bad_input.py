"""Bad input and troubles of the field, with the real daemon: a clear sentence, nothing lost, nobody else held up."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import sys
from collections.abc import AsyncIterator, Sized
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.world import PASSWORD, Daemon, Site, calendar, meeting, served
from device_drivers.cisco.simulator import CiscoSimulator
from tests.calendars.web_server import WebServer
from tests.support import patience
from tests.support.patience import until

WRONG = "not the password of that unit"
HALF_HOUR = timedelta(minutes=30)
ONE, TWO, THREE = "room0001", "room0002", "room0003"


def soon(seconds: float) -> datetime:
    """So far ahead that the daemon is ready by then, on a busy machine too."""
    ahead = timedelta(seconds=min(patience.seconds(seconds), seconds + 30))
    return (datetime.now(UTC) + ahead).replace(microsecond=0) + timedelta(seconds=1)


@asynccontextmanager
async def running(site: Site, **environment: str) -> AsyncIterator[Daemon]:
    """The daemon; whatever it met, no secret is in what it said."""
    async with site.daemon(**environment) as daemon:
        yield daemon
    assert_no_secret("\n".join(daemon.output))


def assert_no_secret(text: str) -> None:
    for secret in (PASSWORD, WRONG, "12345678901.4321", "4321@", "secret-path"):
        assert secret not in text


def reasons(daemon: Daemon, event: str, room: str = "") -> list[str]:
    """What was said, oldest first; of one room, or of all."""
    return [line.get("reason", "") for line in daemon.named(event) if room in ("", line.get("room"))]


def titles(unit: CiscoSimulator) -> list[str]:
    return [line.title for line in unit.screen()]


async def until_said(daemon: Daemon, event: str, *words: str, room: str = "", seconds: float = 20) -> str:
    """The first sentence of that event with all of ``words``."""

    def found() -> list[str]:
        return [reason for reason in reasons(daemon, event, room) if all(word in reason for word in words)]

    await until(found, f"{event} with {words}; there are {reasons(daemon, event)}", seconds)
    return found()[0]


async def until_count(daemon: Daemon, event: str, number: int) -> None:
    await until(lambda: len(daemon.named(event)) >= number, f"{number} times {event}")


async def until_more(grows: Sized, by: int) -> None:
    wanted = len(grows) + by
    await until(lambda: len(grows) >= wanted, "it is asked again")


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    output: str
    errors: str


async def command(site: Site, *words: str) -> Ended:
    """``connector ...`` as a process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "connector", *words, "-c", str(site.config)),
        env=os.environ | {"UNIT_PASSWORD": f"admin:{PASSWORD}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), patience.seconds(30))
    assert process.returncode is not None
    ended = Ended(process.returncode, output.decode(), errors.decode())
    assert_no_secret(ended.output + ended.errors)
    assert "Traceback" not in ended.errors
    return ended


# ------------------------------------------------------------------------------------ calendars


async def test_a_broken_file_among_good_ones(tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=1, with_sip=False) as site:
        folder = site.folder / "calendars" / "folder"
        folder.mkdir()
        good = {name: calendar(meeting(name, soon(3600), soon(3600) + HALF_HOUR)) for name in ("first", "second")}
        for name, text in good.items():
            (folder / f"{name}.ics").write_text(text, newline="")
        (folder / "broken.ics").write_text("what somebody saved with the wrong program")
        site.write_rooms(**{ONE: {"calendar": "calendars/folder"}})
        unit = site.units[ONE]
        async with running(site) as daemon:
            await until(lambda: sorted(titles(unit)) == ["Meeting first", "Meeting second"], "the good files")
            await until_said(daemon, "calendar.item_unreadable", "broken.ics")
            (folder / "first.ics").write_text(good["first"][:200])
            await until_said(daemon, "calendar.item_unreadable", "first.ics")
            third = calendar(meeting("third", soon(7200), soon(7200) + HALF_HOUR))
            (folder / "third.ics").write_text(third, newline="")
            wanted = ["Meeting first", "Meeting second", "Meeting third"]
            await until(lambda: sorted(titles(unit)) == wanted, "news arrive, and what broke keeps its last good form")
            assert not daemon.named("calendar.failed")


def _five_megabytes() -> str:
    """Near-invitations, the worst for a search: words that look like links, ids and addresses of no meeting."""
    chance = random.Random(5)
    words = ("Meeting ID", "123 456", "https://example.com/j/77?pwd=x", "zoom", "agenda", "sip:a@b.example", "join by")
    parts: list[str] = []
    size = 0
    while size < 5 * 2**20:
        parts.append(chance.choice(words))
        size += len(parts[-1]) + 1
    return " ".join(parts)


async def test_a_description_of_five_megabytes(tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=8, settings="[engine]\narm_before = 1") as site:
        *dialling, other, troubled = site.units
        async with running(site) as daemon:
            await until(lambda: len(served(daemon)) == 8, "all units are served")
            first = soon(2)
            for number, room in enumerate(dialling):  # one dial a second, all through the reading and the search
                site.book(room, first + timedelta(seconds=number), HALF_HOUR)
            huge = meeting("huge", soon(7200), soon(7200) + HALF_HOUR)
            site.write(troubled, calendar(huge.replace("DESCRIPTION:", f"DESCRIPTION:{_five_megabytes()} ")))
            saved = asyncio.get_running_loop().time()
            site.book(other, soon(3600), HALF_HOUR, uid="other")
            await until(lambda: titles(site.units[other]) == ["Meeting other"], "another room's button in seconds", 15)
            quick = asyncio.get_running_loop().time() - saved
            await until(lambda: titles(site.units[troubled]) == ["Meeting huge"], "the huge one, too", 30)
            whole = asyncio.get_running_loop().time() - saved
            await until(lambda: len(daemon.named("dial.sent")) == len(dialling), "all dials leave")
            late = [line["late_ms"] for line in daemon.named("dial.sent")]
            print(f"another room {quick:.1f} s, the huge one {whole:.1f} s, dials late by {late} ms")
            assert max(late) < 1000  # up to 0.5 s were seen: one search in so long a text cannot be interrupted
            assert not daemon.named("calendar.failed")
        assert [b.number for b in site.units[troubled].state.bookings] == ["12345678901.4321@zoomcrc.com"]


async def test_a_calendar_url_that_answers_rubbish_after_a_good_answer(tmp_path: Path) -> None:
    settings = '[calendars.ics]\ntype = "ics"\nallow_http = true\npoll_every = 1\n\n[sync]\npoll_every = 0.5'
    good = calendar(meeting("good", soon(3600), soon(3600) + HALF_HOUR)).encode()
    rubbish: list[tuple[int, dict[str, str], bytes]] = [
        (404, {}, b"not here"),
        (200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html><body>Sign in</body></html>"),
        (200, {"Content-Type": "text/calendar"}, good[: len(good) // 2]),
    ]
    async with WebServer() as web, Site(tmp_path, rooms=2, with_sip=False, settings=settings) as site:
        path = "/secret-path/room.ics"
        web.files[path] = good
        site.write_rooms(**{ONE: {"calendar": web.url + path}})
        unit = site.units[ONE]
        async with running(site) as daemon:
            await until(lambda: titles(unit) == ["Meeting good"], "the good answer")
            for number, answer in enumerate(rubbish, 1):
                web.answers[path] = answer
                await until_count(daemon, "calendar.failed", number)
                await until_more(web.requests, 2)
                assert titles(unit) == ["Meeting good"]
            said = reasons(daemon, "calendar.failed")
            assert all("127.0.0.1" in sentence for sentence in said)
            print(*said, sep="\n")
            web.files[path] = calendar(meeting("news", soon(3600), soon(3600) + HALF_HOUR)).encode()
            web.answers.clear()
            await until(lambda: titles(unit) == ["Meeting news"], "the next good answer is taken")
            assert daemon.named("calendar.recovered")
            site.book(TWO, soon(3600), HALF_HOUR)
            await until(site.units[TWO].screen, "the other room never noticed")


# ------------------------------------------------------------------------------------ rooms.csv


async def test_rooms_without_an_address_and_two_rooms_with_one(tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=4, with_sip=False) as site:
        first = site.units[TWO].endpoint
        twin = {"ip_address": first.address, "port": str(first.port)}
        site.write_rooms(**{ONE: {"ip_address": ""}, THREE: twin})
        async with running(site) as daemon:
            await until(lambda: served(daemon) == {TWO, "room0004"}, "the good rows are served")
            no_address, one_address = reasons(daemon, "rooms.rejected")
            assert no_address.startswith("rooms.csv, row 2, column ip_address: is empty; give the unit's IP address")
            assert one_address.startswith("rooms.csv, row 4, column ip_address: room room0003 has the address")
            assert "of room room0002 (row 3), which keeps it" in one_address
            check = await command(site, "check")
            assert check.status == 3
            assert no_address in check.output and one_address in check.output
            site.write_rooms()
            await until(lambda: len(served(daemon)) == 4, "all rooms, once the rows are mended")
        assert site.units[TWO].login_attempts() == 0


# ------------------------------------------------------------------------------------ units


async def test_a_refused_password_is_tried_once_also_across_five_restarts(tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=2, with_sip=False, firmware="roomos26") as site:
        secret = site.folder / "room0001.secret"
        secret.write_text(f"admin:{WRONG}\n")
        secret.chmod(0o600)
        site.write_rooms(**{ONE: {"credential": "file:room0001.secret"}})
        unit = site.units[ONE]
        site.book(ONE, soon(3600), HALF_HOUR)
        for start in range(6):
            async with running(site) as daemon:
                sentence = await until_said(daemon, "unit.credentials_refused", "refused", room=ONE)
                assert unit.login_attempts() == 1, f"start {start}"
        assert "file:room0001.secret" in sentence and "not asked again" in sentence
        async with running(site) as daemon:
            await until(lambda: daemon.named("unit.credentials_refused"), "it is said again")
            attempts = unit.requests()
            site.write_rooms(**{ONE: {"credential": "file:room0001.secret", "name": "An edit of the row"}})
            await until(lambda: len(daemon.named("rooms.loaded")) == 2, "an edit of something else")
            await until(lambda: len(daemon.named("unit.credentials_refused")) == 2, "does not make it try again")
            assert unit.requests() == attempts
            secret.write_text(f"admin:{PASSWORD}\n")
            await until(unit.screen, "the corrected password is taken without a restart", 15)
            assert daemon.named("unit.reachable")
        assert unit.login_attempts() == 1


async def test_a_unit_that_is_off_at_start_and_comes_back(tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=2) as site:
        unit = site.units[ONE]
        await unit.power(False)
        start = soon(3)
        site.book(ONE, start, HALF_HOUR, number="11234567890")
        site.book(TWO, start, HALF_HOUR, number="21234567890")
        async with running(site) as daemon:
            await until_said(daemon, "unit.unreachable", "cannot be reached", room=ONE)
            await until(lambda: site.bridge.participants("21234567890"), "the other room joins")
            assert site.bridge.participants("21234567890")[0].started - start < timedelta(seconds=patience.seconds(1))
            await asyncio.sleep(max(0.0, (start - datetime.now(UTC)).total_seconds() + 1))
            await unit.power(True)
            await until(lambda: site.bridge.participants("11234567890"), "late, but within the grace", 15)
            await until(unit.screen, "its screen is filled", 35)
            await until(lambda: reasons(daemon, "unit.reachable", ONE), "it is told")
        assert len(unit.call_log()) == 1


async def test_a_unit_that_answers_after_thirty_seconds(tmp_path: Path) -> None:
    # A unit that once left a session's begin unanswered is spoken to by Basic for a while: once a second.
    settings = "[engine]\ndeadline = 5\nsettle = 1\narm_before = 2"
    async with Site(tmp_path, rooms=3, settings=settings) as site:
        slow, slow_later = site.units[ONE], site.units[TWO]
        slow.set_latency(30)
        start = soon(9)
        for number, room in enumerate(site.units, 1):
            site.book(room, start, HALF_HOUR, number=f"{number}1234567890")
        async with running(site) as daemon:
            await until_said(daemon, "unit.unreachable", "within 5 s", room=ONE)
            # The second unit becomes slow as the command reaches it: it dials, and its answer comes too late.
            _slow_from_the_dial_on(slow_later)
            await until(lambda: site.bridge.participants("31234567890"), "the third room joins")
            assert site.bridge.participants("31234567890")[0].started - start < timedelta(seconds=patience.seconds(1))
            await until_said(daemon, "dial.unknown", "within 5 s", room=TWO)
            slow.set_latency(0)
            slow_later.set_latency(0)
            await until(lambda: daemon.named("dial.adopted"), "the second room's call is found, not made again", 15)
            await until(lambda: site.bridge.participants("11234567890"), "the first room joins within the grace", 15)
            await until(lambda: all(unit.screen() for unit in site.units.values()), "all screens", 35)
        assert [len(unit.call_log()) for unit in site.units.values()] == [1, 1, 1]


def _slow_from_the_dial_on(unit: CiscoSimulator) -> None:
    original = unit.phone.dial

    async def dial(number: str, protocol: str, booking_id: str) -> object:
        unit.set_latency(30)
        return await original(number, protocol, booking_id)

    unit.phone.dial = dial  # type: ignore[method-assign, assignment]  # the hand that slows the unit down


async def test_a_certificate_that_changed(tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=1, with_sip=False) as site:
        unit = site.units[ONE]
        async with running(site) as daemon:
            await until(lambda: served(daemon), "it works")
            await unit.new_certificate()
            requests = unit.requests()
            site.book(ONE, soon(3600), HALF_HOUR)
            sentence = await until_said(daemon, "unit.certificate_refused", "password was not sent")
            assert "connector devices probe" in sentence and unit.endpoint.tls.value in sentence
            assert unit.requests() == requests  # nothing at all was sent to whoever answers there
            probe = await command(site, "devices", "probe", ONE)
            assert probe.status == 0
            assert f"pin:{unit.endpoint.tls.value}" in probe.output and "NOT the certificate" in probe.output
            assert unit.requests() == requests
            site.write_rooms()  # with the new pin
            await until(unit.screen, "it works again without a restart", 15)
        assert unit.login_attempts() == 0


async def test_a_unit_whose_clock_is_wrong(tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=1) as site:
        unit = site.units[ONE]
        unit.clock_skew(-3600)
        async with running(site) as daemon:
            sentence = await until_said(daemon, "unit.clock_skew", "NTP")
            assert "-3600 s" in sentence or "-3599 s" in sentence or "-3601 s" in sentence
            start = soon(3)
            site.book(ONE, start, HALF_HOUR)
            await until(lambda: site.bridge.participants(), "the daemon's clock counts for the dial", 15)
            assert abs(site.bridge.participants()[0].started - start) < timedelta(seconds=patience.seconds(1))


# ------------------------------------------------------------------------------------ the disk


async def test_a_full_disk_holds_dials_back_and_nothing_else(tmp_path: Path) -> None:
    """No file may grow or change, as on a full disk: a dial that cannot be written down is not made."""
    async with Site(tmp_path, rooms=2, settings="[engine]\narm_before = 1") as site:
        async with running(site) as daemon:
            await until(lambda: len(served(daemon)) == 2, "both units are served")
            assert daemon.process is not None
            _, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (0, hard))
            start = soon(3)
            site.book(ONE, start, HALF_HOUR)
            await until(lambda: titles(site.units[ONE]) == ["Meeting m1"], "screens are kept as usual")
            await asyncio.sleep(max(0.0, (start - datetime.now(UTC)).total_seconds() + 2))
            assert not site.bridge.log and not site.units[ONE].call_log()
            told = [line["reason"] for line in daemon.named("store.failed")]
            assert len(told) == 1 and "cannot be written" in told[0], told
            assert "No room dials by itself until it can" in told[0]
            resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
            await until(lambda: site.bridge.participants(), "the dial is made once there is room, within the grace", 15)
            assert len(daemon.named("store.recovered")) == 1
            assert not daemon.named("lane.failed")
        assert len(site.units[ONE].call_log()) == 1


async def test_a_damaged_database_is_named_and_kept(tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=1, with_sip=False) as site:
        database = site.folder / "var" / "connector.db"
        async with running(site) as daemon:
            await until(lambda: served(daemon), "it works")
        damaged = b"\x00 not a database any more \x00" * 500
        database.write_bytes(damaged)
        refused = await command(site, "run")
        assert refused.status == 78  # so that no service starts it again and again
        assert str(database) in refused.errors and "file is not a database" in refused.errors
        assert "move the file aside" in refused.errors
        assert database.read_bytes() == damaged
        explained = await command(site, "explain", ONE)
        assert explained.status == 1 and "cannot be read" in explained.errors
        for file in database.parent.glob("connector.db*"):
            file.rename(file.with_name(f"damaged-{file.name}"))
        site.book(ONE, soon(3600), HALF_HOUR)
        async with running(site):
            await until(site.units[ONE].screen, "it starts anew as the sentence says")


async def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=1, with_sip=False) as site:
        (site.folder / "var").write_text("a file where the folder should be")
        refused = await command(site, "run")
        assert refused.status == 2
        assert "connector.data_dir" in refused.errors and str(site.folder / "var") in refused.errors


# ------------------------------------------------------------------------------------ the command line


async def test_the_commands_tell_of_a_troubled_site(tmp_path: Path) -> None:
    async with Site(tmp_path, rooms=3, with_sip=False) as site:
        await site.units[TWO].power(False)
        site.book(ONE, soon(3600), HALF_HOUR)
        nothing_yet = await command(site, "explain", ONE)
        assert nothing_yet.status == 2 and "connector run" in nothing_yet.errors
        async with running(site) as daemon:
            await until(lambda: {ONE, THREE} <= served(daemon), "the rooms that are on are served")
            await until_said(daemon, "unit.unreachable", room=TWO)
            up = await command(site, "explain", ONE)
        down = await command(site, "explain", "Room room0001")
        for explained in (up, down):
            assert explained.status == 0
            assert "Join button" in explained.output and "12345678901.***@zoomcrc.com" in explained.output
            assert "the screen has this plan" in explained.output
        status = await command(site, "devices", "status")
        lines = {line.split()[0]: line for line in status.output.splitlines() if line.startswith("room0")}
        assert status.status == 0
        assert lines[ONE].split()[1] == "reachable" and "up to date" in lines[ONE]
        assert lines[TWO].split()[1] == "unreachable" and "cannot be reached" in lines[TWO]
        off = await command(site, "devices", "probe", TWO)
        assert off.status == 1 and TWO in off.errors and "no certificate" in off.errors
        unknown = await command(site, "explain", "room0009")
        assert unknown.status == 2 and "no room 'room0009'" in unknown.errors
        good = await command(site, "check")
        assert good.status == 0 and "No problems." in good.output
        site.write_settings("[sync]\npoll_evry = 5\n")
        bad = await command(site, "check")
        assert bad.status == 2 and "poll_every" in bad.output
