"""Every case that was computed by hand, in every order of its steps; and the laws behind them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.edit_actions import Facts
from core.domain.edits import settlement
from core.domain.exchanges import parted
from core.domain.giving_back import all_that_is_left, shipping_back, shipping_item, shipping_of
from core.domain.order import Address, Line, Order
from core.domain.payments import Payment, shares
from core.domain.placed_money import frozen
from core.domain.refunds import (
    Given,
    Item,
    ItemKind,
    capped,
    line_items,
    tax_of,
    total_of,
    units_of,
)
from tests.domain.money_cases import EDITS, EXCHANGES, PAYMENTS, PLACED, REFUNDS, Case

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
STEP = re.compile(r"([a-z])(\d+)([~^!]?)(?:-(\d+))?")
RULES = {"~": "proportional", "^": "full", "!": "fault", "": "none"}


def order_with(lines: Sequence[Line], **money: int | str) -> Order:
    told = {"currency": "EUR", "total": 0, "captured": 0, "shipping": 0, "tax": 0} | money
    return Order(
        id=1,
        shop_id=1,
        number="1001",
        channel="api",
        connection_id=None,
        external_id=None,
        customer_id=None,
        email="",
        phone="",
        customer_name="",
        language="en",
        subtotal=0,
        discount=0,
        refunded=0,
        ship_to=Address(),
        bill_to=Address(),
        lines=tuple(lines),
        placed_at=NOON,
        captured_at=NOON,
        **told,  # type: ignore[arg-type]
    )


def pair(text: str) -> tuple[int, int]:
    paid, _, tax = text.partition("/")
    return int(paid), int(tax or 0)


def lines_of(case: Case) -> list[Line]:
    found = []
    for n, text in enumerate(case.lines.split(), 1):
        units, _, money = text.partition("=")
        paid, tax = pair(money)
        price = (paid - tax) // int(units) if case.on_top else 0
        line = Line(n, n, str(n), f"sku-{n}", "", int(units), unit_price=price, tax=tax, total=paid)
        found.append(line)
    return found


def order_of(case: Case) -> Order:
    lines, (shipping, tax) = lines_of(case), pair(case.ship)
    total = sum(line.total for line in lines) + shipping
    return order_with(
        lines,
        currency=case.currency,
        shipping=shipping - tax if case.on_top else shipping,
        shipping_tax=tax,
        tax=tax + sum(line.tax for line in lines),
        total=total,
        captured=total if case.paid is None else case.paid,
    )


def items_of(order: Order, step: str, known: Given, room: int) -> tuple[Item, ...]:
    if step == "all":
        return all_that_is_left(order, known, room)
    if step.startswith("ship"):
        return shipping_item(order, known, int(step[4:] or shipping_of(order)[0]))
    if step.startswith("+"):
        return (Item(ItemKind.ADJUSTMENT, int(step[1:])),)
    found = STEP.fullmatch(step)
    assert found, step
    units = {ord(found[1]) - ord("a") + 1: int(found[2])}
    rule = RULES[found[3]]
    ships = shipping_back(order, units, known, rule, our_fault=rule == "fault")
    fee = (Item(ItemKind.FEE, -int(found[4])),) if found[4] else ()
    return (*line_items(order, units, known), *ships, *fee)


def after(known: Given, items: Sequence[Item]) -> Given:
    units = dict(known.units)
    for line, quantity in units_of(items).items():
        units[line] = units.get(line, 0) + quantity
    ships = total_of(item for item in items if item.kind is ItemKind.SHIPPING)
    return Given(units, known.shipping + ships, known.total + total_of(items))


def given_back(order: Order, steps: Sequence[str]) -> tuple[list[tuple[Item, ...]], Given]:
    """The items of every step, as far as it comes to anything, and what they come to."""
    known, made = Given({}), []
    for step in steps:
        room = order.captured - known.total
        items = capped(items_of(order, step, known, room), room)
        items = items if total_of(items) > 0 or units_of(items) else ()
        items = items if total_of(items) >= 0 else ()
        made.append(items)
        known = after(known, items)
    return made, known


@pytest.mark.parametrize("case", REFUNDS, ids=lambda case: case.name)
def test_what_was_computed_by_hand_goes_back_in_every_order_of_its_steps(case: Case) -> None:
    order, steps = order_of(case), case.steps.split()
    made, _ = given_back(order, steps)
    assert [total_of(items) for items in made] == [int(x) for x in case.gives.split()]
    if case.tax:
        assert [tax_of(items) for items in made] == [int(x) for x in case.tax.split()]
    whole = sum(total_of(items) for items in made)
    tax = sum(tax_of(items) for items in made)
    for other in set(permutations(steps)):
        again, known = given_back(order, other)
        assert known.total == sum(total_of(items) for items in again) == whole, other
        assert whole <= order.captured
        assert "+" in case.steps or sum(tax_of(items) for items in again) == tax, other


@pytest.mark.parametrize("name", PLACED)
def test_what_is_told_of_the_whole_is_shared_over_the_lines(name: str) -> None:
    (totals, shipping, discount, tax, total), (then, taxes, shipping_tax) = PLACED[name]
    lines = tuple(Line(n, n, None, "x", "", 1, total=paid) for n, paid in enumerate(totals))
    found = frozen(lines, shipping=shipping, discount=discount, tax=tax, total=total)
    assert [line.total for line in found[0]] == then
    assert [line.tax for line in found[0]] == taxes
    assert found[1] == shipping_tax


@pytest.mark.parametrize("name", PAYMENTS)
def test_money_goes_back_the_way_it_came_the_original_payment_first(name: str) -> None:
    captured, refunds, expected = PAYMENTS[name]
    payments = [Payment(n, x, x, 0, original) for n, (x, original) in enumerate(captured, 1)]
    for amount, then in zip(refunds, expected, strict=True):
        found = {part.payment: part.amount for part in shares(amount, payments)}
        assert found == then
        payments = [replace(p, refunded=p.refunded + found.get(p.id, 0)) for p in payments]
    assert all(payment.refunded <= payment.captured for payment in payments)


@pytest.mark.parametrize("name", EXCHANGES)
def test_what_comes_back_pays_for_what_goes_out(name: str) -> None:
    (back, tax, need), (pays, rest, rest_tax, due) = EXCHANGES[name]
    paying, left = parted((Item(ItemKind.LINE, back, tax, 1, 1),), need)
    assert (total_of(paying), total_of(left), tax_of(left)) == (pays, rest, rest_tax)
    assert need - total_of(paying) == due
    assert tax_of(paying) + tax_of(left) == tax


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_gives_back_or_asks_for_the_difference(name: str) -> None:
    (total, captured, by_edits, refunded, owed, new), expected = EDITS[name]
    order = replace(order_with((), total=total, captured=captured), refunded=refunded)
    facts = Facts(articles={}, gone={}, given_back=by_edits, owed=owed)
    assert settlement(order, new, facts) == expected


def test_at_least_sixty_cases_were_computed() -> None:
    names = [*(case.name for case in REFUNDS), *PLACED, *PAYMENTS, *EXCHANGES, *EDITS]
    assert len(names) == len(set(names)) >= 60


# --- laws ----------------------------------------------------------------------------------------

amounts = st.integers(0, 10**7)


@st.composite
def taxed(draw: st.DrawFn) -> tuple[int, int]:
    paid = draw(amounts)
    return paid, draw(st.integers(0, paid))


@st.composite
def orders(draw: st.DrawFn) -> Order:
    lines = []
    for n in range(1, draw(st.integers(1, 4)) + 1):
        paid, tax = draw(taxed())
        lines.append(
            Line(n, n, None, f"sku-{n}", "", draw(st.integers(1, 30)), tax=tax, total=paid)
        )
    shipping, tax = draw(taxed())
    total = sum(line.total for line in lines) + shipping
    return order_with(
        lines,
        shipping=shipping,
        shipping_tax=tax,
        tax=tax + sum(line.tax for line in lines),
        total=total,
        captured=total,
    )


@given(orders(), st.sampled_from(("~", "^", "!", "")), st.data())
def test_any_sequence_of_refunds_gives_back_exactly_what_was_paid(
    order: Order, rule: str, data: st.DataObject
) -> None:
    steps = []
    for line in order.lines:
        left = line.ordered
        while left:
            units = data.draw(st.integers(1, left))
            steps.append(f"{chr(96 + line.id)}{units}{rule}")
            left -= units
    steps += [f"ship{part}" for part in data.draw(st.lists(st.integers(1, 10**7), max_size=3))]
    made, known = given_back(order, [*data.draw(st.permutations(steps)), "ship"])
    items = [item for step in made for item in step]
    assert known.total == total_of(items) == order.captured
    assert tax_of(items) == order.tax
    for line in order.lines:
        own = [item for item in items if item.line == line.id]
        assert (total_of(own), tax_of(own)) == (line.total, line.tax)
    ships = [item for item in items if item.kind is ItemKind.SHIPPING]
    assert (total_of(ships), tax_of(ships)) == shipping_of(order)
    assert all(item.amount >= 0 and item.tax >= 0 for item in items)


@given(orders(), st.integers(0, 10**8), st.data())
def test_never_more_goes_back_than_was_paid_and_all_is_all(
    order: Order, paid: int, data: st.DataObject
) -> None:
    order = replace(order, captured=paid)
    some = [f"a{data.draw(st.integers(1, 40))}", "ship", f"+{data.draw(st.integers(1, 10**8))}"]
    made, known = given_back(order, [*data.draw(st.permutations(some)), "all"])
    assert known.total == paid
    assert all(total_of(items) >= 0 for items in made)


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.booleans()), min_size=1, max_size=5),
    st.lists(st.integers(1, 10**6), max_size=8),
)
def test_no_payment_gives_back_more_than_it_took(
    captured: list[tuple[int, bool]], refunds: list[int]
) -> None:
    payments = [Payment(n, x, x, 0, original) for n, (x, original) in enumerate(captured, 1)]
    for wanted in refunds:
        amount = min(wanted, sum(payment.refund_left for payment in payments))
        found = {p.payment: p.amount for p in shares(amount, payments)} if amount else {}
        assert sum(found.values()) == amount
        payments = [replace(p, refunded=p.refunded + found.get(p.id, 0)) for p in payments]
        assert all(payment.refunded <= payment.captured for payment in payments)


@given(orders(), st.integers(0, 10**6), st.integers(0, 10**6), st.booleans())
def test_a_frozen_order_adds_up_to_what_its_channel_told(
    order: Order, discount: int, tax: int, on_top: bool
) -> None:
    lines = tuple(replace(line, tax=0) for line in order.lines)
    goods = sum(line.total for line in lines)
    discount = min(discount, goods)
    total = goods - discount + order.shipping + (tax if on_top else 0)
    found, shipping_tax = frozen(
        lines, shipping=order.shipping, discount=discount, tax=tax, total=total
    )
    if goods - discount + order.shipping:
        assert sum(line.tax for line in found) + shipping_tax == tax
    told = sum(line.total for line in found) + order.shipping + (shipping_tax if on_top else 0)
    assert told == total
