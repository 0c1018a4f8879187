"""What an edit does to the money of an order whose history is not simple: part of it went back,
a line was free, a discount came and went."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.domain.edit_actions import Do, EditAction, Facts
from core.domain.edit_money import new_total, share
from core.domain.edits import settlement
from tests.domain.test_edits import add, edit, line, order, put, two_mugs

FREE_NOW = EditAction(Do.FULL_PRICE)
money = st.integers(0, 10_000)


def test_money_that_went_back_already_does_not_go_back_again() -> None:
    """5,670 were paid for two mugs, a poster and the parcel."""
    remove = EditAction(Do.REMOVE, "mug")
    assert edit(replace(two_mugs(), refunded=3000), remove).refund == 2670
    assert edit(replace(two_mugs(), refunded=5670), remove).refund == 0


@given(paid=money, refunded=money, owed=money, given_back=money, after=money)
def test_never_more_goes_back_than_is_left_of_what_was_paid(
    paid: int, refunded: int, owed: int, given_back: int, after: int
) -> None:
    start = replace(two_mugs(), captured=paid, refunded=refunded)
    refund, due = settlement(start, after, Facts(owed=owed, given_back=given_back))
    assert 0 <= refund <= max(0, paid - refunded - owed)
    assert 0 <= due <= max(0, after - start.total)


@given(paid=money, after=money)
def test_who_pays_what_is_asked_and_gets_what_goes_back_has_paid_the_new_total(
    paid: int, after: int
) -> None:
    """Unless more or less than the total was paid before: an edit leaves that as it was."""
    start = replace(two_mugs(), captured=paid)
    refund, due = settlement(start, after, Facts())
    if paid == start.total:
        assert paid + due - refund == after
    elif paid > start.total and after > start.total:
        assert paid + due == max(paid, after)
    elif paid < start.total and after < start.total:
        assert paid - refund == min(paid, after)


def test_the_orders_own_figures_follow_all_of_its_lines() -> None:
    start = order(
        line(1, "mug", 2, 1190, tax=342, discount=238),
        line(2, "poster", 3, 1190, tax=513, discount=357),
    )
    fewer = edit(start, put("mug", 1)).after
    assert (fewer.subtotal, fewer.discount, fewer.tax) == (1071 + 3213, 119 + 357, 171 + 513)
    both = edit(start, put("mug", 1), put("poster", 1)).after
    assert (both.subtotal, both.discount, both.tax) == (2 * 1071, 2 * 119, 2 * 171)


def test_an_article_that_is_added_counts_in_the_subtotal_as_what_it_costs() -> None:
    start = order(line(1, "mug", 2, 1190, tax=380))
    found = edit(start, add("card", 2)).after
    tax = found.lines[-1].tax
    assert (found.subtotal, found.total) == (start.subtotal + 700, start.total + 700)
    assert (found.tax, tax) == (start.tax + tax, 112)
    on_top = order(line(1, "mug", 2, 1000, tax=380, total=2380))
    assert on_top.lines[0].is_taxed_on_top
    assert edit(on_top, put("mug", 1)).after.subtotal == on_top.subtotal - 1000


def test_a_line_whose_money_went_back_keeps_its_discount() -> None:
    start = order(line(1, "mug", 1, 1990, discount=990), line(2, "tee", 2, 2500, discount=400))
    found = edit(start, FREE_NOW, facts=Facts(gone={1: 1}))
    assert [(each.line_id, each.amount) for each in found.adjustments] == [(2, -400)]


def test_a_dearer_parcel_is_taxed_at_the_orders_own_share() -> None:
    start = order(line(1, "mug", 1, 1190, tax=190), shipping=119)
    taxed = replace(start, tax=209)  # the parcel's 19 are in no line
    found = edit(taxed, EditAction(Do.METHOD, text="Express", price=238))
    assert (found.due, found.after.total, found.after.tax) == (119, 1428, 228)
    assert found.after.shipping == 238


def test_a_line_that_a_discount_made_free_may_cost_its_full_price_again() -> None:
    free = order(line(1, "mug", 1, 1990, discount=1990))
    found = edit(free, FREE_NOW)
    assert (found.due, found.after.lines[0].total, found.after.discount) == (1990, 1990, 0)


def test_an_end_of_discounts_leaves_lines_without_one_alone() -> None:
    start = order(line(1, "mug", 1, 1990), line(2, "tee", 2, 2500, discount=400))
    found = edit(start, FREE_NOW)
    assert [(each.line_id, each.amount) for each in found.adjustments] == [(2, -400)]


def test_what_was_said_of_an_article_that_is_left_out_again_goes_with_it() -> None:
    found = edit(
        two_mugs(),
        add("card"),
        EditAction(Do.DISCOUNT, "card", amount=50),
        EditAction(Do.DISCOUNT, "mug", amount=500),
        EditAction(Do.REMOVE, "card"),
    )
    assert [(each.line_id, each.amount) for each in found.adjustments] == [(1, 500)]
    assert found.difference == -500


def test_what_costs_nothing_any_more_has_no_part_in_a_discount() -> None:
    """The mugs came back and were paid back; 10 % are those of the poster alone."""
    facts = Facts(gone={1: 2})
    found = edit(two_mugs(), EditAction(Do.DISCOUNT, percent=10), facts=facts)
    assert [(each.line_id, each.amount) for each in found.adjustments] == [(2, 120)]


def test_an_article_among_lines_that_cost_nothing_is_not_taxed() -> None:
    assert new_total([], 350) == (350, 0)
    assert new_total([line(1, "gift", 1, 0)], 350) == (350, 0)


@given(st.integers(0, 10**9), st.integers(0, 1000), st.integers(1, 1000))
def test_a_share_is_rounded_half_up_once(amount: int, part: int, whole: int) -> None:
    exact_twice = 2 * amount * part
    assert exact_twice - whole < 2 * whole * share(amount, part, whole) <= exact_twice + whole
