"""What is known of a unit's calls: the last reading, how old it is, and why there is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from connector.clock import Clock
from connector.engine.driver_session import DriverSession
from connector.engine.options import Options
from connector.planning.whose_call import Calls
from connector.retry import backoff
from device_drivers.api import CallRef, DriverError, ListsCalls, UnitProtocol, offered

_FRESH = timedelta(milliseconds=950)
_READ_SLOWEST = timedelta(seconds=5)


class UnitCalls:
    """Read when somebody wants to know, and not again within a second."""

    def __init__(self, session: DriverSession, *, clock: Clock, options: Callable[[], Options]) -> None:
        self._session = session
        self._clock = clock
        self._options = options
        self._calls: Calls | None = None
        self._failures = 0
        self._retry_at: datetime | None = None
        self.error = ""  # of the last command about calls that failed

    @property
    def listed(self) -> bool:
        """Whether the unit can list its calls."""
        return self._session.facts.can(UnitProtocol.LISTS_CALLS)

    @property
    def unreadable(self) -> bool:
        return self._failures > 0 or not self.listed

    def fresh(self) -> Calls | None:
        if self._calls is None or self._clock.now() - self._calls.read_at > _FRESH:
            return None
        return self._calls

    def stated(self, *calls: CallRef) -> Calls:
        """For a unit that cannot list its calls: these are taken to be all."""
        return Calls(calls, self._clock.now(), self._options().settle)

    def changed(self) -> None:
        """A command of ours changes them: what was read is old."""
        self._calls = None

    async def read(self, *, finishing: bool = False) -> datetime | None:
        """None when there is a reading now, or none can be had; else when to try again. Never a DriverError.

        ``finishing``: as for ``DriverSession.run``.
        """
        now = self._clock.now()
        if not self.listed or self.fresh() is not None:
            return None
        if self._retry_at is not None and now < self._retry_at:
            return self._retry_at
        try:
            found = await self._session.run(lambda driver: offered(driver, ListsCalls).calls(), finishing=finishing)
        except DriverError as error:
            return self._failed(error)
        self._calls = Calls(tuple(found), self._clock.now(), self._options().settle)
        self._failures, self.error, self._retry_at = 0, "", None
        return None

    def _failed(self, error: DriverError) -> datetime:
        self._calls = None
        self._failures += 1
        self.error = str(error)
        pause = backoff(self._failures, first=timedelta(seconds=1), slowest=_READ_SLOWEST)
        self._retry_at = self._clock.now() + pause
        return self._retry_at
