"""The store on SQLite: what is kept of calendars, rooms, units, dial attempts and history.

Every transaction of the writer checks that this process still owns the database (the epoch), so a daemon that was
replaced can neither dial nor overwrite: its writes raise ``OwnershipLost``. A full disk or a broken file is
``StoreError``.
"""

from __future__ import annotations

from connector.store.api import HISTORY_PER_ROOM as HISTORY_PER_ROOM
from connector.store.api import CalendarRow as CalendarRow
from connector.store.api import HistoryRow as HistoryRow
from connector.store.api import Outcome as Outcome
from connector.store.api import Span as Span
from connector.store.by_room import ByRoom
from connector.store.by_room import Glance as Glance
from connector.store.by_room import RoomRow as RoomRow
from connector.store.database import Sealer as Sealer
from connector.store.source_verbs import SourceVerbs


class Store(ByRoom, SourceVerbs):
    """See ``connector.store.api.StoreApi``. Verbs are called, and changes written, from the loop that opened it."""
