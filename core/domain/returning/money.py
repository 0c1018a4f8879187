"""The money of a return beside its goods: fee, shipping and bonus, each by one cumulative rule.

Each amount is what is due in total for all goods paid so far, less what was taken before: however
a return is split over receipts, the sum is the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.returning.rules import ShippingBack, Terms
from core.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Paid:
    """Goods of one line whose money is due, in minor units, with the line's terms."""

    value: int
    terms: Terms


def share(amount: int, percent: int) -> int:
    """So many percent of an amount, rounded half up."""
    return (amount * percent + 50) // 100


def fee_due(goods: Sequence[Paid], taken: int) -> int:
    """The fee that is still to be taken off, once all of these goods are paid; never below zero.

    Percentages count per line, the fixed fee once per return (the highest of its lines'); all of
    it never exceeds the money of the goods.
    """
    if not goods:
        return 0
    percents = sum(share(each.value, each.terms.fee_percent) for each in goods)
    fixed = max((each.terms.fixed_fee for each in goods if each.value), default=0)
    most = sum(each.value for each in goods)
    return max(0, min(percents + fixed, most) - taken)


def shipping_due(
    shipping: int, goods_total: int, goods_back: int, all_back: bool, how: ShippingBack, given: int
) -> int:
    """The shipping that still goes back; `goods_back` of `goods_total` were paid back so far."""
    if how is ShippingBack.NONE or not goods_back or goods_total <= 0:
        return 0
    due = shipping
    if how is ShippingBack.PROPORTIONAL:
        part = min(goods_back, goods_total)
        due = (2 * shipping * part + goods_total) // (2 * goods_total)
    elif how is ShippingBack.FULL and not all_back:
        due = 0
    return max(0, due - given)


def best_shipping(terms: Sequence[Terms]) -> ShippingBack:
    """The kindest of what the lines of one return say about shipping."""
    order = list(ShippingBack)
    return max((each.shipping for each in terms), key=order.index, default=ShippingBack.NONE)
