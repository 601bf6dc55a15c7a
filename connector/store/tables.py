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
        return None if value is None else datetime.fromisoformat(value)


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
    Column("meetings_sealed", LargeBinary),
)

rooms = Table(
    "rooms",
    metadata,
    Column("room", String(255), primary_key=True),
    Column("plan_sealed", LargeBinary),
    Column("plan_digest", String(64)),
    Column("planned_at", Instant),
    Column("receipt", Text),  # JSON; holds ids and reasons only
    Column("receipt_at", Instant),
    Column("verified_at", Instant),
    Column("info", Text),  # JSON of DeviceInfo
    Column("info_at", Instant),
    Column("state", String(32), nullable=False, default="new"),
    Column("detail", Text, nullable=False, default=""),
    Column("since", Instant),
    Column("refused", String(128), nullable=False, default=""),  # keyed fingerprint of the refused credential
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("room", String(255), nullable=False),
    Column("booking_id", String(18), nullable=False),
    Column("planned_start", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("meeting_key", String(512), nullable=False),
    Column("address_sealed", LargeBinary, nullable=False),
    Column("call_id", String(255)),
    Column("cause", Text, nullable=False, default=""),
    Column("owned", Boolean, nullable=False, default=True),
    Column("leave_at", Instant),
    Column("left", String(8), nullable=False, default=""),
    Column("left_at", Instant),
    Index("attempts_by_room", "room", "planned_start"),
)

keep = Table(
    "keep",  # small things that calendar sources and the Zoom account remember: subscriptions, channels, codes
    metadata,
    Column("source", String(255), primary_key=True),  # [calendars.NAME]; with a colon in front: the daemon's own
    Column("key", String(1024), primary_key=True),
    Column("value_sealed", LargeBinary, nullable=False),
)

commands = Table(
    "commands",  # what the command line or a page asks of the daemon; it never acts by itself
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("target", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("outcome", Text),  # a sentence, once it was carried out
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
