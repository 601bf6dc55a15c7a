"""How exchangelib reaches the server: TLS, deadlines, and the end of its own retries.

Facts on exchangelib 5.6.0 that this module answers: its session pool takes a lock and then waits for a session when it
shrinks; a stream keeps its session for life; the timeout is one of each read, not of the whole answer; broken XML is
repaired silently, so that half a listing would look like a short one; and texts of answers end in its errors.
"""

# mypy: disallow-subclassing-any=False
# The library ships no type information, so its classes, made to be subclassed, are Any to the checker.

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from exchangelib.configuration import Configuration  # type: ignore[import-untyped]
from exchangelib.credentials import Credentials  # type: ignore[import-untyped]
from exchangelib.errors import (  # type: ignore[import-untyped]
    ErrorServerBusy,
    SessionPoolMinSizeReached,
    UnauthorizedError,
)
from exchangelib.protocol import FailFast, Protocol  # type: ignore[import-untyped]
from exchangelib.util import is_xml  # type: ignore[import-untyped]

from connector.calendars.bounded_requests import BoundedAdapter
from connector.calendars.service_words import http_date, seconds

_KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3))  # a dead peer shows within 2 minutes
_END = re.compile(rb"</(?:\w+:)?Envelope\s*>\s*$")
_LONGEST_WAIT = 3600
_CONNECT = 5.0


class HttpStatus(Exception):
    """The server answered, but not in EWS. ``location``: where a redirect leads."""

    def __init__(self, status: int, location: str = "") -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.location = location


class OtherSignIn(Exception):
    """The server has no such way to sign in as ours: nobody looked at the password. ``offered``: our words for its."""

    def __init__(self, offered: list[str]) -> None:
        super().__init__(", ".join(offered))
        self.offered = offered


class BrokenAnswer(Exception):
    """The answer is no whole EWS document."""


class LockedOut(UnauthorizedError):
    """The server says that the account is locked: not one more try."""


class NoTicket(UnauthorizedError):
    """There was no Kerberos ticket to send: the server said 401 to a request without one."""


# ------------------------------------------------------------------------------------ calls that can be ended


_here = threading.local()  # which call this thread works for


