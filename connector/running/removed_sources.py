"""Calendar sources that are taken out of connector.toml: subscriptions ended, what was kept wiped.

Which sources there were is itself kept, sealed, so that one removed while the daemon was down is noticed at the next
start. What is kept are the words of its section: references, never a secret.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from connector import events
from connector.calendars.base import Removable, SourceContext
from connector.calendars.registry import SourceRecord, open_source
from connector.store.store import Store
from connector.vault import SecretStore, VaultError

DEADLINE = timedelta(minutes=10)  # a thousand subscriptions, a few at a time, each half a second, and throttled
BRIEF = timedelta(seconds=20)  # where rooms wait for it
STATE = ":integrations"  # no [calendars.NAME] can have this name
_REFERENCE = "vault:"


@dataclass(frozen=True, slots=True)
class Section:
    """[calendars.NAME]: ``options`` are all its keys but ``type``."""

    type: str
    options: Mapping[str, object]


class Integrations:
    """``context``: what a source of that name is handed. ``publish`` is told what became of it."""

    def __init__(
        self,
        store: Store,
        secrets: SecretStore,
        context: Callable[[str], SourceContext],
        publish: events.Publish,
        *,
        among: Mapping[str, SourceRecord] | None = None,
    ) -> None:
        self._store = store
        self._lease = store.calendar_lease(STATE)
        self._secrets = secrets
        self._context = context
        self._publish = publish
        self._among = among

    async def compare(self, sections: Mapping[str, Section]) -> dict[str, Section]:
        """Notes the present sections, and returns those that are gone, or are of another type now.

        Their cached meetings are wiped on return; ``remove`` does the rest, at once or at the next start.
        """
        before = await self._noted()
        gone = {
            name: section
            for name, section in before.items()
            if name not in sections or sections[name].type != section.type
        }
        fresh = {name: s for name, s in sections.items() if name not in gone and before.get(name) != s}
        await self._store.write(
            *(self._store.drop_calendars(self._store.calendar_lease(name)) for name in gone),
            *(self._store.save_source_value(self._lease, name, _written(s)) for name, s in fresh.items()),
        )
        return gone

    async def remove(
        self, name: str, section: Section, still_used: Collection[str], *, deadline: timedelta = DEADLINE
    ) -> None:
        """End what it holds at the provider, then wipe its memory and the secrets that nothing else refers to.

        ``still_used``: all references of the present settings and rooms. Killed half-way, it is done again.
        """
        problem = await self._dispose(name, section, deadline)
        if problem:
            self._publish(events.IntegrationDisposeFailed(source=name, reason=problem))
        try:
            wiped = await asyncio.to_thread(self._wipe_secrets, section, still_used)
        except VaultError as error:
            wiped = []
            self._publish(events.IntegrationDisposeFailed(reason=str(error)))
        await self._store.write(
            self._store.drop_source_values(self._store.calendar_lease(name)),
            self._store.drop_source_value(self._lease, name),
        )
        await self._store.scrub()
        self._publish(events.IntegrationRemoved(source=name, type=section.type, wiped=", ".join(wiped)))

    async def _dispose(self, name: str, section: Section, deadline: timedelta) -> str:
        """ "" when all went well, or there was nothing to end."""
        try:
            async with asyncio.timeout(deadline.total_seconds()):
                source = open_source(section.type, section.options, self._context(name), among=self._among)
                async with source:
                    if isinstance(source, Removable):
                        await source.dispose()
        except TimeoutError:
            return f"not all was ended within {deadline.total_seconds():.0f} s; the rest ends by itself within a week"
        except Exception as error:  # a secret that is gone already, a provider that is down, a stranger's mistake
            return f"{type(error).__name__}: {error}"
        return ""

    def _wipe_secrets(self, section: Section, still_used: Collection[str]) -> list[str]:
        unused = {value for value in texts(section.options) if value.startswith(_REFERENCE)} - set(still_used)
        return sorted(v for v in unused if self._secrets.delete(v.removeprefix(_REFERENCE)))

    async def _noted(self) -> dict[str, Section]:
        return {name: _read(value) for name, value in (await self._store.source_values(STATE)).items()}


def texts(value: object) -> Iterator[str]:
    """All texts of a section's options, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)


def _written(section: Section) -> bytes:
    return json.dumps({"type": section.type, "options": dict(section.options)}, default=str).encode()


def _read(value: bytes) -> Section:
    tree = json.loads(value)
    return Section(tree["type"], tree["options"])
