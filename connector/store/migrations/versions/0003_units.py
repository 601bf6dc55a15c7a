"""Units have rows of their own; a room's row is its plan and the unit that serves it; keep is source_state

What a room's row said of its unit moves to a unit "room:ROOM", adopted from that room: which driver, address and port
it has, only the configuration knows. The first claim for the room gives it those (see claims.py).
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_units()
    _adopt()
    _rooms()
    _attempts()
    _commands()
    op.rename_table("keep", "source_state")


def _create_units() -> None:
    op.create_table(
        "units",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("driver", sa.String(length=64), server_default="", nullable=False),
        sa.Column("address", sa.String(length=255), server_default="", nullable=False),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("tls_mode", sa.String(length=16), server_default="verify", nullable=False),
        sa.Column("tls_value", sa.Text(), server_default="", nullable=False),
        sa.Column("credential", sa.Text(), server_default="", nullable=False),
        sa.Column("serial_number", sa.String(length=255), server_default="", nullable=False),
        sa.Column("state", sa.String(length=16), server_default="in_use", nullable=False),
        sa.Column("since", sa.String(length=32), nullable=True),
        sa.Column("room", sa.String(length=255), server_default="", nullable=False),
        sa.Column("info", sa.Text(), nullable=True),
        sa.Column("info_at", sa.String(length=32), nullable=True),
        sa.Column("contact", sa.String(length=32), server_default="new", nullable=False),
        sa.Column("contact_detail", sa.Text(), server_default="", nullable=False),
        sa.Column("contact_since", sa.String(length=32), nullable=True),
        sa.Column("refused", sa.String(length=128), server_default="", nullable=False),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("receipt_at", sa.String(length=32), nullable=True),
        sa.Column("verified_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("units_by_room", "units", ["room"], unique=False)


def _adopt() -> None:
    """One unit for each room that has a row, and for each room that has nothing but attempts."""
    op.execute(
        "INSERT INTO units (id, room, contact, contact_detail, contact_since,"
        " receipt, receipt_at, verified_at, info, info_at, refused)"
        " SELECT 'room:' || room, room, state, detail, since,"
        " receipt, receipt_at, verified_at, info, info_at, refused FROM rooms"
    )
    op.execute(
        "INSERT INTO units (id, room) SELECT DISTINCT 'room:' || room, room FROM attempts"
        " WHERE room NOT IN (SELECT room FROM rooms)"
    )
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, CAST(info AS BLOB) FROM units WHERE info IS NOT NULL")).all()
    for unit, info in rows:
        known = {"unit": unit, "serial": _serial(info)}
        connection.execute(sa.text("UPDATE units SET serial_number = :serial WHERE id = :unit"), known)


def _serial(info: bytes) -> str:
    """What the unit last told of itself; "" where the cell is damaged."""
    try:
        found = json.loads(info)
    except ValueError:
        return ""
    serial = found.get("serial_number") if isinstance(found, dict) else None
    return serial if isinstance(serial, str) else ""


def _rooms() -> None:
    op.rename_table("rooms", "rooms_before")
    op.create_table(
        "rooms",
        sa.Column("room", sa.String(length=255), nullable=False),
        sa.Column("plan_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("plan_digest", sa.String(length=64), nullable=True),
        sa.Column("planned_at", sa.String(length=32), nullable=True),
        sa.Column("unit", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("room"),
    )
    op.execute(
        "INSERT INTO rooms (room, plan_sealed, plan_digest, planned_at, unit)"
        " SELECT room, plan_sealed, plan_digest, planned_at, 'room:' || room FROM rooms_before"
    )
    op.drop_table("rooms_before")


def _commands() -> None:
    """Made anew, as the attempts."""
    op.rename_table("commands", "commands_before")
    op.create_table(
        "commands",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO commands (id, kind, target, at, expires_at, outcome)"
        " SELECT id, kind, target, at, expires_at, outcome FROM commands_before"
    )
    op.drop_table("commands_before")


def _attempts() -> None:
    """Made anew: SQLite gives a table AUTOINCREMENT only when it is made. A number is never given twice then."""
    op.rename_table("attempts", "attempts_before")
    op.drop_index("attempts_by_room", table_name="attempts_before")
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("unit", sa.String(length=255), nullable=False),
        sa.Column("room", sa.String(length=255), nullable=False),
        sa.Column("booking_id", sa.String(length=18), nullable=False),
        sa.Column("planned_start", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("meeting_key", sa.String(length=512), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("call_id", sa.String(length=255), nullable=True),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("owned", sa.Boolean(), nullable=False),
        sa.Column("leave_at", sa.String(length=32), nullable=True),
        sa.Column("left", sa.String(length=8), nullable=False),
        sa.Column("left_at", sa.String(length=32), nullable=True),
        sa.Column("sent_at", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO attempts (id, unit, room, booking_id, planned_start, state, at, meeting_key, address_sealed,"
        ' call_id, cause, owned, leave_at, "left", left_at)'
        " SELECT id, 'room:' || room, room, booking_id, planned_start, state, at, meeting_key, address_sealed,"
        ' call_id, cause, owned, leave_at, "left", left_at FROM attempts_before'
    )
    op.drop_table("attempts_before")
    op.create_index("attempts_by_room", "attempts", ["room", "planned_start"], unique=False)
    op.create_index("attempts_by_unit", "attempts", ["unit", "planned_start"], unique=False)
