"""On which terms goods come back: what the shop's rules say of each line of a return."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from core.commands.flagging import flags_of
from core.commands.refunds import value_of
from core.db.fulfillment import parcels_of
from core.db.reading import Reader
from core.db.refunds import refunds_of
from core.db.routing import goods_of
from core.db.unit_of_work import UnitOfWork
from core.domain.order import Order
from core.domain.refunds import Given, line_items, total_of
from core.domain.returning.flags import Outcome
from core.domain.returning.line import line_facts
from core.domain.returning.rules import (
    LineFacts,
    ReturnRules,
    default_terms,
    read_terms,
    terms_for,
)
from core.domain.returning.verdict import Assessed, assess, may_keep
from core.domain.returning.words import why_text
from core.domain.returns import Rma


def judge(within: UnitOfWork | Reader, order: Order, rma: Rma) -> dict[int, Assessed]:
    """What the rules say of each line, by its id."""
    facts = _facts(within, order, rma)
    default = default_terms(within.shop.policy)
    rules = within.shop.return_rules.document.rules if within.shop.return_rules else ()
    value = sum(line.value for line in facts.values())
    came = delivered_at(within, order)
    found = {
        line_id: assess(line, terms_for(rules, line, default), value, came, within.now)
        for line_id, line in facts.items()
    }
    flags, outcome = flags_of(within, order, rma.photos)
    if outcome is Outcome.IGNORE:
        return found
    words = " ".join(flag.words for flag in flags)
    return {i: one.flagged(words, deny=outcome is Outcome.DENY) for i, one in found.items()}


def _facts(within: UnitOfWork | Reader, order: Order, rma: Rma) -> dict[int, LineFacts]:
    refunds = refunds_of(within.session, order.id)
    categories = categories_of(within, within.shop.return_rules, [line.sku for line in rma.lines])
    return {
        line.line_id: line_facts(
            order,
            line.sku,
            categories.get(line.sku, ""),
            line.reason,
            rma.wish,
            value_of(order, {line.line_id: line.quantity}, refunds),
            bool(rma.photos),
            _kept(order, line.line_id),
        )
        for line in rma.lines
    }


def categories_of(
    within: UnitOfWork | Reader, rules: ReturnRules | None, skus: Iterable[str]
) -> dict[str, str]:
    """The categories of some SKUs, if there are rules that could ask for them."""
    if rules is None:
        return {}
    found = goods_of(within.session, within.shop.id, skus)
    return {sku: goods.category for sku, goods in found.items()}


def delivered_at(within: UnitOfWork | Reader, order: Order) -> datetime | None:
    """When the customer had the last of it; a till sale was handed over on the spot."""
    parcels = parcels_of(within.session, order.id)
    times = [parcel.delivered_at for parcel in parcels if parcel.delivered_at is not None]
    return max(times, default=order.placed_at if order.handed_over else None)


def keepable(uow: UnitOfWork, order: Order, rma: Rma) -> dict[int, int]:
    """Expected units, by line, whose value is below what the way back is worth."""
    refunds = uow.refunds.of(order.id)
    return {
        line.line_id: line.expected
        for line in rma.lines
        if line.expected
        and may_keep(
            read_terms(line.terms),
            rma.wish,
            value_of(order, {line.line_id: line.expected}, refunds),
            _kept(order, line.line_id),
        )
    }


def _kept(order: Order, line_id: int) -> int:
    """The money of what its customer got back for units of this line and kept."""
    units = {line_id: order.line(line_id).return_kept}
    return total_of(line_items(order, units, Given({})))


def words_of(found: Iterable[Assessed]) -> str:
    """The reasons of a verdict as staff read them."""
    return why_text(why for each in found for why in each.why)
