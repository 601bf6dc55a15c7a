"""The CalendarSource contract, and what a source is handed and may hand back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self, runtime_checkable

from connector.events import Publish
from connector.model import Snapshot, Window


class CalendarSource(Protocol):
    """One account at one provider; what the engine reads meetings from.

    ``calendar`` is what a row of rooms.csv names, without the source's prefix: a mailbox, a calendar id, a path or a
    link. Every method is called on the event loop, by the engine's tasks; none may block it for longer than a few
    milliseconds. Several calendars are read at a time, and one calendar for several zones. A link may be a secret: no
    error, finding or told event holds more of it than its host.
    """

    async def __aenter__(self) -> Self:
        """Opens connections and starts the source's own tasks. May raise a ConnectorError: then it is not used, and its
        calendars stay as they were."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Within a few seconds, whatever hangs. What is held at the provider stays: the next run goes on with it."""
        ...

    async def read(self, calendar: str, window: Window, zone: tzinfo | None = None) -> Snapshot:
        """All events that touch the window (half-open, UTC inside), or an error; never a part.

        ``zone``: the room's, for all-day events and times without a zone; None: the source's own. Raises
        SourceUnavailable (tried again with growing pauses), RateLimited (not before its time), AccessDenied (this
        calendar alone), CredentialsRejected (the whole source is not asked again before its time, or an edit). What
        else it raises counts as SourceUnavailable. May be cancelled: the engine waits a minute.
        """
        ...

    def changes(self) -> AsyncIterator[str]:
        """Calendars that should be looked at again; only a trigger, never the truth. Never ends by itself.

        One reader, the engine's task, after the source was entered. What it raises costs speed alone: it is logged, and
        begun anew.
        """
        ...

    def watch(self, calendar: str) -> None:
        """This calendar is in use from now on; ``changes`` should tell of it. Also before the source is entered.

        Twice is once. Raises nothing and waits for nothing.
        """
        ...

    def unwatch(self, calendar: str) -> None:
        """It is in use no more: what is known of it may be forgotten. Raises nothing; also for what is not watched."""
        ...


# ------------------------------------------------------------------------------------ what a source is handed


class SourceState(Protocol):
    """Key-value state of a source that survives restarts, sealed at rest: subscriptions, channels, cached codes.

    Keys are readable in the database, so no secret stands in them; values are sealed. Awaited from the source's tasks.
    Each method raises StoreError when the database cannot be used, and the reading ones VaultError for a value whose
    key is lost (both are ConnectorErrors).
    """

    async def get(self, key: str) -> bytes | None:
        """None where nothing is kept under this key."""
        ...

    async def put(self, key: str, value: bytes) -> None:
        """Committed on return."""
        ...

    async def delete(self, key: str) -> None:
        """Committed on return; also where there is nothing."""
        ...

    async def items(self, prefix: str) -> Mapping[str, bytes]:
        """All whose keys begin with ``prefix``."""
        ...


@dataclass(frozen=True, slots=True)
class Hook:
    """One request that a provider made to our webhook listener. Header names are lower case."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class HookReply:
    """What the provider is answered. ``status``: of HTTP; ``body``: UTF-8."""

    status: int = 202
    body: str = ""
    content_type: str = "text/plain"


PING = "ping"  # GET it: the doctor's way to see whether the public address leads here
PONG = "room-system-connector"


class Webhooks(Protocol):
    """The listener that providers call. Answers at once: a handler may only look, queue and return."""

    def url(self, path: str) -> str | None:
        """The public https address of ``path``; None when no public address is configured: poll instead."""
        ...

    def serve(self, path: str, handler: Callable[[Hook], HookReply]) -> None:
        """``path`` starts with the source's name. Serving it again replaces the handler.

        The handler is called on the event loop, for anybody who knows the address. What it raises is logged
        (webhooks.handler_failed) and answered with 500.
        """
        ...

    def withdraw(self, path: str) -> None:
        """From now on it is answered as an unknown address. Also for what is not served."""
        ...


class MemoryState:
    """A SourceState that ends with the process: for commands that only look, and for tests."""

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
    """What the factory of a source is handed; the source may keep it for its life.

    ``secret``: from a reference (env:, file:, vault:) to its text; blocks briefly, so call it in the factory; raises
    UserError when it leads nowhere, VaultError when it cannot be unsealed. ``tell``: publishes an event, with its
    stable name and fields; from the event loop only, raises nothing.
    """

    name: str  # the section's: [calendars.NAME]
    secret: Callable[[str], str] = field(repr=False)
    base: Path  # the folder of connector.toml
    source_state: SourceState
    webhooks: Webhooks
    publish: Publish  # on the event loop: publish(CalendarSubscriptionFailed(reason=...))


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

    async def places(self) -> tuple[Place, ...]:
        """Every room that the account may see. Raises a CalendarError, as ``read``. From a command, source entered."""
        ...


@runtime_checkable
class Examinable(Protocol):
    """Sources that the doctor can ask."""

    async def examine(self, calendar: str | None, now: datetime) -> tuple[Finding, ...]:
        """None: the source as a whole. Else that calendar. What it finds is a finding: it raises nothing for it.

        From a command, in a process beside the daemon's, source entered; makes, renews and ends no subscription.
        """
        ...


@runtime_checkable
class Removable(Protocol):
    """Sources that hold something at the provider."""

    async def dispose(self) -> None:
        """Ends subscriptions and wipes the source's state, once, when the section is gone; source entered.

        Raises SourceUnavailable where something stays until it ends by itself. May be cancelled after minutes.
        """
        ...


@runtime_checkable
class Forgiving(Protocol):
    """Sources that remember over restarts that their credentials were refused."""

    async def forgive(self) -> None:
        """The next life of the source asks once more. Raises StoreError."""
        ...


@runtime_checkable
class Telling(Protocol):
    """Sources that are told of changes, or watch what costs nobody: such calendars are read seldom."""

    def tells_of(self, calendar: str) -> bool:
        """Whether a change of it would come through ``changes()`` within seconds, as far as is known now. Raises
        nothing; asked once a minute for each calendar, so it only looks."""
        ...


@runtime_checkable
class Sparing(Protocol):
    """Sources that may answer from memory, where a service counts questions."""

    def anew(self, calendar: str) -> None:
        """The next reading of it asks the service. Raises nothing."""
        ...
