"""The store's verbs as a test without an engine speaks them: by the room that a unit is adopted from."""

from __future__ import annotations

from connector.model import RoomId
from connector.store.api import CalendarLease, UnitLease
from connector.store.claims import adopted
from connector.store.store import Store


def of_unit(store: Store, room: str) -> UnitLease:
    return store.unit_lease(adopted(RoomId(room)))


def of_reader(store: Store) -> CalendarLease:
    return store.calendar_lease("office")
