"""Which addresses a unit's name leads to now: looked up apart from all other work, judged where they are used.

A look-up is a call of the system's resolver (hosts file, DNS, whatever the machine is set up for), which may block for
half a minute when nobody answers. So each has a thread of its own, which nobody waits for longer than ``DEADLINE``:
names that nobody answers delay neither reading nor other names. Names that did not answer last time stand in a line of
their own, so that a thousand of them are in nobody's way.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future
from datetime import datetime, timedelta
from ipaddress import ip_address

from connector.networks import Network, within
from device_drivers.api import DeviceUnreachable, DriverError

DEADLINE = 5.0  # seconds that somebody waits for a look-up
TIME_TO_LIVE = timedelta(seconds=60)  # of an answer: the system's resolver does not say how long it is good for
_LOOK_AGAIN = timedelta(seconds=5)  # between two look-ups of one name whose unit cannot be reached
_THREADS = 128  # look-ups at one time, of names that answered or were never asked
_SLOW_THREADS = 32  # of names that did not answer in time when they were asked last
_MOST_SLOW = 10_000  # names that are remembered as such

Addresses = tuple[str, ...]


class NotAllowed(DriverError):
    """Ours, not the unit's: the room may not be contacted, and was not."""

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)


# ------------------------------------------------------------------------------------ judging


def allowed(host: str, found: Addresses, networks: Collection[Network]) -> Addresses:
    """Those of ``found`` that may be contacted, in their order. NotAllowed when it is none."""
    fit = tuple(text for text in found if within(ip_address(text), networks))
    if fit:
        return fit
    resolved = "" if found == (host,) else f" ({', '.join(found)})"
    raise NotAllowed(
        f"{host}{resolved} is outside the Private Networks and was not contacted;"
        " add its range to networks.private in connector.toml if it is yours"
    )


async def allowed_address(host: str, networks: Collection[Network]) -> str:
    """Resolve, judge, and return the very address that will be connected. NotAllowed when it is nobody of ours."""
    return (await allowed_addresses(host, networks))[0]


async def allowed_addresses(host: str, networks: Collection[Network]) -> Addresses:
    """Each that may be connected, in the resolver's order. Raises as ``allowed_address``."""
    return allowed(host, literal(host) or await look_up(host), networks)


def literal(host: str) -> Addresses:
    """The address itself where the row has one; () for a name."""
    try:
        return (str(ip_address(host)),)
    except ValueError:
        return ()


# ------------------------------------------------------------------------------------ looking up


async def look_up(host: str) -> Addresses:
    """DeviceUnreachable when there is no such name, or no answer within ``DEADLINE``."""
    answer = asyncio.wrap_future(_LOOK_UPS.ask(host))
    answer.add_done_callback(_heard)
    try:
        async with asyncio.timeout(DEADLINE):
            return await asyncio.shield(answer)
    except TimeoutError:
        _LOOK_UPS.late(host)
        raise DeviceUnreachable(
            f"the name {host} was not answered within {DEADLINE:.0f} s; see whether this machine's name servers work",
            sent=False,
        ) from None
    except (OSError, UnicodeError) as error:  # UnicodeError: no resolver takes such a name
        raise DeviceUnreachable(f"the name {host} cannot be resolved ({error})", sent=False) from None


def _heard(answer: asyncio.Future[Addresses]) -> None:
    """An error that comes after everybody gave up waiting is nobody's."""
    if not answer.cancelled():
        answer.exception()


class _LookUps:
    """Threads for them, one each, daemon ones: a process ends without waiting for a name server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[str, Future[Addresses]] = {}
        self._began: set[str] = set()
        self._lines: dict[bool, deque[str]] = {False: deque(), True: deque()}
        self._running = {False: 0, True: 0}
        self._slow: dict[str, None] = {}  # in the order in which they were found to be

    def ask(self, host: str) -> Future[Addresses]:
        """Who asks while somebody else waits for the same name shares the answer."""
        with self._lock:
            asked = self._asked.get(host)
            if asked is None:
                asked = self._asked[host] = Future()
                slow = host in self._slow
                self._lines[slow].append(host)
                self._start(slow)
        return asked

    def late(self, host: str) -> None:
        """Somebody gave up waiting. One that only stood in the line is not to blame."""
        with self._lock:
            if host in self._began:
                self._mark(host)

    def _mark(self, host: str) -> None:
        self._slow[host] = None
        while len(self._slow) > _MOST_SLOW:
            del self._slow[next(iter(self._slow))]

    def _start(self, slow: bool) -> None:
        most = _SLOW_THREADS if slow else _THREADS
        while self._lines[slow] and self._running[slow] < most:
            host = self._lines[slow].popleft()
            self._running[slow] += 1
            self._began.add(host)
            threading.Thread(target=self._run, args=(host, slow), name=f"look-up of {host}", daemon=True).start()

    def _run(self, host: str, slow: bool) -> None:
        found: Addresses = ()
        failed: Exception | None = None
        try:
            found = _resolved(host)
        except Exception as error:  # whatever the system's resolver raises belongs to who asked
            failed = error
        with self._lock:
            asked = self._asked.pop(host)
            self._began.discard(host)
            self._running[slow] -= 1
            if failed is None:
                self._slow.pop(host, None)
            self._start(slow)
        if failed is None:
            asked.set_result(found)
        else:
            asked.set_exception(failed)


def _resolved(host: str) -> Addresses:
    infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(info[4][0]) for info in infos))


_LOOK_UPS = _LookUps()


# ------------------------------------------------------------------------------------ a unit's place


class Place:
    """Where one unit is. A name is looked up at the first use, at the end of ``TIME_TO_LIVE``, and when its unit cannot
    be reached; but for the first time nobody waits for it, as a dial must leave on the second."""

    def __init__(self, host: str, now: Callable[[], datetime]) -> None:
        self.host = host
        self._now = now
        self._found = literal(host)
        self._is_name = not self._found
        self._at: datetime | None = None  # of the last look-up, whatever came of it
        self._looking: asyncio.Task[None] | None = None

    async def first(self) -> Addresses:
        """What is known, else what the resolver says. Raises DeviceUnreachable."""
        if not self._found:
            self._found, self._at = await look_up(self.host), self._now()
        return self.known()

    def known(self) -> Addresses:
        """What was found last, without waiting; () before the first time. An old answer is renewed meanwhile."""
        if self._is_name and self._older_than(TIME_TO_LIVE):
            self._look()
        return self._found

    def look_again(self) -> None:
        """Its unit could not be reached: it may have moved."""
        if self._is_name and self._older_than(_LOOK_AGAIN):
            self._look()

    def turn(self) -> None:
        """The first address did not answer: the next one goes first, for drivers that try only one."""
        self._found = (*self._found[1:], *self._found[:1])

    async def close(self) -> None:
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            await asyncio.wait({looking})

    def _older_than(self, age: timedelta) -> bool:
        """A clock that was set back makes everything old."""
        return self._at is None or not timedelta() <= self._now() - self._at < age

    def _look(self) -> None:
        if self._found and (self._looking is None or self._looking.done()):
            self._at = self._now()
            self._looking = asyncio.create_task(self._renew(), name=f"look-up of {self.host}")

    async def _renew(self) -> None:
        try:
            found = await look_up(self.host)
        except DeviceUnreachable:  # a name server in trouble moves no unit
            return
        if _as_set(found) != _as_set(self._found):
            self._found = found


def _as_set(addresses: Iterable[str]) -> frozenset[str]:
    return frozenset(addresses)
