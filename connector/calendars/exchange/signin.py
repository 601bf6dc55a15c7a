"""Keeps a wrong password from locking the account: at most two tries, one after the other."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from exchangelib.errors import (  # type: ignore[import-untyped]
    ErrorInternalServerTransientError,
    ErrorServerBusy,
    ErrorTimeoutExpired,
    ResponseMessageError,
    UnauthorizedError,
)

from connector.calendars.exchange.transport import LockedOut
from connector.errors import CredentialsRejected, SourceUnavailable

T = TypeVar("T")


class SignIn:
    """Threads come with their work. Until a first success they go one by one.

    Exchange also says 401 when it is overloaded, so the first one means "later"; after ``pause`` seconds one single
    request tries again, and a second 401 ends it. Requests that were under way at the first 401 do not count.
    """

    def __init__(self, server: str, username: str, *, pause: float = 10.0) -> None:
        self._name = f"The Exchange server {server}"
        self._username = username
        self._pause = pause
        self._one = threading.Lock()
        self._counting = threading.Lock()
        self._proven = False
        self._refusals = 0
        self._again_at = 0.0
        self.closed = False

    def close(self) -> None:
        """These credentials are known to be refused: nothing is sent."""
        self.closed = True

    def reopen(self) -> None:
        """A person asks for one more try."""
        with self._one:
            if self.closed:
                self.closed, self._proven, self._refusals, self._again_at = False, False, 1, 0.0

    @property
    def proven(self) -> bool:
        return self._proven and not self.closed

    def work(self, request: Callable[[], T], *, patience: float) -> T:
        """Raises CredentialsRejected, SourceUnavailable, and whatever the work raises. ``patience``: seconds."""
        if self._proven and not self.closed:
            return self._send(request)
        if not self._one.acquire(timeout=patience):
            raise SourceUnavailable(f"{self._name} did not answer the first request in time.")
        try:
            if not self._proven:
                return self._first(request)
        finally:
            self._one.release()
        return self._send(request)

    def long_work(self, request: Callable[[], T]) -> T:
        """For streams: only after a success, since others would wait for their end."""
        if self.closed:
            raise self.rejected()
        if not self._proven:
            raise self._doubtful()
        return self._send(request)

    def _first(self, request: Callable[[], T]) -> T:
        if self.closed:
            raise self.rejected()
        if time.monotonic() < self._again_at:
            raise self._doubtful()
        try:
            result = request()
        except UnauthorizedError as error:
            self._refused(final=isinstance(error, LockedOut))
            if isinstance(error, LockedOut):
                raise
            raise (self.rejected() if self.closed else self._doubtful()) from None
        except Exception as error:
            self._proven = _was_let_in(error)
            raise
        self._proven, self._refusals = True, 0
        return result

    def _send(self, request: Callable[[], T]) -> T:
        try:
            return request()
        except UnauthorizedError as error:
            with self._counting:
                if self._proven:
                    self._proven = False
                    self._refused(final=isinstance(error, LockedOut))
            if isinstance(error, LockedOut):
                raise
            raise self._doubtful() from None

    def _refused(self, *, final: bool) -> None:
        self._refusals += 1
        self._again_at = time.monotonic() + self._pause
        self.closed = self.closed or final or self._refusals >= 2

    def _doubtful(self) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self._name} refused the sign-in of {self._username} (401), which it also does under load; one more try"
            f" follows after {self._pause:.0f} seconds."
        )

    def rejected(self) -> CredentialsRejected:
        return CredentialsRejected(
            f"{self._name} refused the user name {self._username} or its password; they are not sent again until they"
            " change or `connector calendars doctor` tries them once more."
        )


def _was_let_in(error: Exception) -> bool:
    """An error in EWS's own words comes after the sign-in; a dead line, a busy server or a page proves nothing."""
    return isinstance(error, ResponseMessageError) and not isinstance(
        error, ErrorTimeoutExpired | ErrorServerBusy | ErrorInternalServerTransientError
    )


def fingerprint(salt: bytes, url: str, username: str, password: str) -> str:
    """To know refused credentials again without keeping them; the salt is kept beside it, sealed."""
    text = "\x1f".join((url, username, password)).encode()
    return hmac.new(salt, text, hashlib.sha256).hexdigest()
