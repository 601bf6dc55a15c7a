"""The parts of the daemon: each takes its own slice of a configuration, and an edit disturbs only what it names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from connector import events
from connector.errors import ConnectorError
from connector.events import Publish
from connector.running.configuration import Configuration


class Part(Protocol):
    """Lives as long as the process. ``apply`` is called with the first configuration, then when its slice changed."""

    @property
    def name(self) -> str:
        """As ``config.rejected`` says it."""
        ...

    def slice(self, config: Configuration) -> object:
        """What this part depends on: equal values, nothing to do. Pure, but for fingerprints of secrets."""
        ...

    async def apply(self, config: Configuration) -> Sequence[str]:
        """Sentences about what could not be taken: that is kept as it was, and the part works on. Never raises for
        what an admin wrote; StoreError when the database cannot be used."""
        ...


class Parts:
    """In this order they are given a configuration: who uses another one's work comes after it."""

    def __init__(self, parts: Sequence[Part], publish: Publish) -> None:
        self._parts = parts
        self._publish = publish
        self._slices: dict[str, object] = {}
        self._broken_off: dict[str, str] = {}  # by name: why a part could not finish, such as a database in trouble

    @property
    def unfinished(self) -> bool:
        """Some part broke off: to be applied again, also without an edit."""
        return bool(self._broken_off)

    def again(self, part: Part) -> None:
        """It is applied with the next configuration, or soon, though its slice is the same."""
        self._slices.pop(part.name, None)
        self._broken_off.setdefault(part.name, "")

    async def apply(self, config: Configuration) -> tuple[str, ...]:
        """The names of those whose slice changed."""
        applied = []
        for part in self._parts:
            wanted = part.slice(config)
            if part.name in self._slices and self._slices[part.name] == wanted:
                continue
            self._slices[part.name] = wanted
            applied.append(part.name)
            await self._apply(part, config)
        return tuple(applied)

    async def _apply(self, part: Part, config: Configuration) -> None:
        told = self._broken_off.pop(part.name, "")
        try:
            problems = await part.apply(config)
        except ConnectorError as error:
            del self._slices[part.name]
            self._broken_off[part.name] = str(error)
            problems = () if str(error) == told else (str(error),)
        for problem in problems:
            self._publish(events.ConfigRejected(part=part.name, reason=problem))
