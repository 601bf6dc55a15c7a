"""The CalendarSource contract, and what a source is handed and may hand back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self, runtime_checkable

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


# ------------------------------------------------------------------------------------ what a source is handed


class Keep(Protocol):
    """A small memory that survives restarts, sealed at rest: subscriptions, channels, cached codes."""

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes) -> None:
        """Committed on return."""
        ...

    async def delete(self, key: str) -> None: ...

    async def items(self, prefix: str) -> Mapping[str, bytes]: ...


@dataclass(frozen=True, slots=True)
class Hook:
    """One request that a provider made to our webhook listener. Header names are lower case."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HookReply:
    status: int = 202
    body: str = ""
    content_type: str = "text/plain"


class Webhooks(Protocol):
    """The listener that providers call. Answers at once: a handler may only look, queue and return."""

    def url(self, path: str) -> str | None:
        """The public https address of ``path``; None when no public address is configured: poll instead."""
        ...

    def serve(self, path: str, handler: Callable[[Hook], HookReply]) -> None:
        """``path`` starts with the source's name. Serving it again replaces the handler."""
        ...

    def withdraw(self, path: str) -> None: ...


class NoKeep:
    """Remembers nothing beyond the process: for commands that only look, and for tests."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self._values.get(key)

    async def put(self, key: str, value: bytes) -> None:
        self._values[key] = value

    async def delete(self, key: str) -> None:
        self._values.pop(key, None)

    async def items(self, prefix: str) -> Mapping[str, bytes]:
        return {key: value for key, value in self._values.items() if key.startswith(prefix)}


class NoWebhooks:
    """No public address: sources poll."""

    def url(self, path: str) -> str | None:
        return None

    def serve(self, path: str, handler: Callable[[Hook], HookReply]) -> None:
        return None

    def withdraw(self, path: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class SourceContext:
    """``secret``: from a reference (env:, file:, vault:) to its text; UserError when it leads nowhere."""

    name: str  # the section's: [calendars.NAME]
    secret: Callable[[str], str] = field(repr=False)
    base: Path  # the folder of connector.toml
    keep: Keep
    webhooks: Webhooks
    tell: Callable[..., None]  # journal: tell("calendar.subscription_failed", reason=...)


# ------------------------------------------------------------------------------------ what a source may offer besides


@dataclass(frozen=True, slots=True)
class Place:
    """A room that the provider knows: a line of a CSV ready to fill in."""

    calendar: str  # for the calendar column, without the source's prefix
    name: str
    site: str = ""
    timezone: str = ""
    capacity: int | None = None
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of the doctor: what it does to the room, and the exact line that fixes it."""

    calendar: str  # "" for the whole source
    check: str  # stable name, e.g. "body_stripped"
    level: Literal["ok", "warning", "problem"]
    what: str  # a sentence
    effect: str = ""  # what the room shows or does because of it
    fix: str = ""  # an exact PowerShell line or console step


@runtime_checkable
class Directory(Protocol):
    """Sources that can list the rooms of the organisation."""

    async def places(self) -> tuple[Place, ...]: ...


@runtime_checkable
class Examinable(Protocol):
    """Sources that the doctor can ask. Never raises for what it finds: it is a finding."""

    async def examine(self, calendar: str | None, now: datetime) -> tuple[Finding, ...]: ...


@runtime_checkable
class Removable(Protocol):
    """Sources that hold something at the provider: ``dispose`` ends subscriptions and wipes what is kept."""

    async def dispose(self) -> None: ...


@runtime_checkable
class Forgiving(Protocol):
    """Sources that remember over restarts that their credentials were refused; after ``forgive`` the next life asks."""

    async def forgive(self) -> None: ...


@runtime_checkable
class Sparing(Protocol):
    """Sources that may answer from memory, where a service counts questions: after ``anew`` the next reading asks."""

    def anew(self, calendar: str) -> None: ...
