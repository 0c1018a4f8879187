"""Short, split, reroute, cancel in part, send again, gifts and priority: each yes with its no."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.commands.canceling import Goods
from core.commands.choosing import Units
from core.commands.fulfillment import PickWork, PrintPicks, ShipWork
from core.commands.marking import GiftOrder, Priority, SetPriority, UngiftOrder
from core.commands.missing import Fault, ShortOrder
from core.commands.orders import CancelOrder, MoveOrder
from core.commands.pausing import StartPause
from core.commands.refunds import RecordRefund
from core.commands.replacing import ResendOrder, Sure, Why
from core.commands.setup import ChangeLocation
from core.commands.splitting import RerouteOrder, SplitOrder
from core.commands.undo import UndoLast
from core.db import tables as t
from core.db.rows import from_json
from core.domain.access import Role
from core.domain.refusals import Invalid
from core.queries.order_view import OrderView
from core.queries.orders import ShowOrder
from core.queries.picks import ListPicks
from core.queries.timelines import ShowTimeline
from core.queries.why import WhyRouted
from tests.shop import BER, HAM, Shop, make_shop, staff

OWNER = staff(Role.OWNER, "Olga")
WARD = staff(Role.WAREHOUSE, "Ward")
MUG = (Units("mug-red", 1),)


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 2), ("tee-black-m", 1))
    yield shop
    shop.close()


def view(shop: Shop, number: str = "1001") -> OrderView:
    found: OrderView = shop.ask(ShowOrder(number))
    return found


def works(shop: Shop, number: str = "1001") -> list[tuple[str, int]]:
    return sorted((w.location, w.units) for w in view(shop, number).works)


def level(shop: Shop, place: int, sku: str = "mug-red") -> dict[str, Any]:
    return shop.rows(t.stock_level, sku=sku, location_id=place)[0]


def unchanged(shop: Shop) -> tuple[Any, ...]:
    tables = (t.order_line, t.reservation, t.fulfillment_order, t.stock_level, t.event, t.outbox)
    return tuple(map(repr, map(shop.rows, tables)))


# --- cancel some units ----------------------------------------------------------------------------


def test_canceling_all_of_a_paid_order_owes_its_money(shop: Shop) -> None:
    paid = view(shop).captured
    receipt = shop.do(CancelOrder("1001", "changed mind"))
    assert receipt.sentence.startswith("Order 1001 is canceled. €")
    assert receipt.sentence.endswith(" goes back to the customer.")
    assert receipt.facts["refund"] == paid > 0


def test_some_units_are_canceled_and_their_exact_money_is_due(shop: Shop) -> None:
    receipt = shop.do(CancelOrder("1001", "changed mind", MUG))
    assert receipt.sentence == (
        "1 × mug-red of order 1001 canceled. €19.90 goes back to the customer."
    )
    line = view(shop).lines[0]
    assert (line.ordered, line.canceled, line.allocated) == (2, 1, 1)
    assert (level(shop, BER)["on_hand"], level(shop, BER)["reserved"]) == (10, 1)
    (case,) = view(shop).cases
    assert case.title == "Refund €19.90 of order 1001 for what was canceled."
    assert shop.do(RecordRefund("1001", "stripe re_7")).ok
    assert (view(shop).refunded, view(shop).lines[0].refunded) == (1990, 1)
    assert view(shop).cases == ()


def test_the_shop_is_told_what_it_shall_have_of_that_line_only(shop: Shop) -> None:
    shop.do(CancelOrder("1001", "changed mind", MUG))
    (effect,) = shop.rows(t.outbox, kind="shopify.edit")
    told = from_json(effect["payload"])["lines"]
    assert [(x["line"], x["quantity"]) for x in told] == [("1001-1", 1)]
    assert shop.do(UndoLast()).ok
    assert shop.rows(t.outbox, kind="shopify.edit")[0]["state"] == "suppressed"


def test_scrapped_units_leave_the_book(shop: Shop) -> None:
    assert shop.do(CancelOrder("1001", "broken", MUG, Goods.SCRAP)).ok
    assert (level(shop, BER)["on_hand"], level(shop, BER)["reserved"]) == (9, 1)


def test_all_units_one_by_one_refund_exactly_what_was_paid(database: str) -> None:
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 3), ("sock-grey", 1), captured=1990 * 4)
    for _ in range(3):
        assert shop.do(CancelOrder("1001", "", MUG)).ok
    assert sum(f["amount"] for f in shop.rows(t.refund)) == 3 * 1990
    shop.close()


def test_what_was_never_paid_is_not_owed(database: str) -> None:
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 2), captured=0)
    assert shop.do(CancelOrder("1001", "", MUG)).facts["refund"] == 0
    assert shop.rows(t.refund) == []
    shop.close()


def test_what_was_paid_in_part_goes_back_once_it_is_too_much(database: str) -> None:
    """Two of three mugs are paid: the first that goes is nobody's money, the second is."""
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 3), captured=2 * 1990)
    owed = [shop.do(CancelOrder("1001", "", MUG)).facts["refund"] for _ in range(2)]
    assert owed == [0, 1990]
    shop.close()


