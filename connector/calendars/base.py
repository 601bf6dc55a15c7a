"""The CalendarSource contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import tzinfo
from types import TracebackType
from typing import Protocol, Self

from connector.model import Snapshot, Window


class CalendarSource(Protocol):
    """One provider. ``calendar`` is what a row of rooms.csv names, without the source's prefix.

    ``read`` returns the complete window or raises a CalendarError; it never returns a part.
    ``changes`` yields calendars that should be looked at again; it is only a trigger, never the truth.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def read(self, calendar: str, window: Window, zone: tzinfo | None = None) -> Snapshot:
        """``zone``: the room's, for all-day events and times without a zone; None: the source's own."""
        ...

    def changes(self) -> AsyncIterator[str]: ...

    def watch(self, calendar: str) -> None:
        """This calendar is in use from now on; ``changes`` should tell of it."""
        ...

    def unwatch(self, calendar: str) -> None: ...
