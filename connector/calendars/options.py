"""The words of a source's section in connector.toml, with sentences for what is wrong."""

from __future__ import annotations

import difflib
import ssl
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from connector.errors import UserError


class Options:
    """Takes options one by one; ``done`` then names those that nobody knows. ``section`` goes into the sentences."""

    def __init__(self, config: Mapping[str, object], section: str) -> None:
        self._config = dict(config)
        self._section = section
        self._known: list[str] = []
        self._problems: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        """Without a default the option is required."""
        value = self._take(name, default)
        if isinstance(value, str) and (value or default == ""):
            return value
        self._problems.append(
            f"{self._section}: {name} is missing." if value is None else f"{self._section}: {name} must be a text."
        )
        return ""

    def texts(self, name: str) -> list[str]:
        """A list of texts; empty where the option is not set."""
        value = self._take(name, [])
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return list(value)
        self._problems.append(f"{self._section}: {name} must be a list of texts.")
        return []

    def flag(self, name: str, default: bool) -> bool:
        value = self._take(name, default)
        if isinstance(value, bool):
            return value
        self._problems.append(f"{self._section}: {name} must be true or false.")
        return default

    def seconds(self, name: str, default: int, *, least: float = 1) -> timedelta:
        value = self._take(name, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= 86_400:
            return timedelta(seconds=value)
        self._problems.append(f"{self._section}: {name} must be a number of seconds from {least} to 86400.")
        return timedelta(seconds=default)

    def zone(self, name: str = "timezone") -> ZoneInfo:
        value = self.text(name, "UTC")
        try:
            return ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            self._problems.append(f"{self._section}: {name} {value!r} is no time zone; write one as Europe/Berlin.")
            return ZoneInfo("UTC")

    def authorities(self, base: Path, name: str = "ca_file") -> str | None:
        """A PEM file of certificates, its path relative to ``base``; None where the option is not set."""
        value = self.text(name, "")
        if not value:
            return None
        try:
            ssl.create_default_context(cafile=base / value)
        except OSError:  # also ssl.SSLError
            self.problem(f"{name} {base / value} cannot be read, or holds no certificate as PEM.")
        return str(base / value)

    def problem(self, sentence: str) -> None:
        self._problems.append(f"{self._section}: {sentence}")

    def done(self) -> None:
        """Raises UserError with everything that is wrong, all at once."""
        for name in self._config:
            near = difflib.get_close_matches(name, self._known, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(self._known)}."
            self._problems.append(f"{self._section}: {name} is not known{hint}")
        if self._problems:
            raise UserError(*self._problems)

    def _take(self, name: str, default: object) -> object:
        self._known.append(name)
        return self._config.pop(name, default)