def test_queued_units_go_first(shop: Shop) -> None:
    shop.place(1002, ("mug-red", 19))
    assert view(shop, "1002").lines[0].backordered == 1
    assert shop.do(CancelOrder("1002", "", MUG)).ok
    assert view(shop, "1002").lines[0].backordered == 0
    assert view(shop, "1002").lines[0].allocated == 18


def test_canceling_every_unit_cancels_the_order(shop: Shop) -> None:
    every = (Units("mug-red", 2), Units("tee-black-m", 1))
    assert shop.do(CancelOrder("1001", "all of it", every)).ok
    assert view(shop).status == "canceled"


@pytest.mark.parametrize(
    ("units", "code"),
    [((Units("mug-red", 3),), "not_possible"), ((Units("card", 1),), "invalid")],
)
def test_units_that_are_not_there_are_refused(
    shop: Shop, units: tuple[Units, ...], code: str
) -> None:
    before = unchanged(shop)
    assert shop.do(CancelOrder("1001", "", units)).code == code
    assert unchanged(shop) == before


def test_units_on_paper_are_not_canceled_behind_the_pickers_back(shop: Shop) -> None:
    shop.do(PrintPicks("ber"))
    before = unchanged(shop)
    receipt = shop.do(CancelOrder("1001", "", MUG))
    assert "BER already works on" in receipt.sentence
    assert unchanged(shop) == before


# --- split and reroute ----------------------------------------------------------------------------


def test_units_go_apart_from_the_same_place(shop: Shop) -> None:
    receipt = shop.do(SplitOrder("1001", MUG))
    assert receipt.sentence == "1 × mug-red of order 1001 goes apart, from BER."
    assert works(shop) == [("BER", 1), ("BER", 2)]
    assert level(shop, BER)["reserved"] == 2


def test_units_go_apart_from_another_place(shop: Shop) -> None:
    assert shop.do(SplitOrder("1001", MUG, "ham")).ok
    assert works(shop) == [("BER", 2), ("HAM", 1)]
    assert (level(shop, BER)["reserved"], level(shop, HAM)["reserved"]) == (1, 1)


def test_a_split_that_lacks_stock_changes_nothing(shop: Shop) -> None:
    before = unchanged(shop)
    receipt = shop.do(SplitOrder("1001", MUG, "vie"))
    assert receipt.sentence == "VIE lacks mug-red for that; nothing was split."
    assert unchanged(shop) == before


def test_all_of_it_is_no_split(shop: Shop) -> None:
    whole = (Units("mug-red", 2), Units("tee-black-m", 1))
    assert "ships by itself already" in shop.do(SplitOrder("1001", whole)).sentence