class Call:
    """One blocking piece of work in a thread. ``abort``, from any other thread, ends its waiting for the network."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._adapter: _Adapter | None = None
        self.aborted = False

    @contextmanager
    def running(self) -> Iterator[None]:
        _here.call = self
        try:
            yield
        finally:
            _here.call = None
            with self._lock:
                self._adapter = None

    def uses(self, adapter: _Adapter) -> None:
        with self._lock:
            if self.aborted:
                raise requests.exceptions.ConnectionError("given up")
            self._adapter = adapter

    def abort(self) -> None:
        with self._lock:
            self.aborted = True
            if self._adapter is not None:
                self._adapter.hang_up()


class OneConnection(ssl.SSLContext):
    """Knows the socket that it protected last; an adapter has one of its own, and one connection."""

    last: ssl.SSLSocket | None = None

    def wrap_socket(self, sock: socket.socket, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, after in _KEEPALIVE:
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), after)
        self.close_last()
        self.last = super().wrap_socket(sock, *args, **kwargs)
        return self.last

    def close_last(self) -> None:
        """For good: what the NTLM library took from the socket would keep it open until the next collection."""
        if self.last is not None and self.last.fileno() >= 0:
            socket.close(self.last.detach())

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """HTTP/1.1 only: NTLM signs in a connection, and HTTP/2 has no such thing."""
        super().set_alpn_protocols(["http/1.1"])


def tls_context(ca_file: str | None) -> OneConnection:
    """Trusts the authorities in ``ca_file``, else the system's. Raises OSError for a file that is none."""
    context = OneConnection(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        context.load_verify_locations(ca_file)
    else:
        context.load_default_certs()
    return context


class _Adapter(BoundedAdapter):
    def __init__(self, ca_file: str | None) -> None:
        self._context = tls_context(ca_file)
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """The context holds the authorities; requests would add a list of its own."""
        conn.cert_reqs = "CERT_REQUIRED"

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        call = getattr(_here, "call", None)
        if call is not None:
            call.uses(self)
        return super().send(request, *args, **kwargs)

    def close(self) -> None:
        super().close()
        self._context.close_last()

    def hang_up(self) -> None:
        """Whoever reads from the connection gets its end at once.

        Only reading ends. Where writing did, too, OpenSSL 3.5 left an error to the thread, by which the thread's next
        request failed on another connection (seen with Python 3.13).
        """
        sock = self._context.last
        if sock is not None:
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(sock, socket.SHUT_RD)


# ------------------------------------------------------------------------------------ exchangelib's side


class Login(Credentials):
    """``purpose`` keeps the pools apart: exchangelib shares one among all with the same address and credentials."""

    def __init__(self, username: str, password: str, purpose: object) -> None:
        super().__init__(username, password)
        self.purpose = purpose


class Policy(FailFast):
    """Says what an HTTP status means, without the words of the answer. The engine waits and tries again; we do not.

    ``auth``: exchangelib's word. ``whole``: check that an answer is complete; not for streams, which never are.
    """

    def __init__(self, auth: str, *, whole: bool, saw_date: Callable[[timedelta], None]) -> None:
        self._auth = auth.lower()
        self._whole = whole
        self._saw_date = saw_date

    def raise_response_errors(self, response: requests.Response) -> None:
        status = response.status_code
        self._note_clock(response.headers.get("Date"))
        if status in (401, 403, 500) and b"account is currently locked out" in response.content:
            raise LockedOut("locked out")
        if status == 401:
            self._raise_refusal(response)
        if status in (429, 503):
            raise ErrorServerBusy(f"HTTP {status}", back_off=retry_after(response.headers.get("Retry-After")))
        if status not in (200, 500) or (status == 500 and not is_xml(response.content)):
            raise HttpStatus(status, response.headers.get("Location", ""))
        if self._whole and not _END.search(response.content[-200:]):
            raise BrokenAnswer("cut off" if is_xml(response.content) else "no XML")

    def _raise_refusal(self, response: requests.Response) -> None:
        offered = ways_in(response.headers.get("WWW-Authenticate", ""))
        if offered and self._auth not in offered:
            raise OtherSignIn(offered)
        if self._auth == "gssapi" and "Authorization" not in response.request.headers:
            raise NoTicket("no ticket")
        raise UnauthorizedError("HTTP 401")

    def _note_clock(self, date: str | None) -> None:
        if (told := http_date(date)) is not None:
            self._saw_date(told - datetime.now(UTC))


def ways_in(header: str) -> list[str]:
    """From the header WWW-Authenticate to our words for ``auth``; Negotiate (RFC 4559) takes Kerberos and NTLM."""
    found = {match.lower() for match in re.findall(r"(?i)(?:^|,)\s*(basic|ntlm|negotiate)\b", header)}
    words = {"basic": ("basic",), "ntlm": ("ntlm",), "negotiate": ("ntlm", "gssapi")}
    return sorted({word for scheme in found for word in words[scheme]})


def retry_after(value: str | None) -> float | None:
    """Seconds; RFC 9110 allows a date, too."""
    told, date = seconds(value), http_date(value)
    if told is None and date is not None:
        told = (date - datetime.now(UTC)).total_seconds()
    return None if told is None else min(max(told, 1.0), _LONGEST_WAIT)


def patience(longest: float) -> tuple[float, float]:
    """For requests, in seconds: how long to wait for a connection, and for each byte. A leaving daemon waits for the
    first."""
    return min(_CONNECT, longest), longest


class OurConnections:
    """Mixed into exchangelib's protocols. ``ca_file``: as in ``tls_context``."""

    ca_file: str | None = None

    def raw_session(self, prefix: str, **_: object) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # no proxies, .netrc or bundles from the environment: what counts is connector.toml
        session.headers.update({"Content-Type": "text/xml; charset=utf-8", "Accept-Encoding": "gzip, deflate"})
        session.headers["User-Agent"] = "room-system-connector"
        session.mount(prefix, _Adapter(self.ca_file))
        return session

    @property
    def session_pool_size(self) -> int:
        """Told that there is nothing to shrink, the library hands its errors on as they are."""
        return 1

    def decrease_poolsize(self) -> None:
        """Its own way would take the pool's lock and wait for a session, for ever if all are streams."""
        raise SessionPoolMinSizeReached("the size of the pool is ours")


class EwsProtocol(OurConnections, Protocol):
    """``timeout``: seconds without a byte."""

    def __init__(self, config: Configuration, ca_file: str | None, timeout: float) -> None:
        super().__init__(config=config)
        self.ca_file = ca_file
        self.TIMEOUT = patience(timeout)

    def discard(self) -> None:
        """Closes what is idle and forgets the protocol."""
        self.close()
        with suppress(KeyError):
            del type(self)[self.config]
