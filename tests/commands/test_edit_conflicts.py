"""Two hands on one order: paper at a location, and the shop that edits too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.commands.edits import ConfirmEdit, EditOrder
from core.commands.fulfillment import PackWork, PickWork, PrintPicks
from core.commands.labels import LabelParcel
from core.commands.settling import Answer, SettleEdit
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.domain.order import Address
from core.queries.orders import ShowOrder
from tests.shop import BER, CHANNEL, Shop, make_shop, staff

WORKER = staff(Role.WAREHOUSE, "Willi")
KIEZ = Address("Anna Schmidt", "", "Kiez 7", "", "10999", "Berlin", "", "DE")
STEPS: dict[str, Any] = {
    "printed": (PrintPicks("BER"),),
    "picked": (PickWork("1001"),),
    "packed": (PickWork("1001"), PackWork("1001")),
    "labeled": (LabelParcel("1001", "DHL", "T10010"),),
}


@pytest.fixture
def shop(database):
    """Order 1001: two red mugs and a tee, all at Berlin, paid."""
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 2), ("tee-black-m", 1))
    yield shop
    shop.close()


def go(shop: Shop, stage: str) -> None:
    for step in STEPS[stage]:
        assert shop.do(step, WORKER).ok


def edit(shop: Shop, words: str) -> Any:
    assert shop.do(EditOrder("1001", words)).ok
    return shop.do(ConfirmEdit("1001"))


def asked(shop: Shop) -> int:
    (case,) = [c for c in shop.rows(t.cases, kind="edit_after_print") if c["state"] == "open"]
    return int(case["number"])


def open_cases(shop: Shop) -> list[str]:
    return [row["kind"] for row in shop.rows(t.cases) if row["state"] == "open"]


def mugs(shop: Shop) -> Any:
    return next(x for x in shop.ask(ShowOrder("1001")).lines if x.sku == "mug-red")


def street(shop: Shop) -> str:
    found: str = shop.ask(ShowOrder("1001")).ship_to.street
    return found


def reserved(shop: Shop, sku: str = "mug-red") -> int:
    return sum(row["reserved"] for row in shop.rows(t.stock_level, sku=sku))


def told(shop: Shop, minutes: int, **lines: int) -> Any:
    """What the shop says of the order, so many minutes later: units by SKU, and other words."""
    first = shop.order(1001, ("mug-red", 2), ("tee-black-m", 1))
    units = {"mug-red": 2, "tee-black-m": 1} | {n.replace("_", "-"): q for n, q in lines.items()}
    named = [replace(line, quantity=units.pop(line.sku)) for line in first.lines]
    named += [
        replace(first.lines[0], sku=sku, quantity=q, external_id=f"new-{sku}")
        for sku, q in units.items()
    ]
    at = first.placed_at + timedelta(minutes=minutes)
    return replace(first, lines=tuple(named), updated_at=at)


def hear(
    shop: Shop, minutes: int, note: str = "", ship_to: Address | None = None, **lines: int
) -> Any:
    said = told(shop, minutes, **lines)
    said = replace(said, note=note, ship_to=ship_to or said.ship_to)
    return shop.do(said, CHANNEL)


# --- our edit of what is on paper -----------------------------------------------------------------


@pytest.mark.parametrize("stage", list(STEPS))
@pytest.mark.parametrize("words", ["mug-red 1", "address Kiez 7, 10999 Berlin"])
def test_an_edit_of_what_is_on_paper_asks_and_changes_nothing(shop, stage, words):
    go(shop, stage)
    before = shop.rows(t.order_line), shop.rows(t.reservation), street(shop)
    receipt = edit(shop, words)
    assert receipt.ok
    assert "BER already works on order 1001" in receipt.sentence
    assert (shop.rows(t.order_line), shop.rows(t.reservation), street(shop)) == before
    assert shop.rows(t.order_change)[0]["status"] == "open"
    assert open_cases(shop) == ["edit_after_print"]
    assert shop.rows(t.refund) == []


@pytest.mark.parametrize("stage", ["printed", "picked", "packed"])
def test_the_location_accepts_and_has_put_it_back(shop, stage):
    go(shop, stage)
    edit(shop, "mug-red 1")
    receipt = shop.do(SettleEdit(asked(shop), Answer.ACCEPT), WORKER)
    assert receipt.ok
    assert {"WorkPutBack", "OrderEdited"} <= set(receipt.happened)
    assert (mugs(shop).canceled, reserved(shop)) == (1, 1)
    (work,) = shop.ask(ShowOrder("1001")).works
    assert (work.stage, work.units) == ("ready", 2)
    assert open_cases(shop) == ["refund_task"]
    assert shop.rows(t.order_change)[0]["status"] == "confirmed"


def test_a_label_has_to_be_voided(shop):
    go(shop, "labeled")
    edit(shop, "address Kiez 7, 10999 Berlin")
    number = asked(shop)
    refused = shop.do(SettleEdit(number, Answer.ACCEPT), WORKER)
    assert refused.code == "labeled"
    assert street(shop) == "Hauptstr. 1"
    receipt = shop.do(SettleEdit(number, Answer.VOID), WORKER)
    assert "LabelVoided" in receipt.happened
    assert street(shop) == "Kiez 7"
    assert shop.ask(ShowOrder("1001")).parcels == ()
    assert open_cases(shop) == []


@pytest.mark.parametrize("stage", list(STEPS))
def test_ours_is_kept_and_the_edit_is_gone(shop, stage):
    go(shop, stage)
    edit(shop, "mug-red 1")
    before = shop.rows(t.order_line)
    assert shop.do(SettleEdit(asked(shop), Answer.KEEP), WORKER).ok
    assert shop.rows(t.order_line) == before
    assert shop.rows(t.order_change)[0]["status"] == "discarded"
    assert open_cases(shop) == []


def test_an_answer_counts_once(shop):
    go(shop, "printed")
    edit(shop, "mug-red 1")
    number = asked(shop)
    assert shop.do(SettleEdit(number, Answer.ACCEPT), WORKER).ok
    assert shop.do(SettleEdit(number, Answer.KEEP), WORKER).code == "not_possible"
    assert mugs(shop).canceled == 1


def test_units_that_others_hold_need_nobodys_paper(shop):
    shop.place(1002, ("poster-sun", 12))
    shop.do(PrintPicks("BER"), WORKER)
    shop.do(EditOrder("1002", "poster-sun 10"))
    assert shop.do(ConfirmEdit("1002")).happened[0] == "OrderEdited"


# --- the shop edits too ---------------------------------------------------------------------------


@pytest.mark.parametrize("stage", list(STEPS))
def test_what_the_shop_takes_off_paper_is_asked(shop, stage):
    go(shop, stage)
    hear(shop, 1, mug_red=1)
    assert mugs(shop).canceled == 0
    assert open_cases(shop) == ["edit_after_print"]
    hear(shop, 2, mug_red=1)  # said once more: asked once
    assert len(shop.rows(t.cases)) == 1
    answer = Answer.VOID if stage == "labeled" else Answer.ACCEPT
    assert shop.do(SettleEdit(asked(shop), answer), WORKER).ok
    assert (mugs(shop).canceled, reserved(shop)) == (1, 1)
    assert shop.rows(t.refund) == []  # the shop pays its own edits back


def test_another_address_of_the_shop_waits_for_the_label(shop):
    go(shop, "labeled")
    hear(shop, 1, ship_to=KIEZ)
    assert street(shop) == "Hauptstr. 1"
    shop.do(SettleEdit(asked(shop), Answer.VOID), WORKER)
    assert street(shop) == "Kiez 7"


def test_ours_kept_stays_ours_when_the_shop_repeats_itself(shop):
    go(shop, "packed")
    hear(shop, 1, mug_red=1)
    shop.do(SettleEdit(asked(shop), Answer.KEEP), WORKER)
    (told_back,) = shop.rows(t.outbox, kind="shopify.edit")
    assert '"quantity":2' in told_back["payload"]
    hear(shop, 2, mug_red=1)
    assert (mugs(shop).canceled, open_cases(shop)) == (0, [])


def test_ours_survives_where_the_shop_has_not_touched_it(shop):
    edit(shop, "mug-red 3; address Kiez 7, 10999 Berlin; note ring twice")
    hear(shop, 1, tee_black_m=2)
    assert (mugs(shop).ordered, street(shop)) == (3, "Kiez 7")
    view = shop.ask(ShowOrder("1001"))
    assert {x.sku: x.ordered for x in view.lines} == {"mug-red": 3, "tee-black-m": 2}
    assert view.note == "ring twice"
    assert open_cases(shop) == []


def test_our_own_echo_changes_nothing(shop):
    edit(shop, "mug-red 3; add sock-grey 1")
    before = shop.rows(t.order_line), shop.rows(t.stock_move), shop.rows(t.orders)[0]["total"]
    receipt = hear(shop, 1, mug_red=3, sock_grey=1)
    assert receipt.happened == ()
    after = shop.rows(t.order_line), shop.rows(t.stock_move), shop.rows(t.orders)[0]["total"]
    assert [{**row, "external_id": ""} for row in after[0]] == [
        {**row, "external_id": ""} for row in before[0]
    ]
    assert after[1:] == before[1:]
    assert after[0][-1]["external_id"] == "new-sock-grey"


def test_a_late_echo_of_our_first_edit_does_not_take_back_our_second(shop):
    edit(shop, "mug-red 3; add sock-grey 1")
    edit(shop, "mug-red 4; sock-grey 2")
    hear(shop, 1, mug_red=3, sock_grey=1)
    lines = {x.sku: x.ordered for x in shop.ask(ShowOrder("1001")).lines}
    assert lines == {"mug-red": 4, "tee-black-m": 1, "sock-grey": 2}
    assert open_cases(shop) == []
    hear(shop, 2, mug_red=4, sock_grey=2)
    hear(shop, 3, mug_red=3, sock_grey=2)  # and then the shop itself takes one off
    assert mugs(shop).canceled == 1


def test_what_was_taken_back_is_no_echo_when_the_shop_says_it(shop):
    edit(shop, "mug-red 3; address Kiez 7, 10999 Berlin")
    assert shop.do(UndoLast()).ok
    hear(shop, 1, mug_red=3, ship_to=KIEZ)
    assert (mugs(shop).ordered, street(shop)) == (3, "Kiez 7")
    assert open_cases(shop) == []


def test_both_changed_one_line_and_a_person_decides(shop):
    edit(shop, "mug-red 3")
    hear(shop, 1, mug_red=1)
    assert mugs(shop).ordered - mugs(shop).canceled == 3
    number = asked(shop)
    assert shop.do(SettleEdit(number, Answer.ACCEPT)).ok
    assert mugs(shop).ordered - mugs(shop).canceled == 1
    assert reserved(shop) == 1


def test_both_changed_the_address_and_ours_may_stay(shop):
    edit(shop, "address Kiez 7, 10999 Berlin")
    ring = replace(KIEZ, street="Ring 1")
    hear(shop, 1, ship_to=ring)
    assert street(shop) == "Kiez 7"
    shop.do(SettleEdit(asked(shop), Answer.KEEP))
    hear(shop, 2, ship_to=ring)
    assert (street(shop), open_cases(shop)) == ("Kiez 7", [])


def test_an_edit_in_the_shop_releases_the_difference_only(shop):
    before = {row["id"] for row in shop.rows(t.reservation)}
    hear(shop, 1, mug_red=1)
    moves = [row for row in shop.rows(t.stock_move) if row["kind"] == "release"]
    assert [(row["sku"], row["quantity"]) for row in moves] == [("mug-red", 1)]
    assert {row["id"] for row in shop.rows(t.reservation)} == before
    assert shop.rows(t.stock_level, sku="mug-red", location_id=BER)[0]["reserved"] == 1


def test_what_a_refund_makes_of_the_shops_total_is_no_edit(shop):
    edit(shop, "mug-red 1")
    total = shop.rows(t.orders)[0]["total"]
    said = replace(told(shop, 1, mug_red=1), total=5970)
    shop.do(said, CHANNEL)
    assert shop.rows(t.orders)[0]["total"] == total