def test_units_go_to_no_place_that_takes_none_on_or_cannot_bring_them(shop: Shop) -> None:
    shop.place(1002, ("mug-red", 2), pickup_at="ham")
    shop.place(1003, ("mug-red", 2), method="local")
    shop.place(1004, ("mug-red", 2))
    shop.do(ChangeLocation("ber", delivers_to=("10",)), OWNER)
    shop.do(StartPause("vie"), OWNER)
    before = unchanged(shop)
    asked = [SplitOrder("1002", MUG, "ber"), SplitOrder("1003", MUG, "ham")]
    assert [shop.do(each).code for each in asked] == ["wrong_place"] * 2
    asked_of_vie = [SplitOrder("1004", MUG, "vie"), MoveOrder("1004", "vie")]
    assert {str(shop.do(each)) for each in asked_of_vie} == {
        "VIE is paused. Choose another location, or write `resume vie`."
    }
    assert unchanged(shop) == before
    shop.do(ChangeLocation("vie", active=False), OWNER)
    assert [shop.do(each).sentence for each in asked_of_vie] == ["VIE is closed."] * 2


def test_a_route_is_planned_again_without_a_place(shop: Shop) -> None:
    assert shop.do(RerouteOrder("1001", "ber")).sentence == "Order 1001 ships from HAM now."
    assert works(shop) == [("HAM", 3)]
    trace = shop.ask(WhyRouted("1001")).trace
    assert any("left_it_out" in repr(each) for each in trace["weighed"])


def test_the_best_route_is_left_alone(shop: Shop) -> None:
    before = unchanged(shop)
    assert shop.do(RerouteOrder("1001")).code == "already"
    assert unchanged(shop) == before


def test_a_worse_route_is_refused(shop: Shop) -> None:
    shop.place(1002, ("mug-red", 18))
    before = unchanged(shop)
    receipt = shop.do(RerouteOrder("1002", "ber"))
    assert receipt.code == "not_possible"
    assert "find no stock; nothing was changed" in receipt.sentence
    assert unchanged(shop) == before


# --- short ----------------------------------------------------------------------------------------


def test_a_broken_unit_is_set_aside_and_another_found(shop: Shop) -> None:
    receipt = shop.do(ShortOrder("1001", MUG, Fault.DAMAGED), WARD)
    assert receipt.sentence == (
        "1 × mug-red damaged at BER. Order 1001 is served from other stock."
    )
    assert (level(shop, BER)["on_hand"], level(shop, BER)["damaged"]) == (9, 1)
    assert view(shop).lines[0].allocated == 2


def test_what_cannot_be_found_anywhere_waits_with_a_case(database: str) -> None:
    shop = make_shop(database, stock=1)
    shop.place(1001, ("mug-red", 2))
    receipt = shop.do(ShortOrder("1001", MUG, location="ber"), WARD)
    assert receipt.sentence.endswith("1 × mug-red wait for stock; a case is open.")
    assert level(shop, BER)["on_hand"] == 0
    assert [c.kind for c in view(shop).cases] == ["short"]
    shop.close()


def test_many_lines_in_one_go(shop: Shop) -> None:
    receipt = shop.do(ShortOrder("1001", (*MUG, Units("tee-black-m", 1))), WARD)
    assert receipt.facts["units"] == {"mug-red": 1, "tee-black-m": 1}
    assert view(shop).fulfillment_status == "none"
    assert [line.backordered for line in view(shop).lines] == [0, 0]


def test_more_than_is_to_be_picked_is_nonsense(shop: Shop) -> None:
    before = unchanged(shop)
    receipt = shop.do(ShortOrder("1001", (Units("mug-red", 3),)), WARD)
    assert receipt.sentence == "Mug-Red: 2 are to be picked at BER, not 3."
    assert unchanged(shop) == before


# --- send again -----------------------------------------------------------------------------------


def test_lost_goods_go_out_again_for_nothing(shop: Shop) -> None:
    shop.do(ShipWork("1001"))
    receipt = shop.do(ResendOrder("1001", Why.LOST, MUG))
    assert receipt.sentence == "1 × mug-red of order 1001 goes out again as 1001-R1."
    new = view(shop, "1001-R1")
    assert (new.total, new.status, new.customer_name) == (0, "open", "Anna Schmidt")
    assert works(shop, "1001-R1") == [("BER", 1)]
    assert [(x.how, x.order) for x in new.linked] == [("replaces", "1001")]
    assert [(x.how, x.order) for x in view(shop).linked] == [("replaced_by", "1001-R1")]


