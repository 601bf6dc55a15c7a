"""The tables. Columns named ``*_sealed`` are encrypted with the local vault: they hold passcodes."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """UTC as ISO 8601 text: sorts, reads well in a shell, and keeps its zone on every database."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """What is no instant comes as it was found: one damaged cell must not keep the other rows from being read.
        ``rows.instant`` tells it apart."""
        try:
            found = datetime.fromisoformat(value) if value is not None else None
        except (TypeError, ValueError):
            return value  # type: ignore[return-value]  # see the docstring
        return found if found is None or found.tzinfo is not None else value  # type: ignore[return-value]


class Sealed(TypeDecorator[bytes]):
    """What the vault sealed. A cell that holds text instead is damaged; it comes as it is, and cannot be unsealed."""

    impl = LargeBinary
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        return None


metadata = MetaData()

owner = Table(
    "owner",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("epoch", Integer, nullable=False),  # a write with an older epoch is refused: fencing
    Column("since", Instant, nullable=False),
)

calendars = Table(
    "calendars",
    metadata,
    Column("calendar", String(2048), primary_key=True),
    Column("read_at", Instant),  # of the last good read
    Column("error", Text, nullable=False, default=""),
    Column("error_since", Instant),
    Column("meetings_sealed", Sealed),
)

rooms = Table(
    "rooms",  # room state: what is planned for a room, and the unit that serves it
    metadata,
    Column("room", String(255), primary_key=True),
    Column("plan_sealed", Sealed),
    Column("plan_digest", String(64)),
    Column("planned_at", Instant),
    Column("unit", String(255)),  # NULL until one was claimed: "room:ROOM" serves it then
)

units = Table(
    "units",
    metadata,
    Column("id", String(255), primary_key=True),  # says nothing; "room:ROOM" where a room was known and no unit yet
    Column("driver", String(64), nullable=False, server_default=""),  # "": not claimed by a configured unit yet
    Column("address", String(255), nullable=False, server_default=""),
    Column("port", Integer),
    Column("tls_mode", String(16), nullable=False, server_default="verify"),
    Column("tls_value", Text, nullable=False, server_default=""),
    Column("credential", Text, nullable=False, server_default=""),  # a reference or a fingerprint, never the secret
    Column("serial_number", String(255), nullable=False, server_default=""),
    Column("state", String(16), nullable=False, server_default="in_use"),  # in_use, retiring, gone
    Column("since", Instant),
    Column("room", String(255), nullable=False, server_default=""),  # that it served last
    Column("info", Text),  # JSON of DeviceInfo
    Column("info_at", Instant),
    Column("contact", String(32), nullable=False, server_default="new"),  # reachable, unreachable, ...
    Column("contact_detail", Text, nullable=False, server_default=""),
    Column("contact_since", Instant),
    Column("refused", String(128), nullable=False, server_default=""),  # keyed fingerprint of the refused credential
    Column("receipt", Text),  # JSON; holds ids and reasons only
    Column("receipt_at", Instant),
    Column("verified_at", Instant),
    Column("options", Text, nullable=False, server_default=""),  # JSON of names and texts
    Index("units_by_room", "room"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("unit", String(255), nullable=False),
    Column("room", String(255), nullable=False),
    Column("booking_id", String(18), nullable=False),
    Column("planned_start", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("meeting_key", String(512), nullable=False),
    Column("address_sealed", Sealed, nullable=False),
    Column("call_id", String(255)),
    Column("cause", Text, nullable=False, default=""),
    Column("owned", Boolean, nullable=False, default=True),
    Column("leave_at", Instant),
    Column("left", String(8), nullable=False, default=""),
    Column("left_at", Instant),
    Column("sent_at", Instant),
    Index("attempts_by_room", "room", "planned_start"),
    Index("attempts_by_unit", "unit", "planned_start"),
    sqlite_autoincrement=True,  # a number is given once, also after the newest row was pruned
)

source_state = Table(
    "source_state",  # small things that calendar sources and the Zoom account remember: subscriptions, channels, codes
    metadata,
    Column("source", String(255), primary_key=True),  # [calendars.NAME]; with a colon in front: the daemon's own
    Column("key", String(1024), primary_key=True),
    Column("value_sealed", Sealed, nullable=False),
)

commands = Table(
    "commands",  # what the command line or a page asks of the daemon; it never acts by itself
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("target", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("words_sealed", Sealed),  # what it was asked with: an address, say
    Column("taken_at", Instant),  # written with its first effect: from then on it is never begun anew
    Column("outcome", Text),  # a sentence, once it was carried out
    Column("failed", Boolean, nullable=False, server_default="0"),
    sqlite_autoincrement=True,  # who waits for an answer never gets another one's
)

pauses = Table(
    "pauses",  # rooms that are left alone because somebody asked for it
    metadata,
    Column("room", String(255), primary_key=True),
    Column("since", Instant, nullable=False),
    Column("until", Instant),  # NULL: until somebody resumes it
    Column("clears", Boolean, nullable=False, server_default="0"),
)

history = Table(
    "history",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("room", String(255), nullable=False),
    Column("event", String(64), nullable=False),
    Column("detail", Text, nullable=False),  # JSON, redacted
    Index("history_by_room", "room", "id"),
)
