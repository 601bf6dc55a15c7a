"""A unit keeps its driver options for the time after its row"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("units", sa.Column("options", sa.Text(), server_default="", nullable=False))
