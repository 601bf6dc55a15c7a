"""Keeps a wrong password from locking the account: at most two tries, one after the other, over restarts too."""

from __future__ import annotations

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

from connector.calendars.exchange.transport import LockedOut, NoTicket
from connector.errors import CredentialsRejected, SourceUnavailable

T = TypeVar("T")

TRIES = 2
_FRESH = 5.0  # seconds after a success, in which requests need not wait for each other
_HEAD_START = 2.0  # seconds that the others give the first one after a pause, if the password was good before


class SignIn:
    """Threads come with their work. Until a first success, and after a pause, they let one go ahead: a password that
    was changed meanwhile is then sent once, not by eight requests at once.

    Exchange also says 401 when it is overloaded, so the first one means "later"; after ``pause`` seconds one single
    request tries again, and a second 401 ends it. What was under way at a 401 counts no more, neither way: NTLM signs a
    connection in, so an old one may go on where a new one is refused. ``hang_up`` is to close those.

    ``again`` is the command with which a person lets it try once more. ``principal``: the service that a Kerberos
    ticket must be for, where there is no password. A ticket locks nothing, so refusals of it do not add up.
    """

    def __init__(
        self,
        server: str,
        who: str,
        *,
        again: str,
        pause: float,
        principal: str = "",
        hang_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._name = f"The Exchange server {server}"
        self._who = who
        self._again = again
        self._pause = pause
        self._principal = principal
        self._hang_up = hang_up
        self._one = threading.Lock()
        self._counting = threading.Lock()
        self._proven = False
        self._fresh_until = 0.0
        self._again_at = 0.0
        self._epoch = 0  # a new one begins with each refusal that counts
        self.refusals = 0  # in a row; as many as TRIES end it

    def resume(self, refusals: int, waited: float) -> None:
        """What an earlier life of the source saw of these credentials. ``waited``: seconds since the last refusal."""
        self.refusals = refusals
        self._again_at = time.monotonic() + max(self._pause - waited, 0.0)

    def ask_once(self) -> None:
        """A person asks: one try at once, and its answer is final."""
        if not self._proven:
            self.refusals, self._again_at = TRIES - 1, 0.0

    @property
    def closed(self) -> bool:
        """Nothing is sent any more."""
        return self.refusals >= TRIES

    @property
    def proven(self) -> bool:
        return self._proven

    def work(self, request: Callable[[], T], *, patience: float) -> T:
        """Raises CredentialsRejected, SourceUnavailable, and whatever the work raises. ``patience``: seconds."""
        if self._is_fresh():
            return self._send(request)
        if not self._one.acquire(timeout=min(_HEAD_START, patience) if self._proven else patience):
            if self.proven:  # one slow mailbox delays no other
                return self._send(request)
            raise SourceUnavailable(f"{self._name} did not answer the first request in time.")
        try:
            if not self._is_fresh():
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

    def _is_fresh(self) -> bool:
        return self._proven and time.monotonic() < self._fresh_until

    def _first(self, request: Callable[[], T]) -> T:
        if self.closed:
            raise self.rejected()
        if time.monotonic() < self._again_at:
            raise self._doubtful()
        return self._send(request)

    def _send(self, request: Callable[[], T]) -> T:
        epoch = self._epoch
        try:
            result = request()
        except UnauthorizedError as error:
            self._refused(epoch, locked=isinstance(error, LockedOut))
            if isinstance(error, LockedOut):
                raise
            if isinstance(error, NoTicket):
                raise SourceUnavailable(
                    f"No Kerberos ticket for {self._principal} could be had: run kvno {self._principal} as the user"
                    " that the daemon runs as, with its KRB5_CLIENT_KTNAME; it says why."
                ) from None
            raise (self.rejected() if self.closed else self._doubtful()) from None
        except Exception as error:
            if _was_let_in(error):
                self._accepted(epoch)
            raise
        self._accepted(epoch)
        return result

    def _accepted(self, epoch: int) -> None:
        with self._counting:
            if epoch == self._epoch:
                self._proven, self.refusals = True, 0
                self._fresh_until = time.monotonic() + _FRESH

    def _refused(self, epoch: int, *, locked: bool) -> None:
        with self._counting:
            if epoch != self._epoch:
                return
            self._epoch += 1
            self._proven = False
            self._again_at = time.monotonic() + self._pause
            if locked:
                self.refusals = TRIES
            elif not self._principal:
                self.refusals += 1
        self._hang_up()

    def _doubtful(self) -> SourceUnavailable:
        if self._principal:
            return SourceUnavailable(
                f"{self._name} did not accept the Kerberos ticket for {self._principal} (401): see with setspn -Q"
                f" {self._principal} that the name belongs to this server alone, and that the clocks agree."
            )
        return SourceUnavailable(
            f"{self._name} refused the sign-in of {self._who} (401), which it also does under load; one more try"
            f" follows, {self._pause:.0f} seconds later at the earliest."
        )

    def rejected(self) -> CredentialsRejected:
        return CredentialsRejected(
            f"{self._name} refused the user name {self._who} or its password; they are not sent again, also not after a"
            " restart: replace the password (connector secrets set), which is taken up by itself; if it was right all"
            f" along, run {self._again}."
        )


def _was_let_in(error: Exception) -> bool:
    """An error in EWS's own words comes after the sign-in; a dead line, a busy server or a page proves nothing."""
    return isinstance(error, ResponseMessageError) and not isinstance(
        error, ErrorTimeoutExpired | ErrorServerBusy | ErrorInternalServerTransientError
    )
