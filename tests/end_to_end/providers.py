"""Three calendar services behind one set of words: the stand-ins, and the section that leads a daemon to them."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from connector.standins.exchange import ExchangeStandIn
from connector.standins.google import GoogleStandIn, Trouble
from connector.standins.graph import GraphStandIn
from tests.support import patience

DEADLINE = round(patience.factor())  # seconds after which the sections below give up
SLOW = 6.0 * DEADLINE  # seconds


class Provider(Protocol):
    """``secret``: its credential. ``denied``: what must be said of a mailbox that may not be read, and how to cure it.

    ``resumes``: subscriptions outlive the daemon's process, and the next one goes on with them.
    """

    secret: str
    denied: tuple[str, str]
    resumes: bool

    @property
    def url(self) -> str: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def section(self, folder: Path) -> str:
        """[calendars.office] of the connector.toml in this folder; its secret is vault:office."""
        ...

    def address(self, room: str) -> str: ...

    def add(self, room: str) -> None: ...

    def put(self, room: str, uid: str, vevent: str) -> None: ...

    def delete(self, room: str, uid: str) -> None: ...

    def set_silent(self, silent: bool) -> None:
        """Changes are told to nobody."""
        ...

    def set_failing(self, failing: bool) -> None:
        """Every request for a calendar gets an answer in the five hundreds."""
        ...

    def set_slow(self, slow: bool) -> None:
        """Every answer comes after the daemon has given up."""
        ...

    def forbid(self, room: str) -> None: ...

    def subscribed(self) -> dict[str, str]:
        """Subscriptions that are alive at the service: id to the room's address."""
        ...


class _Standing:
    """Starts and stops what it is about."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()


class OnGraph(_Standing):
    secret = "only-for-these-tests~graph"
    denied = ("may not read the calendar", "New-ManagementRoleAssignment -App")
    resumes = True

    def __init__(self, trust: ssl.SSLContext) -> None:
        super().__init__()
        self._graph = GraphStandIn(secret=self.secret, trust=trust)
        self._ids: dict[tuple[str, str], str] = {}

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._graph)
        return self

    @property
    def url(self) -> str:
        return self._graph.url

    def section(self, folder: Path) -> str:
        (folder / "graph-ca.pem").write_bytes(self._graph.ca_file.read_bytes())
        return f"""\
[calendars.office]
type = "graph"
tenant = "{self._graph.signin.tenant}"
client_id = "{self._graph.signin.client_id}"
secret = "vault:office"
login = "{self._graph.url}"
graph = "{self._graph.url}"
ca_file = "graph-ca.pem"
deadline = {DEADLINE}
"""

    def address(self, room: str) -> str:
        return f"{room}.o'brien@example.org"

    def add(self, room: str) -> None:
        self._graph.add_room(self.address(room), room)

    def put(self, room: str, uid: str, vevent: str) -> None:
        held = self._ids.get((room, uid), "")
        self._ids[room, uid] = self._graph.mailbox(self.address(room)).put(vevent, id=held)

    def delete(self, room: str, uid: str) -> None:
        self._graph.mailbox(self.address(room)).remove(self._ids.pop((room, uid)))

    def set_silent(self, silent: bool) -> None:
        self._graph.subscriptions.silent = silent

    def set_failing(self, failing: bool) -> None:
        self._graph.troubles.throttled = dict.fromkeys(self._graph.mailboxes, (503, None)) if failing else {}

    def set_slow(self, slow: bool) -> None:
        self._graph.troubles.delay = SLOW if slow else 0.0

    def forbid(self, room: str) -> None:
        self._graph.troubles.forbidden.add(self.address(room))

    def subscribed(self) -> dict[str, str]:
        return {name: record.mailbox for name, record in self._graph.subscriptions.records.items()}


class OnGoogle(_Standing):
    denied = ("shows nothing of it to", "calendar.google.com")
    resumes = True

    def __init__(self, trust: ssl.SSLContext) -> None:
        super().__init__()
        self._google = GoogleStandIn(push_tls=trust)
        self.secret = ""

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._google)
        self.secret = self._google.key_file
        return self

    @property
    def url(self) -> str:
        return self._google.url

    def section(self, folder: Path) -> str:
        return f"""\
[calendars.office]
type = "google"
key_file = "vault:office"
api_root = "{self._google.url}"
allow_http = true
deadline = {DEADLINE}
poll_with_push = 0 # a test asks when it wants to
"""

    def address(self, room: str) -> str:
        return f"{room}/o'brien@resource.calendar.google.com"

    def add(self, room: str) -> None:
        self._google.add_calendar(self.address(room), room)

    def put(self, room: str, uid: str, vevent: str) -> None:
        self._google.put(self.address(room), uid, vevent)

    def delete(self, room: str, uid: str) -> None:
        self._google.delete(self.address(room), uid)

    def set_silent(self, silent: bool) -> None:
        self._google.push.lost = silent

    def set_failing(self, failing: bool) -> None:
        self._google.troubles[:] = [Trouble("list", status=500, reason="backendError")] if failing else []

    def set_slow(self, slow: bool) -> None:
        self._google.troubles[:] = [Trouble("list", slow=SLOW)] if slow else []

    def forbid(self, room: str) -> None:
        self._google.share(self.address(room), self._google.account.email, "none")

    def subscribed(self) -> dict[str, str]:
        return {name: channel.calendar for name, channel in self._google.push.channels.items()}


class OnExchange(_Standing):
    secret = "only-for-these-tests~exchange"
    denied = ("does not let", "New-ManagementRoleAssignment")
    resumes = False

    def __init__(self, trust: ssl.SSLContext) -> None:
        super().__init__()
        self._exchange = ExchangeStandIn(password=self.secret, auth="ntlm")

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._exchange)
        return self

    @property
    def url(self) -> str:
        return self._exchange.url

    def section(self, folder: Path) -> str:
        (folder / "exchange-ca.pem").write_bytes(self._exchange.ca_file.read_bytes())
        return f"""\
[calendars.office]
type = "exchange"
url = "{self._exchange.url}"
username = '{self._exchange.account}'
password = "vault:office"
ca_file = "exchange-ca.pem"
poll_every = 3600 # a stream tells of changes
deadline = {DEADLINE}
"""

    def address(self, room: str) -> str:
        return f"{room}.o'brien@example.org"

    def add(self, room: str) -> None:
        self._exchange.add_mailbox(self.address(room), room)

    def put(self, room: str, uid: str, vevent: str) -> None:
        self._exchange.directory.find(self.address(room)).put(uid, vevent)

    def delete(self, room: str, uid: str) -> None:
        self._exchange.directory.find(self.address(room)).delete(uid)

    def set_silent(self, silent: bool) -> None:
        self._exchange.subscriptions.silent = silent

    def set_failing(self, failing: bool) -> None:
        answers = self._exchange.troubles.answers
        answers.clear()
        answers.extend([(503, {}, b"")] * 10_000 if failing else [])

    def set_slow(self, slow: bool) -> None:
        self._exchange.troubles.delay = SLOW if slow else 0.0

    def forbid(self, room: str) -> None:
        self._exchange.directory.out_of_scope.add(self.address(room))

    def subscribed(self) -> dict[str, str]:
        return {name: each.address for name, each in self._exchange.subscriptions.alive.items()}


PROVIDERS: Mapping[str, Callable[[ssl.SSLContext], Provider]] = {
    "graph": OnGraph,
    "google": OnGoogle,
    "exchange": OnExchange,
}
