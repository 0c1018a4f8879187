"""Exchanges as sentences: what is wanted, what it costs, and what comes next on either side."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.exchanges import (
    Exchange,
    ExchangeState,
    Facts,
    Step,
    catalog_price,
    kept_price,
    next_step,
    parted,
    read_wanted,
)
from core.domain.order import Address, Line, Order
from core.domain.refunds import Item, ItemKind, tax_of, total_of, units_of
from core.domain.refusals import Invalid

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
LINE = Line(1, 1, None, "mug-red", "Mug", 2, unit_price=1990, discount=398, tax=572, total=3582)
ORDER = Order(
    1, 1, "1001", "api", None, None, None, "", "", "", "en", "EUR", 3582, 398, 0, 572, 3582, 3582,
    0, Address(), Address(), (LINE,), AT, AT,
)  # fmt: skip
BACK = (Item(ItemKind.LINE, 1791, 286, 1, 1),)
OPEN = Exchange(1, 2, 3, 4, ExchangeState.OPEN, 0, AT)
FIRST = replace(OPEN, deadline=AT + timedelta(days=14))
WAITING = Facts(returning=True, came=False, due=1990, waits=True, canceled=False, shipped=False)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("for mug-blue", (("mug-blue", 2),)),
        ("mug-blue 1", (("mug-blue", 1),)),
        ("gegen mug-blue 1x", (("mug-blue", 1),)),
        ("for mug-blue, card 3", (("mug-blue", 1), ("card", 3))),
    ],
)
def test_what_is_wanted_is_read_as_it_is_said(words, wanted):
    assert read_wanted(words, 2) == wanted


@pytest.mark.parametrize("words", ["", "for", "for ,", "a blue mug", "mug 0", "mug 1001"])
def test_what_makes_no_sense_is_refused(words):
    with pytest.raises(Invalid):
        read_wanted(words, 1)


def test_a_swap_at_the_same_list_price_costs_what_was_paid():
    """1,990 less 10 %: 1,791 was paid, and 1,791 the other color costs."""
    price = catalog_price(ORDER, "mug-blue", "Blue", 1, 1990)
    assert price.total == 1990
    kept = kept_price(ORDER, price, BACK)
    assert (kept.total, kept.tax, kept.discount) == (1791, 286, 199)


def test_another_list_price_or_number_of_units_is_the_catalogs():
    dearer = catalog_price(ORDER, "tee", "Tee", 1, 2490)
    assert kept_price(ORDER, dearer, BACK) == dearer
    two = catalog_price(ORDER, "mug-blue", "Blue", 2, 1990)
    assert kept_price(ORDER, two, BACK) == two


@pytest.mark.parametrize(
    ("need", "moved", "back"), [(1791, 1791, 0), (2000, 1791, 0), (1000, 1000, 791), (0, 0, 1791)]
)
def test_the_difference_is_what_the_new_goods_do_not_need(need, moved, back):
    pays, rest = parted(BACK, need)
    assert (total_of(pays), total_of(rest)) == (moved, back)


@given(
    st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 100)), min_size=1, max_size=5),
    st.integers(-100, 100_000),
    st.integers(0, 3000),
)
def test_both_parts_are_all_of_the_money_and_units_are_counted_once(goods, need, fee):
    items = tuple(
        Item(ItemKind.LINE, amount, amount * part // 1000, n, 1)
        for n, (amount, part) in enumerate(goods, 1)
    ) + ((Item(ItemKind.FEE, -fee),) if fee else ())
    pays, rest = parted(items, need)
    assert total_of(pays) + total_of(rest) == total_of(items)
    assert tax_of(pays) + tax_of(rest) == tax_of(items)
    assert total_of(pays) <= max(0, need)
    if pays:
        assert units_of(pays) == units_of(items)
        assert not units_of(rest)


@pytest.mark.parametrize(
    ("exchange", "facts", "days", "step"),
    [
        (OPEN, WAITING, 0, Step.NOTHING),
        (OPEN, WAITING, 99, Step.NOTHING),
        (OPEN, replace(WAITING, due=0), 0, Step.SHIP),
        (OPEN, replace(WAITING, due=0, waits=False), 0, Step.NOTHING),
        (OPEN, replace(WAITING, due=0, waits=False, returning=False), 0, Step.FINISH),
        (OPEN, replace(WAITING, returning=False), 0, Step.CANCEL_NEW),
        (OPEN, replace(WAITING, returning=False, came=True), 0, Step.ASK),
        (replace(OPEN, asked=True), replace(WAITING, returning=False, came=True), 0, Step.NOTHING),
        (OPEN, replace(WAITING, canceled=True), 0, Step.END),
        (FIRST, replace(WAITING, waits=False, shipped=True), 13, Step.NOTHING),
        (FIRST, replace(WAITING, waits=False, shipped=True), 14, Step.ASK),
        (FIRST, replace(WAITING, waits=False, shipped=True, returning=False), 0, Step.ASK),
        (FIRST, replace(WAITING, waits=False, returning=False), 0, Step.CANCEL_NEW),
        (replace(OPEN, state=ExchangeState.DONE), replace(WAITING, due=0), 0, Step.NOTHING),
        (replace(OPEN, state=ExchangeState.CANCELED), WAITING, 0, Step.NOTHING),
    ],
)
def test_what_comes_next(exchange, facts, days, step):
    assert next_step(exchange, facts, AT + timedelta(days=days)) is step
