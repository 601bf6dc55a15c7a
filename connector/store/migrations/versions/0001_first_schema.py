"""First schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
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
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index("attempts_by_room", ["room", "planned_start"], unique=False)

    op.create_table(
        "calendars",
        sa.Column("calendar", sa.String(length=2048), nullable=False),
        sa.Column("read_at", sa.String(length=32), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("error_since", sa.String(length=32), nullable=True),
        sa.Column("meetings_sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("calendar"),
    )
    op.create_table(
        "history",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("room", sa.String(length=255), nullable=False),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("history", schema=None) as batch_op:
        batch_op.create_index("history_by_room", ["room", "id"], unique=False)

    op.create_table(
        "owner",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("since", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "rooms",
        sa.Column("room", sa.String(length=255), nullable=False),
        sa.Column("plan_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("plan_digest", sa.String(length=64), nullable=True),
        sa.Column("planned_at", sa.String(length=32), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("receipt_at", sa.String(length=32), nullable=True),
        sa.Column("verified_at", sa.String(length=32), nullable=True),
        sa.Column("info", sa.Text(), nullable=True),
        sa.Column("info_at", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("since", sa.String(length=32), nullable=True),
        sa.Column("refused", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("room"),
    )
