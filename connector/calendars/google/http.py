"""Google's own client in threads of our own, with deadlines that hold.

google-api-python-client speaks through httplib2, which blocks and is not for two threads at once: each call borrows
one connection keeper and gives it back. When a deadline passes, the sockets of that keeper are shut down, which ends
the thread as well, also in the middle of an answer that trickles in.
"""

from __future__ import annotations

import asyncio
import http.client
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import httplib2
from google.api_core.client_options import ClientOptions
from googleapiclient import discovery
from googleapiclient.errors import Error as ClientError
from googleapiclient.errors import HttpError

from connector.calendars.bounded import SIZE_LIMIT
from connector.calendars.google.bounded import BoundedHttp
from connector.calendars.google.errors import meaning, refusal
from connector.calendars.google.key import Identity
from connector.calendars.google.remedies import network_sentence, parted
from connector.calendars.worker_threads import WorkerThreads
from connector.errors import CalendarError, CredentialsRejected, RateLimited, SourceUnavailable

UNCHANGED = 304

# What Google's libraries raise over JSON of another form, or nested without end.
ODD_JSON = (AttributeError, TypeError, LookupError, RecursionError, OverflowError)

_RESTS = 50.0  # seconds
_ABORT_EVERY = 0.1  # seconds; httplib2 may connect once more after its socket was shut down

_ANY_RATIO = 2000  # gzip reaches 1032: the size alone decides
_FREED_WITHIN = 10.0  # seconds: a thread that has not ended by then is given up

# It warns of each refusal without saying whose; what a refusal means is told by us, with the calendar's name.
logging.getLogger("googleapiclient.http").setLevel(logging.ERROR)

# google-api-python-client has no types: services and requests are built from discovery documents at run time.
T = TypeVar("T")
Service = Any
Request = Any


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Mapping[str, object] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


