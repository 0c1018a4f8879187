"""Schema migrations: Alembic driven from code, the same on both databases."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.db.connection import Database
from core.db.tables import metadata

_HERE = Path(__file__).parent / "migrations"


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["connection"] = connection
    return config


def migrate(database: Database) -> str:
    """Bring the database to the code's revision; returns that revision.

    On SQLite foreign keys are off while tables are rebuilt (a rebuilt parent would take its
    children along) and checked afterwards.
    """
    if not database.is_sqlite:
        with database.engine.connect() as connection, connection.begin():
            command.upgrade(_config(connection), "head")
        return head()
    plain = sa.create_engine(database.url, poolclass=sa.pool.NullPool)
    with plain.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.commit()
        with connection.begin():
            command.upgrade(_config(connection), "head")
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(f"the migration left {len(broken)} rows without a parent")
    plain.dispose()
    return head()


def head() -> str:
    script = ScriptDirectory(str(_HERE))
    return script.get_current_head() or ""


def revision(database: Database) -> str | None:
    """The revision that the database is at, or None when it was never set up."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def differences(database: Database) -> list[str]:
    """What the database has that the tables in code have not, and the other way round."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(entry) for entry in compare_metadata(context, metadata)]
