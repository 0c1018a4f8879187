"""What an order has earned: money without tax, less what stayed away, parcels and presents."""

from __future__ import annotations

from core.domain.journal import OrderMoney, Paid, PaidBack
from core.domain.margin import Margin, margin_of
from core.domain.order import KIT, PART
from core.domain.refunds import Item, ItemKind
from tests.domain.test_journal import AT, line, order


def sold(**more) -> OrderMoney:
    """Two mugs for 39.80 with 6.36 tax, shipped."""
    return OrderMoney(order(line(1, 3980, 636, 2, shipped=2)), (Paid(AT, "channel", 3980),), **more)


def test_what_was_sold_less_goods_and_parcel():
    found = margin_of(sold(), {"sku-1": 700}, {}, 490)
    assert found == Margin(revenue=3344, goods=1400, parcels=490, presents=0)
    assert (found.earned, found.percent) == (1454, 43)


def test_a_return_takes_revenue_and_gives_goods_back_only_when_they_can_be_sold():
    items = (
        Item(ItemKind.LINE, 1990, 318, 1, 1),
        Item(ItemKind.FEE, -300),
        Item(ItemKind.BONUS, 199),
    )
    back = (PaidBack(AT, "", items, (("credit", 1889),), True),)
    found = margin_of(sold(back=back), {"sku-1": 700}, {1: 1}, 490)
    assert (found.revenue, found.goods, found.presents) == (3344 - 1672 + 300, 700, 199)
    broken = margin_of(sold(back=back), {"sku-1": 700}, {}, 490)
    assert broken.earned == found.earned - 700


def test_a_cost_that_nobody_has_told_is_named():
    assert margin_of(sold(), {}, {}, 0).unknown == ("sku-1",)


def test_a_kit_costs_its_parts():
    kit = line(1, 3000, 0, 1, kind=KIT, shipped=1)
    part = line(2, 0, 0, 2, kind=PART, kit_line_id=1, per_kit=2, shipped=2)
    money = OrderMoney(order(kit, part))
    assert margin_of(money, {"sku-2": 500}, {}, 0).goods == 1000
    assert margin_of(money, {"sku-2": 500}, {1: 1}, 0).goods == 0


def test_nothing_sold_has_no_percent():
    assert margin_of(OrderMoney(order(line(1, 0, 0))), {}, {}, 0).percent is None
