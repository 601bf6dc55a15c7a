"""A calendar source under the test's hand, as an installed one: ``records`` go in the place of the installed ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from types import TracebackType
from typing import Self

from connector.calendars.base import Finding, Place, SourceContext
from connector.calendars.registry import SourceRecord
from connector.errors import CalendarError, SourceUnavailable, UserError
from connector.model import Event, Snapshot, SourceText, Window


@dataclass(slots=True)
class Provider:
    """What stands behind the sources of the test, and what they did with it."""

    events: dict[str, tuple[Event, ...]] = field(default_factory=dict)
    errors: dict[str, CalendarError] = field(default_factory=dict)
    findings: dict[str | None, tuple[Finding, ...]] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    down: bool = False
    hangs: bool = False
    disposed: list[str] = field(default_factory=list)
    watched: list[str] = field(default_factory=list)
    contexts: list[SourceContext] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)

    def records(self) -> dict[str, SourceRecord]:
        return {"fake": SourceRecord("fake", self.plug), "other": SourceRecord("other", self.plug)}

    def plug(self, config: Mapping[str, object], context: SourceContext) -> FakeSource:
        if secret := config.get("password"):
            context.secret(str(secret))
        if "wrong" in config:
            raise UserError("fake: wrong is not known.")
        self.contexts.append(context)
        return FakeSource(self, context)


class FakeSource:
    """Keeps one subscription, as a source with notifications would."""

    def __init__(self, provider: Provider, context: SourceContext) -> None:
        self._provider = provider
        self._context = context

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def read(self, calendar: str, window: Window, zone: tzinfo | None = None) -> Snapshot:
        self._provider.reads.append(calendar)
        if calendar in self._provider.errors:
            raise self._provider.errors[calendar]
        await self._context.source_state.put("subscription", b"state-of-subscription")
        return Snapshot(self._provider.events.get(calendar, ()))

    async def changes(self) -> AsyncIterator[str]:
        await asyncio.Event().wait()
        yield ""

    def watch(self, calendar: str) -> None:
        self._provider.watched.append(calendar)

    def unwatch(self, calendar: str) -> None:
        return None

    async def places(self) -> tuple[Place, ...]:
        if self._provider.down:
            raise SourceUnavailable("the provider is down.")
        return self._provider.places

    async def examine(self, calendar: str | None, now: datetime) -> tuple[Finding, ...]:
        return self._provider.findings.get(calendar, ())

    async def dispose(self) -> None:
        if self._provider.hangs:
            await asyncio.Event().wait()
        if self._provider.down:
            raise SourceUnavailable("the provider is down.")
        kept = await self._context.source_state.get("subscription")
        self._provider.disposed.append(f"{self._context.name}:{(kept or b'').decode()}")


def event(uid: str, start: datetime, end: datetime, text: str = "", **values: object) -> Event:
    texts = (SourceText("description", "text", text),) if text else ()
    return Event(uid, start, start, end, uid, texts=texts, **values)  # type: ignore[arg-type]
