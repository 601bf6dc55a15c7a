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

from connector.calendars.base import Removable, SourceContext
from connector.calendars.registry import SourceRecord, open_source
from connector.store import source_state
from connector.store.store import Store
from connector.vault import SecretStore, VaultError

DEADLINE = timedelta(minutes=10)  # a thousand subscriptions, a few at a time, each half a second, and throttled
BRIEF = timedelta(seconds=20)  # where rooms wait for it
KEEP = ":integrations"  # no [calendars.NAME] can have this name
_REFERENCE = "vault:"


@dataclass(frozen=True, slots=True)
class Section:
    """[calendars.NAME]: ``options`` are all its keys but ``type``."""

    type: str
    options: Mapping[str, object]


class Integrations:
    """``context``: what a source of that name is handed. ``tell``: the journal's note."""

    def __init__(
        self,
        store: Store,
        secrets: SecretStore,
        context: Callable[[str], SourceContext],
        tell: Callable[..., None],
        *,
        among: Mapping[str, SourceRecord] | None = None,
    ) -> None:
        self._store = store
        self._secrets = secrets
        self._context = context
        self._tell = tell
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
            *(self._store.forget_calendars(name) for name in gone),
            *(source_state.put(self._store, KEEP, name, _written(section)) for name, section in fresh.items()),
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
            self._tell("integration.dispose_failed", source=name, reason=problem)
        wiped = await asyncio.to_thread(self._wipe_secrets, section, still_used)
        await self._store.write(source_state.wipe(name), source_state.drop(KEEP, name))
        await self._store.scrub()
        self._tell("integration.removed", source=name, type=section.type, wiped=", ".join(wiped))

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
        unused = {value for value in _texts(section.options) if value.startswith(_REFERENCE)} - set(still_used)
        try:
            return sorted(v for v in unused if self._secrets.delete(v.removeprefix(_REFERENCE)))
        except VaultError as error:
            self._tell("integration.dispose_failed", reason=str(error))
            return []

    async def _noted(self) -> dict[str, Section]:
        return {name: _read(value) for name, value in (await source_state.read(self._store, KEEP)).items()}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)


def _written(section: Section) -> bytes:
    return json.dumps({"type": section.type, "options": dict(section.options)}, default=str).encode()


def _read(value: bytes) -> Section:
    tree = json.loads(value)
    return Section(tree["type"], tree["options"])
