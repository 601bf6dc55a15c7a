"""Names of units: who waits for a look-up, when it is done anew, and which address is tried (F1 to F3)."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from connector.engine import addresses
from connector.engine.addresses import NotAllowed, Place, allowed_address, allowed_addresses, look_up
from connector.model import RoomId
from device_drivers.api import DeviceUnreachable, DriverPlug, Endpoint
from tests.support import patience
from tests.support.clock import FakeClock
from tests.support.harness import Harness, meeting, minutes
from tests.support.memory_unit import MemoryUnit
from tests.support.options import default_options

ANY = (ip_network("10.0.0.0/8"), ip_network("127.0.0.0/8"), ip_network("fc00::/7"))


@dataclass
class NameServer:
    """In the place of the system's resolver, for names below example.test."""

    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, host: str) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        if host in self.silent:
            self.over.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        if host not in self.names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in self.names[host]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    server, system = NameServer(), socket.getaddrinfo

    def getaddrinfo(host: Any, *more: Any, **named: Any) -> Any:
        return server.answer(host) if str(host).endswith(".test") else system(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield server
    server.over.set()
    patience.wait_until(lambda: not [t for t in threading.enumerate() if t.name.startswith("look-up of")])


# ------------------------------------------------------------------------------------ F1


@pytest.mark.parametrize("dead", [20, 100])
async def test_f1_names_that_nobody_answers_delay_nobody(
    dead: int, names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "DEADLINE", patience.seconds(1))
    names.silent = {f"dead-{n}.example.test" for n in range(dead)}
    names.names["alive.example.test"] = ("10.0.0.1",)
    waiting = [asyncio.create_task(look_up(name)) for name in names.silent]
    await asyncio.sleep(0.05)
    began = time.monotonic()
    assert await look_up("alive.example.test") == ("10.0.0.1",)
    assert await asyncio.to_thread(lambda: "reading and detection work in the pool of everybody") is not None
    assert time.monotonic() - began < patience.seconds(0.5)
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert time.monotonic() - began < patience.seconds(3)
    assert {type(result) for result in results} == {DeviceUnreachable}
    assert not any(result.sent for result in results if isinstance(result, DeviceUnreachable))


async def test_f1_many_more_dead_names_than_threads_are_out_of_the_way_of_the_others(
    names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At first they fill the line; once they are known to be silent, they wait in a line of their own."""
    monkeypatch.setattr(addresses, "DEADLINE", 0.3)
    monkeypatch.setattr(addresses, "_THREADS", 8)
    monkeypatch.setattr(addresses, "_SLOW_THREADS", 2)
    monkeypatch.setattr(addresses, "_LOOK_UPS", addresses._LookUps())
    names.silent = {f"dead-{n}.example.test" for n in range(30)}
    names.names["alive.example.test"] = ("10.0.0.1",)
    for _ in range(4):  # each time as many as there are threads are found to be silent
        await asyncio.gather(*(look_up(name) for name in names.silent), return_exceptions=True)
        names.over.set()
        await patience.until(lambda: not addresses._LOOK_UPS._asked)
        names.over.clear()
    waiting = [asyncio.create_task(look_up(name)) for name in names.silent]
    await asyncio.sleep(0.02)
    assert await look_up("alive.example.test") == ("10.0.0.1",)
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_f1_one_name_is_asked_for_once_by_all_who_wait(names: NameServer) -> None:
    names.names["alive.example.test"] = ("10.0.0.1",)
    found = await asyncio.gather(*(look_up("alive.example.test") for _ in range(20)))
    assert set(found) == {("10.0.0.1",)}
    assert len(names.asked) < 20


@pytest.mark.parametrize(
    "host", ["nosuch.example.test", "a" * 70 + ".example", "ä" * 64 + ".example", "a..b", "\u2028"]
)
async def test_f1_a_name_that_is_none_is_a_sentence(host: str, names: NameServer) -> None:
    with pytest.raises(DeviceUnreachable) as caught:
        await allowed_address(host, ANY)
    assert caught.value.sent is False
    assert "cannot be resolved" in str(caught.value)


async def test_f1_who_waits_for_a_name_can_be_cancelled(names: NameServer) -> None:
    names.silent = {"dead.example.test"}
    waiting = asyncio.create_task(look_up("dead.example.test"))
    await asyncio.sleep(0.02)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


# ------------------------------------------------------------------------------------ F2


async def _settled(place: Place) -> None:
    if place._looking is not None:
        await asyncio.wait({place._looking})


async def test_f2_a_name_is_looked_up_anew_at_the_end_of_its_time(names: NameServer) -> None:
    clock = FakeClock()
    place = Place("codec.example.test", clock.now)
    names.names["codec.example.test"] = ("10.0.0.1",)
    assert await place.first() == ("10.0.0.1",)
    names.names["codec.example.test"] = ("10.0.0.2",)
    clock._now += timedelta(seconds=59)
    assert place.known() == ("10.0.0.1",)
    await _settled(place)
    assert len(names.asked) == 1
    clock._now += timedelta(seconds=2)
    assert place.known() == ("10.0.0.1",)  # nobody waits
    await _settled(place)
    assert place.known() == ("10.0.0.2",)
    assert len(names.asked) == 2


async def test_f2_a_name_server_in_trouble_moves_nothing(names: NameServer) -> None:
    clock = FakeClock()
    place = Place("codec.example.test", clock.now)
    names.names["codec.example.test"] = ("10.0.0.1",)
    await place.first()
    del names.names["codec.example.test"]
    for _ in range(3):
        clock._now += timedelta(minutes=5)
        assert place.known() == ("10.0.0.1",)
        await _settled(place)
    assert len(names.asked) == 4


async def test_f2_a_clock_that_is_set_back_keeps_no_answer_for_good(names: NameServer) -> None:
    clock = FakeClock()
    place = Place("codec.example.test", clock.now)
    names.names["codec.example.test"] = ("10.0.0.1",)
    await place.first()
    clock._now -= timedelta(days=1)
    place.known()
    await _settled(place)
    assert len(names.asked) == 2


async def test_f2_an_address_is_never_looked_up(names: NameServer) -> None:
    place = Place("10.0.0.9", FakeClock().now)
    assert await place.first() == place.known() == ("10.0.0.9",)
    place.look_again()
    assert place._looking is None


class Site:
    """Units by their addresses: whoever is opened for another address finds nobody there."""

    def __init__(self, folder: Path, *, networks: Any = ANY) -> None:
        self.harness = Harness(folder, options=replace(default_options(), private_networks=networks))
        self.at: dict[str, MemoryUnit] = {}
        self.opened: list[tuple[str, ...]] = []
        self.harness._plug = self._find  # type: ignore[method-assign]  # in place of units without addresses
        room = self.harness.rooms[RoomId("r1")]
        self.harness.rooms = {room.id: replace(room, ip_address="codec.example.test")}

    def unit(self, *at: str) -> MemoryUnit:
        made = MemoryUnit(self.harness.clock)
        self.at |= dict.fromkeys(at, made)
        return made

    def _find(self, name: str) -> DriverPlug:
        nobody = MemoryUnit(self.harness.clock, on=False)
        manifest = nobody.plug().manifest

        def opened(endpoint: Endpoint) -> Any:
            self.opened.append(endpoint.addresses)
            return self.at.get(endpoint.address, nobody).plug().open(endpoint)

        return DriverPlug(manifest, opened)


async def _through_threads(site: Site, holds: Callable[[], object]) -> None:
    """Look-ups are done in threads, beside the fake clock."""
    for _ in range(100):
        await site.harness.advance(timedelta(seconds=10))
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


async def test_f2_a_unit_that_moves_to_another_address_is_followed(names: NameServer, tmp_path: Path) -> None:
    site = Site(tmp_path)
    unit = site.unit("10.0.0.1")
    names.names["codec.example.test"] = ("10.0.0.1",)
    async with site.harness as daemon:
        await daemon.calendar(meeting("m1", length=minutes(300)))
        await _through_threads(site, lambda: unit.screen.bookings)
        unit.on = False
        moved = site.unit("10.0.0.2")
        names.names["codec.example.test"] = ("10.0.0.2",)
        await daemon.calendar(meeting("m1", length=minutes(300)), meeting("m2", length=minutes(200)))
        await _through_threads(site, lambda: len(moved.screen.bookings) == 2)
        assert site.opened[-1] == ("10.0.0.2",)


async def test_f2_a_name_that_leads_to_another_unit_is_followed_though_the_old_one_answers(
    names: NameServer, tmp_path: Path
) -> None:
    site = Site(tmp_path)
    old, new = site.unit("10.0.0.1"), site.unit("10.0.0.2")
    names.names["codec.example.test"] = ("10.0.0.1",)
    async with site.harness as daemon:
        await daemon.calendar(meeting("m1", length=minutes(300)))
        await _through_threads(site, lambda: old.screen.bookings)
        names.names["codec.example.test"] = ("10.0.0.2",)
        await _through_threads(site, lambda: site.opened[-1] == ("10.0.0.2",))
        await daemon.calendar(meeting("m1", length=minutes(300)), meeting("m2", length=minutes(200)))
        await _through_threads(site, lambda: len(new.screen.bookings) == 2)


async def test_f2_a_name_that_moves_out_of_the_private_networks_is_not_followed(
    names: NameServer, tmp_path: Path
) -> None:
    site = Site(tmp_path)
    site.unit("10.0.0.1")
    names.names["codec.example.test"] = ("10.0.0.1",)
    async with site.harness as daemon:
        await daemon.calendar(meeting("m1", length=minutes(300)))
        await _through_threads(site, lambda: site.opened)
        names.names["codec.example.test"] = ("203.0.113.9",)
        await _through_threads(site, lambda: daemon.named("unit.not_allowed"))
        assert {address for opened in site.opened for address in opened} == {"10.0.0.1"}


# ------------------------------------------------------------------------------------ F3


@pytest.mark.parametrize(
    "found", [("10.0.0.7", "10.0.0.1"), ("fc00::7", "10.0.0.1"), ("fc00::7", "10.0.0.7", "10.0.0.1")]
)
async def test_f3_each_address_in_turn(found: tuple[str, ...], names: NameServer, tmp_path: Path) -> None:
    site = Site(tmp_path)
    unit = site.unit("10.0.0.1")
    names.names["codec.example.test"] = found
    async with site.harness as daemon:
        await daemon.calendar(meeting("m1", length=minutes(300)))
        await _through_threads(site, lambda: unit.screen.bookings)
        assert site.opened[0] == found
        assert site.opened[-1][0] == "10.0.0.1"
        before = len(site.opened)
        await daemon.advance(minutes(10))
        assert len(site.opened) == before  # it stays with the one that answers


async def test_f3_addresses_outside_the_private_networks_are_left_out(names: NameServer) -> None:
    names.names["codec.example.test"] = ("203.0.113.1", "10.0.0.1", "169.254.1.1", "fc00::1")
    assert await allowed_addresses("codec.example.test", ANY) == ("10.0.0.1", "fc00::1")
    names.names["codec.example.test"] = ("203.0.113.1", "8.8.8.8")
    with pytest.raises(NotAllowed, match=r"203\.0\.113\.1, 8\.8\.8\.8"):
        await allowed_addresses("codec.example.test", ANY)


async def test_f3_an_edit_of_the_networks_judges_each_address_anew(names: NameServer, tmp_path: Path) -> None:
    site = Site(tmp_path)
    first, second = site.unit("10.0.0.1"), site.unit("127.0.0.1")
    names.names["codec.example.test"] = ("10.0.0.1", "127.0.0.1")
    async with site.harness as daemon:
        await daemon.calendar(meeting("m1", length=minutes(300)))
        await _through_threads(site, lambda: first.screen.bookings)
        daemon.options = replace(daemon.options, private_networks=(ip_network("127.0.0.0/8"),))
        await daemon.calendar(meeting("m1", length=minutes(300)), meeting("m2", length=minutes(200)))
        await _through_threads(site, lambda: second.screen.bookings)
        assert site.opened[-1] == ("127.0.0.1",)
        assert len(first.screen.bookings) == 1
