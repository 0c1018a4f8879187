"""What goes back beside goods: shipping by policy, or all of an order; what it is still worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from core.domain.order import Order
from core.domain.refunds import (
    Given,
    Item,
    ItemKind,
    line_items,
    paid_for_first,
    tax_of,
    total_of,
)


def shipping_of(order: Order) -> tuple[int, int]:
    """(what was paid for shipping, the tax in it), in minor units."""
    if not order.shipping:
        return 0, 0
    on_top = any(line.is_taxed_on_top for line in order.bought)
    return order.shipping + (order.shipping_tax if on_top else 0), order.shipping_tax


def shipping_item(order: Order, given: Given, amount: int) -> tuple[Item, ...]:
    """So much of the shipping, as far as it is not on its way back; its tax by the cumulative
    rule, so that all parts of it give back exactly what was paid."""
    paid, tax = shipping_of(order)
    amount = min(amount, paid - given.shipping)
    if amount <= 0:
        return ()
    end = given.shipping + amount
    share = paid_for_first(tax, paid, end) - paid_for_first(tax, paid, given.shipping)
    return (Item(ItemKind.SHIPPING, amount, share),)


def shipping_back(
    order: Order, units: Mapping[int, int], given: Given, rule: str, *, our_fault: bool = False
) -> tuple[Item, ...]:
    """The shipping that goes back together with these units (line id: units).

    `rule` is one of SHIPPING_RULES: none; proportional to the value of all goods that have gone
    back by then; full with the last of them; fault, all of it where the shop is at fault.
    """
    paid, _ = shipping_of(order)
    gone = {x.id: _gone(given, x.id, x.canceled) + units.get(x.id, 0) for x in order.bought}
    if rule == "proportional":
        goods = sum(line.total for line in order.bought)
        back = sum(
            paid_for_first(x.total, x.ordered, min(gone[x.id], x.ordered)) for x in order.bought
        )
        return shipping_item(order, given, _share(paid, goods, back) - given.shipping)
    is_last = all(gone[line.id] >= line.ordered for line in order.bought)
    if (rule == "full" and is_last) or (rule == "fault" and our_fault):
        return shipping_item(order, given, paid)
    return ()


def _gone(given: Given, line_id: int, canceled: int) -> int:
    return max(given.units.get(line_id, 0), canceled)


def _share(paid: int, goods: int, back: int) -> int:
    return paid_for_first(paid, goods, back) if goods else paid


def all_that_is_left(order: Order, given: Given, room: int) -> tuple[Item, ...]:
    """Everything that was paid and is not on its way back: goods, shipping, and what else there
    is of it; `room` is how much that is, in minor units."""
    units = {line.id: line.ordered for line in order.bought}
    items = (*line_items(order, units, given), *shipping_item(order, given, room))
    rest = room - total_of(items)
    if not rest:
        return items
    taxed = tax_of(items) if rest < 0 else 0
    tax = -paid_for_first(taxed, total_of(items), -rest) if rest < 0 else 0
    return (*items, Item(ItemKind.ADJUSTMENT, rest, tax))


def goodwill_in(items: Iterable[Item]) -> int:
    """What a person gave beside goods and shipping: it is no part of what they cost."""
    beside = (item.amount for item in items if item.kind is ItemKind.ADJUSTMENT)
    return sum(amount for amount in beside if amount > 0)


def worth(order: Order, units: Mapping[int, int] | None = None) -> int:
    """What the order costs without its canceled units, and without `units` (line id: units): its
    goods, and as long as any are left its shipping and what a channel adds, such as a tip."""
    more = units or {}
    goods = sum(
        x.total - paid_for_first(x.total, x.ordered, min(x.ordered, x.canceled + more.get(x.id, 0)))
        for x in order.bought
    )
    is_empty = all(x.wanted <= more.get(x.id, 0) for x in order.bought)
    goods_at_first = sum(line.total for line in order.bought)
    beside = max(shipping_of(order)[0], order.total - goods_at_first)  # the total may have fallen
    return goods + (0 if is_empty else beside)
