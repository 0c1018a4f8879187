"""The work at a location: who may say what about which order, and what each step changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.commands.fulfillment import PackWork, PickWork, PrintPicks, PutBack, ShipWork
from core.commands.holds import HoldOrder, ReleaseOrder
from core.commands.orders import CancelOrder, MoveOrder
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.domain.holds import HoldReason
from core.domain.refusals import Invalid, NotAllowed
from core.domain.stock import Move, StockMove
from core.engine import Receipt
from core.queries.orders import ShowOrder
from core.queries.picks import ListPicks, PickQueue
from tests.shop import BER, HAM, SHOP, Shop, make_shop, staff

WAREHOUSE = staff(Role.WAREHOUSE, "Bo")
AT_BER = staff(Role.WAREHOUSE, "Bea", locations=("BER",))
STORE = staff(Role.STORE, "Hilde", locations=("HAM",))


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    yield made
    made.close()


def split_order(shop: Shop, number: int = 1001) -> None:
    """Seven mugs and seven tees, when BER has mugs only and HAM has tees only."""
    shop.engine.chore(_empty_shelves, SHOP)
    assert shop.place(number, ("mug-red", 7), ("tee-black-m", 7)).ok


def _empty_shelves(uow) -> None:
    why = "made empty for a test"
    uow.stock.move(
        StockMove(Move.ADJUST, sku, place, -10, reason=why)
        for sku, place in (("mug-red", HAM), ("tee-black-m", BER))
    )


def stages(shop: Shop) -> dict[str, str]:
    return {work["number"]: work["stage"] for work in shop.rows(t.fulfillment_order)}


def assert_nothing_happened(shop: Shop, receipt: Receipt, code: str) -> None:
    """A no changes no stage, moves no stock, tells no fact; only the audit knows."""
    assert (receipt.outcome, receipt.code) == ("refused", code)
    assert receipt.happened == ()
    assert receipt.next
    facts = shop.rows(t.event, command_id=receipt.command_id)
    moves = shop.rows(t.stock_move, command_id=receipt.command_id)
    assert facts == moves == []
    assert [row["outcome"] for row in shop.rows(t.audit, command_id=receipt.command_id)] == [
        "refused"
    ]


# --- steps ---------------------------------------------------------------------------------------


def test_work_goes_from_paper_to_the_carrier_and_each_step_is_told_once(shop):
    shop.place(1001, ("mug-red", 2))
    told = [
        shop.do(step, AT_BER).happened
        for step in (PrintPicks("ber"), PickWork("1001"), PackWork("1001"), ShipWork("1001"))
    ]
    assert told == [("WorkPrinted",), ("WorkPicked",), ("WorkPacked",), ("ParcelShipped",)]
    (work,) = shop.rows(t.fulfillment_order)
    assert work["stage"] == "shipped"
    assert None not in [work[f"{step}_at"] for step in ("printed", "picked", "packed", "shipped")]


def test_steps_may_be_skipped_forward(shop):
    shop.place(1001, ("mug-red", 2))
    assert shop.do(ShipWork("1001"), WAREHOUSE).happened == ("ParcelShipped",)
    (work,) = shop.rows(t.fulfillment_order)
    assert (work["stage"], work["picked_at"]) == ("shipped", None)


@pytest.mark.parametrize("again", [PickWork("1001"), PackWork("1001")])
def test_a_step_said_twice_is_refused_with_what_is_already_so(shop, again):
    shop.place(1001, ("mug-red", 2))
    shop.do(PackWork("1001"), WAREHOUSE)
    receipt = shop.do(again, WAREHOUSE)
    assert_nothing_happened(shop, receipt, "already")
    assert receipt.sentence == "1001-1 is already packed."


def test_packing_counts_units_and_shipping_uses_them_up(shop):
    shop.place(1001, ("mug-red", 2), ("sock-grey", 1))
    shop.do(PackWork("1001"), WAREHOUSE)
    assert [line["packed"] for line in shop.rows(t.order_line)] == [2, 1]
    shop.do(ShipWork("1001"), WAREHOUSE)
    lines = shop.rows(t.order_line)
    assert [(li["packed"], li["allocated"], li["shipped"]) for li in lines] == [
        (0, 0, 2),
        (0, 0, 1),
    ]


# --- the no at every exit ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "step", [PrintPicks(orders=("1001",)), PickWork("1001"), PackWork("1001"), ShipWork("1001")]
)
def test_no_exit_lets_a_held_order_pass(shop, step):
    shop.place(1001, ("mug-red", 2))
    shop.do(HoldOrder("1001", HoldReason.ADDRESS))
    assert_nothing_happened(shop, shop.do(step, WAREHOUSE), "held")
    assert stages(shop) == {"1001-1": "ready"}
    shop.do(ReleaseOrder("1001"))
    assert shop.do(step, WAREHOUSE).ok


@pytest.mark.parametrize(
    "step", [PrintPicks(orders=("1001",)), PickWork("1001"), PackWork("1001"), ShipWork("1001")]
)
def test_no_exit_lets_a_canceled_order_pass(shop, step):
    shop.place(1001, ("mug-red", 2))
    shop.do(CancelOrder("1001"))
    assert_nothing_happened(shop, shop.do(step, WAREHOUSE), "canceled")


def test_a_hold_that_comes_after_packing_still_stops_the_hand_over(shop):
    shop.place(1001, ("mug-red", 2))
    shop.do(PackWork("1001"), WAREHOUSE)
    shop.do(HoldOrder("1001", HoldReason.FRAUD))
    assert_nothing_happened(shop, shop.do(ShipWork("1001"), WAREHOUSE), "held")


def test_an_order_that_waits_for_stock_has_no_work_and_says_so(shop):
    shop.place(1001, ("mug-red", 30))
    shop.place(1002, ("mug-red", 5))
    receipt = shop.do(PickWork("1002"), WAREHOUSE)
    assert_nothing_happened(shop, receipt, "not_possible")
    assert "waits for stock" in receipt.sentence


def test_support_may_not_pick(shop):
    shop.place(1001, ("mug-red", 1))
    receipt = shop.do(PickWork("1001"), staff(Role.SUPPORT, "Sue"))
    assert_nothing_happened(shop, receipt, "not_allowed")


# --- which location ------------------------------------------------------------------------------


def test_an_order_at_two_locations_asks_which_one_is_meant(shop):
    split_order(shop)
    receipt = shop.do(PickWork("1001"), WAREHOUSE)
    assert_nothing_happened(shop, receipt, "ambiguous")
    assert receipt.sentence == "Order 1001 is worked on at BER and HAM."
    assert receipt.next == "Write `picked 1001 ber` or `picked 1001 ham`."


def test_a_location_word_or_the_number_of_the_work_settles_it(shop):
    split_order(shop)
    first = next(work for work in shop.rows(t.fulfillment_order) if work["location_id"] == BER)
    assert shop.do(PickWork("1001", "ham"), WAREHOUSE).ok
    assert shop.do(PickWork(first["number"]), WAREHOUSE).ok
    assert set(stages(shop).values()) == {"picked"}


def test_people_of_a_location_mean_their_own_work(shop):
    split_order(shop)
    assert shop.do(PickWork("1001"), AT_BER).sentence.endswith("picked at BER.")
    assert shop.do(PickWork("1001"), STORE).sentence.endswith("picked at HAM.")


def test_a_stores_people_reach_only_their_own_location(shop):
    split_order(shop)
    receipt = shop.do(ShipWork("1001", location="ber"), STORE)
    assert_nothing_happened(shop, receipt, "not_allowed")
    assert receipt.sentence == "You work at HAM, not at BER."


def test_a_stores_people_cannot_find_what_is_worked_on_elsewhere(shop):
    shop.place(1001, ("mug-red", 1))
    strange, missing = (shop.do(ShipWork(word), STORE) for word in ("1001", "4711"))
    assert (strange.code, missing.code) == ("not_found", "not_found")
    assert strange.sentence.replace("1001", "4711") == missing.sentence
    by_work = shop.do(ShipWork("1001-1"), STORE)
    assert by_work.code == "not_found"


# --- putting back --------------------------------------------------------------------------------


def test_goods_put_back_may_be_moved_or_canceled_again(shop):
    shop.place(1001, ("mug-red", 2))
    shop.do(PackWork("1001"), WAREHOUSE)
    assert shop.do(MoveOrder("1001", "ham"), WAREHOUSE).outcome == "refused"
    receipt = shop.do(PutBack("1001"), WAREHOUSE)
    assert (receipt.sentence, receipt.happened) == ("1001-1 put back at BER.", ("WorkPutBack",))
    assert [line["packed"] for line in shop.rows(t.order_line)] == [0]
    assert shop.do(MoveOrder("1001", "ham"), WAREHOUSE).ok


def test_nothing_off_the_shelf_cannot_be_put_back(shop):
    shop.place(1001, ("mug-red", 2))
    assert shop.do(PutBack("1001"), WAREHOUSE).code == "already"
    shop.do(ShipWork("1001"), WAREHOUSE)
    assert shop.do(PutBack("1001"), WAREHOUSE).code == "already"


def test_undo_takes_a_step_back_to_where_it_was(shop):
    shop.place(1001, ("mug-red", 2))
    shop.do(PickWork("1001"), WAREHOUSE)
    shop.do(PackWork("1001"), WAREHOUSE)
    assert shop.do(UndoLast(), WAREHOUSE).ok
    assert stages(shop) == {"1001-1": "picked"}
    assert [line["packed"] for line in shop.rows(t.order_line)] == [0]


# --- the queue and its paper ---------------------------------------------------------------------


def test_the_queue_shows_the_most_urgent_first_and_held_work_apart(shop):
    for number in (1001, 1002, 1003):
        shop.place(number, ("mug-red", 1), ("sock-grey", 2))
        shop.clock.advance(minutes=5)
    shop.do(HoldOrder("1002", HoldReason.FRAUD))
    queue: PickQueue = shop.ask(ListPicks("ber"), WAREHOUSE)
    assert [pick.number for pick in queue.picks] == ["1001-1", "1003-1"]
    assert [(pick.number, pick.held) for pick in queue.held] == [("1002-1", ("fraud (Ann)",))]
    assert [(i.sku, i.title, i.quantity) for i in queue.picks[0].items] == [
        ("mug-red", "Mug-Red", 1),
        ("sock-grey", "Sock-Grey", 2),
    ]
    assert (queue.units, queue.more, queue.picks[0].ship_to.city) == (6, False, "Berlin")


def test_what_is_shipped_or_canceled_leaves_the_queue(shop):
    for number in (1001, 1002):
        shop.place(number, ("mug-red", 1))
    shop.do(ShipWork("1001"), WAREHOUSE)
    shop.do(CancelOrder("1002"))
    queue = shop.ask(ListPicks("ber"), WAREHOUSE)
    assert (queue.picks, queue.held) == ((), ())


def test_a_stores_people_see_their_own_queue_only(shop):
    assert shop.ask(ListPicks(), STORE).location == "HAM"
    with pytest.raises(NotAllowed, match="not at BER"):
        shop.ask(ListPicks("ber"), STORE)


def test_a_queue_without_a_location_asks_for_one(shop):
    with pytest.raises(Invalid, match="which location"):
        shop.ask(ListPicks(), WAREHOUSE)


def test_printing_a_location_takes_what_is_new_and_not_held(shop):
    for number in (1001, 1002, 1003):
        shop.place(number, ("mug-red", 1))
    shop.do(HoldOrder("1002"))
    shop.do(PickWork("1003"), WAREHOUSE)
    receipt = shop.do(PrintPicks("ber"), WAREHOUSE)
    assert stages(shop) == {"1001-1": "printed", "1002-1": "ready", "1003-1": "picked"}
    queue = shop.ask(ListPicks("ber", works=tuple(receipt.facts["works"])), WAREHOUSE)
    assert [pick.number for pick in queue.picks] == ["1001-1"]
    assert_nothing_happened(shop, shop.do(PrintPicks("ber"), WAREHOUSE), "already")


def test_a_named_order_is_printed_again_without_a_second_fact(shop):
    shop.place(1001, ("mug-red", 1))
    first = shop.do(PrintPicks(orders=("1001",)), WAREHOUSE)
    again = shop.do(PrintPicks(orders=("1001",)), WAREHOUSE)
    assert first.happened == ("WorkPrinted",)
    assert (again.outcome, again.happened) == ("done", ())
    assert again.facts["works"] == first.facts["works"]


def test_after_printing_the_next_action_is_to_pick(shop):
    shop.place(1001, ("mug-red", 1))
    shop.do(PrintPicks("ber"), WAREHOUSE)
    assert shop.ask(ShowOrder("1001"), WAREHOUSE).actions[0] == "picked"
