"""Commands have words and an outcome that may be a failure; rooms may be paused"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("commands", sa.Column("words_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("commands", sa.Column("taken_at", sa.String(length=32), nullable=True))
    op.add_column("commands", sa.Column("failed", sa.Boolean(), server_default="0", nullable=False))
    op.create_table(
        "pauses",
        sa.Column("room", sa.String(length=255), primary_key=True),
        sa.Column("since", sa.String(length=32), nullable=False),
        sa.Column("until", sa.String(length=32), nullable=True),
        sa.Column("clears", sa.Boolean(), server_default="0", nullable=False),
    )
