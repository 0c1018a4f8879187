"""Edits as sentences and laws: pure, exact to the cent, never below what has shipped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.edit_actions import Article, Do, EditAction, Facts, read_address
from core.domain.edit_money import kept, whole
from core.domain.edits import Preview, latest, preview
from core.domain.order import KIT, PART, Address, Line, Order
from core.domain.refunds import paid_for_first
from core.domain.refusals import Invalid, NotFound, NotPossible, Refusal

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOME = Address("Anna Schmidt", "", "Hauptstr. 1", "", "10827", "Berlin", "", "DE", "+49301")
CATALOG = Facts(
    articles={"card": Article("Greeting Card", 350), "tee": Article("Tee", 2500)},
    free={"card": 5, "tee": 0, "mug": 3},
)
TAXED = 119  # a gross of 119 holds 19 of tax


def line(number: int, sku: str, ordered: int, price: int, **more: Any) -> Line:
    total = more.pop("total", price * ordered - more.get("discount", 0))
    allocated = more.pop("allocated", ordered - more.get("shipped", 0))
    head = (number, number, str(number), sku, sku.title(), ordered, price)
    return Line(*head, total=total, allocated=allocated, **more)


def order(*lines: Line, shipping: int = 490, **more: Any) -> Order:
    goods = sum(each.total for each in lines)
    total = goods + shipping
    known: dict[str, Any] = {
        "discount": sum(each.discount for each in lines),
        "tax": sum(each.tax for each in lines),
        "captured": total,
        "refunded": 0,
    } | more
    return Order(
        1, 1, "1001", "shopify", None, None, None, "", "", "Anna Schmidt", "de", "EUR",
        subtotal=goods, shipping=shipping, total=total, ship_to=HOME, bill_to=HOME, lines=lines,
        placed_at=NOON, captured_at=NOON, version=3, **known,
    )  # fmt: skip


def two_mugs() -> Order:
    return order(line(1, "mug", 2, 1990), line(2, "poster", 1, 1200))


def edit(start: Order, *actions: EditAction, facts: Facts = CATALOG) -> Preview:
    return preview(start, actions, facts)


def add(sku: str, quantity: int = 1, **more: Any) -> EditAction:
    return EditAction(Do.ADD, sku, quantity=quantity, **more)


def put(sku: str, quantity: int) -> EditAction:
    return EditAction(Do.SET, sku, quantity=quantity)


# --- sentences ------------------------------------------------------------------------------------


def test_a_removed_unit_that_was_paid_goes_back_exactly() -> None:
    found = edit(two_mugs(), put("mug", 1))
    assert (found.difference, found.refund, found.due) == (-1990, 1990, 0)
    assert found.removed == ((1, 1),)
    assert found.units == {"mug": -1}


def test_more_is_asked_for_and_never_charged() -> None:
    found = edit(two_mugs(), put("mug", 3))
    assert (found.difference, found.refund, found.due) == (1990, 0, 1990)
    assert found.after.captured == found.before.captured


def test_what_is_not_paid_yet_only_falls_away() -> None:
    found = edit(replace(two_mugs(), captured=0), put("mug", 1))
    assert (found.difference, found.refund, found.due) == (-1990, 0, 0)


def test_the_unpaid_part_falls_away_before_money_goes_back() -> None:
    found = edit(replace(two_mugs(), captured=5670 - 1000), EditAction(Do.REMOVE, "mug"))
    assert (found.difference, found.refund) == (-3980, 2980)


def test_what_an_earlier_edit_gave_back_is_asked_for_again() -> None:
    start = replace(two_mugs(), captured=5670 + 1990)
    facts = replace(CATALOG, given_back=1990)
    assert edit(start, put("mug", 3), facts=facts).due == 1990
    assert edit(start, put("mug", 3)).due == 0  # paid too much: used up first


def test_owed_money_is_not_given_back_twice() -> None:
    facts = replace(CATALOG, owed=5000)
    assert edit(two_mugs(), EditAction(Do.REMOVE, "mug"), facts=facts).refund == 670


def test_an_article_comes_with_the_catalogs_price_or_a_given_one() -> None:
    assert edit(two_mugs(), add("card", 2)).due == 700
    found = edit(two_mugs(), add("card", 2, price=100))
    assert found.due == 200
    new = found.after.lines[-1]
    assert (new.sku, new.title, new.ordered, new.position) == ("card", "Greeting Card", 2, 3)
    assert new.id < 0


def test_more_of_what_is_there_grows_its_line() -> None:
    found = edit(two_mugs(), add("mug", 2))
    assert [each.sku for each in found.after.lines] == ["mug", "poster"]
    assert found.after.lines[0].ordered == 4


def test_two_new_articles_are_two_lines() -> None:
    found = edit(two_mugs(), add("card"), add("tee"), add("card"))
    assert [(x.sku, x.ordered) for x in found.after.lines[2:]] == [("card", 2), ("tee", 1)]
    assert len({x.id for x in found.after.lines}) == 4


def test_what_was_going_to_be_added_may_be_left_out_again() -> None:
    found = edit(two_mugs(), add("card"), EditAction(Do.REMOVE, "card"))
    assert found.after == found.before
    assert found.is_empty


def test_the_last_word_on_a_line_counts() -> None:
    assert edit(two_mugs(), put("mug", 1), put("mug", 2)).is_empty
    assert latest([put("mug", 1), put("poster", 2), put("MUG", 3)]) == (
        put("poster", 2),
        put("MUG", 3),
    )


def test_an_unknown_article_or_line_is_refused() -> None:
    with pytest.raises(NotFound, match="no unicorn"):
        edit(two_mugs(), add("unicorn"))
    with pytest.raises(NotFound, match="no unicorn"):
        edit(two_mugs(), put("unicorn", 1))


def test_two_lines_of_one_sku_want_the_line_named() -> None:
    twice = order(line(1, "mug", 1, 1990), line(2, "mug", 1, 1990))
    with pytest.raises(NotPossible, match="on 2 lines"):
        edit(twice, put("mug", 3))
    found = edit(twice, EditAction(Do.SET, line=2, quantity=3))
    assert [x.ordered for x in found.after.lines] == [1, 3]


def test_never_below_what_has_shipped() -> None:
    sent = order(line(1, "mug", 3, 1990, shipped=2))
    with pytest.raises(NotPossible) as refused:
        edit(sent, put("mug", 1))
    assert refused.value.code == "below_shipped"
    assert "return" in refused.value.next
    assert edit(sent, put("mug", 2)).units == {"mug": -1}


def test_nonsense_quantities_are_refused() -> None:
    for quantity in (-1, 100_001):
        with pytest.raises(Invalid):
            edit(two_mugs(), put("mug", quantity))
    with pytest.raises(Invalid):
        edit(two_mugs(), add("card", -1))


def test_units_that_wait_go_before_units_that_are_promised() -> None:
    short = order(line(1, "mug", 5, 1990, allocated=3, backordered=2))
    after = edit(short, put("mug", 2)).after.lines[0]
    assert (after.backordered, after.allocated, after.canceled) == (0, 2, 3)
    after = edit(short, put("mug", 4)).after.lines[0]
    assert (after.backordered, after.allocated, after.canceled) == (1, 3, 1)


def test_units_of_an_unknown_sku_have_nothing_to_give_back() -> None:
    strange = order(line(1, "mug", 3, 1990, allocated=1))
    after = edit(strange, put("mug", 2)).after.lines[0]
    assert (after.allocated, after.unplaced) == (1, 1)


def test_a_shortfall_is_what_growth_lacks_in_stock() -> None:
    assert edit(two_mugs(), add("tee", 2)).shortfalls == {"tee": 2}
    assert edit(two_mugs(), put("mug", 6)).shortfalls == {"mug": 1}
    assert edit(two_mugs(), put("mug", 5)).shortfalls == {}
    twice = order(line(1, "mug", 1, 1990), line(2, "mug", 1, 1990))
    more = [EditAction(Do.SET, line=number, quantity=3) for number in (1, 2)]
    assert edit(twice, *more).shortfalls == {"mug": 1}


# --- prices ---------------------------------------------------------------------------------------


def test_a_discount_of_a_line_goes_back_and_leaves_an_adjustment() -> None:
    found = edit(two_mugs(), EditAction(Do.DISCOUNT, "mug", amount=500, text="late parcel"))
    assert (found.difference, found.refund) == (-500, 500)
    assert [(a.line_id, a.amount, a.reason) for a in found.adjustments] == [(1, 500, "late parcel")]
    mug = found.after.lines[0]
    assert (mug.total, mug.discount, found.after.discount) == (3480, 500, 500)


def test_a_discount_of_the_order_is_shared_by_value() -> None:
    found = edit(two_mugs(), EditAction(Do.DISCOUNT, percent=10))
    assert found.refund == 518
    assert [a.amount for a in found.adjustments] == [398, 120]
    assert sum(a.amount for a in found.adjustments) == 518


def test_a_discount_beyond_the_goods_or_of_nothing_is_refused() -> None:
    for action in (
        EditAction(Do.DISCOUNT, amount=5181),
        EditAction(Do.DISCOUNT),
        EditAction(Do.DISCOUNT, percent=101),
        EditAction(Do.DISCOUNT, amount=-5),
    ):
        with pytest.raises(Refusal):
            edit(two_mugs(), action)
    assert edit(two_mugs(), EditAction(Do.DISCOUNT, amount=5180)).refund == 5180


def test_a_discount_that_is_taken_away_is_asked_for() -> None:
    cheap = order(line(1, "mug", 2, 1990, discount=500))
    found = edit(cheap, EditAction(Do.FULL_PRICE, "mug"))
    assert (found.due, found.after.lines[0].total, found.after.discount) == (500, 3980, 0)
    with pytest.raises(NotPossible, match="no discount"):
        edit(two_mugs(), EditAction(Do.FULL_PRICE))


def test_a_discount_and_its_end_are_nothing() -> None:
    found = edit(two_mugs(), EditAction(Do.DISCOUNT, amount=501), EditAction(Do.FULL_PRICE))
    assert (found.difference, found.after.lines) == (0, found.before.lines)


def test_the_discount_falls_on_units_that_are_still_paid_for() -> None:
    """One of three was returned and refunded: 5.00 off the other two is 5.00, to the cent."""
    start = order(line(1, "mug", 3, 1000, shipped=1, allocated=2), refunded=1000)
    facts = replace(CATALOG, gone={1: 1})
    found = edit(start, EditAction(Do.DISCOUNT, amount=500), facts=facts)
    assert found.refund == 500
    mug = found.after.lines[0]
    assert kept(mug.total, 3, 1) == 1500


# --- tax ------------------------------------------------------------------------------------------


def test_tax_within_the_price_follows_the_lines_own_share() -> None:
    start = order(line(1, "mug", 2, 1190, tax=380))
    assert edit(start, put("mug", 3)).after.tax == 570
    assert edit(start, put("mug", 1)).after.tax == 190
    assert edit(start, EditAction(Do.DISCOUNT, amount=1190)).after.tax == 190
    assert edit(start, add("card", 1, price=TAXED)).after.tax == 399


def test_tax_on_top_is_part_of_what_more_units_cost() -> None:
    start = order(line(1, "mug", 2, 1000, tax=380, total=2380))
    found = edit(start, put("mug", 3))
    assert (found.due, found.after.tax, found.after.subtotal) == (1190, 570, 2380 + 1000)
    found = edit(start, add("card", 1, price=100))
    assert (found.due, found.after.tax) == (119, 399)
    found = edit(start, EditAction(Do.DISCOUNT, amount=1190))
    assert (found.after.tax, found.after.lines[0].discount) == (190, 1000)
    again = edit(found.after, EditAction(Do.FULL_PRICE))
    assert (again.difference, again.after.tax) == (1190, 380)


def test_a_line_without_a_price_of_its_own_grows_by_its_share() -> None:
    start = order(line(1, "mug", 2, 0, total=3000))
    assert edit(start, put("mug", 3)).due == 1500


def test_a_gift_stays_free() -> None:
    assert edit(order(line(1, "mug", 2, 0)), put("mug", 3)).due == 0


# --- everything else ------------------------------------------------------------------------------


def test_an_address_keeps_the_name_and_forgets_where_on_the_map_it_was() -> None:
    start = replace(two_mugs(), ship_to=replace(HOME, lat=52.5, lon=13.4))
    after = edit(start, EditAction(Do.ADDRESS, text="Kiez 7, 10999 Berlin")).after.ship_to
    assert after == replace(HOME, street="Kiez 7", zip="10999", city="Berlin")
    after = edit(start, EditAction(Do.ADDRESS, text="Ring 1, Top 4, 1010 Wien, at")).after.ship_to
    assert (after.street2, after.zip, after.city, after.country) == ("Top 4", "1010", "Wien", "AT")


@pytest.mark.parametrize("text", ["", "Berlin", "Kiez 7", ","])
def test_half_an_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        edit(two_mugs(), EditAction(Do.ADDRESS, text=text))


@pytest.mark.parametrize(
    ("text", "streets", "town", "country"),
    [
        ("Kiez 7, 10999 Berlin", ("Kiez 7", ""), ("10999", "Berlin"), "DE"),
        ("Gasse 1, 1010 Wien, at", ("Gasse 1", ""), ("1010", "Wien"), "AT"),
        ("Kiez 7, Hof 2, 10999 Berlin, DE", ("Kiez 7", "Hof 2"), ("10999", "Berlin"), "DE"),
        ("Kiez 7, Hof, 10999 Berlin", ("Kiez 7", "Hof"), ("10999", "Berlin"), "DE"),
        ("Kiez 7, Ay", ("Kiez 7", ""), ("", "Ay"), "DE"),
        ("Kiez 7, 10999 Berlin, 12", ("Kiez 7", "10999 Berlin"), ("12", ""), "DE"),
    ],
)
def test_an_address_is_read_as_people_write_it(
    text: str, streets: tuple[str, str], town: tuple[str, str], country: str
) -> None:
    read = read_address(text, HOME)
    assert ((read.street, read.street2), (read.zip, read.city)) == (streets, town)
    assert read.country == country


def test_an_address_is_too_late_once_a_part_has_left() -> None:
    sent = order(line(1, "mug", 2, 1990, shipped=1))
    with pytest.raises(NotPossible, match="old address"):
        edit(sent, EditAction(Do.ADDRESS, text="Kiez 7, 10999 Berlin"))


def test_another_method_costs_what_it_costs() -> None:
    found = edit(two_mugs(), EditAction(Do.METHOD, text="Express", price=990))
    assert (found.due, found.fields) == (500, ("method", "shipping"))
    assert edit(two_mugs(), EditAction(Do.METHOD, text="Express")).due == 0
    with pytest.raises(Invalid):
        edit(two_mugs(), EditAction(Do.METHOD, text=" "))


def test_a_note_and_a_place_cost_nothing() -> None:
    note, place = EditAction(Do.NOTE, text="ring twice"), EditAction(Do.MOVE, to="ham")
    found = edit(two_mugs(), note, place)
    assert (found.difference, found.fields, found.move_to) == (0, ("note", "location"), "ham")
    assert not found.is_empty
    with pytest.raises(Invalid):
        edit(two_mugs(), EditAction(Do.MOVE))


def test_only_promised_units_are_split_off() -> None:
    found = edit(two_mugs(), EditAction(Do.SPLIT, "mug", quantity=1))
    assert (found.splits, found.fields) == (((1, 1),), ("split",))
    assert edit(two_mugs(), EditAction(Do.SPLIT, "mug")).splits == ((1, 2),)
    half = EditAction(Do.SPLIT, "mug", quantity=1)
    assert edit(two_mugs(), half, half).splits == ((1, 1), (1, 1))
    for bad in (
        (EditAction(Do.SPLIT, "mug", quantity=3),),
        (half, half, half),
        (half, half, put("mug", 1)),  # what stays is known before anything is split off
    ):
        with pytest.raises(NotPossible):
            edit(two_mugs(), *bad)


@pytest.mark.parametrize(
    "gone",
    [{"canceled_at": NOON}, {"handed_over": True}, {"lines": (line(1, "mug", 1, 1, shipped=1),)}],
)
def test_what_has_ended_is_not_edited(gone: dict[str, Any]) -> None:
    with pytest.raises(NotPossible):
        edit(replace(two_mugs(), **gone), EditAction(Do.NOTE, text="x"))


def test_an_emptied_order_costs_nothing_not_even_shipping() -> None:
    found = edit(two_mugs(), EditAction(Do.REMOVE, "mug"), EditAction(Do.REMOVE, "poster"))
    assert found.refund == 5670
    after = found.after
    assert (after.total, after.subtotal, after.shipping, after.tax, after.discount) == (0,) * 5


# --- laws -----------------------------------------------------------------------------------------

prices = st.integers(0, 10**6)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    lines = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        ordered, price = draw(st.integers(1, 9)), draw(prices)
        discount = draw(st.integers(0, price * ordered))
        goods = price * ordered - discount
        rate = draw(st.sampled_from([0, 7, 19]))
        tax = goods * rate // (100 + rate)
        shipped = draw(st.integers(0, ordered - 1))
        lines.append(
            line(
                number, f"sku-{number}", ordered, price, discount=discount, tax=tax, shipped=shipped
            )
        )
    return order(*lines, shipping=draw(st.integers(0, 2000)))


@st.composite
def wishes(draw: st.DrawFn, start: Order) -> list[EditAction]:
    found = []
    for _ in range(draw(st.integers(1, 4))):
        target = draw(st.sampled_from(start.lines))
        found.append(
            draw(
                st.one_of(
                    st.builds(
                        EditAction,
                        st.just(Do.SET),
                        line=st.just(target.id),
                        quantity=st.integers(target.shipped, 12),
                    ),
                    st.builds(add, st.sampled_from(["card", "tee"]), st.integers(1, 4)),
                    st.builds(EditAction, st.just(Do.DISCOUNT), percent=st.integers(1, 100)),
                    st.builds(EditAction, st.just(Do.DISCOUNT), amount=st.integers(1, 5000)),
                    st.just(EditAction(Do.FULL_PRICE)),
                    st.builds(
                        EditAction, st.just(Do.METHOD), text=st.just("Express"), price=prices
                    ),
                )
            )
        )
    return found


def tried(start: Order, actions: list[EditAction], facts: Facts) -> Preview | None:
    try:
        return preview(start, actions, facts)
    except Refusal:
        return None


def confirmed(found: Preview, facts: Facts) -> tuple[Order, Facts]:
    """The order as it would be stored, and what is known of it from then on."""
    removed = dict(found.removed)
    units = {x.id: facts.gone.get(x.id, 0) + removed.get(x.id, 0) for x in found.after.lines}
    named = {old.id: n for n, old in enumerate(found.after.lines, 1)}
    lines = tuple(replace(x, id=named[x.id]) for x in found.after.lines)
    after = replace(found.after, lines=lines)
    return after, replace(
        facts,
        gone={named[i]: n for i, n in units.items()},
        given_back=facts.given_back + found.refund,
        owed=facts.owed + found.refund,
    )


@given(st.data())
def test_a_preview_is_pure_and_the_sum_of_its_lines(data: st.DataObject) -> None:
    start = data.draw(orders())
    actions = data.draw(wishes(start))
    found = tried(start, actions, CATALOG)
    if found is None:
        return
    assert found == preview(start, actions, CATALOG)
    worth = sum(each.money_after - each.money_before for each in found.lines)
    if any(x.wanted for x in found.after.lines):
        assert found.difference == worth + found.after.shipping - start.shipping
    assert min(found.after.total, found.after.tax, found.after.discount) >= 0
    assert found.refund >= 0
    assert found.due >= 0
    assert not (found.refund and found.due)


@given(st.data())
def test_units_move_as_much_as_the_quantities_do(data: st.DataObject) -> None:
    start = data.draw(orders())
    found = tried(start, data.draw(wishes(start)), CATALOG)
    if found is None:
        return
    held = sum(x.allocated + x.backordered + max(0, x.unplaced) for x in found.after.lines)
    before = sum(x.allocated + x.backordered + max(0, x.unplaced) for x in start.lines)
    assert held - before == sum(found.units.values())
    for each in found.after.lines:
        assert each.wanted >= each.shipped
        assert each.canceled + each.backordered + each.allocated + each.shipped <= each.ordered


@given(st.data())
def test_edits_and_then_removal_give_back_exactly_what_was_paid(data: st.DataObject) -> None:
    start = data.draw(orders())
    start = replace(
        start, lines=tuple(replace(x, shipped=0, allocated=x.ordered) for x in start.lines)
    )
    paid = data.draw(st.sampled_from([start.total, start.total // 2, 0]))
    start, facts, back = replace(start, captured=paid), CATALOG, 0
    for _ in range(data.draw(st.integers(0, 3))):
        found = tried(start, data.draw(wishes(start)), facts)
        if found is not None:
            back += found.refund
            start, facts = confirmed(found, facts)
    gone = [EditAction(Do.SET, line=x.id, quantity=0) for x in start.lines]
    last = tried(start, gone, facts)
    back += last.refund if last is not None else 0
    assert back == paid


@given(st.data())
def test_removing_in_steps_gives_back_what_removing_at_once_does(data: st.DataObject) -> None:
    """Paid units are their exact refund, by the cumulative rule."""
    ordered, total = data.draw(st.integers(2, 9)), data.draw(prices)
    start, facts = order(line(1, "mug", ordered, 0, total=total)), CATALOG
    first = data.draw(st.integers(1, ordered - 1))
    one = preview(start, [put("mug", ordered - first)], facts)
    assert one.refund == paid_for_first(total, ordered, first)
    then, facts = confirmed(one, facts)
    assert one.refund + preview(then, [put("mug", 0)], facts).refund == total + start.shipping


@given(st.integers(0, 10**9), st.integers(1, 60), st.data())
def test_there_is_always_an_amount_that_keeps_exactly_so_much(
    left: int, ordered: int, data: st.DataObject
) -> None:
    gone = data.draw(st.integers(0, ordered - 1))
    assert kept(whole(left, ordered, gone), ordered, gone) == left


# --- kits -----------------------------------------------------------------------------------------


def a_gift_box() -> Order:
    box = line(1, "gift-box", 1, 3990, allocated=0, kind=KIT, ships=False)
    mugs = line(2, "mug", 2, 0, kind=PART, kit_line_id=1, per_kit=2)
    cards = line(3, "card", 1, 0, kind=PART, kit_line_id=1, per_kit=1)
    return order(box, mugs, cards)


def test_the_parts_of_a_kit_go_with_it_in_the_preview() -> None:
    more = edit(a_gift_box(), put("gift-box", 3))
    assert [(x.sku, x.wanted) for x in more.after.lines] == [
        ("gift-box", 3),
        ("mug", 6),
        ("card", 3),
    ]
    assert more.shortfalls == {"mug": 1}
    assert [change.sku for change in more.lines] == ["gift-box"]
    less = edit(more.after, put("gift-box", 1))
    assert [x.wanted for x in less.after.lines] == [1, 2, 1]


def test_a_part_of_a_kit_is_not_changed_by_itself() -> None:
    for action in (put("mug", 1), EditAction(Do.REMOVE, line=2)):
        with pytest.raises(NotPossible, match="mug is a part of gift-box in order 1001"):
            edit(a_gift_box(), action)
    added = edit(a_gift_box(), add("card", 1)).after.lines
    assert [(x.sku, x.wanted, x.total) for x in added[2:]] == [("card", 1, 0), ("card", 1, 350)]
    assert edit(a_gift_box(), EditAction(Do.SPLIT, "mug", quantity=1)).splits == ((2, 1),)
