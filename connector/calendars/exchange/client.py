"""An Exchange server for an event loop: a bounded pool of threads, deadlines, and our own errors."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from connector.calendars.base import Place
from connector.calendars.exchange.autodiscover import find_url
from connector.calendars.exchange.errors import translate
from connector.calendars.exchange.items import Broken, Item
from connector.calendars.exchange.mailboxes import Access, Mailboxes
from connector.calendars.exchange.signin import SignIn
from connector.calendars.exchange.transport import Call
from connector.calendars.worker_threads import WorkerThreads
from connector.errors import SourceUnavailable
from connector.model import Window

T = TypeVar("T")

_THREADS = 8  # of the 27 requests at once that Exchange's default policy allows an account
_FREED_WITHIN = 3.0  # seconds: a thread that has not ended by then, though its connection was cut, is given up
_TALKATIVE = ("exchangelib", "requests_ntlm", "requests_gssapi", "spnego")  # bodies and tickets in their debug lines


@dataclass(frozen=True, slots=True)
class Server:
    """``url``: of its EWS; without one it is found for the address ``email``. ``deadline``: of one answer, seconds."""

    access: Access
    url: str = ""
    email: str = ""
    deadline: float = 40.0
    pause: float = 30.0  # after a refused sign-in, seconds
    section: str = "exchange"  # the NAME of [calendars.NAME], for sentences

    @property
    def name(self) -> str:
        return urlsplit(self.url).hostname or f"of {self.email.rpartition('@')[2]}"

    @property
    def again(self) -> str:
        """The command that lets refused credentials be tried once more."""
        return f"`connector calendars sync {self.section}`"


class Client:
    """Methods that await do their work in the pool; the others block and are for threads."""

    def __init__(self, server: Server) -> None:
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.server = server
        self.signin = SignIn(
            server.name,
            server.access.who,
            again=server.again,
            pause=server.pause,
            principal=f"HTTP/{server.name}" if server.access.kerberos else "",
            hang_up=self._hang_up,
        )
        self.clock_skew: timedelta | None = None  # the server's clock minus ours, as last seen
        self._url = server.url
        self._threads = WorkerThreads("exchange", _THREADS)
        self._lock = threading.Lock()
        self._mailboxes: Mailboxes | None = None
        self._calls: set[Call] = set()

    async def close(self) -> None:
        """Ends what is under way, within a few seconds."""
        for call in list(self._calls):
            call.abort()
        await self._threads.finish(_FREED_WITHIN)
        if self._mailboxes is not None:
            self._mailboxes.close()

    # -------------------------------------------------------------------------------- for the event loop

    async def listing(self, calendar: str, window: Window) -> dict[str, str]:
        return await self.run(calendar, lambda: self.mailboxes().listing(calendar, window))

    async def items(self, calendar: str, ids: Sequence[str]) -> dict[str, Item | Broken | None]:
        return await self.run(calendar, lambda: self.mailboxes().items(calendar, ids))

    async def places(self) -> tuple[Place, ...]:
        """The rooms of all room lists; the first list that holds a room names its site."""
        lists = await self.run("", lambda: self.mailboxes().room_lists())
        found: dict[str, Place] = {}
        for address, site in sorted(lists, key=lambda each: each[1].lower()):
            rooms = await self.run("", lambda address=address: self.mailboxes().rooms(address))  # type: ignore[misc]
            for room, name in rooms:
                found.setdefault(room.lower(), Place(calendar=room, name=name or room, site=site or address))
        return tuple(found.values())

    async def run(self, calendar: str, request: Callable[[], T]) -> T:
        """Raises a CalendarError. Cancelled or too late, the thread is freed: its connection is cut."""
        call = Call()
        self._calls.add(call)
        future = self._threads.submit(lambda: self.work(calendar, request, call))
        try:
            async with asyncio.timeout(self.server.deadline):
                return await future
        except TimeoutError:
            name, seconds = self.server.name, self.server.deadline
            raise SourceUnavailable(
                f"The Exchange server {name} did not answer whole within {seconds:.0f} seconds."
            ) from None
        finally:
            self._calls.discard(call)
            if not future.done() or future.cancelled():
                call.abort()
                asyncio.get_running_loop().call_later(_FREED_WITHIN, self._threads.abandon, future)

    # -------------------------------------------------------------------------------- for threads

    def work(self, calendar: str, request: Callable[[], T], call: Call, *, long: bool = False) -> T:
        """Does it in this thread. ``long``: a stream. Raises a CalendarError."""
        access = self.server.access
        with call.running():
            try:
                if long:
                    return self.signin.long_work(request)
                return self.signin.work(request, patience=self.server.deadline)
            except Exception as error:  # requests, lxml and exchangelib raise what they like; nothing of it goes on
                told = translate(
                    error,
                    self.server.name,
                    calendar,
                    username=access.who,
                    impersonation=access.impersonation,
                    again=self.server.again,
                )
        raise told

    def mailboxes(self) -> Mailboxes:
        """The pool of the readings; inside ``work``, since it may have to find the server first."""
        with self._lock:
            if self._mailboxes is None:
                self._mailboxes = self._connect(_THREADS, whole=True)
            return self._mailboxes

    def line(self) -> Mailboxes:
        """One connection for a stream."""
        if not self._url:
            self.work("", self._find, Call())
        return self._connect(1, whole=False)

    def _connect(self, connections: int, *, whole: bool) -> Mailboxes:
        self._find()
        return Mailboxes(self._url, self.server.access, connections=connections, whole=whole, saw_date=self._saw_date)

    def _hang_up(self) -> None:
        """The next request connects anew; what is under way ends by itself."""
        with self._lock:
            dropped, self._mailboxes = self._mailboxes, None
        if dropped is not None:
            dropped.close()

    def _find(self) -> None:
        if not self._url:
            self._url = find_url(self.server.email, self.server.access)

    def _saw_date(self, skew: timedelta) -> None:
        self.clock_skew = skew
