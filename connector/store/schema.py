"""Bring a database to the current schema."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, create_engine, event

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection, revision: str = "head") -> None:
    """sqlite3.DatabaseError when the database has a version that this program does not know."""
    # Only who opens the database for writing needs it; to load it takes longer than most commands.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise sqlite3.DatabaseError(_newer(connection) or str(error)) from error


def _newer(connection: Connection) -> str:
    """A sentence, when the database's version is none of ours: an older program must not guess what it means."""
    return _newer_than_ours(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())


def _newer_than_ours(found: object) -> str:
    ours = sorted(path.name[:4] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
    if found is None or found in ours:
        return ""
    return (
        f"a newer version of the connector wrote it: its schema is {found}, and this version knows up to {ours[-1]};"
        " install the newer version again, or restore the backup that was made before the upgrade"
    )


def trouble_of(path: Path) -> str:
    """Why ``upgrade_sqlite`` would refuse this file; "" when it would not. Reads only."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            found = database.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                return f"quick_check: {found}"
            known = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
            version = database.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
    except sqlite3.Error as error:
        return str(error)
    return _newer_than_ours(version[0]) if version else ""


def upgrade_sqlite(path: Path) -> None:
    """Creates the file (0600) and its folder when they are missing. Killed at any moment, it can be done again.

    OSError, sqlite3.Error or SQLAlchemyError when it is no usable database; its content is then as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _wal(raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None  # sqlite3 must not commit before each CREATE TABLE: see _begin
        raw.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # All of an upgrade or nothing: killed half-way, the next start would find tables that no version has.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.begin() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if found != "ok":
                raise sqlite3.DatabaseError(f"quick_check: {found}")
            upgrade(connection)
    finally:
        engine.dispose()
