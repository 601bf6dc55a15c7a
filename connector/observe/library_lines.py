"""Lines of libraries, which know nothing of secret addresses: a client logs each request with its whole URL."""

from __future__ import annotations

from structlog.typing import EventDict

from connector.secret_links import without_paths

_OURS = frozenset({"timestamp", "level", "event", "library"})


def hide_links(logger: object, method: str, event: EventDict) -> EventDict:
    """A structlog processor. Before the redaction, which looks for other things."""
    return {name: _hidden(value) if name not in _OURS else value for name, value in event.items()}


def _hidden(value: object) -> object:
    return without_paths(value if isinstance(value, str) else str(value)) if not _is_plain(value) else value


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float)
