"""Rows as they are found, read cell by cell: what is damaged is left out and said once; the rest is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from connector.events import StoreRowUnreadable
from connector.store.writer import say
from connector.vault import Damaged, VaultError
from connector.wire import WireError

_T = TypeVar("_T")


class Damage:
    """What one store found damaged; each once in the log, however often it is read."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tell(self, reason: str) -> None:
        if reason not in self._told:
            self._told.add(reason)
            say(StoreRowUnreadable(reason=f"{reason} What it held is read or planned anew."))

    def readable(self, rows: Iterable[Any], opened: Callable[[Any], _T]) -> list[tuple[Any, _T | None]]:
        """Each row with what ``opened`` gives; None for one that was damaged: the others go on.

        VaultError when none of them can be opened because of the key: it is lost, and nothing may be put in their
        place.
        """
        found: list[tuple[Any, _T | None]] = []
        errors: list[VaultError | WireError] = []
        for row in rows:
            try:
                found.append((row, opened(row)))
            except (VaultError, WireError) as error:
                errors.append(error)
                found.append((row, None))
        lost = [error for error in errors if isinstance(error, VaultError) and not isinstance(error, Damaged)]
        if lost and len(errors) == len(found):
            raise lost[0]
        for each in errors:
            self.tell(str(each) if isinstance(each, VaultError) else f"A row of the database is damaged: {each}.")
        return found


class Cells:
    """One row. A cell that cannot be what its column holds reads as empty, and is told."""

    def __init__(self, row: Mapping[Any, Any], table: str, key: str, damage: Damage) -> None:
        self._row = row
        self._where = f"table {table}, row {str(row[key])[:80]!r}"
        self._damage = damage

    def instant(self, column: str) -> datetime | None:
        value = self._row[column]
        return value if value is None or isinstance(value, datetime) else self.lost(column, None)

    def text(self, column: str) -> str:
        value = self._row[column]
        return value if isinstance(value, str) else self.lost(column, "")

    def whole(self, column: str) -> int | None:
        value = self._row[column]
        return value if value is None or isinstance(value, int) else self.lost(column, None)

    def json(self, column: str, load: Callable[[bytes | str], _T]) -> _T | None:
        """None for an empty cell, too."""
        try:
            return load(self._row[column]) if self._row[column] is not None else None
        except WireError as error:
            return self.lost(column, None, str(error))

    def lost(self, column: str, instead: _T, why: str = "it is not what that column holds") -> _T:
        self._damage.tell(f"A value of the database is damaged ({self._where}, column {column}): {why}.")
        return instead


def keyed(rows: Iterable[Mapping[Any, Any]], table: str, key: str, damage: Damage) -> list[Mapping[Any, Any]]:
    """The rows that can be told apart: one whose key is no text is nobody's."""
    return [row for row in rows if isinstance(row[key], str) or Cells(row, table, key, damage).lost(key, False)]
