"""Ending what a removed source holds at its provider: a few at once, and one sentence for all that stays."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from connector.errors import AccessDenied, CalendarError, CredentialsRejected, SourceUnavailable

_ENOUGH = 3  # failures in a row: who does not answer three times does not answer the thousandth


class Teardown:
    """``what``: "subscriptions", for the sentence. Where the provider is away, the rest is not tried."""

    def __init__(self, what: str, at_once: int) -> None:
        self._what = what
        self._slots = asyncio.Semaphore(at_once)
        self._number = 0
        self._in_a_row = 0
        self._left = 0
        self._until = datetime.fromtimestamp(0, UTC)
        self._reason = ""

    async def end(self, ending: Callable[[], Awaitable[object]], expires: datetime | None) -> None:
        """``expires``: when it ends by itself. Never raises a CalendarError."""
        self._number += 1
        async with self._slots:
            if self._in_a_row >= _ENOUGH:
                self._stays(expires)
                return
            try:
                await ending()
            except CalendarError as error:
                self._reason = str(error)
                if isinstance(error, CredentialsRejected):
                    self._in_a_row = _ENOUGH
                elif not isinstance(error, AccessDenied):  # which says nothing about the others
                    self._in_a_row += 1
                self._stays(expires)
            else:
                self._in_a_row = 0

    def judge(self) -> None:
        """SourceUnavailable when something stays."""
        if self._left:
            when = f", by {self._until:%Y-%m-%d %H:%M} UTC" if self._until.year > 1970 else ""
            raise SourceUnavailable(
                f"{self._left} of {self._number} {self._what} could not be ended; they end by themselves{when}."
                f" {self._reason}"
            )

    def _stays(self, expires: datetime | None) -> None:
        self._left += 1
        self._until = max(self._until, expires or self._until)
