"""The first schema: the tables, ledgers that cannot be rewritten, and views for outside."""

from __future__ import annotations

from alembic import op

from core.db.migrations.append_only import protect, protect_ended
from core.db.tables import metadata
from core.db.views import create_statements

revision = "r0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind = op.get_bind()
    metadata.create_all(bind)
    for table in (
        "stock_move",
        "audit",
        "hold_answer",
        "routing_rules",
        "routing_activation",
        "screening",
        "credit_entry",
        "document",
    ):
        protect(op, table)
    for table in (
        "return_receipt",
        "return_disposition",
        "return_rules",
        "return_rules_activation",
    ):
        protect(op, table)
    for table in ("order_change_action", "order_adjustment"):
        protect(op, table)
    protect_ended(op, "order_change", "{row}.status <> 'open'")
    for statement in create_statements():
        op.execute(statement)
