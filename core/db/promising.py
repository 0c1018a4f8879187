"""What a promise for goods that are still to come has to know: who waits for them already."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session


def units_waited_for(session: Session, shop_id: int, skus: Sequence[str]) -> dict[str, int]:
    """Backordered units by SKU: what arrives is theirs first."""
    c = t.order_line.c
    rows = session.select(
        sa.select(c.sku, sa.func.sum(c.backordered))
        .where(c.shop_id == shop_id, c.sku.in_(skus), c.backordered > 0)
        .group_by(c.sku)
    )
    return {row[0]: int(row[1]) for row in rows}
