"""The money of returned goods becomes due: of what was kept, and of what came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.commands.exchange_money import pay_new_goods
from core.commands.owing import close_if_paid, given, owe, text_of
from core.db.exchanges import exchange_of
from core.db.receipts import Receipt, receipts_of
from core.db.refunds import Refund
from core.db.unit_of_work import UnitOfWork
from core.domain.giving_back import shipping_item, shipping_of
from core.domain.order import Order
from core.domain.refunds import Item, ItemKind, line_items, total_of
from core.domain.returning.dispositions import NOT_PAID, Disposition
from core.domain.returning.money import Paid, best_shipping, fee_due, share, shipping_due
from core.domain.returning.rules import RefundOn, Terms, read_terms
from core.domain.returns import Rma, RmaLine, RmaStatus, Wish

# Where goods lie for which no money is due yet, by when it is promised.
NOT_ON_SIGHT = {
    RefundOn.SCAN: NOT_PAID,
    RefundOn.INSPECTION: (*NOT_PAID, Disposition.QUARANTINE),
}


def pay_for(uow: UnitOfWork, order: Order, rma: Rma) -> tuple[Rma, str]:
    """The return with all that is payable and was not paid yet, and the sum in words ("" for
    none). Whoever wants other goods gets what those do not cost."""
    if rma.wish is Wish.REPLACEMENT or not is_settled(uow, rma):
        return rma, ""
    receipts = receipts_of(uow.session, rma.id)
    units = {line.line_id: payable(line, receipts) - line.paid for line in rma.lines}
    due = {line_id: more for line_id, more in units.items() if more > 0}
    if not due:
        return rma, ""
    if rma.status is RmaStatus.REFUNDED:
        rma = uow.returns.save(rma, replace(rma, status=RmaStatus.RECEIVED))
    items = items_of(order, rma, due, uow.refunds.of(order.id))
    to = "credit" if rma.wish is Wish.CREDIT else "original"
    if rma.wish is Wish.EXCHANGE:
        items = pay_new_goods(uow, order, rma, items)
    refund = owe(uow, uow.orders.own(order.id), items, rma=rma, to=to)
    # Not the `rma` of before: a refund that is paid at once may have closed it.
    after = uow.returns.by_id(rma.id)
    return uow.returns.save(after, after.pay(due)), text_of(refund) if refund else ""


def is_settled(uow: UnitOfWork, rma: Rma) -> bool:
    """For whoever wants an exchange: whether the other goods were chosen."""
    return rma.wish is not Wish.EXCHANGE or exchange_of(uow.session, rma.id) is not None


def finish(uow: UnitOfWork, rma: Rma) -> Rma:
    """Nothing more is expected: it ends, and is refunded if its money has gone already."""
    after = uow.returns.save(rma, rma.finish(uow.now))
    close_if_paid(uow, after)
    return uow.returns.by_id(rma.id)


def payable(line: RmaLine, receipts: Iterable[Receipt]) -> int:
    """Units whose money is due by the line's terms."""
    unpaid = NOT_ON_SIGHT[read_terms(line.terms).refund_on]
    came = (
        units
        for receipt in receipts
        if receipt.line_id == line.line_id
        for place, units in receipt.places.items()
        if place not in unpaid
    )
    return line.kept + sum(came)


def items_of(
    order: Order, rma: Rma, units: dict[int, int], refunds: Sequence[Refund]
) -> tuple[Item, ...]:
    """What these units come to: goods, shipping, the fee that is taken off, the bonus on top."""
    terms = {line.line_id: read_terms(line.terms) for line in rma.lines}
    goods = line_items(order, units, given(order, refunds))
    mine = [refund for refund in refunds if refund.rma_id == rma.id and refund.state != "canceled"]
    before = [item for refund in mine for item in refund.items]
    found = [*goods, *_shipping(order, terms.values(), goods, refunds)]
    found += _fee([*before, *goods], terms)
    return (*found, *_bonus(rma, goods, terms))


def _shipping(
    order: Order, terms: Iterable[Terms], goods: Sequence[Item], refunds: Sequence[Refund]
) -> list[Item]:
    known = given(order, refunds)
    total = sum(line.total for line in order.bought)
    gone = known.total - known.shipping + total_of(goods)
    new = {item.line: item.quantity for item in goods}
    all_back = all(
        known.units.get(line.id, 0) + new.get(line.id, 0) >= line.wanted for line in order.bought
    )
    how = best_shipping(list(terms))
    paid, _ = shipping_of(order)
    due = shipping_due(paid, total, gone, all_back, how, known.shipping)
    return list(shipping_item(order, known, due))


def _fee(items: Sequence[Item], terms: dict[int, Terms]) -> list[Item]:
    paid = [
        Paid(item.amount, terms[item.line])
        for item in items
        if item.kind is ItemKind.LINE and item.line in terms
    ]
    taken = -total_of(item for item in items if item.kind is ItemKind.FEE)
    due = fee_due(_by_terms(paid), taken)
    return [Item(ItemKind.FEE, -due)] if due else []


def _by_terms(paid: Sequence[Paid]) -> list[Paid]:
    """Goods of equal terms as one sum, so that percentages are rounded once."""
    sums: dict[Terms, int] = {}
    for each in paid:
        sums[each.terms] = sums.get(each.terms, 0) + each.value
    return [Paid(value, terms) for terms, value in sums.items()]


def _bonus(rma: Rma, goods: Sequence[Item], terms: dict[int, Terms]) -> list[Item]:
    """A little more for those who take credit."""
    if rma.wish is not Wish.CREDIT:
        return []
    more = sum(share(item.amount, terms[item.line].bonus_percent) for item in goods)
    return [Item(ItemKind.BONUS, more)] if more else []
