"""The first schema: every table of core/db/tables.py, and ledgers that cannot be rewritten."""

from __future__ import annotations

from alembic import op

from core.db.migrations.append_only import protect
from core.db.tables import metadata

revision = "r0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind = op.get_bind()
    metadata.create_all(bind)
    for table in ("stock_move", "audit"):
        protect(op, table)