def test_nothing_goes_out_twice_without_a_second_word(shop: Shop) -> None:
    shop.do(ShipWork("1001"))
    shop.do(ResendOrder("1001", Why.LOST))
    before = unchanged(shop)
    refused = shop.do(ResendOrder("1001", Why.LOST, MUG))
    assert (refused.code, refused.next) == (
        "confirm",
        "If they have to go out once more, write `resend 1001 mug-red 1 lost again`.",
    )
    assert unchanged(shop) == before
    assert shop.do(ResendOrder("1001", Why.LOST, MUG, Sure.AGAIN)).ok


def test_a_replacement_that_was_taken_back_does_not_count(shop: Shop) -> None:
    shop.do(ShipWork("1001"))
    shop.do(ResendOrder("1001", Why.LOST))
    assert shop.do(UndoLast()).ok
    assert view(shop, "1001-R1").status == "canceled"
    assert shop.do(ResendOrder("1001", Why.LOST)).sentence.endswith("as 1001-R2.")


def test_what_has_not_left_is_not_replaced(shop: Shop) -> None:
    assert shop.do(ResendOrder("1001", Why.LOST)).code == "not_possible"
    assert shop.do(ResendOrder("1001", Why.LOST, MUG)).code == "not_possible"


# --- gifts and priority ---------------------------------------------------------------------------


def test_a_gift_has_its_note_on_the_slip_and_nowhere_a_price(shop: Shop) -> None:
    assert shop.do(GiftOrder("1001", "Happy birthday, Oma!")).ok
    (pick,) = shop.ask(ListPicks("ber")).picks
    assert pick.gift is not None
    assert pick.gift.note == "Happy birthday, Oma!"
    assert view(shop).gift == pick.gift
    assert shop.do(GiftOrder("1001", "Happy birthday, Oma!")).code == "already"
    assert shop.do(UndoLast()).ok
    assert view(shop).gift is None


def test_a_gift_of_the_shop_may_be_made_an_ordinary_order(shop: Shop) -> None:
    shop.place(1002, ("sock-grey", 1), extra={"note:Gift message": "Alles Liebe"})
    assert view(shop, "1002").gift is not None
    assert shop.do(UngiftOrder("1002")).ok
    assert view(shop, "1002").gift is None
    assert shop.do(UngiftOrder("1002")).code == "not_possible"


def test_urgent_orders_are_picked_first(shop: Shop) -> None:
    shop.place(1002, ("sock-grey", 1))
    shop.place(1003, ("sock-grey", 1), tags=("VIP",))
    assert shop.do(SetPriority("1002", Priority.B2B)).ok
    assert [p.order for p in shop.ask(ListPicks("ber")).picks] == ["1003", "1002", "1001"]
    assert shop.do(SetPriority("1002", Priority.B2B)).code == "not_possible"


def test_what_has_left_has_no_priority(shop: Shop) -> None:
    shop.do(ShipWork("1001"))
    assert shop.do(SetPriority("1001", Priority.VIP)).code == "not_possible"


# --- history --------------------------------------------------------------------------------------


def test_the_history_of_one_line_leaves_the_others_out(shop: Shop) -> None:
    shop.do(SplitOrder("1001", MUG, "ham"))
    shop.do(CancelOrder("1001", "no tee", (Units("tee-black-m", 1),)))
    shop.do(PickWork("1001", "ham"), WARD)
    told = [x.kind for x in shop.ask(ShowTimeline("1001", "MUG-RED")).told]
    assert {"OrderCaptured", "WorkSplit", "WorkPicked"} <= set(told)
    assert "UnitsCanceled" not in told
    tee = [x.kind for x in shop.ask(ShowTimeline("1001", "tee-black-m")).told]
    assert "UnitsCanceled" in tee
    assert "WorkPicked" not in tee


def test_a_line_that_is_not_there_has_no_history(shop: Shop) -> None:
    with pytest.raises(Invalid, match="has no line"):
        shop.ask(ShowTimeline("1001", "card"))
