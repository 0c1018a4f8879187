"""Invoices and credit notes: their lines add up to the order, their tax to its rates."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.invoices import by_rate, credited_lines, invoice_lines, left_of, rate_of
from core.domain.order import Address, Line, Order
from core.domain.refunds import Item, ItemKind
from core.domain.refusals import NotPossible

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def line(id: int, total: int, tax: int = 0, units: int = 1, canceled: int = 0) -> Line:
    return Line(
        id, id, None, f"sku-{id}", f"Thing {id}", units, total=total, tax=tax, canceled=canceled
    )


def order(
    *lines: Line, shipping: int = 0, total: int | None = None, tax: int | None = None
) -> Order:
    goods = sum(x.total for x in lines)
    taxes = sum(x.tax for x in lines)
    full = goods + shipping if total is None else total
    return Order(
        1, 1, "1001", "api", None, None, None, "", "", "", "en", "EUR", goods, 0, shipping,
        taxes if tax is None else tax, full, full, 0, Address(), Address(), lines, AT, AT,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("total", "tax", "rate"),
    [
        (1990, 318, 1900),  # 16.72 + 3.18
        (1070, 70, 700),
        (100, 16, 1900),  # 0.84 + 0.16: 19.05 % by the cents
        (10_825, 825, 825),  # sales tax of 8.25 %
        (10_550, 550, 550),
        (1990, 0, 0),
        (0, 0, 0),
    ],
)
def test_the_rate_is_the_plainest_that_explains_the_cents(total, tax, rate):
    assert rate_of(total, tax) == rate


def test_an_invoice_has_the_goods_and_the_shipping_with_its_own_tax():
    told = invoice_lines(order(line(1, 1990, 318), line(2, 1070, 70), shipping=490, tax=466))
    assert [(x.kind, x.total, x.tax, x.rate) for x in told] == [
        ("line", 1990, 318, 1900),
        ("line", 1070, 70, 700),
        ("shipping", 490, 78, 1900),
    ]
    assert [(x.rate, x.net, x.tax) for x in by_rate(told)] == [(1900, 2084, 396), (700, 1000, 70)]


def test_tax_on_top_of_shipping_is_part_of_what_shipping_costs():
    told = invoice_lines(order(line(1, 1082, 82), shipping=500, total=1623, tax=123))
    assert [(x.kind, x.total, x.tax) for x in told] == [("line", 1082, 82), ("shipping", 541, 41)]


def test_canceled_units_are_not_invoiced_whoever_took_them_out():
    three = line(1, 1000, 160, units=3, canceled=1)
    by_staff = order(three, shipping=490, total=1490, tax=160)
    by_edit = order(three, shipping=490, total=1157, tax=107)
    for each in (by_staff, by_edit):
        told = invoice_lines(each)
        assert [(x.quantity, x.total, x.tax) for x in told] == [(2, 667, 107), (1, 490, 0)]


def test_what_no_line_explains_is_an_adjustment():
    told = invoice_lines(order(line(1, 1000), total=900))
    assert [(x.kind, x.total) for x in told] == [("line", 1000), ("adjustment", -100)]


def test_what_costs_nothing_is_not_invoiced():
    with pytest.raises(NotPossible):
        invoice_lines(order(line(1, 0)))


def test_a_credit_note_has_the_items_of_its_refund_without_the_bonus():
    items = [
        Item(ItemKind.LINE, 1990, 318, 1, 1),
        Item(ItemKind.FEE, -300),
        Item(ItemKind.BONUS, 199),
    ]
    told = credited_lines(order(line(1, 1990, 318)), items)
    assert [(x.kind, x.title, x.total, x.tax) for x in told] == [
        ("line", "Thing 1", 1990, 318),
        ("fee", "", -300, 0),
    ]


def test_an_invoice_of_which_a_part_was_credited_is_taken_back_as_the_rest():
    lines = invoice_lines(order(line(1, 1190, 190), line(2, 1190, 190)))
    assert left_of(lines, 2380) == lines
    assert [(x.total, x.tax, x.rate) for x in left_of(lines, 1190)] == [(1190, 190, 1900)]


@given(
    st.lists(
        st.tuples(st.integers(0, 99_999), st.sampled_from([0, 5, 7, 19, 21]), st.integers(1, 9)),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 2_000),
    st.data(),
)
def test_an_invoice_is_the_order_and_its_rates_are_the_invoice(goods, shipping, data):
    lines = tuple(
        line(n, total, total * rate // (100 + rate), units)
        for n, (total, rate, units) in enumerate(goods, 1)
    )
    whole = order(*lines, shipping=shipping)
    if whole.total <= 0:
        return
    told = invoice_lines(whole)
    assert sum(x.total for x in told) == whole.total
    assert sum(x.tax for x in told) == whole.tax
    sums = by_rate(told)
    assert sum(x.total for x in sums) == whole.total
    assert all(x.net + x.tax == x.total for x in sums)
    gone = data.draw(st.integers(0, lines[0].ordered))
    less = replace(whole, lines=(replace(lines[0], canceled=gone), *lines[1:]))
    if any(x.wanted for x in less.lines) and sum(x.total for x in invoice_lines_or_none(less)) > 0:
        assert sum(x.total for x in invoice_lines(less)) <= whole.total


def invoice_lines_or_none(each: Order):
    try:
        return invoice_lines(each)
    except NotPossible:
        return ()
