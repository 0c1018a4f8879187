"""How much of a customer's money is taken as goods leave, and what is let go."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.collecting import (
    Before,
    OnceTakes,
    is_enough,
    takes,
    to_let_go,
    to_take,
    worth,
    worth_of_shipped,
)
from core.domain.order import Address, Line, Order
from core.domain.payments import Payment

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def line(number: int, units: int, total: int, **more: Any) -> Line:
    return Line(number, number, str(number), f"sku-{number}", "", units, total=total, **more)


def order(*lines: Line, shipping: int = 0, total: int | None = None, **more: Any) -> Order:
    full = sum(x.total for x in lines) + shipping if total is None else total
    plain: dict[str, Any] = dict.fromkeys(("email", "phone", "customer_name", "channel"), "")
    plain |= dict.fromkeys(("subtotal", "discount", "tax", "captured", "refunded"), 0)
    plain |= {"connection_id": None, "external_id": None, "customer_id": None, "language": "en"}
    return Order(
        id=1,
        shop_id=1,
        number="1001",
        currency="EUR",
        shipping=shipping,
        total=full,
        ship_to=Address(),
        bill_to=Address(),
        lines=lines,
        placed_at=NOW,
        captured_at=NOW,
        **plain | more,
    )


def card(authorized: int, captured: int = 0, **more: Any) -> Payment:
    return Payment(7, authorized, captured, gateway="stripe", **more)


def test_the_first_parcel_brings_its_goods_and_the_shipping():
    bought = order(line(1, 2, 2000, shipped=1), line(2, 1, 999), shipping=490)
    assert worth_of_shipped(bought) == 1000 + 490
    (take,) = to_take(bought, [card(3489)], 0, OnceTakes.SHIPPED)
    assert (take.amount, take.last) == (1490, False)


def test_a_card_that_is_captured_once_gives_all_with_the_first_parcel():
    bought = order(line(1, 2, 2000, shipped=1), shipping=490)
    once = card(2490, captures_once=True)
    (take,) = to_take(bought, [once], 0, OnceTakes.ALL)
    assert (take.amount, take.last) == (2490, True)


def test_or_only_what_left_and_the_rest_is_let_go():
    bought = order(line(1, 2, 2000, shipped=1), shipping=490)
    once = card(2490, captures_once=True)
    (take,) = to_take(bought, [once], 0, OnceTakes.SHIPPED)
    assert (take.amount, take.last) == (1490, True)


def test_canceled_units_are_not_taken_whether_the_total_fell_with_them_or_not():
    kept = order(line(1, 3, 1000, canceled=1), shipping=490)
    edited = order(line(1, 3, 1000, canceled=1), shipping=490, total=667 + 490)
    assert worth(kept) == worth(edited) == 1000 - 333 + 490


def test_nothing_is_worth_more_than_the_order():
    assert worth(order(line(1, 1, 1000), total=900)) == 900


def test_what_was_taken_is_not_taken_again():
    bought = order(line(1, 1, 1000, shipped=1))
    assert to_take(bought, [card(1000, 1000)], 1000, OnceTakes.ALL) == ()


def test_a_paid_order_needs_none_of_what_else_is_set_aside():
    bought = order(line(1, 1, 1000))
    assert to_let_go(bought, [card(1000)], 0) == ()
    assert to_let_go(bought, [card(1000)], 1000) == (card(1000),)
    canceled = replace(bought, canceled_at=NOW)
    assert to_let_go(canceled, [card(1000)], 0) == (card(1000),)


@pytest.mark.parametrize(
    ("before", "captured", "held", "enough"),
    [
        (Before.NOTHING, 0, 0, True),
        (Before.AUTHORIZED, 0, 999, False),
        (Before.AUTHORIZED, 0, 1000, True),
        (Before.AUTHORIZED, 400, 600, True),
        (Before.PAID, 400, 600, False),
        (Before.PAID, 1000, 0, True),
    ],
)
def test_goods_wait_for_as_much_money_as_the_shop_wants(
    before: Before, captured: int, held: int, enough: bool
):
    bought = order(line(1, 1, 1000), captured=captured)
    assert is_enough(bought, [card(held)], before) is enough


@st.composite
def parcels(draw: st.DrawFn) -> tuple[Order, list[tuple[int, int]]]:
    """An order, and the (line, units) of its parcels until all of it has left."""
    sizes = draw(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 5000)), min_size=1))
    lines = tuple(line(n, units, total) for n, (units, total) in enumerate(sizes[:4], 1))
    units = [(x.id, 1) for x in lines for _ in range(x.ordered)]
    return order(*lines, shipping=draw(st.integers(0, 900))), draw(st.permutations(units))


@given(parcels())
def test_however_the_goods_leave_exactly_the_order_is_taken(
    case: tuple[Order, list[tuple[int, int]]],
):
    """After each parcel no more was taken than has left and the rest; at the end all of it."""
    bought, leaving = case
    payment, taken = card(worth(bought) + 300), 0
    for line_id, units in leaving:
        sent = bought.line(line_id)
        bought = bought.with_lines({line_id: replace(sent, shipped=sent.shipped + units)})
        for take in to_take(bought, [payment], taken, OnceTakes.ALL):
            assert 0 < take.amount <= payment.capture_left
            taken += take.amount
            payment = replace(payment, captured=payment.captured + take.amount)
            rest = payment.capture_left if take.last else 0
            payment = replace(payment, voided=payment.voided + rest)
        assert taken == worth_of_shipped(bought)
    assert taken == worth(bought) == bought.total


@given(
    st.integers(0, 10_000),
    st.lists(st.tuples(st.integers(0, 5000), st.booleans()), max_size=4),
    st.booleans(),
)
def test_no_payment_gives_more_than_it_has(
    amount: int, held: list[tuple[int, bool]], complete: bool
):
    payments = [
        Payment(n, authorized, captures_once=once) for n, (authorized, once) in enumerate(held)
    ]
    taken = takes(amount, payments, complete=complete)
    assert sum(one.amount for one in taken) == min(amount, sum(p.authorized for p in payments))
    by_id = {p.id: p for p in payments}
    assert all(0 < one.amount <= by_id[one.payment].capture_left for one in taken)
