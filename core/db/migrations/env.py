"""Alembic's entry: runs migrations on the connection that core/db/migrate.py opened."""

from __future__ import annotations

from alembic import context

from core.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
