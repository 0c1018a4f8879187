"""Return rules as rows: their versions, and the categories that they may name."""

from __future__ import annotations

import sqlalchemy as sa

from core.db import tables as t
from core.db.connection import Session, Statement
from core.db.versions import Versions
from core.domain.returning.rules import ReturnRules, read_document, to_plain

RETURN_RULES = Versions(
    t.return_rules,
    t.return_rules_activation,
    read_document,
    to_plain,
    name="return rules",
    verb="return-rules",
    kept=lambda shop: shop.return_rules,
)
_CATEGORIES = Statement(
    sa.select(t.product.c.category)
    .distinct()
    .where(t.product.c.shop_id == sa.bindparam("shop"), t.product.c.category != "")
)


def active_rules(session: Session, shop_id: int) -> ReturnRules | None:
    found = RETURN_RULES.active(session, shop_id)
    return None if found is None else ReturnRules(*found)


def categories_of(session: Session, shop_id: int) -> frozenset[str]:
    """The categories of the catalog, folded."""
    return frozenset(row[0].casefold() for row in session.rows(_CATEGORIES, shop=shop_id))
