"""What a customer may claim alone: what never came only once it is quiet, damage with a photo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.commands.return_terms import categories_of
from core.db.fulfillment import parcels_of
from core.db.reading import Reader
from core.db.unit_of_work import UnitOfWork
from core.domain.claims import AS_RETURNED, UNSEEN, ClaimReason, never_came
from core.domain.order import Order
from core.domain.refusals import NotPossible
from core.domain.returning.line import line_facts
from core.domain.returning.rules import default_terms, terms_for


def require_quiet(uow: UnitOfWork, order: Order, reason: ClaimReason) -> Mapping[int, int] | None:
    """By line, the units of which a customer may say that they never came; None: any. Raises
    NotPossible while all of it is on its way and was seen lately."""
    if reason not in UNSEEN:
        return None
    days = int(uow.shop.policy["claim_lost_days"])
    found = never_came(order, parcels_of(uow.session, order.id), uow.now, days)
    if not any(found.values()):
        raise NotPossible(
            f"Order {order.number} is still on its way.",
            f"After {days} days without a sign of it, it can be reported as lost.",
        )
    return found


def needs_photo(
    within: UnitOfWork | Reader, order: Order, lines: Iterable[int], reason: str
) -> bool:
    """Whether the shop's return rules want a photo for one of these lines; `reason` is one of a
    return (`defective`)."""
    rules = within.shop.return_rules
    if rules is None:
        return False
    skus = [order.line(line_id).sku for line_id in lines]
    categories = categories_of(within, rules, skus)
    facts = (line_facts(order, sku, categories.get(sku, ""), reason) for sku in skus)
    default = default_terms(within.shop.policy)
    return any(terms_for(rules.document.rules, each, default).photo for each in facts)


def lacks_photo(uow: UnitOfWork, order: Order, lines: Iterable[int], reason: ClaimReason) -> bool:
    """Whether the claim would have needed one, as a return for the same reason does."""
    as_returned = AS_RETURNED.get(reason)
    return as_returned is not None and needs_photo(uow, order, lines, as_returned)
