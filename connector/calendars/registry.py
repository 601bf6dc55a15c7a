"""Calendar sources by name: built-ins and others come through one entry-point group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from connector.calendars.base import CalendarSource, SourceContext
from connector.errors import UserError

GROUP = "connector.calendar_sources"

Factory = Callable[[Mapping[str, object], SourceContext], CalendarSource]  # raises UserError for wrong options


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """An installed kind of source. ``factory`` is None where it could not be loaded; ``reason`` says why."""

    name: str
    factory: Factory | None
    reason: str = ""


def installed() -> dict[str, SourceRecord]:
    """By name. One that cannot be loaded stops none of the others."""
    return {entry.name: _load(entry) for entry in entry_points(group=GROUP)}


def open_source(
    kind: str,
    config: Mapping[str, object],
    context: SourceContext,
    *,
    among: Mapping[str, SourceRecord] | None = None,
) -> CalendarSource:
    """A source that is not entered yet. Raises UserError for an unknown kind and for wrong options."""
    if among is not None:
        names, record = list(among), among.get(kind)
    else:  # only what is asked for is loaded: CalDAV's library alone takes 14 MiB
        entries = {entry.name: entry for entry in entry_points(group=GROUP)}
        names, record = list(entries), _load(entries[kind]) if kind in entries else None
    if record is None:
        raise UserError(f"There is no calendar source {kind!r}; installed are {', '.join(sorted(names)) or 'none'}.")
    if record.factory is None:
        raise UserError(f"The calendar source {kind!r} could not be loaded: {record.reason}")
    return record.factory(config, context)


def _load(entry: EntryPoint) -> SourceRecord:
    try:
        factory = entry.load()
    except Exception as error:  # a stranger's import may fail in any way; it becomes a record with the reason
        return SourceRecord(entry.name, None, f"{type(error).__name__}: {error}")
    if not callable(factory):
        return SourceRecord(entry.name, None, f"{entry.value} is not a function")
    return SourceRecord(entry.name, factory)
