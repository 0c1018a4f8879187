"""Edits through the engine: put together, looked at, confirmed once, taken back, never half."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.commands.edits import (
    ChangeOrder,
    ConfirmEdit,
    DiscardEdit,
    DiscardExpiredEdits,
    EditOrder,
    PreviewEdit,
    WantedLine,
)
from core.commands.fulfillment import PackWork, PickWork, PrintPicks, ShipWork
from core.commands.orders import CancelOrder, TagOrder
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.domain.edit_actions import Do, EditAction
from core.domain.refusals import NotFound
from core.queries.edits import EditView, ShowEdit, TryEdit
from core.queries.orders import ShowOrder
from tests.shop import BER, CHANNEL, HAM, Shop, make_shop, staff

WORKER = staff(Role.WAREHOUSE, "Willi")


@pytest.fixture
def shop(database):
    """Order 1001: two red mugs and a tee, all at Berlin, paid."""
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 2), ("tee-black-m", 1))
    yield shop
    shop.close()


def edit(shop: Shop, words: str, order: str = "1001") -> Any:
    return shop.do(EditOrder(order, words))


def confirm(shop: Shop, **saw: int) -> Any:
    return shop.do(ConfirmEdit("1001", **saw))


def seen(shop: Shop) -> EditView:
    view: EditView = shop.ask(ShowEdit("1001"))
    return view


def level(shop: Shop, sku: str, place: int) -> tuple[int, int]:
    (row,) = shop.rows(t.stock_level, sku=sku, location_id=place)
    return row["on_hand"], row["reserved"]


def lines(shop: Shop) -> dict[str, int]:
    view = shop.ask(ShowOrder("1001"))
    return {line.sku: line.ordered - line.canceled for line in view.lines}


def everything(shop: Shop) -> list[Any]:
    """All that an edit could touch."""
    tables = (t.orders, t.order_line, t.stock_level, t.stock_move, t.reservation, t.refund, t.event)
    return [shop.rows(table) for table in (*tables, t.fulfillment_order, t.outbox, t.cases)]


# --- putting together -----------------------------------------------------------------------------


def test_an_edit_changes_nothing_before_it_is_confirmed(shop):
    before = everything(shop)
    receipt = edit(shop, "mug-red 3; add sock-grey 1")
    assert receipt.ok
    assert receipt.happened == ()
    assert receipt.facts["difference"] == 2 * 1990
    assert everything(shop) == before


def test_a_figure_that_no_action_has_is_refused_also_where_it_does_not_matter(shop):
    plain = EditAction(Do.REMOVE, "mug-red")
    odd = (replace(plain, quantity=-1), replace(plain, amount=-1), replace(plain, percent=101))
    for action in odd:
        assert shop.do(ChangeOrder("1001", (action,))).code == "invalid"
    assert shop.rows(t.order_change) == []


def test_the_preview_says_what_would_come_of_it(shop):
    edit(shop, "mug-red 1; add sock-grey 12")
    view = seen(shop)
    assert [(x.sku, x.before, x.after) for x in view.lines] == [
        ("mug-red", 2, 1),
        ("sock-grey", 0, 12),
    ]
    assert (view.total_before, view.total, view.due, view.refund) == (5970, 27860, 21890, 0)
    assert view.ships_from == {
        "BER": {"mug-red": 1, "tee-black-m": 1, "sock-grey": 10},
        "HAM": {"sock-grey": 2},
    }
    assert (view.parcels_before, view.parcels, view.shortfalls) == (1, 2, {})
    assert view.messages == ("order_changed",)
    assert (view.opened_by, view.steps) == ("Ann", 2)


def test_a_shortfall_is_seen_before_it_happens_and_waits_afterwards(shop):
    edit(shop, "add poster-sun 25")
    assert seen(shop).shortfalls == {"poster-sun": 5}
    assert confirm(shop).ok
    (poster,) = [x for x in shop.ask(ShowOrder("1001")).lines if x.sku == "poster-sun"]
    assert (poster.allocated, poster.backordered) == (20, 5)
    assert [row["kind"] for row in shop.rows(t.cases)] == ["short"]


def test_steps_come_one_after_the_other_into_one_edit(shop):
    edit(shop, "mug-red 1")
    edit(shop, "add sock-grey")
    edit(shop, "mug-red 2")
    assert [x.sku for x in seen(shop).lines] == ["sock-grey"]
    assert len(shop.rows(t.order_change)) == 1
    assert len(shop.rows(t.order_change_action)) == 3


def test_a_step_that_cannot_be_leaves_the_edit_as_it_was(shop):
    edit(shop, "mug-red 1")
    before = shop.rows(t.order_change), shop.rows(t.order_change_action)
    for words in ("add unicorn 1", "remove poster-sun", "discount 999.00", "move nowhere", "hm"):
        refused = edit(shop, words)
        assert not refused.ok
        assert refused.next
    assert (shop.rows(t.order_change), shop.rows(t.order_change_action)) == before


def test_nothing_is_begun_by_a_step_that_cannot_be(shop):
    assert edit(shop, "add unicorn 1").code == "not_found"
    assert shop.rows(t.order_change) == []
    with pytest.raises(NotFound):
        seen(shop)


def test_a_sku_may_be_typed_as_people_type(shop):
    assert edit(shop, "add SOCK-GREY 1; MUG-RED 1").ok
    assert seen(shop).due == 0


def test_a_form_sends_everything_and_means_what_is_different(shop):
    view = shop.ask(ShowOrder("1001"))
    mug, tee = (line.id for line in view.lines)
    wanted = (WantedLine(mug, 2), WantedLine(tee, 0))
    form = ChangeOrder("1001", wanted=wanted, add_sku="sock-grey", discount="10% sorry")
    assert shop.do(form).ok
    assert [row["kind"] for row in shop.rows(t.order_change_action)] == ["set", "add", "discount"]
    assert confirm(shop).ok
    assert lines(shop) == {"mug-red": 2, "tee-black-m": 0, "sock-grey": 1}


def test_programs_send_actions(shop):
    actions = (EditAction(Do.ADD, "sock-grey", quantity=2), EditAction(Do.NOTE, text="ring twice"))
    tried = shop.ask(TryEdit("1001", actions))
    assert (tried.due, tried.note) == (3980, "ring twice")
    assert shop.rows(t.order_change) == []
    assert shop.do(ChangeOrder("1001", actions)).facts["due"] == 3980


def test_only_those_who_may_edit_edit(shop):
    assert shop.do(EditOrder("1001", "mug-red 1"), WORKER).code == "not_allowed"
    edit(shop, "mug-red 1")
    assert shop.do(ConfirmEdit("1001"), WORKER).code == "not_allowed"
    assert lines(shop)["mug-red"] == 2


@pytest.mark.parametrize("words", ["move ham", "split mug-red 1"])
def test_who_may_not_move_an_order_cannot_do_it_by_an_edit(shop, words):
    support = staff(Role.SUPPORT, "Sue")
    assert shop.do(EditOrder("1001", words), support).code == "not_allowed"
    assert shop.do(EditOrder("1001", "mug-red 1"), support).ok


def test_what_has_ended_is_not_edited(shop):
    shop.do(CancelOrder("1001", "changed mind"))
    refused = edit(shop, "mug-red 1")
    assert (refused.code, shop.rows(t.order_change)) == ("not_possible", [])


# --- confirming -----------------------------------------------------------------------------------


def test_what_is_confirmed_is_what_was_seen(shop):
    edit(shop, "mug-red 3; add sock-grey 1; method 9.90 Express; note ring twice")
    edit(shop, "address Kiez 7, 10999 Berlin")
    view = seen(shop)
    receipt = confirm(shop)
    assert receipt.ok
    after = shop.ask(ShowOrder("1001"))
    assert (after.total, after.tax, after.shipping) == (view.total, view.tax, view.shipping)
    assert {x.sku: x.total for x in after.lines} == {
        "mug-red": 5970,
        "tee-black-m": 1990,
        "sock-grey": 1990,
    }
    assert (after.note, after.ship_to.street, after.ship_to.name) == (
        "ring twice",
        "Kiez 7",
        "Anna Schmidt",
    )
    assert after.captured == 5970  # nothing is charged
    assert "asked for" in receipt.sentence
    (told,) = shop.rows(t.event, kind="OrderEdited")
    assert f'"due":{view.due}' in told["data"]


def test_growing_reserves_the_difference_only(shop):
    before = {row["id"] for row in shop.rows(t.reservation)}
    edit(shop, "mug-red 5")
    confirm(shop)
    moves = [row for row in shop.rows(t.stock_move, sku="mug-red") if row["kind"] == "reserve"]
    assert [row["quantity"] for row in moves] == [2, 3]
    assert [r["kind"] for r in shop.rows(t.stock_move) if r["kind"] == "release"] == []
    kept = [row for row in shop.rows(t.reservation) if row["id"] in before]
    assert {row["state"] for row in kept} == {"promised"}
    assert level(shop, "mug-red", BER) == (10, 5)


def test_shrinking_releases_the_difference_only(shop):
    edit(shop, "mug-red 1")
    assert confirm(shop).ok
    moves = [row for row in shop.rows(t.stock_move) if row["kind"] == "release"]
    assert [(row["sku"], row["quantity"]) for row in moves] == [("mug-red", 1)]
    assert level(shop, "mug-red", BER) == (10, 1)
    (work,) = shop.rows(t.fulfillment_order)
    assert work["stage"] == "ready"


def test_removing_a_line_frees_it_and_work_that_is_left_with_nothing_ends(shop):
    shop.place(1002, ("poster-sun", 12))  # ten from Berlin, two from Hamburg
    shop.do(EditOrder("1002", "poster-sun 10"))
    assert shop.do(ConfirmEdit("1002")).ok
    works = {row["location_id"]: row["stage"] for row in shop.rows(t.fulfillment_order)}
    assert works == {BER: "ready", HAM: "canceled"}
    assert level(shop, "poster-sun", HAM) == (10, 0)


def test_freed_units_go_to_those_who_wait(shop):
    shop.place(1002, ("mug-red", 19))
    edit(shop, "mug-red 1")
    confirm(shop)
    (mug,) = shop.ask(ShowOrder("1002")).lines
    assert (mug.allocated, mug.backordered) == (19, 0)


def test_money_for_what_was_removed_is_due_with_a_task(shop):
    edit(shop, "mug-red 1")
    receipt = confirm(shop)
    assert receipt.sentence == "Order 1001 is changed. €19.90 goes back."
    (refund,) = shop.rows(t.refund)
    assert (refund["amount"], refund["state"]) == (1990, "due")
    assert refund["change_id"] == receipt.facts["change"]
    assert [row["kind"] for row in shop.rows(t.cases)] == ["refund_task"]
    assert shop.ask(ShowOrder("1001")).refunded == 0


def test_a_discount_leaves_an_adjustment_and_its_refund(shop):
    edit(shop, "discount 5.00 late parcel")
    assert confirm(shop).facts["refund"] == 500
    found = [(row["amount"], row["reason"]) for row in shop.rows(t.order_adjustment)]
    assert found == [(333, "late parcel"), (167, "late parcel")]


def test_a_second_edit_counts_on_from_the_first(shop):
    edit(shop, "mug-red 1")
    confirm(shop)
    edit(shop, "mug-red 2")
    assert seen(shop).due == 1990
    confirm(shop)
    edit(shop, "mug-red 1")
    receipt = confirm(shop)
    assert receipt.facts["refund"] == 0  # what is not paid yet only falls away
    assert sum(row["amount"] for row in shop.rows(t.refund)) == 1990


def test_a_part_travels_separately(shop):
    edit(shop, "split mug-red 1")
    assert confirm(shop).ok
    works = shop.ask(ShowOrder("1001")).works
    assert [(work.location, work.units) for work in works] == [("BER", 2), ("BER", 1)]
    assert level(shop, "mug-red", BER) == (10, 2)


def test_an_edit_may_move_the_order(shop):
    edit(shop, "move ham; mug-red 1")
    assert seen(shop).ships_from == {"HAM": {"mug-red": 1, "tee-black-m": 1}}
    assert confirm(shop).ok
    assert (level(shop, "mug-red", HAM), level(shop, "mug-red", BER)) == ((10, 1), (10, 0))


def test_another_country_is_routed_anew(shop):
    edit(shop, "address Ring 1, 1010 Wien, AT")
    assert confirm(shop).ok
    assert len(shop.rows(t.routing_trace)) == 2
    assert sum(row["reserved"] for row in shop.rows(t.stock_level, sku="mug-red")) == 2


# --- confirming what has changed ------------------------------------------------------------------


def test_an_order_that_moved_on_shows_the_new_preview_first(shop):
    edit(shop, "mug-red 3")
    shop.do(TagOrder("1001", "vip"))
    refused = confirm(shop)
    assert (refused.code, refused.next) == (
        "preview_changed",
        "Look at the new preview, then confirm again: `preview 1001`.",
    )
    assert lines(shop)["mug-red"] == 2
    assert shop.do(PreviewEdit("1001")).ok
    assert confirm(shop).ok


def test_a_button_carries_what_its_person_saw(shop):
    edit(shop, "mug-red 3")
    old = seen(shop)
    edit(shop, "add sock-grey 1")
    seen_then = {"change": old.change, "version": old.version, "difference": old.difference}
    assert confirm(shop, **seen_then).code == "preview_changed"
    now = seen(shop)
    assert confirm(shop, **(seen_then | {"difference": now.difference})).ok


def test_the_button_of_an_edit_that_is_gone_does_nothing(shop):
    edit(shop, "mug-red 3")
    old = seen(shop)
    shop.do(DiscardEdit("1001"))
    edit(shop, "mug-red 3")
    again = {"change": old.change, "version": old.version, "difference": old.difference}
    assert confirm(shop, **again).code == "preview_changed"


def test_a_price_of_the_catalog_that_changed_is_a_new_preview(shop):
    edit(shop, "add sock-grey 1")
    row = {"price": 2990}
    shop.engine.chore(
        lambda uow: uow.session.connection.execute(
            t.product.update().where(t.product.c.sku == "sock-grey").values(row)
        ),
        1,
    )
    assert confirm(shop).code == "preview_changed"
    shop.do(PreviewEdit("1001"))
    assert confirm(shop).facts["due"] == 2990


def test_what_shipped_meanwhile_is_not_taken_off(shop):
    edit(shop, "mug-red 1")
    shop.do(ShipWork("1001"))
    before = everything(shop)
    refused = confirm(shop)
    assert not refused.ok
    assert everything(shop) == before
    view = seen(shop)
    assert "left the house" in view.problem
    assert (view.lines, view.difference) == ((), 0)


def test_confirming_twice_does_it_once(shop):
    edit(shop, "mug-red 3")
    assert confirm(shop).ok
    assert confirm(shop).code == "not_found"
    assert lines(shop)["mug-red"] == 3


def test_an_edit_of_nothing_is_not_confirmed(shop):
    edit(shop, "mug-red 2")
    assert confirm(shop).code == "not_possible"


def test_an_order_is_canceled_and_not_edited_away(shop):
    edit(shop, "remove mug-red; remove tee-black-m")
    refused = confirm(shop)
    assert refused.next == "Cancel it instead: `cancel 1001`."
    assert lines(shop) == {"mug-red": 2, "tee-black-m": 1}


# --- ending ---------------------------------------------------------------------------------------


def test_a_discarded_edit_is_gone(shop):
    edit(shop, "mug-red 3")
    assert shop.do(DiscardEdit("1001")).ok
    assert shop.do(DiscardEdit("1001")).code == "not_found"
    assert [row["status"] for row in shop.rows(t.order_change)] == ["discarded"]
    assert lines(shop)["mug-red"] == 2


def test_an_edit_that_nobody_comes_back_to_expires(shop):
    edit(shop, "mug-red 3")
    shop.clock.advance(hours=23)
    assert shop.do(DiscardExpiredEdits(), CHANNEL).facts["discarded"] == 0
    shop.clock.advance(hours=1)
    assert shop.do(DiscardExpiredEdits(), CHANNEL).facts["discarded"] == 1
    assert confirm(shop).code == "not_found"


@pytest.mark.parametrize("status", ["confirmed", "discarded"])
def test_an_edit_that_has_ended_cannot_be_rewritten(shop, status):
    edit(shop, "mug-red 3")
    shop.do(ConfirmEdit("1001") if status == "confirmed" else DiscardEdit("1001"))
    for table in (t.order_change, t.order_change_action):
        for clause in (table.delete(), table.update().values(shop_id=1)):
            with pytest.raises(Exception, match=r"ended|append-only"):
                shop.engine.chore(lambda uow, c=clause: uow.session.connection.execute(c), 1)


# --- taking back ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "mug-red 1",
        "mug-red 4",
        "add sock-grey 3",
        "remove tee-black-m; add sock-grey 1",
        "discount 5.00 late",
        "address Kiez 7, 10999 Berlin; note ring twice; method 9.90 Express",
    ],
)
def test_undo_makes_the_order_what_it_was(shop, words):
    before = shop.ask(ShowOrder("1001"))
    stock = {(r["sku"], r["location_id"]): r["reserved"] for r in shop.rows(t.stock_level)}
    edit(shop, words)
    assert confirm(shop).can_undo
    assert shop.do(UndoLast()).ok
    after = shop.ask(ShowOrder("1001"))
    money = ("total", "subtotal", "discount", "shipping", "tax", "ship_to", "note", "status")
    assert [getattr(after, n) for n in money] == [getattr(before, n) for n in money]
    wanted = {x.sku: x.ordered - x.canceled for x in after.lines if x.ordered > x.canceled}
    assert wanted == {"mug-red": 2, "tee-black-m": 1}
    now = {(r["sku"], r["location_id"]): r["reserved"] for r in shop.rows(t.stock_level)}
    assert now == stock
    assert [row["state"] for row in shop.rows(t.refund)] in ([], ["canceled"])
    assert [r["state"] for r in shop.rows(t.cases)] in ([], ["resolved"])


def test_undo_is_refused_once_somebody_works_on_it(shop):
    edit(shop, "mug-red 1")
    confirm(shop)
    shop.do(PrintPicks("BER"), WORKER)
    assert not shop.do(UndoLast()).ok
    assert lines(shop)["mug-red"] == 1


# --- interleavings --------------------------------------------------------------------------------


@pytest.mark.parametrize("between", [None, "print", "pick", "pack"])
def test_more_units_join_the_box_that_nobody_has_touched_or_get_one_of_their_own(shop, between):
    steps = {"print": PrintPicks("BER"), "pick": PickWork("1001"), "pack": PackWork("1001")}
    edit(shop, "mug-red 3")
    if between:
        shop.do(steps[between])
        shop.do(PreviewEdit("1001"))
    assert confirm(shop).ok
    works = shop.ask(ShowOrder("1001")).works
    assert [work.units for work in works] == ([3, 1] if between else [4])
    assert level(shop, "mug-red", BER) == (10, 3)