class GoogleApi:
    """``root``: "" for Google itself, or the address of a stand-in or of a private endpoint, with its slash.

    ``ca_file``: certificate authorities, PEM, default those of certifi. ``deadline``: of one call, from when it leaves.
    """

    def __init__(
        self,
        *,
        root: str = "",
        ca_file: str | None = None,
        deadline: timedelta = timedelta(seconds=30),
        concurrency: int = 8,
    ) -> None:
        self._root = root
        self._ca_file = ca_file
        self._deadline = deadline.total_seconds()
        self._threads = WorkerThreads("google", concurrency)
        self._slots = asyncio.Semaphore(concurrency)
        self._idle: list[tuple[httplib2.Http, float]] = []  # and since when, by the loop's clock
        self._services: dict[str, Service] = {}
        self._building = threading.Lock()
        self._failures: dict[str, int] = {}  # limits met in a row, by calendar; "*" for the project
        self._quiet_until = 0.0  # of the loop's clock: a limit of the project is everybody's
        self._ending: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        if self._ending:
            await asyncio.wait(self._ending, timeout=2)
        for keeper, _ in self._idle:
            keeper.close()
        self._idle.clear()
        self._threads.close()

    async def calendar(
        self, identity: Identity, calendar: str, make: Callable[[Service], Request], *, etag: str = ""
    ) -> Answer:
        """One call of calendar v3 about ``calendar``. ``etag``: answers 304 where nothing changed since.

        Raises CredentialsRejected, AccessDenied, RateLimited, SourceUnavailable; Gone for 410.
        """
        return await self._ask(identity, "calendar", calendar, make, etag)

    async def directory(self, identity: Identity, make: Callable[[Service], Request]) -> Answer:
        """One call of the Admin SDK's directory. Raises as ``calendar``."""
        return await self._ask(identity, "admin", "", make, "")

    async def fetch(self, url: str) -> bytes:
        """A public document, without credentials. Raises SourceUnavailable."""

        def work(keeper: httplib2.Http) -> bytes:
            response, content = keeper.request(url)
            if response.status != 200:
                raise SourceUnavailable(f"Google answered with {response.status}.")
            return bytes(content)

        return await self._in_thread(work)

    # -------------------------------------------------------------------------------- one call

    async def _ask(
        self, identity: Identity, api: str, what: str, make: Callable[[Service], Request], etag: str
    ) -> Answer:
        loop = asyncio.get_running_loop()
        if (quiet := self._quiet_until - loop.time()) > 0:
            raise RateLimited("Google asked us to go slower.", retry_after=timedelta(seconds=quiet))
        try:
            answer = await self._in_thread(lambda keeper: self._perform(keeper, identity, api, make, etag))
        except HttpError as error:
            raise self._refused(error, identity, what) from None
        self._failures.pop(what, None)
        self._failures.pop("*", None)
        return answer

    def _refused(self, error: HttpError, identity: Identity, what: str) -> CalendarError:
        refused = refusal(int(error.resp.status), error.resp, error.content)
        if refused.status == 410:
            return Gone("Google says that the listing cannot be continued (410); it is begun anew.")
        counter = "*" if refused.for_all else what
        self._failures[counter] = self._failures.get(counter, 0) + 1
        problem = meaning(refused, identity, what, self._failures[counter])
        if isinstance(problem, CredentialsRejected):
            identity.reject(*parted(problem))
        if isinstance(problem, RateLimited) and refused.for_all:
            self._quiet_until = asyncio.get_running_loop().time() + problem.retry_after.total_seconds()
        return problem

    def _perform(
        self, keeper: httplib2.Http, identity: Identity, api: str, make: Callable[[Service], Request], etag: str
    ) -> Answer:
        """In a thread. A token that was revoked early is answered with 401: one fresh one is tried."""
        service = self._service(api)
        token = identity.token(keeper)
        try:
            return _execute(make(service), keeper, token, etag)
        except HttpError as error:
            refused = refusal(int(error.resp.status), error.resp, error.content)
            if refused.status != 401 or refused.of_our_address:
                raise
        return _execute(make(service), keeper, identity.token(keeper, refused=token), etag)

    def _service(self, api: str) -> Service:
        """Built once from the discovery document in the package; requests are then made without shared state."""
        with self._building:
            if api not in self._services:
                version, path = ("v3", "calendar/v3/") if api == "calendar" else ("directory_v1", "")
                options = ClientOptions(api_endpoint=self._root + path) if self._root else None
                self._services[api] = discovery.build(
                    api, version, http=httplib2.Http(), client_options=options, static_discovery=True
                )
            return self._services[api]

    # -------------------------------------------------------------------------------- threads

    async def _in_thread(self, work: Callable[[httplib2.Http], T]) -> T:
        """Raises HttpError as it is; everything else that a network does becomes SourceUnavailable."""
        await self._slots.acquire()
        keeper = self._keeper()
        try:
            future = self._threads.submit(lambda: work(keeper))
        except SourceUnavailable:
            self._give_back(keeper)
            raise
        try:
            async with asyncio.timeout(self._deadline):
                result = await asyncio.shield(future)
        except (TimeoutError, asyncio.CancelledError) as stopped:
            if not future.done():
                self._abort(future, keeper)
            else:  # the socket's own time-out came first
                keeper.close()
                self._give_back(keeper)
            if isinstance(stopped, TimeoutError):
                raise SourceUnavailable(f"Google did not answer whole within {self._deadline:.0f} s.") from None
            raise
        except HttpError:
            self._give_back(keeper)
            raise
        except CalendarError:
            keeper.close()
            self._give_back(keeper)
            raise
        except (ClientError, httplib2.HttpLib2Error, http.client.HTTPException, OSError, ValueError) as error:
            keeper.close()
            self._give_back(keeper)
            raise SourceUnavailable(network_sentence(error)) from None
        except BaseException:
            keeper.close()
            self._slots.release()
            raise
        self._give_back(keeper)
        return result

    def _keeper(self) -> httplib2.Http:
        """The one that was used last; connections that rested long may be dead, which httplib2 does not expect."""
        if self._idle:
            keeper, rested_since = self._idle.pop()
            if asyncio.get_running_loop().time() - rested_since > _RESTS:
                keeper.close()
            return keeper
        keeper = BoundedHttp(
            timeout=self._deadline, ca_certs=self._ca_file, decode_limit_hard=SIZE_LIMIT, decode_limit_ratio=_ANY_RATIO
        )
        keeper.follow_redirects = False  # Google's APIs do not; a proxy's login page would
        return keeper

    def _give_back(self, keeper: httplib2.Http) -> None:
        self._idle.append((keeper, asyncio.get_running_loop().time()))
        self._slots.release()

    def _abort(self, future: asyncio.Future[Any], keeper: httplib2.Http) -> None:
        task = asyncio.get_running_loop().create_task(self._end(future, keeper), name="google abort")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _end(self, future: asyncio.Future[Any], keeper: httplib2.Http) -> None:
        """Holds the slot until the thread is free again, however often httplib2 connects anew, or is given up."""
        given_up = asyncio.get_running_loop().time() + _FREED_WITHIN
        try:
            while not future.done() and asyncio.get_running_loop().time() < given_up:
                _shut_down(keeper)
                await asyncio.wait({future}, timeout=_ABORT_EVERY)
        finally:
            self._threads.abandon(future)
            keeper.close()
            self._slots.release()


def unusable(ca_file: str) -> str:
    """Why these certificate authorities cannot be used; "" where they can."""
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # also SSLError
        return "it is no PEM file of certificates" if isinstance(error, ssl.SSLError) else str(error.strerror)
    return ""


class Gone(SourceUnavailable):
    """410: a page token or a state is not valid any more; the listing has to start from its beginning."""


def _execute(request: Request, keeper: httplib2.Http, token: str, etag: str) -> Answer:
    headers: dict[str, str] = {}
    request.add_response_callback(headers.update)
    request.headers["authorization"] = f"Bearer {token}"
    if etag:
        request.headers["if-none-match"] = etag
    try:
        body = request.execute(http=keeper, num_retries=0)
    except HttpError as error:
        if error.resp.status != UNCHANGED:
            raise
        return Answer(UNCHANGED, {}, dict(error.resp))
    except ODD_JSON:
        raise SourceUnavailable("Google's answer is not of the form that it should be; it is tried again.") from None
    return Answer(200, body if isinstance(body, dict) else {}, headers)


def _shut_down(keeper: httplib2.Http) -> None:
    for connection in list(keeper.connections.values()):
        sock = connection.sock
        if sock is not None:
            with suppress(OSError):  # it may be closed already
                socket.socket.shutdown(sock, socket.SHUT_RD)  # as in the Exchange source; SSLSocket's own would wait
