"""Bring a database to the current schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def upgrade_sqlite(path: Path) -> None:
    """Creates the file (0600) and its folder when they are missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _wal(raw: object, _record: object) -> None:
        raw.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]  # the DBAPI connection

    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()
