"""Schema migrations: Alembic driven from code, the same on both databases.

Alembic is loaded to migrate and to compare. A database that is at our revision never needs it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db.connection import Database
from core.db.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "r0001"
FOLDER = Path(__file__).parent / "migrations"


def _config(connection: sa.Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def migrate(database: Database) -> str:
    """Bring the database to the code's revision; returns that revision.

    On SQLite foreign keys are off while tables are rebuilt (a rebuilt parent would take its
    children along) and checked afterwards.
    """
    from alembic import command

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
    """The newest revision; a test compares it with the migrations."""
    return HEAD


def revision(database: Database) -> str | None:
    """The revision that the database is at, or None when it was never set up."""
    with database.engine.connect() as connection:
        return revision_of(connection)


def revision_of(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def differences(database: Database) -> list[str]:
    """What the database has that the tables in code have not, and the other way round."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(entry) for entry in compare_metadata(context, metadata)]
