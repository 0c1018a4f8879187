"""What people take off an order by hand, held against the limit of whoever does it."""

from __future__ import annotations

from core.db.changes import adjusted, articles_of
from core.db.unit_of_work import UnitOfWork
from core.domain.discounts import discount_limits, require_within, worth_of
from core.domain.edits import Preview


def require_own_limit(uow: UnitOfWork, found: Preview) -> None:
    """Discounts of this edit and of those before count together, so that parts are no way around;
    and goods that are added below the price of the catalog. Raises NotAllowed."""
    limits = discount_limits(str(uow.shop.policy["discount_limit"]))
    if uow.actor.role not in limits:
        return
    now = sum(each.amount for each in found.adjustments) + _below_catalog(uow, found)
    if now > 0:
        before = adjusted(uow.session, found.before.id)
        require_within(limits, uow.actor.role, before + now, worth_of(found.after))


def _below_catalog(uow: UnitOfWork, found: Preview) -> int:
    added = [line for line in found.after.lines if line.id < 0 and line.wanted]
    articles = articles_of(uow, sorted({line.sku for line in added})) if added else {}
    full = {line.id: articles[line.sku].price for line in added if line.sku in articles}
    return sum(max(0, full.get(x.id, 0) - x.unit_price) * x.wanted for x in added)
