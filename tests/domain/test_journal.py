"""The journal as laws: every voucher balances, and a settled order leaves nothing open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.domain.journal import (
    BONUS,
    CREDIT,
    CUSTOMERS,
    FEES,
    SALES,
    TAX,
    Canceled,
    Edited,
    OrderMoney,
    Paid,
    PaidBack,
    Voucher,
    credit_voucher,
    vouchers,
)
from core.domain.order import Address, Line, Order
from core.domain.refunds import Given, Item, ItemKind, line_items, total_of

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def order(*lines: Line, shipping: int = 0, **more: Any) -> Order:
    total = sum(x.total for x in lines) + shipping
    tax = sum(x.tax for x in lines)
    made = Order(
        1, 1, "1001", "api", None, None, None, "", "", "", "en", "EUR", total, 0, shipping, tax,
        total, total, 0, Address(), Address(), lines, AT, AT,
    )  # fmt: skip
    return replace(made, **more)


def line(id: int, total: int, tax: int, units: int = 1, **more: Any) -> Line:
    made = Line(id, id, None, f"sku-{id}", "", units, total=total, tax=tax)
    return replace(made, **more)


def is_balanced(voucher: Voucher) -> bool:
    return sum(posting.amount for posting in voucher.postings) == 0


def sums(money: OrderMoney) -> dict[str, int]:
    found: dict[str, int] = {}
    for voucher in vouchers(money):
        assert is_balanced(voucher), voucher
        for posting in voucher.postings:
            found[posting.account] = found.get(posting.account, 0) + posting.amount
    return {account: amount for account, amount in found.items() if amount}


def test_a_sale_and_its_payment_leave_money_sales_and_tax():
    whole = OrderMoney(order(line(1, 1990, 318)), (Paid(AT, "channel", 1990),))
    assert sums(whole) == {"money: channel": 1990, SALES: -1672, TAX: -318}


def test_an_edit_stands_apart_from_the_sale():
    money = OrderMoney(order(line(1, 1500, 240)), edited=(Edited(AT, -500),))
    assert [(v.kind, v.postings[0].amount) for v in vouchers(money)] == [
        ("sale", 2000),
        ("edit", -500),
    ]
    assert sums(money) == {CUSTOMERS: 1500, SALES: -1260, TAX: -240}


def test_a_return_takes_the_sale_back_less_its_fee_and_a_bonus_is_the_shops():
    items = (
        Item(ItemKind.LINE, 1990, 318, 1, 1),
        Item(ItemKind.FEE, -300),
        Item(ItemKind.BONUS, 169),
    )
    back = PaidBack(AT, "Refund", items, (("credit", 1859),), True)
    money = OrderMoney(order(line(1, 1990, 318)), (Paid(AT, "channel", 1990),), back=(back,))
    assert sums(money) == {
        "money: channel": 1990,
        SALES: -1672,
        "refunds": 1672,
        FEES: -300,
        BONUS: 169,
        CREDIT: -1859,
    }


def test_credit_by_hand_is_balanced():
    for kind, amount in (("issued", 500), ("corrected", -200), ("expired", -300)):
        assert is_balanced(credit_voucher(kind, AT, amount, "EUR", ""))


@given(
    st.lists(
        st.tuples(st.integers(0, 99_999), st.integers(0, 20), st.integers(1, 6)),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 900),
    st.data(),
)
def test_what_was_paid_canceled_returned_and_paid_back_leaves_no_customer_open(
    goods, shipping, data
):
    lines = []
    for n, (total, rate, units) in enumerate(goods, 1):
        canceled = data.draw(st.integers(0, units))
        tax = total * rate // (100 + rate)
        lines.append(line(n, total, tax, units, canceled=canceled, shipped=units - canceled))
    whole = order(*lines, shipping=shipping)
    gone = {x.id: x.canceled for x in lines if x.canceled}
    canceled = Canceled(AT, gone)
    for_canceled = line_items(whole, gone, Given({}))
    returned = {x.id: x.shipped for x in lines if x.shipped}
    for_returned = line_items(whole, returned, Given(gone))
    back = tuple(
        PaidBack(AT, "Refund", items, (("channel", total_of(items)),), is_return)
        for items, is_return in ((for_canceled, False), (for_returned, True))
        if total_of(items)
    )
    money = OrderMoney(
        whole, (Paid(AT, "channel", whole.total),), canceled=(canceled,) if gone else (), back=back
    )
    left = sums(money)
    assert CUSTOMERS not in left
    assert left.get("money: channel", 0) == shipping
    assert left.get(TAX, 0) == 0
